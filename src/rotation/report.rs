//! Where a rotation stands, as a value for `status`, `explain`, reports and machine output. Pure: from the folded
//! journal, the last decision and what was seen.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::attempt::may_have_been_sent;
use super::beside::{beside, halted};
use super::predicate::{approved, no_hazard};
use super::{
    Acceptance, Approval, Decider, Decision, Fold, Gate, Leg, Opened, Outcome, Pause, Phase, Produced,
    Purpose, Reach, Reason, Regeneration, Step, StepRecord, Subject, Verdict, decide,
};
use crate::model::{BranchName, KeyKind, Operation, PullEnds, PullNumber, RunId, World};

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

/// One step's course.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepReport {
    pub step: Step,
    pub attempts: u32,
    pub intended: Timestamp,
    pub outcome: Option<(Timestamp, Outcome)>,
}

/// A rotation at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    pub at: Timestamp,
    pub opened: Option<Opened>,
    pub opened_at: Option<Timestamp>,
    pub closed: Option<(Timestamp, bool, String)>,
    /// Since when, by whom and why the open rotation is paused.
    pub paused: Vec<Pause>,
    /// Who approved the regeneration, and when, of the rotation that is open or was last.
    pub approvals: Vec<(Timestamp, Approval)>,
    /// What people have accepted, in the rotation that is open or was last; what is over among it.
    pub acceptances: Vec<Acceptance>,
    /// Whether such an approval holds now, for what the vaults hold now.
    pub approved: bool,
    pub decision: Option<Decision>,
    /// What a restart alone, which was begun ahead of the rotation's own restarts, was halted by, and in which phase.
    pub restart_halted: Option<(Phase, Vec<Reason>)>,
    pub phases: Vec<PhaseReport>,
    pub steps: Vec<StepReport>,
    /// The one that was sent and is not over.
    pub regeneration: Option<Regeneration>,
    /// Runs that may still write the vaults or the account, or have just done so, the rotation's own among them:
    /// nothing is regenerated beside one.
    pub hazards: Vec<Reason>,
    pub world: World,
}

/// Where it stands, for whoever only looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outlook {
    /// The next step is due, whoever does it.
    Ready,
    /// Worth looking again then.
    Waits(Timestamp),
    Halted,
    Done,
    Enough,
}

impl Report {
    /// Draws up the report.
    pub fn of(decider: &Decider<'_>, fold: &Fold, world: &World, at: Timestamp) -> Report {
        let ctx = fold.rotation().map(|opened| decider.context(fold, opened, world, at));
        let decision = decide(decider, fold, world, at);
        let regeneration = ctx.as_ref().and_then(Regeneration::of);
        let hazards = ctx.as_ref().map(|ctx| no_hazard(ctx, ctx.policy.ages.ordinary)).unwrap_or_default();
        Report {
            at,
            opened: fold.opened.as_ref().map(|(_, opened)| opened.clone()),
            opened_at: fold.opened.as_ref().map(|(at, _)| *at),
            closed: fold.closed.clone(),
            paused: if fold.is_open() { fold.paused.clone() } else { Vec::new() },
            approvals: fold.approvals.clone(),
            acceptances: fold.acceptances.clone(),
            approved: ctx.as_ref().is_some_and(|ctx| approved(ctx, ctx.opened.from).is_empty()),
            phases: phases(fold, decision.as_ref(), decider.reach, regeneration.as_ref()),
            restart_halted: decision
                .as_ref()
                .and_then(|whole| halted(beside(decider, fold, world, at, whole)?)),
            decision,
            steps: steps(fold),
            regeneration,
            hazards: hazards
                .into_iter()
                .filter(|one| matches!(one.subject, Subject::Run(_) | Subject::Commit(_)))
                .collect(),
            world: world.clone(),
        }
    }

    /// Every reason behind the decision.
    pub fn reasons(&self) -> &[Reason] {
        match self.decision.as_ref().map(|decision| &decision.verdict) {
            Some(Verdict::Wait { reasons, .. } | Verdict::Halt { reasons }) => reasons,
            Some(Verdict::Act { held, .. }) => held,
            Some(Verdict::Record(_) | Verdict::Done | Verdict::Enough) | None => &[],
        }
    }

