//! Which Secrets the CSI driver made, as far as one connection has been told.
//!
//! Nothing but a class makes the driver make a Secret: what it has made is as it was as long as every class is the same object
//! and says the same. On these terms an answer stands for a while; a Secret that was found to be left behind is asked about with
//! every look, so that its mending shows.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use super::csi::Class;
use super::unfilled::SecretName;

/// How long an answer stands. What a regeneration may rest on is no older.
const STANDS_FOR: Duration = Duration::from_secs(600);

/// What all classes are and say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Editions(Vec<(String, String, String)>);

impl Editions {
    pub fn of(classes: &[Class]) -> Editions {
        let of = |class: &Class| (class.namespace.clone(), class.name.clone(), class.edition.clone());
        let mut all: Vec<_> = classes.iter().map(of).collect();
        all.sort_unstable();
        Editions(all)
    }
}

#[derive(Debug)]
struct Answer<T> {
    at: Timestamp,
    editions: Editions,
    told: T,
}

impl<T> Answer<T> {
    fn stands(&self, editions: &Editions, now: Timestamp) -> bool {
        self.editions == *editions && now.duration_since(self.at).unsigned_abs() <= STANDS_FOR
    }
}

/// Of one server.
#[derive(Debug, Default)]
pub(super) struct Made(Mutex<Told>);

#[derive(Debug, Default)]
struct Told {
    /// Every Secret that the driver made.
    all: Option<Answer<BTreeSet<SecretName>>>,
    /// Those that were asked for by name and that it did not make.
    others: BTreeMap<SecretName, Answer<()>>,
    /// When it was said that they may not be listed.
    refused: Option<Timestamp>,
}

impl Made {
    pub fn all(&self, editions: &Editions, now: Timestamp) -> Option<BTreeSet<SecretName>> {
        let told = self.told();
        told.all.as_ref().filter(|answer| answer.stands(editions, now)).map(|answer| answer.told.clone())
    }

    pub fn listed(&self, all: BTreeSet<SecretName>, editions: Editions, at: Timestamp) {
        self.told().all = Some(Answer { at, editions, told: all });
    }

    pub fn forget(&self) {
        self.told().all = None;
    }

    pub fn may_be_listed(&self, now: Timestamp) -> bool {
        self.told().refused.is_none_or(|at| now.duration_since(at).unsigned_abs() > STANDS_FOR)
    }

    pub fn may_not_be_listed(&self, at: Timestamp) {
        self.told().refused = Some(at);
    }

    pub fn is_other(&self, name: &SecretName, editions: &Editions, now: Timestamp) -> bool {
        self.told().others.get(name).is_some_and(|answer| answer.stands(editions, now))
    }

    pub fn other(&self, name: SecretName, editions: Editions, at: Timestamp) {
        self.told().others.insert(name, Answer { at, editions, told: () });
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
