//! Room in the clusters, from the world's own state.

use super::super::kubernetes::Cluster;
use crate::model::{Amount, AutoscalerView, BudgetView, NodeRoom, NodesView, QuotaLine, QuotaView, RoomView};

pub(super) fn room(cluster: &Cluster) -> RoomView {
    RoomView { quotas: Ok(quotas(cluster)), autoscalers: Ok(autoscalers(cluster)) }
}

fn quotas(cluster: &Cluster) -> Vec<QuotaView> {
    let line =
        |resource: &str, hard: Amount, used: Amount| QuotaLine { resource: resource.to_owned(), hard, used };
    let view = |quota: &super::super::config::QuotaConfig| {
        let (pods, cpu) = cluster.used(quota);
        let pods = quota
            .pods
            .map(|most| line("pods", Amount::whole(u64::from(most)), Amount::whole(u64::from(pods))));
        let cpu = quota
            .cpu
            .map(|most| line("requests.cpu", Amount::milli(u64::from(most)), Amount::milli(u64::from(cpu))));
        QuotaView {
            namespace: quota.namespace.clone(),
            name: quota.name.clone(),
            scopes: Vec::new(),
            lines: pods.into_iter().chain(cpu).collect(),
        }
    };
    cluster.quotas().iter().map(view).collect()
}

fn autoscalers(cluster: &Cluster) -> Vec<AutoscalerView> {
    let view = |autoscaler: &super::super::kubernetes::Autoscaler| {
        let deployment = cluster.deployment_at(autoscaler.place)?;
        Some(AutoscalerView {
            name: deployment.meta.name.to_string(),
            target: deployment.workload.clone(),
            most: autoscaler.most,
            desired: deployment.replicas,
            limited: autoscaler.wanted > autoscaler.most,
        })
    };
    cluster.autoscalers().iter().filter_map(view).collect()
}

pub(super) fn budgets(cluster: &Cluster) -> Vec<BudgetView> {
    let view = |budget: &super::super::kubernetes::Budget| {
        let deployment = cluster.deployment_at(budget.place)?;
        Some(BudgetView {
            namespace: deployment.workload.namespace.clone(),
            name: deployment.meta.name.to_string(),
            allowed: cluster.allowed(budget),
        })
    };
    cluster.budgets().iter().filter_map(view).collect()
}

/// Of the Deployments: what else there is adds no pod when it is restarted.
pub(super) fn nodes(cluster: &Cluster) -> NodesView {
    let takers: Vec<_> = cluster
        .nodes()
        .filter(|(name, silent)| silent.is_none() && !cluster.is_cordoned(name))
        .map(|(name, _)| name)
        .collect();
    let room = |deployment: &std::sync::Arc<super::super::kubernetes::Deployment>| NodeRoom {
        workload: deployment.workload.clone(),
        takers: takers.len(),
        roomy: takers.iter().filter(|node| cluster.lacks(node, &deployment.template).is_none()).count(),
    };
    NodesView { rooms: cluster.standing().map(room).collect(), grows: false }
}
