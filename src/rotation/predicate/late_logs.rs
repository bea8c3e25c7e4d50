//! Logs that were switched on after the first stamp was renewed: whom the account refused before that, nobody has written down.
//!
//! Whoever reads a dead key is refused again and again, so it is known once the logs go back over the quiet window. Metrics that
//! tell of the stamp's region have counted the time before, too: then nothing is missing.

use std::time::Duration;

use super::super::reason::later;
use super::super::{Context, Gate, Reason, Subject, Why};
use super::metrics;
use super::usage::{Renewed, not_before, own_region};
use crate::model::UsageView;

/// The stamp that was renewed first, where the first row of anybody is of much later, and of too short a time ago.
pub fn begun_since(
    ctx: &Context<'_>,
    max: Duration,
    renewed: &[Renewed<'_>],
    view: &UsageView,
) -> Option<Reason> {
    let lag = ctx.policy.log_lag?;
    let (facts, since) = renewed.iter().min_by_key(|(_, since)| *since)?;
    let (begins, wanted) = (view.oldest()?, not_before(ctx, *since));
    let until = later(begins, ctx.policy.quiet_window + lag);
    if begins <= later(wanted, lag) || until <= ctx.now {
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
    let why = Why::LogsYoung { begins, wanted, until: Some(until) };
    (!counted).then(|| Reason::new(Gate::NotRefused, Subject::Stamp(facts.name.clone()), why))
}
