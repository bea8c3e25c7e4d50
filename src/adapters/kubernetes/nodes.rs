//! Nodes that do not answer: their pods run on, whatever they are told.
//!
//! Nodes are asked about one by one, and only where a pod gives cause: its time to end is over, or the control plane has
//! taken its readiness away while its containers count as ready, which it does to all pods of a node that it hears nothing of
//! (<https://kubernetes.io/docs/concepts/architecture/nodes/#condition>). Whoever may not read nodes does without: an
//! overdue pod is told later all the same.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Node, Pod, PodCondition};

use super::api::{Api, NODES};

/// What was told of nodes, each by its name.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Nodes {
    /// Since when each is not ready, where that is told.
    pub silent: BTreeMap<String, Option<Timestamp>>,
    /// Since when each is ready, likewise.
    pub heard: BTreeMap<String, Option<Timestamp>>,
}

/// The nodes whose pods give cause to ask, by our clock.
pub(super) fn suspects<'a>(pods: impl Iterator<Item = &'a Pod>, now: Timestamp) -> BTreeSet<String> {
    let suspect = |pod: &&Pod| {
        let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
        !matches!(phase, Some("Succeeded" | "Failed")) && (is_due(pod, now) || is_cut_off(pod))
    };
    let node = |pod: &Pod| pod.spec.as_ref()?.node_name.clone().filter(|name| !name.is_empty());
    pods.filter(suspect).filter_map(node).collect()
}

fn is_due(pod: &Pod, now: Timestamp) -> bool {
    pod.metadata.deletion_timestamp.as_ref().is_some_and(|until| until.0 < now)
}

fn is_cut_off(pod: &Pod) -> bool {
    let conditions = pod.status.as_ref().and_then(|status| status.conditions.as_deref()).unwrap_or_default();
    let status = |kind: &str| {
        let condition = conditions.iter().find(|one: &&PodCondition| one.type_ == kind);
        condition.map(|condition| condition.status.as_str())
    };
    status("ContainersReady") == Some("True") && status("Ready") == Some("False")
}

/// How they are. One that is not there is silent.
pub(super) async fn ask(api: &Api, suspects: BTreeSet<String>) -> Nodes {
    let mut nodes = Nodes::default();
    for name in suspects {
        match api.get::<Node>(&format!("{}/{name}", NODES.path(None))).await {
            Ok(node) => match readiness(&node) {
                Some((true, since)) => _ = nodes.heard.insert(name, since),
                Some((false, since)) => _ = nodes.silent.insert(name, since),
                None => {}
            },
            Err(failure) if failure.refusal().is_some_and(|no| no.status == 404 && !no.no_such_api()) => {
                nodes.silent.insert(name, None);
            }
            // So it would answer for each of them.
            Err(failure) if failure.refusal().is_some_and(|no| no.status == 403) => break,
            Err(_) => {}
        }
    }
    nodes
}

/// Whether it is ready, and since when it is so or not; `None` where nobody says.
fn readiness(node: &Node) -> Option<(bool, Option<Timestamp>)> {
    let conditions = node.status.as_ref()?.conditions.as_ref()?;
    let ready = conditions.iter().find(|condition| condition.type_ == "Ready")?;
    Some((ready.status == "True", ready.last_transition_time.as_ref().map(|time| time.0)))
}
