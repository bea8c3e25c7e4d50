//! What there is to know of a stamp beside its workloads: who has the key by other ways, and what is done to its cluster.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::super::predicate::{holders, outstays};
use super::{Concern, canary};
use crate::model::{ClusterState, ClusterView, ObjectName, Policy, StampName, SyncedSecretView, World};

/// Secrets that are filled with the key and that nobody is seen to read.
pub(super) fn unread(stamp: &StampName, view: &ClusterView) -> Option<Concern> {
    let full = |secret: &SyncedSecretView| format!("{}/{}", secret.namespace, secret.name);
    let secrets: Vec<String> = view.synced.iter().filter(|secret| secret.unread).map(full).collect();
    (!secrets.is_empty()).then(|| Concern::SecretsUnread { stamp: stamp.clone(), secrets })
}

/// Jobs and pods by themselves that hold the key now. Of those that are there for long, a gate tells.
pub(super) fn held(stamp: &StampName, view: &ClusterView, seen: Timestamp) -> Option<Concern> {
    let mut objects: BTreeSet<ObjectName> = BTreeSet::new();
    for pod in holders(view).filter(|pod| pod.workload.is_none() && pod.deleting.is_none()) {
        let bare = || ObjectName::new("Pod", pod.namespace.as_str(), pod.name.as_str());
        let object = pod.above.clone().unwrap_or_else(bare);
        if object.is_job() || !outstays(pod, seen) {
            objects.insert(object);
        }
    }
    let objects: Vec<ObjectName> = objects.into_iter().collect();
    (!objects.is_empty()).then(|| Concern::HeldBeside { stamp: stamp.clone(), objects })
}

/// A cluster that is being changed, where that holds nothing before its own restart.
pub(super) fn changes(
    world: &World,
    policy: &Policy,
    stamp: &StampName,
    view: &ClusterView,
) -> Option<Concern> {
    let ClusterState::Changing { state } = &view.state else { return None };
    let first = canary(policy, world).is_none_or(|first| first.name == *stamp);
    (!first).then(|| Concern::ClusterChanges { stamp: stamp.clone(), state: state.clone() })
}
