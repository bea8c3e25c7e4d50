//! Rollouts that restarts of ours began and that failed: the journal keeps them, because whoever takes one back leaves nothing in
//! the cluster that tells of it, and the same restart would only fail once more.

use super::{Event, Fold, Leg, Reason, Subject, Why};
use crate::model::World;

/// Those that the reasons tell of and the journal does not.
pub fn failed_news(fold: &Fold, leg: Leg, world: &World, reasons: &[Reason]) -> Vec<Event> {
    let news = reasons.iter().filter_map(|reason| {
        let (Subject::Workload(stamp, workload), Why::RolloutFailed { .. }) = (&reason.subject, &reason.why)
        else {
            return None;
        };
        let cluster = world.clusters.get(stamp).and_then(|seen| seen.get())?;
        let mark = cluster.workload(workload)?.restarted_at.clone()?;
        let restarts = fold.restarts.get(&(leg, stamp.clone(), workload.clone()));
        let ours = restarts.is_some_and(|restarts| restarts.has(&mark));
        let new = ours && !fold.has_failed(leg, stamp, workload, &mark);
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
