//! StatefulSets and DaemonSets, and whatever else is a set here, as the API's JSON.

use serde_json::{Value, json};

use super::{counts, metadata, replica_number, template, writers};
use crate::model::WorkloadKind;
use crate::sim::kubernetes::PodSet;

/// A set of any kind.
pub(in super::super) fn pod_set(set: &PodSet, key: &str) -> Value {
    if set.workload.kind == WorkloadKind::Rollout {
        return super::rollouts::rollout(set, key);
    }
    let daemon = set.workload.kind == WorkloadKind::DaemonSet;
    let mut meta = metadata(&set.meta);
    meta["managedFields"] = writers(&set.meta, "apps/v1", set.written);
    meta["generation"] = json!(set.generation);
    meta["labels"] = json!({"app": &*set.template.app});
    if !set.annotations.is_empty() {
        meta["annotations"] = json!(set.annotations);
    }
    let rolling = match daemon {
        true => json!({"maxUnavailable": replica_number(set.max_unavailable), "maxSurge": 0}),
        false => json!({"partition": set.partition}),
    };
    let strategy = match set.on_delete {
        true => json!({"type": "OnDelete"}),
        false => json!({"type": "RollingUpdate", "rollingUpdate": rolling}),
    };
    let mut spec = json!({
        "selector": {"matchLabels": {"app": &*set.template.app}},
        "template": template(&set.template, None, key),
        "updateStrategy": strategy,
        "revisionHistoryLimit": 10,
    });
    if !daemon {
        spec["replicas"] = json!(set.replicas);
        spec["serviceName"] = json!(&*set.template.app);
        spec["podManagementPolicy"] = json!("OrderedReady");
    }
    if !set.min_ready.is_zero() {
        spec["minReadySeconds"] = json!(set.min_ready.as_secs());
    }
    let status = if daemon { daemon_set_status(set) } else { stateful_set_status(set) };
    json!({"apiVersion": "apps/v1", "kind": set.workload.kind.as_str(), "metadata": meta, "spec": spec,
        "status": status})
}

fn stateful_set_status(set: &PodSet) -> Value {
    let status = &set.status;
    let mut json = counts(&[
        ("readyReplicas", status.ready),
        ("currentReplicas", status.current),
        ("updatedReplicas", status.updated),
    ]);
    json.extend([
        ("observedGeneration".to_owned(), json!(status.observed_generation)),
        // These are never left out.
        ("replicas".to_owned(), json!(status.replicas)),
        ("availableReplicas".to_owned(), json!(status.available)),
        ("currentRevision".to_owned(), json!(&*status.current_revision)),
        ("updateRevision".to_owned(), json!(&*status.update_revision)),
        ("collisionCount".to_owned(), json!(0)),
    ]);
    Value::Object(json)
}

fn daemon_set_status(set: &PodSet) -> Value {
    let status = &set.status;
    let mut json = counts(&[
        ("updatedNumberScheduled", status.updated),
        ("numberAvailable", status.available),
        ("numberUnavailable", set.replicas.saturating_sub(status.available)),
    ]);
    json.extend([
        ("observedGeneration".to_owned(), json!(status.observed_generation)),
        // These are never left out.
        ("currentNumberScheduled".to_owned(), json!(status.replicas)),
        ("desiredNumberScheduled".to_owned(), json!(set.replicas)),
        ("numberMisscheduled".to_owned(), json!(0)),
        ("numberReady".to_owned(), json!(status.ready)),
    ]);
    Value::Object(json)
}
