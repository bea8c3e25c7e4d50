//! Pods that are deleted by force, and Nodes that are deleted: the API has them no more, at once. On a machine that is only cut
//! off their processes run on, with the key that they have, until it is back and its kubelet sees that they are gone.

use std::sync::Arc;
use std::time::Duration;

use super::nodes::node_name;
use super::object::PodId;
use super::{Cluster, Hand, Process, Task};

/// How long a kubelet that hears of the API again takes to end what is there no more.
const HEARS: Duration = Duration::from_secs(5);

impl Cluster {
    /// `kubectl delete pod --force`, of the node's pods that are told to end; where it answers, its kubelet ends them at once.
    pub(in crate::sim) fn force_pods_on(&mut self, number: u32, hand: &mut Hand<'_>) {
        let node = node_name(u64::from(number));
        let told = |id: &PodId| self.pods.get(id).is_some_and(|pod| pod.deleting.is_some());
        let pods: Vec<PodId> = self.pods_on(&node).into_iter().filter(told).collect();
        pods.into_iter().for_each(|id| self.force_pod(id, &node, hand));
    }

    /// `kubectl delete node`, where it does not answer: the garbage collector deletes all its pods by force. One that
    /// answers would put its Node back.
    pub(in crate::sim) fn delete_node(&mut self, number: u32, hand: &mut Hand<'_>) {
        let node = node_name(u64::from(number));
        if self.lost.contains_key(&node) {
            self.deleted_nodes.insert(Arc::clone(&node));
            self.pods_on(&node).into_iter().for_each(|id| self.force_pod(id, &node, hand));
        }
    }

    fn force_pod(&mut self, id: PodId, node: &Arc<str>, hand: &mut Hand<'_>) {
        if self.lost.contains_key(node) {
            self.forgotten.insert(id, Arc::clone(node));
            self.remove_pod(id, hand);
        } else {
            hand.later(Duration::ZERO, Task::End(id));
        }
    }

    /// The node is back, and its kubelet ends what runs there without a pod.
    pub(super) fn end_forgotten_on(&mut self, node: &Arc<str>, hand: &mut Hand<'_>) {
        self.deleted_nodes.remove(node);
        let here = self.forgotten.iter().filter(|(_, on)| *on == node);
        here.for_each(|(id, _)| hand.later(HEARS, Task::End(*id)));
    }

    /// The process of a pod that the API has no more.
    pub(super) fn end_forgotten(&mut self, id: PodId) -> Option<Process> {
        let node = self.forgotten.get(&id)?;
        if self.lost.contains_key(node) {
            return None;
        }
        self.forgotten.remove(&id);
        self.processes.remove(&id)
    }
}
