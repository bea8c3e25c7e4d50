//! Who asked the account with which key, as the logs of its data plane say.
//!
//! A log tells what was, late: rows come minutes after their requests, so what a log does not show is no evidence for
//! the last minutes, and none at all where nothing has come for long. A row that names no key is unknown, never unused.

use std::fmt;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::KeyKind;

/// With what a request was signed, as far as its row says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Credential {
    Key(KeyKind),
    /// An Entra identity, or the service itself: no key is at stake.
    NoKey,
    /// The row names no key, or one that we do not know.
    Unknown,
}

/// From where and with what a request came.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Caller {
    /// An IP address; empty where the row has none.
    pub address: String,
    pub agent: String,
}

impl Caller {
    /// Whether it is keyslot itself, proving a key or reading a vault. It proves the slot that is moved to, never the one
    /// that goes. (An SDK puts its own name after ours.)
    pub fn is_keyslot(&self) -> bool {
        self.agent.strip_prefix("keyslot").is_some_and(|rest| rest.starts_with(['/', ' ']))
    }
}

impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = if self.address.is_empty() { "an unknown address" } else { &self.address };
        match self.agent.as_str() {
            "" => f.write_str(address),
            agent => write!(f, "{address} ({agent})"),
        }
    }
}

/// Requests that are alike.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Requests {
    pub credential: Credential,
    /// Answered with 401.
    pub refused: bool,
    /// Of the account, by display name or location.
    pub region: String,
    pub caller: Caller,
    pub count: u64,
    pub first: Timestamp,
    pub last: Timestamp,
}

impl Requests {
    pub fn is_in(&self, region: &str) -> bool {
        same_region(region, &self.region)
    }
}

/// The requests of a window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageView {
    /// The window's beginning; it ends where the logs do.
    pub since: Timestamp,
    /// The time of the newest row of the account, whoever asked. `None` where there is no row at all.
    pub newest: Option<Timestamp>,
    pub requests: Vec<Requests>,
}

impl UsageView {
    /// Up to when the logs are taken to be whole: rows that young have come, and what is younger than the lag may
    /// still be on its way. (Rows do not arrive in order, so the newest alone proves nothing of those before it.)
    pub fn reached(&self, seen: Timestamp, lag: Duration) -> Option<Timestamp> {
        let lag = SignedDuration::try_from(lag).unwrap_or(SignedDuration::MAX);
        let settled = seen.checked_sub(lag).unwrap_or(Timestamp::MIN);
        self.newest.map(|newest| newest.min(settled))
    }

    /// The time of the oldest row of the account in the window, whoever asked.
    pub fn oldest(&self) -> Option<Timestamp> {
        self.requests.iter().map(|requests| requests.first).min()
    }

    /// From when on there are rows: from the window's beginning on, where the first of them is not long after it.
    pub fn begins(&self) -> Timestamp {
        super::reader::begins(self.since, self.newest, self.oldest().unwrap_or(self.since))
    }

    /// The time of a region's newest row, whoever asked.
    pub fn newest_in(&self, region: &str) -> Option<Timestamp> {
        self.requests.iter().filter(|requests| requests.is_in(region)).map(|requests| requests.last).max()
    }

    /// What others than keyslot asked.
    pub fn of_others(&self) -> impl Iterator<Item = &Requests> {
        self.requests.iter().filter(|requests| !requests.caller.is_keyslot())
    }

    /// What was signed with this key, refused or not: whoever did holds it.
    pub fn with_key(&self, kind: KeyKind) -> impl Iterator<Item = &Requests> {
        self.of_others().filter(move |requests| requests.credential == Credential::Key(kind))
    }

    /// What was let in without a row that says with which key.
    pub fn unknown(&self) -> impl Iterator<Item = &Requests> {
        self.of_others().filter(|requests| requests.credential == Credential::Unknown && !requests.refused)
    }

