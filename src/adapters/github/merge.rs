//! Merging, and having merged.
//!
//! Both name the head that was judged. GitHub is the only authority on whether it may be merged: 405 is “not now”, 409
//! “somebody has pushed”; a look beforehand is advice.

use std::sync::Arc;

use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::json;

use super::GitHub;
use super::client::{About, Sent, Write};
use super::pull::Pull;
use super::refusal::Refusal;
use crate::model::{Blindness, CommitId, MergeMethod, PullNumber, PullState};
use crate::ports::{Effect, Fault, Permit};

#[derive(Deserialize)]
struct Merged {
    sha: String,
    merged: bool,
}

impl GitHub {
    pub(super) async fn merge_now(
        &self,
        pull: PullNumber,
        head: &CommitId,
        method: MergeMethod,
        permit: &Permit,
    ) -> Effect<CommitId> {
        let (what, subject) = (format!("merge pull request {pull}"), self.subject());
        let about = About { what: &what, subject: &subject };
        let path = self.path(&format!("pulls/{}/merge", pull.0));
        let body = json!({ "sha": head.as_str(), "merge_method": method.as_str() });
        let write = Write { method: Method::PUT, path: &path, body: Some(&body), permit: Some(permit) };
        self.seen.forget(pull.0);
        match self.client.write(about, write).await {
            Sent::Done(reply) => {
                match reply.json::<Merged>() {
                    Ok(Merged { sha, merged: true }) => Effect::Applied(CommitId::new(sha)),
                    Ok(_) | Err(_) => Effect::Unknown(about.fault(
                        Blindness::Unintelligible,
                        "GitHub's answer does not say whether it is merged",
                    )),
                }
            }
            Sent::Refused(fault, refusal) => Effect::Refused(not_merged(fault, &refusal)),
            Sent::Unsent(fault) => Effect::NotSent(fault),
            Sent::Unknown(fault) => Effect::Unknown(fault),
        }
    }

    pub(super) async fn have_merged(
        &self,
        pull: PullNumber,
        head: &CommitId,
        method: MergeMethod,
    ) -> Effect<()> {
        let (what, subject) = (format!("have pull request {pull} merged"), self.subject());
        let about = About { what: &what, subject: &subject };
        let node = match self.seen.node(pull.0) {
            Some(node) => node,
            None => match self.unmoved(about, pull, head).await {
                Ok(found) => match found.node_id {
                    Some(node) => node,
                    None => {
                        let why = "GitHub gives no id of it";
                        return Effect::NotSent(about.fault(Blindness::Unintelligible, why));
                    }
                },
                Err(end) => return end,
            },
        };
        let looked = self.seen.forget(pull.0);
        // GitHub holds the head against the one that is named; why it refuses is looked at.
        let fault = match self.enable_auto_merge(about, &node, head, method).await {
            Effect::Refused(fault) => fault,
            Effect::Applied(shown) => {
                // One that is new: what else there is to see of it was seen a moment ago.
                let new = looked.filter(|_| shown && self.seen.around(pull.0, self.client.now()).is_some());
                if let Some((at, pull)) = new {
                    self.seen.note_answered(Arc::new(pull.with_auto_merge()), at);
                }
                return Effect::Applied(());
            }
            end => return end.map(drop),
        };
        match self.unmoved(about, pull, head).await {
            Err(Effect::Refused(moved)) => Effect::Refused(moved),
            // Where nothing else holds it, a queue still does.
            Ok(found) if fault.kind == Blindness::Changed && self.has_queue(&found).await => {
                self.enqueue(about, &node, head).await
            }
            Ok(_) | Err(_) => Effect::Refused(fault),
        }
    }

    /// The pull request, where it is open and on this head.
    async fn unmoved(&self, about: About<'_>, pull: PullNumber, head: &CommitId) -> Result<Pull, Effect<()>> {
        let found = self.read_pull(about, pull).await.map_err(Effect::NotSent)?;
        if found.state() != PullState::Open || found.head.sha != head.as_str() {
            let why = "it is not open any more, or somebody has pushed to it";
            return Err(Effect::Refused(about.fault(Blindness::Changed, why)));
        }
        Ok(found)
    }

    /// Nobody may have asked, or no longer: whoever pushes without the right to write ends it too.
    pub(super) async fn not_have_merged(&self, pull: PullNumber) -> Effect<()> {
        let (what, subject) =
            (format!("no longer have pull request {pull} merged by itself"), self.subject());
        let about = About { what: &what, subject: &subject };
        let found = match self.read_pull(about, pull).await {
            Ok(found) => found,
            Err(fault) => return Effect::NotSent(fault),
        };
        if found.state() != PullState::Open {
            return Effect::Refused(about.fault(Blindness::Changed, "it is not open any more"));
        }
        // What was seen of it may be two minutes old.
        self.seen.forget(pull.0);
        let queued = match self.is_queued(&found, &what).await {
            Ok(queued) => queued,
            Err(fault) => return Effect::NotSent(fault),
        };
        if !found.has_auto_merge() && !queued {
            return Effect::Applied(());
        }
        let Some(node) = &found.node_id else {
            return Effect::NotSent(about.fault(Blindness::Unintelligible, "GitHub gives no id of it"));
        };
        self.seen.forget(pull.0);
        // The wish first: it would put it back into the queue.
        if found.has_auto_merge() {
            let end = self.disable_auto_merge(about, node).await;
            if end != Effect::Applied(()) || !queued {
                return end;
            }
        }
        self.dequeue(about, node).await
    }

    async fn is_queued(&self, pull: &Pull, what: &str) -> Result<bool, Fault> {
        let queue = self.demands(&pull.base.branch, what).await?.queue;
        let asked = if queue { self.asked(pull, what).await? } else { None };
        Ok(asked.is_some_and(|asked| asked.queued))
    }

    async fn has_queue(&self, pull: &Pull) -> bool {
        self.demands(&pull.base.branch, "read the rules").await.is_ok_and(|demands| demands.queue)
    }
}

/// A method that the repository does not allow is no matter of time; whatever else holds it is.
fn not_merged(fault: Fault, refusal: &Refusal) -> Fault {
    match refusal.status() {
        StatusCode::METHOD_NOT_ALLOWED
            if ["not allowed", "linear history", "merge commits"].iter().any(|says| refusal.says(says)) =>
        {
            Fault {
                remedy: "name a method that the repository allows: `merge_method` under \
                     [environment.NAME.release.forge] in keyslot.toml"
                    .to_owned(),
                ..fault
            }
        }
        StatusCode::METHOD_NOT_ALLOWED | StatusCode::CONFLICT => {
            Fault { kind: Blindness::Changed, remedy: "look again".to_owned(), ..fault }
        }
        _ => fault,
    }
}
