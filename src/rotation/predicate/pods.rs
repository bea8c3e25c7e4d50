//! Which pods may still hold the key that their stamp had before.
//!
//! Age and mounted version decide: creation time, not container start; nothing is read from revisions or
//! annotations. A rollout counts as complete while old pods still terminate
//! (<https://github.com/kubernetes/kubectl/issues/1628>), so terminating pods count until they are gone.
//!
//! A new version is not everywhere at once: a vault answers from replicas, and for a while one of them may still
//! give the version before. A pod that starts in that while reads the older key and keeps it, and nothing shows
//! it afterwards: the driver refreshes the files, and with them the mounted version that the pod's status tells.
//! Only the pod's age can. So pods count as old up to `vault_lag` after the version was made, and nothing is
//! restarted before that has passed: what starts then reads the new key.

mod elsewhere;
mod gone;
mod left_out;
mod mounts;
mod nodes;
mod renewed;
mod stays;
mod synced;

use std::time::Duration;

use jiff::Timestamp;

use super::super::reason::later;
use super::super::{Context, Gate, Reason, Subject, Why};
use super::doubts::accepted_unseen;
use crate::model::{ClusterView, Holding, PodView, StampName, SyncedSecretView, VaultView};
pub use gone::old_pods_gone;
pub use left_out::left_out;
pub use mounts::{unproven, untold};
pub use nodes::{OVERDUE, overdue, placed};
pub use renewed::{renewals, renewed_whole};
pub use stays::outstays;

/// What a vault's, a cluster's and our own clock may differ by: machines with network time stay below it. A restart
/// waits that much longer than the lag, so that its pods are young by the cluster's clock too.
pub(super) const SKEW: Duration = Duration::from_secs(30);

/// When the current key was put where pods read it: the moment its vault's version was made, or later where a
/// synced Secret changed later. Whole seconds, both.
pub fn propagated_at(vault: &VaultView, cluster: &ClusterView) -> Timestamp {
    cluster.synced.iter().filter_map(|secret| secret.changed).fold(vault.created, Timestamp::max)
}

/// The same for what one pod reads: another's Secret tells nothing of it. Of a pod of which it is not known what it reads, each
/// Secret of its namespace counts.
pub fn propagated_to(pod: &PodView, vault: &VaultView, cluster: &ClusterView) -> Timestamp {
    let told = matches!(pod.holding, Holding::Specified { .. }) && pod.besides.is_none();
    let reads = |secret: &&SyncedSecretView| match told {
        true => pod.is_dated_by(secret),
        false => pod.namespace == secret.namespace,
    };
    let changed = cluster.synced.iter().filter(reads).filter_map(|secret| secret.changed);
    changed.fold(vault.created, Timestamp::max)
}

/// Pods that get the secret and have not ended.
pub fn holders(cluster: &ClusterView) -> impl Iterator<Item = &PodView> {
    cluster.pods.iter().filter(|pod| pod.gets_secret() && !pod.has_ended())
}

/// Created no later than the lag after the propagation: whatever such a pod got, it may be an older key. So may one whose
/// class was changed under it (a pinned version taken out, another vault named): the driver refreshes the files and the
/// status, and not the process.
pub(super) fn is_old(pod: &PodView, vault: &VaultView, cluster: &ClusterView, lag: Duration) -> bool {
    let overtaken = cluster.overtaken.get(&pod.uid).is_some_and(|changed| pod.created <= *changed);
    overtaken || pod.created <= later(propagated_to(pod, vault, cluster), lag)
}

/// Pods that get the secret and may hold an older key: created no later than the lag after the propagation, or mounting another
/// version. Times are whole seconds, so a pod of the very same second counts as old.
pub fn stale_pods<'a>(
    vault: &'a VaultView,
    cluster: &'a ClusterView,
    lag: Duration,
) -> impl Iterator<Item = &'a PodView> {
    holders(cluster).filter(move |pod| is_old(pod, vault, cluster, lag) || pod.mounts_other(&vault.version))
}

/// The same with those of configured workloads that are accepted although nothing shows how they get the secret: these are
/// old by their age alone.
pub fn old_pods<'a>(
    ctx: &Context<'_>,
    stamp: &StampName,
    vault: &'a VaultView,
    cluster: &'a ClusterView,
) -> impl Iterator<Item = &'a PodView> {
    let lag = ctx.policy.vault_lag;
    let unseen = accepted_unseen(ctx, stamp, cluster).filter(move |pod| is_old(pod, vault, cluster, lag));
    stale_pods(vault, cluster, lag).chain(unseen)
}

/// Those of them that are so by the date of a Secret alone, which holds what the vault holds: its content may have changed
/// before they began, and something else of it since. Who has seen it then knows better.
pub fn perhaps_stale<'a>(
    vault: &'a VaultView,
    cluster: &'a ClusterView,
    lag: Duration,
) -> impl Iterator<Item = &'a PodView> {
    let after = later(vault.created, lag);
    stale_pods(vault, cluster, lag).filter(move |pod| {
        let mut read = cluster.synced.iter().filter(|secret| pod.is_dated_by(secret));
        pod.created > after
            && !cluster.overtaken.contains_key(&pod.uid)
            && !pod.mounts_other(&vault.version)
            && read.all(|secret| secret.fingerprint == vault.fingerprint)
    })
}

/// The lag has passed: a pod of the stamp that is created now reads the current key, and is seen to be young enough.
pub fn settled(ctx: &Context<'_>, stamp: &StampName, max: Duration) -> Vec<Reason> {
    let gate = Gate::Propagated;
    let vault = match ctx.vault(stamp, gate, max) {
        Ok(vault) => vault,
        Err(reason) => return vec![*reason],
    };
    let cluster = match ctx.cluster(stamp, gate, max) {
        Ok(cluster) => cluster,
        Err(reason) => return vec![*reason],
    };
    let until = later(propagated_at(vault, cluster), ctx.policy.vault_lag + SKEW);
    // Whoever wakes just then need not look once more: the pods' times are whole seconds, and the skew is more than one.
    if until <= ctx.now {
        return Vec::new();
    }
    vec![Reason::new(gate, Subject::Stamp(stamp.clone()), Why::VaultSettling { until })]
}
