//! The phases of a rotation, in order, and the legs they belong to.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::Slot;

/// Out: from the slot that is retired to the other one. Back: the optional return, which never regenerates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Leg {
    Out,
    Back,
}

impl Leg {
    /// The slot that this leg moves everybody to, in a rotation that retires `from`.
    pub fn target(self, from: Slot) -> Slot {
        match self {
            Leg::Out => from.other(),
            Leg::Back => from,
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Leg::Out => "out",
            Leg::Back => "back",
        }
    }
}

/// Where a rotation stands. The order is the procedure's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    Prepare,
    Propose,
    Merge,
    Promote,
    Deploy,
    Propagate,
    Restart,
    Quiesce,
    Regenerate,
    Confirm,
    Reconcile,
    FlipBack,
}

impl Phase {
    pub const ALL: [Phase; 12] = [
        Phase::Prepare,
        Phase::Propose,
        Phase::Merge,
        Phase::Promote,
        Phase::Deploy,
        Phase::Propagate,
        Phase::Restart,
        Phase::Quiesce,
        Phase::Regenerate,
        Phase::Confirm,
        Phase::Reconcile,
        Phase::FlipBack,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Phase::Prepare => "prepare",
            Phase::Propose => "propose",
            Phase::Merge => "merge",
            Phase::Promote => "promote",
            Phase::Deploy => "deploy",
            Phase::Propagate => "propagate",
            Phase::Restart => "restart",
            Phase::Quiesce => "quiesce",
            Phase::Regenerate => "regenerate",
            Phase::Confirm => "confirm",
            Phase::Reconcile => "reconcile",
            Phase::FlipBack => "flip-back",
        }
    }

    /// One line for people: what happens in it.
    pub fn title(self) -> &'static str {
        match self {
            Phase::Prepare => "prove that the other key works",
            Phase::Propose => "propose the change of slot",
            Phase::Merge => "wait for review and merge",
            Phase::Promote => "carry the change to the live release",
            Phase::Deploy => "run the release pipeline",
            Phase::Propagate => "wait for every vault",
            Phase::Restart => "restart every workload",
            Phase::Quiesce => "wait until nobody uses the old key",
            Phase::Regenerate => "regenerate the old key",
            Phase::Confirm => "confirm the new key",
            Phase::Reconcile => "see that code and vaults agree",
            Phase::FlipBack => "change the code back",
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
