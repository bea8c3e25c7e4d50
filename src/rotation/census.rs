//! The census: who used which key over a window, as far as the logs tell. Pure: it groups and judges what was seen.
//!
//! A user has moved when all that was seen of it since is with the other slot; everybody else holds. Nobody is called
//! gone: that somebody has not been seen for a while is a person's to judge.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::model::{Caller, Credential, KeyKind, Requests, StampName, UsageView};

/// Whether a user needs somebody's attention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attachment {
    /// It was seen with the other slot later than with this one.
    Moved,
    Holds,
}

impl Attachment {
    pub fn as_str(self) -> &'static str {
        match self {
            Attachment::Moved => "moved",
            Attachment::Holds => "holds",
        }
    }
}

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
}

impl User {
    /// Somebody outside of the known stamps who has a key and has not moved.
    pub fn is_stranger(&self) -> bool {
        self.kind.is_some() && self.stamp.is_none() && self.attachment == Attachment::Holds
    }
}

/// Who used the account's keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Census {
    pub since: Timestamp,
    /// The newest row of the account, whoever asked.
    pub newest: Option<Timestamp>,
    /// By key, the last to use it first.
    pub users: Vec<User>,
    /// Callers whose rows name no key.
    pub unnamed: Vec<User>,
}

impl Census {
    /// Judges what was seen. `stamp_of` knows the addresses of stamps; without `only`, every key counts.
    pub fn of(
        view: &UsageView,
        only: impl Fn(KeyKind) -> bool,
        stamp_of: impl Fn(&str) -> Option<StampName>,
    ) -> Census {
        let mut groups: BTreeMap<(Option<KeyKind>, &Caller), Vec<&Requests>> = BTreeMap::new();
        for requests in view.of_others() {
            let kind = match requests.credential {
                Credential::Key(kind) => Some(kind),
                Credential::Unknown if !requests.refused => None,
                Credential::Unknown | Credential::NoKey => continue,
            };
            groups.entry((kind, &requests.caller)).or_default().push(requests);
        }
        let last_with = |kind: KeyKind, caller: &Caller| {
            let all = groups.get(&(Some(kind), caller))?;
            all.iter().map(|requests| requests.last).max()
        };
        let user = |(kind, caller): &(Option<KeyKind>, &Caller), all: &Vec<&Requests>| {
            let last = all.iter().map(|requests| requests.last).max()?;
            let other = kind.map(|kind| KeyKind { slot: kind.slot.other(), ..kind });
            let later = other.and_then(|other| last_with(other, caller)).is_some_and(|at| at > last);
            Some(User {
                kind: *kind,
                caller: (*caller).clone(),
                stamp: stamp_of(&caller.address),
                regions: all.iter().map(|requests| requests.region.clone()).collect(),
                count: all.iter().map(|requests| requests.count).sum(),
                first: all.iter().map(|requests| requests.first).min()?,
                last,
                attachment: if later { Attachment::Moved } else { Attachment::Holds },
            })
        };
        let all: Vec<User> = groups.iter().filter_map(|(key, all)| user(key, all)).collect();
        let (mut users, mut unnamed): (Vec<User>, Vec<User>) =
            all.into_iter().partition(|user| user.kind.is_some());
        users.retain(|user| user.kind.is_some_and(&only));
        users.sort_by_key(|user| (user.kind, std::cmp::Reverse(user.last)));
        unnamed.sort_by_key(|user| std::cmp::Reverse(user.last));
        Census { since: view.since, newest: view.newest, users, unnamed }
    }

    pub fn strangers(&self) -> impl Iterator<Item = &User> {
        self.users.iter().filter(|user| user.is_stranger())
    }

    /// What the logs leave open, in words.
    pub fn unknowns(&self) -> Vec<String> {
        let mut unknowns = Vec::new();
        if self.newest.is_none() {
            unknowns.push("the logs have no row of the account: they tell nothing of anybody".to_owned());
        }
        let elsewhere: u64 =
            self.unnamed.iter().filter(|user| user.stamp.is_none()).map(|user| user.count).sum();
        if elsewhere > 0 {
            unknowns.push(format!("{elsewhere} requests from outside of the known stamps name no key"));
        }
        unknowns
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Slot;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn row(credential: Credential, address: &str, last: i64) -> Requests {
        Requests {
            credential,
            refused: false,
            region: "North Europe".to_owned(),
            caller: Caller { address: address.to_owned(), agent: "sdk".to_owned() },
            count: 2,
            first: at(0),
            last: at(last),
        }
    }

    #[test]
    fn each_user_holds_or_has_moved_and_strangers_are_those_of_no_stamp() {
        let primary = KeyKind::read_write(Slot::Primary);
        let secondary = KeyKind::read_write(Slot::Secondary);
        let view = UsageView {
            since: at(0),
            newest: Some(at(100)),
            requests: vec![
                row(Credential::Key(primary), "stamp", 50),
                row(Credential::Key(primary), "stamp", 60),
                row(Credential::Key(secondary), "stamp", 100),
                row(Credential::Key(primary), "laptop", 70),
                row(Credential::Unknown, "indexer", 80),
                row(Credential::NoKey, "portal", 90),
            ],
        };
        let stamp = |address: &str| (address == "stamp").then(|| StampName::new("north"));
        let census = Census::of(&view, |kind| kind == primary, stamp);
        let told: Vec<(&str, u64, &str, bool)> = census
            .users
            .iter()
            .map(|user| {
                (user.caller.address.as_str(), user.count, user.attachment.as_str(), user.is_stranger())
            })
            .collect();
        assert_eq!(told, [("laptop", 2, "holds", true), ("stamp", 4, "moved", false)]);
        assert_eq!(census.unnamed.len(), 1);
        assert_eq!(census.unknowns(), ["2 requests from outside of the known stamps name no key"]);
        assert_eq!(Census::of(&view, |_| true, stamp).users.len(), 3);
        let nothing = UsageView { newest: None, requests: Vec::new(), ..view };
        assert_eq!(Census::of(&nothing, |_| true, stamp).unknowns().len(), 1);
    }
}
