//! A node that is drained: nothing new is scheduled on it, and its pods are evicted as far as budgets of disruption let them go.
//! Whoever drains asks again and again. Pods of DaemonSets and bare pods stay, as `kubectl drain` leaves them unless it is told
//! otherwise; and so do, unlike there, those of Jobs.

use std::sync::Arc;
use std::time::Duration;

use super::nodes::node_name;
use super::object::{Owner, Phase, Pod, PodId};
use super::{Cluster, Hand, Happened, Task};
use crate::model::WorkloadKind;

/// Between two tries to evict a pod that a budget holds.
const AGAIN: Duration = Duration::from_secs(5);

impl Cluster {
    pub(in crate::sim) fn cordon(&mut self, number: u32, hand: &mut Hand<'_>) {
        let node = node_name(u64::from(number));
        self.cordoned.insert(Arc::clone(&node));
        for id in self.pods_on(&node) {
            hand.later(hand.config.kubernetes.hop, Task::Drain(id));
        }
    }

    pub(in crate::sim) fn uncordon(&mut self, number: u32, hand: &mut Hand<'_>) {
        self.cordoned.remove(&node_name(u64::from(number)));
        self.make_room(hand);
    }

    pub fn is_cordoned(&self, node: &str) -> bool {
        self.cordoned.contains(node)
    }

    pub(super) fn drain_pod(&mut self, id: PodId, hand: &mut Hand<'_>) -> Happened {
        let Some(pod) = self.pods.get(&id).cloned() else { return Happened::default() };
        let there = pod.node.as_ref().is_some_and(|node| self.is_cordoned(node));
        let goes = match pod.owner {
            Owner::ReplicaSet(_) => true,
            Owner::Set(_) => pod.workload.kind != WorkloadKind::DaemonSet,
            Owner::Job(_) | Owner::Nobody => false,
        };
        if !there || !goes || pod.deleting.is_some() || pod.phase == Phase::Succeeded {
            return Happened::default();
        }
        if !self.lets_go(&pod) {
            hand.later(AGAIN, Task::Drain(id));
            return Happened::default();
        }
        self.delete_pod(id, hand);
        Happened { ended: None, readiness: Some(pod.place) }
    }

    /// Whether the budgets of disruption allow it: a pod that serves takes one of what may be missing, one that runs and does
    /// not serve may go while enough others do, and one that does not run yet may always.
    fn lets_go(&self, pod: &Pod) -> bool {
        let mut budgets = self.budgets.iter().filter(|budget| budget.place == pod.place);
        match (pod.phase, pod.ready) {
            (Phase::Pending | Phase::Succeeded, _) => true,
            (Phase::Running, true) => budgets.all(|budget| self.allowed(budget) > 0),
            (Phase::Running, false) => budgets.all(|budget| self.is_met(budget)),
        }
    }
}
