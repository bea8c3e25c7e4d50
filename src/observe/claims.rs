//! What commits claim, what `check` finds in them and whether they are a change of slot, remembered.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::model::{CommitId, TreeClaim};

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
    flips: Mutex<BTreeMap<CommitId, bool>>,
}

impl Claims {
    pub fn known(&self, commit: &CommitId) -> Option<Judged> {
        self.judged.lock().unwrap_or_else(PoisonError::into_inner).get(commit).cloned()
    }

    pub fn keep(&self, commit: &CommitId, judged: Judged) {
        self.judged.lock().unwrap_or_else(PoisonError::into_inner).insert(commit.clone(), judged);
    }

    /// Whether it is the change of slot and nothing else.
    pub fn known_flip(&self, commit: &CommitId) -> Option<bool> {
        self.flips.lock().unwrap_or_else(PoisonError::into_inner).get(commit).copied()
    }

    pub fn keep_flip(&self, commit: &CommitId, is_flip: bool) {
        self.flips.lock().unwrap_or_else(PoisonError::into_inner).insert(commit.clone(), is_flip);
    }
}
