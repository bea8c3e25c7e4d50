//! The decision: journal, world, policy and time in; what to do, or why not yet, out.
//!
//! Synchronous, without IO, and it cannot fail. It walks the phases in order and stops at the first that has not
//! passed; what is already so in the world passes, whoever did it. Past the point of no return, when the old
//! key's regeneration may have been sent, only that is followed. Steps that the command was not asked for hold.

mod asked;
mod path;
mod settle;

use std::cell::RefCell;
use std::collections::BTreeSet;

use jiff::Timestamp;

use self::asked::within_reach;
use self::path::{last_leg, last_phase, past_return, path};
use self::settle::settle;
use super::phases::{run_ahead, stands_ready};
use super::predicate::{delivered_elsewhere, none_in_the_making};
use super::{Context, Event, Fold, Gate, Leg, Opened, Phase, Reach, Reason, Relied, Step};
use crate::model::{Policy, World};

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Do these, after recording the intent; the reasons hold other subjects meanwhile.
    Act {
        steps: Vec<Step>,
        held: Vec<Reason>,
    },
    /// Record this and decide again.
    Record(Box<Event>),
    /// Look again at `until` at the latest.
    Wait {
        reasons: Vec<Reason>,
        until: Timestamp,
    },
    /// A person must do something first.
    Halt {
        reasons: Vec<Reason>,
    },
    Done,
    /// What the command was asked for is so; the rotation is not at its end.
    Enough,
}

/// A verdict, and the phase that gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    pub leg: Leg,
    pub phase: Phase,
    pub verdict: Verdict,
    /// What the decision to act, or to be done, rests on. Empty where it is another.
    pub relied: Relied,
}

/// Who decides, and how.
#[derive(Clone, Copy, Debug)]
pub struct Decider<'a> {
    pub policy: &'a Policy,
    /// Who we are in the lease.
    pub holder: &'a str,
    /// Gates that a test has switched off. Nothing outside tests fills it.
    pub without: &'a BTreeSet<Gate>,
    pub reach: &'a Reach,
}

impl<'a> Decider<'a> {
    /// What the phases of the way out look at.
    pub(super) fn context(
        &self,
        fold: &'a Fold,
        opened: &'a Opened,
        world: &'a World,
        now: Timestamp,
    ) -> Context<'a> {
        let Decider { policy, holder, without, reach } = *self;
        Context { fold, opened, world, policy, now, holder, leg: Leg::Out, without, reach, relied: None }
    }

    /// The same for the leg that is under way.
    pub(super) fn present(
        &self,
        fold: &'a Fold,
        opened: &'a Opened,
        world: &'a World,
        now: Timestamp,
    ) -> Context<'a> {
        let ctx = self.context(fold, opened, world, now);
        Context { leg: ctx.present_leg(), ..ctx }
    }
}

/// Decides for the open rotation of the fold; `None` where no rotation is open.
pub fn decide(decider: &Decider<'_>, fold: &Fold, world: &World, now: Timestamp) -> Option<Decision> {
    let opened = fold.rotation()?;
    let ctx = decider.context(fold, opened, world, now);
    let decision = walk(&ctx);
    if !matches!(decision.verdict, Verdict::Act { .. } | Verdict::Done) {
        return Some(decision);
    }
    // The same walk once more, with notes: few decisions act or close, and only those want them.
    let relied = RefCell::new(Relied::default());
    let decision = walk(&Context { relied: Some(&relied), ..ctx });
    Some(Decision { relied: relied.into_inner(), ..decision })
}

/// What stands in the way of the run and the restarts as things are now, of a rotation that has not come to them, and who takes
/// the key beside the secret, which holds the regeneration; whatever holds it now. Empty where none is open, or it has come
/// further.
pub fn preflight(decider: &Decider<'_>, fold: &Fold, world: &World, now: Timestamp) -> Vec<Reason> {
    let Some(opened) = fold.rotation() else { return Vec::new() };
    let ctx = decider.context(fold, opened, world, now);
    let ahead = walk(&ctx);
    if ahead.leg != Leg::Out {
        return Vec::new();
    }
    let mut later = Vec::new();
    if ahead.phase < Phase::Restart {
        later.extend(stands_ready(&ctx));
        if ahead.phase < Phase::Deploy {
            later.extend(run_ahead(&ctx));
        }
        later.extend(none_in_the_making(&ctx, ctx.policy.ages.ordinary));
    }
    if ahead.phase < Phase::Regenerate {
        later.extend(delivered_elsewhere(&ctx, opened.from, ctx.policy.ages.ordinary));
    }
    ctx.holding(later)
}

/// Walks the phases up to the first that has not passed.
fn walk(ctx: &Context<'_>) -> Decision {
    let alone = ctx.reach.path(ctx.present_leg(), past_return(ctx));
    let (last, end) = match &alone {
        Some(path) => (path.last().copied(), Verdict::Enough),
        None => (None, Verdict::Done),
    };
    let path = alone.unwrap_or_else(|| path(ctx));
    match path.into_iter().find_map(|(leg, phase)| settle(&Context { leg, ..*ctx }, phase)) {
        Some(decision) => within_reach(ctx, decision),
        None => {
            let (leg, phase) = last.unwrap_or((last_leg(ctx.opened), last_phase(ctx.opened)));
            Decision { leg, phase, verdict: end, relied: Relied::default() }
        }
    }
}
