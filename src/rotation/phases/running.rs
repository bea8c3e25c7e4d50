//! A change that runs already: the live release reads the target, and the live vaults hold it. Nobody carries it on any more, so
//! what guards the merge and the promotion guards nothing: an acceptance that ends then, or a forge that cannot be asked, stops
//! no restarts in their middle.

use super::super::predicate::{propagated, release_known};
use super::super::{Context, Phase, Reason, Stand, Why};
use crate::model::ReleaseView;

/// What holds the merge or the promotion, unless what it guards is past. Where only a look at the vaults is missing to know
/// that, it is waited for.
pub fn unless_it_runs(ctx: &Context<'_>, code: &ReleaseView, stand: Stand) -> Stand {
    let Stand::Held(reasons) = stand else { return stand };
    // What a look may open is looked at.
    if reasons.iter().any(Reason::opens_by_looking) {
        return Stand::Held(reasons);
    }
    match runs(ctx, code) {
        Ok(true) => Stand::Passed,
        Ok(false) => Stand::Held(reasons),
        Err(unseen) => Stand::Held(unseen),
    }
}

fn runs(ctx: &Context<'_>, code: &ReleaseView) -> Result<bool, Vec<Reason>> {
    let guessed = |one: &Reason| matches!(one.why, Why::ReleaseUnclear { .. });
    if !code.deployed().claim.reads.is(ctx.target()) || release_known(code).iter().any(guessed) {
        return Ok(false);
    }
    // Whoever waited for the vaults had come through merge, promotion and run. A restart alone passes over them.
    let waited = |(_, leg, phase): &(_, _, Phase)| *leg == ctx.leg && *phase == Phase::Propagate;
    if ctx.fold.reached.iter().any(waited) {
        return Ok(true);
    }
    let max = ctx.policy.ages.ordinary;
    let stamps = ctx.policy.stamps.iter();
    let held: Vec<Reason> = stamps.flat_map(|it| propagated(ctx, &it.name, ctx.target(), max)).collect();
    match held.is_empty() {
        true => Ok(!ctx.policy.stamps.is_empty()),
        false if held.iter().all(Reason::opens_by_looking) => Err(held),
        false => Ok(false),
    }
}
