//! Faults as data: where, when, what.
//!
//! Two families share one type. A *call* fault changes how a service answers one call; the faces ask for it
//! with [`World::admit`](super::World::admit). A *world* fault changes what happens inside: pods that never
//! become ready, somebody who pauses a deployment. Each fault counts the occasions that match its target by
//! itself, so `Nth(1)` is the first matching occasion of that fault. One-off happenings (somebody pauses,
//! re-runs, reverts, closes) take their moment from the beginning of a `Window`.

mod book;
mod call;
mod trouble;

use std::time::Duration;

use serde::Serialize;

pub(super) use self::book::FaultBook;
pub use self::book::{Admission, CallEnd};
pub use self::call::{Call, Operation, Target};
pub use self::trouble::Trouble;

/// When a fault strikes. Offsets count from the world's start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum When {
    Always,
    /// Only the n-th matching occasion, from 1.
    Nth(u32),
    /// The first n matching occasions.
    First(u32),
    Window {
        from: Duration,
        until: Duration,
    },
    /// In so many of a thousand matching occasions, by the seed.
    Chance {
        per_mille: u16,
    },
}

impl When {
    /// From this offset on, for ever; the form for one-off happenings.
    pub fn from(offset: Duration) -> When {
        When::Window { from: offset, until: Duration::MAX }
    }
}

/// One fault: when, where, what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    pub at: When,
    pub target: Target,
    pub what: Trouble,
}

impl Fault {
    pub fn new(at: When, target: Target, what: Trouble) -> Fault {
        Fault { at, target, what }
    }
}
