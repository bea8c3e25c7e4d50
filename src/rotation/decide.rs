//! The decision: journal, world, policy and time in; what to do, or why not yet, out.
//!
//! Synchronous, without IO, and it cannot fail. It walks the phases in order and stops at the first that has not
//! passed; what is already so in the world passes, whoever did it. Past the point of no return, when the old
//! key's regeneration may have been sent, only that is followed.

use std::cell::RefCell;
use std::collections::BTreeSet;

use jiff::Timestamp;

use super::attempt::may_have_been_sent;
use super::phases::stand;
use super::reason::Opens;
use super::{
    Context, Event, Fold, Gate, Leg, Opened, Phase, Purpose, Reason, Relied, Stand, Step, Subject, Why,
};
use crate::model::{FlipBack, Policy, World};

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Do these, after recording the intent; the reasons hold other subjects meanwhile.
    Act {
        steps: Vec<Step>,
        held: Vec<Reason>,
    },
    /// Record this and decide again.
    Record(Event),
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
}

const OUT: [Phase; 8] = [
    Phase::Prepare,
    Phase::Propose,
    Phase::Merge,
    Phase::Promote,
    Phase::Deploy,
    Phase::Propagate,
    Phase::Restart,
    Phase::Quiesce,
];

const BACK: [Phase; 8] = [
    Phase::Propose,
    Phase::Merge,
    Phase::Promote,
    Phase::Deploy,
    Phase::Propagate,
    Phase::Restart,
    Phase::Quiesce,
    Phase::Reconcile,
];

/// Decides for the open rotation of the fold; `None` where no rotation is open.
pub fn decide(decider: &Decider<'_>, fold: &Fold, world: &World, now: Timestamp) -> Option<Decision> {
    let opened = fold.rotation()?;
    let ctx = Context {
        fold,
        opened,
        world,
        policy: decider.policy,
        now,
        holder: decider.holder,
        leg: Leg::Out,
        without: decider.without,
        relied: None,
    };
    let decision = walk(&ctx);
    if !matches!(decision.verdict, Verdict::Act { .. } | Verdict::Done) {
        return Some(decision);
    }
    // The same walk once more, with notes: few decisions act or close, and only those want them.
    let relied = RefCell::new(Relied::default());
    let decision = walk(&Context { relied: Some(&relied), ..ctx });
    Some(Decision { relied: relied.into_inner(), ..decision })
}

/// Walks the phases up to the first that has not passed.
fn walk(ctx: &Context<'_>) -> Decision {
    path(ctx).into_iter().find_map(|(leg, phase)| settle(&Context { leg, ..*ctx }, phase)).unwrap_or_else(
        || {
            let (leg, phase) = (last_leg(ctx.opened), last_phase(ctx.opened));
            Decision { leg, phase, verdict: Verdict::Done, relied: Relied::default() }
        },
    )
}

/// The phases to walk, in order.
fn path(ctx: &Context<'_>) -> Vec<(Leg, Phase)> {
    if ctx.fold.confirmed.is_some() {
        return after_confirm(ctx);
    }
    let mut path: Vec<(Leg, Phase)> = Vec::new();
    if !past_return(ctx) {
        path.extend(OUT.iter().map(|phase| (Leg::Out, *phase)));
    }
    path.push((Leg::Out, Phase::Regenerate));
    path.push((Leg::Out, Phase::Confirm));
    path
}

fn after_confirm(ctx: &Context<'_>) -> Vec<(Leg, Phase)> {
    let mut path = Vec::new();
    if !ctx.is_on_the_way_back() {
        path.push((Leg::Out, Phase::Reconcile));
    }
    match ctx.opened.flip_back {
        FlipBack::No => {}
        // The proposal is for later releases: whatever becomes of it, everybody stays where they are.
        FlipBack::Propose => path.extend([(Leg::Back, Phase::Propose), (Leg::Out, Phase::Reconcile)]),
        FlipBack::Deploy => path.extend(BACK.iter().map(|phase| (Leg::Back, *phase))),
    }
    path
}

/// Whether the old key is gone, or its regeneration may be under way.
fn past_return(ctx: &Context<'_>) -> bool {
    let step = Step::Regenerate { kind: ctx.opened.retires(), purpose: Purpose::Retire };
    if let Some(record) = ctx.record(&step)
        && (may_have_been_sent(record) && !known_unsent(ctx, record, &step))
    {
        return true;
    }
    let generated = ctx
        .world
        .account
        .as_ref()
        .and_then(|seen| seen.get())
        .and_then(|account| account.key(ctx.opened.retires()).generated);
    generated.is_some() && generated > ctx.opened.retired_generation
}

fn known_unsent(ctx: &Context<'_>, record: &super::StepRecord, step: &Step) -> bool {
    super::phases::regeneration_under_way(ctx, record, step).is_none()
}

fn last_leg(opened: &Opened) -> Leg {
    if opened.flip_back == FlipBack::No { Leg::Out } else { Leg::Back }
}

fn last_phase(opened: &Opened) -> Phase {
    match opened.flip_back {
        FlipBack::No | FlipBack::Deploy => Phase::Reconcile,
        FlipBack::Propose => Phase::Propose,
    }
}

/// The verdict of one phase, or `None` when it has passed.
fn settle(ctx: &Context<'_>, phase: Phase) -> Option<Decision> {
    let paused = ctx.holding(paused(ctx));
    let verdict = match stand(phase, ctx) {
        Stand::Passed => return None,
        Stand::Act(_) if !paused.is_empty() => Verdict::Halt { reasons: paused },
        Stand::ActAndHeld(_, held) if !paused.is_empty() => {
            Verdict::Halt { reasons: paused.into_iter().chain(held).collect() }
        }
        Stand::Act(steps) => Verdict::Act { steps, held: Vec::new() },
        Stand::ActAndHeld(steps, held) => Verdict::Act { steps, held },
        Stand::Record(event) => Verdict::Record(event),
        Stand::Held(reasons) => told_with(paused, hold(ctx, reasons)),
    };
    Some(Decision { leg: ctx.leg, phase, verdict, relied: Relied::default() })
}

/// Nothing is begun while somebody has paused the rotation. What was sent is followed all the same.
fn paused(ctx: &Context<'_>) -> Vec<Reason> {
    let reason = |(since, by, because): &(Timestamp, String, String)| {
        let why = Why::PausedByPerson { by: by.clone(), because: because.clone(), since: *since };
        Reason::new(Gate::NotPaused, Subject::Rotation, why)
    };
    ctx.fold.paused.iter().map(reason).collect()
}

/// The pause is named beside what is waited for; it ends no waiting.
fn told_with(paused: Vec<Reason>, verdict: Verdict) -> Verdict {
    match verdict {
        Verdict::Wait { reasons, until } => {
            Verdict::Wait { reasons: reasons.into_iter().chain(paused).collect(), until }
        }
        Verdict::Halt { reasons } => Verdict::Halt { reasons: reasons.into_iter().chain(paused).collect() },
        other => other,
    }
}

/// Looking comes first, then waiting; a person is called only when nothing else is left to do or wait for.
fn hold(ctx: &Context<'_>, reasons: Vec<Reason>) -> Verdict {
    let looking = reasons.iter().any(|reason| reason.why.opens() == Opens::ByLooking);
    let person = reasons.iter().any(|reason| reason.why.opens() == Opens::ByPerson);
    if person && !looking {
        return Verdict::Halt { reasons };
    }
    let until =
        reasons.iter().map(|reason| reason.look_again(ctx.now, &ctx.policy.pace)).min().unwrap_or(ctx.now);
    Verdict::Wait { reasons, until }
}
