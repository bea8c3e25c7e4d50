//! Pods that a workload lacks and that nobody is making: by numbers and times alone, for of what a controller asks for and is
//! refused (a quota, an admission webhook, a service account that is not there) only some kinds' statuses say a word.

use jiff::Timestamp;

use super::{ClusterView, WorkloadView};
use crate::model::WorkloadKind;

/// What a workload lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shortage {
    /// Pods that it wants and does not have; of a Deployment with all its pods, those of its newest template.
    pub missing: u32,
    /// Since when at the latest: nobody wrote anything of it since, its controller included, and no pod of it came or became
    /// ready.
    pub since: Timestamp,
}

impl ClusterView {
    /// The pods that the workload lacks while none of it is coming or going. `None` where it lacks none, where its controller
    /// has not seen what it wants or is paused, and where nothing dates that.
    pub fn shortage(&self, workload: &WorkloadView) -> Option<Shortage> {
        // Another kind's rollout may stand still between two of its steps.
        let renews = workload.name.kind == WorkloadKind::Deployment;
        let has = if renews { workload.replicas.min(workload.updated) } else { workload.replicas };
        let is_current = workload.observed_generation >= workload.generation && !workload.paused;
        if has >= workload.desired || !is_current {
            return None;
        }
        let mut since = workload.written?;
        let mut there = 0;
        for pod in self.pods_of(&workload.name).filter(|pod| !pod.has_ended()) {
            if pod.deleting.is_some() || !pod.ready {
                return None;
            }
            there += 1;
            since = since.max(pod.created).max(pod.ready_since.unwrap_or(pod.created));
        }
        // The list of the pods is the younger one.
        let came = workload.replicas < workload.desired && there >= workload.desired;
        (!came).then(|| Shortage { missing: workload.desired - has, since })
    }
}
