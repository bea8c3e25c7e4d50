//! Whether a workload can be restarted now.

use super::super::rollout::{Rollout, rollout};
use super::super::{Context, Gate, Reason, Subject, Why};
use crate::model::{ClusterState, ClusterView, StampName, Strategy, WorkloadName, WorkloadView};

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

/// No rollout of the workload is in flight, and it is healthy.
pub fn rollout_settled(_ctx: &Context<'_>, stamp: &StampName, workload: &WorkloadView) -> Vec<Reason> {
    let subject = Subject::Workload(stamp.clone(), workload.name.clone());
    let why = match rollout(workload, workload.generation) {
        Rollout::Complete | Rollout::Paused(_) => return Vec::new(),
        Rollout::NotYetObserved { .. } => {
            Why::RolloutUnderWay { updated: 0, available: workload.available, desired: workload.desired }
        }
        Rollout::Progressing(_) => Why::RolloutUnderWay {
            updated: workload.updated,
            available: workload.available,
            desired: workload.desired,
        },
        Rollout::DeadlineExceeded { message, .. } => Why::RolloutFailed { message },
    };
    vec![Reason::new(Gate::RolloutSettled, subject, why)]
}
