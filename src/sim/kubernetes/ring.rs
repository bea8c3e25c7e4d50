//! What a cluster remembers of its changes, for watches to replay.

use std::collections::VecDeque;

use super::super::refusal::Refusal;
use super::object::Change;

/// The last changes of one cluster, oldest first.
#[derive(Clone, Debug)]
pub struct Ring {
    changes: VecDeque<Change>,
    capacity: usize,
    /// The newest version that is no longer remembered.
    floor: u64,
}

impl Ring {
    pub(super) fn new(capacity: usize, floor: u64) -> Ring {
        Ring { changes: VecDeque::new(), capacity, floor }
    }

    pub(super) fn keeps_nothing(&self) -> bool {
        self.capacity == 0
    }

    pub(super) fn push(&mut self, change: Change) {
        while self.changes.len() >= self.capacity.max(1) {
            if let Some(old) = self.changes.pop_front() {
                self.floor = old.version;
            }
        }
        self.changes.push_back(change);
    }

    /// The newest version that it has come to.
    pub(super) fn newest(&self) -> u64 {
        self.changes.back().map_or(self.floor, |change| change.version)
    }

    /// The changes after `version`, oldest first.
    ///
    /// # Errors
    /// [`Refusal::Gone`] where changes after `version` have been forgotten.
    pub fn since(&self, version: u64) -> Result<impl Iterator<Item = &Change>, Refusal> {
        if version < self.floor {
            return Err(Refusal::Gone { oldest: self.floor });
        }
        let from = self.changes.partition_point(|change| change.version <= version);
        Ok(self.changes.range(from..))
    }
}
