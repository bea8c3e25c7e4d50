//! What commits claim, remembered: the same commit is never read twice.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::model::{CommitId, TreeClaim};

#[derive(Default)]
pub struct Claims {
    claims: Mutex<BTreeMap<CommitId, TreeClaim>>,
    flips: Mutex<BTreeMap<CommitId, bool>>,
    errors: Mutex<BTreeMap<CommitId, Vec<String>>>,
}

impl Claims {
    pub fn known(&self, commit: &CommitId) -> Option<TreeClaim> {
        self.claims.lock().unwrap_or_else(PoisonError::into_inner).get(commit).cloned()
    }

    pub fn keep(&self, commit: &CommitId, claim: TreeClaim) {
        self.claims.lock().unwrap_or_else(PoisonError::into_inner).insert(commit.clone(), claim);
    }

    /// What `keyslot check` calls an error in it.
    pub fn known_errors(&self, commit: &CommitId) -> Option<Vec<String>> {
        self.errors.lock().unwrap_or_else(PoisonError::into_inner).get(commit).cloned()
    }

    pub fn keep_errors(&self, commit: &CommitId, errors: Vec<String>) {
        self.errors.lock().unwrap_or_else(PoisonError::into_inner).insert(commit.clone(), errors);
    }

    /// Whether it is the change of slot and nothing else.
    pub fn known_flip(&self, commit: &CommitId) -> Option<bool> {
        self.flips.lock().unwrap_or_else(PoisonError::into_inner).get(commit).copied()
    }

    pub fn keep_flip(&self, commit: &CommitId, is_flip: bool) {
        self.flips.lock().unwrap_or_else(PoisonError::into_inner).insert(commit.clone(), is_flip);
    }
}
