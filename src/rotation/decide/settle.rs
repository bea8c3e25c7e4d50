//! What one phase is to do now: its steps, as far as they were asked for, or what holds them.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::super::phases::{restarted, stand};
use super::super::reason::Opens;
use super::super::stamps::begun_at;
use super::super::{Context, Gate, Phase, Reason, Relied, Stand, Step, Subject, Why};
use super::{Decision, Verdict};
use crate::model::StampName;

/// The verdict of one phase, or `None` when it has passed.
pub(super) fn settle(ctx: &Context<'_>, phase: Phase) -> Option<Decision> {
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
