//! The scheduler, as far as nodes can be full: a pod that fits on none waits until another has gone.

use std::sync::Arc;

use super::super::config::NodeConfig;
use super::nodes::NODES;
use super::object::{Phase, PodId, PodTemplate};
use super::{Cluster, Hand, Task};

impl Cluster {
    /// What each of the nodes has for pods.
    pub fn allocatable(&self) -> NodeConfig {
        self.has
    }

    pub(in crate::sim) fn set_nodes(&mut self, nodes: NodeConfig, hand: &mut Hand<'_>) {
        self.has = nodes;
        self.make_room(hand);
    }

    /// Of one node, how many pods there are that have not ended, and the thousandths of processors that they request.
    pub fn taken(&self, node: &str) -> (u32, u32) {
        let here = self.pods.values().filter(|pod| pod.node.as_deref() == Some(node));
        let there = here.filter(|pod| pod.phase != Phase::Succeeded);
        there.fold((0, 0), |(pods, cpu), pod| (pods + 1, cpu + pod.template.cpu.unwrap_or_default()))
    }

    /// Whether one more pod of this template fits on the node; what it lacks, in the scheduler's words, where not.
    pub fn lacks(&self, node: &str, template: &PodTemplate) -> Option<&'static str> {
        let has = self.has;
        if has == NodeConfig::default() {
            return None;
        }
        let (pods, cpu) = self.taken(node);
        if has.pods.is_some_and(|most| pods >= most) {
            return Some("Too many pods");
        }
        let wanted = cpu + template.cpu.unwrap_or_default();
        has.cpu.is_some_and(|most| wanted > most).then_some("Insufficient cpu")
    }

    /// The node that the scheduler takes, from this one on; in its words why none, where there is none.
    pub(super) fn place(&self, from: u64, template: &PodTemplate) -> Result<Arc<str>, String> {
        let first = self.node_from(from);
        let mut lacking = None;
        let others = self.nodes().filter(|(name, silent)| silent.is_none() && !self.is_cordoned(name));
        for node in std::iter::once(first).chain(others.map(|(name, _)| name)) {
            match self.lacks(&node, template) {
                None => return Ok(node),
                Some(short) => lacking = Some(short),
            }
        }
        let short = lacking.unwrap_or("Insufficient cpu");
        Err(format!(
            "0/{NODES} nodes are available: {NODES} {short}. preemption: 0/{NODES} nodes are available: {NODES} No \
             preemption victims found for incoming pod."
        ))
    }

    /// Something has gone: whoever waits for room is looked at again.
    pub(super) fn make_room(&self, hand: &mut Hand<'_>) {
        let waiting = self.pods.values().filter(|pod| pod.unplaced.is_some());
        let waiting: Vec<PodId> = waiting.map(|pod| pod.id).collect();
        for id in waiting {
            hand.later(hand.config.kubernetes.hop * 4, Task::Schedule(id));
        }
    }
}
