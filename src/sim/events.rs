//! What is going to happen, in order of time and then of asking.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use jiff::Timestamp;

use super::kubernetes::Task;
use crate::model::{CommitId, PullNumber};

/// One thing that will happen by itself. Those that have been overtaken find nothing to do when they come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// In the cluster of the stamp at this place.
    Cluster(usize, Task),
    Review(PullNumber, usize),
    CheckStarts(PullNumber, CommitId),
    CheckEnds(PullNumber, CommitId),
    PressMerge(PullNumber),
    /// Somebody closes it without merging.
    PullCloses(PullNumber),
    /// Somebody pushes a commit of their own to its branch.
    PullPushed(PullNumber),
    /// The merge queue is done with it, as long as its head is still this one.
    QueueMerges(PullNumber, CommitId),
    ValidationStarts(u64),
    RunStarts(u64),
    StageApproved(u64, usize),
    StageActs(u64, usize),
    /// The stamp's vault gets what the run's Terraform said when it was evaluated.
    VaultWrite(u64, usize),
    StageEnds(u64, usize),
    KeySwap(u64),
    RegenerationEnds(u64),
    /// The fault at this place of the configuration does its deed.
    Deed(usize),
}

#[derive(Clone, Debug)]
struct Entry {
    at: Timestamp,
    order: u64,
    event: Event,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Entry) -> bool {
        self.order == other.order
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Entry) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Entry) -> std::cmp::Ordering {
        (self.at, self.order).cmp(&(other.at, other.order))
    }
}

/// The events to come.
#[derive(Clone, Debug, Default)]
pub struct Queue {
    heap: BinaryHeap<Reverse<Entry>>,
    order: u64,
}

impl Queue {
    pub fn push(&mut self, at: Timestamp, event: Event) {
        self.order += 1;
        self.heap.push(Reverse(Entry { at, order: self.order, event }));
    }

    pub fn next_at(&self) -> Option<Timestamp> {
        self.heap.peek().map(|Reverse(entry)| entry.at)
    }

    /// The next event that is due at `now`.
    pub fn pop_due(&mut self, now: Timestamp) -> Option<(Timestamp, Event)> {
        if self.next_at()? > now {
            return None;
        }
        self.heap.pop().map(|Reverse(entry)| (entry.at, entry.event))
    }
}
