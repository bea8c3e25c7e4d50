//! How far metrics and logs have come in a stamp's region: that they tell of nobody who was refused says nothing before.
//!
//! Pods look healthy with a key that the account refuses, and some crash only after a while. So a stamp is judged once one
//! of the two tells of requests that were made a lag after its pods were replaced. Metrics come sooner, so they are asked
//! first; where they may not be read, or nobody wants them, logs are. Where there is neither, nobody would tell, and nothing
//! is waited for. Where what should come does not, a person is called after some lags: nobody may ask the account there.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;

use super::super::reason::later;
use super::super::{Context, Gate, Reason, Subject, Why};
use super::usage::{STALLED, own_region, renewed};
use crate::model::{EvidenceKey, StampFacts};

/// One of the two, as it was seen last.
struct Told {
    evidence: EvidenceKey,
    lag: Duration,
    seen: Timestamp,
    reached: Option<Timestamp>,
}

/// Whether neither tells yet of requests in the stamp's region a lag after that moment, at which its pods were replaced.
pub fn untold_since(ctx: &Context<'_>, facts: &StampFacts, since: Timestamp) -> Option<Reason> {
    not_told(ctx, facts, |lag| later(since, lag))
}

/// The stamps that take traffic and were renewed, of whose region neither tells of requests at that moment or later; one of a
/// region is named for all.
pub fn told_until(ctx: &Context<'_>, wanted: Timestamp) -> Vec<Reason> {
    let (mut reasons, mut regions) = (Vec::new(), BTreeSet::new());
    for (facts, _) in renewed(ctx).into_iter().filter(|(facts, _)| facts.live_traffic) {
        if regions.insert(facts.region.as_deref()) {
            reasons.extend(not_told(ctx, facts, |_| wanted));
        }
    }
    reasons
}

fn not_told(ctx: &Context<'_>, facts: &StampFacts, wanted: impl Fn(Duration) -> Timestamp) -> Option<Reason> {
    let account = ctx.world.account.as_ref().and_then(|seen| seen.get());
    let region = own_region(account, facts);
    let mut missing = None;
    for told in [by_metrics, by_logs] {
        let reason = match told(ctx, region) {
            None => continue,
            Some(Err(reason)) => *reason,
            Some(Ok(told)) => {
                let wanted = wanted(told.lag);
                if told.reached.is_some_and(|reached| reached >= wanted) {
                    return None;
                }
                let Told { evidence, lag, seen, reached } = told;
                let lasting = later(wanted, lag * STALLED) <= seen;
                let why = Why::RefusalsUntold { evidence, reached, wanted, lasting };
                Reason::new(Gate::NotRefused, Subject::Stamp(facts.name.clone()), why)
            }
        };
        missing.get_or_insert(reason);
    }
    missing
}

/// However old the look is: what it told of that moment is told.
fn by_metrics(ctx: &Context<'_>, region: Option<&str>) -> Option<Result<Told, Box<Reason>>> {
    let lag = ctx.policy.metrics_lag?;
    let view = match ctx.metrics(Gate::NotRefused, Duration::MAX) {
        Ok(view) => view,
        Err(reason) if reason.is_out_of_sight() => return None,
        Err(reason) => return Some(Err(reason)),
    };
    let seen = ctx.world.metrics.as_ref().map_or(ctx.now, |seen| seen.at);
    Some(Ok(Told { evidence: EvidenceKey::Metrics, lag, seen, reached: view.reached(region) }))
}

fn by_logs(ctx: &Context<'_>, region: Option<&str>) -> Option<Result<Told, Box<Reason>>> {
    let lag = ctx.policy.log_lag?;
    let usage = ctx.usage(Gate::NotRefused, Duration::MAX);
    let told = |(seen, view): (Timestamp, &crate::model::UsageView)| {
        let reached = view.told_of(region);
        Told { evidence: EvidenceKey::Usage, lag, seen, reached }
    };
    Some(usage.map(told))
}
