//! Which phases are walked, in which order.

use super::super::attempt::may_have_been_sent;
use super::super::phases::regeneration_under_way;
use super::super::{Context, Leg, Opened, Phase, Purpose, Step, StepRecord};
use crate::model::FlipBack;

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

/// The phases to walk, in order.
pub(super) fn path(ctx: &Context<'_>) -> Vec<(Leg, Phase)> {
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
pub(super) fn past_return(ctx: &Context<'_>) -> bool {
    let step = Step::Regenerate { kind: ctx.opened.retires(), purpose: Purpose::Retire };
    if let Some(record) = ctx.record(&step)
        && (may_have_been_sent(record) && !known_unsent(ctx, record, &step))
    {
        return true;
    }
    ctx.retired_at().is_some()
}

fn known_unsent(ctx: &Context<'_>, record: &StepRecord, step: &Step) -> bool {
    regeneration_under_way(ctx, record, step).is_none()
}

pub(super) fn last_leg(opened: &Opened) -> Leg {
    if opened.flip_back == FlipBack::No { Leg::Out } else { Leg::Back }
}

pub(super) fn last_phase(opened: &Opened) -> Phase {
    match opened.flip_back {
        FlipBack::No | FlipBack::Deploy => Phase::Reconcile,
        FlipBack::Propose => Phase::Propose,
    }
}
