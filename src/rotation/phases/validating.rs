//! The validation pipeline of an open pull request: a run on exactly its head is looked for before anybody is told that
//! there is none, and started where the configuration allows that.
//!
//! What counts is the check on the head, as the forge tells it; a run that was found only tells what becomes of it.

use super::super::attempt::{Repeat, may_have_been_sent, may_try};
use super::super::reason::later;
use super::super::{Context, Gate, Outcome, Produced, Reason, Step, Subject, Why};
use super::merge::Awaited;
use super::merging;
use crate::model::{EvidenceKey, PullHead, PullView, PullWait, ReleaseView, RunView, ValidationPolicy};

/// What is known of the run that the checks wait for.
pub(super) enum Validation {
    /// No check waits for one, or nobody says what would start it.
    Unasked,
    /// Nobody has started one.
    Start(Step),
    /// How it stands, or why none is started.
    Told(Vec<Reason>),
}

pub(super) fn validation(
    ctx: &Context<'_>,
    code: &ReleaseView,
    pull: &PullView,
    of: &Awaited<'_>,
) -> Validation {
    let policy = ctx.policy.pulls.validation.as_ref();
    let Some(policy) = policy.filter(|policy| policy.is_awaited(&pull.waits)) else {
        return Validation::Unasked;
    };
    let head = PullHead { pull: pull.number, branch: pull.head_branch.clone(), commit: pull.head.clone() };
    let told = |why| told(ctx, vec![about(pull, why)]);
    let runs = match ctx.validation(&head, ctx.policy.ages.ordinary) {
        Ok(runs) => runs,
        Err(reason) => return self::told(ctx, vec![*reason]),
    };
    if let Some(why) = found(policy, runs) {
        return told(why);
    }
    let step = Step::StartValidation {
        leg: ctx.leg,
        pull: head.pull,
        branch: head.branch.clone(),
        head: head.commit.clone(),
        skip: policy.skip.clone(),
    };
    // It was answered, so there is one: whatever the list says, another would be a second one.
    if let Some(Some((_, Outcome::Applied { produced }))) = ctx.record(&step).map(|record| &record.outcome) {
        let (run, elsewhere) = match produced {
            Produced::Run(run) => (Some(run.clone()), None),
            Produced::RunElsewhere { run, commit } => (Some(run.clone()), Some(commit.clone())),
            _ => (None, None),
        };
        return told(Why::ValidationAsked { pipeline: policy.pipeline.clone(), run, elsewhere });
    }
    let (pipeline, page) = (policy.pipeline.clone(), policy.page.clone());
    let to_start = Why::ValidationToStart { pipeline, at: Box::new(head.clone()), page };
    // A conflict is resolved by another head, which wants a run of its own.
    if !policy.start || pull.waits.contains(&PullWait::Conflict) {
        return told(to_start);
    }
    if ctx.holding(vec![about(pull, to_start)]).is_empty() {
        // Whoever has accepted that it is missing wants none.
        return Validation::Unasked;
    }
    match may_start(ctx, code, pull, of, &head, &step) {
        Ok(()) => Validation::Start(step),
        Err(reason) => self::told(ctx, vec![*reason]),
    }
}

fn about(pull: &PullView, why: Why) -> Reason {
    Reason::new(Gate::Validated, Subject::Pull(pull.number), why)
}

fn told(ctx: &Context<'_>, reasons: Vec<Reason>) -> Validation {
    Validation::Told(ctx.holding(reasons))
}

/// The run on this head that matters: one that goes on, else the newest. It was started, by whomever.
fn found(policy: &ValidationPolicy, runs: &[RunView]) -> Option<Why> {
    let pipeline = policy.pipeline.clone();
    let run = runs.iter().find(|run| !run.state.is_over()).or(runs.first())?;
    let (url, state) = (run.url.clone(), run.state);
    Some(match state.is_over() {
        true => Why::ValidationEnded { pipeline, url, state, at: run.finished },
        false => Why::ValidationRuns { pipeline, url, state, since: run.started },
    })
}

/// A run executes what its head says, so the head is one that keyslot has read, and its tree reads the wanted slot.
fn may_start(
    ctx: &Context<'_>,
    code: &ReleaseView,
    pull: &PullView,
    of: &Awaited<'_>,
    head: &PullHead,
    step: &Step,
) -> Result<(), Box<Reason>> {
    merging::read_and_right(ctx, code, pull, of)?;
    if looked_too_soon(ctx, head, step) {
        return Err(Box::new(about(pull, Why::NotSeen(EvidenceKey::Validation(head.clone())))));
    }
    let subject = Subject::Pull(pull.number);
    may_try(ctx, Gate::Validated, &subject, step, Repeat::After(ctx.policy.settle)).map_err(|reason| {
        match reason.why {
            // Whoever may start it still can.
            Why::StepRefused { step, why } => Box::new(about(pull, Why::ValidationRefused { step, why })),
            _ => reason,
        }
    })
}

/// An earlier try may have arrived, and the list that does not show its run was read before it had to.
fn looked_too_soon(ctx: &Context<'_>, head: &PullHead, step: &Step) -> bool {
    let Some(record) = ctx.record(step).filter(|record| may_have_been_sent(record)) else { return false };
    let until = later(record.intended_at, ctx.policy.settle);
    let seen_at = ctx.world.validations.get(head).map(|seen| seen.at);
    until <= ctx.now && seen_at.is_none_or(|at| at < until)
}
