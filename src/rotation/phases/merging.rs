//! What keyslot itself does about an open pull request: it dresses it once, asks the forge to merge it, or merges it, where
//! the forge says that it has nothing to wait for, too; and takes back what it asked for where that would merge another change than the one that was judged.
//!
//! The forge's rules are the forge's: they hold for whoever presses the button. What is judged here is what no rule of
//! the forge knows: that the head is one whose tree reads the wanted slot alone, that nobody but keyslot has pushed to it
//! since somebody last approved it, and, before the forge is asked, that the checks have passed that no rule requires.

use super::super::attempt::{Repeat, may_have_been_sent, may_try};
use super::super::predicate::{push_may_start, target_proven};
use super::super::reason::later;
use super::super::{Context, Gate, Outcome, Reason, Step, Subject, Why};
use super::merge::{Awaited, fetched_before};
use super::own::{brings_along, is_own};
use super::propose::{ends, tree_resolved};
use crate::model::{EvidenceKey, Merging, PullState, PullView, PullWait, ReleaseView, Respite};

/// What is to be done, if anything.
pub(super) enum Next {
    Nothing,
    Do(Step),
    /// keyslot would, and may not.
    Held(Box<Reason>),
}

pub(super) fn next(ctx: &Context<'_>, code: &ReleaseView, pull: &PullView, of: &Awaited<'_>) -> Next {
    if let Some(next) = withdrawal(ctx, code, pull, of) {
        return next;
    }
    if let Some(step) = dress(ctx, pull, of) {
        return Next::Do(step);
    }
    // Told where people merge, too.
    let wrong = more_than_the_change(ctx, code, pull, of).or_else(|| merge_is_wrong(ctx, code, pull, of));
    if let Some(reason) = wrong {
        return Next::Held(reason);
    }
    let (leg, number, head) = (ctx.leg, pull.number, pull.head.clone());
    let method = ctx.policy.pulls.method;
    let queued = |queued| pull.waits.contains(&PullWait::Queue { queued });
    let step = match ctx.policy.pulls.merging {
        Merging::People => return Next::Nothing,
        Merging::Keyslot if !ctx.reach.merges() => return Next::Nothing,
        Merging::Keyslot if pull.is_mergeable() => Step::MergePull { leg, pull: number, head, method },
        // Into a queue nothing is merged directly: it is put there, and the queue merges.
        Merging::Keyslot if queued(false) => Step::AutoMerge { leg, pull: number, head, method },
        Merging::Auto if may_be_asked_for(pull) || could_be_merged(pull) => {
            if let Some(reason) = unvalidated(ctx, pull) {
                return Next::Held(reason);
            }
            let asked = Step::AutoMerge { leg, pull: number, head: head.clone(), method };
            match could_be_merged(pull) && found_nothing_to_wait_for(ctx, &asked) {
                true => Step::MergePull { leg, pull: number, head, method },
                false => asked,
            }
        }
        Merging::Keyslot | Merging::Auto => return Next::Nothing,
    };
    if let Some(reason) = taken_back(ctx, pull, &step, of) {
        return Next::Held(reason);
    }
    let judged =
        proven(ctx).and_then(|()| startable(ctx, code, of)).and_then(|()| judged(ctx, code, pull, of));
    match judged.and_then(|()| tried(ctx, pull, &step, of)) {
        Ok(()) => Next::Do(step),
        Err(reason) => Next::Held(reason),
    }
}

/// The forge merges whatever stands there when its rules allow, also what somebody has pushed since, and a queue what stands
/// in it. What others asked it for is theirs.
fn withdrawal(ctx: &Context<'_>, code: &ReleaseView, pull: &PullView, of: &Awaited<'_>) -> Option<Next> {
    if !(pull.auto_merge || is_queued(pull)) || !is_our_wish(ctx, pull) {
        return None;
    }
    let judged = startable(ctx, code, of).and_then(|()| judged(ctx, code, pull, of));
    let reason = judged.err().or_else(|| unvalidated(ctx, pull))?;
    // What cannot be seen just now is no reason to take anything back.
    let passes = matches!(&reason.why, Why::Blind { blind, .. } if !blind.kind.is_refusal());
    if reason.is_blindness() || passes {
        return Some(Next::Held(reason));
    }
    let step = Step::WithdrawMerge { leg: ctx.leg, pull: pull.number, head: pull.head.clone() };
    match tried(ctx, pull, &step, of) {
        Ok(()) => Some(Next::Do(step)),
        Err(reason) => Some(Next::Held(reason)),
    }
}

/// Whether it was keyslot that last asked the forge to merge it, as far as the journal knows.
fn is_our_wish(ctx: &Context<'_>, pull: &PullView) -> bool {
    let records = || ctx.fold.steps.values();
    let asked = records().filter(|record| {
        matches!(&record.intent.step, Step::AutoMerge { pull: of, .. } if *of == pull.number)
            && may_have_been_sent(record)
    });
    let Some(asked) = asked.map(|record| record.intended_at).max() else { return false };
    let withdrawn = records().filter(|record| {
        matches!(&record.intent.step, Step::WithdrawMerge { pull: of, .. } if *of == pull.number)
            && matches!(&record.outcome, Some((_, Outcome::Applied { .. })))
    });
    withdrawn.map(|record| record.intended_at).max() < Some(asked)
}

