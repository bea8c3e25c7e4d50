//! Whom the account refuses, by its own metrics: with a dead key pods look healthy, and no log has to be configured for this.
//!
//! Where nobody may read them they are no evidence, as logs that are not kept; the plan says so. They name no caller: the
//! reason tells how many were refused in the hour before, so that a person can judge whether somebody else is at it.
//!
//! That they tell of no refused request counts only as far as they tell of requests: metrics that do not come look like
//! those of an account that refuses nobody. Logs that tell of requests in the same region as lately are the better evidence,
//! and silent metrics beside them hold nothing. That logs have come says nothing of a region whose rows are not among them.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;

use super::super::reason::later;
use super::super::{Context, Gate, Proven, Purpose, Reason, Step, Subject, Why};
use super::usage::{Renewed, STALLED, begins_late, earlier, own_region, renewed};
use crate::model::{EvidenceKey, MetricsView, RefusedMinute, StampFacts, StampName};

const MINUTE: Duration = Duration::from_secs(60);

/// What they show, with the lag behind which they are whole; nothing where nobody asks them or we may not.
pub(super) fn told<'a>(
    ctx: &Context<'a>,
    gate: Gate,
    max: Duration,
) -> Result<Option<(&'a MetricsView, Duration)>, Box<Reason>> {
    let Some(lag) = ctx.policy.metrics_lag else { return Ok(None) };
    match ctx.metrics(gate, max) {
        Ok(view) => Ok(Some((view, lag))),
        Err(reason) if reason.is_out_of_sight() => Ok(None),
        Err(reason) => Err(reason),
    }
}

/// Before the first effect: somebody has asked them, so that the plan knows whether they can be.
pub fn metrics_asked(ctx: &Context<'_>, max: Duration) -> Vec<Reason> {
    told(ctx, Gate::Preflight, max).err().map(|reason| *reason).into_iter().collect()
}

