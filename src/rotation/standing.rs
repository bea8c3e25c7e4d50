//! Which key everybody uses right now, and who differs: a judgement of the live world without any rotation.
//!
//! Vaults and pods are judged, because they are what serves. What the code says is a note beside it: in the middle of
//! a rotation it is ahead of the vaults, and nobody is refused for that.

use std::collections::BTreeSet;
use std::time::Duration;

use super::Why;
use super::closed::is_closed;
use super::predicate::{clocks_agree, perhaps_stale, stale_pods, unclear_pods, untold};
use crate::model::{
    AccountView, Blind, Blindness, ClusterState, ClusterView, EvidenceKey, Slot, SlotUse, StampName,
    VaultView, World,
};

/// Something that is not as it is elsewhere, or as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// Other vaults hold the other slot's key.
    OtherSlot {
        stamp: StampName,
        holds: Slot,
    },
    /// The vault's value is none of the account's keys: somebody set it by hand, or it was regenerated away.
    NoKey {
        stamp: StampName,
    },
    Disabled {
        stamp: StampName,
    },
    /// Pods that may have started with an older value than the vault holds.
    OldPods {
        stamp: StampName,
        pods: Vec<String>,
    },
    /// A Kubernetes Secret that does not hold what the vault holds.
    StaleSecret {
        stamp: StampName,
        secret: String,
        holds: Option<Slot>,
    },
}

