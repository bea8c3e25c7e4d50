//! What nodes have left for one pod more of each configured workload: allocatable, less what the pods on them request.
//!
//! Two lists, for a plan alone. A pod is one like the workload's youngest. Kept away from it are nodes that are marked as
//! unschedulable, those with a taint that it does not tolerate, and those that its selector or what its affinity demands
//! of a node rules out. What is not understood rules nothing out: a shortage that is told is one.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{Node, NodeSelectorRequirement, Pod, PodSpec, Taint, Toleration};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use super::api::{Api, NODES, PODS};
use super::look::{Placed as _, Subject, everywhere};
use super::owners::{Above, Owners};
use super::rollouts::rollout_of;
use super::room::requested;
use super::scope::is_same;
use crate::model::{Amount, Blindness, NodeRoom, NodesView, WorkloadName};
use crate::ports::Fault;

/// What programs that add nodes are called, where they run in the cluster itself.
const SCALERS: [&str; 2] = ["cluster-autoscaler", "karpenter"];

/// What they write on nodes.
const MARKS: [&str; 2] = ["karpenter.sh/", "cluster-autoscaler.kubernetes.io/"];

const WHAT: &str = "see what the nodes have left";

pub(super) async fn look(api: &Api, subject: &Subject) -> Result<NodesView, Fault> {
    if !subject.namespaces.is_empty() {
        let why = "only a part of its namespaces is looked at, and pods of the others take room as well";
        return Err(Fault::new(Blindness::Forbidden, WHAT, &*api.subject, why));
    }
    let nodes = api.list::<Node>(NODES, None).await.map_err(|failure| failure.fault(WHAT, &api.subject))?;
    let listed = everywhere::<Pod>(api, PODS, subject).await;
    let (pods, _) = listed.map_err(|failure| failure.fault(WHAT, &api.subject))?;
    Ok(view(&nodes.items, &pods, &subject.configured))
}

fn view(nodes: &[Node], pods: &[Pod], configured: &[WorkloadName]) -> NodesView {
    let taken = taken(pods);
    let none = Taken::default();
    let of_node = |node: &Node| taken.get(node.metadata.name.as_deref().unwrap_or_default()).unwrap_or(&none);
    let rooms = youngest(pods, configured).into_iter().map(|(workload, spec)| {
        let takers: Vec<&Node> = nodes.iter().filter(|node| takes(node, spec)).collect();
        let roomy = takers.iter().filter(|node| has_room(node, of_node(node), spec)).count();
        NodeRoom { workload, takers: takers.len(), roomy }
    });
    NodesView { rooms: rooms.collect(), grows: grows(nodes, pods) }
}

/// What the pods on a node request.
#[derive(Clone, Copy, Default)]
struct Taken {
    pods: u64,
    cpu: Amount,
    memory: Amount,
}

fn taken(pods: &[Pod]) -> BTreeMap<&str, Taken> {
    let mut taken: BTreeMap<&str, Taken> = BTreeMap::new();
    for pod in pods.iter().filter(|pod| !has_ended(pod)) {
        let Some(spec) = &pod.spec else { continue };
        let Some(node) = spec.node_name.as_deref().filter(|name| !name.is_empty()) else { continue };
        let there = taken.entry(node).or_default();
        there.pods += 1;
        there.cpu = there.cpu.plus(requested(spec, "cpu"));
        there.memory = there.memory.plus(requested(spec, "memory"));
    }
    taken
}

fn has_ended(pod: &Pod) -> bool {
    let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
    matches!(phase, Some("Succeeded" | "Failed"))
}

/// Of each configured workload, the specification of its youngest pod that has not ended.
fn youngest<'a>(pods: &'a [Pod], configured: &[WorkloadName]) -> BTreeMap<WorkloadName, &'a PodSpec> {
    let lower = |name: &WorkloadName| {
        WorkloadName::of_kind(name.kind, name.namespace.to_lowercase(), name.name.to_lowercase())
    };
    let names: BTreeSet<WorkloadName> = configured.iter().map(lower).collect();
    let owners = Owners { workloads: &names, replica_sets: None };
    let mut youngest: BTreeMap<WorkloadName, &Pod> = BTreeMap::new();
    for pod in pods.iter().filter(|pod| !has_ended(pod)) {
        let above = owners.above(&pod.metadata);
        let rollout = rollout_of(&above);
        let ((Above::Workload(name), None) | (_, Some(name))) = (above, rollout) else { continue };
        let Some(name) = configured.iter().find(|one| is_same(one, &name)) else { continue };
        let known = youngest.entry(name.clone()).or_insert(pod);
        if born(pod) > born(known) {
            *known = pod;
        }
    }
    youngest.into_iter().filter_map(|(name, pod)| Some((name, pod.spec.as_ref()?))).collect()
}

