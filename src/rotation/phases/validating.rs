//! The validation pipeline of an open pull request: a run on exactly its head is looked for before anybody is told that
//! there is none, and started where the configuration allows that.
//!
//! What counts is the check on the head, as the forge tells it; a run that was found only tells what becomes of it.

use super::super::attempt::{Repeat, looked_too_soon, may_try};
use super::super::{Context, Gate, Outcome, Reason, Step, Subject, Why};
use super::merge::Awaited;
use super::merging;
use crate::model::{EvidenceKey, PullHead, PullView, PullWait, ReleaseView, RunView, ValidationPolicy};

/// The step that starts a run where the checks wait for one that nobody has started.
///
/// # Errors
/// How it stands, or why none is started; nothing where no check waits for one, or nobody says what would start it.
pub(super) fn validation(
    ctx: &Context<'_>,
    code: &ReleaseView,
    pull: &PullView,
    of: &Awaited<'_>,
) -> Result<Step, Vec<Reason>> {
    let policy = ctx.policy.pulls.validation.as_ref();
    let Some(policy) = policy.filter(|policy| policy.is_awaited(&pull.waits)) else {
        return Err(Vec::new());
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
        let (run, elsewhere) = produced.run().unzip();
        let (run, elsewhere) = (run.cloned(), elsewhere.flatten().cloned());
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
        return Err(Vec::new());
    }
    match may_start(ctx, code, pull, of, &head, &step) {
        Ok(()) => Ok(step),
        Err(reason) => self::told(ctx, vec![*reason]),
    }
}

fn about(pull: &PullView, why: Why) -> Reason {
    Reason::new(Gate::Validated, Subject::Pull(pull.number), why)
}

fn told(ctx: &Context<'_>, reasons: Vec<Reason>) -> Result<Step, Vec<Reason>> {
    Err(ctx.holding(reasons))
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
    if looked_too_soon(ctx, step, ctx.world.validations.get(head).map(|seen| seen.at)) {
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
