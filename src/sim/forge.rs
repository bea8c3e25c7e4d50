//! What the forge itself keeps of a pull request besides its code: comments, labels, requests, statuses, auto-merge and
//! the merge queue.
//!
//! Whoever asks twice gets two: two comments, two entries in a list of statuses. That there is one in the end is for
//! whoever asks.

use jiff::Timestamp;

use super::command::Reply;
use super::config::MergeMethod;
use super::events::Event;
use super::pull::{Comment, Pull};
use super::refusal::Refusal;
use super::time::after;
use super::world::World;
use crate::model::{CommitId, PullNumber};

/// What somebody reported about a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitStatus {
    pub commit: CommitId,
    pub context: String,
    /// `error`, `failure`, `pending` or `success`.
    pub state: String,
    pub description: String,
    pub by: String,
    /// Set by the world.
    pub at: Timestamp,
}

/// A change of what a pull request carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mark {
    Label(String),
    Unlabel(String),
    /// People and teams whose review is requested.
    Ask(Vec<String>, Vec<String>),
    Assign(Vec<String>),
    Draft(bool),
    /// It is from a branch of the same name in somebody's fork.
    Fork(String),
    /// Somebody begins a conversation, or resolves all of them.
    Conversation {
        resolved: bool,
    },
    /// It leaves the merge queue unmerged: somebody has taken it out, or its checks there have failed.
    Dequeue,
    /// Somebody takes back that it is to be merged by itself.
    NoAutoMerge,
}

impl World {
    /// Everything that was reported about commits, oldest first.
    pub fn statuses(&self) -> &[CommitStatus] {
        &self.statuses
    }

    pub(super) fn report_status(&mut self, status: CommitStatus) -> Result<Reply, Refusal> {
        if self.repository.get(&status.commit).is_none() {
            return Err(Refusal::NotFound(format!("the commit {}", status.commit)));
        }
        self.statuses.push(CommitStatus { at: self.now, ..status });
        Ok(Reply::Done)
    }

    pub(super) fn comment(&mut self, number: PullNumber, body: &str, by: &str) -> Result<Reply, Refusal> {
        let now = self.now;
        let pull = self.pull_of(number)?;
        let id = 1_000 * number.0 + pull.comments.len() as u64 + 1;
        let (by, body) = (by.to_owned(), body.to_owned());
        pull.comments.push(Comment { id, by, body, at: now, updated: now, edits: Vec::new() });
        pull.updated = now;
        Ok(Reply::Comment(id))
    }

    pub(super) fn edit_comment(&mut self, id: u64, body: &str) -> Result<Reply, Refusal> {
        let now = self.now;
        let mut comments = self.pulls.iter_mut().flat_map(|pull| pull.comments.iter_mut());
        let comment = comments.find(|comment| comment.id == id);
        let comment = comment.ok_or_else(|| Refusal::NotFound(format!("comment {id}")))?;
        comment.body = body.to_owned();
        comment.updated = now;
        comment.edits.push(now);
        Ok(Reply::Comment(id))
    }

    pub(super) fn delete_comment(&mut self, id: u64) -> Result<Reply, Refusal> {
        let is_there = |pull: &&mut Pull| pull.comments.iter().any(|comment| comment.id == id);
        let pull = self.pulls.iter_mut().find(is_there);
        let pull = pull.ok_or_else(|| Refusal::NotFound(format!("comment {id}")))?;
        pull.comments.retain(|comment| comment.id != id);
        Ok(Reply::Done)
    }

