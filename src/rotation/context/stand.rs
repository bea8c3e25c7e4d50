//! Where a phase stands.

use super::super::{Event, Reason, Step};

/// Where a phase stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stand {
    Passed,
    /// These may be done now, at once or in any order.
    Act(Vec<Step>),
    /// A fact to be recorded before going on.
    Record(Box<Event>),
    /// Not yet.
    Held(Vec<Reason>),
    /// Steps that may be done now, while other subjects are held.
    ActAndHeld(Vec<Step>, Vec<Reason>),
}

impl Stand {
    /// Passed when nothing holds.
    pub fn unless(reasons: Vec<Reason>) -> Stand {
        if reasons.is_empty() { Stand::Passed } else { Stand::Held(reasons) }
    }

    /// Both, where the one is no reason to leave the other undone; steps of one kind at a time, and what both say once.
    pub fn and(self, other: impl FnOnce() -> Stand) -> Stand {
        let held = match self {
            Stand::Passed => return other(),
            Stand::Held(held) => held,
            steps @ (Stand::Act(_) | Stand::Record(_) | Stand::ActAndHeld(..)) => return steps,
        };
        let both = |held: Vec<Reason>, more: Vec<Reason>| {
            let new: Vec<Reason> = more.into_iter().filter(|reason| !held.contains(reason)).collect();
            [held, new].concat()
        };
        match other() {
            Stand::Act(steps) => Stand::ActAndHeld(steps, held),
            Stand::ActAndHeld(steps, more) => Stand::ActAndHeld(steps, both(held, more)),
            Stand::Held(more) => Stand::Held(both(held, more)),
            Stand::Passed | Stand::Record(_) => Stand::Held(held),
        }
    }
}
