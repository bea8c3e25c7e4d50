//! Synced Secrets that pods read and that tell nothing: not there, or without a date.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::super::super::reason::later;
use super::super::super::{Gate, Reason, Subject, Why};
use super::holders;
use crate::model::{ClusterView, Holding, PodView, StampName};

/// How exactly Kubernetes dates what it makes.
const SECOND: Duration = Duration::from_secs(1);

/// Secrets that running pods read and that are not there, or lack the key: what those pods got from them, nothing tells. Of a
/// pod that began after that look, as watches may have told, it tells nothing: the Secret is looked at once more, at the pace of
/// pods and no faster, for a server whose clock is ahead dates its pods after that look too.
pub(super) fn absent(stamp: &StampName, cluster: &ClusterView, seen: Timestamp) -> Vec<Reason> {
    let there = |pod: &PodView, name: &String| {
        cluster.synced.iter().any(|it| it.namespace == pod.namespace && it.name == *name)
    };
    let (mut before, mut since) =
        (BTreeMap::<String, Vec<String>>::new(), BTreeMap::<String, Vec<String>>::new());
    for pod in holders(cluster).filter(|pod| pod.phase == "Running") {
        let Holding::Specified { reads, .. } = &pod.holding else { continue };
        // Pods are dated in whole seconds: one of the look's own second may have begun after it.
        let readers = if later(pod.created, SECOND) <= seen { &mut before } else { &mut since };
        for name in reads.iter().filter(|name| !there(pod, name)) {
            readers.entry(format!("{}/{name}", pod.namespace)).or_default().push(pod.name.clone());
        }
    }
    let reason = |gate, why| Reason::new(gate, Subject::Stamp(stamp.clone()), why);
    let absent = before.into_iter().map(|(secret, pods)| {
        let why = Why::SyncedSecretAbsent { secret, pods };
        reason(Gate::Synced, why)
    });
    let unlooked = since.into_iter().map(|(secret, pods)| {
        // Nobody accepts what a look is about to tell.
        reason(Gate::OldPodsGone, Why::SyncedSecretUnlooked { secret, pods })
    });
    absent.chain(unlooked).collect()
}

/// A synced Secret that does not tell since when it holds what it holds: of the pods that read it, nobody knows whether they
/// began before.
pub(super) fn undated<'a>(
    stamp: &'a StampName,
    cluster: &'a ClusterView,
) -> impl Iterator<Item = Reason> + 'a {
    cluster.synced.iter().filter(|secret| secret.changed.is_none()).filter_map(move |secret| {
        let reading = cluster.pods.iter().filter(|pod| !pod.has_ended() && pod.is_dated_by(secret));
        let pods: Vec<String> = reading.map(|pod| pod.name.clone()).collect();
        let secret = format!("{}/{}", secret.namespace, secret.name);
        let why = || Why::SyncedSecretUndated { secret, pods: pods.clone() };
        (!pods.is_empty()).then(|| Reason::new(Gate::Synced, Subject::Stamp(stamp.clone()), why()))
    })
}
