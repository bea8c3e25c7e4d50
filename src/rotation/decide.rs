//! The decision: journal, world, policy and time in; what to do, or why not yet, out.
//!
//! Synchronous, without IO, and it cannot fail. It walks the phases in order and stops at the first that has not
//! passed; what is already so in the world passes, whoever did it. Past the point of no return, when the old
//! key's regeneration may have been sent, only that is followed. Steps that the command was not asked for hold.

use std::cell::RefCell;
use std::collections::BTreeSet;

use jiff::Timestamp;

use super::attempt::may_have_been_sent;
use super::phases::{merge_is_asked, restarted, run_ahead, stand, stands_ready};
use super::predicate::{delivered_elsewhere, none_in_the_making};
use super::reason::Opens;
use super::stamps::begun_at;
use super::{
    Context, Event, Fold, Gate, Leg, Opened, Phase, Purpose, Reach, Reason, Relied, Stand, Step, Subject, Why,
};
use crate::model::{Blindness, EvidenceKey, FlipBack, Merging, Policy, PullWait, StampName, World};

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

/// What is left is for others: after the confirmation for a regeneration alone, after the proposal for one that is not
/// to be merged. First it is looked whether there is anything.
fn within_reach(ctx: &Context<'_>, decision: Decision) -> Decision {
    let looks = match &decision.verdict {
        Verdict::Wait { reasons, .. } => reasons.iter().any(Reason::opens_by_looking),
        Verdict::Act { .. } | Verdict::Halt { .. } | Verdict::Done | Verdict::Enough => false,
        Verdict::Record(_) => true,
    };
    match ctx.reach {
        _ if looks => decision,
        Reach::Regenerate if ctx.fold.confirmed.is_some() => {
            Decision { verdict: Verdict::Enough, ..decision }
        }
        Reach::Propose { merge: false } if decision.phase == Phase::Merge => {
            let leg = decision.leg;
            proposed(&Context { leg, ..*ctx }, decision)
        }
        _ => decision,
    }
}

/// What is proposed is for people to merge. Where the forge is to do it, it is to have been asked: what holds that is
/// told, and what only wants a moment is waited for as part of the proposal.
fn proposed(ctx: &Context<'_>, decision: Decision) -> Decision {
    let (reasons, waits) = match &decision.verdict {
        Verdict::Wait { reasons, .. } => (reasons, true),
        Verdict::Halt { reasons } => (reasons, false),
        Verdict::Act { .. } | Verdict::Record(_) | Verdict::Done | Verdict::Enough => return decision,
    };
    let computes =
        |why: &Why| matches!(why, Why::PullOpen { waits, .. } if waits.contains(&PullWait::NotComputed));
    let asked = ctx.policy.pulls.merging == Merging::Auto && !merge_is_asked(ctx);
    let moment = |one: &Reason| matches!(one.why, Why::OutcomeOpen { .. }) || (asked && computes(&one.why));
    let held = |one: &Reason| {
        // How a validation stands is told beside; a check that has not passed keeps us from asking the forge.
        let told = one.gate == Gate::Validated && !matches!(one.why, Why::CheckNotPassed { .. });
        asked && !told && !matches!(one.why, Why::PullOpen { .. })
    };
    if waits && reasons.iter().any(moment) {
        return Decision { phase: Phase::Propose, ..decision };
    }
    // Nobody waits here who would be told of it later: a wrong name, or a token that may not.
    let unseen = |one: &&Reason| match &one.why {
        Why::Blind { evidence: EvidenceKey::Validation(_), blind } => {
            blind.kind.is_refusal() || blind.kind == Blindness::Misconfigured
        }
        _ => false,
    };
    let unseen: Vec<Reason> = reasons.iter().filter(unseen).cloned().collect();
    if !unseen.is_empty() {
        return Decision { verdict: Verdict::Halt { reasons: unseen }, ..decision };
    }
    match reasons.iter().any(held) {
        true => decision,
        false => Decision { verdict: Verdict::Enough, ..decision },
    }
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
    ctx.retired_at().is_some()
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
    if phase == Phase::Restart && restarted(ctx) {
        return None;
    }
    let paused = ctx.holding(paused(ctx));
    let verdict = match of_what_was_asked(ctx, stand(phase, ctx)) {
        Stand::Passed => return None,
        Stand::Act(_) if !paused.is_empty() => Verdict::Halt { reasons: paused },
        // What was begun is followed to its end; then it rests.
        Stand::ActAndHeld(_, held)
            if !paused.is_empty()
                && held.iter().any(|one| is_followed(ctx, one) || one.why.is_under_way()) =>
        {
            told_with(paused, hold(ctx, held))
        }
        Stand::ActAndHeld(_, held) if !paused.is_empty() => {
            Verdict::Halt { reasons: paused.into_iter().chain(held).collect() }
        }
        Stand::Act(steps) => act(ctx, phase, steps, Vec::new()),
        Stand::ActAndHeld(steps, held) => act(ctx, phase, steps, held),
        Stand::Record(event) => Verdict::Record(event),
        Stand::Held(reasons) => told_with(paused, hold(ctx, reasons)),
    };
    let verdict = match verdict {
        Verdict::Halt { reasons } if phase < Phase::Restart => followed(ctx, reasons),
        other => other,
    };
    Some(Decision { leg: ctx.leg, phase, verdict, relied: Relied::default() })
}

