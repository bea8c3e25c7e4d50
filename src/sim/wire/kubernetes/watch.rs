//! Watches: the world's remembered changes, replayed and then followed.
//!
//! One line of JSON an event. The stream ends when the time that the client asked for is over, when the stamp is
//! gone, or with an ERROR event when the version to go on from is no longer remembered (which is *not* an HTTP
//! error, as recorded from a real server). Its timeouts and bookmarks are wall time: they serve the connection.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use futures::Stream;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::answer::Refused;
use super::list;
use super::objects::{Item, Wanted};
use super::query::Query;
use super::table::table;
use crate::model::StampName;
use crate::sim::kubernetes::ChangeKind;
use crate::sim::wire::SharedWorld;
use crate::sim::{Refusal, World};

/// Where the client names none.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30 * 60);

/// Between two bookmarks.
const BOOKMARKS: Duration = Duration::from_secs(60);

/// One client's watch.
pub(super) struct Watch {
    pub world: SharedWorld,
    pub stamp: StampName,
    pub wanted: Wanted,
    pub query: Query,
    pub as_table: bool,
}

struct Follower {
    watch: Watch,
    news: tokio::sync::watch::Receiver<u64>,
    lines: VecDeque<String>,
    /// Everything up to here has been told. `None` before the first look.
    told: Option<u64>,
    /// Columns go with the first table only.
    columns_sent: bool,
    ends: Instant,
    next_bookmark: Instant,
    over: bool,
}

impl Watch {
    /// The body of the answer.
    pub fn body(self) -> Body {
        Body::from_stream(self.events())
    }

    fn events(self) -> impl Stream<Item = Result<String, Infallible>> {
        let now = Instant::now();
        let follower = Follower {
            // Of a stamp that nobody knows the first look is the last.
            news: self.world.versions(&self.stamp).unwrap_or_else(|| tokio::sync::watch::channel(0).1),
            lines: VecDeque::new(),
            told: None,
            columns_sent: false,
            ends: now + self.query.timeout.unwrap_or(DEFAULT_TIMEOUT),
            next_bookmark: now + BOOKMARKS,
            over: false,
            watch: self,
        };
        futures::stream::unfold(follower, |mut follower| async move {
            let line = follower.next().await?;
            Some((Ok(line), follower))
        })
    }
}

impl Follower {
    async fn next(&mut self) -> Option<String> {
        loop {
            if let Some(line) = self.lines.pop_front() {
                return Some(line);
            }
            if self.over {
                return None;
            }
            // Marked as seen before looking, so that nothing falls in between.
            self.news.borrow_and_update();
            self.look();
            if !self.lines.is_empty() || self.over {
                continue;
            }
            tokio::select! {
                changed = self.news.changed() => self.over = changed.is_err(),
                () = tokio::time::sleep_until(self.ends) => {
                    self.bookmark(None);
                    self.over = true;
                }
                () = tokio::time::sleep_until(self.next_bookmark) => {
                    self.next_bookmark += BOOKMARKS;
                    self.bookmark(None);
                }
            }
        }
    }

    /// Takes what is new out of the world.
    fn look(&mut self) {
        let world = self.watch.world.clone();
        world.with(|world| match self.told {
            Some(told) => self.replay(told, world),
            None => self.begin(world),
        });
    }

    /// Without a version, and with 0, a watch begins with all that there is.
    fn begin(&mut self, world: &World) {
        let Some(stamp) = world.stamp(&self.watch.stamp) else {
            self.over = true;
            return;
        };
        let asked = self.watch.query.resource_version.filter(|version| *version > 0);
        match asked {
            Some(version) if !self.watch.query.streams() => self.replay(version, world),
            Some(version) if version > world.resource_version() => {
                self.refuse(&list::not_yet(version, world.resource_version()));
            }
            _ => {
                self.told = Some(world.resource_version());
                for item in self.watch.wanted.list(stamp) {
                    self.tell("ADDED", &item, world.now());
                }
                if self.watch.query.streams() {
                    self.bookmark(Some(json!({ "k8s.io/initial-events-end": "true" })));
                }
            }
        }
    }

    fn replay(&mut self, told: u64, world: &World) {
        let Some(stamp) = world.stamp(&self.watch.stamp) else {
            self.over = true;
            return;
        };
        let changes = match stamp.cluster.changes_since(told) {
            Ok(changes) => changes,
            Err(refusal) => {
                self.expired(told, &refusal);
                return;
            }
        };
        let changed: Vec<(ChangeKind, Item)> = changes
            .filter_map(|change| Some((change.kind, self.watch.wanted.changed(change, stamp)?)))
            .collect();
        self.told = Some(told.max(world.resource_version()));
        for (kind, item) in changed {
            let word = match kind {
                ChangeKind::Added => "ADDED",
                ChangeKind::Modified => "MODIFIED",
                ChangeKind::Deleted => "DELETED",
            };
            self.tell(word, &item, world.now());
        }
    }

    fn tell(&mut self, word: &str, item: &Item, now: Timestamp) {
        let object = if self.watch.as_table {
            let metadata = json!({"resourceVersion": item.json["metadata"]["resourceVersion"]});
            let mut table = table(self.watch.wanted.resource, std::slice::from_ref(item), &metadata, now);
            if std::mem::replace(&mut self.columns_sent, true) {
                table["columnDefinitions"] = Value::Null;
            }
            table
        } else {
            item.json.clone()
        };
        self.push(word, object);
    }

    fn bookmark(&mut self, annotations: Option<Value>) {
        if !self.watch.query.bookmarks {
            return;
        }
        let names = self.watch.wanted.resource.names();
        let mut metadata = json!({"resourceVersion": self.told.unwrap_or_default().to_string(),
            "creationTimestamp": null});
        if let Some(annotations) = annotations {
            metadata["annotations"] = annotations;
        }
        let object = if self.watch.as_table {
            json!({"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata,
                "columnDefinitions": null, "rows": []})
        } else {
            json!({"kind": names.kind, "apiVersion": names.api_version(), "metadata": metadata})
        };
        self.push("BOOKMARK", object);
    }

    fn expired(&mut self, told: u64, refusal: &Refusal) {
        let oldest = match refusal {
            Refusal::Gone { oldest } => *oldest,
            _ => 0,
        };
        let message = format!("too old resource version: {told} ({oldest})");
        self.refuse(&Refused::new(410, "Expired", message));
    }

    /// In the stream, whose answer is a 200 already.
    fn refuse(&mut self, refused: &Refused) {
        self.push("ERROR", refused.status());
        self.over = true;
    }

    fn push(&mut self, word: &str, object: Value) {
        self.lines.push_back(json!({"type": word, "object": object}).to_string() + "\n");
    }
}