/// The forge had taken the wish for this very head, and shows none now, when it must by now: whoever took it back means it, and a
/// queue puts out what does not pass in it.
fn taken_back(ctx: &Context<'_>, pull: &PullView, step: &Step, of: &Awaited<'_>) -> Option<Box<Reason>> {
    let Step::AutoMerge { head, .. } = step else { return None };
    let record = ctx.record(step).filter(|_| is_our_wish(ctx, pull))?;
    let Some((at, Outcome::Applied { .. })) = &record.outcome else { return None };
    let shown_by = later(*at, ctx.policy.settle.max(ctx.policy.pace.people));
    if ctx.now < shown_by {
        return None;
    }
    let queue = pull.waits.contains(&PullWait::Queue { queued: false });
    let why = Why::WishTakenBack { head: head.clone(), queue };
    let reason = Reason::new(of.gate, Subject::Pull(pull.number), why);
    ctx.holding(vec![reason]).into_iter().next().map(Box::new)
}

/// It is in the merge queue, whatever holds it besides.
fn is_queued(pull: &PullView) -> bool {
    pull.waits.contains(&PullWait::Queue { queued: true })
}

/// Once, whatever becomes of it: what people take away again stays away, and what was refused holds nothing up.
fn dress(ctx: &Context<'_>, pull: &PullView, of: &Awaited<'_>) -> Option<Step> {
    let dress = &ctx.policy.pulls.dress;
    if dress.is_empty() {
        return None;
    }
    let step = Step::DressPull { leg: ctx.leg, pull: pull.number, dress: dress.clone() };
    let applied = ctx.record(&step).is_some_and(|record| record.applied);
    // What is there already is not asked for again.
    let may = || may_try(ctx, of.gate, &Subject::Pull(pull.number), &step, Repeat::Harmless).is_ok();
    (!applied && may()).then_some(step)
}

/// Whether the forge was asked to merge the proposal, by whomever, or it has come to its end.
pub fn merge_is_asked(ctx: &Context<'_>) -> bool {
    let pull = ctx.world.pulls.get(&ends(ctx)).and_then(|seen| seen.get()?.as_ref());
    pull.is_none_or(|pull| pull.auto_merge || is_queued(pull) || pull.state != PullState::Open)
}

/// The forge takes the wish only while something holds the pull request that may still open by itself.
fn may_be_asked_for(pull: &PullView) -> bool {
    let hopeless = |wait: &PullWait| {
        matches!(wait, PullWait::Draft | PullWait::Conflict | PullWait::NotComputed | PullWait::Mergeable)
    };
    !pull.auto_merge && !is_queued(pull) && !pull.waits.iter().any(hopeless)
}

/// Everything that was waited for has come before the forge was asked. Where nobody wants a review nor a check there was
/// nothing to wait for, and people merge.
fn could_be_merged(pull: &PullView) -> bool {
    let is_watched = pull.reviews_wanted > 0 || !pull.checks.is_empty();
    !pull.auto_merge && pull.is_mergeable() && is_watched
}

/// The forge has refused the wish for this head because nothing holds it any more. What it would have done with the wish is
/// then for whoever wished; where it takes none at all it says so in other words, and people merge.
fn found_nothing_to_wait_for(ctx: &Context<'_>, asked: &Step) -> bool {
    let outcome = ctx.record(asked).and_then(|record| record.outcome.as_ref());
    matches!(outcome, Some((_, Outcome::Refused { later: true, respite: Respite::Unsaid, .. })))
}

/// A check that the team asks for and no rule requires, where it has not passed: the forge would not wait for it.
fn unvalidated(ctx: &Context<'_>, pull: &PullView) -> Option<Box<Reason>> {
    let open = pull.checks.iter().filter(|check| !check.required && check.passed != Some(true));
    let reasons = open.map(|check| {
        let why = Why::CheckNotPassed { name: check.name.clone(), passed: check.passed, merged: false };
        Reason::new(Gate::Validated, Subject::Pull(pull.number), why)
    });
    ctx.holding(reasons.collect()).into_iter().next().map(Box::new)
}

/// The target key is proven: what is merged may be deployed at once.
fn proven(ctx: &Context<'_>) -> Result<(), Box<Reason>> {
    let unproven = ctx.holding(target_proven(ctx, ctx.target(), ctx.policy.ages.proof));
    unproven.into_iter().next().map_or(Ok(()), |reason| Err(Box::new(reason)))
}

