//! What the logs of the data plane say, where somebody keeps them: who still uses the old key, and whom the new one
//! is refused.
//!
//! A window that the logs have not reached yet in every region proves nothing. Nothing here holds where no logs are configured: then
//! they are no evidence, and the other gates carry the weight.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::super::reason::later;
use super::super::stamps::begun_at;
use super::super::{Context, Gate, Reason, Subject, Why};
use super::metrics::none_refused_by_metrics;
use super::pods::{renewals, renewed_whole};
use super::refused::refused;
use super::regions::{self, Reached};
use crate::model::{AccountView, EvidenceKey, KeyKind, Requests, StampFacts, StampName};

/// So many lags after it should have been shown, a person is called: then it is no lag any more.
pub(super) const STALLED: u32 = 4;

/// Before the first effect: the logs that later gates want can be read, and have rows of the account.
pub fn logs_readable(ctx: &Context<'_>, max: Duration) -> Vec<Reason> {
    if ctx.policy.log_lag.is_none() {
        return Vec::new();
    }
    match ctx.usage(Gate::Preflight, max) {
        Err(reason) => vec![*reason],
        Ok((_, view)) if view.newest.is_none() => {
            let why = Why::LogsBehind { region: None, reached: None, wanted: ctx.now };
            vec![Reason::new(Gate::Preflight, Subject::Account, why)]
        }
        Ok(_) => Vec::new(),
    }
}

/// In the quiet window that ends where the logs of each region do, nobody has signed a request with the key, and nobody one of
/// which the logs do not say with which key.
pub fn unused_in_logs(ctx: &Context<'_>, kind: KeyKind, max: Duration) -> Vec<Reason> {
    let Some(lag) = ctx.policy.log_lag else { return Vec::new() };
    let gate = Gate::KeyQuiet;
    let (seen, view) = match ctx.usage(gate, max) {
        Ok(usage) => usage,
        Err(reason) => return vec![*reason],
    };
    let subject = Subject::Key(kind.slot);
    // A key that is to be made anew itself has had no proofs, and gets none.
    let proven = kind.slot == ctx.opened.from;
    let Reached { at: reached, region } = regions::reached(ctx, view, (seen, lag), proven);
    let begin = reached.map(|reached| earlier(reached, ctx.policy.quiet_window));
    // In each region the window ends where its rows do.
    let recent = |requests: &&Requests| {
        let reached = match proven {
            true => regions::reached_at(ctx, view, requests, (seen, lag)),
            false => view.reached(seen, lag),
        };
        reached.is_none_or(|reached| requests.last > earlier(reached, ctx.policy.quiet_window))
    };
    // Where it is over and the rows have not come so far, the next ones may have.
    let opens = |at: Timestamp| match later(at, ctx.policy.quiet_window + lag) {
        until if until > ctx.now => until,
        _ => later(ctx.now, lag),
    };
    let mut reasons = Vec::new();
    // Whoever is no stamp is told by itself: accepted is one of them, and not the next.
    let mut used: BTreeMap<Subject, Vec<&Requests>> = BTreeMap::new();
    for requests in view.with_key(kind).filter(recent) {
        let address = &requests.caller.address;
        let of = match ctx.policy.stamp_at(address) {
            Some(_) => subject.clone(),
            None => Subject::Client(address.clone()),
        };
        used.entry(of).or_default().push(requests);
    }
    for (of, requests) in used {
        let Some((at, by, count)) = newest(&requests) else { continue };
        let until = opens(at);
        let stamp = ctx.policy.stamp_at(&by.address).cloned();
        let why = Why::SeenInLogs { slot: kind.slot, at, until, by: Box::new(by.clone()), stamp, count };
        reasons.push(Reason::new(gate, of, why));
    }
    let mut unknown: BTreeMap<&str, Vec<&Requests>> = BTreeMap::new();
    for requests in view.unknown().filter(recent) {
        unknown.entry(&requests.caller.address).or_default().push(requests);
    }
    for (address, requests) in unknown {
        let Some((at, by, count)) = newest(&requests) else { continue };
        let until = opens(at);
        let stamp = ctx.policy.stamp_at(&by.address).cloned();
        let why = Why::KeyNotNamed { at, until, by: Box::new(by.clone()), stamp, count };
        reasons.push(Reason::new(gate, Subject::Client(address.to_owned()), why));
    }
    // Whoever asks as often as once in a window is in a whole one, if it is not too long ago. Where a region's rows are proofs of
    // keyslot's own, made now and then, they may be older by as long as a window.
    let since = if region.is_some() { ctx.policy.quiet_window } else { Duration::ZERO };
    let wanted = earlier(ctx.now, lag * (STALLED - 1) + since);
    let whole =
        reached.is_some_and(|reached| reached >= wanted) && begin.is_some_and(|begin| begin >= view.since);
    // Logs that were switched on an hour ago tell nothing of the hour before, however far back they were asked.
    let oldest = view.oldest().filter(|oldest| begin.is_some_and(|begin| earlier(*oldest, lag) > begin));
    if let Some(begins) = oldest {
        let until = opens(begins);
        let why = Why::LogsYoung { begins, wanted: begin.unwrap_or(begins), until: Some(until) };
        reasons.push(Reason::new(gate, subject.clone(), why));
    }
    let is_last = region.is_some();
    if !whole {
        reasons.push(Reason::new(gate, subject, Why::LogsBehind { region, reached, wanted }));
    }
    // Where the others have come further, nobody may have asked there.
    if is_last && !reasons.is_empty() && proven {
        reasons.extend(regions::proof_wanted(ctx, gate, lag));
    }
    reasons
}

