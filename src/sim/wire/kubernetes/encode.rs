//! The world's objects as the API's JSON. Zero counts are absent, times are whole seconds, and pods look as a
//! kubelet's do as far as anybody here reads them.

mod batch;
mod limits;
mod rollouts;
mod sets;

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::kubeconfig::base64;
use crate::model::{ReplicaNumber, WorkloadKind};
use crate::sim::Stamp;
use crate::sim::config::{Flavour, KeySource, NodeConfig};
use crate::sim::kubernetes::{
    Deployment, Meta, MountStatus, Owner, Phase, Pod, PodTemplate, ProviderClass, ReplicaSet, SecretOwner,
    SyncedSecret, WarningEvent,
};

pub(super) use batch::{cron_job, job};
pub(super) use limits::{autoscaler, budget, quota};
pub(super) use rollouts::revisions;
pub(super) use sets::pod_set;

pub(super) const DRIVER: &str = "secrets-store.csi.k8s.io";

/// The volume that the driver mounts.
const VOLUME: &str = "secrets-store";

/// The variable that a synced Secret is read into.
const VARIABLE: &str = "COSMOS_API_KEY";

const REVISION: &str = "deployment.kubernetes.io/revision";

/// RFC 3339 with whole seconds, as the API writes times.
pub(super) fn time(at: Timestamp) -> String {
    Timestamp::from_second(at.as_second()).unwrap_or(at).to_string()
}

/// When a Deployment was made, as the API writes it.
fn deployment_times(deployment: &Deployment) -> String {
    time(deployment.meta.created)
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

pub(super) fn deployment(deployment: &Deployment, key: &str) -> Value {
    let mut meta = metadata(&deployment.meta);
    meta["managedFields"] = writers(&deployment.meta, "apps/v1", deployment.written);
    meta["generation"] = json!(deployment.generation);
    meta["labels"] = json!({"app": &*deployment.template.app});
    let mut annotations = json!(deployment.annotations);
    annotations[REVISION] = json!(deployment.revision.to_string());
    meta["annotations"] = annotations;
    let strategy = match deployment.flavour {
        Flavour::Recreate => json!({"type": "Recreate"}),
        Flavour::Rolling => json!({"type": "RollingUpdate", "rollingUpdate": {
            "maxUnavailable": replica_number(deployment.max_unavailable),
            "maxSurge": replica_number(deployment.max_surge),
        }}),
    };
    let mut spec = json!({
        "replicas": deployment.replicas,
        "selector": {"matchLabels": {"app": &*deployment.template.app}},
        "template": template(&deployment.template, None, key),
        "strategy": strategy,
        "revisionHistoryLimit": 10,
        "progressDeadlineSeconds": deployment.progress_deadline.as_secs(),
    });
    if !deployment.min_ready.is_zero() {
        spec["minReadySeconds"] = json!(deployment.min_ready.as_secs());
    }
    if deployment.paused {
        spec["paused"] = json!(true);
    }
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": spec,
        "status": deployment_status(deployment)})
}

fn deployment_status(deployment: &Deployment) -> Value {
    let status = &deployment.status;
    let mut json = counts(&[
        ("replicas", status.replicas),
        ("updatedReplicas", status.updated),
        ("readyReplicas", status.ready),
        ("availableReplicas", status.available),
        ("unavailableReplicas", status.unavailable),
    ]);
    json.insert("terminatingReplicas".to_owned(), json!(status.terminating));
    if status.observed_generation != 0 {
        json.insert("observedGeneration".to_owned(), json!(status.observed_generation));
    }
    let conditions = status.conditions.iter().map(|condition| {
        json!({"type": condition.kind, "status": condition.status, "lastUpdateTime": time(condition.updated),
            "lastTransitionTime": time(condition.transitioned), "reason": condition.reason,
            "message": condition.message})
    });
    let conditions: Vec<Value> = conditions.collect();
    if !conditions.is_empty() {
        json.insert("conditions".to_owned(), json!(conditions));
    }
    Value::Object(json)
}

