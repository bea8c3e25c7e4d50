//! Quotas, autoscalers and budgets of disruption as the API's JSON.

use serde_json::{Map, Value, json};

use super::{replica_number, time};
use crate::sim::config::QuotaConfig;
use crate::sim::kubernetes::{Autoscaler, Budget, Cluster, Deployment};

/// Of what a Deployment has beside itself, under its name.
fn beside(deployment: &Deployment, kind: &str) -> Value {
    let created = time(deployment.meta.created);
    json!({"name": &*deployment.meta.name, "namespace": &*deployment.meta.namespace,
        "uid": format!("{}-{kind}", deployment.meta.uid), "resourceVersion": "1", "creationTimestamp": created})
}

pub(in super::super) fn quota(quota: &QuotaConfig, cluster: &Cluster) -> Value {
    let (pods, cpu) = cluster.used(quota);
    let (mut hard, mut used) = (Map::new(), Map::new());
    if let Some(most) = quota.pods {
        hard.insert("pods".to_owned(), json!(most.to_string()));
        used.insert("pods".to_owned(), json!(pods.to_string()));
    }
    if let Some(most) = quota.cpu {
        hard.insert("requests.cpu".to_owned(), json!(format!("{most}m")));
        used.insert("requests.cpu".to_owned(), json!(format!("{cpu}m")));
    }
    let born = cluster.deployments().first().map(|deployment| time(deployment.meta.created));
    json!({"apiVersion": "v1", "kind": "ResourceQuota",
        "metadata": {"name": quota.name, "namespace": quota.namespace, "uid": format!("quota-{}", quota.name),
            "resourceVersion": "1", "creationTimestamp": born},
        "spec": {"hard": hard}, "status": {"hard": hard, "used": used}})
}

pub(in super::super) fn autoscaler(autoscaler: &Autoscaler, cluster: &Cluster) -> Option<Value> {
    let deployment = cluster.deployment_at(autoscaler.place)?;
    let limited = autoscaler.wanted > autoscaler.most;
    let (status, reason, message) = match limited {
        true => {
            ("True", "TooManyReplicas", "the desired replica count is more than the maximum replica count")
        }
        false => ("False", "DesiredWithinRange", "the desired count is within the acceptable range"),
    };
    let since = time(deployment.meta.created);
    let condition = json!({"type": "ScalingLimited", "status": status, "reason": reason, "message": message,
        "lastTransitionTime": since});
    Some(json!({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
        "metadata": beside(deployment, "autoscaler"),
        "spec": {"minReplicas": autoscaler.least, "maxReplicas": autoscaler.most,
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": &*deployment.meta.name}},
        "status": {"currentReplicas": deployment.status.replicas, "desiredReplicas": deployment.replicas,
            "conditions": [condition]}}))
}

pub(in super::super) fn budget(budget: &Budget, cluster: &Cluster) -> Option<Value> {
    let deployment = cluster.deployment_at(budget.place)?;
    let allowed = cluster.allowed(budget);
    let least = budget.least.of(deployment.replicas, true);
    Some(
        json!({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": beside(deployment, "budget"),
        "spec": {"minAvailable": replica_number(budget.least),
            "selector": {"matchLabels": {"app": &*deployment.template.app}}},
        "status": {"currentHealthy": least + allowed, "desiredHealthy": least, "disruptionsAllowed": allowed,
            "expectedPods": deployment.replicas, "observedGeneration": 1}}),
    )
}
