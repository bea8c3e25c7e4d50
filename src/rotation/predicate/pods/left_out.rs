//! Whether lists of pods are whole, by what the controllers of their workloads count.

use super::super::super::{Context, Why};
use crate::model::{ClusterView, PodView, WorkloadKind, WorkloadView};

/// The list of pods shows fewer of the workload's than its controller counts: one of both is older than the other, or
/// the list is not whole. Nobody is known to be gone by such a list. In the middle of a rollout pods of a template
/// that does not get the secret are not listed, so only one that is over is compared. Of a workload that is configured,
/// every pod is listed.
pub fn left_out(ctx: &Context<'_>, workload: &WorkloadView, cluster: &ClusterView) -> Option<Why> {
    let (listed, ending) = listed(workload, cluster);
    let counted = match workload.name.kind {
        // Their ReplicaSets forget pods that are told to end.
        WorkloadKind::Deployment | WorkloadKind::Rollout => listed,
        // These count pods until they are gone.
        WorkloadKind::StatefulSet | WorkloadKind::DaemonSet => listed + ending,
    };
    let missing = (workload.replicas as usize).saturating_sub(counted);
    (is_compared(ctx, workload) && missing > 0)
        .then_some(Why::PodsLeftOut { missing, listed: listed + ending })
}

/// The same of those that are told to end, where the controller counts them: they end while lists are made, so this is
/// only asked where everything has to be gone.
pub(super) fn endings_left_out(
    ctx: &Context<'_>,
    workload: &WorkloadView,
    cluster: &ClusterView,
) -> Option<Why> {
    let (listed, ending) = listed(workload, cluster);
    let missing = (workload.terminating? as usize).saturating_sub(ending);
    (is_compared(ctx, workload) && missing > 0)
        .then_some(Why::PodsLeftOut { missing, listed: listed + ending })
}

fn is_compared(ctx: &Context<'_>, workload: &WorkloadView) -> bool {
    let listed = workload.consumes || ctx.policy.workloads.contains(&workload.name);
    listed && workload.updated >= workload.replicas
}

/// How many pods of it live, and how many are told to end.
fn listed(workload: &WorkloadView, cluster: &ClusterView) -> (usize, usize) {
    let pods = cluster.pods_of(&workload.name).filter(|pod| !pod.has_ended());
    let (ending, living): (Vec<&PodView>, Vec<&PodView>) = pods.partition(|pod| pod.deleting.is_some());
    (living.len(), ending.len())
}
