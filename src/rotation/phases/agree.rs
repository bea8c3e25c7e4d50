//! A base branch that was changed back after the old key had gone, while the live release stayed where everybody is: the
//! change is proposed to it once more, as the first time, and waited for.
//!
//! Once, on a branch of its own: where that is merged and the base branch reads the other slot again, somebody means it,
//! and a person is asked. A live release that was changed back is people's from the beginning: it is what runs.

use super::super::attempt::{Repeat, may_try};
use super::super::{Context, Gate, Reason, Stand, Step, Subject};
use super::merge::{Awaited, awaited};
use super::own::unless_of_others;
use super::propose::{proposable, tree_resolved};
use crate::model::{BranchName, BranchView, PullEnds, ReleaseView};

const GATE: Gate = Gate::Agreement;

/// Whether the base branch alone reads something else than everybody.
pub fn is_due(ctx: &Context<'_>, code: &ReleaseView) -> bool {
    let is_there = |release: &BranchView| release.claim.reads.is(ctx.target());
    !code.base.claim.reads.is(ctx.target()) && code.release.as_ref().is_some_and(is_there)
}

/// Where the proposal stands; `told` is why there is one.
pub fn stand(ctx: &Context<'_>, code: &ReleaseView, told: Vec<Reason>) -> Stand {
    let branch = ctx.opened.agreement_branch(ctx.leg);
    let ends = PullEnds { head: branch.clone(), base: code.base.branch.clone() };
    let pull = match ctx.pull(&ends, GATE, ctx.policy.ages.ordinary) {
        Ok(pull) => pull,
        Err(reason) => return Stand::Held(vec![*reason]),
    };
    if let Some(pull) = pull {
        return awaited(ctx, code, pull, &Awaited { gate: GATE, ends: &ends, reads: code.base.claim.reads });
    }
    let mut reasons = ctx.holding(tree_resolved(&code.base));
    reasons.extend(ctx.holding(proposable(ctx)));
    if !reasons.is_empty() {
        return Stand::Held(told.into_iter().chain(reasons).collect());
    }
    let (step, repeat) = step(ctx, code, &branch);
    let view = code.proposals.get(&branch);
    match may_try(ctx, GATE, &Subject::Branch(branch.clone()), &step, repeat) {
        Ok(()) => unless_of_others(ctx, GATE, view, &code.base.branch, Stand::Act(vec![step])),
        Err(reason) => Stand::Held(told.into_iter().chain([*reason]).collect()),
    }
}

fn step(ctx: &Context<'_>, code: &ReleaseView, branch: &BranchName) -> (Step, Repeat) {
    let (leg, branch, to) = (ctx.leg, branch.clone(), ctx.target());
    if code.proposals.contains_key(&branch) {
        let base = code.base.branch.clone();
        // The forge's list may lag behind what it has taken; asked again, it would say that there is one.
        return (Step::OpenAgreement { leg, branch, base, to }, Repeat::After(ctx.policy.settle));
    }
    let parent = code.base.head.clone();
    (Step::PushAgreement { leg, branch, parent, to }, Repeat::Harmless)
}
