//! What commits claim, what `check` finds in them and whether they are a change of slot, remembered.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::model::{CommitId, SlotUse, TreeClaim};

/// What one commit's tree comes to.
#[derive(Clone)]
pub struct Judged {
    pub claim: TreeClaim,
    /// What `keyslot check` calls an error in it, where that was asked.
    pub errors: Option<Vec<String>>,
}

#[derive(Default)]
pub struct Claims {
    judged: Mutex<BTreeMap<CommitId, Judged>>,
    flips: Mutex<BTreeMap<(CommitId, CommitId), bool>>,
    merges: Mutex<BTreeMap<(CommitId, CommitId), Option<SlotUse>>>,
}

impl Claims {
    pub fn known(&self, commit: &CommitId) -> Option<Judged> {
        self.judged.lock().unwrap_or_else(PoisonError::into_inner).get(commit).cloned()
    }

    pub fn keep(&self, commit: &CommitId, judged: Judged) {
        self.judged.lock().unwrap_or_else(PoisonError::into_inner).insert(commit.clone(), judged);
    }

    /// What a merge of the one into the other makes read.
    pub fn known_merge(&self, into: &CommitId, head: &CommitId) -> Option<Option<SlotUse>> {
        let both = (into.clone(), head.clone());
        self.merges.lock().unwrap_or_else(PoisonError::into_inner).get(&both).copied()
    }

    pub fn keep_merge(&self, into: &CommitId, head: &CommitId, reads: Option<SlotUse>) {
        let both = (into.clone(), head.clone());
        self.merges.lock().unwrap_or_else(PoisonError::into_inner).insert(both, reads);
    }

    /// Whether all that changes between two commits is the slot.
    pub fn known_flip(&self, from: &CommitId, to: &CommitId) -> Option<bool> {
        let between = (from.clone(), to.clone());
        self.flips.lock().unwrap_or_else(PoisonError::into_inner).get(&between).copied()
    }

    pub fn keep_flip(&self, from: &CommitId, to: &CommitId, is_flip: bool) {
        let between = (from.clone(), to.clone());
        self.flips.lock().unwrap_or_else(PoisonError::into_inner).insert(between, is_flip);
    }
}
