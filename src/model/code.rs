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

/// What takes the key beside the secret that a rotation looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Taker {
    /// Another Key Vault secret.
    Secret,
    /// A resource, as an argument.
    Resource,
    /// An output of a root: other states and pipelines read it.
    Output,
    /// Code that is not in the tree.
    Code,
}

/// A place beside the secret of a rotation to which its tree gives the key. Nothing looks at it, and nothing waits for those
/// who read it there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Delivery {
    pub taker: Taker,
    /// The secret's name, or the address in the code: `azurerm_linux_web_app.shop`, `output.cosmos_key`.
    pub name: String,
    /// The arguments of the resource that take it, or the inputs; else empty.
    pub arguments: Vec<String>,
    /// The files in which it stands.
    pub files: Vec<String>,
    /// The slot, where it takes that one whatever everybody else reads; absent where it moves with the rest.
    pub slot: Option<Slot>,
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
    /// Where else than into the secret the key goes.
    pub elsewhere: Vec<Delivery>,
}

impl TreeClaim {
    /// A claim of which only the slot is known.
    pub fn of(reads: SlotUse, references: usize) -> TreeClaim {
        TreeClaim { reads, references, problems: Vec::new(), elsewhere: Vec::new() }
    }

    /// A tree of which nobody knows what it reads, and why.
    pub fn unknown(problems: Vec<String>) -> TreeClaim {
        TreeClaim { problems, ..TreeClaim::of(SlotUse::Unknown, 0) }
    }
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
