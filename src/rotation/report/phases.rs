//! The course of each phase: what the journal has of it, and what lies behind and ahead.

use jiff::Timestamp;

use super::super::{Decision, Fold, Leg, Phase, Purpose, Reach, Regeneration, Step};

/// One phase's course.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhaseReport {
    pub leg: Leg,
    pub phase: Phase,
    pub state: PhaseState,
    pub started: Option<Timestamp>,
    pub ended: Option<Timestamp>,
}

/// How far a phase has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PhaseState {
    /// Done, with at least one step of ours.
    Done,
    /// It was so already, or others did it.
    FoundDone,
    Current,
    /// What it is there for was sent, and its end is waited for.
    Running,
    Pending,
}

pub(super) fn phases(
    fold: &Fold,
    decision: Option<&Decision>,
    reach: &Reach,
    regeneration: Option<&Regeneration>,
) -> Vec<PhaseReport> {
    if fold.opened.is_none() {
        return Vec::new();
    }
    let closed_at = fold.closed.as_ref().map(|(at, ..)| *at);
    let mut order: Vec<(Leg, Phase)> = Phase::ALL
        .iter()
        .filter(|phase| **phase != Phase::FlipBack)
        .map(|phase| (Leg::Out, *phase))
        .collect();
    order.extend(
        fold.reached.iter().map(|(_, leg, phase)| (*leg, *phase)).filter(|(leg, _)| *leg == Leg::Back),
    );
    let current = decision.map(|decision| (decision.leg, decision.phase));
    let now_at = order.iter().position(|stage| current == Some(*stage));
    order
        .iter()
        .enumerate()
        .map(|(place, (leg, phase))| {
            let started = reached_at(fold, *leg, *phase);
            let next = order.get(place + 1..).unwrap_or_default();
            let ended = started.and_then(|started| {
                next.iter()
                    .filter_map(|(leg, phase)| reached_at(fold, *leg, *phase))
                    .filter(|at| *at >= started)
                    .min()
                    .or(closed_at)
            });
            let passed = fold.closed.as_ref().is_some_and(|(_, done, _)| *done)
                || next.iter().any(|(leg, phase)| reached_at(fold, *leg, *phase).is_some());
            // What lies ahead is done where a step of ours did it. That a later one was reached says nothing of it: a
            // restart alone goes ahead of phases, and a rotation may have to go back to one.
            let ahead = now_at.is_some_and(|now_at| place > now_at) && !stepped(fold, *leg, *phase);
            // The decision has passed what comes before, though the journal may have no word of it yet.
            let in_order = !matches!(reach, Reach::Restart { .. } | Reach::Regenerate);
            let behind = in_order && now_at.is_some_and(|now_at| place < now_at);
            let running =
                regeneration.filter(|one| one.failed.is_none() && (Leg::Out, one.phase()) == (*leg, *phase));
            // What follows it may be looked at already, and is not begun before it has ended.
            let beyond = regeneration.is_some_and(|one| *leg == Leg::Out && *phase > one.phase());
            let state = match (current == Some((*leg, *phase)), (passed && !ahead) || behind) {
                _ if running.is_some() => PhaseState::Running,
                _ if beyond => PhaseState::Pending,
                (true, _) => PhaseState::Current,
                (false, true) if acted(fold, *leg, *phase) => PhaseState::Done,
                (false, true) => PhaseState::FoundDone,
                (false, false) => PhaseState::Pending,
            };
            let started = started.or(running.map(|one| one.sent));
            PhaseReport { leg: *leg, phase: *phase, state, started, ended }
        })
        .collect()
}

fn reached_at(fold: &Fold, leg: Leg, phase: Phase) -> Option<Timestamp> {
    fold.reached.iter().find(|(_, l, p)| (*l, *p) == (leg, phase)).map(|(at, ..)| *at)
}

/// Whether a phase was gone through: by a step of ours, or by waiting in it.
fn acted(fold: &Fold, leg: Leg, phase: Phase) -> bool {
    let waits = matches!(
        phase,
        Phase::Prepare
            | Phase::Merge
            | Phase::Propagate
            | Phase::Quiesce
            | Phase::Confirm
            | Phase::Reconcile
            | Phase::FlipBack
    );
    stepped(fold, leg, phase) || (waits && reached_at(fold, leg, phase).is_some())
}

fn stepped(fold: &Fold, leg: Leg, phase: Phase) -> bool {
    fold.steps.values().any(|record| record.applied && phase_of(&record.intent.step) == (leg, phase))
}

fn phase_of(step: &Step) -> (Leg, Phase) {
    match step {
        Step::PushProposal { leg, .. } | Step::OpenPull { leg, .. } => (*leg, Phase::Propose),
        Step::DressPull { leg, .. }
        | Step::AutoMerge { leg, .. }
        | Step::StartValidation { leg, .. }
        | Step::WithdrawMerge { leg, .. }
        | Step::MergePull { leg, .. } => (*leg, Phase::Merge),
        Step::PushAgreement { leg, .. } | Step::OpenAgreement { leg, .. } => (*leg, Phase::Reconcile),
        Step::Promote { leg, .. } | Step::PushPromotion { leg, .. } | Step::OpenPromotion { leg, .. } => {
            (*leg, Phase::Promote)
        }
        Step::Deploy { leg, .. } => (*leg, Phase::Deploy),
        Step::WriteSecret { leg, .. } => (*leg, Phase::Propagate),
        Step::Restart { leg, .. } => (*leg, Phase::Restart),
        Step::Regenerate { purpose: Purpose::Prepare, .. } => (Leg::Out, Phase::Prepare),
        Step::Regenerate { purpose: Purpose::Retire, .. } => (Leg::Out, Phase::Regenerate),
    }
}