/// No stamp whose pods were replaced has had a request refused since, as far as the metrics have come; but for those of
/// which the logs tell already, and by whom. What somebody has accepted of the logs is told here all the same: it may be more
/// than that.
pub fn none_refused_by_metrics(
    ctx: &Context<'_>,
    max: Duration,
    renewed: &[Renewed<'_>],
    by_logs: &BTreeSet<&StampName>,
) -> Vec<Reason> {
    let view = match told(ctx, Gate::NotRefused, max) {
        Ok(Some((view, _))) => view,
        Ok(None) => return Vec::new(),
        Err(reason) => return vec![*reason],
    };
    let untold = renewed.iter().filter(|(facts, _)| !by_logs.contains(&facts.name));
    let counted = with_ours_left_out(ctx, view);
    let refused = untold.filter_map(|stamp| refused(ctx, *stamp, renewed, &counted));
    refused.chain(begins_late(ctx, EvidenceKey::Metrics, view.since, renewed)).collect()
}

/// What was refused while the new key was on its way to every region is left out: our own requests with it are among that,
/// and nothing tells them from others. Until the old key is known to be gone all of it counts, for the regeneration may not
/// have been sent; so does what comes once the new key was accepted everywhere, whether that was confirmed since or not.
/// Whoever reads a dead key is refused then, too.
fn with_ours_left_out<'v>(ctx: &Context<'_>, view: &'v MetricsView) -> Cow<'v, MetricsView> {
    let step = Step::Regenerate { kind: ctx.opened.retires(), purpose: Purpose::Retire };
    let sent = ctx.record(&step).map(|record| record.first_intended_at);
    let begun = match (sent, ctx.retired_at()) {
        (Some(sent), Some(made)) => Some(sent.min(made)),
        (Some(sent), None) => ctx.fold.confirmed.map(|_| sent),
        (None, made) => made,
    };
    let accepted = ctx.fold.proven.as_ref().map(Proven::since);
    let until = accepted.or(ctx.fold.confirmed).unwrap_or(ctx.now);
    begun.map_or(Cow::Borrowed(view), |begun| Cow::Owned(view.but_for(begun, until)))
}

/// In its own region, and in one that writes until the next stamp was renewed: there a process is refused that is refused
/// as it starts, and of all that were renewed by then it is most likely one of the newest. Where the stamp's region is not
/// known, every region counts.
fn refused(
    ctx: &Context<'_>,
    (facts, since): Renewed<'_>,
    renewed: &[Renewed<'_>],
    view: &MetricsView,
) -> Option<Reason> {
    let account = ctx.account(Gate::NotRefused, ctx.policy.ages.ordinary).ok();
    let own = own_region(account, facts);
    let next = renewed.iter().map(|(_, other)| *other).filter(|other| *other > since).min();
    let writes = |minute: &RefusedMinute| account.is_some_and(|account| account.writes_in(&minute.region));
    let refusals = view.refused_since(since, |minute| {
        let newest = next.is_none_or(|next| minute.begin < next);
        own.is_none_or(|own| minute.is_in(own)) || (newest && writes(minute))
    })?;
    let why = Why::RefusedByMetrics { since, refusals };
    Some(Reason::new(Gate::NotRefused, Subject::Stamp(facts.name.clone()), why))
}

/// What they tell goes on: where stamps that take traffic were renewed and their region has not been told of for long, nobody
/// knows whom the account has refused since. One stamp of a region is named for all.
pub fn metrics_up_to_date(ctx: &Context<'_>, max: Duration) -> Vec<Reason> {
    // That they cannot be seen, `none_refused` tells.
    let Ok(Some((_, lag))) = told(ctx, Gate::NotRefused, max) else { return Vec::new() };
    let seen = ctx.world.metrics.as_ref().map_or(ctx.now, |seen| seen.at);
    let wanted = earlier(seen, lag * (STALLED - 1));
    let stalled = earlier(seen, lag * (2 * STALLED));
    let (mut reasons, mut regions) = (Vec::new(), BTreeSet::new());
    for (facts, _) in renewed(ctx).into_iter().filter(|(_, since)| *since <= wanted) {
        let lasting = |_, reached: Option<Timestamp>| reached.is_none_or(|reached| reached < stalled);
        let silent = silent_at(ctx, facts, wanted, lasting);
        reasons.extend(silent.filter(|_| regions.insert(facts.region.as_deref())));
    }
    reasons
}

/// Whether they tell nothing of the stamp's region at that moment or later, though it takes traffic. `lasting`
/// says of when it was asked, and how far it reached, whether a person is called.
fn silent_at(
    ctx: &Context<'_>,
    facts: &StampFacts,
    wanted: Timestamp,
    lasting: impl FnOnce(Timestamp, Option<Timestamp>) -> bool,
) -> Option<Reason> {
    if !facts.live_traffic {
        return None;
    }
    let (seen, view) = ctx.world.metrics.as_ref().and_then(|seen| Some((seen.at, seen.get()?)))?;
    let account = ctx.account(Gate::NotRefused, ctx.policy.ages.ordinary).ok();
    let region = own_region(account, facts);
    let reached = view.reached(region);
    // The minute in which that moment lies is not whole.
    let wanted_from = earlier(wanted, MINUTE);
    let logged = || ctx.policy.log_lag.and(ctx.world.usage.as_ref()?.get()?.told_of(region));
    if reached.max(logged()).is_some_and(|told| told >= wanted_from) {
        return None;
    }
    let why = Why::MetricsSilent { reached, wanted, lasting: lasting(seen, reached) };
    Some(Reason::new(Gate::NotRefused, Subject::Stamp(facts.name.clone()), why))
}

/// A soak that ends then is over once the metrics of its last minute have come, and were looked at. Until when that takes,
/// and what is missing.
pub fn metrics_reach(
    ctx: &Context<'_>,
    stamp: &StampName,
    wanted: Timestamp,
    max: Duration,
) -> (Timestamp, Vec<Reason>) {
    let lag = match told(ctx, Gate::NotRefused, max) {
        Ok(Some((_, lag))) => lag,
        Ok(None) => return (wanted, Vec::new()),
        Err(reason) => return (wanted, vec![*reason]),
    };
    let until = later(wanted, lag);
    let facts = ctx.policy.stamps.iter().find(|facts| facts.name == *stamp);
    let looked = ctx.world.metrics.as_ref().is_some_and(|seen| seen.at >= until);
    if until > ctx.now {
        return (until, Vec::new());
    }
    if looked {
        let silent = facts
            .and_then(|facts| silent_at(ctx, facts, wanted, |seen, _| later(wanted, lag * STALLED) <= seen));
        return (until, silent.into_iter().collect());
    }
    let why = Why::NotSeen(EvidenceKey::Metrics);
    (until, vec![Reason::new(Gate::NotRefused, Subject::Stamp(stamp.clone()), why)])
}
