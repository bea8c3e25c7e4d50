//! What pods show of their mounts: which version of the secret they got.

use std::time::Duration;

use jiff::Timestamp;

use super::super::super::reason::later;
use super::is_old;
use crate::model::{ClusterView, PodView, VaultView};

/// Running pods that mount the secret and do not show which version they got: nobody knows what they hold.
pub fn unproven(cluster: &ClusterView) -> impl Iterator<Item = &PodView> {
    cluster.pods.iter().filter(|pod| pod.mounts_secret() && pod.phase == "Running" && pod.mounted.is_none())
}

/// Those of them of which neither their end nor their age tells. One that ends may have been told of no more, and is gone
/// soon; an old one counts as old whatever it mounts, and its mount may not have been asked for.
pub fn untold<'a>(
    vault: Option<&'a VaultView>,
    cluster: &'a ClusterView,
    lag: Duration,
) -> impl Iterator<Item = &'a PodView> {
    let old = move |pod: &PodView| vault.is_some_and(|vault| is_old(pod, vault, cluster, lag));
    unproven(cluster).filter(move |pod| pod.deleting.is_none() && !old(pod))
}

/// The driver tells what it mounted before the pod runs. What is not told so long after will not come by itself: the
/// cluster may be another stamp's, whose class names another vault.
const SHOWS_BY: Duration = Duration::from_secs(600);

/// Whether one of those that are untold is there for so long that it will not show by itself.
pub(super) fn lasts(vault: &VaultView, cluster: &ClusterView, lag: Duration, seen: Timestamp) -> bool {
    untold(Some(vault), cluster, lag).any(|pod| later(pod.created, SHOWS_BY) < seen)
}