    /// What holds it, for whoever only looks: without the lease that is free, and without the pause, which is told by
    /// itself.
    pub fn held(&self) -> Vec<&Reason> {
        self.reasons()
            .iter()
            .filter(|one| one.gate != Gate::NotPaused && !one.is_free_lease(self.at))
            .collect()
    }
}

impl Report {
    /// Where it stands; `None` where no rotation is open.
    pub fn outlook(&self) -> Option<Outlook> {
        let verdict = &self.decision.as_ref()?.verdict;
        // Whatever is waited for meanwhile, a paused rotation goes nowhere until a person lets it.
        let rests = !self.paused.is_empty();
        Some(match verdict {
            Verdict::Done => Outlook::Done,
            Verdict::Enough => Outlook::Enough,
            Verdict::Halt { .. } => Outlook::Halted,
            Verdict::Wait { .. } | Verdict::Act { .. } if rests => Outlook::Halted,
            Verdict::Act { .. } | Verdict::Record(_) => Outlook::Ready,
            // Nothing but the lease is missing, which is taken when the step is due.
            Verdict::Wait { .. } if self.held().is_empty() => Outlook::Ready,
            Verdict::Wait { until, .. } => Outlook::Waits(*until),
        })
    }

    /// The phase that the decision is about, with its times.
    pub fn current(&self) -> Option<&PhaseReport> {
        let decision = self.decision.as_ref()?;
        self.phases.iter().find(|phase| (phase.leg, phase.phase) == (decision.leg, decision.phase))
    }
}

/// The regeneration's operation, as the journal has it.
pub fn operation(fold: &Fold) -> Option<Operation> {
    fold.steps
        .values()
        .filter(|record| matches!(record.intent.step, Step::Regenerate { .. }))
        .max_by_key(|record| record.intended_at)
        .and_then(|record| match &record.outcome {
            Some((_, Outcome::Applied { produced: Produced::Operation(operation) })) => {
                Some(operation.clone())
            }
            _ => None,
        })
}

/// The regeneration that was sent, as far as the journal knows, and whose new key nobody has confirmed: which key, and
/// when. A key that was prepared is out of doubt once the rotation has gone on.
pub fn unconfirmed(fold: &Fold) -> Option<(KeyKind, Timestamp)> {
    let went_on = fold.reached.iter().any(|(_, _, phase)| *phase >= Phase::Propose);
    let open = |step: &Step| match step {
        Step::Regenerate { kind, purpose: Purpose::Retire } => fold.confirmed.is_none().then_some(*kind),
        Step::Regenerate { kind, purpose: Purpose::Prepare } => (!went_on).then_some(*kind),
        _ => None,
    };
    fold.steps
        .values()
        .filter(|record| fold.is_open() && may_have_been_sent(record))
        .find_map(|record| Some((open(&record.intent.step)?, record.intended_at)))
}

/// What the steps of the open rotation have put into the world, and what stays there when it is closed: as far as the
/// journal tells, which knows nothing of other hands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Left {
    /// A branch, pushed for a pull request that was not opened.
    Branch(BranchName),
    Pull {
        number: PullNumber,
        branch: BranchName,
    },
    Run {
        run: RunId,
        branch: BranchName,
    },
}