    /// What a region refused; every region's where none is given.
    pub fn refused_in<'a>(&'a self, region: Option<&'a str>) -> impl Iterator<Item = &'a Requests> {
        self.asked_in(region).filter(|requests| requests.refused)
    }

    /// When the last request of a region was, answered or refused; of any region where none is given.
    pub fn told_of(&self, region: Option<&str>) -> Option<Timestamp> {
        self.asked_in(region).map(|requests| requests.last).max()
    }

    fn asked_in<'a>(&'a self, region: Option<&'a str>) -> impl Iterator<Item = &'a Requests> {
        let here =
            move |requests: &&Requests| region.is_none_or(|region| same_region(region, &requests.region));
        self.of_others().filter(here)
    }
}

/// Azure writes one region as `North Europe` and as `northeurope`.
pub(super) fn same_region(one: &str, other: &str) -> bool {
    let letters = |text: &str| -> String {
        text.chars().filter(|letter| !letter.is_whitespace()).flat_map(char::to_lowercase).collect()
    };
    letters(one) == letters(other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Slot;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn requests(credential: Credential, refused: bool, region: &str, agent: &str) -> Requests {
        let caller = Caller { address: "192.0.2.1".to_owned(), agent: agent.to_owned() };
        let region = region.to_owned();
        Requests { credential, refused, region, caller, count: 1, first: at(0), last: at(1) }
    }

    #[test]
    fn a_log_is_whole_up_to_its_newest_row_and_no_further_than_the_lag_allows() {
        let view = |newest| UsageView { since: at(0), newest, requests: Vec::new() };
        let lag = Duration::from_secs(100);
        assert_eq!(view(None).reached(at(1000), lag), None);
        assert_eq!(view(Some(at(990))).reached(at(1000), lag), Some(at(900)), "others may be on their way");
        assert_eq!(view(Some(at(500))).reached(at(1000), lag), Some(at(500)), "nothing has come since");
    }

    #[test]
    fn a_log_begins_with_its_window_or_with_its_first_row_where_that_is_much_later() {
        let row =
            |first: i64| Requests { first: at(first), ..requests(Credential::NoKey, false, "", "keyslot/1") };
        let view = |first: i64, newest: i64| UsageView {
            since: at(0),
            newest: Some(at(newest)),
            requests: vec![row(first), row(first + 5)],
        };
        assert_eq!((view(3600, 7200).begins(), view(3601, 7200).begins()), (at(0), at(3601)));
        assert_eq!((view(7200, 144_000).begins(), view(7201, 144_000).begins()), (at(0), at(7201)));
        assert_eq!(UsageView { since: at(9), newest: None, requests: Vec::new() }.begins(), at(9));
    }

    #[test]
    fn keyslot_is_nobody_and_regions_have_two_spellings() {
        let primary = KeyKind::read_write(Slot::Primary);
        let view = UsageView {
            since: at(0),
            newest: None,
            requests: vec![
                requests(Credential::Key(primary), false, "North Europe", "sdk"),
                requests(Credential::Key(primary), false, "North Europe", "keyslot/0.1.0"),
                requests(Credential::Key(primary), false, "North Europe", "keyslot azsdk-rust-x/1"),
                requests(Credential::Unknown, false, "North Europe", "sdk"),
                requests(Credential::Unknown, true, "North Europe", "sdk"),
                requests(Credential::Unknown, true, "North Europe", "keyslot/0.1.0"),
                requests(Credential::NoKey, true, "East US 2", "sdk"),
            ],
        };
        assert_eq!(view.with_key(primary).count(), 1);
        assert_eq!(view.with_key(KeyKind::read_write(Slot::Secondary)).count(), 0);
        assert_eq!(view.unknown().count(), 1);
        assert_eq!(view.refused_in(Some("northeurope")).count(), 1);
        assert_eq!(view.refused_in(None).count(), 2);
        assert_eq!((view.told_of(Some("northeurope")), view.told_of(Some("West US"))), (Some(at(1)), None));
    }
}
