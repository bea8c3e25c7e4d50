//! The world's objects as the API's JSON. Zero counts are absent, times are whole seconds, and pods look as a
//! kubelet's do as far as anybody here reads them.

mod batch;
mod delivery;
mod deployments;
mod limits;
mod pods;
mod rollouts;
mod sets;

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

pub(super) use self::delivery::{DRIVER, mount_status, provider_class, secret};
pub(super) use self::deployments::{deployment, replica_set};
pub(super) use self::pods::pod;
use self::pods::template;
use crate::model::ReplicaNumber;
use crate::sim::Stamp;
use crate::sim::config::NodeConfig;
use crate::sim::kubernetes::{Meta, WarningEvent};
pub(super) use batch::{cron_job, job};
pub(super) use limits::{autoscaler, budget, quota};
pub(super) use rollouts::revisions;
pub(super) use sets::pod_set;

/// RFC 3339 with whole seconds, as the API writes times.
pub(super) fn time(at: Timestamp) -> String {
    Timestamp::from_second(at.as_second()).unwrap_or(at).to_string()
}

/// An object without the members that are zero.
fn counts(pairs: &[(&str, u32)]) -> Map<String, Value> {
    let present = pairs.iter().filter(|(_, count)| *count != 0);
    present.map(|(name, count)| ((*name).to_owned(), json!(count))).collect()
}

fn replica_number(number: ReplicaNumber) -> Value {
    match number {
        ReplicaNumber::Count(count) => json!(count),
        ReplicaNumber::Percent(percent) => json!(format!("{percent}%")),
    }
}

/// The members of `metadata` that every object has.
fn metadata(meta: &Meta) -> Value {
    json!({
        "name": &*meta.name,
        "namespace": &*meta.namespace,
        "uid": &*meta.uid,
        "resourceVersion": meta.resource_version.to_string(),
        "creationTimestamp": time(meta.created),
    })
}

fn owner(api: &str, kind: &str, name: &str, uid: &str) -> Value {
    json!([{"apiVersion": api, "kind": kind, "name": name, "uid": uid, "controller": true,
        "blockOwnerDeletion": true}])
}

/// Who writes a workload: somebody once, and its controller, at the latest when anybody last did.
fn writers(meta: &Meta, api: &str, written: Timestamp) -> Value {
    let status = json!({"f:status": {"f:replicas": {}}});
    json!([
        {"manager": "helm", "operation": "Update", "apiVersion": api, "time": time(meta.created),
            "fieldsType": "FieldsV1", "fieldsV1": {"f:spec": {"f:template": {}}}},
        {"manager": "controller", "operation": "Update", "apiVersion": api, "subresource": "status",
            "time": time(written), "fieldsType": "FieldsV1", "fieldsV1": status},
    ])
}

/// Written once, and told of as often as it happened.
pub(super) fn event(event: &WarningEvent) -> Value {
    let WarningEvent { namespace, kind, name, uid, reason, message, count, since, last } = event;
    let reason_in_name = reason.to_ascii_lowercase();
    let component = if *kind == "Pod" { "kubelet" } else { "controller-manager" };
    json!({
        "apiVersion": "v1", "kind": "Event", "type": "Warning", "reason": reason, "message": message, "count": count,
        "metadata": {"name": format!("{name}.{reason_in_name}"), "namespace": &**namespace,
            "uid": format!("{uid}-{reason_in_name}"), "resourceVersion": "1", "creationTimestamp": time(*since)},
        "involvedObject": {"apiVersion": if *kind == "Pod" { "v1" } else { "apps/v1" }, "kind": kind,
            "namespace": &**namespace, "name": &**name, "uid": &**uid},
        "firstTimestamp": time(*since), "lastTimestamp": time(*last), "source": {"component": component},
        "reportingComponent": component, "reportingInstance": "",
    })
}

/// A node, ready or not since then: one that is silent, as the node controller marks it, and one that is drained as `kubectl
/// cordon` does.
pub(super) fn node(
    name: &str,
    (ready, since): (bool, Timestamp),
    cordoned: bool,
    born: Timestamp,
    has: NodeConfig,
) -> Value {
    let (status, reason, message) = match ready {
        false => ("Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status."),
        true => ("True", "KubeletReady", "kubelet is posting ready status"),
    };
    let since = time(since);
    let allocatable = json!({
        "cpu": has.cpu.map_or_else(|| "1000".to_owned(), |most| format!("{most}m")),
        "memory": "4096Gi",
        "pods": has.pods.unwrap_or(10_000).to_string(),
    });
    json!({"apiVersion": "v1", "kind": "Node",
        "metadata": {"name": name, "uid": format!("node-{name}"), "resourceVersion": "1",
            "creationTimestamp": time(born), "labels": {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"}},
        "spec": if cordoned { json!({"unschedulable": true}) } else { json!({}) },
        "status": {"allocatable": allocatable, "conditions": [{"type": "Ready", "status": status, "reason": reason, "message": message,
            "lastHeartbeatTime": since, "lastTransitionTime": since}]}})
}

/// When the first of the cluster's workloads was made.
pub(super) fn born(stamp: &Stamp) -> Timestamp {
    let made = stamp.cluster.deployments().iter().map(|one| one.meta.created);
    made.min().unwrap_or(Timestamp::UNIX_EPOCH)
}

/// The namespaces that workloads live in, and the two that every cluster has.
pub(super) fn namespaces(stamp: &Stamp) -> Vec<Value> {
    let deployments = stamp.cluster.deployments();
    let mut names: BTreeSet<&str> = deployments.iter().map(|one| &*one.meta.namespace).collect();
    names.extend(stamp.cluster.sets().iter().map(|one| &*one.meta.namespace));
    names.extend(["default", "kube-system"]);
    let born = born(stamp);
    names
        .into_iter()
        .map(|name| {
            json!({"apiVersion": "v1", "kind": "Namespace",
                "metadata": {"name": name, "uid": format!("namespace-{name}"), "resourceVersion": "1",
                    "creationTimestamp": time(born), "labels": {"kubernetes.io/metadata.name": name}},
                "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}})
        })
        .collect()
}

fn later(at: Timestamp, by: Duration) -> Timestamp {
    SignedDuration::try_from(by).ok().and_then(|by| at.checked_add(by).ok()).unwrap_or(at)
}
