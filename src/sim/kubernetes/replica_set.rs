//! The ReplicaSet controller: as many pods as asked for, and a status that follows.

use super::object::{Owner, Phase, Pod, PodId, ReplicaSetId, ReplicaSetStatus};
use super::{Cluster, Hand, Happened};

impl Cluster {
    /// Makes or deletes pods, then writes the status as it was *before* that: the new pods come back as events
    /// and cause another round, as with the real controller.
    pub(super) fn sync_replica_set(&mut self, id: ReplicaSetId, hand: &mut Hand<'_>) -> Happened {
        let mut happened = Happened::default();
        let Some(set) = self.replica_sets.get(&id).cloned() else { return happened };
        let mut status = self.replica_set_status(id, set.generation, hand);
        let have = status.replicas;
        let owner = Owner::ReplicaSet(id);
        if have < set.replicas {
            for _ in have..set.replicas {
                if !self.admits(owner, &set.meta.namespace, &set.template, hand) {
                    break;
                }
                self.make_pod(&set, hand);
            }
        } else {
            self.failing.remove(&owner);
        }
        status.failure = self.failing.get(&owner).map(|failing| failing.message.clone());
        if have > set.replicas {
            for pod in self.surplus_pods(id, (have - set.replicas) as usize) {
                self.delete_pod(pod, hand);
            }
            happened.readiness = Some(set.owner);
        }
        if status != set.status {
            self.change_replica_set(id, hand, |set| set.status = status);
        }
        happened
    }

    fn replica_set_status(&self, id: ReplicaSetId, generation: i64, hand: &Hand<'_>) -> ReplicaSetStatus {
        let min_ready = self
            .replica_sets
            .get(&id)
            .and_then(|set| self.deployments.get(set.owner))
            .map(|deployment| deployment.min_ready)
            .unwrap_or_default();
        let mut status = ReplicaSetStatus { observed_generation: generation, ..ReplicaSetStatus::default() };
        let owner = Owner::ReplicaSet(id);
        for pod in self.pods.values().filter(|pod| pod.owner == owner && pod.phase != Phase::Succeeded) {
            if pod.deleting.is_some() {
                status.terminating += 1;
                continue;
            }
            status.replicas += 1;
            if pod.ready {
                status.ready += 1;
                if pod.available_from(min_ready) <= hand.now {
                    status.available += 1;
                }
            }
        }
        status
    }

    /// Which pods to delete first: those that do not run, then those that are not ready, then the youngest.
    fn surplus_pods(&self, id: ReplicaSetId, count: usize) -> Vec<PodId> {
        let mut pods: Vec<&Pod> = self
            .pods
            .values()
            .filter(|pod| {
                pod.owner == Owner::ReplicaSet(id) && pod.deleting.is_none() && pod.phase != Phase::Succeeded
            })
            .map(|pod| &**pod)
            .collect();
        pods.sort_by_key(|pod| {
            (
                pod.phase == Phase::Running,
                pod.ready,
                std::cmp::Reverse(pod.ready_changed),
                std::cmp::Reverse(pod.id),
            )
        });
        pods.into_iter().take(count).map(|pod| pod.id).collect()
    }
}
