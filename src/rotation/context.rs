//! What every phase looks at, and how it asks.
//!
//! Asking for evidence is the only way to get it, and asking names how old it may be: a phase cannot use what
//! is stale by accident.

mod accepted;
mod evidence;
mod stamp;
mod stand;
mod way;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;

pub use self::stand::Stand;
use super::{Fold, Gate, Leg, Opened, Reach, Reason, Relied, Subject, Why};
use crate::model::{EvidenceKey, Policy, Seen, Slot, World, age_of};

/// Everything that a decision depends on.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    pub fold: &'a Fold,
    pub opened: &'a Opened,
    pub world: &'a World,
    pub policy: &'a Policy,
    pub now: Timestamp,
    /// Who we are in the lease.
    pub holder: &'a str,
    pub leg: Leg,
    pub without: &'a BTreeSet<Gate>,
    /// What the command that runs was asked for.
    pub reach: &'a Reach,
    /// Where what is asked for is noted, when somebody wants to know.
    pub relied: Option<&'a RefCell<Relied>>,
}

impl<'a> Context<'a> {
    /// The slot that this leg moves everybody to.
    pub fn target(&self) -> Slot {
        self.leg.target(self.opened.from)
    }

    /// The names of what is asked for are only made where they are needed: most asking is answered.
    fn fresh<T>(
        &self,
        gate: Gate,
        max: Duration,
        seen: Option<&'a Seen<T>>,
        about: impl Fn() -> (Subject, EvidenceKey),
    ) -> Result<&'a T, Box<Reason>> {
        self.fresh_at(gate, max, seen, seen.map(|seen| seen.at), about)
    }

    /// The same where what is asked for was so at another time than the whole.
    fn fresh_at<T>(
        &self,
        gate: Gate,
        max: Duration,
        seen: Option<&'a Seen<T>>,
        at: Option<Timestamp>,
        about: impl Fn() -> (Subject, EvidenceKey),
    ) -> Result<&'a T, Box<Reason>> {
        let hold = |why: &dyn Fn(EvidenceKey) -> Why| {
            let (subject, key) = about();
            Err(Box::new(Reason::new(gate, subject, why(key))))
        };
        let (Some(seen), Some(at)) = (seen, at) else { return hold(&Why::NotSeen) };
        let age = age_of(at, self.now);
        if age > max {
            return hold(&|evidence| Why::TooOld { evidence, age, max });
        }
        if let Some(relied) = self.relied {
            relied.borrow_mut().note(about().1, at, max);
        }
        match &seen.what {
            Ok(what) => Ok(what),
            Err(blind) => hold(&|evidence| Why::Blind { evidence, blind: blind.clone() }),
        }
    }
}
