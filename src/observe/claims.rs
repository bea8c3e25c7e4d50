//! What commits claim, remembered: the same commit is never read twice.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::Targets;
use crate::model::{CommitId, TreeClaim};
use crate::ports::SourceFile;

#[derive(Default)]
pub struct Claims(Mutex<BTreeMap<CommitId, TreeClaim>>);

impl Claims {
    pub fn known(&self, commit: &CommitId) -> Option<TreeClaim> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(commit).cloned()
    }

    pub fn judge(&self, commit: &CommitId, files: &[SourceFile], targets: &Targets) -> TreeClaim {
        let tree: Vec<(&str, &[u8])> =
            files.iter().map(|file| (file.path.as_str(), file.bytes.as_ref())).collect();
        let claim = targets.terraform.claim(&tree, targets.access);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(commit.clone(), claim.clone());
        claim
    }
}
