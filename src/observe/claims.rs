//! What commits claim, remembered: the same commit is never read twice.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::model::{CommitId, TreeClaim};

#[derive(Default)]
pub struct Claims(Mutex<BTreeMap<CommitId, TreeClaim>>);

impl Claims {
    pub fn known(&self, commit: &CommitId) -> Option<TreeClaim> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(commit).cloned()
    }

    pub fn keep(&self, commit: &CommitId, claim: TreeClaim) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(commit.clone(), claim);
    }
}
