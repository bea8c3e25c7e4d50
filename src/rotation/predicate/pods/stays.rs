//! What is there for so long that it will not end by itself, and Jobs, which nobody restarts.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::super::super::reason::later;
use super::super::super::{Context, Gate, Reason, Subject, Why};
use crate::model::{ObjectName, PodView, StampName};

/// What ends by itself has ended by then, mostly; what is there for longer, a person has to end.
const STAYS: Duration = Duration::from_secs(6 * 3600);

/// Whether a pod was there for longer than that when it was seen.
pub fn outstays(pod: &PodView, seen: Timestamp) -> bool {
    later(pod.created, STAYS) <= seen
}

/// Whether nobody has told it to end and nothing of ours will: it belongs to what the configuration does not name, or to nothing
/// that can be restarted and is there for too long to end by itself.
pub(super) fn stays(ctx: &Context<'_>, stamp: &StampName, pod: &PodView) -> bool {
    pod.deleting.is_none()
        && match &pod.workload {
            Some(name) => !ctx.policy.workloads.contains(name),
            None => outstays(pod, ctx.cluster_seen_at(stamp)),
        }
}

/// Nobody restarts a Job: its pods are named by it, and end by themselves, as long as nothing keeps them.
pub(super) fn jobs_run(stamp: &StampName, pods: &[&PodView], seen: Timestamp) -> Vec<Reason> {
    let mut jobs: BTreeMap<&ObjectName, (Vec<String>, bool)> = BTreeMap::new();
    for pod in pods {
        if let Some(job) = &pod.above {
            let (pods, stay) = jobs.entry(job).or_default();
            pods.push(pod.name.clone());
            *stay |= pod.deleting.is_none() && outstays(pod, seen);
        }
    }
    let reason = |(job, (pods, stays)): (&ObjectName, (Vec<String>, bool))| {
        let subject = Subject::Object(stamp.clone(), job.clone());
        Reason::new(Gate::OldPodsGone, subject, Why::JobRuns { pods, stays })
    };
    jobs.into_iter().map(reason).collect()
}
