//! Argo Rollouts as the API's JSON, and the ReplicaSets that their revisions are to everybody else.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{counts, metadata, owner, replica_number, template, writers};
use crate::sim::kubernetes::{Cluster, Phase, PodSet, PodTemplate};

pub(super) fn rollout(set: &PodSet, key: &str) -> Value {
    let mut meta = metadata(&set.meta);
    meta["managedFields"] = writers(&set.meta, "argoproj.io/v1alpha1", set.written);
    meta["generation"] = json!(set.generation);
    meta["labels"] = json!({"app": &*set.template.app});
    if !set.annotations.is_empty() {
        meta["annotations"] = json!(set.annotations);
    }
    let steps = json!([{"setWeight": 10}, {"pause": {}}]);
    let canary =
        json!({"maxUnavailable": replica_number(set.max_unavailable), "maxSurge": 0, "steps": steps});
    let mut spec = json!({
        "replicas": set.replicas,
        "selector": {"matchLabels": {"app": &*set.template.app}},
        "template": template(&set.template, None, key),
        "strategy": {"canary": canary},
    });
    if let Some(at) = &set.restarting.wanted {
        spec["restartAt"] = json!(at);
    }
    json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": meta, "spec": spec,
        "status": status(set)})
}

fn status(set: &PodSet) -> Value {
    let status = &set.status;
    let mut json = Value::Object(counts(&[
        ("replicas", status.replicas),
        ("updatedReplicas", status.updated),
        ("readyReplicas", status.ready),
        ("availableReplicas", status.available),
    ]));
    // A number in a string, as the real one writes it.
    json["observedGeneration"] = json!(status.observed_generation.to_string());
    json["stableRS"] = json!(hash(&status.current_revision));
    json["currentPodHash"] = json!(hash(&status.update_revision));
    json["phase"] = json!(if set.restarting.waits { "Paused" } else { "Healthy" });
    if let Some(at) = &set.restarting.done {
        json["restartedAt"] = json!(at);
    }
    if set.restarting.waits {
        json["pauseConditions"] =
            json!([{"reason": "CanaryPauseStep", "startTime": super::time(set.meta.created)}]);
    }
    json
}

fn hash(revision: &str) -> &str {
    revision.rsplit('-').next().unwrap_or_default()
}

pub(super) fn revision_uid(rollout: &str, revision: &str) -> String {
    format!("{rollout}-{}", hash(revision))
}

/// One ReplicaSet for each template that the Rollout has had.
pub(in super::super) fn revisions(set: &PodSet, cluster: &Cluster, key: &str) -> Vec<Value> {
    let one = |(name, of): &(Arc<str>, Arc<PodTemplate>)| revision(set, cluster, key, name, of);
    set.revisions.iter().map(one).collect()
}

fn revision(set: &PodSet, cluster: &Cluster, key: &str, name: &str, of: &PodTemplate) -> Value {
    let pods = cluster.pods().filter(|pod| {
        let counts = pod.deleting.is_none() && pod.phase != Phase::Succeeded;
        counts && pod.workload == set.workload && *pod.hash == *name
    });
    let replicas = pods.count();
    let mut meta = metadata(&set.meta);
    meta["name"] = json!(name);
    meta["uid"] = json!(revision_uid(&set.meta.uid, name));
    meta["ownerReferences"] = owner("argoproj.io/v1alpha1", "Rollout", &set.meta.name, &set.meta.uid);
    let labels = json!({"app": &*set.template.app, "rollouts-pod-template-hash": hash(name)});
    meta["labels"] = labels.clone();
    json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": meta,
        "spec": {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template(of, None, key)},
        "status": {"replicas": replicas, "observedGeneration": 1}})
}
