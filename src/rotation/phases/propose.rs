//! Propose: the flip commit on a branch of its own, and the pull request to the base branch.

use super::super::attempt::{Repeat, may_try};
use super::super::predicate::target_proven;
use super::super::{Context, Gate, Reason, Stand, Step, Subject, Why};
use crate::model::{BranchName, BranchView, SlotUse};

pub fn branch_name(ctx: &Context<'_>) -> BranchName {
    ctx.opened.proposal_branch(ctx.leg)
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
    let branch = branch_name(ctx);
    if !code.proposals.contains_key(&branch) {
        // A branch that is gone after its merge is not made anew: merge asks the forge.
        if let Some(true) = already_merged(ctx, &branch) {
            return Stand::Passed;
        }
        let mut reasons = ctx.holding(tree_resolved(&code.base));
        reasons.extend(ctx.holding(proposable(ctx)));
        if !reasons.is_empty() {
            return Stand::Held(reasons);
        }
        let step = Step::PushProposal {
            leg: ctx.leg,
            branch: branch.clone(),
            parent: code.base.head.clone(),
            to: ctx.target(),
        };
        return act(ctx, gate, branch, step, Repeat::Harmless);
    }
    match ctx.pull(&branch, gate, ctx.policy.ages.ordinary) {
        Err(reason) => Stand::Held(vec![*reason]),
        Ok(Some(_)) => Stand::Passed,
        Ok(None) => {
            let base = ctx.policy.base_branch.clone();
            let step = Step::OpenPull { leg: ctx.leg, branch: branch.clone(), base, to: ctx.target() };
            // Its list may lag behind what the forge has taken; asked again, it would say that there is one.
            act(ctx, gate, branch, step, Repeat::After(ctx.policy.settle))
        }
    }
}

/// A proposal changes nothing by itself, so who is asked for it alone may make it from where the data plane cannot be
/// reached; what is known against the target key holds all the same, and whatever follows wants the proof.
pub fn proposable(ctx: &Context<'_>) -> Vec<Reason> {
    let mut reasons = target_proven(ctx, ctx.target(), ctx.policy.ages.proof);
    if ctx.reach.only_proposes() {
        reasons.retain(|reason| !matches!(reason.why, Why::Blind { .. } | Why::ProofInconclusive { .. }));
    }
    reasons
}

fn already_merged(ctx: &Context<'_>, branch: &BranchName) -> Option<bool> {
    let pull = ctx.pull(branch, Gate::Merged, ctx.policy.ages.ordinary).ok()?;
    Some(pull.is_some())
}

fn act(ctx: &Context<'_>, gate: Gate, branch: BranchName, step: Step, repeat: Repeat) -> Stand {
    match may_try(ctx, gate, &Subject::Branch(branch), &step, repeat) {
        Ok(()) => Stand::Act(vec![step]),
        Err(reason) => Stand::Held(vec![*reason]),
    }
}

/// The tree can be flipped: parsed whole, every reference resolved, at least one there.
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