pub(super) fn replica_set(set: &ReplicaSet, key: &str) -> Value {
    let mut meta = metadata(&set.meta);
    meta["generation"] = json!(set.generation);
    meta["labels"] = json!({"app": &*set.template.app, "pod-template-hash": &*set.hash});
    meta["annotations"] = json!({
        "deployment.kubernetes.io/desired-replicas": set.desired.to_string(),
        "deployment.kubernetes.io/max-replicas": set.max.to_string(),
        REVISION: set.revision.to_string(),
    });
    meta["ownerReferences"] = owner("apps/v1", "Deployment", &set.owner_name, &set.owner_uid);
    let mut status = counts(&[
        ("fullyLabeledReplicas", set.status.replicas),
        ("readyReplicas", set.status.ready),
        ("availableReplicas", set.status.available),
    ]);
    if let Some(message) = &set.status.failure {
        let failure = json!({"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate",
            "message": message, "lastTransitionTime": time(set.meta.created)});
        status.insert("conditions".to_owned(), json!([failure]));
    }
    // These two are never left out.
    status.insert("replicas".to_owned(), json!(set.status.replicas));
    status.insert("observedGeneration".to_owned(), json!(set.status.observed_generation));
    json!({
        "apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": meta,
        "spec": {
            "replicas": set.replicas,
            "selector": {"matchLabels": {"app": &*set.template.app, "pod-template-hash": &*set.hash}},
            "template": template(&set.template, Some(&set.hash), key),
        },
        "status": status,
    })
}

/// A pod template; a ReplicaSet's has the hash among its labels.
fn template(template: &PodTemplate, hash: Option<&str>, key: &str) -> Value {
    let mut labels = json!({"app": &*template.app});
    if let Some(hash) = hash {
        labels["pod-template-hash"] = json!(hash);
    }
    let mut meta = json!({"labels": labels});
    if !template.annotations.is_empty() {
        meta["annotations"] = json!(template.annotations);
    }
    json!({"metadata": meta, "spec": pod_spec(template, key)})
}

/// `key` is the place in a synced Secret that holds the account's key.
fn pod_spec(template: &PodTemplate, key: &str) -> Value {
    let resources = template.cpu.map_or(json!({}), |cpu| json!({"requests": {"cpu": format!("{cpu}m")}}));
    let mut container = json!({
        "name": &*template.app,
        "image": template.image,
        "imagePullPolicy": "IfNotPresent",
        "resources": resources,
        "volumeMounts": [{"name": VOLUME, "mountPath": "/mnt/secrets-store", "readOnly": true}],
    });
    if let KeySource::SyncedSecret(secret) = &template.key {
        container["env"] = json!([{"name": VARIABLE, "valueFrom": {"secretKeyRef": {"name": secret,
            "key": key}}}]);
    }
    let others = template.others.iter();
    let others: Vec<Value> =
        others.map(|secret| json!({"secretRef": {"name": secret, "optional": true}})).collect();
    if !others.is_empty() {
        container["envFrom"] = json!(others);
    }
    let mut spec = json!({
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": template.grace.as_secs(),
        "dnsPolicy": "ClusterFirst",
        "schedulerName": "default-scheduler",
    });
    match template.class.is_empty() {
        true => container["volumeMounts"] = json!([]),
        false => {
            spec["volumes"] = json!([{"name": VOLUME, "csi": {"driver": DRIVER, "readOnly": true,
                "volumeAttributes": {"secretProviderClass": &*template.class}}}]);
        }
    }
    if let Some(works) = template.works {
        container["command"] = json!(["sleep", works.as_secs().to_string()]);
    }
    spec["containers"] = json!([container]);
    spec
}

