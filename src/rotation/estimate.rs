//! How long rollouts may take, estimated before they are begun. A note for people: nothing waits for it.
//!
//! A rollout goes in rounds of as many pods as may be started at once. A round takes as long as a pod takes to become
//! ready, as its readiness probe says at least and as the pods that run did it, and `minReadySeconds`; where a pod has to
//! end before its successor begins, the grace period may come on top. What nobody can see ahead is not in it: images that
//! are pulled anew, nodes that are added, pods that fail.

use std::time::Duration;

use crate::model::{ClusterView, Policy, Strategy, WorkloadView};

/// Between these, as far as can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Estimate {
    pub least: Duration,
    /// `None` where nothing tells how long its pods take.
    pub most: Option<Duration>,
}

impl Estimate {
    /// One after the other.
    pub fn then(self, next: Estimate) -> Estimate {
        let most = self.most.zip(next.most).map(|(one, other)| one.saturating_add(other));
        Estimate { least: self.least.saturating_add(next.least), most }
    }

    /// At the same time.
    pub fn beside(self, other: Estimate) -> Estimate {
        let most = self.most.zip(other.most).map(|(one, other)| one.max(other));
        Estimate { least: self.least.max(other.least), most }
    }

    /// What takes no time.
    pub const NOTHING: Estimate = Estimate { least: Duration::ZERO, most: Some(Duration::ZERO) };

    /// Of which nothing is known.
    pub const UNKNOWN: Estimate = Estimate { least: Duration::ZERO, most: None };
}

/// Of a stamp's restarts, one workload after the other.
pub(super) fn of_stamp(policy: &Policy, view: &ClusterView) -> Estimate {
    let workloads = policy.workloads.iter().filter_map(|name| view.workload(name));
    workloads.map(|workload| of_workload(workload, view)).fold(Estimate::NOTHING, Estimate::then)
}

fn of_workload(workload: &WorkloadView, view: &ClusterView) -> Estimate {
    let desired = workload.desired;
    let surge = workload.surge();
    let (pods, at_once) = match workload.strategy {
        Strategy::RollingUpdate { max_unavailable, .. } => {
            (desired, surge.saturating_add(max_unavailable.of(desired, false)))
        }
        Strategy::Ordinals { partition } => (desired.saturating_sub(partition), 1),
        Strategy::Recreate => (desired, desired),
        Strategy::OnDelete => (0, 1),
    };
    let rounds = pods.div_ceil(at_once.max(1));
    if rounds == 0 {
        return Estimate::NOTHING;
    }
    let times = workload.times;
    let mut starts: Vec<Duration> = view
        .pods_of(&workload.name)
        .filter_map(|pod| Duration::try_from(pod.ready_since?.duration_since(pod.created)).ok())
        .collect();
    starts.sort_unstable();
    // A pod that has lost its readiness since tells of a later time: half of them do not.
    let (fastest, usual) = (starts.first(), starts.get(starts.len().saturating_sub(1) / 2));
    let ends = if surge == 0 { times.grace } else { Duration::ZERO };
    let round = |start: Duration| start.max(times.probe_delay).saturating_add(times.min_ready);
    Estimate {
        least: round(fastest.copied().unwrap_or_default()).saturating_mul(rounds),
        most: usual.map(|usual| round(*usual).saturating_add(ends).saturating_mul(rounds)),
    }
}
