//! The newest version of each kind that an API server has told of.
//!
//! Versions of one kind only grow, and a list that was asked for later shows no earlier one. A server that answers
//! with an older version than it has told of reads from a cache that is behind; what it shows may be long gone. Where
//! versions are no numbers (the API promises numbers to none but the newest servers) nothing is compared.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::api::Kind;

/// Of one server.
#[derive(Debug, Default)]
pub(super) struct Newest(Mutex<BTreeMap<Kind, u64>>);

impl Newest {
    /// What a list that is asked for now must not be older than.
    pub fn floor(&self, kind: Kind) -> u64 {
        self.all().get(&kind).copied().unwrap_or_default()
    }

    /// Something of the kind was seen at this version.
    pub fn note(&self, kind: Kind, version: &str) {
        if let Ok(version) = version.parse::<u64>() {
            let mut all = self.all();
            let newest = all.entry(kind).or_default();
            *newest = version.max(*newest);
        }
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<Kind, u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The version as a number, where it is one and lies before the floor.
pub(super) fn from_the_past(version: &str, floor: u64) -> Option<u64> {
    version.parse().ok().filter(|version| *version < floor)
}

#[cfg(test)]
mod tests {
    use super::super::api::{DEPLOYMENTS, PODS};
    use super::*;

    #[test]
    fn a_version_is_compared_with_what_its_kind_had_when_it_was_asked_for() {
        let newest = Newest::default();
        newest.note(PODS, "1200");
        newest.note(PODS, "1100");
        newest.note(PODS, "opaque");
        let floor = newest.floor(PODS);
        assert_eq!((floor, newest.floor(DEPLOYMENTS)), (1200, 0));
        assert_eq!(from_the_past("1199", floor), Some(1199));
        for version in ["1200", "1300", "opaque", ""] {
            assert_eq!(from_the_past(version, floor), None, "{version}");
        }
    }
}
