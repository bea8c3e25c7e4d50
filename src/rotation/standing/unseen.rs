//! What could not be seen, so that nobody can say which key is used there.

use std::collections::BTreeMap;
use std::time::Duration;

use super::super::Why;
use super::super::closed::is_closed;
use super::super::predicate::{clocks_agree, perhaps_stale, unclear_pods, untold};
use super::Unseen;
use crate::model::{
    Absent, AccountView, Blind, Blindness, ClassFate, ClusterState, ClusterView, EvidenceKey, Extent,
    InventoryView, ResourceKind, StampName, Unlisted, VaultView, World,
};

pub(super) fn unseen(world: &World, stamps: &[StampName], lag: Duration) -> Vec<Unseen> {
    let mut unseen = Vec::new();
    let mut note = |what: EvidenceKey, blind: Option<&Blind>| {
        unseen.extend(blind.map(|blind| Unseen { what, blind: blind.clone() }));
    };
    note(EvidenceKey::Account, world.account.as_ref().and_then(|seen| seen.what.as_ref().err()));
    let untold = world.account.as_ref().and_then(|seen| seen.get()).and_then(AccountView::keys_untold);
    note(EvidenceKey::Account, untold.as_ref());
    note(EvidenceKey::Code, world.code.as_ref().and_then(|seen| seen.what.as_ref().err()));
    note(EvidenceKey::Inventory, world.inventory.as_ref().and_then(|seen| seen.what.as_ref().err()));
    for why in world.inventory.iter().filter_map(|seen| seen.get()).flat_map(|view| left_out(world, view)) {
        let blind = Blind { kind: Blindness::Unintelligible, why };
        note(EvidenceKey::Inventory, Some(&blind));
    }
    for stamp in stamps.iter().filter(|stamp| !is_closed(world, stamp)) {
        // A version that is disabled is told as a difference.
        let vault = world.vaults.get(stamp).and_then(|seen| seen.what.as_ref().err());
        let vault = vault.filter(|blind| blind.kind != Blindness::Disabled);
        let cluster = world.clusters.get(stamp);
        let state = cluster.and_then(|seen| seen.get()).map(|cluster| &cluster.state);
        note(EvidenceKey::Vault(stamp.clone()), vault);
        note(EvidenceKey::Cluster(stamp.clone()), cluster.and_then(|seen| seen.what.as_ref().err()));
        // With its vault there, it may be a cluster that is named wrongly.
        let vault_is_there = is_there(world, stamp);
        let unknown = Blind { kind: Blindness::Missing, why: NO_CLUSTER.to_owned() };
        let gone = state == Some(&ClusterState::Gone) && vault_is_there;
        note(EvidenceKey::Cluster(stamp.clone()), gone.then_some(&unknown));
        let vault = world.vaults.get(stamp).and_then(|seen| seen.get());
        let pods = cluster.and_then(|seen| seen.get()).map(|cluster| unclear(vault, cluster, lag));
        pods.iter().flatten().for_each(|pods| note(EvidenceKey::Cluster(stamp.clone()), Some(pods)));
        if let Some(cluster) = cluster.and_then(|seen| seen.get()) {
            note(EvidenceKey::Cluster(stamp.clone()), undated(vault, cluster, lag).as_ref());
            note(EvidenceKey::Cluster(stamp.clone()), unmounted(vault, cluster, lag).as_ref());
            note(EvidenceKey::Cluster(stamp.clone()), clock(stamp, cluster).as_ref());
            note(EvidenceKey::Cluster(stamp.clone()), not_looked_at(cluster).as_ref());
            note(EvidenceKey::Cluster(stamp.clone()), unread(cluster).as_ref());
        }
    }
    unseen
}

/// Whether the stamp's vault has answered with its secret, disabled or not.
fn is_there(world: &World, stamp: &StampName) -> bool {
    let seen = world.vaults.get(stamp).map(|seen| &seen.what);
    seen.is_some_and(|what| what.as_ref().err().is_none_or(|blind| blind.kind == Blindness::Disabled))
}

