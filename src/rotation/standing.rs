//! Which key everybody uses right now, and who differs: a judgement of the live world without any rotation.
//!
//! Vaults and pods are judged, because they are what serves. What the code says is a note beside it: in the middle of
//! a rotation it is ahead of the vaults, and nobody is refused for that.

use std::collections::BTreeSet;
use std::time::Duration;

use self::unseen::unseen;
use super::closed::is_closed;
use super::predicate::{perhaps_stale, stale_pods};
use crate::model::{
    Access, AccountView, Blind, Blindness, ClusterView, EvidenceKey, KeyKind, Slot, SlotUse, StampName,
    VaultView, World,
};

mod unseen;

/// Something that is not as it is elsewhere, or as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// Other vaults hold the other slot's key.
    OtherSlot {
        stamp: StampName,
        holds: Slot,
        /// Whether more of them do than hold this one; else as many do.
        most: bool,
    },
    /// It is a key of the account that may do something else than the one that is asked about: of a read-only one no write is
    /// accepted.
    OtherAccess { stamp: StampName, holds: KeyKind },
    /// The vault's value is none of the account's keys: somebody set it by hand, or it was regenerated away.
    NoKey { stamp: StampName },
    /// Nobody gets the current version of the secret, so nobody sees what it holds: new pods do not start.
    Disabled { stamp: StampName },
    /// Pods that may have started with an older value than the vault holds.
    OldPods { stamp: StampName, pods: Vec<String> },
    /// A Kubernetes Secret that does not hold what the vault holds.
    StaleSecret { stamp: StampName, secret: String, holds: Option<Slot> },
}

impl Difference {
    pub fn stamp(&self) -> &StampName {
        match self {
            Difference::OtherSlot { stamp, .. }
            | Difference::OtherAccess { stamp, .. }
            | Difference::NoKey { stamp }
            | Difference::Disabled { stamp }
            | Difference::OldPods { stamp, .. }
            | Difference::StaleSecret { stamp, .. } => stamp,
        }
    }

    /// The name of its kind, for machine output.
    pub fn kind(&self) -> &'static str {
        match self {
            Difference::OtherSlot { .. } => "other-slot",
            Difference::OtherAccess { .. } => "other-access",
            Difference::NoKey { .. } => "no-key",
            Difference::Disabled { .. } => "disabled",
            Difference::OldPods { .. } => "old-pods",
            Difference::StaleSecret { .. } => "stale-secret",
        }
    }
}

/// What could not be seen, so that nobody can say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unseen {
    pub what: EvidenceKey,
    pub blind: Blind,
}

/// The judgement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The slot that every vault holds; absent where they differ, or are not all known.
    pub slot: Option<Slot>,
    /// The slot that every vault which could be seen holds; absent where they differ, or none was seen.
    pub seen_slot: Option<Slot>,
    pub differences: Vec<Difference>,
    pub unseen: Vec<Unseen>,
    /// Stamps of which Azure knows neither cluster nor vault. Nobody there uses any key.
    pub closed: Vec<StampName>,
    /// A branch whose code reads something else than the vaults hold: its name and what it reads.
    pub ahead: Vec<(String, SlotUse)>,
}

