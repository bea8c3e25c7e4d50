//! The census: who used which key over a window, who read the secret, who had the keys listed; as far as logs tell.
//! Pure: it groups and judges what was seen.
//!
//! The same judgement stands behind `keyslot census` and the gate [`readers`](super::Gate::Readers). Whoever is not
//! known has moved, is signed off as gone, or holds; where nothing is logged nothing is known, and nobody is unused. Who had
//! the keys listed may hold them: that is told, and holds no gate.

mod holders;
mod judge;
#[cfg(test)]
mod tests;
mod users;

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::model::{ActivityView, AuditView, Blind, CensusView, KeyKind, Slot, UsageView, Validity};

pub use holders::{Got, Lister, SecretReader, Vaults, listers, secret_readers};
pub use judge::{Attachment, Known, Lens, Signed};
pub use users::{User, users};

/// What a census is made from.
pub struct Sightings<'a> {
    pub since: Timestamp,
    pub view: &'a CensusView,
    pub activity: &'a Result<ActivityView, Blind>,
    pub vaults: &'a Vaults,
}

/// What became of one sign-off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature {
    /// Its place in the policy.
    pub place: usize,
    /// How many users, readers and listers it speaks of.
    pub covers: usize,
    /// How it stands for the last that was seen of them; by its time alone where it covers nobody.
    pub validity: Validity,
}

/// Who has the account's keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Census {
    pub since: Timestamp,
    /// The newest row of the account's requests, whoever asked.
    pub newest: Option<Timestamp>,
    /// By key, the last to use it first.
    pub users: Vec<User>,
    /// Callers whose rows name no key.
    pub unnamed: Vec<User>,
    /// Who read the secret, the last first.
    pub readers: Vec<SecretReader>,
    /// Who had the keys listed, the last first.
    pub listers: Vec<Lister>,
    pub signatures: Vec<Signature>,
    /// What the logs leave open, in words.
    pub unknowns: Vec<String>,
}

impl Census {
    /// Judges what was seen; for one slot's keys, where one is given.
    pub fn of(seen: &Sightings<'_>, slot: Option<Slot>, lens: Lens<'_>) -> Census {
        let used = seen.view.used.as_ref();
        let all = used.map(|used| users(used, lens)).unwrap_or_default();
        let (mut users, unnamed): (Vec<User>, Vec<User>) =
            all.into_iter().partition(|user| user.kind.is_some());
        let asked = |kind: KeyKind| slot.is_none_or(|slot| slot == kind.slot);
        users.retain(|user| user.kind.is_some_and(asked));
        let read = seen.view.read.as_ref();
        let mut census = Census {
            since: seen.since,
            newest: used.ok().and_then(|used| used.newest),
            unnamed,
            users,
            readers: read.map(|read| secret_readers(read, seen.vaults, slot, lens)).unwrap_or_default(),
            listers: seen.activity.as_ref().map(|view| listers(view, lens)).unwrap_or_default(),
            signatures: Vec::new(),
            unknowns: Vec::new(),
        };
        census.signatures = census.signatures(lens);
        census.unknowns = census.unknowns(seen, lens);
        census
    }

    /// How many hold a key and are nobody that is known.
    pub fn strangers(&self) -> usize {
        self.users.iter().filter(|user| user.is_stranger()).count()
            + self.readers.iter().filter(|reader| reader.is_stranger()).count()
            + self.listers.iter().filter(|lister| lister.is_stranger()).count()
    }

    fn signatures(&self, lens: Lens<'_>) -> Vec<Signature> {
        let all = self.users.iter().chain(&self.unnamed).map(|user| user.signed);
        let all = all.chain(self.readers.iter().map(|reader| reader.signed));
        let all: Vec<Signed> = all.chain(self.listers.iter().map(|lister| lister.signed)).flatten().collect();
        let signature = |place: usize| {
            let its: Vec<Validity> =
                all.iter().filter(|signed| signed.place == place).map(|signed| signed.validity).collect();
            let idle = || lens.policy.sign_offs.get(place).map(|one| one.validity(Timestamp::MIN, lens.now));
            let void = its.iter().find(|validity| **validity != Validity::Good);
            let validity = void.or(its.first()).copied().or_else(idle).unwrap_or(Validity::Good);
            Signature { place, covers: its.len(), validity }
        };
        (0..lens.policy.sign_offs.len()).map(signature).collect()
    }

    fn unknowns(&self, seen: &Sightings<'_>, lens: Lens<'_>) -> Vec<String> {
        let mut unknowns = Vec::new();
        match &seen.view.used {
            Err(blind) => unknowns.push(format!("who used the account's keys: {}", blind.why)),
            Ok(UsageView { newest: None, .. }) => {
                unknowns.push("the logs have no row of the account: they tell nothing of anybody".to_owned());
            }
            Ok(used) if used.begins() > used.since => {
                let begins = whole(used.begins());
                unknowns
                    .push(format!("who used the account's keys before {begins}, of when the first row is"));
            }
            Ok(_) => {}
        }
        let elsewhere: u64 =
            self.unnamed.iter().filter(|user| user.stamp.is_none()).map(|user| user.count).sum();
        if elsewhere > 0 {
            unknowns.push(format!("{elsewhere} requests from outside of the known stamps name no key"));
        }
        match &seen.view.read {
            Err(blind) => unknowns.push(format!("who read the secret: {}", blind.why)),
            Ok(audit) => {
                unknowns.extend(unaudited(audit, lens));
                unknowns.extend(audit.begins_late().map(|(stamp, begins)| {
                    let begins = whole(begins);
                    format!(
                        "who read the secret from the vault of {stamp} before {begins}, of when the first row of its audit is"
                    )
                }));
            }
        }
        match seen.activity {
            Err(blind) => unknowns.push(format!("who had the keys listed: {}", blind.why)),
            Ok(activity) if activity.since > seen.since => {
                unknowns.push(format!("who had the keys listed before {}", whole(activity.since)));
            }
            Ok(_) => {}
        }
        unknowns
    }
}

/// In whole seconds, as every other moment is told.
fn whole(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

/// Vaults of which the audit has no row at all.
fn unaudited(audit: &AuditView, lens: Lens<'_>) -> Option<String> {
    let stamps: BTreeSet<&str> = lens.policy.stamps.iter().map(|stamp| stamp.name.as_str()).collect();
    let silent: Vec<&str> = stamps
        .into_iter()
        .filter(|stamp| !audit.newest.keys().any(|known| known.as_str() == *stamp))
        .collect();
    (!silent.is_empty()).then(|| {
        format!(
            "who read the secret from the vaults of {}: the audit logs have no row of them",
            silent.join(", ")
        )
    })
}
