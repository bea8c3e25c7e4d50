//! Whom the account refuses, by its logs: the pods of a stamp, or somebody else who is refused where such pods ask.
//!
//! What comes from a stamp's own addresses is the stamp's, wherever it is refused: an SDK asks the account's global name
//! first, which a region that writes serves, and a key that is refused there never comes to the stamp's own region. What comes
//! from anywhere else counts where it is refused in the region of a stamp that was renewed, or in one that writes.
//!
//! A dead key that somebody else was left with is nothing that a restart has done, and a person may say so: of that caller,
//! by its address. What comes from nowhere that the logs know is the stamp's whose region it is, and in a region that writes
//! that one's, too, which was renewed last before. Who accepts what is a stamp's has accepted what was refused until then, and
//! not the next.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::super::{Context, Gate, Reason, Subject, Why};
use super::usage::{Renewed, newest, own_region};
use crate::model::{AccountView, Requests, StampName, UsageView};

/// So many callers are told at a time, those that were refused last.
const TOLD: usize = 12;

/// What is told of one subject.
struct Refused<'v, 'a> {
    since: Timestamp,
    requests: Vec<&'v Requests>,
    /// The renewed stamps among whose refusals the metrics count it.
    of: BTreeSet<&'a StampName>,
}

/// One reason a stamp and a caller, and the stamps among whose refusals is one of whom nobody has said that it may be.
pub fn refused<'a>(
    ctx: &Context<'_>,
    renewed: &[Renewed<'a>],
    view: &UsageView,
) -> (Vec<Reason>, BTreeSet<&'a StampName>) {
    let (mut reasons, mut others, mut told) = (Vec::new(), Vec::new(), BTreeSet::new());
    for (subject, refused) in by_subject(ctx, renewed, view) {
        let stranger = matches!(subject, Subject::Client(_));
        let Some(reason) = reason(subject, refused.since, &refused.requests) else { continue };
        if ctx.holding(vec![reason.clone()]).is_empty() {
            // A stamp's is left out by whoever asks.
            reasons.extend((!stranger).then_some(reason));
            continue;
        }
        told.extend(refused.of);
        if stranger { others.push(reason) } else { reasons.push(reason) }
    }
    others.sort_by_key(|reason| std::cmp::Reverse(last(reason)));
    others.truncate(TOLD);
    reasons.extend(others);
    (reasons, told)
}

fn by_subject<'v, 'a>(
    ctx: &Context<'_>,
    renewed: &[Renewed<'a>],
    view: &'v UsageView,
) -> BTreeMap<Subject, Refused<'v, 'a>> {
    let account = ctx.account(Gate::NotRefused, ctx.policy.ages.ordinary).ok();
    let mut all: BTreeMap<Subject, Refused<'v, 'a>> = BTreeMap::new();
    for requests in view.refused_in(None) {
        let near = near(account, renewed, requests);
        let address = requests.caller.address.as_str();
        let stamp = ctx.policy.stamp_at(address);
        let of = || near.iter().map(|(facts, _)| &facts.name).collect::<BTreeSet<_>>();
        let mut note = |subject: Subject, since: Timestamp, of: BTreeSet<&'a StampName>| {
            let known = all.entry(subject);
            let known = known.or_insert_with(|| Refused { since, requests: Vec::new(), of: BTreeSet::new() });
            known.since = known.since.min(since);
            known.requests.push(requests);
            known.of.extend(of);
        };
        let first = near.iter().map(|(_, since)| *since).min();
        let own = renewed.iter().find(|(facts, since)| Some(&facts.name) == stamp && *since <= requests.last);
        match (own, stamp, first) {
            (Some((facts, since)), _, _) => {
                let of = of().into_iter().chain([&facts.name]).collect();
                note(Subject::Stamp(facts.name.clone()), *since, of);
            }
            (None, _, None) => {}
            // Its pods were not replaced: whatever they are refused, it happens where others were.
            (None, Some(stamp), Some(first)) => note(Subject::Stamp(stamp.clone()), first, of()),
            (None, None, Some(first)) if !address.is_empty() => {
                note(Subject::Client(address.to_owned()), first, of());
            }
            (None, None, Some(_)) => {
                for (facts, since) in &near {
                    note(Subject::Stamp(facts.name.clone()), *since, BTreeSet::from([&facts.name]));
                }
            }
        }
    }
    all
}

/// The stamps renewed by then whose region it was, and where that writes the one renewed last. Where a stamp's region is not
/// known, every region counts.
fn near<'a>(account: Option<&AccountView>, renewed: &[Renewed<'a>], requests: &Requests) -> Vec<Renewed<'a>> {
    let before = || renewed.iter().filter(|(_, since)| *since <= requests.last);
    let here =
        |(facts, _): &&Renewed<'a>| own_region(account, facts).is_none_or(|region| requests.is_in(region));
    let mut near: Vec<Renewed<'a>> = before().filter(here).copied().collect();
    if account.is_some_and(|account| account.writes_in(&requests.region))
        && let Some(last) = before().max_by_key(|(_, since)| *since)
        && !near.iter().any(|(facts, _)| facts.name == last.0.name)
    {
        near.push(*last);
    }
    near
}

fn reason(subject: Subject, since: Timestamp, requests: &[&Requests]) -> Option<Reason> {
    let region = requests.iter().max_by_key(|requests| requests.last)?.region.clone();
    let (at, by, count) = newest(requests)?;
    let stranger = matches!(subject, Subject::Client(_));
    let why = Why::RefusedSince { region, since, at, by: by.clone(), count, stranger };
    Some(Reason::new(Gate::NotRefused, subject, why))
}

fn last(reason: &Reason) -> Option<Timestamp> {
    match &reason.why {
        Why::RefusedSince { at, .. } => Some(*at),
        _ => None,
    }
}