/// The last of them, by whom, and how many there are.
pub(super) fn newest<'a>(requests: &[&'a Requests]) -> Option<(Timestamp, &'a crate::model::Caller, u64)> {
    let last = requests.iter().max_by_key(|requests| requests.last)?;
    Some((last.last, &last.caller, requests.iter().map(|requests| requests.count).sum()))
}

/// No stamp whose pods were replaced has had a request refused since, as far as logs and metrics have come; and both were
/// read from that moment on.
pub fn none_refused(ctx: &Context<'_>, max: Duration) -> Vec<Reason> {
    let (logged, counted) = (ctx.policy.log_lag.is_some(), ctx.policy.metrics_lag.is_some());
    if !logged && !counted {
        return Vec::new();
    }
    let renewed = renewed(ctx);
    if renewed.is_empty() {
        return Vec::new();
    }
    let (mut reasons, told) = match logged {
        true => none_refused_by_logs(ctx, max, &renewed),
        false => (Vec::new(), BTreeSet::new()),
    };
    if counted {
        // They come sooner than rows do, and cost one request.
        let max = max.min(ctx.policy.ages.restart);
        reasons.extend(none_refused_by_metrics(ctx, max, &renewed, &told));
    }
    reasons
}

/// A stamp whose pods were replaced, and since when.
pub(super) type Renewed<'a> = (&'a StampFacts, Timestamp);

pub(super) fn renewed<'a>(ctx: &Context<'a>) -> Vec<Renewed<'a>> {
    ctx.policy.stamps.iter().filter_map(|facts| Some((facts, renewal(ctx, facts)?))).collect()
}

/// How far back it is asked whom the account refuses. Whoever reads a dead key is refused again and again, so a stamp whose
/// pods are older is judged by what was refused in these days.
const REFUSALS: Duration = Duration::from_secs(7 * 24 * 3600);

/// From which moment on it must be known whom the account refuses: since the first stamp's pods were replaced. By what was
/// seen of the stamps, however long ago: it says what to ask for, and nothing is decided by it.
pub fn refusals_wanted(ctx: &Context<'_>) -> Option<Timestamp> {
    let renewed = ctx.policy.stamps.iter().filter_map(|facts| seen_renewal(ctx, facts));
    renewed.min().map(|since| not_before(ctx, since))
}

pub(super) fn not_before(ctx: &Context<'_>, since: Timestamp) -> Timestamp {
    since.max(earlier(ctx.now, REFUSALS))
}

