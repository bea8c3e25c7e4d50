//! Who used a key, by the logs of the data plane.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::super::reason;
use super::judge::{Attachment, Lens, Signed, attachment};
use crate::model::{Caller, Credential, KeyKind, Requests, StampName, UsageView};

/// One caller's requests with one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// `None` where no row says the key.
    pub kind: Option<KeyKind>,
    pub caller: Caller,
    /// The stamp that it is known to be part of.
    pub stamp: Option<StampName>,
    pub regions: BTreeSet<String>,
    pub count: u64,
    pub first: Timestamp,
    pub last: Timestamp,
    pub attachment: Attachment,
    /// Whether it used this key long after it began to use the other slot's, and that one later still: then it may be two
    /// programs behind one address, of which one has not moved.
    pub both: bool,
    pub signed: Option<Signed>,
}

impl User {
    /// Somebody outside of the known stamps who has a key, has not moved and is not signed off.
    pub fn is_stranger(&self) -> bool {
        self.kind.is_some() && self.stamp.is_none() && self.attachment == Attachment::Holds
    }
}

type Groups<'a> = BTreeMap<(Option<KeyKind>, &'a Caller), Vec<&'a Requests>>;

/// By key, the last to use it first; those whose rows name no key at the end. What was used before its slot's present
/// key was made was another key, and is dead already.
pub fn users(view: &UsageView, lens: Lens<'_>) -> Vec<User> {
    let groups = groups(view);
    let dead = |user: &User| {
        let generated =
            user.kind.and_then(|kind| lens.account.and_then(|account| account.key(kind).generated));
        generated.is_some_and(|generated| user.last < generated)
    };
    let all = groups.iter().filter_map(|(key, all)| user(&groups, *key, all, lens));
    let mut users: Vec<User> = all.filter(|user| !dead(user)).collect();
    users.sort_by_key(|user| (user.kind.is_none(), user.kind, std::cmp::Reverse(user.last)));
    users
}

fn groups(view: &UsageView) -> Groups<'_> {
    let mut groups = Groups::new();
    for requests in view.of_others() {
        let kind = match requests.credential {
            Credential::Key(kind) => Some(kind),
            Credential::Unknown if !requests.refused => None,
            Credential::Unknown | Credential::NoKey => continue,
        };
        groups.entry((kind, &requests.caller)).or_default().push(requests);
    }
    groups
}

fn newest(all: &[&Requests]) -> Option<Timestamp> {
    all.iter().map(|requests| requests.last).max()
}

/// When it began to use the slot's present key, as far as is known.
fn began(kind: KeyKind, all: &[&Requests], lens: Lens<'_>) -> Option<Timestamp> {
    let generated = lens.account.and_then(|account| account.key(kind).generated);
    let first = all.iter().map(|requests| requests.first).min()?;
    Some(generated.map_or(first, |generated| first.max(generated)))
}

fn user(
    groups: &Groups<'_>,
    (kind, caller): (Option<KeyKind>, &Caller),
    all: &[&Requests],
    lens: Lens<'_>,
) -> Option<User> {
    let last = newest(all)?;
    let other = kind.map(|kind| KeyKind { slot: kind.slot.other(), ..kind });
    let with_other = other.and_then(|other| Some((other, groups.get(&(Some(other), caller))?)));
    let later = with_other.is_some_and(|(_, all)| newest(all).is_some_and(|at| at > last));
    let before = with_other.and_then(|(other, all)| began(other, all, lens));
    let both = later && before.is_some_and(|began| reason::later(began, lens.policy.quiet_window) < last);
    let signed = lens.signed(None, caller, last);
    Some(User {
        kind,
        caller: caller.clone(),
        stamp: lens.policy.stamp_at(&caller.address).cloned(),
        regions: all.iter().map(|requests| requests.region.clone()).collect(),
        count: all.iter().map(|requests| requests.count).sum(),
        first: all.iter().map(|requests| requests.first).min()?,
        last,
        attachment: attachment(later && !both, signed),
        both,
        signed,
    })
}