/// Between which branches the open rotation may have a pull request that nobody has seen merged: those that were asked for,
/// whatever became of the answer, and those that a pushed branch is there for.
pub fn pulls_sent(fold: &Fold, base: &BranchName) -> BTreeSet<PullEnds> {
    let records = fold.steps.values().filter(|record| may_have_been_sent(record));
    let ends = |record: &StepRecord| {
        let (after, head, base) = match &record.intent.step {
            Step::PushProposal { leg, branch, .. } => (Some((*leg, Phase::Merge)), branch, base),
            Step::OpenPull { leg, branch, base, .. } => (Some((*leg, Phase::Merge)), branch, base),
            Step::PushPromotion { leg, branch, onto, .. } => (Some((*leg, Phase::Promote)), branch, onto),
            Step::OpenPromotion { leg, branch, base, .. } => (Some((*leg, Phase::Promote)), branch, base),
            Step::PushAgreement { branch, .. } => (None, branch, base),
            Step::OpenAgreement { branch, base, .. } => (None, branch, base),
            _ => return None,
        };
        let over = after.is_some_and(|(leg, phase)| went_on(fold, leg, phase));
        (!over).then(|| PullEnds { head: head.clone(), base: base.clone() })
    };
    records.filter_map(ends).collect()
}

/// Whether a later phase was reached. A restart alone passes over the phases of the code: that it was reached says nothing
/// of what is merged.
fn went_on(fold: &Fold, leg: Leg, after: Phase) -> bool {
    let later = |phase: Phase| phase > after && !matches!(phase, Phase::Restart | Phase::Quiesce);
    fold.reached.iter().any(|(_, on, phase)| *on == leg && later(*phase))
}

/// What is left open, in the order in which it was done.
pub fn left_open(fold: &Fold) -> Vec<Left> {
    let went_on = |leg, after| went_on(fold, leg, after);
    let mut records: Vec<_> = fold.steps.values().filter(|record| may_have_been_sent(record)).collect();
    records.sort_by_key(|record| record.first_intended_at);
    let opened = |branch: &BranchName| {
        records.iter().any(|record| {
            matches!(
                &record.intent.step,
                Step::OpenPull { branch: of, .. }
                    | Step::OpenPromotion { branch: of, .. }
                    | Step::OpenAgreement { branch: of, .. } if of == branch
            )
        })
    };
    let left = records.iter().filter_map(|record| {
        let produced = record.outcome.as_ref().map(|(_, outcome)| outcome);
        match (&record.intent.step, produced) {
            (Step::PushProposal { leg, branch, .. }, _) => {
                let pushed = !opened(branch) && !went_on(*leg, Phase::Merge);
                pushed.then(|| Left::Branch(branch.clone()))
            }
            (Step::PushPromotion { leg, branch, .. }, _) => {
                let pushed = !opened(branch) && !went_on(*leg, Phase::Promote);
                pushed.then(|| Left::Branch(branch.clone()))
            }
            // The rotation is closed when that has come to its end.
            (Step::PushAgreement { branch, .. }, _) => {
                (!opened(branch)).then(|| Left::Branch(branch.clone()))
            }
            (
                Step::OpenAgreement { branch, .. },
                Some(Outcome::Applied { produced: Produced::Pull(number) }),
            ) => Some(Left::Pull { number: *number, branch: branch.clone() }),
            (
                Step::OpenPromotion { leg, branch, .. },
                Some(Outcome::Applied { produced: Produced::Pull(number) }),
            ) => {
                let open = !went_on(*leg, Phase::Promote);
                open.then(|| Left::Pull { number: *number, branch: branch.clone() })
            }
            (
                Step::OpenPull { leg, branch, .. },
                Some(Outcome::Applied { produced: Produced::Pull(number) }),
            ) => {
                let open = !went_on(*leg, Phase::Merge);
                open.then(|| Left::Pull { number: *number, branch: branch.clone() })
            }
            (Step::Deploy { leg, branch, .. }, Some(Outcome::Applied { produced })) => {
                let (run, _) = produced.run().filter(|_| !went_on(*leg, Phase::Deploy))?;
                Some(Left::Run { run: run.clone(), branch: branch.clone() })
            }
            _ => None,
        }
    });
    left.collect()
}

fn steps(fold: &Fold) -> Vec<StepReport> {
    let mut steps: Vec<StepReport> = fold
        .steps
        .values()
        .map(|record| StepReport {
            step: record.intent.step.clone(),
            attempts: record.intent.attempt,
            intended: record.first_intended_at,
            outcome: record.outcome.clone(),
        })
        .collect();
    steps.sort_by_key(|step| step.intended);
    steps
}

fn phases(
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