/// Where the merge is what starts the run, that run may be started.
fn startable(ctx: &Context<'_>, code: &ReleaseView, of: &Awaited<'_>) -> Result<(), Box<Reason>> {
    let deployed = &code.deployed().branch;
    let held = match of.ends.base == *deployed {
        true => ctx.holding(push_may_start(ctx, deployed)),
        false => Vec::new(),
    };
    held.into_iter().next().map_or(Ok(()), |reason| Err(Box::new(reason)))
}

/// The head is the one whose tree was read, and it reads the wanted slot alone.
pub(super) fn read_and_right(
    ctx: &Context<'_>,
    code: &ReleaseView,
    pull: &PullView,
    of: &Awaited<'_>,
) -> Result<(), Box<Reason>> {
    let hold = |why| Err(Box::new(Reason::new(of.gate, Subject::Pull(pull.number), why)));
    let view = code.proposals.get(&of.ends.head).filter(|view| view.head == pull.head);
    let Some(view) = view else {
        return hold(match fetched_before(ctx, of.ends) {
            true => Why::NotSeen(EvidenceKey::Code),
            false => Why::HeadNotJudged { head: pull.head.clone() },
        });
    };
    if let Some(reason) = tree_resolved(view).into_iter().next() {
        return Err(Box::new(reason));
    }
    let (reads, wanted) = (view.claim.reads, ctx.target());
    match reads.is(wanted) {
        true => Ok(()),
        false => hold(Why::BranchReads { reads, wanted }),
    }
}

/// Merged now, it would bring more than the change to the branch that it goes to: whoever approved it may have seen the
/// change alone.
fn more_than_the_change(
    ctx: &Context<'_>,
    code: &ReleaseView,
    pull: &PullView,
    of: &Awaited<'_>,
) -> Option<Box<Reason>> {
    let view = code.proposals.get(&pull.head_branch).filter(|view| view.head == pull.head)?;
    if !brings_along(ctx, view, &pull.base) {
        return None;
    }
    let why = Why::BringsAlong { head: pull.head.clone(), base: pull.base.clone() };
    let reason = Reason::new(of.gate, Subject::Pull(pull.number), why);
    ctx.holding(vec![reason]).into_iter().next().map(Box::new)
}

/// What the branch that it goes to has got since is merged with it: a reader of the other slot among that makes both of them.
fn merge_is_wrong(
    ctx: &Context<'_>,
    code: &ReleaseView,
    pull: &PullView,
    of: &Awaited<'_>,
) -> Option<Box<Reason>> {
    let view = code.proposals.get(&pull.head_branch).filter(|view| view.head == pull.head)?;
    let (wanted, base) = (ctx.target(), pull.base.clone());
    let reads = view.brings.get(&base)?.merged_reads?;
    // A head that is wrong by itself is told as that.
    if reads.is(wanted) || !view.claim.reads.is(wanted) {
        return None;
    }
    let reason =
        Reason::new(of.gate, Subject::Pull(pull.number), Why::MergeWouldRead { base, reads, wanted });
    ctx.holding(vec![reason]).into_iter().next().map(Box::new)
}

/// The head is one that was read and is right, and it is keyslot's own commit or approved.
fn judged(
    ctx: &Context<'_>,
    code: &ReleaseView,
    pull: &PullView,
    of: &Awaited<'_>,
) -> Result<(), Box<Reason>> {
    read_and_right(ctx, code, pull, of)?;
    let wrong = more_than_the_change(ctx, code, pull, of).or_else(|| merge_is_wrong(ctx, code, pull, of));
    if let Some(reason) = wrong {
        return Err(reason);
    }
    // As many as the base branch wants: it may count approvals of what was there before the last push.
    let view = code.proposals.get(&pull.head_branch).filter(|view| view.head == pull.head);
    let ours = view.is_some_and(|view| is_own(ctx, view, &pull.base));
    let needed = if ours { pull.reviews_wanted } else { pull.reviews_wanted.max(1) };
    let waits_for_reviews = pull.waits.iter().any(|wait| matches!(wait, PullWait::Reviews { .. }));
    match pull.approved() >= needed as usize || (waits_for_reviews && ours) {
        true => Ok(()),
        false => {
            let why = Why::PushedSince { head: pull.head.clone() };
            Err(Box::new(Reason::new(of.gate, Subject::Pull(pull.number), why)))
        }
    }
}

/// A refusal is told and waited out: whoever may merge it still can.
fn tried(ctx: &Context<'_>, pull: &PullView, step: &Step, of: &Awaited<'_>) -> Result<(), Box<Reason>> {
    let subject = Subject::Pull(pull.number);
    let repeat = match step {
        // It names the head, and what is merged cannot be merged again; a wish that is gone cannot be taken back again.
        Step::MergePull { .. } | Step::WithdrawMerge { .. } => Repeat::Harmless,
        _ => Repeat::After(ctx.policy.settle),
    };
    may_try(ctx, of.gate, &subject, step, repeat).map_err(|reason| match reason.why {
        Why::StepRefused { step, why } => {
            Box::new(Reason::new(of.gate, subject, Why::MergeRefused { step, why }))
        }
        _ => reason,
    })
}
