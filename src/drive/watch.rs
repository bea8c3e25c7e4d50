//! What the loop says while it works; `cli` shows it.

use jiff::Timestamp;

use super::DriveError;
use crate::model::{Access, Policy, World};
use crate::ports::Fault;
use crate::rotation::{Concern, Leg, Outcome, Phase, Reason, Step};

/// Something that happened in the loop.
#[derive(Debug)]
pub enum Notice<'a> {
    Reached {
        leg: Leg,
        phase: Phase,
    },
    Intended {
        step: &'a Step,
    },
    Ended {
        step: &'a Step,
        outcome: &'a Outcome,
    },
    Waiting {
        phase: Phase,
        reasons: &'a [Reason],
        until: Timestamp,
        world: &'a World,
        policy: &'a Policy,
        /// Of the keys that are rotated.
        access: Access,
    },
    /// Something that may keep the rotation from its end, and holds nothing now. Said once, before the first effect.
    Forewarned {
        concern: &'a Concern,
    },
    /// Somebody else wrote to the journal first.
    Overtaken,
    /// The pull request is not told how the rotation stands: the forge does not take it. Said once.
    NotTold {
        fault: &'a Fault,
    },
    /// The journal's store is away, and is waited for. Said once.
    StoreAway {
        error: &'a DriveError,
    },
    /// What came of a step could not be written to the journal: nobody else will know of it.
    Unwritten {
        step: &'a Step,
        outcome: &'a Outcome,
    },
    /// Nothing more will be said but these reasons; what was drawn may go.
    Over {
        reasons: &'a [Reason],
    },
}

impl Notice<'_> {
    /// The same for the log. Reasons and outcomes go by their kind: their texts quote the world.
    pub(super) fn trace(&self) {
        match self {
            Notice::Reached { leg, phase } => tracing::info!(?leg, %phase, "reached"),
            Notice::Intended { step } => tracing::info!(%step, "intended"),
            Notice::Ended { step, outcome } => tracing::info!(%step, outcome = kind(outcome), "ended"),
            Notice::Waiting { phase, reasons, until, world: _, policy: _, access: _ } => {
                for reason in *reasons {
                    let (gate, subject, why) = (reason.gate, &reason.subject, reason.why.kind());
                    tracing::debug!(%phase, %gate, %subject, why, %until, "waits");
                }
            }
            Notice::Forewarned { .. } => tracing::warn!("something may keep the rotation from its end"),
            Notice::Overtaken => tracing::info!("somebody else wrote first"),
            Notice::StoreAway { .. } => tracing::warn!("the journal's store is away"),
            Notice::Unwritten { step, outcome } => {
                tracing::error!(%step, outcome = kind(outcome), "not written");
            }
            Notice::NotTold { fault } => tracing::warn!(kind = ?fault.kind, "the pull request is not told"),
            Notice::Over { .. } => tracing::info!("over"),
        }
    }
}

fn kind(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Applied { .. } => "applied",
        Outcome::NotSent { .. } => "not-sent",
        Outcome::Refused { .. } => "refused",
        Outcome::Unknown { .. } => "unknown",
    }
}

/// Gets told. Must not block.
pub trait Watcher: Send + Sync {
    fn notice(&self, at: Timestamp, notice: &Notice<'_>);
}

/// Says nothing to nobody.
pub struct Silent;

impl Watcher for Silent {
    fn notice(&self, _at: Timestamp, _notice: &Notice<'_>) {}
}
