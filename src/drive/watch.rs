//! What the loop says while it works; `cli` shows it.

use jiff::Timestamp;

use crate::model::World;
use crate::rotation::{Leg, Outcome, Phase, Reason, Step};

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
    },
    /// Somebody else wrote to the journal first.
    Overtaken,
    /// Nothing more will be said; what was drawn may go.
    Over,
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
