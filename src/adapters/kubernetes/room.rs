//! Quotas, autoscalers and budgets of disruption of the API as `model` values.
//!
//! Few roles include them. Whoever may not list a kind of them is told so in its place, and the rest of the answer
//! stands: a look at workloads and pods never depends on it.

use std::collections::BTreeMap;

use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::core::v1::{Container, PodSpec, ResourceQuota, ResourceRequirements};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use serde::de::DeserializeOwned;

use super::api::{AUTOSCALERS, Api, BUDGETS, Kind, QUOTAS};
use super::look::{Placed, Subject, everywhere};
use super::workload::count;
use crate::model::{
    Amount, AutoscalerView, Blind, BudgetView, PodAsks, QuotaLine, QuotaView, RoomView, WorkloadKind,
    WorkloadName,
};
use crate::ports::Fault;

/// What is known of the room: one list each. Autoscalers matter to a restart that takes pods away for a while.
pub(super) async fn look(api: &Api, subject: &Subject, autoscalers: bool) -> Result<RoomView, Fault> {
    let quotas = part(list::<ResourceQuota>(api, QUOTAS, subject, "list the ResourceQuotas").await)?;
    let autoscalers = match autoscalers {
        true => list::<HorizontalPodAutoscaler>(api, AUTOSCALERS, subject, "list the autoscalers").await,
        false => Ok(Vec::new()),
    };
    let autoscalers = part(autoscalers)?;
    Ok(RoomView {
        quotas: quotas.map(|quotas| quotas.iter().map(quota).collect()),
        autoscalers: autoscalers.map(|all| all.iter().filter_map(autoscaler).collect()),
    })
}

pub(super) async fn budgets(api: &Api, subject: &Subject) -> Result<Vec<BudgetView>, Fault> {
    let budgets = list::<PodDisruptionBudget>(api, BUDGETS, subject, "list the PodDisruptionBudgets").await?;
    Ok(budgets.iter().map(budget).collect())
}

async fn list<T: DeserializeOwned + Placed>(
    api: &Api,
    kind: Kind,
    subject: &Subject,
    what: &str,
) -> Result<Vec<T>, Fault> {
    let listed = everywhere::<T>(api, kind, subject).await;
    listed.map(|(items, _)| items).map_err(|failure| failure.fault(what, &api.subject))
}

/// A kind that may not be listed, or that the server does not have, is unknown; anything else may pass.
fn part<T>(listed: Result<Vec<T>, Fault>) -> Result<Result<Vec<T>, Blind>, Fault> {
    match listed {
        Ok(items) => Ok(Ok(items)),
        Err(fault) if fault.kind.is_refusal() => Ok(Err(fault.blind())),
        Err(fault) => Err(fault),
    }
}

fn quota(quota: &ResourceQuota) -> QuotaView {
    let spec = quota.spec.clone().unwrap_or_default();
    let status = quota.status.clone().unwrap_or_default();
    let selected = spec.scope_selector.and_then(|selector| selector.match_expressions).unwrap_or_default();
    let selected = selected.into_iter().map(|expression| expression.scope_name);
    let used = status.used.unwrap_or_default();
    let hard = status.hard.or(spec.hard).unwrap_or_default();
    QuotaView {
        namespace: quota.metadata.namespace.clone().unwrap_or_default(),
        name: quota.metadata.name.clone().unwrap_or_default(),
        scopes: spec.scopes.unwrap_or_default().into_iter().chain(selected).collect(),
        // What is not counted yet says nothing.
        lines: hard
            .into_iter()
            .filter_map(|(resource, hard)| {
                let used = Amount::parse(&used.get(&resource)?.0)?;
                Some(QuotaLine { hard: Amount::parse(&hard.0)?, used, resource })
            })
            .collect(),
    }
}

