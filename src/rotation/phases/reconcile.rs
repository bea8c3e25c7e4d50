//! Reconcile: base branch, live release and vaults agree. Until they do, the rotation stays open.

use super::super::predicate::propagated;
use super::super::{Context, Gate, Reason, Stand, Subject, Why};

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
    for stamp in &ctx.policy.stamps {
        reasons.extend(propagated(ctx, &stamp.name, wanted, max));
    }
    Stand::unless(ctx.holding(reasons))
}
