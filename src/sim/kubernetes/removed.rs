//! Deployments that somebody deletes: the object is gone at once, what it owned follows, as the garbage collector does it. What
//! is only about it stays, autoscalers and budgets. And Deployments that somebody makes anew in their place.

use std::sync::Arc;

use super::birth::deployment;
use super::object::{ChangeKind, DeploymentStatus, Object, Owner, PodId, ReplicaSetId};
use super::{Cluster, Deployment, Hand, Task};
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

    /// A new Deployment where one was deleted; where none was, nothing changes.
    pub(in crate::sim) fn apply_deployment(
        &mut self,
        workload: &WorkloadName,
        hand: &mut Hand<'_>,
    ) -> Result<(), Refusal> {
        let config = hand.config;
        let found = config.workloads.iter().enumerate().find(|(_, one)| one.name == *workload);
        let Some((place, of)) = found else {
            return Err(Refusal::NotFound(format!("deployments.apps \"{}\"", workload.name)));
        };
        if !self.removed.remove(&place) {
            return Ok(());
        }
        self.next_id += 1;
        let mut made = deployment(of, hand);
        made.meta.created = hand.now;
        made.meta.uid = hand.seed.of("deployment").of(&of.name.name).at(self.next_id).uuid().into();
        (made.revision, made.status) = (0, DeploymentStatus::default());
        let made = Arc::new(made);
        self.log(ChangeKind::Added, Object::Deployment(Arc::clone(&made)), hand);
        if let Some(slot) = self.deployments.get_mut(place) {
            *slot = made;
        }
        self.ask(Task::Deployment(place), hand);
        Ok(())
    }
}
