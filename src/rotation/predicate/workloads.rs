//! Whether a workload can be restarted now.

use super::super::rollout::{Rollout, rollout};
use super::super::{Context, Gate, Reason, Subject, Why};
use crate::model::{ClusterView, StampName, Strategy, WorkloadName, WorkloadView};

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
    if workload.strategy == Strategy::Recreate && workload.desired > 0 {
        reasons.push(Reason::new(Gate::Preflight, subject, Why::Recreate));
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
