//! Whether a workload can be restarted now.

use std::time::Duration;

use jiff::Timestamp;

use super::super::reason::later;
use super::super::rollout::{Rollout, rollout};
use super::super::{Context, Gate, Reason, Subject, Why};
use super::pods::is_over;
use crate::model::{
    ClusterState, ClusterView, PodView, StampName, Strategy, WorkloadKind, WorkloadName, WorkloadView,
};

/// A stamp is gone where its cluster and its vault are. A cluster that Azure does not know beside a vault that is there
/// may be one that is named wrongly, with pods that nobody sees.
pub fn cluster_known(ctx: &Context<'_>, stamp: &StampName, max: Duration) -> Vec<Reason> {
    let gate = Gate::Preflight;
    match ctx.cluster(stamp, gate, max) {
        Err(reason) => vec![*reason],
        Ok(cluster) if cluster.state != ClusterState::Gone => Vec::new(),
        Ok(_) => match ctx.vault(stamp, gate, max) {
            Err(reason) if reason.is_missing() => Vec::new(),
            Err(reason) => vec![*reason],
            Ok(_) => vec![Reason::new(gate, Subject::Stamp(stamp.clone()), Why::ClusterGone)],
        },
    }
}

/// Azure is not at work on the cluster: an upgrade moves every pod by itself, and needs the room that a restart does.
pub fn cluster_steady(stamp: &StampName, cluster: &ClusterView) -> Vec<Reason> {
    match &cluster.state {
        ClusterState::Changing { state } => {
            let why = Why::ClusterChanging { state: state.clone() };
            vec![Reason::new(Gate::Preflight, Subject::Stamp(stamp.clone()), why)]
        }
        ClusterState::Running | ClusterState::Stopped | ClusterState::Gone => Vec::new(),
    }
}

/// The workload can be restarted without a gap.
pub fn workload_ready(stamp: &StampName, name: &WorkloadName, cluster: &ClusterView) -> Vec<Reason> {
    let subject = Subject::Workload(stamp.clone(), name.clone());
    let Some(workload) = cluster.workload(name) else {
        return vec![Reason::new(Gate::Preflight, subject, Why::WorkloadMissing)];
    };
    let mut reasons = Vec::new();
    if workload.paused {
        reasons.push(Reason::new(Gate::Preflight, subject.clone(), Why::Paused));
    }
    let why = match workload.strategy {
        Strategy::Recreate => Some(Why::Recreate),
        Strategy::OnDelete => Some(Why::OnDelete),
        Strategy::Ordinals { partition: 0 } | Strategy::RollingUpdate { .. } => None,
        Strategy::Ordinals { partition } => Some(Why::Partitioned { partition, desired: workload.desired }),
    };
    if let Some(why) = why
        && workload.desired > 0
    {
        reasons.push(Reason::new(Gate::Preflight, subject, why));
    }
    reasons
}

/// How long a pod may take to become ready: what a Deployment's controller allows by default.
const DEADLINE: Duration = Duration::from_secs(600);

/// Whether a rollout that is under way does not get on, and why. A Deployment's controller says so itself; those of
/// StatefulSets and DaemonSets wait for ever, so their pods are asked.
pub fn stuck(workload: &WorkloadView, cluster: &ClusterView, now: Timestamp) -> Option<String> {
    if workload.name.kind == WorkloadKind::Deployment {
        return None;
    }
    let late = |pod: &&PodView| {
        pod.deleting.is_none() && !pod.ready && !is_over(pod) && later(pod.created, DEADLINE) < now
    };
    let pods: Vec<&str> = cluster.pods_of(&workload.name).filter(late).map(|pod| pod.name.as_str()).collect();
    (!pods.is_empty())
        .then(|| format!("{} not ready {} min after creation", pods.join(", "), DEADLINE.as_secs() / 60))
}

/// No rollout of the workload is in flight, and it is healthy.
pub fn rollout_settled(
    ctx: &Context<'_>,
    stamp: &StampName,
    workload: &WorkloadView,
    cluster: &ClusterView,
) -> Vec<Reason> {
    let subject = Subject::Workload(stamp.clone(), workload.name.clone());
    let why = match (rollout(workload, workload.generation), stuck(workload, cluster, ctx.now)) {
        (Rollout::Complete | Rollout::Paused(_), _) => return Vec::new(),
        (Rollout::DeadlineExceeded { message, .. }, _) | (_, Some(message)) => Why::RolloutFailed { message },
        (Rollout::NotYetObserved { .. }, None) => {
            Why::RolloutUnderWay { updated: 0, available: workload.available, desired: workload.desired }
        }
        (Rollout::Progressing(_), None) => Why::RolloutUnderWay {
            updated: workload.updated,
            available: workload.available,
            desired: workload.desired,
        },
    };
    vec![Reason::new(Gate::RolloutSettled, subject, why)]
}