pub(super) fn pod(pod: &Pod, key: &str) -> Value {
    let mut meta = metadata(&pod.meta);
    if pod.owner != Owner::Nobody {
        meta["generateName"] = json!(format!("{}-", pod.owner_name));
    }
    meta["labels"] = pod_labels(pod);
    if !pod.template.annotations.is_empty() {
        meta["annotations"] = json!(pod.template.annotations);
    }
    let of_rollout = pod.workload.kind == WorkloadKind::Rollout;
    let above = match pod.owner {
        Owner::ReplicaSet(_) => Some(("apps/v1", "ReplicaSet")),
        Owner::Set(_) if of_rollout => Some(("apps/v1", "ReplicaSet")),
        Owner::Set(_) => Some(("apps/v1", pod.workload.kind.as_str())),
        Owner::Job(_) => Some(("batch/v1", "Job")),
        Owner::Nobody => None,
    };
    if let Some((api, above)) = above {
        meta["ownerReferences"] = match of_rollout {
            true => owner(api, above, &pod.hash, &rollouts::revision_uid(&pod.owner_uid, &pod.hash)),
            false => owner(api, above, &pod.owner_name, &pod.owner_uid),
        };
    }
    if let Some(deleting) = pod.deleting {
        meta["deletionTimestamp"] = json!(time(later(deleting, pod.template.grace)));
        meta["deletionGracePeriodSeconds"] = json!(pod.template.grace.as_secs());
    }
    let mut spec = pod_spec(&pod.template, key);
    if let Some(node) = &pod.node {
        spec["nodeName"] = json!(&**node);
    }
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec, "status": pod_status(pod)})
}

/// With what its controller knows its revision by.
fn pod_labels(pod: &Pod) -> Value {
    let app = &*pod.template.app;
    if matches!(pod.owner, Owner::Job(_)) {
        let job = &*pod.owner_name;
        return json!({"app": app, "batch.kubernetes.io/job-name": job, "job-name": job});
    }
    if pod.owner == Owner::Nobody {
        return json!({"app": app});
    }
    match (pod.workload.kind, pod.index) {
        (WorkloadKind::StatefulSet, Some(ordinal)) => json!({
            "app": app, "controller-revision-hash": &*pod.hash, "apps.kubernetes.io/pod-index": ordinal.to_string(),
            "statefulset.kubernetes.io/pod-name": &*pod.meta.name,
        }),
        (WorkloadKind::Rollout, Some(_)) => {
            let hash = pod.hash.rsplit('-').next().unwrap_or_default();
            json!({"app": app, "rollouts-pod-template-hash": hash})
        }
        (WorkloadKind::DaemonSet, Some(_)) => {
            let hash = pod.hash.rsplit('-').next().unwrap_or_default();
            json!({"app": app, "controller-revision-hash": hash})
        }
        _ => json!({"app": app, "pod-template-hash": &*pod.hash}),
    }
}

fn pod_status(pod: &Pod) -> Value {
    let containers_ready = pod.ready || pod.unheard;
    let ready_since = pod.ready_changed.unwrap_or(pod.meta.created);
    let condition = |kind: &str, holds: bool, since: Timestamp| {
        let status = if holds { "True" } else { "False" };
        json!({"type": kind, "status": status, "lastProbeTime": null, "lastTransitionTime": time(since)})
    };
    let mut conditions = [
        condition("PodScheduled", pod.node.is_some(), pod.meta.created),
        condition("Initialized", pod.node.is_some(), pod.meta.created),
        // A node that is not heard of takes readiness from its pods, and leaves their containers as they were told last.
        condition("ContainersReady", containers_ready, ready_since),
        condition("Ready", pod.ready, ready_since),
    ];
    if let (Some(why), Some(scheduled)) = (&pod.unplaced, conditions.first_mut()) {
        scheduled["reason"] = json!("Unschedulable");
        scheduled["message"] = json!(&**why);
    }
    let mut status = json!({"phase": pod.phase.as_str(), "conditions": conditions, "qosClass": "BestEffort"});
    if let Some(ip) = &pod.ip {
        status["podIP"] = json!(&**ip);
    }
    if pod.node.is_some() {
        let started = pod.started.map(time);
        let state = match (pod.waiting, pod.phase) {
            (Some(reason), _) => json!({"waiting": {"reason": reason}}),
            (None, Phase::Succeeded) => json!({"terminated": {"exitCode": 0, "reason": "Completed"}}),
            (None, _) => json!({"running": {"startedAt": started}}),
        };
        status["startTime"] = json!(time(pod.meta.created));
        status["containerStatuses"] = json!([{"name": &*pod.template.app, "image": pod.template.image,
            "imageID": "", "ready": containers_ready, "restartCount": pod.restarts,
            "started": containers_ready,
            "state": state}]);
    }
    status
}

