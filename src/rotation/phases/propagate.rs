//! Propagate: every stamp's vault holds the target key. Restart asks again, stamp by stamp.

use super::super::predicate::propagated;
use super::super::{Context, Stand};

pub fn stand(ctx: &Context<'_>) -> Stand {
    let reasons = ctx
        .policy
        .stamps
        .iter()
        .flat_map(|stamp| propagated(ctx, &stamp.name, ctx.target(), ctx.policy.ages.ordinary))
        .collect();
    Stand::unless(ctx.holding(reasons))
}
