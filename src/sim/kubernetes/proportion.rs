//! A Deployment that is scaled in the middle of a rollout: every ReplicaSet that has pods gets its share of the pods that come
//! or go, as the deployment controller shares them out (`sync.go`, `GetProportion`).

use std::cmp::Reverse;

use super::object::{Deployment, ReplicaSet, ReplicaSetId};
use super::status;
use super::{Cluster, Hand};

/// What a ReplicaSet's share of a change is, left to itself. The share is of what the Deployment might have had before.
fn fraction(set: &ReplicaSet, deployment: &Deployment) -> i64 {
    let own = i64::from(set.replicas);
    if deployment.replicas == 0 {
        return -own;
    }
    let (surge, _) = status::surge_and_unavailable(deployment);
    let before = if set.max > 0 { set.max } else { deployment.status.replicas };
    if before == 0 {
        return 0;
    }
    let (most, before) = (i64::from(deployment.replicas + surge), i64::from(before));
    // Rounded half up; neither side is negative.
    (own * most * 2 + before) / (before * 2) - own
}

/// The new numbers, of ReplicaSets in the order in which they are served.
fn shares(sets: &[&ReplicaSet], deployment: &Deployment, to_add: i64) -> Vec<(ReplicaSetId, u32)> {
    let mut added = 0;
    let mut shares: Vec<(ReplicaSetId, i64)> = Vec::new();
    for set in sets {
        let left = to_add - added;
        let share = match (set.replicas, left) {
            (0, _) | (_, 0) => 0,
            (_, left) if to_add > 0 => fraction(set, deployment).min(left),
            (_, left) => fraction(set, deployment).max(left),
        };
        added += share;
        shares.push((set.id, i64::from(set.replicas) + share));
    }
    // What is left over is the largest one's.
    if let Some((_, first)) = shares.first_mut() {
        *first += to_add - added;
    }
    shares.into_iter().map(|(id, count)| (id, u32::try_from(count).unwrap_or(0))).collect()
}

impl Cluster {
    /// Several ReplicaSets of one Deployment have pods; the new one is the last.
    pub(super) fn scale_in_proportion(
        &mut self,
        deployment: &Deployment,
        active: &[ReplicaSetId],
        hand: &mut Hand<'_>,
    ) {
        let (surge, _) = status::surge_and_unavailable(deployment);
        let mut sets: Vec<&ReplicaSet> =
            active.iter().filter_map(|id| self.replica_sets.get(id)).map(AsRef::as_ref).collect();
        let have: i64 = sets.iter().map(|set| i64::from(set.replicas)).sum();
        let allowed = if deployment.replicas == 0 { 0 } else { i64::from(deployment.replicas + surge) };
        let to_add = allowed - have;
        // The largest first; of equals, the newer one is first to grow and the older one first to shrink.
        match to_add >= 0 {
            true => {
                sets.sort_by_key(|set| (Reverse(set.replicas), Reverse(set.meta.created), Reverse(set.id)))
            }
            false => sets.sort_by_key(|set| (Reverse(set.replicas), set.meta.created, set.id)),
        }
        for (id, replicas) in shares(&sets, deployment, to_add) {
            self.scale(id, replicas, deployment, hand);
        }
    }
}
