//! Promote: the live release branch gets the change, by cherry-pick of the merge commit.

use super::super::attempt::{Repeat, may_try};
use super::super::predicate::target_proven;
use super::super::{Context, Gate, Source, Stand, Step, Subject};
use super::merge::merge_commit;
use super::propose::tree_resolved;

pub fn stand(ctx: &Context<'_>) -> Stand {
    let gate = Gate::Promoted;
    let code = match ctx.code(gate, ctx.policy.ages.ordinary) {
        Ok(code) => code,
        Err(reason) => return Stand::Held(vec![*reason]),
    };
    let Some(release) = &code.release else { return Stand::Passed };
    if release.claim.reads.is(ctx.target()) {
        return Stand::Passed;
    }
    let mut reasons = ctx.holding(tree_resolved(release));
    reasons.extend(ctx.holding(target_proven(ctx, ctx.target(), ctx.policy.ages.proof)));
    if !reasons.is_empty() {
        return Stand::Held(reasons);
    }
    if ctx.without.contains(&gate) {
        return Stand::Passed;
    }
    let step = Step::Promote {
        leg: ctx.leg,
        source: merge_commit(ctx).map_or(Source::Flip, Source::CherryPick),
        onto: release.branch.clone(),
        head: release.head.clone(),
        to: ctx.target(),
    };
    // The push names the head it replaces: a second one finds the branch moved and changes nothing.
    match may_try(ctx, gate, &Subject::Branch(release.branch.clone()), &step, Repeat::Harmless) {
        Ok(()) => Stand::Act(vec![step]),
        Err(reason) => Stand::Held(ctx.holding(vec![*reason])),
    }
}
