//! Reconcile: base branch, live release, vaults and pods agree. Until they do, the rotation stays open. Branches are
//! people's to put right; vaults that fell behind the live release get its run once more, and pods that started
//! meanwhile from such a vault are restarted. Nothing is closed while a run is under way that may undo it.

use super::super::predicate::{no_hazard, old_pods_gone, propagated};
use super::super::{Context, Gate, Reason, Stand, Subject, Why};
use super::{deploy, restart};

pub fn stand(ctx: &Context<'_>) -> Stand {
    let max = ctx.policy.ages.ordinary;
    let reasons = match branches(ctx) {
        Ok(reasons) => ctx.holding(reasons),
        Err(reason) => vec![*reason],
    };
    if !reasons.is_empty() {
        return Stand::Held(reasons);
    }
    match followers(ctx) {
        Stand::Passed => {}
        other => return other,
    }
    Stand::unless(ctx.holding(no_hazard(ctx, max)))
}

/// Vaults and pods after the old key was sent to die: what fell behind the live release since is brought back to it. A
/// vault may even hold the key that dies, for the next pod that starts.
pub fn followers(ctx: &Context<'_>) -> Stand {
    let max = ctx.policy.ages.ordinary;
    let stamps = &ctx.policy.stamps;
    if stamps.iter().any(|stamp| !propagated(ctx, &stamp.name, ctx.target(), max).is_empty()) {
        // The live release runs again, under the gates of any run.
        return deploy::stand(ctx);
    }
    match restart::stand(ctx) {
        Stand::Passed => {}
        other => return other,
    }
    Stand::unless(ctx.holding(stamps.iter().flat_map(|stamp| old_pods_gone(ctx, &stamp.name, max)).collect()))
}

fn branches(ctx: &Context<'_>) -> Result<Vec<Reason>, Box<Reason>> {
    let code = ctx.code(Gate::Agreement, ctx.policy.ages.ordinary)?;
    let wanted = ctx.target();
    let reads_other = [Some(&code.base), code.release.as_ref()]
        .into_iter()
        .flatten()
        .filter(|view| !view.claim.reads.is(wanted))
        .map(|view| {
            let why = Why::BranchReads { reads: view.claim.reads, wanted };
            Reason::new(Gate::Agreement, Subject::Branch(view.branch.clone()), why)
        });
    Ok(reads_other.collect())
}
