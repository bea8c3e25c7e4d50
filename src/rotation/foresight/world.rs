//! What there is to know of the account and of each stamp, by what was seen of them.

use jiff::Timestamp;

use super::super::Opened;
use super::super::closed::is_closed;
use super::super::note::not_valid_until;
use super::super::predicate::own_region;
use super::{Concern, beside, cluster, room, workloads};
use crate::model::{
    ClusterState, ClusterView, KeyKind, Policy, StampFacts, StampName, SyncedSecretView, UnseenSecret, World,
};

/// `before`: nothing is restarted yet, so what rolls out is somebody else's doing.
pub(super) fn concerns(opened: &Opened, world: &World, policy: &Policy, before: bool) -> Vec<Concern> {
    let mut concerns = Vec::new();
    let account = world.account.as_ref().and_then(|seen| seen.get());
    if let Some(account) = account {
        let target = KeyKind { slot: opened.to(), access: opened.access };
        if account.key(target).generated.is_none() {
            concerns.push(Concern::AgeUnknown);
        }
        let proven = world.proofs.get(&target.slot).and_then(|seen| seen.get());
        // Where it keeps this machine out, that is in the way, and no concern.
        if account.network.restrict() && proven.is_some_and(|proof| proof.keeping_out().is_empty()) {
            concerns.push(Concern::NetworkRules { rules: account.network.clone() });
        }
        if !account.notes_uses() && policy.log_lag.is_none() {
            concerns.push(Concern::LastUseUnknown);
        }
    }
    if !policy.inventory {
        concerns.push(Concern::NoInventory);
    }
    if policy.log_lag.is_none() {
        concerns.push(Concern::NoLogs { counted: policy.metrics_lag.is_some() });
    }
    if policy.metrics_lag.is_some()
        && let Some(Err(blind)) = world.metrics.as_ref().map(|seen| &seen.what)
    {
        concerns.push(Concern::NoMetrics { why: blind.why.clone() });
    }
    for stamp in &policy.stamps {
        if is_closed(world, &stamp.name) {
            concerns.push(Concern::Closed { stamp: stamp.name.clone() });
            continue;
        }
        let vault = world.vaults.get(&stamp.name).and_then(|seen| seen.get());
        concerns.extend(vault.and_then(|vault| vault.expires).map(|at| {
            let stamp = stamp.name.clone();
            Concern::SecretExpires { stamp, at }
        }));
        concerns.extend(not_valid_until(world, &stamp.name).map(|at| {
            let stamp = stamp.name.clone();
            Concern::SecretNotYetValid { stamp, at }
        }));
        let is_told = policy.log_lag.is_some() || policy.metrics_lag.is_some();
        // Of an account that cannot be read nobody knows where it is.
        let elsewhere = account.is_some() || stamp.region.is_none();
        if is_told && elsewhere && own_region(account, stamp).is_none() {
            let (stamp, said) = (stamp.name.clone(), stamp.region.clone());
            concerns.push(Concern::RegionUnknown { stamp, said });
        }
        if policy.census().is_some() && stamp.addresses.is_empty() {
            concerns.push(Concern::AddressesUnknown { stamp: stamp.name.clone() });
        }
        let Some(view) = cluster(world, stamp) else { continue };
        if !view.state.has_pods() {
            let stamp = stamp.name.clone();
            concerns.push(match view.state == ClusterState::Stopped {
                true => Concern::NotRunning { stamp },
                false => Concern::NoCluster { stamp },
            });
            continue;
        }
        if let Some(first) = view.unseen.first() {
            let full = |secret: &UnseenSecret| format!("{}/{}", secret.namespace, secret.name);
            let secrets = view.unseen.iter().map(full).collect();
            concerns.push(Concern::SecretsUnseen {
                stamp: stamp.name.clone(),
                secrets,
                why: first.why.clone(),
            });
        }
        concerns.extend(of_synced(&stamp.name, view));
        concerns.extend(beside::unread(&stamp.name, view));
        concerns.extend(view.extent.iter().map(|extent| {
            let (stamp, extent) = (stamp.name.clone(), extent.clone());
            Concern::NotLookedAt { stamp, extent }
        }));
        concerns.extend(
            policy.workloads.iter().filter_map(|name| workloads::of_workload(&stamp.name, name, view)),
        );
        if before {
            concerns.extend(beside::held(&stamp.name, view, cluster_seen_at(world, stamp)));
            concerns.extend(beside::changes(world, policy, &stamp.name, view));
            concerns.extend(workloads::rolling_out(world, policy, &stamp.name, view));
        }
        concerns.extend(room::of_waiting(&stamp.name, policy, world, view));
        let seen = world.rooms.get(&stamp.name).and_then(|seen| seen.get());
        concerns.extend(seen.into_iter().flat_map(|seen| room::of_room(&stamp.name, policy, view, seen)));
    }
    concerns.extend(workloads::managed(world, policy));
    concerns
}

/// Secrets that may keep the old key once the vault holds the new one: what would hold then is told before anything is begun.
fn of_synced(stamp: &StampName, view: &ClusterView) -> Option<Concern> {
    let full = |secret: &SyncedSecretView| format!("{}/{}", secret.namespace, secret.name);
    let secrets: Vec<String> = view.synced.iter().map(full).collect();
    let stamp = stamp.clone();
    match view.rotates {
        _ if secrets.is_empty() => None,
        Some(true) => None,
        Some(false) => Some(Concern::NoRotation { stamp, secrets }),
        None => Some(Concern::RotationUnknown { stamp, secrets }),
    }
}

fn cluster_seen_at(world: &World, stamp: &StampFacts) -> Timestamp {
    world.clusters.get(&stamp.name).map_or(Timestamp::MIN, |seen| seen.at)
}
