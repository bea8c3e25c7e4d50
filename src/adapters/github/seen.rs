//! What the adapter remembers between two looks.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

use super::bulletin::Told;
use super::checks::Check;
use super::demands::Demands;
use super::graphql::Asked;
use super::pull::Pull;
use crate::model::{BranchName, PullEnds};

/// How long a look, and that we have opened one ourselves, is worth something: well below the time after which anybody
/// else may go on with the rotation of a process that is silent.
const NEW_FOR: SignedDuration = SignedDuration::from_secs(30);

/// Nobody is given the right to write, or loses it, more often than that.
const RIGHTS_FOR: SignedDuration = SignedDuration::from_mins(10);

/// Whether something is no older than that. Where the clock was set back since, nobody knows.
pub(super) fn is_within(at: Timestamp, age: SignedDuration, now: Timestamp) -> bool {
    at <= now && at.checked_add(age).is_ok_and(|until| now < until)
}

#[derive(Default)]
pub(super) struct Memory(Mutex<Book>);

/// When GraphQL was asked about a pull request, when that had last changed, and the answer.
type Answered = (Timestamp, Option<Timestamp>, Asked);

/// What stood around a pull request that we had just opened.
#[derive(Clone)]
pub(super) struct Around {
    pub(super) demands: Arc<Demands>,
    pub(super) checks: Arc<Vec<Check>>,
}

#[derive(Default)]
struct Book {
    asked: BTreeMap<u64, Answered>,
    /// The digests of comparisons, by their two ends.
    changes: BTreeMap<String, Option<String>>,
    told: BTreeMap<u64, Told>,
    /// When somebody was last seen to be one who may write, or one who may not.
    writers: BTreeMap<String, (Timestamp, bool)>,
    /// The open pull request between two branches: GitHub has one of them at most.
    open: BTreeMap<(BranchName, BranchName), u64>,
    /// By which GraphQL knows pull requests; that never changes.
    nodes: BTreeMap<u64, String>,
    /// Open ones as they were when they were last looked at.
    looked: BTreeMap<u64, (Timestamp, Arc<Pull>)>,
    /// When we opened one.
    opened: BTreeMap<u64, Timestamp>,
    /// As GitHub showed them in answer to a deed of ours.
    answered: BTreeMap<u64, (Timestamp, Arc<Pull>)>,
    around: BTreeMap<u64, (Timestamp, Around)>,
}

impl Memory {
    pub(super) fn asked(&self, number: u64) -> Option<Answered> {
        self.with(|book| book.asked.get(&number).cloned())
    }

    pub(super) fn note_asked(&self, number: u64, asked: Answered) {
        self.with(|book| {
            book.asked.insert(number, asked);
        });
    }

    pub(super) fn change(&self, key: &str) -> Option<Option<String>> {
        self.with(|book| book.changes.get(key).cloned())
    }

    pub(super) fn note_change(&self, key: &str, digest: Option<String>) {
        self.with(|book| {
            book.changes.insert(key.to_owned(), digest);
        });
    }

    /// Whether somebody may write, where that was asked lately.
    pub(super) fn writes(&self, login: &str, now: Timestamp) -> Option<bool> {
        let (at, writes) = self.with(|book| book.writers.get(login).copied())?;
        is_within(at, RIGHTS_FOR, now).then_some(writes)
    }

    pub(super) fn note_writes(&self, login: &str, writes: bool, now: Timestamp) {
        self.with(|book| {
            book.writers.insert(login.to_owned(), (now, writes));
        });
    }

    pub(super) fn told(&self, number: u64) -> Told {
        self.with(|book| book.told.get(&number).cloned().unwrap_or_default())
    }

    pub(super) fn note_told(&self, number: u64, told: Told) {
        self.with(|book| {
            book.told.insert(number, told);
        });
    }

    pub(super) fn open(&self, PullEnds { head, base }: &PullEnds) -> Option<u64> {
        self.with(|book| book.open.get(&(head.clone(), base.clone())).copied())
    }

    /// `None` where there is none, or it is not known any more.
    pub(super) fn note_open(&self, PullEnds { head, base }: &PullEnds, number: Option<u64>) {
        let ends = (head.clone(), base.clone());
        self.with(|book| match number {
            Some(number) => book.open.insert(ends, number),
            None => book.open.remove(&ends),
        });
    }

    pub(super) fn node(&self, number: u64) -> Option<String> {
        self.with(|book| book.nodes.get(&number).cloned())
    }

    pub(super) fn note_node(&self, pull: &Pull) {
        let Some(node) = &pull.node_id else { return };
        self.with(|book| book.nodes.insert(pull.number, node.clone()));
    }

    /// The last look, where it is fresh and nothing of ours was done since; a label that says it is under way may be.
    pub(super) fn looked(&self, number: u64, now: Timestamp) -> Option<Arc<Pull>> {
        let (at, pull) = self.with(|book| book.looked.get(&number).cloned())?;
        is_within(at, NEW_FOR, now).then_some(pull)
    }

    pub(super) fn note_looked(&self, pull: Arc<Pull>, now: Timestamp) {
        self.note_node(&pull);
        self.with(|book| book.looked.insert(pull.number, (now, pull)));
    }

    pub(super) fn note_opened(&self, number: u64, now: Timestamp) {
        self.with(|book| book.opened.insert(number, now));
    }

    /// Whether we have just opened it, and so nothing of ours can be on it that we do not know of. Once: what is written
    /// after it may be there, whatever became of the answer.
    pub(super) fn take_new(&self, number: u64, now: Timestamp) -> bool {
        let opened = self.with(|book| book.opened.remove(&number));
        opened.is_some_and(|at| is_within(at, NEW_FOR, now))
    }

    /// The answer to a deed of ours serves as the next look, once and while it is fresh.
    pub(super) fn note_answered(&self, pull: Arc<Pull>, now: Timestamp) {
        self.with(|book| book.answered.insert(pull.number, (now, pull)));
    }

    /// With the time of the answer: taken, it gets no younger.
    pub(super) fn take_answered(&self, number: u64, now: Timestamp) -> Option<(Timestamp, Arc<Pull>)> {
        self.with(|book| book.answered.remove(&number)).filter(|(at, _)| is_within(*at, NEW_FOR, now))
    }

    /// What was seen around it when it was new, while that is fresh.
    pub(super) fn around(&self, number: u64, now: Timestamp) -> Option<Around> {
        let (at, around) = self.with(|book| book.around.get(&number).cloned())?;
        is_within(at, NEW_FOR, now).then_some(around)
    }

    /// It was looked at whole: answers to deeds are worth no look any more.
    pub(super) fn is_known(&self, number: u64) {
        self.with(|book| book.around.remove(&number));
    }

    pub(super) fn note_around(&self, number: u64, around: Around, now: Timestamp) {
        self.with(|book| book.around.insert(number, (now, around)));
    }

    /// After a deed of ours on a pull request. The last look and its time, for whom the answer tells what has changed since:
    /// it gets no younger by that.
    pub(super) fn forget(&self, number: u64) -> Option<(Timestamp, Arc<Pull>)> {
        self.with(|book| {
            book.asked.remove(&number);
            book.answered.remove(&number);
            book.looked.remove(&number)
        })
    }

    fn with<T>(&self, act: impl FnOnce(&mut Book) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_clock_set_back_makes_young_is_not_within_any_time() {
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        for (now, within) in [(100, true), (129, true), (130, false), (99, false), (-3500, false)] {
            assert_eq!(is_within(at(100), NEW_FOR, at(now)), within, "{now}");
        }
    }
}
