//! Pods that mount the secret from another stamp's vault besides.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::super::super::reason::later;
use super::super::super::{Context, Gate, Reason, Subject, Why};
use super::{holders, placed, stale_pods};
use crate::model::{ClusterView, PodView, SecretVersion, StampName, VaultView};

/// Pods that are young by their own stamp's vault, and mount from another stamp's vault besides: any of both is the key that
/// they may use.
pub(super) fn mounting_elsewhere(
    ctx: &Context<'_>,
    stamp: &StampName,
    (vault, cluster): (&VaultView, &ClusterView),
    max: Duration,
) -> Vec<Reason> {
    let (gate, lag) = (Gate::OldPodsGone, ctx.policy.vault_lag);
    let stale: BTreeSet<&str> = stale_pods(vault, cluster, lag).map(|pod| pod.uid.as_str()).collect();
    let mut mounts: BTreeMap<&StampName, Vec<(&PodView, Option<&SecretVersion>)>> = BTreeMap::new();
    for pod in holders(cluster).filter(|pod| !stale.contains(pod.uid.as_str())) {
        for other in &pod.elsewhere {
            mounts.entry(&other.stamp).or_default().push((pod, other.version.as_ref()));
        }
    }
    let mut reasons = Vec::new();
    for (of, mounts) in mounts {
        let held = match ctx.live_vault(of, gate, max) {
            Ok(Some(held)) => held,
            Ok(None) => continue,
            Err(reason) => {
                reasons.push(*reason);
                continue;
            }
        };
        let young = later(held.created, lag);
        let old = |(pod, version): &(&PodView, Option<&SecretVersion>)| {
            pod.created <= young
                || version.is_some_and(|version| *version != held.version)
                || (version.is_none() && pod.phase == "Running")
        };
        let old: Vec<&PodView> = mounts.into_iter().filter(old).map(|(pod, _)| pod).collect();
        if !old.is_empty() {
            let stay = old.iter().any(|pod| pod.deleting.is_none());
            let pods = old.iter().map(|pod| placed(pod)).collect();
            let why = Why::OldMountOfOther { pods, of: of.clone(), stay };
            reasons.push(Reason::new(gate, Subject::Stamp(stamp.clone()), why));
        }
    }
    reasons
}
