//! Pods that nobody ends: told to end and still there, or on nodes that do not answer.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::super::super::reason::later;
use super::super::super::{Gate, Reason, Subject, Why};
use crate::model::{ClusterView, ObjectName, PodView, StampName};

/// How long after its time to end is over a pod may still be there: kubelets are late, and API servers are slow.
pub const OVERDUE: Duration = Duration::from_secs(600);

/// The kubelet would have ended it by force.
pub fn overdue(pod: &PodView, now: Timestamp) -> bool {
    pod.deleting.is_some_and(|deadline| later(deadline, OVERDUE) < now)
}

pub fn placed(pod: &PodView) -> String {
    match (&pod.node, pod.deleting) {
        (Some(node), Some(_)) => format!("{} (on node {node})", pod.name),
        _ => pod.name.clone(),
    }
}

/// A reason for each node that these pods are on.
fn by_node(
    stamp: &StampName,
    pods: &[&PodView],
    why: impl Fn(String, &[&PodView], Vec<String>) -> Why,
) -> Vec<Reason> {
    let mut nodes: BTreeMap<&str, Vec<&PodView>> = BTreeMap::new();
    for pod in pods {
        nodes.entry(pod.node.as_deref().unwrap_or("?")).or_default().push(pod);
    }
    let reason = |(node, pods): (&str, Vec<&PodView>)| {
        let names = pods.iter().map(|pod| pod.name.clone()).collect();
        let subject = Subject::Object(stamp.clone(), ObjectName::new("Node", "", node));
        Reason::new(Gate::OldPodsGone, subject, why(node.to_owned(), &pods, names))
    };
    nodes.into_iter().map(reason).collect()
}

/// Pods on a node that is known not to answer, long before they are overdue: it may come back, so there is nothing but
/// waiting.
pub(super) fn nodes_not_ready(stamp: &StampName, pods: &[&PodView], cluster: &ClusterView) -> Vec<Reason> {
    by_node(stamp, pods, |node, _, pods| {
        let since = cluster.silent.get(&node).copied().flatten();
        Why::NodeNotReady { node, pods, since }
    })
}

/// Pods that nobody ends, by the node that should: it does not answer, or is gone, and its pods may run on.
pub(super) fn nodes_silent(stamp: &StampName, pods: &[&PodView]) -> Vec<Reason> {
    by_node(stamp, pods, |node, on_it, pods| {
        let since = on_it.iter().filter_map(|pod| pod.deleting).min().unwrap_or(Timestamp::MIN);
        Why::NodeSilent { node, pods, since }
    })
}
