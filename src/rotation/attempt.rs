//! Whether a step may be tried (again), given what the journal says of earlier tries.

use std::time::Duration;

use jiff::Timestamp;

use super::reason::later;
use super::respite::again;
use super::{Context, Gate, Outcome, Reason, Step, StepRecord, Subject, Why};

/// How a step behaves when it is sent twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// The second one changes nothing: compare-and-swap, create-only, an identical patch; or whoever asks has settled that
    /// the first one did nothing.
    Harmless,
    /// The second one does it again: only a look after this long may judge.
    After(Duration),
}

/// `Ok` when the step may be sent now. Its effect is known not to be visible: whoever asks has just looked.
///
/// # Errors
/// The reason to wait, or to ask a person.
pub fn may_try(
    ctx: &Context<'_>,
    gate: Gate,
    subject: &Subject,
    step: &Step,
    repeat: Repeat,
) -> Result<(), Box<Reason>> {
    let Some(record) = ctx.record(step) else { return Ok(()) };
    let hold = |why| Err(Box::new(Reason::new(gate, subject.clone(), why)));
    let settle = match repeat {
        Repeat::Harmless => Duration::ZERO,
        Repeat::After(settle) => settle,
    };
    let not_before = |until| {
        let said = record.said().map(str::to_owned);
        let open = || Why::OutcomeOpen { step: step.to_string(), taken: false, run: None, until, said };
        if until <= ctx.now { Ok(()) } else { hold(open()) }
    };
    match &record.outcome {
        None => not_before(later(record.intended_at, settle)),
        Some((at, Outcome::Unknown { why })) => {
            if let Some((since, attempts)) = given_up(ctx, record) {
                let (step, said) = (step.to_string(), why.clone());
                return hold(Why::NeverArrives { step, attempts, since, said });
            }
            // One lost answer may be an accident; whoever loses the second as well may lose any number.
            let pause = if record.intent.attempt > 1 { ctx.policy.pace.account } else { Duration::ZERO };
            not_before(later(record.intended_at, settle).max(later(*at, pause)))
        }
        Some((at, Outcome::Applied { produced })) => {
            // The service took it, yet it is not to be seen: its lists lag. Never sooner than a pause.
            let until = later(*at, settle.max(ctx.policy.pace.people));
            let run = produced.run().map(|(run, _)| run.clone());
            let open = || Why::OutcomeOpen { step: step.to_string(), taken: true, run, until, said: None };
            if until <= ctx.now { Ok(()) } else { hold(open()) }
        }
        Some((at, Outcome::NotSent { why })) => {
            deferred(ctx, step, later(*at, ctx.policy.pace.account), why, hold)
        }
        Some((at, Outcome::Refused { why, later: true, respite })) => {
            deferred(ctx, step, again(ctx, record, *at, *respite), why, hold)
        }
        Some((_, Outcome::Refused { later: false, .. })) if record.resumed => Ok(()),
        Some((_, Outcome::Refused { why, later: false, .. })) => {
            hold(Why::StepRefused { step: step.to_string(), why: why.clone() })
        }
    }
}

/// So many attempts without an answer, and so long after the first of them, are no accident: a person is called.
const ATTEMPTS: u32 = 5;
const TRIED_FOR: Duration = Duration::from_secs(600);

/// Since when nobody has answered, and how often it was tried since, where that was often enough.
fn given_up(ctx: &Context<'_>, record: &StepRecord) -> Option<(Timestamp, u32)> {
    let long =
        |(since, attempts): &(Timestamp, u32)| *attempts >= ATTEMPTS && later(*since, TRIED_FOR) <= ctx.now;
    record.unanswered.filter(long)
}

fn deferred(
    ctx: &Context<'_>,
    step: &Step,
    until: Timestamp,
    why: &str,
    hold: impl Fn(Why) -> Result<(), Box<Reason>>,
) -> Result<(), Box<Reason>> {
    if until <= ctx.now {
        return Ok(());
    }
    hold(Why::StepDeferred { step: step.to_string(), why: why.to_owned(), until })
}

/// An earlier try may have arrived, and what does not show its trace was seen before it had to: another is only asked for on
/// a look that is late enough.
pub fn looked_too_soon(ctx: &Context<'_>, step: &Step, seen_at: Option<Timestamp>) -> bool {
    let Some(record) = ctx.record(step).filter(|record| may_have_been_sent(record)) else { return false };
    let until = later(record.intended_at, ctx.policy.settle);
    until <= ctx.now && seen_at.is_none_or(|at| at < until)
}

/// Whether we know, or must assume, that the step was sent.
pub fn may_have_been_sent(record: &StepRecord) -> bool {
    match &record.outcome {
        None | Some((_, Outcome::Applied { .. } | Outcome::Unknown { .. })) => true,
        Some((_, Outcome::NotSent { .. } | Outcome::Refused { .. })) => false,
    }
}
