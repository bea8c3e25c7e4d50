//! Watches that wake whoever waits for a cluster to change. They decide nothing; what they bring is kept beside the last
//! list.
//!
//! A watch begins where a list ended, asks for bookmarks, and goes on from the last version it saw when the
//! connection ends. A version that the server no longer keeps (410, as an event in a 200 answer or as the
//! answer itself) means that something may have been missed: that wakes too, and the watch begins anew.
//!
//! What wakes is what a wait can end on: a workload that has come to the end of its rollout, is stuck or paused, a pod
//! of it that cannot start, and the last terminating pod that is gone; and a workload that was through and does not serve any more, for whoever would
//! restart another one next. The dozens of events in between would only cost lists; how a rollout begins tells nobody
//! who waits for its end.
//! Reconnecting waits in wall time: how a network recovers does not depend on the speed of a rehearsal.

mod event;
mod pace;
mod signal;
mod telling;

use std::collections::HashMap;
use std::sync::Arc;

use reqwest::Method;

use self::event::{Event, PodEvent};
use self::pace::Pace;
pub(super) use self::signal::{Ears, Signal};
use self::telling::Telling;
use super::api::{Api, Kind, PODS};
use super::kept::{Kept, PodNews};
use super::lines::{Lines, TooLong};
use super::look::Place;
use super::newest::Newest;
use crate::ports::Happening;

/// The server ends a watch after this time, in seconds; a dead connection cannot last longer.
pub(super) const SERVER_TIMEOUT: u32 = 290;

/// One watch that is open.
struct Open<'a>(&'a Kept);

impl<'a> Open<'a> {
    fn now(kept: &'a Kept) -> Open<'a> {
        kept.opened();
        Open(kept)
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.closed();
    }
}

/// Follows one collection for ever; ends only by being dropped.
pub(super) async fn follow(api: Api, mut place: Place, ears: Ears) {
    let mut watch = Watch {
        kind: place.kind,
        version: place.version,
        known: HashMap::new(),
        kept: Arc::clone(&ears.kept),
        newest: Arc::clone(&api.connection.newest),
    };
    let namespace = place.namespace.as_deref();
    let mut pace = Pace::default();
    loop {
        let before = watch.version.clone();
        let wake = |what| ears.hear(what, api.clock.now());
        let end = match place.lines.take() {
            Some(lines) => watch.read(lines, wake).await,
            None => watch.run(&api, namespace, wake).await,
        };
        let has_told = watch.version != before;
        if has_told {
            pace.told();
        }
        match end {
            End::Expired => {
                ears.kept.missed();
                ears.hear(Happening::Rollout, api.clock.now());
                ears.hear(Happening::PodsGone, api.clock.now());
                ears.hear(Happening::Unsettled, api.clock.now());
                if let Ok(version) = api.version(place.kind, namespace).await {
                    watch.version = version;
                    pace.listed();
                }
            }
            End::Closed if has_told => continue,
            End::Closed | End::Failed => {}
        }
        tracing::debug!(stamp = %ears.stamp, kind = place.kind.plural, "the watch ended and will begin again");
        tokio::time::sleep(pace.pause()).await;
    }
}

/// How one connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// By the server or the network; it can go on from the last version.
    Closed,
    /// The version is too old.
    Expired,
    /// It could not begin, or the server reported an error.
    Failed,
}

struct Watch {
    kind: Kind,
    version: String,
    /// What was last seen of each object, by uid.
    known: HashMap<String, Telling>,
    kept: Arc<Kept>,
    newest: Arc<Newest>,
}

impl Watch {
    async fn run(&mut self, api: &Api, namespace: Option<&str>, wake: impl Fn(Happening)) -> End {
        let path = format!(
            "{}?watch=true&allowWatchBookmarks=true&resourceVersion={}&timeoutSeconds={SERVER_TIMEOUT}",
            self.kind.path(namespace),
            self.version,
        );
        let Ok(request) = api.request(Method::GET, &path, None).await else { return End::Failed };
        match api.connection.http.open(request, None).await {
            Ok(response) if response.status() == http::StatusCode::GONE => End::Expired,
            Ok(response) if response.status().is_success() => self.read(Lines::of(response), wake).await,
            Ok(_) | Err(_) => End::Failed,
        }
    }

    /// Reads on where the list, or the answer's head, ended.
    async fn read(&mut self, mut lines: Lines, wake: impl Fn(Happening)) -> End {
        let kept = Arc::clone(&self.kept);
        let _open = Open::now(&kept);
        loop {
            match lines.next().await {
                Ok(Some(line)) => match self.take(line) {
                    Took::Nothing => {}
                    Took::Change(what) => wake(what),
                    Took::End(end) => return end,
                },
                Ok(None) => return End::Closed,
                Err(TooLong) => return End::Failed,
            }
        }
    }

    fn take(&mut self, line: &[u8]) -> Took {
        let Ok(event) = serde_json::from_slice::<Event>(line) else { return Took::End(End::Failed) };
        if event.kind == "ERROR" {
            return Took::End(if event.object.code == 410 { End::Expired } else { End::Failed });
        }
        if !event.object.metadata.resource_version.is_empty() {
            self.version.clone_from(&event.object.metadata.resource_version);
            self.newest.note(self.kind, &self.version);
        }
        let uid = &event.object.metadata.uid;
        match event.kind.as_str() {
            "BOOKMARK" => Took::Nothing,
            _ if self.kind == PODS => match serde_json::from_slice::<PodEvent>(line) {
                Ok(event) => match self.kept.take(event.kind == "DELETED", &event.object) {
                    PodNews::LastGone => Took::Change(Happening::PodsGone),
                    PodNews::CannotStart => Took::Change(Happening::Rollout),
                    PodNews::Nothing => Took::Nothing,
                },
                Err(_) => {
                    self.kept.missed();
                    Took::Nothing
                }
            },
            "DELETED" => {
                self.known.remove(uid);
                self.kept.workload_gone();
                Took::Change(Happening::Unsettled)
            }
            _ => {
                let telling = Telling::of(&event.object);
                let before = self.known.insert(uid.clone(), telling);
                if let Some(kind) = self.kind.workload() {
                    self.kept.take_workload(kind, line);
                }
                if before == Some(telling) {
                    return Took::Nothing;
                }
                if telling.is_unsettled_since(before) {
                    Took::Change(Happening::Unsettled)
                } else if telling.ends_a_wait() {
                    Took::Change(Happening::Rollout)
                } else {
                    Took::Nothing
                }
            }
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Took {
    Nothing,
    Change(Happening),
    End(End),
}

#[cfg(test)]
mod tests;
