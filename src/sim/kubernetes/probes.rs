//! Readiness probes, where a workload has one: it asks the account with the key that the process has, so a pod whose key is
//! refused is not Ready, from its start on or later. What a probe asks is none of the requests that the outage meter counts.

use std::time::Duration;

use super::object::{Phase, PodId};
use super::{Cluster, Hand, Happened, Process, Task};

/// From the containers' start until the first probe.
const FIRST: Duration = Duration::from_secs(1);
/// Between two probes; what one was answered counts at once.
const PERIOD: Duration = Duration::from_secs(10);

impl Cluster {
    pub(super) fn probe_later(&self, id: PodId, hand: &mut Hand<'_>) {
        hand.later(PERIOD, Task::Probe(id));
    }

    pub(super) fn probe_soon(&self, id: PodId, hand: &mut Hand<'_>) {
        hand.later(FIRST, Task::Probe(id));
    }

    /// The process in a pod, where it has one that uses a key.
    pub(in crate::sim) fn process_of(&self, id: PodId) -> Option<&Process> {
        self.processes.get(&id)
    }

    /// The probe was answered so.
    pub(in crate::sim) fn probed(&mut self, id: PodId, let_in: bool, hand: &mut Hand<'_>) -> Happened {
        let Some(pod) = self.pods.get(&id).cloned() else { return Happened::default() };
        if pod.phase != Phase::Running || pod.deleting.is_some() || pod.started.is_none() {
            return Happened::default();
        }
        self.probe_later(id, hand);
        // Nobody hears what is probed on a node that does not answer.
        if pod.ready == let_in || self.is_lost(id) {
            return Happened::default();
        }
        let now = hand.now;
        self.change_pod(id, hand, |pod| {
            pod.ready = let_in;
            pod.ready_changed = Some(now);
        });
        if let_in {
            self.judge_again_when_available(id, hand);
        }
        Happened { ended: None, readiness: Some(pod.place) }
    }
}
