//! Nodes, as far as anything depends on them: that one can stop answering, and its pods with it.
//!
//! What runs on a lost node runs on: the cluster sees its pods unready, tells them to end after five minutes, and they
//! hear of it when the node is back.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::super::time::elapsed;
use super::object::{Owner, Phase, PodId};
use super::{Cluster, Hand, Task};

/// How long the pods of a node that does not answer are tolerated.
const TOLERATED: Duration = Duration::from_secs(300);

/// How many there are that any pod may run on.
pub(super) const NODES: u64 = 3;

pub(super) fn node_name(number: u64) -> Arc<str> {
    format!("aks-workload-{number:08}").into()
}

impl Cluster {
    pub(in crate::sim) fn lose_node(&mut self, number: u32, hand: &mut Hand<'_>) {
        let node = node_name(u64::from(number));
        let now = hand.now;
        for id in self.pods_on(&node) {
            self.change_pod(id, hand, |pod| {
                if pod.ready {
                    pod.ready = false;
                    pod.unheard = true;
                    pod.ready_changed = Some(now);
                }
            });
            hand.later(TOLERATED, Task::Evict(id));
        }
        self.lost.insert(node, now);
    }

    pub(in crate::sim) fn regain_node(&mut self, number: u32, hand: &mut Hand<'_>) {
        let node = node_name(u64::from(number));
        self.lost.remove(&node);
        self.regained.insert(Arc::clone(&node), hand.now);
        self.end_forgotten_on(&node, hand);
        self.make_room(hand);
        let now = hand.now;
        for id in self.pods_on(&node) {
            let Some(pod) = self.pods.get(&id) else { continue };
            if pod.deleting.is_some() {
                hand.later(Duration::from_secs(5), Task::End(id));
            } else if pod.started.is_some() && pod.phase == Phase::Running {
                self.change_pod(id, hand, |pod| {
                    pod.ready = true;
                    pod.unheard = false;
                    pod.ready_changed = Some(now);
                });
                self.judge_again_when_available(id, hand);
            } else {
                hand.later(Duration::from_secs(5), Task::Run(id));
            }
        }
    }

    pub(super) fn evict_pod(&mut self, id: PodId, hand: &mut Hand<'_>) {
        if self.is_lost(id) {
            self.delete_pod(id, hand);
        }
    }

    /// The nodes that the API has, and since when each does not answer, where it does not.
    pub fn nodes(&self) -> impl Iterator<Item = (Arc<str>, Option<Timestamp>)> {
        let there = (0..NODES).map(node_name).filter(|name| !self.deleted_nodes.contains(name));
        there.map(|name| (Arc::clone(&name), self.lost.get(&name).copied()))
    }

    /// Since when it answers, where it did not before; else it has since it was born.
    pub fn heard_since(&self, node: &str) -> Option<Timestamp> {
        self.regained.get(node).copied()
    }

    /// Those that were deleted.
    pub fn deleted_nodes(&self) -> impl Iterator<Item = &Arc<str>> {
        self.deleted_nodes.iter()
    }

    /// Whether the pod is on a node that does not answer.
    pub(super) fn is_lost(&self, id: PodId) -> bool {
        let node = self.pods.get(&id).and_then(|pod| pod.node.as_ref());
        node.is_some_and(|node| self.lost.contains_key(node))
    }

    /// The node that the scheduler takes: this one, or the next that answers and is not drained.
    pub(super) fn node_from(&self, number: u64) -> Arc<str> {
        let mut nodes = (0..NODES).map(|step| node_name((number + step) % NODES));
        let takes = |node: &Arc<str>| !self.lost.contains_key(node) && !self.cordoned.contains(node);
        nodes.find(takes).unwrap_or_else(|| node_name(number))
    }

    /// A pod that has become ready is looked at again when it has been for long enough.
    pub(super) fn judge_again_when_available(&mut self, id: PodId, hand: &mut Hand<'_>) {
        let Some(pod) = self.pods.get(&id) else { return };
        let min_ready = self.min_ready(pod.owner);
        if !min_ready.is_zero() {
            hand.later(elapsed(hand.now, pod.available_from(min_ready)), Task::Recheck(pod.owner));
        }
    }

    /// How long a pod has to be ready before it counts as available.
    fn min_ready(&self, owner: Owner) -> Duration {
        let min_ready = match owner {
            Owner::ReplicaSet(id) => {
                let above = self.replica_sets.get(&id).and_then(|set| self.deployments.get(set.owner));
                above.map(|deployment| deployment.min_ready)
            }
            Owner::Set(place) => self.sets.get(place).map(|set| set.min_ready),
            Owner::Job(_) | Owner::Nobody => None,
        };
        min_ready.unwrap_or_default()
    }

    pub(super) fn pods_on(&self, node: &Arc<str>) -> Vec<PodId> {
        self.pods.values().filter(|pod| pod.node.as_ref() == Some(node)).map(|pod| pod.id).collect()
    }
}
