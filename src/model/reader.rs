//! Who could get at the account's keys, as audit logs tell: who read the secret from a vault, and who had the keys
//! listed.
//!
//! Such a log tells what was, minutes late, and only where somebody keeps it. A vault without any row is one of which
//! nothing is known: it is in no map here, and whoever judges has to say so.

use std::collections::BTreeMap;
use std::fmt;

use jiff::{SignedDuration, Timestamp};

use super::service::{DEEDS, RESOURCE_TYPE};
use super::{Blind, Caller, SecretVersion, StampName, UsageView};

/// Who signed in, as far as the row says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Identity {
    /// A person's name; empty for an application.
    pub name: String,
    /// The application's id.
    pub application: String,
    /// The object's id in the directory.
    pub object: String,
}

impl Identity {
    /// What it may be called by.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        [&self.name, &self.application, &self.object]
            .into_iter()
            .map(String::as_str)
            .filter(|it| !it.is_empty())
    }

    /// Whether it is called by one of these, without regard to case.
    pub fn is_among(&self, known: &[String]) -> bool {
        self.names().any(|name| known.iter().any(|known| known.eq_ignore_ascii_case(name)))
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.names().next().unwrap_or("an unknown identity"))
    }
}

/// Reads of the secret that are alike.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SecretReads {
    /// The stamp whose vault it was.
    pub stamp: StampName,
    /// What they got, where the row says it.
    pub version: Option<SecretVersion>,
    pub identity: Identity,
    pub caller: Caller,
    pub count: u64,
    pub first: Timestamp,
    pub last: Timestamp,
}

/// From when on a log tells: from its window's beginning on, where its first row is not long after it. Where it has none for a
/// twentieth of the window, and for an hour, it is taken to be younger than that.
pub(super) fn begins(since: Timestamp, newest: Option<Timestamp>, oldest: Timestamp) -> Timestamp {
    let window = newest.unwrap_or(since).duration_since(since);
    let pause = SignedDuration::from_hours(1).max(window / 20);
    if since.checked_add(pause).is_ok_and(|late| oldest > late) { oldest } else { since }
}

/// The vaults' audit over a window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditView {
    pub since: Timestamp,
    /// The newest row of each vault, of whatever it is. A vault that has none is not audited here.
    pub newest: BTreeMap<StampName, Timestamp>,
    /// The oldest row of each in the window, of whatever it is.
    pub oldest: BTreeMap<StampName, Timestamp>,
    pub reads: Vec<SecretReads>,
}

impl AuditView {
    /// What others than keyslot read.
    pub fn of_others(&self) -> impl Iterator<Item = &SecretReads> {
        self.reads.iter().filter(|reads| !reads.caller.is_keyslot())
    }

    /// Of the vaults whose first row comes long after the window's beginning, when that is: who read them before, nobody has
    /// written down, or they were not there.
    pub fn begins_late(&self) -> impl Iterator<Item = (&StampName, Timestamp)> {
        self.oldest.iter().filter_map(|(stamp, oldest)| {
            let newest = self.newest.get(stamp).copied();
            let begins = begins(self.since, newest, *oldest);
            (begins > self.since).then_some((stamp, begins))
        })
    }

    /// Takes a row of a vault into account.
    pub fn note(&mut self, stamp: &StampName, first: Timestamp, last: Timestamp) {
        let newest = self.newest.entry(stamp.clone()).or_insert(last);
        *newest = (*newest).max(last);
        let oldest = self.oldest.entry(stamp.clone()).or_insert(first);
        *oldest = (*oldest).min(first);
    }
}

/// What was seen of readers over the census window, for the gate. Each part was told, or is not to be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CensusView {
    pub used: Result<UsageView, Blind>,
    pub read: Result<AuditView, Blind>,
}

/// What somebody asked of the account that gives out keys, or makes new ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyDeed {
    /// All four keys, or connection strings with them.
    List,
    ListReadOnly,
    Regenerate,
}

impl KeyDeed {
    /// By the operation's name in Azure's activity log.
    pub fn of_operation(name: &str) -> Option<KeyDeed> {
        let name = name.to_ascii_lowercase();
        let rest = name.strip_prefix(&RESOURCE_TYPE.to_ascii_lowercase())?.strip_prefix('/')?;
        let asked = rest.strip_suffix("/action")?;
        DEEDS.into_iter().find(|(operation, _)| *operation == asked).map(|(_, deed)| deed)
    }

    pub fn as_str(self) -> &'static str {
        match self {
            KeyDeed::List => "list",
            KeyDeed::ListReadOnly => "list-read-only",
            KeyDeed::Regenerate => "regenerate",
        }
    }
}

/// Deeds that are alike.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyDeeds {
    pub deed: KeyDeed,
    pub identity: Identity,
    /// The activity log tells no agent.
    pub address: String,
    pub count: u64,
    pub first: Timestamp,
    pub last: Timestamp,
}

/// The account's activity log over a window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActivityView {
    /// No earlier than the log goes back.
    pub since: Timestamp,
    pub deeds: Vec<KeyDeeds>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_known_by_their_names_in_any_case() {
        for (name, deed) in [
            ("Microsoft.DocumentDB/databaseAccounts/listKeys/action", Some(KeyDeed::List)),
            ("MICROSOFT.DOCUMENTDB/DATABASEACCOUNTS/LISTCONNECTIONSTRINGS/ACTION", Some(KeyDeed::List)),
            ("Microsoft.DocumentDB/databaseAccounts/readonlykeys/action", Some(KeyDeed::ListReadOnly)),
            ("Microsoft.DocumentDB/databaseAccounts/regenerateKey/action", Some(KeyDeed::Regenerate)),
            ("Microsoft.DocumentDB/databaseAccounts/write", None),
            ("Microsoft.Storage/storageAccounts/listKeys/action", None),
        ] {
            assert_eq!(KeyDeed::of_operation(name), deed, "{name}");
        }
    }

    #[test]
    fn an_audit_that_begins_long_after_its_window_is_told_by_its_vault() {
        let at = |hours: i64| Timestamp::from_second(hours * 3600).unwrap();
        let (newest, oldest, reads) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
        let mut audit = AuditView { since: at(0), newest, oldest, reads };
        audit.note(&"old".into(), at(10), at(200));
        audit.note(&"old".into(), at(1), at(2));
        audit.note(&"new".into(), at(11), at(200));
        assert_eq!(audit.newest[&"old".into()], at(200));
        let late: Vec<(&StampName, Timestamp)> = audit.begins_late().collect();
        assert_eq!(late, [(&"new".into(), at(11))]);
    }

    #[test]
    fn an_identity_goes_by_any_of_its_names() {
        let identity =
            Identity { name: String::new(), application: "APP-1".to_owned(), object: "obj-2".to_owned() };
        assert_eq!(identity.to_string(), "APP-1");
        assert!(identity.is_among(&["app-1".to_owned()]) && identity.is_among(&["OBJ-2".to_owned()]));
        assert!(!identity.is_among(&[String::new()]));
        assert_eq!(Identity::default().to_string(), "an unknown identity");
    }
}
