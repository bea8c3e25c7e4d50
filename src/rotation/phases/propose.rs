//! Propose: the flip commit on a branch of its own, and the pull request to the base branch. One that somebody closed,
//! or that was merged without bringing the change, is no proposal any more, and a person is asked.

use super::super::attempt::{Repeat, may_try};
use super::super::predicate::{target_proven, vault_sound};
use super::super::{Context, Gate, Leg, Reason, Stand, Step, Subject, Why};
use super::merge::{Awaited, awaited};
use super::own::unless_of_others;
use crate::model::{BranchName, BranchView, PullEnds, PullState, PullView, ReleaseView, SlotUse};

/// From which branch to which the change is proposed.
pub fn ends(ctx: &Context<'_>) -> PullEnds {
    PullEnds { head: ctx.opened.proposal_branch(ctx.leg), base: ctx.policy.base_branch.clone() }
}

pub fn stand(ctx: &Context<'_>) -> Stand {
    let gate = Gate::TreeResolved;
    let code = match ctx.code(gate, ctx.policy.ages.ordinary) {
        Ok(code) => code,
        Err(reason) => return Stand::Held(vec![*reason]),
    };
    if code.base.claim.reads.is(ctx.target()) {
        return Stand::Passed;
    }
    let ends = ends(ctx);
    let Some(view) = code.proposals.get(&ends.head) else { return push(ctx, code, &ends) };
    match ctx.pull(&ends, gate, ctx.policy.ages.ordinary) {
        Err(reason) => Stand::Held(vec![*reason]),
        Ok(Some(pull)) => proposed(ctx, code, pull, &ends),
        Ok(None) => {
            let PullEnds { head: branch, base } = ends;
            let step =
                Step::OpenPull { leg: ctx.leg, branch: branch.clone(), base: base.clone(), to: ctx.target() };
            // Its list may lag behind what the forge has taken; asked again, it would say that there is one.
            let act = act(ctx, branch, step, Repeat::After(ctx.policy.settle));
            unless_of_others(ctx, gate, Some(view), &base, act)
        }
    }
}

fn push(ctx: &Context<'_>, code: &ReleaseView, ends: &PullEnds) -> Stand {
    let branch = ends.head.clone();
    let parent = code.base.head.clone();
    let step = Step::PushProposal { leg: ctx.leg, branch: branch.clone(), parent, to: ctx.target() };
    // A branch that is gone after its pull request's end is not made anew, and none is pushed for which nothing can be opened.
    match ctx.pull(ends, Gate::Merged, ctx.policy.ages.ordinary) {
        Ok(Some(pull)) => return proposed(ctx, code, pull, ends),
        Ok(None) => {}
        Err(reason) => return Stand::Held(vec![*reason]),
    }
    let mut reasons = ctx.holding(tree_resolved(&code.base));
    reasons.extend(ctx.holding(proposable(ctx)));
    if !reasons.is_empty() {
        return Stand::Held(reasons);
    }
    act(ctx, branch, step, Repeat::Harmless)
}

/// The base branch does not read the slot yet: an open pull request is on its way there, and one that has ended is not.
fn proposed(ctx: &Context<'_>, code: &ReleaseView, pull: &PullView, ends: &PullEnds) -> Stand {
    match pull.state {
        PullState::Open => Stand::Passed,
        // Nobody has to go back; who waits for the way back to be merged is told in the next phase.
        PullState::Closed | PullState::Merged { .. } if ctx.leg == Leg::Back => Stand::Passed,
        PullState::Closed | PullState::Merged { .. } => {
            let reads = code.base.claim.reads;
            awaited(ctx, code, pull, &Awaited { gate: Gate::Merged, ends, reads })
        }
    }
}

/// A proposal changes nothing by itself, so who is asked for it alone may make it from where the data plane cannot be
/// reached; what is known against the target key holds all the same, and whatever follows wants the proof.
pub fn proposable(ctx: &Context<'_>) -> Vec<Reason> {
    let mut reasons = target_proven(ctx, ctx.target(), ctx.policy.ages.proof);
    if ctx.reach.only_proposes() {
        let stamps = ctx.policy.stamps.iter();
        reasons.extend(stamps.flat_map(|stamp| vault_sound(ctx, &stamp.name, ctx.policy.ages.ordinary)));
        reasons.retain(|reason| !matches!(reason.why, Why::Blind { .. } | Why::ProofInconclusive { .. }));
    }
    reasons
}

/// What the remote or the forge refuses holds the merge; nothing is wrong with the tree.
fn act(ctx: &Context<'_>, branch: BranchName, step: Step, repeat: Repeat) -> Stand {
    match may_try(ctx, Gate::Merged, &Subject::Branch(branch), &step, repeat) {
        Ok(()) => Stand::Act(vec![step]),
        Err(reason) => Stand::Held(vec![*reason]),
    }
}

/// The tree can be flipped: parsed whole, every reference resolved, at least one there; and `check` finds no error in it.
pub fn tree_resolved(view: &BranchView) -> Vec<Reason> {
    let gate = Gate::TreeResolved;
    let subject = Subject::Branch(view.branch.clone());
    if !view.claim.problems.is_empty() {
        let problems = view.claim.problems.clone();
        return vec![Reason::new(gate, subject, Why::TreeProblems { problems })];
    }
    match view.claim.reads {
        SlotUse::None => vec![Reason::new(gate, subject, Why::NoReference)],
        SlotUse::Unknown => {
            let problems = vec!["a reference could not be resolved".to_owned()];
            vec![Reason::new(gate, subject, Why::TreeProblems { problems })]
        }
        SlotUse::Only(_) | SlotUse::Mixed => Vec::new(),
    }
}
