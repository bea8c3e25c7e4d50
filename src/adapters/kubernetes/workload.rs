//! Deployments and pods of the API as `model` values.
//!
//! Counts that are zero are absent on the wire, and so are `paused: false` and the defaults of the strategy.

use k8s_openapi::api::apps::v1::{Deployment, DeploymentStrategy};
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::{RESTARTED_AT, ROTATION};
use crate::model::{
    DeploymentCondition, PodView, ReplicaNumber, SecretVersion, Strategy, WorkloadName, WorkloadView,
};

/// A Deployment from its JSON, as a list or a watch holds it.
///
/// # Errors
/// Where it is not one; with the place, never the text.
pub fn parse_workload(json: &[u8], consumes: bool) -> Result<WorkloadView, String> {
    let deployment: Deployment = serde_json::from_slice(json)
        .map_err(|error| format!("no Deployment: line {}, column {}", error.line(), error.column()))?;
    Ok(workload(&deployment, consumes))
}

/// A pod from its JSON, without what only other objects tell: its Deployment and its mounts.
///
/// # Errors
/// Where it is not one; with the place, never the text.
pub fn parse_pod(json: &[u8]) -> Result<PodView, String> {
    let parsed: Pod = serde_json::from_slice(json)
        .map_err(|error| format!("no pod: line {}, column {}", error.line(), error.column()))?;
    pod(&parsed, None, None).ok_or_else(|| "a pod without a creation time".to_owned())
}

pub(super) fn name(deployment: &Deployment) -> WorkloadName {
    let meta = &deployment.metadata;
    WorkloadName::new(meta.namespace.clone().unwrap_or_default(), meta.name.clone().unwrap_or_default())
}

pub(super) fn workload(deployment: &Deployment, consumes: bool) -> WorkloadView {
    let spec = deployment.spec.clone().unwrap_or_default();
    let status = deployment.status.clone().unwrap_or_default();
    let template = spec.template.metadata.unwrap_or_default();
    let annotation = |key: &str| template.annotations.as_ref()?.get(key).cloned();
    let conditions = status.conditions.unwrap_or_default().into_iter();
    WorkloadView {
        name: name(deployment),
        uid: deployment.metadata.uid.clone().unwrap_or_default(),
        generation: deployment.metadata.generation.unwrap_or_default(),
        observed_generation: status.observed_generation.unwrap_or_default(),
        paused: spec.paused.unwrap_or_default(),
        strategy: strategy(spec.strategy.unwrap_or_default()),
        // The API server fills in 1 where nothing was written.
        desired: count(spec.replicas.or(Some(1))),
        replicas: count(status.replicas),
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
            })
            .collect(),
        restarted_at: annotation(RESTARTED_AT),
        rotation: annotation(ROTATION),
        consumes,
    }
}

/// `None` for a pod without a creation time, which the API never gives.
pub(super) fn pod(
    pod: &Pod,
    workload: Option<WorkloadName>,
    mounted: Option<SecretVersion>,
) -> Option<PodView> {
    let meta = &pod.metadata;
    let status = pod.status.as_ref();
    let conditions = status.and_then(|status| status.conditions.as_deref()).unwrap_or_default();
    Some(PodView {
        name: meta.name.clone().unwrap_or_default(),
        uid: meta.uid.clone().unwrap_or_default(),
        namespace: meta.namespace.clone().unwrap_or_default(),
        created: meta.creation_timestamp.as_ref()?.0,
        deleting: meta.deletion_timestamp.as_ref().map(|time| time.0),
        workload,
        phase: status.and_then(|status| status.phase.clone()).unwrap_or_else(|| "Unknown".to_owned()),
        ready: conditions.iter().any(|condition| condition.type_ == "Ready" && condition.status == "True"),
        mounted,
    })
}

fn count(number: Option<i32>) -> u32 {
    number.and_then(|number| u32::try_from(number).ok()).unwrap_or_default()
}

fn strategy(strategy: DeploymentStrategy) -> Strategy {
    if strategy.type_.as_deref() == Some("Recreate") {
        return Strategy::Recreate;
    }
    let rolling = strategy.rolling_update.unwrap_or_default();
    Strategy::RollingUpdate {
        max_surge: replica_number(rolling.max_surge),
        max_unavailable: replica_number(rolling.max_unavailable),
    }
}

/// 25 % is the API's default for both.
fn replica_number(number: Option<IntOrString>) -> ReplicaNumber {
    match number {
        Some(IntOrString::Int(count)) => ReplicaNumber::Count(u32::try_from(count).unwrap_or_default()),
        Some(IntOrString::String(text)) => match text.trim_end_matches('%').parse() {
            Ok(percent) => ReplicaNumber::Percent(percent),
            Err(_) => ReplicaNumber::Percent(25),
        },
        None => ReplicaNumber::Percent(25),
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
