//! Deployments that somebody deletes: the object is gone at once, what it owned follows, as the garbage collector does it.

use std::sync::Arc;

use super::object::{ChangeKind, Object, Owner, PodId, ReplicaSetId};
use super::{Cluster, Deployment, Hand};
use crate::model::WorkloadName;
use crate::sim::refusal::Refusal;

impl Cluster {
    /// The Deployments that were not deleted, in the order of the configuration.
    pub fn standing(&self) -> impl Iterator<Item = &Arc<Deployment>> {
        self.deployments
            .iter()
            .enumerate()
            .filter(|(place, _)| !self.removed.contains(place))
            .map(|(_, one)| one)
    }

    /// Its place among all, where it was not deleted.
    pub(super) fn place_of(&self, workload: &WorkloadName) -> Option<usize> {
        let place = self.deployments.iter().position(|one| &one.workload == workload)?;
        (!self.removed.contains(&place)).then_some(place)
    }

    /// Its ReplicaSets go with it, and its pods are told to end.
    pub(in crate::sim) fn delete_deployment(
        &mut self,
        workload: &WorkloadName,
        hand: &mut Hand<'_>,
    ) -> Result<(), Refusal> {
        let found =
            self.place_of(workload).and_then(|place| Some((place, self.deployments.get(place)?.clone())));
        let Some((place, deployment)) = found else {
            return Err(Refusal::NotFound(format!("deployments.apps \"{}\"", workload.name)));
        };
        self.removed.insert(place);
        self.autoscalers.retain(|one| one.place != place);
        hand.next_version();
        self.log(ChangeKind::Deleted, Object::Deployment(deployment), hand);
        let sets: Vec<ReplicaSetId> =
            self.replica_sets.values().filter(|set| set.owner == place).map(|set| set.id).collect();
        for id in sets {
            let of = self.pods.values().filter(|pod| pod.owner == Owner::ReplicaSet(id));
            let pods: Vec<PodId> = of.map(|pod| pod.id).collect();
            if let Some(set) = self.replica_sets.remove(&id) {
                hand.next_version();
                self.log(ChangeKind::Deleted, Object::ReplicaSet(set), hand);
            }
            pods.into_iter().for_each(|pod| self.delete_pod(pod, hand));
        }
        Ok(())
    }
}