fn born(pod: &Pod) -> Option<jiff::Timestamp> {
    pod.metadata.creation_timestamp.as_ref().map(|time| time.0)
}

fn has_room(node: &Node, taken: &Taken, spec: &PodSpec) -> bool {
    let has = node.status.as_ref().and_then(|status| status.allocatable.as_ref());
    let fits = |resource: &str, taken: Amount, more: Amount| {
        // What a node does not tell of, or a pod does not ask for, refuses none.
        let most = has.and_then(|has| has.get(resource)).and_then(|Quantity(text)| Amount::parse(text));
        more.is_zero() || most.is_none_or(|most| taken.plus(more) <= most)
    };
    fits("pods", Amount::whole(taken.pods), Amount::whole(1))
        && fits("cpu", taken.cpu, requested(spec, "cpu"))
        && fits("memory", taken.memory, requested(spec, "memory"))
}

/// Whether the scheduler would put such a pod on the node at all.
fn takes(node: &Node, spec: &PodSpec) -> bool {
    let of_node = node.spec.as_ref();
    let cordoned = of_node.is_some_and(|spec| spec.unschedulable == Some(true));
    let taints = of_node.and_then(|spec| spec.taints.as_deref()).unwrap_or_default();
    let tolerations = spec.tolerations.as_deref().unwrap_or_default();
    let repels = |taint: &Taint| {
        taint.effect != "PreferNoSchedule" && !tolerations.iter().any(|one| tolerates(one, taint))
    };
    !cordoned && !taints.iter().any(repels) && is_selected(node, spec)
}

fn tolerates(toleration: &Toleration, taint: &Taint) -> bool {
    let key = toleration.key.as_deref().unwrap_or_default();
    let effect = toleration.effect.as_deref().unwrap_or_default();
    let value = toleration.value.as_deref().unwrap_or_default();
    let exists = toleration.operator.as_deref() == Some("Exists");
    (effect.is_empty() || effect == taint.effect)
        && ((key.is_empty() && exists) || key == taint.key)
        && (exists || value == taint.value.as_deref().unwrap_or_default())
}

/// By its selector, and by one of the terms that its affinity demands.
fn is_selected(node: &Node, spec: &PodSpec) -> bool {
    let empty = BTreeMap::new();
    let labels = node.metadata.labels.as_ref().unwrap_or(&empty);
    let selected =
        spec.node_selector.iter().flatten().all(|(key, value)| labels.get(key.as_str()) == Some(value));
    let affinity = spec.affinity.as_ref().and_then(|affinity| affinity.node_affinity.as_ref());
    let terms = affinity
        .and_then(|one| one.required_during_scheduling_ignored_during_execution.as_ref())
        .map(|one| one.node_selector_terms.as_slice())
        .unwrap_or_default();
    let matches = |wanted: &NodeSelectorRequirement| {
        let value = labels.get(&wanted.key);
        let listed = || value.is_some_and(|value| wanted.values.iter().flatten().any(|one| one == value));
        match wanted.operator.as_str() {
            "In" => listed(),
            "NotIn" => !listed(),
            "Exists" => value.is_some(),
            "DoesNotExist" => value.is_none(),
            _ => true,
        }
    };
    let any = terms.iter().any(|term| term.match_expressions.iter().flatten().all(matches));
    selected && (terms.is_empty() || any)
}

