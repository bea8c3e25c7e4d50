//! Deployments and their ReplicaSets.

use serde_json::{Value, json};

use super::pods::template;
use super::{counts, metadata, owner, replica_number, time, writers};
use crate::sim::config::Flavour;
use crate::sim::kubernetes::{Deployment, ReplicaSet};

const REVISION: &str = "deployment.kubernetes.io/revision";

pub fn deployment(deployment: &Deployment, key: &str) -> Value {
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

pub fn replica_set(set: &ReplicaSet, key: &str) -> Value {
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
