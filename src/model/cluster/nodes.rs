//! What the nodes of a cluster have left, for a note before anything is restarted.

use super::super::WorkloadName;

/// Whether nodes have room for one pod more of a workload, by what pods request. The scheduler's own finer rules (pods that
/// keep away from each other, the spread over zones) are not looked at: where there is no room there is none, and where
/// there is some it may be refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeRoom {
    pub workload: WorkloadName,
    /// Nodes that would take its pods: neither a taint, nor a selector, nor a person keeps those away.
    pub takers: usize,
    /// How many of these have room for one more.
    pub roomy: usize,
}

/// What is known of the nodes.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct NodesView {
    /// Of the configured workloads that have a pod to go by.
    pub rooms: Vec<NodeRoom>,
    /// Whether something seems to be there that adds nodes where room is short.
    pub grows: bool,
}