pub(super) fn provider_class(class: &ProviderClass) -> Value {
    let entries: String = class
        .secrets
        .iter()
        .map(|secret| format!("  - |\n    objectName: {secret}\n    objectType: secret\n"))
        .collect();
    let mut spec = json!({
        "provider": "azure",
        "parameters": {
            "keyvaultName": class.vault,
            "objects": format!("array:\n{entries}"),
            "usePodIdentity": "false",
            "useVMManagedIdentity": "true",
        },
    });
    if let Some((secret, key)) = &class.synced {
        let data: Vec<Value> =
            class.secrets.iter().map(|object| json!({"objectName": object, "key": key})).collect();
        spec["secretObjects"] = json!([{"secretName": secret, "type": "Opaque", "data": data}]);
    }
    let mut meta = metadata(&class.meta);
    meta["generation"] = json!(class.generation);
    let fields = json!({"f:spec": {"f:parameters": {".": {}, "f:objects": {}}, "f:provider": {}}});
    meta["managedFields"] = json!([{"manager": "helm", "operation": "Update", "apiVersion": CSI_VERSION,
        "time": time(class.changed), "fieldsType": "FieldsV1", "fieldsV1": fields}]);
    json!({"apiVersion": CSI_VERSION, "kind": "SecretProviderClass", "metadata": meta, "spec": spec})
}

const CSI_VERSION: &str = "secrets-store.csi.x-k8s.io/v1";

pub(super) fn mount_status(mount: &MountStatus) -> Value {
    let mut meta = metadata(&mount.meta);
    meta["generation"] = json!(1);
    meta["ownerReferences"] =
        json!([{"apiVersion": "v1", "kind": "Pod", "name": &*mount.pod_name, "uid": &*mount.pod_uid}]);
    let objects = mount
        .secret
        .iter()
        .map(|secret| json!({"id": format!("secret/{secret}"), "version": mount.version.as_str()}));
    let target = format!("/var/lib/kubelet/pods/{}/volumes/kubernetes.io~csi/{VOLUME}/mount", mount.pod_uid);
    json!({
        "apiVersion": CSI_VERSION, "kind": "SecretProviderClassPodStatus", "metadata": meta,
        "status": {
            "mounted": true,
            "podName": &*mount.pod_name,
            "secretProviderClassName": &*mount.class,
            "targetPath": target,
            "objects": objects.collect::<Vec<Value>>(),
        },
    })
}

fn secret_owner(owner: &SecretOwner) -> Value {
    let api = match owner.kind {
        "Job" => "batch/v1",
        "Pod" => "v1",
        _ => "apps/v1",
    };
    json!({"apiVersion": api, "kind": owner.kind, "name": &*owner.name, "uid": &*owner.uid})
}

/// A synced Secret: the one object here with key material in it.
pub(super) fn secret(secret: &SyncedSecret) -> Value {
    let mut meta = metadata(&secret.meta);
    meta["labels"] = json!({"secrets-store.csi.k8s.io/managed": "true"});
    let mut fields = json!({"f:data": {".": {}, (format!("f:{}", secret.key)): {}}, "f:type": {}});
    if !secret.owners.is_empty() {
        let uids = secret.owners.iter().map(|owner| (format!("k:{{\"uid\":\"{}\"}}", owner.uid), json!({})));
        let owned: Map<String, Value> = [(".".to_owned(), json!({}))].into_iter().chain(uids).collect();
        fields["f:metadata"] = json!({"f:ownerReferences": owned});
        meta["ownerReferences"] = secret.owners.iter().map(secret_owner).collect();
    }
    meta["managedFields"] = json!([{"manager": "csi-secrets-store", "operation": "Update",
        "apiVersion": "v1", "time": time(secret.changed), "fieldsType": "FieldsV1", "fieldsV1": fields}]);
    let value = base64(secret.value.text().expose().as_bytes());
    json!({"apiVersion": "v1", "kind": "Secret", "metadata": meta, "type": "Opaque",
        "data": {(secret.key.clone()): value}})
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
