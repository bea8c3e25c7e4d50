//! What the code says, as claims: which slot a branch's tree reads, and how its pull request stands.
//!
//! HCL stays below: a [`TreeClaim`] is all that the decision core ever learns of a tree.

use serde::{Deserialize, Serialize};

use super::{BranchName, CommitId, PullNumber, Slot};

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
    /// Why a flip of this tree would be refused: files that do not parse, opaque reads. In words.
    pub problems: Vec<String>,
}

/// A branch as the remote has it now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BranchView {
    pub branch: BranchName,
    pub head: CommitId,
    pub claim: TreeClaim,
}

/// Open, merged or closed without merge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PullState {
    Open,
    Merged { commit: CommitId },
    Closed,
}

/// A required check on the pull request's head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PullCheck {
    pub name: String,
    /// `None` while it runs or has not been started.
    pub passed: Option<bool>,
}

/// What holds an open pull request.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PullWait {
    Reviews {
        have: u32,
        want: u32,
    },
    ChangesRequested {
        by: String,
    },
    CheckRunning {
        name: String,
    },
    CheckNotStarted {
        name: String,
    },
    CheckFailed {
        name: String,
    },
    Draft,
    Conflict,
    Behind,
    /// The forge says blocked and gives no reason.
    Blocked,
    /// The forge is still working it out.
    NotComputed,
    /// Nothing holds it; somebody has to press the button.
    Mergeable,
}

/// A pull request on its forge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PullView {
    pub number: PullNumber,
    pub url: String,
    pub author: String,
    pub head_branch: BranchName,
    pub head: CommitId,
    pub base: BranchName,
    pub state: PullState,
    pub approved_by: Vec<String>,
    pub checks: Vec<PullCheck>,
    /// Empty unless open.
    pub waits: Vec<PullWait>,
}
