//! Rollouts that restarts of ours began and that failed: the journal keeps them, because whoever takes one back leaves nothing in
//! the cluster that tells of it, and the same restart would only fail once more.

use super::{Event, Fold, Leg, Reason, Step, Subject, Why};
use crate::model::{StampName, WorkloadName, World};

/// Those that the reasons tell of and the journal does not.
pub fn failed_news(fold: &Fold, leg: Leg, world: &World, reasons: &[Reason]) -> Vec<Event> {
    let news = reasons.iter().filter_map(|reason| {
        let (Subject::Workload(stamp, workload), Why::RolloutFailed { .. }) = (&reason.subject, &reason.why)
        else {
            return None;
        };
        let cluster = world.clusters.get(stamp).and_then(|seen| seen.get())?;
        let mark = cluster.workload(workload)?.restarted_at.clone()?;
        let new = !fold.has_failed(leg, stamp, workload, &mark) && is_ours(fold, leg, stamp, workload, &mark);
        new.then(|| Event::RolloutFailed {
            leg,
            stamp: stamp.clone(),
            workload: workload.clone(),
            restarted_at: mark,
        })
    });
    let mut events: Vec<Event> = Vec::new();
    for event in news {
        if !events.contains(&event) {
            events.push(event);
        }
    }
    events
}

fn is_ours(fold: &Fold, on: Leg, of: &StampName, name: &WorkloadName, mark: &str) -> bool {
    fold.steps.values().any(|record| match &record.intent.step {
        Step::Restart { leg, stamp, workload, restarted_at, .. } => {
            (*leg, stamp, workload, restarted_at.as_str()) == (on, of, name, mark)
        }
        _ => false,
    })
}
