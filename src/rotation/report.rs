//! Where a rotation stands, as a value for `status`, `explain`, reports and machine output. Pure: from the folded
//! journal, the last decision and what was seen.

mod left;
mod phases;
mod sent;

use std::sync::Arc;

use jiff::Timestamp;

pub use self::left::{Left, left_open, pulls_sent};
use self::phases::phases;
pub use self::phases::{PhaseReport, PhaseState};
pub use self::sent::{operation, unconfirmed};
use super::beside::{beside, halted};
use super::predicate::{approved, no_hazard};
use super::{
    Acceptance, Approval, Decider, Decision, Fold, Gate, Opened, Outcome, Pause, Phase, Reason, Regeneration,
    Step, Subject, Verdict, decide,
};
use crate::model::World;

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
    pub world: Arc<World>,
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
    pub fn of(decider: &Decider<'_>, fold: &Fold, world: &Arc<World>, at: Timestamp) -> Report {
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
            world: Arc::clone(world),
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
