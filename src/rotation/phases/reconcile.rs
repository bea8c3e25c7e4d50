//! Reconcile: base branch, live release and vaults agree. Until they do, the rotation stays open. Branches are
//! people's to put right; vaults that fell behind the live release get its run once more.

use super::super::predicate::propagated;
use super::super::{Context, Gate, Reason, Stand, Subject, Why};
use super::deploy;

pub fn stand(ctx: &Context<'_>) -> Stand {
    let gate = Gate::Agreement;
    let max = ctx.policy.ages.ordinary;
    let code = match ctx.code(gate, max) {
        Ok(code) => code,
        Err(reason) => return Stand::Held(vec![*reason]),
    };
    let wanted = ctx.target();
    let mut reasons: Vec<Reason> = [Some(&code.base), code.release.as_ref()]
        .into_iter()
        .flatten()
        .filter(|view| !view.claim.reads.is(wanted))
        .map(|view| {
            let why = Why::BranchReads { reads: view.claim.reads, wanted };
            Reason::new(gate, Subject::Branch(view.branch.clone()), why)
        })
        .collect();
    reasons = ctx.holding(reasons);
    if !reasons.is_empty() {
        return Stand::Held(reasons);
    }
    let vaults: Vec<Reason> =
        ctx.policy.stamps.iter().flat_map(|stamp| propagated(ctx, &stamp.name, wanted, max)).collect();
    if vaults.is_empty() {
        return Stand::Passed;
    }
    // The code is right and a vault is not: somebody ran other code since. What they left behind may even be
    // the key that has died. The live release runs again, under the gates of any run.
    deploy::stand(ctx)
}