/// Whose key nobody sees, by Azure's own list: resources that look like part of a stamp and are not configured; and whether
/// the list itself is whole.
fn left_out(world: &World, view: &InventoryView) -> Vec<String> {
    let unlisted = view.unlisted.iter().chain(&view.unattributed).map(|one| {
        let Unlisted { kind, name, resource_group, location } = one;
        format!(
            "it shows the {kind} {name} ({location}, resource group {resource_group}), which looks like part of a stamp, and \
             keyslot.toml does not name it: which key is used there is not known"
        )
    });
    let exists = |one: &&Absent| match one.kind {
        ResourceKind::Vault => is_there(world, &one.stamp),
        ResourceKind::Cluster => {
            let cluster = world.clusters.get(&one.stamp).and_then(|seen| seen.get());
            cluster.is_some_and(|cluster| cluster.state != ClusterState::Gone)
        }
    };
    let absent = view.absent.iter().filter(exists).map(|one| {
        let Absent { stamp, kind, name } = one;
        match kind {
            ResourceKind::Vault => {
                format!("it does not show the {kind} {name} of {stamp}, which is there: it is not whole")
            }
            // The cluster that answers may be called otherwise.
            ResourceKind::Cluster => format!(
                "it does not show the {kind} {name}, though the cluster of {stamp} answers: correct its name in keyslot.toml \
                 (`aks`), or, where that is right, have the list shown whole (“Reader” on the cluster)"
            ),
        }
    });
    let shown =
        |stamp: &&(StampName, ResourceKind)| stamp.1 == ResourceKind::Vault && is_closed(world, &stamp.0);
    let closed = view.shown.iter().filter(shown).map(|(stamp, kind)| {
        format!("it shows the {kind} of {stamp}, which Azure Resource Manager does not know where keyslot.toml says it is")
    });
    let unlike = view.unlike.iter().map(|stamp| {
        format!(
            "{stamp} does not look like a stamp by what [environment.NAME.inventory] says of them, so another one that is called \
             like it would not be found"
        )
    });
    unlisted.chain(absent).chain(closed).chain(unlike).collect()
}

/// Whoever gets the secret elsewhere in the cluster. Where the configuration names the namespaces, that is meant.
fn not_looked_at(cluster: &ClusterView) -> Option<Blind> {
    let Extent { namespaces, refused, whole: _ } = cluster.extent.as_ref().filter(|extent| !extent.whole)?;
    let others = match refused.is_empty() {
        true => "its namespaces may not be listed".to_owned(),
        false => format!("{} may not be listed", refused.join(", ")),
    };
    let why = format!(
        "{others}, so of its namespaces only {} could be looked at; where that is meant, say so (`namespaces` in keyslot.toml)",
        namespaces.join(", ")
    );
    Some(Blind { kind: Blindness::Forbidden, why })
}

/// Kubernetes Secrets that pods read, and of which nobody may see whether they hold the key.
fn unread(cluster: &ClusterView) -> Option<Blind> {
    let why = &cluster.unseen.first()?.why;
    let names: Vec<String> =
        cluster.unseen.iter().map(|secret| format!("{}/{}", secret.namespace, secret.name)).collect();
    let why =
        format!("whether the driver filled {}, which pods read, nobody may see: {why}", names.join(", "));
    Some(Blind { kind: Blindness::Forbidden, why })
}

/// What pods got when they began, and what nothing tells any more; by what became of their classes.
fn unclear(vault: Option<&VaultView>, cluster: &ClusterView, lag: Duration) -> Vec<Blind> {
    let mut by_fate: BTreeMap<ClassFate, Vec<&str>> = BTreeMap::new();
    for (pod, class) in unclear_pods(vault, cluster, lag) {
        by_fate.entry(class.fate).or_default().push(&pod.name);
    }
    let blind = |(fate, names): (ClassFate, Vec<&str>)| {
        let names = names.join(", ");
        let why = match fate {
            ClassFate::Absent => {
                format!("the SecretProviderClass of {names} is gone: what they got is not known")
            }
            ClassFate::Changed => {
                format!(
                    "the SecretProviderClass of {names} was changed since they began: what they got is not known"
                )
            }
            ClassFate::Filled => format!(
                "{names} read a Kubernetes Secret that their SecretProviderClass filled before it was changed: what stands in \
                 it is not known"
            ),
            ClassFate::Unfilled => format!(
                "{names} read a Kubernetes Secret that the CSI driver made and no SecretProviderClass fills any more: what \
                 stands in it is not known"
            ),
            ClassFate::OtherVault => format!(
                "the SecretProviderClass of {names} names another vault than any stamp in keyslot.toml: is `key_vault` of the \
                 stamp right? If it is, that is another product's"
            ),
        };
        Blind { kind: Blindness::Unintelligible, why }
    };
    by_fate.into_iter().map(blind).collect()
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
