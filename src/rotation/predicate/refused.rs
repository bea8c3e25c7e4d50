//! Whom the account refuses, by its logs: the pods of a stamp, or somebody else who is refused in the same region.
//!
//! A dead key that somebody else was left with is nothing that a restart has done, and a person may say so: of that caller,
//! by its address. What comes from a stamp's own addresses is the stamp's, and so is what comes from nowhere that the logs
//! know; who accepts that has accepted what was refused until then, and not the next.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::super::{Context, Gate, Reason, Subject, Why};
use super::usage::{Renewed, newest, own_region};
use crate::model::{Requests, StampFacts, StampName, UsageView};

/// So many callers are told at a time, those that were refused last.
const TOLD: usize = 12;

/// One reason a stamp and a caller, and the stamps in whose region somebody is refused of whom nobody has said that it may
/// be.
pub fn refused<'a>(
    ctx: &Context<'_>,
    renewed: &[Renewed<'a>],
    view: &UsageView,
) -> (Vec<Reason>, BTreeSet<&'a StampName>) {
    let (mut reasons, mut told) = (Vec::new(), BTreeSet::new());
    let mut others: BTreeMap<&str, Reason> = BTreeMap::new();
    for (facts, since) in renewed {
        let all = by_caller(ctx, facts, *since, view);
        let mut holds = false;
        for (subject, (address, requests)) in all {
            let Some(reason) = reason(subject, *since, &requests) else { continue };
            holds = holds || !ctx.holding(vec![reason.clone()]).is_empty();
            match address {
                None => reasons.push(reason),
                // The same caller is told once, with all that it was refused.
                Some(address) => {
                    let known = others.entry(address).or_insert_with(|| reason.clone());
                    if count(known) < count(&reason) {
                        *known = reason;
                    }
                }
            }
        }
        if holds {
            told.insert(&facts.name);
        }
    }
    let mut others: Vec<Reason> = ctx.holding(others.into_values().collect());
    others.sort_by_key(|reason| std::cmp::Reverse(last(reason)));
    others.truncate(TOLD);
    reasons.extend(others);
    (reasons, told)
}

/// What was refused in the stamp's region from then on, by whose it is: with an address where it is nobody's of ours. Where
/// the stamp's region is not known, every region counts.
fn by_caller<'v>(
    ctx: &Context<'_>,
    facts: &'v StampFacts,
    since: Timestamp,
    view: &'v UsageView,
) -> BTreeMap<Subject, (Option<&'v str>, Vec<&'v Requests>)> {
    let account = ctx.account(Gate::NotRefused, ctx.policy.ages.ordinary).ok();
    let after = view.refused_in(own_region(account, facts)).filter(|requests| requests.last >= since);
    let mut all: BTreeMap<Subject, (Option<&str>, Vec<&Requests>)> = BTreeMap::new();
    for requests in after {
        let address = requests.caller.address.as_str();
        let ours = address.is_empty() || ctx.policy.stamp_at(address).is_some();
        let subject = match ours {
            true => Subject::Stamp(facts.name.clone()),
            false => Subject::Client(address.to_owned()),
        };
        all.entry(subject).or_insert_with(|| ((!ours).then_some(address), Vec::new())).1.push(requests);
    }
    all
}

fn reason(subject: Subject, since: Timestamp, requests: &[&Requests]) -> Option<Reason> {
    let region = requests.iter().max_by_key(|requests| requests.last)?.region.clone();
    let (at, by, count) = newest(requests)?;
    let stranger = matches!(subject, Subject::Client(_));
    let why = Why::RefusedSince { region, since, at, by: by.clone(), count, stranger };
    Some(Reason::new(Gate::NotRefused, subject, why))
}

fn count(reason: &Reason) -> u64 {
    match &reason.why {
        Why::RefusedSince { count, .. } => *count,
        _ => 0,
    }
}

fn last(reason: &Reason) -> Option<Timestamp> {
    match &reason.why {
        Why::RefusedSince { at, .. } => Some(*at),
        _ => None,
    }
}
