//! Logs that were switched on after the first stamp was renewed: whom the account refused before that, nobody has written down.
//!
//! Whoever reads a dead key is refused again and again, so it is known once the logs go back over the quiet window; whoever
//! accepts that a key's use is not known for so long has not accepted this. Metrics that tell of the stamp's region have
//! counted the time before, too: then nothing is missing.

use std::time::Duration;

use super::super::reason::later;
use super::super::{Context, Gate, Reason, Subject, Why};
use super::metrics;
use super::usage::{earlier, not_before, own_region, renewed};

/// The stamp that was renewed first, where the first row of anybody is of much later, and of too short a time ago.
pub fn logs_go_back(ctx: &Context<'_>, max: Duration) -> Option<Reason> {
    let lag = ctx.policy.log_lag?;
    // That they cannot be seen, `none_refused` tells.
    let (seen, view) = ctx.usage(Gate::NotRefused, max).ok()?;
    let (facts, since) = renewed(ctx).into_iter().min_by_key(|(_, since)| *since)?;
    let (begins, wanted) = (view.oldest()?, not_before(ctx, since));
    let window = earlier(view.reached(seen, lag)?, ctx.policy.quiet_window);
    if earlier(begins, lag) <= wanted.max(window) {
        return None;
    }
    let account = ctx.account(Gate::NotRefused, ctx.policy.ages.ordinary).ok();
    let counted = match metrics::told(ctx, Gate::NotRefused, max.min(ctx.policy.ages.restart)) {
        Ok(Some((counted, _))) => {
            counted.since <= wanted && counted.reached(own_region(account, facts)).is_some()
        }
        Ok(None) => false,
        // That holds by itself.
        Err(_) => true,
    };
    let until = Some(later(begins, ctx.policy.quiet_window + lag));
    let why = Why::LogsYoung { begins, wanted, until };
    (!counted).then(|| Reason::new(Gate::NotRefused, Subject::Stamp(facts.name.clone()), why))
}