/// Without the waves of stamps that were not named: they wait for what this command does not do. Where they are all
/// that holds, they are told.
fn of_what_was_asked(ctx: &Context<'_>, stand: Stand) -> Stand {
    let matters = |one: &Reason| {
        one.gate != Gate::Wave
            || one.opens_by_looking()
            || one.subject.stamp().is_none_or(|stamp| ctx.reach.asks_for(stamp))
    };
    match stand {
        Stand::Held(reasons) if reasons.iter().any(matters) => {
            Stand::Held(reasons.into_iter().filter(matters).collect())
        }
        Stand::ActAndHeld(steps, held) => {
            Stand::ActAndHeld(steps, held.into_iter().filter(matters).collect())
        }
        other => other,
    }
}

/// The steps that the command was asked for; the others hold.
fn act(ctx: &Context<'_>, phase: Phase, steps: Vec<Step>, mut held: Vec<Reason>) -> Verdict {
    let mut ours = Vec::with_capacity(steps.len());
    for step in steps {
        if ctx.reach.covers(phase, &step) {
            ours.push(step);
            continue;
        }
        let subject = match &step {
            Step::Restart { stamp, workload, .. } => Subject::Workload(stamp.clone(), workload.clone()),
            _ => Subject::Rotation,
        };
        let why = Why::NotAsked { phase, step: step.to_string() };
        let holds = ctx.holding(vec![Reason::new(Gate::Asked, subject, why)]);
        if holds.is_empty() {
            ours.push(step);
        }
        held.extend(holds);
    }
    if !ours.is_empty() {
        return Verdict::Act { steps: ours, held };
    }
    // While what was asked for gets on, nobody has to do anything about the rest.
    let gets_on = |reason: &Reason| {
        let asked = reason.subject.stamp().is_some_and(|stamp| ctx.reach.asks_for(stamp));
        asked && !matches!(reason.gate, Gate::Asked | Gate::Wave)
    };
    if held.iter().any(gets_on) {
        held.retain(|reason| reason.gate != Gate::Asked);
    }
    hold(ctx, held)
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

/// Looking comes first; then a person is called, whatever else takes its time. But a rollout of our own is seen to its end
/// first: if it fails, that is told by whoever watches it, and by nobody else.
fn hold(ctx: &Context<'_>, reasons: Vec<Reason>) -> Verdict {
    let looking = reasons.iter().any(Reason::opens_by_looking);
    let person = reasons.iter().any(|reason| reason.why.opens() == Opens::ByPerson);
    if person && !looking && !reasons.iter().any(|reason| is_followed(ctx, reason)) {
        return Verdict::Halt { reasons };
    }
    let until =
        reasons.iter().map(|reason| reason.look_again(ctx.now, &ctx.policy.pace)).min().unwrap_or(ctx.now);
    Verdict::Wait { reasons, until }
}

/// A person is called before the restarts are judged. A rollout of our own that was begun before is seen to its end all the
/// same, and told if it fails.
fn followed(ctx: &Context<'_>, mut reasons: Vec<Reason>) -> Verdict {
    let of_leg = ctx.fold.restarts.keys().filter(|(leg, ..)| *leg == ctx.leg);
    let begun: BTreeSet<&StampName> = of_leg.map(|(_, stamp, _)| stamp).collect();
    if begun.is_empty() {
        return Verdict::Halt { reasons };
    }
    let beside = match stand(Phase::Restart, ctx) {
        Stand::Held(beside) | Stand::ActAndHeld(_, beside) => beside,
        _ => Vec::new(),
    };
    let of_begun = |one: &Reason| one.subject.stamp().is_some_and(|stamp| begun.contains(stamp));
    let matters = |one: &Reason| {
        let told = one.opens_by_looking() || matches!(one.why, Why::RolloutFailed { .. });
        is_followed(ctx, one) || (told && of_begun(one))
    };
    reasons.extend(beside.into_iter().filter(matters));
    hold(ctx, reasons)
}

fn is_followed(ctx: &Context<'_>, reason: &Reason) -> bool {
    let vault = |stamp| ctx.world.vaults.get(stamp).and_then(|seen| seen.get());
    let begun = |stamp| vault(stamp).is_some_and(|vault| begun_at(ctx, stamp, vault).is_some());
    matches!(reason.why, Why::RolloutUnderWay { .. }) && reason.subject.stamp().is_some_and(begun)
}