/// `None` for one of something that keyslot does not restart.
fn autoscaler(autoscaler: &HorizontalPodAutoscaler) -> Option<AutoscalerView> {
    let spec = autoscaler.spec.as_ref()?;
    let status = autoscaler.status.clone().unwrap_or_default();
    let namespace = autoscaler.metadata.namespace.clone().unwrap_or_default();
    let named = |kind: &WorkloadKind| kind.as_str() == spec.scale_target_ref.kind;
    let kind = WorkloadKind::ALL.into_iter().find(named)?;
    let limited = status.conditions.unwrap_or_default().iter().any(|condition| {
        condition.type_ == "ScalingLimited"
            && condition.status == "True"
            && condition.reason.as_deref() == Some("TooManyReplicas")
    });
    Some(AutoscalerView {
        name: autoscaler.metadata.name.clone().unwrap_or_default(),
        target: WorkloadName::of_kind(kind, namespace, spec.scale_target_ref.name.as_str()),
        most: count(Some(spec.max_replicas)),
        desired: count(Some(status.desired_replicas)),
        limited,
    })
}

fn budget(budget: &PodDisruptionBudget) -> BudgetView {
    let status = budget.status.as_ref();
    BudgetView {
        namespace: budget.metadata.namespace.clone().unwrap_or_default(),
        name: budget.metadata.name.clone().unwrap_or_default(),
        allowed: count(status.map(|status| status.disruptions_allowed)),
    }
}

/// What a pod of this specification takes of a quota. Init containers run one after the other, so that the largest
/// counts, unless they stay beside the others; what a pod says of itself as a whole outranks its containers.
pub(super) fn asks(spec: &PodSpec) -> PodAsks {
    PodAsks {
        cpu: amount(spec, requests, "cpu"),
        memory: amount(spec, requests, "memory"),
        cpu_limit: amount(spec, limits, "cpu"),
        memory_limit: amount(spec, limits, "memory"),
    }
}

/// What the scheduler counts of it: a container that names nothing takes nothing.
pub(super) fn requested(spec: &PodSpec, resource: &str) -> Amount {
    let named = |resources: &Option<ResourceRequirements>| {
        let requests = resources.as_ref()?.requests.as_ref()?;
        Amount::parse(&requests.get(resource)?.0)
    };
    let over = spec.overhead.as_ref().and_then(|overhead| Amount::parse(&overhead.get(resource)?.0));
    let stays = |container: &&Container| container.restart_policy.as_deref() == Some("Always");
    let inits = || spec.init_containers.iter().flatten();
    let together = spec.containers.iter().chain(inits().filter(stays));
    let sum =
        together.filter_map(|container| named(&container.resources)).fold(Amount::default(), Amount::plus);
    let largest = inits().filter_map(|container| named(&container.resources)).max().unwrap_or_default();
    named(&spec.resources).unwrap_or_else(|| sum.max(largest)).plus(over.unwrap_or_default())
}

type Amounts = Option<BTreeMap<String, Quantity>>;

fn requests(resources: &ResourceRequirements) -> &Amounts {
    &resources.requests
}

fn limits(resources: &ResourceRequirements) -> &Amounts {
    &resources.limits
}