    pub(super) fn mark_pull(&mut self, number: PullNumber, mark: Mark) -> Result<Reply, Refusal> {
        let now = self.now;
        let pull = self.pull_of(number)?;
        let add = |list: &mut Vec<String>, names: Vec<String>| {
            for name in names {
                if !list.contains(&name) {
                    list.push(name);
                }
            }
        };
        match mark {
            Mark::Label(label) => drop(pull.labels.insert(label)),
            Mark::Unlabel(label) if pull.labels.remove(&label) => {}
            Mark::Unlabel(label) => return Err(Refusal::NotFound(format!("the label {label}"))),
            Mark::Ask(people, _) if people.contains(&pull.author) => {
                return Err(Refusal::Invalid(
                    "Review cannot be requested from pull request author.".to_owned(),
                ));
            }
            Mark::Ask(people, teams) => {
                add(&mut pull.asked, people);
                add(&mut pull.asked_teams, teams);
            }
            Mark::Assign(people) => add(&mut pull.assignees, people),
            Mark::Draft(draft) => pull.draft = draft,
            Mark::Fork(owner) => pull.fork = Some(owner),
            Mark::Dequeue if !pull.queued => {
                return Err(Refusal::Invalid("Pull request is not in the merge queue".to_owned()));
            }
            Mark::Dequeue => (pull.queued, pull.auto_merge) = (false, None),
            Mark::NoAutoMerge => pull.auto_merge = None,
            Mark::Conversation { resolved: false } => pull.conversations.0 += 1,
            Mark::Conversation { resolved: true } => {
                pull.conversations.1 += std::mem::take(&mut pull.conversations.0);
            }
        }
        pull.updated = now;
        self.consider_merge(number);
        Ok(Reply::Done)
    }

    /// Whoever asks for it where it could be merged at once is turned away, as on GitHub.
    pub(super) fn enable_auto_merge(
        &mut self,
        number: PullNumber,
        head: Option<&CommitId>,
        (method, by): (MergeMethod, &str),
    ) -> Result<Reply, Refusal> {
        let invalid = |why: &str| Err(Refusal::Invalid(why.to_owned()));
        let rules = self.config_arc().people.rules.clone();
        let pull = self.open_pull_mut(number)?.clone();
        if rules.no_auto_merge {
            return invalid("Auto merge is not allowed for this repository");
        }
        if head.is_some_and(|head| *head != pull.head) {
            return invalid("Head sha didn't match expected head oid");
        }
        if self.is_ready(&pull) && (rules.queue.is_none() || rules.queue_is_joined) {
            return invalid("Pull request is in clean status");
        }
        let now = self.now;
        if let Ok(pull) = self.open_pull_mut(number) {
            pull.auto_merge = Some((by.to_owned(), method));
            pull.updated = now;
        }
        self.consider_merge(number);
        Ok(Reply::Done)
    }

    /// Where nobody has asked for it, there is nothing to take back, as on GitHub.
    pub(super) fn disable_auto_merge(&mut self, number: PullNumber) -> Result<Reply, Refusal> {
        let now = self.now;
        let pull = self.open_pull_mut(number)?;
        if pull.auto_merge.take().is_none() {
            return Err(Refusal::Invalid("Can't disable auto-merge for this pull request".to_owned()));
        }
        pull.updated = now;
        Ok(Reply::Done)
    }

    /// Puts it into the merge queue.
    pub(super) fn enqueue(&mut self, number: PullNumber, head: Option<&CommitId>) -> Result<Reply, Refusal> {
        let Some(takes) = self.config.people.rules.queue else {
            return Err(Refusal::Invalid("the base branch has no merge queue".to_owned()));
        };
        let pull = self.open_pull_mut(number)?.clone();
        if head.is_some_and(|head| *head != pull.head) {
            return Err(Refusal::Invalid("Head sha didn't match expected head oid".to_owned()));
        }
        if pull.queued {
            return Ok(Reply::Done);
        }
        let now = self.now;
        if !self.is_ready(&pull) {
            return Err(Refusal::Invalid(format!("pull request {number} is not mergeable")));
        }
        if let Ok(pull) = self.open_pull_mut(number) {
            pull.queued = true;
            pull.updated = now;
        }
        self.queue.push(after(self.now, takes), Event::QueueMerges(number, pull.head));
        Ok(Reply::Done)
    }

    pub(super) fn queue_merges(&mut self, number: PullNumber, head: &CommitId) {
        let queued =
            self.pull(number).is_some_and(|pull| pull.is_open() && pull.queued && pull.head == *head);
        if queued {
            let _ = self.merge_now(number, None, "merge-queue[bot]");
        }
    }

    fn pull_of(&mut self, number: PullNumber) -> Result<&mut Pull, Refusal> {
        self.pull_mut(number).ok_or_else(|| Refusal::NotFound(format!("pull request {number}")))
    }
}