/// The stamp that was renewed first, where what was read begins only after that: then nobody knows whom the account
/// refused in between.
pub(super) fn begins_late(
    ctx: &Context<'_>,
    evidence: EvidenceKey,
    begins: Timestamp,
    renewed: &[Renewed<'_>],
) -> Option<Reason> {
    let (facts, since) = renewed.iter().min_by_key(|(_, since)| *since)?;
    let wanted = not_before(ctx, *since);
    let why = Why::WindowShort { evidence, begins, wanted };
    (begins > wanted).then(|| Reason::new(Gate::NotRefused, Subject::Stamp(facts.name.clone()), why))
}

/// The logs are taken to be whole up to their newest row. Where that is far behind, nobody knows whom the account has
/// refused since: they are stalled, or nobody asks the account any more. That is waited for first; a person is called after
/// twice as many lags as elsewhere, for the account may only have been idle.
pub fn logs_up_to_date(ctx: &Context<'_>, max: Duration) -> Vec<Reason> {
    let Some(lag) = ctx.policy.log_lag else { return Vec::new() };
    let first = ctx.policy.stamps.iter().find(|facts| renewal(ctx, facts).is_some());
    let Some(facts) = first else { return Vec::new() };
    // That they cannot be seen, `none_refused` tells.
    let Ok((seen, view)) = ctx.usage(Gate::NotRefused, max) else { return Vec::new() };
    let behind = |lags: u32| {
        let wanted = earlier(seen, lag * lags);
        let reached = view.reached(seen, lag);
        reached.is_none_or(|reached| reached < wanted).then_some((reached, wanted))
    };
    let why = match (behind(2 * STALLED), behind(STALLED - 1)) {
        (Some((reached, wanted)), _) => Why::LogsStalled { reached, wanted },
        (None, Some((reached, wanted))) => Why::LogsBehind { region: None, reached, wanted },
        (None, None) => return Vec::new(),
    };
    vec![Reason::new(Gate::NotRefused, Subject::Stamp(facts.name.clone()), why)]
}

/// With the stamps of which they tell a refusal that nobody has accepted.
fn none_refused_by_logs<'a>(
    ctx: &Context<'_>,
    max: Duration,
    renewed: &[Renewed<'a>],
) -> (Vec<Reason>, BTreeSet<&'a StampName>) {
    let view = match ctx.usage(Gate::NotRefused, max) {
        Ok((_, view)) => view,
        Err(reason) => return (vec![*reason], BTreeSet::new()),
    };
    let (mut reasons, told) = refused(ctx, renewed, view);
    reasons.extend(begins_late(ctx, EvidenceKey::Usage, view.since, renewed));
    (reasons, told)
}

/// From when on the stamp's pods are young enough: since the first of them, or, once the old key is gone, since the last of
/// those that are wanted. That evidence was asked for before; where it is missing because of our own restart, none of them is
/// older than the first of those.
fn renewal(ctx: &Context<'_>, facts: &StampFacts) -> Option<Timestamp> {
    let max = ctx.counted();
    ctx.vault(&facts.name, Gate::NotRefused, max).ok()?;
    match ctx.cluster(&facts.name, Gate::NotRefused, max) {
        Err(reason) if !matches!(reason.why, Why::NotSeen(_)) => None,
        Ok(_) | Err(_) => seen_renewal(ctx, facts),
    }
}

/// The same by what was seen, however long ago.
fn seen_renewal(ctx: &Context<'_>, facts: &StampFacts) -> Option<Timestamp> {
    let vault = ctx.world.vaults.get(&facts.name)?.get()?;
    match ctx.world.clusters.get(&facts.name) {
        Some(cluster) => {
            let (cluster, lag) = (cluster.get()?, ctx.policy.vault_lag);
            let first = renewals(vault, cluster, lag).min()?;
            // Once the old key is gone, pods that still held it were refused until the last of them was replaced.
            let last = ctx.old_key_is_gone().then(|| renewed_whole(vault, cluster, lag)).flatten();
            Some(last.unwrap_or(first))
        }
        None => begun_at(ctx, &facts.name, vault),
    }
}

/// The region that serves the stamp's pods, if the account is there; where it is not, another one serves them, and nobody
/// says which.
pub fn own_region<'a>(account: Option<&AccountView>, facts: &'a StampFacts) -> Option<&'a str> {
    facts.region.as_deref().filter(|region| account.is_some_and(|account| account.has_region(region)))
}

/// The logs have come to that moment, so that what they do not show of a stamp did not happen. Rows come region by region:
/// for a stamp that takes traffic those of its own count, as far as they are of others than keyslot. Waits for them, and calls a
/// person where they do not come.
pub fn logs_reach(ctx: &Context<'_>, stamp: &StampName, wanted: Timestamp, max: Duration) -> Vec<Reason> {
    let Some(lag) = ctx.policy.log_lag else { return Vec::new() };
    let gate = Gate::NotRefused;
    let (seen, view) = match ctx.usage(gate, max) {
        Ok(usage) => usage,
        Err(reason) => return vec![*reason],
    };
    let facts = ctx.policy.stamps.iter().find(|facts| facts.name == *stamp && facts.live_traffic);
    let account = ctx.world.account.as_ref().and_then(|seen| seen.get());
    let reached = view.reached(seen, lag).and_then(|reached| match facts {
        Some(facts) => Some(reached.min(view.told_of(own_region(account, facts))?)),
        None => Some(reached),
    });
    if reached.is_some_and(|reached| reached >= wanted) {
        return Vec::new();
    }
    // A person is called by what was seen since, not because nobody has looked for long.
    let why = if later(wanted, lag * STALLED) > seen {
        Why::LogsBehind { region: None, reached, wanted }
    } else {
        Why::LogsStalled { reached, wanted }
    };
    vec![Reason::new(gate, Subject::Stamp(stamp.clone()), why)]
}

pub(super) fn earlier(at: Timestamp, by: Duration) -> Timestamp {
    let by = SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX);
    at.checked_sub(by).unwrap_or(Timestamp::MIN)
}
