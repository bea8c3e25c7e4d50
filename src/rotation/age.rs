//! How old the keys are that are in use: is a rotation due?
//!
//! In use is what a vault holds. A vault that was not seen may hold either key, so a key that no seen vault holds is
//! then not known to be unused. An age that Azure does not tell is no young one.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use crate::model::{Access, AccountView, Blind, KeyKind, Slot, StampName, VaultView};

/// Who holds a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holders {
    /// These stamps' vaults.
    Stamps(Vec<StampName>),
    /// No vault, and every one was seen.
    Nobody,
    /// No vault that was seen; the others may.
    Unknown,
}

/// One key of the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyAge {
    pub kind: KeyKind,
    /// Absent where Azure does not tell.
    pub generated: Option<Timestamp>,
    pub holders: Holders,
}

/// What follows for one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgeVerdict {
    /// In use, and not too old.
    Young,
    /// In use for too long.
    TooOld,
    /// In use, and Azure does not tell since when there is this key.
    Unknown,
    /// Not in use.
    Spare,
    /// Whether it is in use could not be seen.
    Unseen,
}

impl AgeVerdict {
    /// Whether a person should do something about it.
    pub fn is_finding(self) -> bool {
        match self {
            AgeVerdict::TooOld | AgeVerdict::Unknown => true,
            AgeVerdict::Young | AgeVerdict::Spare | AgeVerdict::Unseen => false,
        }
    }
}

impl KeyAge {
    /// Time since it was generated; none before that, where clocks differ.
    pub fn age(&self, at: Timestamp) -> Option<Duration> {
        let since = |generated| at.duration_since(generated).try_into().unwrap_or(Duration::ZERO);
        self.generated.map(since)
    }

    pub fn verdict(&self, most: Duration, at: Timestamp) -> AgeVerdict {
        match (&self.holders, self.age(at)) {
            (Holders::Nobody, _) => AgeVerdict::Spare,
            (Holders::Unknown, _) => AgeVerdict::Unseen,
            (Holders::Stamps(_), None) => AgeVerdict::Unknown,
            (Holders::Stamps(_), Some(age)) if age > most => AgeVerdict::TooOld,
            (Holders::Stamps(_), Some(_)) => AgeVerdict::Young,
        }
    }
}

/// Both slots of one access.
pub fn key_ages(
    account: &AccountView,
    access: Access,
    vaults: &BTreeMap<StampName, Result<VaultView, Blind>>,
) -> Vec<KeyAge> {
    let kinds = Slot::ALL.into_iter().map(|slot| KeyKind { slot, access });
    kinds
        .map(|kind| KeyAge {
            kind,
            generated: account.key(kind).generated,
            holders: holders(account, kind, vaults),
        })
        .collect()
}

fn holders(
    account: &AccountView,
    kind: KeyKind,
    vaults: &BTreeMap<StampName, Result<VaultView, Blind>>,
) -> Holders {
    let Some(key) = &account.key(kind).fingerprint else { return Holders::Unknown };
    let holds = |seen: &Result<VaultView, Blind>| seen.as_ref().is_ok_and(|vault| vault.fingerprint == *key);
    let stamps: Vec<StampName> =
        vaults.iter().filter(|(_, seen)| holds(seen)).map(|(stamp, _)| stamp.clone()).collect();
    match (stamps.is_empty(), vaults.is_empty() || vaults.values().any(Result::is_err)) {
        (false, _) => Holders::Stamps(stamps),
        (true, true) => Holders::Unknown,
        (true, false) => Holders::Nobody,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: Duration = Duration::from_secs(60 * 86_400);

    fn key(generated: Option<&str>, holders: Holders) -> KeyAge {
        let kind = KeyKind::read_write(Slot::Primary);
        KeyAge { kind, generated: generated.map(|text| text.parse().unwrap()), holders }
    }

    fn stamps() -> Holders {
        Holders::Stamps(vec![StampName::new("northeurope")])
    }

    #[test]
    fn a_key_in_use_is_too_old_only_after_its_time_and_an_untold_age_is_a_finding() {
        let at: Timestamp = "2026-03-02T00:00:00Z".parse().unwrap();
        for (generated, holders, expected) in [
            (Some("2026-01-01T00:00:00Z"), stamps(), AgeVerdict::Young),
            (Some("2025-12-31T23:59:59Z"), stamps(), AgeVerdict::TooOld),
            (Some("2026-03-02T00:00:05Z"), stamps(), AgeVerdict::Young),
            (None, stamps(), AgeVerdict::Unknown),
            (Some("2020-01-01T00:00:00Z"), Holders::Nobody, AgeVerdict::Spare),
            (Some("2020-01-01T00:00:00Z"), Holders::Unknown, AgeVerdict::Unseen),
        ] {
            assert_eq!(
                key(generated, holders.clone()).verdict(MOST, at),
                expected,
                "{generated:?} {holders:?}"
            );
        }
    }
}