fn amount(spec: &PodSpec, of: fn(&ResourceRequirements) -> &Amounts, resource: &str) -> Option<Amount> {
    let named = |resources: &Option<ResourceRequirements>| -> Option<Amount> {
        Amount::parse(&of(resources.as_ref()?).as_ref()?.get(resource)?.0)
    };
    let over = spec.overhead.as_ref().and_then(|overhead| Amount::parse(&overhead.get(resource)?.0));
    let stays = |container: &&Container| container.restart_policy.as_deref() == Some("Always");
    let inits = || spec.init_containers.iter().flatten();
    let mut sum = Amount::default();
    for container in spec.containers.iter().chain(inits().filter(stays)) {
        match named(&container.resources).or_else(|| named(&spec.resources).map(|_| Amount::default())) {
            Some(amount) => sum = sum.plus(amount),
            None => return None,
        }
    }
    let mut largest = Amount::default();
    for container in inits().filter(|container| !stays(container)) {
        largest = largest.max(named(&container.resources).unwrap_or_default());
    }
    let whole = named(&spec.resources).unwrap_or_else(|| sum.max(largest));
    Some(whole.plus(over.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::model::Takes;

    fn spec(containers: Value, more: Value) -> PodSpec {
        let mut spec = json!({"containers": containers});
        spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value(spec).unwrap()
    }

    fn container(name: &str, cpu: Option<&str>) -> Value {
        let resources = cpu.map_or(json!({}), |cpu| json!({"requests": {"cpu": cpu}}));
        json!({"name": name, "resources": resources})
    }

    #[test]
    fn a_pod_takes_the_sum_of_its_containers_or_its_largest_init_container() {
        let cpu = |spec: &PodSpec| asks(spec).cpu.map(|amount| amount.to_string());
        let two = json!([container("a", Some("250m")), container("b", Some("500m"))]);
        assert_eq!(cpu(&spec(two.clone(), json!({}))).as_deref(), Some("750m"));
        let inits = json!({"initContainers": [container("i", Some("2")), container("j", Some("1"))],
            "overhead": {"cpu": "100m"}});
        assert_eq!(cpu(&spec(two.clone(), inits)).as_deref(), Some("2100m"));
        let mut beside = container("mesh", Some("50m"));
        beside["restartPolicy"] = json!("Always");
        assert_eq!(cpu(&spec(two, json!({"initContainers": [beside]}))).as_deref(), Some("800m"));
        let half = json!([container("a", Some("250m")), container("b", None)]);
        assert_eq!(cpu(&spec(half.clone(), json!({}))), None, "one of them names none");
        assert_eq!(asks(&spec(half.clone(), json!({}))).takes("requests.cpu"), Takes::Unnamed);
        let whole = json!({"resources": {"requests": {"cpu": "1"}}});
        assert_eq!(cpu(&spec(half, whole)).as_deref(), Some("1"), "the pod as a whole does");
    }

    #[test]
    fn a_quota_is_what_its_status_says_and_lines_that_nobody_has_counted_yet_are_left_out() {
        let told: ResourceQuota = serde_json::from_value(json!({
            "metadata": {"name": "team", "namespace": "shop"},
            "spec": {"hard": {"pods": "10", "requests.cpu": "4", "limits.memory": "8Gi"}, "scopes": ["NotTerminating"],
                "scopeSelector": {"matchExpressions": [{"scopeName": "PriorityClass", "operator": "Exists"}]}},
            "status": {"hard": {"pods": "12", "requests.cpu": "4", "limits.memory": "8Gi"},
                "used": {"pods": "9", "requests.cpu": "3500m"}},
        }))
        .unwrap();
        let view = quota(&told);
        assert_eq!(view.scopes, ["NotTerminating", "PriorityClass"]);
        let lines: Vec<String> =
            view.lines.iter().map(|line| format!("{} {}/{}", line.resource, line.used, line.hard)).collect();
        assert_eq!(lines, ["pods 9/12", "requests.cpu 3500m/4"]);
    }

    #[test]
    fn an_autoscaler_is_limited_where_it_would_want_more_than_it_may() {
        let read = |kind: &str, reason: &str| {
            let told = json!({"metadata": {"name": "h", "namespace": "shop"},
                "spec": {"maxReplicas": 5, "scaleTargetRef": {"apiVersion": "apps/v1", "kind": kind, "name": "orders"}},
                "status": {"currentReplicas": 5, "desiredReplicas": 5, "conditions": [
                    {"type": "ScalingLimited", "status": "True", "reason": reason}]}});
            autoscaler(&serde_json::from_value(told).unwrap())
        };
        let view = read("Deployment", "TooManyReplicas").unwrap();
        assert_eq!((view.target.to_string().as_str(), view.most, view.limited), ("shop/orders", 5, true));
        assert!(!read("Deployment", "TooFewReplicas").unwrap().limited);
        assert_eq!(read("Machine", "TooManyReplicas"), None);
    }
}
