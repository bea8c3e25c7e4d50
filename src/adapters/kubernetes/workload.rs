//! Deployments and pods of the API as `model` values, and what all kinds of workloads have in common.
//!
//! Counts that are zero are absent on the wire, and so are `paused: false` and the defaults of the strategy.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::apps::v1::{Deployment, DeploymentStrategy};
use k8s_openapi::api::core::v1::{Container, Pod, PodTemplateSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::consumers::Gets;
use super::manager::manager;
use super::owners::Above;
use super::sets::{daemon_set_view, stateful_set_view};
use super::{RESTARTED_AT, ROTATION, room, symptoms};
use crate::model::{
    DeploymentCondition, Holding, LostClass, PodTimes, PodView, ReplicaNumber, SecretVersion, Strategy,
    WorkloadKind, WorkloadName, WorkloadView,
};

/// A Deployment, a StatefulSet or a DaemonSet from its JSON, as a watch holds it. What names no kind, as in a list, is a
/// Deployment.
///
/// # Errors
/// Where it is not one; with the place, never the text.
pub fn parse_workload(json: &[u8], consumes: bool) -> Result<WorkloadView, String> {
    let kind = read::<TypeMeta>(json, "object")?.kind;
    let gets = Gets::default();
    let view = match kind.as_str() {
        "StatefulSet" => stateful_set_view(&read(json, "StatefulSet")?, gets),
        "DaemonSet" => daemon_set_view(&read(json, "DaemonSet")?, gets),
        _ => deployment_view(&read::<Deployment>(json, "Deployment")?, gets),
    };
    Ok(WorkloadView { consumes, ..view })
}

#[derive(Deserialize)]
struct TypeMeta {
    #[serde(default)]
    kind: String,
}

fn read<T: DeserializeOwned>(json: &[u8], what: &str) -> Result<T, String> {
    serde_json::from_slice(json)
        .map_err(|error| format!("no {what}: line {}, column {}", error.line(), error.column()))
}

/// A pod from its JSON, without what only other objects tell: its Deployment and its mounts.
///
/// # Errors
/// Where it is not one; with the place, never the text.
pub fn parse_pod(json: &[u8]) -> Result<PodView, String> {
    let parsed: Pod = serde_json::from_slice(json)
        .map_err(|error| format!("no pod: line {}, column {}", error.line(), error.column()))?;
    pod(&parsed, Above::Nothing, Holding::Named, None, None)
        .ok_or_else(|| "a pod without a creation time".to_owned())
}

pub(super) fn name(kind: WorkloadKind, meta: &ObjectMeta) -> WorkloadName {
    let (namespace, name) = (meta.namespace.clone(), meta.name.clone());
    WorkloadName::of_kind(kind, namespace.unwrap_or_default(), name.unwrap_or_default())
}

/// What every kind's object tells in the same way; counts and strategy are the kind's own.
pub(super) fn outline(
    kind: WorkloadKind,
    meta: &ObjectMeta,
    template: &PodTemplateSpec,
    gets: Gets,
) -> WorkloadView {
    let annotations = template.metadata.as_ref().and_then(|template| template.annotations.as_ref());
    let annotation = |key: &str| annotations?.get(key).cloned();
    WorkloadView {
        name: name(kind, meta),
        uid: meta.uid.clone().unwrap_or_default(),
        generation: meta.generation.unwrap_or_default(),
        observed_generation: 0,
        paused: false,
        strategy: Strategy::OnDelete,
        desired: 0,
        replicas: 0,
        terminating: None,
        updated: 0,
        ready: 0,
        available: 0,
        unavailable: 0,
        between_revisions: false,
        conditions: Vec::new(),
        restarted_at: annotation(RESTARTED_AT),
        rotation: annotation(ROTATION),
        consumes: gets.any(),
        pinned: gets.pinned,
        lacks: gets.lacks,
        left: gets.left,
        written: written(meta),
        manager: manager(meta),
        times: times(template, None),
    }
}

/// The API server fills in 30 s where no grace was written; of a Rollout it does not.
pub(super) fn times(template: &PodTemplateSpec, min_ready: Option<i32>) -> PodTimes {
    let seconds = |count: i64| Duration::from_secs(u64::try_from(count).unwrap_or_default());
    let Some(spec) = &template.spec else { return PodTimes::default() };
    let probes = |container: &Container| [container.readiness_probe.clone(), container.startup_probe.clone()];
    let delays = spec.containers.iter().flat_map(probes).flatten();
    let delay = delays.filter_map(|probe| probe.initial_delay_seconds).max().unwrap_or_default();
    PodTimes {
        min_ready: seconds(min_ready.unwrap_or_default().into()),
        grace: seconds(spec.termination_grace_period_seconds.unwrap_or(30)),
        probe_delay: seconds(delay.into()),
    }
}

/// By what the API server notes of its writers. It dates an entry anew when one of its fields changes.
fn written(meta: &ObjectMeta) -> Option<Timestamp> {
    let writers = meta.managed_fields.iter().flatten();
    writers.filter_map(|writer| writer.time.as_ref()).map(|time| time.0).max()
}

pub(super) fn deployment_view(deployment: &Deployment, gets: Gets) -> WorkloadView {
    let spec = deployment.spec.clone().unwrap_or_default();
    let status = deployment.status.clone().unwrap_or_default();
    let conditions = status.conditions.unwrap_or_default().into_iter();
    WorkloadView {
        observed_generation: status.observed_generation.unwrap_or_default(),
        paused: spec.paused.unwrap_or_default(),
        strategy: strategy(spec.strategy.unwrap_or_default()),
        // The API server fills in 1 where nothing was written.
        desired: count(spec.replicas.or(Some(1))),
        replicas: count(status.replicas),
        terminating: status.terminating_replicas.and_then(|count| u32::try_from(count).ok()),
        updated: count(status.updated_replicas),
        ready: count(status.ready_replicas),
        available: count(status.available_replicas),
        unavailable: count(status.unavailable_replicas),
        conditions: conditions
            .map(|condition| DeploymentCondition {
                kind: condition.type_,
                status: condition.status,
                reason: condition.reason.unwrap_or_default(),
                message: condition.message.unwrap_or_default(),
                updated: condition.last_update_time.map(|time| time.0),
            })
            .collect(),
        times: times(&spec.template, spec.min_ready_seconds),
        ..outline(WorkloadKind::Deployment, &deployment.metadata, &spec.template, gets)
    }
}

/// `None` for a pod without a creation time, which the API never gives.
pub(super) fn pod(
    pod: &Pod,
    above: Above,
    holding: Holding,
    besides: Option<LostClass>,
    mounted: Option<SecretVersion>,
) -> Option<PodView> {
    let (workload, above) = match above {
        Above::Workload(name) => (Some(name), None),
        Above::Other(object) => (None, Some(object)),
        Above::Unclear | Above::Nothing => (None, None),
    };
    let meta = &pod.metadata;
    let status = pod.status.as_ref();
    let conditions = status.and_then(|status| status.conditions.as_deref()).unwrap_or_default();
    let condition = conditions.iter().find(|condition| condition.type_ == "Ready");
    let since = condition.and_then(|condition| condition.last_transition_time.as_ref()).map(|time| time.0);
    let ready = condition.is_some_and(|condition| condition.status == "True");
    Some(PodView {
        name: meta.name.clone().unwrap_or_default(),
        uid: meta.uid.clone().unwrap_or_default(),
        namespace: meta.namespace.clone().unwrap_or_default(),
        created: meta.creation_timestamp.as_ref()?.0,
        deleting: meta.deletion_timestamp.as_ref().map(|time| time.0),
        workload,
        above,
        phase: status.and_then(|status| status.phase.clone()).unwrap_or_else(|| "Unknown".to_owned()),
        ready,
        ready_since: since.filter(|_| ready),
        unready_since: since.filter(|_| !ready),
        holding,
        besides,
        mounted,
        mounted_besides: Vec::new(),
        fills: Vec::new(),
        elsewhere: Vec::new(),
        node: pod.spec.as_ref().and_then(|spec| spec.node_name.clone()).filter(|node| !node.is_empty()),
        asks: pod.spec.as_ref().map(room::asks).unwrap_or_default(),
        trouble: symptoms::trouble(pod),
    })
}

pub(super) fn count(number: Option<i32>) -> u32 {
    number.and_then(|number| u32::try_from(number).ok()).unwrap_or_default()
}

fn strategy(strategy: DeploymentStrategy) -> Strategy {
    if strategy.type_.as_deref() == Some("Recreate") {
        return Strategy::Recreate;
    }
    let rolling = strategy.rolling_update.unwrap_or_default();
    Strategy::RollingUpdate {
        max_surge: replica_number(rolling.max_surge, QUARTER),
        max_unavailable: replica_number(rolling.max_unavailable, QUARTER),
    }
}

/// The API's default for both of a Deployment's numbers.
const QUARTER: ReplicaNumber = ReplicaNumber::Percent(25);

pub(super) fn replica_number(number: Option<IntOrString>, default: ReplicaNumber) -> ReplicaNumber {
    match number {
        Some(IntOrString::Int(count)) => ReplicaNumber::Count(u32::try_from(count).unwrap_or_default()),
        Some(IntOrString::String(text)) => match text.trim_end_matches('%').parse() {
            Ok(percent) => ReplicaNumber::Percent(percent),
            Err(_) => default,
        },
        None => default,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_the_wire_leaves_out_is_zero_and_the_defaults_hold() {
        let bare = json!({"metadata": {"name": "d", "namespace": "n", "uid": "u", "generation": 2},
            "spec": {"selector": {}, "template": {}}, "status": {"observedGeneration": 2}});
        let view = parse_workload(bare.to_string().as_bytes(), true).unwrap();
        assert_eq!((view.desired, view.replicas, view.updated, view.available), (1, 0, 0, 0));
        assert!(!view.paused && view.consumes && view.restarted_at.is_none());
        let quarter = ReplicaNumber::Percent(25);
        assert_eq!(view.strategy, Strategy::RollingUpdate { max_surge: quarter, max_unavailable: quarter });
    }

    #[test]
    fn when_a_workload_was_last_written_is_what_the_latest_of_its_writers_says() {
        let read = |writers: serde_json::Value| {
            let set = json!({"kind": "StatefulSet", "metadata": {"name": "d", "namespace": "n", "managedFields": writers},
                "spec": {"selector": {}, "serviceName": "d", "template": {}}, "status": {"replicas": 2}});
            parse_workload(set.to_string().as_bytes(), true).unwrap().written.map(|at| at.to_string())
        };
        let writer = |manager: &str, at: &str| json!({"manager": manager, "operation": "Update", "time": at});
        let status = json!({"manager": "kube-controller-manager", "operation": "Update", "subresource": "status",
            "time": "2026-11-22T19:07:00Z"});
        let writers = json!([writer("helm", "2026-11-22T19:00:00Z"), status, {"manager": "undated"}]);
        assert_eq!(read(writers).as_deref(), Some("2026-11-22T19:07:00Z"));
        assert_eq!(read(json!([])), None);
    }

    #[test]
    fn since_when_a_pod_is_ready_or_is_not_is_told_by_its_condition_and_by_nothing_else() {
        let read = |conditions: serde_json::Value| {
            let pod = json!({"metadata": {"name": "p", "namespace": "n", "uid": "u",
                "creationTimestamp": "2026-11-22T19:00:00Z"}, "status": {"conditions": conditions}});
            let view = parse_pod(pod.to_string().as_bytes()).unwrap();
            let text = |at: Option<Timestamp>| at.map(|at| at.to_string());
            (view.ready, text(view.ready_since), text(view.unready_since))
        };
        let condition = |kind: &str, status: &str| json!({"type": kind, "status": status, "lastTransitionTime": "2026-11-22T19:00:09Z"});
        let told = Some("2026-11-22T19:00:09Z".to_owned());
        assert_eq!(
            read(json!([condition("PodScheduled", "True"), condition("Ready", "True")])),
            (true, told.clone(), None)
        );
        assert_eq!(
            read(json!([condition("ContainersReady", "True"), condition("Ready", "False")])),
            (false, None, told)
        );
        assert_eq!(read(json!([{"type": "Ready", "status": "True"}])), (true, None, None));
        assert_eq!(read(json!([condition("PodScheduled", "False")])), (false, None, None));
    }

    #[test]
    fn a_strategy_is_read_in_counts_and_percentages() {
        let read = |strategy| strategy_of(&strategy);
        let rolling =
            json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 2, "maxUnavailable": "10%"}});
        assert_eq!(
            read(rolling),
            Strategy::RollingUpdate {
                max_surge: ReplicaNumber::Count(2),
                max_unavailable: ReplicaNumber::Percent(10)
            }
        );
        assert_eq!(read(json!({"type": "Recreate"})), Strategy::Recreate);
    }

    fn strategy_of(json: &serde_json::Value) -> Strategy {
        strategy(serde_json::from_value(json.clone()).unwrap())
    }
}
