//! Pods, and what they are made from.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::delivery::DRIVER;
use super::{later, metadata, owner, rollouts, time};
use crate::model::WorkloadKind;
use crate::sim::config::KeySource;
use crate::sim::kubernetes::{Owner, Phase, Pod, PodTemplate};

/// The volume that the driver mounts.
pub(super) const VOLUME: &str = "secrets-store";

/// The variable that a synced Secret is read into.
const VARIABLE: &str = "COSMOS_API_KEY";

/// A pod template; a ReplicaSet's has the hash among its labels.
pub(super) fn template(template: &PodTemplate, hash: Option<&str>, key: &str) -> Value {
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

pub fn pod(pod: &Pod, key: &str) -> Value {
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