impl Difference {
    pub fn stamp(&self) -> &StampName {
        match self {
            Difference::OtherSlot { stamp, .. }
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
    /// Judges what was seen of these stamps. `lag` is the policy's `vault_lag`.
    pub fn of(world: &World, stamps: &[StampName], lag: Duration) -> Standing {
        let mut standing = Standing {
            slot: None,
            seen_slot: None,
            differences: Vec::new(),
            unseen: unseen(world, stamps, lag),
            closed: stamps.iter().filter(|stamp| is_closed(world, stamp)).cloned().collect(),
            ahead: Vec::new(),
        };
        let Some(account) = world.account.as_ref().and_then(|seen| seen.get()) else { return standing };
        let vaults = || stamps.iter().filter_map(|stamp| Some((stamp, world.vaults.get(stamp)?.get()?)));
        let held = |vault: &VaultView| account.slot_of(&vault.fingerprint);
        // Two slots are told against the one that more vaults hold.
        let most = Slot::ALL
            .into_iter()
            .max_by_key(|slot| vaults().filter(|(_, vault)| held(vault) == Some(*slot)).count());
        for (stamp, vault) in vaults() {
            standing.vault(stamp, vault, held(vault), most);
            if let Some(cluster) = world.clusters.get(stamp).and_then(|seen| seen.get()) {
                standing.cluster(stamp, vault, cluster, account, lag);
            }
        }
        let alike = vaults().next().is_some() && vaults().all(|(_, vault)| held(vault) == most);
        standing.seen_slot = most.filter(|_| alike);
        standing.slot =
            standing.seen_slot.filter(|_| vaults().count() + standing.closed.len() == stamps.len());
        standing.ahead = ahead(world, standing.slot);
        standing
    }

    fn vault(&mut self, stamp: &StampName, vault: &VaultView, held: Option<Slot>, most: Option<Slot>) {
        let stamp = || stamp.clone();
        match held {
            None => self.differences.push(Difference::NoKey { stamp: stamp() }),
            Some(holds) if Some(holds) != most => {
                self.differences.push(Difference::OtherSlot { stamp: stamp(), holds });
            }
            Some(_) => {}
        }
        if !vault.enabled {
            self.differences.push(Difference::Disabled { stamp: stamp() });
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

fn unseen(world: &World, stamps: &[StampName], lag: Duration) -> Vec<Unseen> {
    let mut unseen = Vec::new();
    let mut note = |what: EvidenceKey, blind: Option<&Blind>| {
        unseen.extend(blind.map(|blind| Unseen { what, blind: blind.clone() }));
    };
    note(EvidenceKey::Account, world.account.as_ref().and_then(|seen| seen.what.as_ref().err()));
    note(EvidenceKey::Code, world.code.as_ref().and_then(|seen| seen.what.as_ref().err()));
    for stamp in stamps.iter().filter(|stamp| !is_closed(world, stamp)) {
        let vault = world.vaults.get(stamp).and_then(|seen| seen.what.as_ref().err());
        let cluster = world.clusters.get(stamp);
        let state = cluster.and_then(|seen| seen.get()).map(|cluster| &cluster.state);
        note(EvidenceKey::Vault(stamp.clone()), vault);
        note(EvidenceKey::Cluster(stamp.clone()), cluster.and_then(|seen| seen.what.as_ref().err()));
        // With its vault there, it may be a cluster that is named wrongly.
        let vault_is_there = world.vaults.get(stamp).is_some_and(|seen| seen.what.is_ok());
        let unknown = Blind { kind: Blindness::Missing, why: NO_CLUSTER.to_owned() };
        let gone = state == Some(&ClusterState::Gone) && vault_is_there;
        note(EvidenceKey::Cluster(stamp.clone()), gone.then_some(&unknown));
        let vault = world.vaults.get(stamp).and_then(|seen| seen.get());
        let pods = cluster.and_then(|seen| seen.get()).and_then(|cluster| unclear(vault, cluster, lag));
        note(EvidenceKey::Cluster(stamp.clone()), pods.as_ref());
        if let Some(cluster) = cluster.and_then(|seen| seen.get()) {
            note(EvidenceKey::Cluster(stamp.clone()), undated(vault, cluster, lag).as_ref());
            note(EvidenceKey::Cluster(stamp.clone()), unmounted(vault, cluster, lag).as_ref());
            note(EvidenceKey::Cluster(stamp.clone()), clock(stamp, cluster).as_ref());
        }
    }
    unseen
}

/// What pods got when they began, and what nothing tells any more.
fn unclear(vault: Option<&VaultView>, cluster: &ClusterView, lag: Duration) -> Option<Blind> {
    let names: Vec<&str> = unclear_pods(vault, cluster, lag).map(|(pod, _)| pod.name.as_str()).collect();
    let why = || {
        format!(
            "the SecretProviderClass of {} is gone or was changed since: what it got is not known",
            names.join(", ")
        )
    };
    (!names.is_empty()).then(|| Blind { kind: Blindness::Unintelligible, why: why() })
}

/// Pods that read a Secret which was written after they began, and holds the key: whether it held it before, its date does
/// not tell.
fn undated(vault: Option<&VaultView>, cluster: &ClusterView, lag: Duration) -> Option<Blind> {
    let names: Vec<&str> = perhaps_stale(vault?, cluster, lag).map(|pod| pod.name.as_str()).collect();
    let why = || {
        format!(
            "{} read a Kubernetes Secret that was written after they began: whether its content was, or only its owners, is \
             not known",
            names.join(", ")
        )
    };
    (!names.is_empty()).then(|| Blind { kind: Blindness::Unintelligible, why: why() })
}

/// Pods that get the secret and do not show which version.
fn unmounted(vault: Option<&VaultView>, cluster: &ClusterView, lag: Duration) -> Option<Blind> {
    let names: Vec<&str> = untold(vault, cluster, lag).map(|pod| pod.name.as_str()).collect();
    let why = || {
        let names = names.join(", ");
        format!(
            "{names} mounted the secret, and nothing shows which version: is it this stamp's cluster, and does its \
             SecretProviderClass name this stamp's vault?"
        )
    };
    (!names.is_empty()).then(|| Blind { kind: Blindness::Unintelligible, why: why() })
}

/// By a clock that is apart, a pod that began before its vault's version looks young.
fn clock(stamp: &StampName, cluster: &ClusterView) -> Option<Blind> {
    let why = match clocks_agree(stamp, cluster).pop()?.why {
        Why::ClocksDiffer { ahead } => {
            let (apart, word) =
                (ahead.unsigned_abs().as_secs(), if ahead.is_negative() { "behind" } else { "ahead" });
            format!(
                "its clock is {apart}s {word}, so which pods began before their vault's version is not known"
            )
        }
        _ => "nothing tells its clock, so which pods began before their vault's version is not known"
            .to_owned(),
    };
    Some(Blind { kind: Blindness::Unintelligible, why })
}

const NO_CLUSTER: &str = "Azure knows no cluster of this name, and the stamp's vault is there all the same";

fn ahead(world: &World, slot: Option<Slot>) -> Vec<(String, SlotUse)> {
    let Some(code) = world.code.as_ref().and_then(|seen| seen.get()) else { return Vec::new() };
    let branches = std::iter::once(&code.base).chain(&code.release);
    branches
        .filter(|branch| slot.is_some_and(|slot| branch.claim.reads != SlotUse::Only(slot)))
        .map(|branch| (branch.branch.to_string(), branch.claim.reads))
        .collect()
}
