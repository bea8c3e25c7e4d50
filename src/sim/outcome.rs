//! How a world ended, as counted by itself: the other half of every report.

use jiff::Timestamp;
use serde::Serialize;

use super::account::KeyId;
use super::meter::Outage;
use super::world::World;
use crate::model::{KeyKind, Slot};

/// Which slot something holds, by the account's current keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Holds {
    Primary,
    Secondary,
    Mixed,
    /// No key that is current, or nothing at all.
    Unknown,
}

impl From<Slot> for Holds {
    fn from(slot: Slot) -> Holds {
        match slot {
            Slot::Primary => Holds::Primary,
            Slot::Secondary => Holds::Secondary,
        }
    }
}

/// One stamp at the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StampOutcome {
    pub name: String,
    pub vault_slot: Holds,
    /// By the keys that the processes really hold.
    pub pods_slot: Holds,
    /// No pod is left that was there when the world began.
    pub restarted: bool,
}

/// One regeneration that was asked for and taken on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Regenerated {
    /// As Azure names it.
    pub kind: &'static str,
    /// When the POST was taken.
    pub at: Timestamp,
}

/// A world's own account of what happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Outcome {
    pub outage: Outage,
    pub stamps: Vec<StampOutcome>,
    pub regenerated: Vec<Regenerated>,
}

impl World {
    /// How things stand now. Stamps that were destroyed are left out.
    pub fn outcome(&self) -> Outcome {
        let start = self.config().start;
        let stamps = self.stamps().filter(|stamp| stamp.destroyed.is_none()).map(|stamp| StampOutcome {
            name: stamp.name.as_str().to_owned(),
            vault_slot: self.holds(stamp.vault.current().map(|version| version.value.key())),
            pods_slot: self.holds(stamp.cluster.processes().map(|process| process.key)),
            restarted: stamp.cluster.pods().next().is_some()
                && stamp.cluster.pods().all(|pod| pod.meta.created >= start),
        });
        let regenerated = self.account().operations().iter();
        Outcome {
            outage: self.outage(),
            stamps: stamps.collect(),
            regenerated: regenerated
                .map(|operation| Regenerated { kind: operation.kind.azure_name(), at: operation.started })
                .collect(),
        }
    }

    /// The slot of a key that is current now.
    pub fn slot_of(&self, key: KeyId) -> Option<Slot> {
        KeyKind::ALL
            .into_iter()
            .find(|kind| self.account().current(*kind).is_some_and(|current| current.id == key))
            .map(|kind| kind.slot)
    }

    fn holds(&self, keys: impl IntoIterator<Item = Option<KeyId>>) -> Holds {
        let mut held: Option<Holds> = None;
        for key in keys {
            let this = key.and_then(|key| self.slot_of(key)).map_or(Holds::Unknown, Holds::from);
            held = match held {
                None => Some(this),
                Some(before) if before == this => held,
                Some(Holds::Unknown) => held,
                Some(_) if this == Holds::Unknown => Some(Holds::Unknown),
                Some(_) => Some(Holds::Mixed),
            };
        }
        held.unwrap_or(Holds::Unknown)
    }
}
