//! What the code says, as claims: which slot a branch's tree reads.
//!
//! HCL stays below: a [`TreeClaim`] is all that the decision core ever learns of a tree.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{BranchName, CommitId, RunView, Slot};

/// What the consuming references of one account read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SlotUse {
    Only(Slot),
    Mixed,
    None,
    /// At least one reference could not be resolved.
    Unknown,
}

impl SlotUse {
    pub fn is(self, slot: Slot) -> bool {
        self == SlotUse::Only(slot)
    }
}

/// What one tree claims about the rotation's account and access.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeClaim {
    pub reads: SlotUse,
    /// How many references were counted.
    pub references: usize,
    /// Why a flip of this tree would be refused: files that do not parse, opaque reads; of the base branch, where there is
    /// none of that, what `keyslot check` calls an error. In words.
    pub problems: Vec<String>,
}

/// A branch as the remote has it now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BranchView {
    pub branch: BranchName,
    pub head: CommitId,
    pub claim: TreeClaim,
    /// Of a branch of keyslot's: whether its head moves its parent's consumers to the slot that it reads, and changes
    /// nothing else. Of others nobody asks.
    pub is_flip: bool,
    /// Of a branch of keyslot's that reads one slot, what it would bring to base branch and live release as they are now.
    pub brings: BTreeMap<BranchName, Brings>,
}

/// What of a branch another one does not have yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brings {
    /// The newest commit that lies on both; none where they have nothing in common.
    pub since: Option<CommitId>,
    /// Since then, all consumers were moved to the slot, and nothing else was changed.
    pub flip_alone: bool,
    /// What the other branch would read once this one is merged, where it has gone on since and does not read the slot yet;
    /// nothing where they conflict.
    pub merged_reads: Option<SlotUse>,
}

impl BranchView {
    /// One of which nobody has asked whether it is a flip.
    pub fn of(branch: BranchName, head: CommitId, claim: TreeClaim) -> BranchView {
        BranchView { branch, head, claim, is_flip: false, brings: BTreeMap::new() }
    }

    /// Whether the run is of exactly this code.
    pub fn is_run_by(&self, run: &RunView) -> bool {
        run.commit == self.head && run.branch == self.branch
    }
}