impl Standing {
    /// Judges what was seen of these stamps: whether they hold the slot's key of this access. `lag` is the policy's
    /// `vault_lag`.
    pub fn of(world: &World, stamps: &[StampName], access: Access, lag: Duration) -> Standing {
        let mut standing = Standing {
            slot: None,
            seen_slot: None,
            differences: Vec::new(),
            unseen: unseen(world, stamps, lag),
            closed: stamps.iter().filter(|stamp| is_closed(world, stamp)).cloned().collect(),
            ahead: Vec::new(),
        };
        let disabled = stamps.iter().filter(|stamp| is_disabled(world, stamp)).cloned();
        standing.differences.extend(disabled.map(|stamp| Difference::Disabled { stamp }));
        let Some(account) = world.account.as_ref().and_then(|seen| seen.get()) else { return standing };
        let untold = account.keys_untold().is_some();
        let vaults = || stamps.iter().filter_map(|stamp| Some((stamp, world.vaults.get(stamp)?.get()?)));
        let kind = |vault: &VaultView| account.kind_of(&vault.fingerprint);
        let held = |vault: &VaultView| kind(vault).filter(|kind| kind.access == access).map(|kind| kind.slot);
        let count = |slot: Slot| vaults().filter(|(_, vault)| held(vault) == Some(slot)).count();
        // Two slots are told against the one that more vaults hold, or against each other.
        let most = Slot::ALL.into_iter().find(|slot| count(*slot) > count(slot.other()));
        for (stamp, vault) in vaults() {
            standing.vault(stamp, (kind(vault), held(vault)), (most, untold));
            if let Some(cluster) = world.clusters.get(stamp).and_then(|seen| seen.get()) {
                standing.cluster(stamp, vault, cluster, account, lag);
            }
        }
        let alike = vaults().all(|(_, vault)| held(vault) == most);
        standing.seen_slot = most.filter(|_| alike);
        standing.slot =
            standing.seen_slot.filter(|_| vaults().count() + standing.closed.len() == stamps.len());
        standing.ahead = ahead(world, standing.slot);
        standing
    }

    /// `held`: which key it holds, and the slot where it is one of the access that is asked about. `untold`: no key of the
    /// account is known, so that a vault may hold any.
    fn vault(
        &mut self,
        stamp: &StampName,
        held: (Option<KeyKind>, Option<Slot>),
        (most, untold): (Option<Slot>, bool),
    ) {
        let stamp = || stamp.clone();
        match held {
            (None, _) if untold => {}
            (None, _) => self.differences.push(Difference::NoKey { stamp: stamp() }),
            (Some(holds), None) => {
                self.differences.push(Difference::OtherAccess { stamp: stamp(), holds });
            }
            (_, Some(holds)) if Some(holds) != most => {
                let most = most.is_some();
                self.differences.push(Difference::OtherSlot { stamp: stamp(), holds, most });
            }
            (_, Some(_)) => {}
        }
    }

    fn cluster(
        &mut self,
        stamp: &StampName,
        vault: &VaultView,
        cluster: &ClusterView,
        account: &AccountView,
        lag: Duration,
    ) {
        let perhaps: BTreeSet<&str> =
            perhaps_stale(vault, cluster, lag).map(|pod| pod.uid.as_str()).collect();
        let stale = stale_pods(vault, cluster, lag).filter(|pod| !perhaps.contains(pod.uid.as_str()));
        let pods: Vec<String> = stale.map(|pod| pod.name.clone()).collect();
        if !pods.is_empty() {
            self.differences.push(Difference::OldPods { stamp: stamp.clone(), pods });
        }
        for secret in cluster.synced.iter().filter(|secret| secret.fingerprint != vault.fingerprint) {
            self.differences.push(Difference::StaleSecret {
                stamp: stamp.clone(),
                secret: format!("{}/{}", secret.namespace, secret.name),
                holds: account.slot_of(&secret.fingerprint),
            });
        }
    }

    /// Whether everybody uses the same key, as far as could be seen.
    pub fn agrees(&self) -> bool {
        self.differences.is_empty()
    }
}

/// Whether the stamp's vault answers that the current version of its secret is given to nobody.
fn is_disabled(world: &World, stamp: &StampName) -> bool {
    let blind = world.vaults.get(stamp).and_then(|seen| seen.what.as_ref().err());
    blind.is_some_and(|blind| blind.kind == Blindness::Disabled)
}

fn ahead(world: &World, slot: Option<Slot>) -> Vec<(String, SlotUse)> {
    let Some(code) = world.code.as_ref().and_then(|seen| seen.get()) else { return Vec::new() };
    let branches = std::iter::once(&code.base).chain(&code.release);
    branches
        .filter(|branch| slot.is_some_and(|slot| branch.claim.reads != SlotUse::Only(slot)))
        .map(|branch| (branch.branch.to_string(), branch.claim.reads))
        .collect()
}
