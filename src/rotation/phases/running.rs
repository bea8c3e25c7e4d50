//! A change that runs already: the live release reads the target, and this rotation has waited for the vaults. It had come through
//! merge and promotion by then, with all that guards them; an acceptance of it that ends later, or a forge that cannot be asked
//! any more, stops no restarts in their middle. Where keyslot did not see it through, the guards hold however far it is.

use super::super::predicate::{is_guess, release_known};
use super::super::{Context, Phase, Reason, Stand};
use crate::model::ReleaseView;

/// What holds the merge or the promotion, unless what it guards is past.
pub fn unless_it_runs(ctx: &Context<'_>, code: &ReleaseView, stand: Stand) -> Stand {
    let Stand::Held(reasons) = stand else { return stand };
    // What a look may open is looked at.
    if !reasons.iter().any(Reason::opens_by_looking) && runs(ctx, code) {
        return Stand::Passed;
    }
    Stand::Held(reasons)
}

fn runs(ctx: &Context<'_>, code: &ReleaseView) -> bool {
    // A restart alone passes over the phases before it.
    let waited = |(_, leg, phase): &(_, _, Phase)| *leg == ctx.leg && *phase == Phase::Propagate;
    code.deployed().claim.reads.is(ctx.target())
        && !release_known(code).iter().any(is_guess)
        && ctx.fold.reached.iter().any(waited)
}
