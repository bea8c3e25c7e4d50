//! Pods that are young enough, and since when.

use std::time::Duration;

use jiff::Timestamp;

use super::{holders, is_old};
use crate::model::{ClusterView, PodView, VaultView, WorkloadView};

/// Pods that live and are young enough.
fn young<'a>(
    vault: &'a VaultView,
    cluster: &'a ClusterView,
    lag: Duration,
) -> impl Iterator<Item = &'a PodView> {
    holders(cluster).filter(move |pod| pod.deleting.is_none() && !is_old(pod, vault, cluster, lag))
}

/// When those that live and are young enough were created: since the first of these moments, somebody there uses the key
/// that the vault holds.
pub fn renewals<'a>(
    vault: &'a VaultView,
    cluster: &'a ClusterView,
    lag: Duration,
) -> impl Iterator<Item = Timestamp> + 'a {
    young(vault, cluster, lag).map(|pod| pod.created)
}

/// When the last of as many young pods as each workload wants was created. What an HPA, a CronJob or an eviction brings later
/// does not count where the workload's controller dates the end of its rollout: an HPA writes how many are wanted.
pub fn renewed_whole(vault: &VaultView, cluster: &ClusterView, lag: Duration) -> Option<Timestamp> {
    let last = |workload: &WorkloadView| {
        let of_it = |pod: &&PodView| pod.workload.as_ref() == Some(&workload.name);
        let pods = young(vault, cluster, lag).filter(of_it);
        let mut created: Vec<Timestamp> = pods.map(|pod| pod.created).collect();
        created.sort_unstable();
        created.truncate(usize::try_from(workload.desired).unwrap_or(usize::MAX));
        if let Some(ended) =
            workload.rolled_out_at().filter(|ended| created.first().is_some_and(|first| first <= ended))
        {
            created.retain(|created| *created <= ended);
        }
        created.last().copied()
    };
    cluster.workloads.iter().filter_map(last).max()
}
