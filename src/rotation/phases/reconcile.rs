//! Reconcile: base branch, live release, vaults and pods agree. Until they do, the rotation stays open. Branches are
//! people's to put right: to a base branch that was changed back, the change is proposed once more (`agree`). Vaults
//! that fell behind the live release get its run once more (or are written again, where keyslot writes them), and pods
//! that started meanwhile from such a vault are restarted. Nothing is closed while a run is under way that may undo
//! it.

use super::super::predicate::{no_hazard, old_pods_gone, propagated};
use super::super::{Context, Gate, Leg, Reason, Stand, Subject, Why};
use super::{agree, deploy, propagate, restart};
use crate::model::{BranchView, Propagation, ReleaseView, Route, Slot};

pub fn stand(ctx: &Context<'_>) -> Stand {
    let max = ctx.policy.ages.ordinary;
    match branches_stand(ctx).and(|| followers(ctx)) {
        Stand::Passed => {}
        other => return other,
    }
    Stand::unless(ctx.holding(no_hazard(ctx, max)))
}

/// Whether the branches agree, and what is done about a base branch that does not.
fn branches_stand(ctx: &Context<'_>) -> Stand {
    let code = match ctx.code(Gate::Agreement, ctx.policy.ages.ordinary) {
        Ok(code) => code,
        Err(reason) => return Stand::Held(vec![*reason]),
    };
    let reasons = ctx.holding(branches(ctx, code));
    match !reasons.is_empty() && agree::is_due(ctx, code) {
        true => agree::stand(ctx, code, reasons),
        false => Stand::unless(reasons),
    }
}

/// Vaults and pods after the old key was sent to die: what fell behind the live release since is brought back to it. A
/// vault may even hold the key that dies, for the next pod that starts.
pub fn followers(ctx: &Context<'_>) -> Stand {
    let max = ctx.policy.ages.ordinary;
    let stamps = &ctx.policy.stamps;
    let behind: Vec<Reason> =
        stamps.iter().flat_map(|stamp| propagated(ctx, &stamp.name, ctx.target(), max)).collect();
    if !behind.is_empty() {
        if ctx.opened.route == Route::NextRelease {
            return Stand::unless(ctx.holding(behind));
        }
        // The live release runs again, under the gates of any run; one that names the other slot is people's.
        return match ctx.code(Gate::Agreement, max).map(|code| reads_other(code.deployed(), ctx.target())) {
            Ok(None) if ctx.policy.propagation == Propagation::Write => propagate::stand(ctx),
            Ok(None) => deploy::stand(ctx),
            Ok(Some(reason)) => Stand::Held(vec![reason]),
            Err(reason) => Stand::Held(vec![*reason]),
        };
    }
    match restart::stand(ctx) {
        Stand::Passed => {}
        other => return other,
    }
    Stand::unless(ctx.holding(stamps.iter().flat_map(|stamp| old_pods_gone(ctx, &stamp.name, max)).collect()))
}

/// On the way back the base branch is people's to change: they may have merged the proposal already.
fn branches(ctx: &Context<'_>, code: &ReleaseView) -> Vec<Reason> {
    let wanted = ctx.target();
    let base_is_free = ctx.leg == Leg::Out && ctx.is_on_the_way_back();
    let base = Some(&code.base).filter(|_| !base_is_free);
    let views = [base, code.release.as_ref()].into_iter().flatten();
    views.filter_map(|view| reads_other(view, wanted)).collect()
}

fn reads_other(view: &BranchView, wanted: Slot) -> Option<Reason> {
    let reads = view.claim.reads;
    let subject = Subject::Branch(view.branch.clone());
    (!reads.is(wanted)).then(|| Reason::new(Gate::Agreement, subject, Why::BranchReads { reads, wanted }))
}