/// Whether something that adds nodes has left a mark, or runs as a pod.
fn grows(nodes: &[Node], pods: &[Pod]) -> bool {
    let marked = |key: &String| MARKS.iter().any(|mark| key.starts_with(mark));
    let on_node = |node: &Node| {
        let (labels, notes) =
            (node.metadata.labels.iter().flatten(), node.metadata.annotations.iter().flatten());
        labels.chain(notes).any(|(key, _)| marked(key))
    };
    let runs = |pod: &Pod| {
        let name = pod.metadata.name.as_deref().unwrap_or_default();
        pod.namespace() != "default" && SCALERS.iter().any(|scaler| name.starts_with(scaler))
    };
    nodes.iter().any(on_node) || pods.iter().any(runs)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn node(name: &str, cpu: &str, more: Value) -> Node {
        let mut node = json!({"metadata": {"name": name, "labels": {"kubernetes.io/os": "linux"}}, "spec": {},
            "status": {"allocatable": {"cpu": cpu, "memory": "8Gi", "pods": "3"}}});
        for (key, value) in more.as_object().unwrap() {
            node[key] = value.clone();
        }
        serde_json::from_value(node).unwrap()
    }

    fn pod(name: &str, node: &str, cpu: Value, spec: Value) -> Pod {
        let mut pod = json!({"metadata": {"name": name, "namespace": "shop", "creationTimestamp": "2026-01-01T00:00:00Z",
                "labels": {"pod-template-hash": "abc"}, "ownerReferences": [{"apiVersion": "apps/v1",
                    "kind": "ReplicaSet", "name": "orders-abc", "uid": "r", "controller": true}]},
            "spec": {"nodeName": node, "containers": [{"name": "a", "resources": {"requests": {"cpu": cpu}}}]},
            "status": {"phase": "Running"}});
        for (key, value) in spec.as_object().unwrap() {
            pod["spec"][key] = value.clone();
        }
        serde_json::from_value(pod).unwrap()
    }

    /// Takers and those that have room, for a workload whose pod runs on `a`, with these nodes.
    fn told(nodes: &[Node], spec: Value) -> (usize, usize) {
        let pods = [pod("orders-abc-1", "a", json!("1"), spec)];
        let view = view(nodes, &pods, &[WorkloadName::new("shop", "orders")]);
        let [room] = &view.rooms[..] else { panic!("{view:?}") };
        (room.takers, room.roomy)
    }

    #[test]
    fn what_pods_request_is_taken_from_what_nodes_have() {
        let plain = json!({});
        assert_eq!(told(&[node("a", "2", json!({}))], plain.clone()), (1, 1));
        assert_eq!(told(&[node("a", "1900m", json!({}))], plain.clone()), (1, 0));
        assert_eq!(told(&[node("a", "1900m", json!({})), node("b", "1", json!({}))], plain.clone()), (2, 1));
        let crowded: Vec<Pod> =
            (0..3).map(|number| pod(&format!("orders-abc-{number}"), "a", json!("1m"), json!({}))).collect();
        let full = view(&[node("a", "9", json!({}))], &crowded, &[WorkloadName::new("shop", "Orders")]);
        assert_eq!(full.rooms[0].roomy, 0, "as many pods as it may have");
        let silent = json!({"status": {}});
        assert_eq!(told(&[node("a", "1", silent)], plain), (1, 1), "it does not tell what it has");
    }

    #[test]
    fn nodes_that_keep_the_pod_away_do_not_count() {
        let taint =
            |effect: &str| json!({"spec": {"taints": [{"key": "gpu", "value": "yes", "effect": effect}]}});
        let (cordoned, plain) = (json!({"spec": {"unschedulable": true}}), json!({}));
        let windows = json!({"metadata": {"name": "b", "labels": {"kubernetes.io/os": "windows"}}});
        let linux = json!({"nodeSelector": {"kubernetes.io/os": "linux"}});
        let demands = |operator: &str| {
            json!({"affinity": {"nodeAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{"matchExpressions": [
                {"key": "kubernetes.io/os", "operator": operator, "values": ["linux"]}]}]}}}})
        };
        let tolerating = json!({"tolerations": [{"key": "gpu", "operator": "Exists"}]});
        let other = json!({"tolerations": [{"key": "gpu", "value": "no", "effect": "NoSchedule"}]});
        for (node_is, pod_asks, takers) in [
            (cordoned, plain.clone(), 0),
            (taint("NoSchedule"), plain.clone(), 0),
            (taint("NoExecute"), plain.clone(), 0),
            (taint("PreferNoSchedule"), plain.clone(), 1),
            (taint("NoSchedule"), tolerating, 1),
            (taint("NoSchedule"), other, 0),
            (windows.clone(), linux.clone(), 0),
            (windows.clone(), demands("In"), 0),
            (windows.clone(), demands("NotIn"), 1),
            (windows, demands("Gt"), 1),
            (plain, linux, 1),
        ] {
            assert_eq!(
                told(&[node("b", "4", node_is.clone())], pod_asks.clone()).0,
                takers,
                "{node_is} {pod_asks}"
            );
        }
    }

    #[test]
    fn what_adds_nodes_is_seen_by_its_marks() {
        let karpenter = json!({"metadata": {"name": "a", "labels": {"karpenter.sh/nodepool": "p"}}});
        assert!(grows(&[node("a", "1", karpenter)], &[]));
        assert!(grows(&[], &[pod("cluster-autoscaler-7d-x", "a", json!("1"), json!({}))]));
        assert!(!grows(&[node("a", "1", json!({}))], &[pod("orders", "a", json!("1"), json!({}))]));
    }
}
