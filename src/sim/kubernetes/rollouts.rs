//! The controller of Argo Rollouts, as far as a restart and a canary go.
//!
//! After `rollout/restart.go`: pods that were made before `spec.restartAt` are taken away in place, as many at once as
//! may be unavailable and one at least, as far as a budget of disruption allows, and their ReplicaSet makes others of the same
//! template; when none is left that is not told to end, the status says when. A new template makes one canary, and then it
//! waits until somebody promotes it; the rest of the pods follow as far as availability allows. A restart goes on while it
//! waits, as with the real one.

use std::sync::Arc;

use jiff::Timestamp;

use super::super::time::whole_second;
use super::Hand;
use super::object::{Pod, PodSet};
use super::sets::{Pods, Round, available};

pub(super) fn round(set: &PodSet, pods: &Pods, update: &Arc<str>, hand: &Hand<'_>) -> Round {
    let mut round = Round::default();
    let living: Vec<&Arc<Pod>> =
        pods.values().filter(|pod| pod.deleting.is_none() && pod.phase != super::Phase::Succeeded).collect();
    let (new, old): (Vec<&Arc<Pod>>, Vec<&Arc<Pod>>) = living.iter().partition(|pod| pod.hash == *update);
    let serving = living.iter().filter(|pod| available(set, pod, hand)).count();
    let wanted = set.replicas as usize;
    let spare = (set.max_unavailable.of(set.replicas, false).max(1) as usize)
        .saturating_sub(wanted.saturating_sub(serving));
    let target = match (set.restarting.waits && !old.is_empty(), old.is_empty()) {
        (true, _) => 1.min(wanted),
        (false, true) => wanted,
        // Those that are gone come back as new ones.
        (false, false) => wanted.saturating_sub(old.len()).max(new.len()),
    };
    let next = pods.keys().next_back().map_or(0, |last| last + 1);
    let missing = u32::try_from(target.saturating_sub(new.len())).unwrap_or(0);
    round.create.extend((0..missing).map(|more| (next + more, Arc::clone(update))));
    if set.restarting.waits {
        // The stable pods stay as many as are left beside the canary.
        let stable = wanted.saturating_sub(target);
        round.delete.extend(old.iter().skip(stable).map(|pod| pod.id));
        let lost = u32::try_from(stable.saturating_sub(old.len())).unwrap_or(0);
        let current = &set.status.current_revision;
        round.create.extend((0..lost).map(|more| (next + missing + more, Arc::clone(current))));
    } else {
        round.delete.extend(old.iter().take(spare).map(|pod| pod.id));
        round.delete.extend(new.iter().skip(wanted).map(|pod| pod.id));
    }
    if round.delete.is_empty() && round.create.is_empty() {
        // Pods are evicted, and a budget refuses evictions.
        let allowed = least(set, hand).map_or(usize::MAX, |least| serving.saturating_sub(least));
        restart(set, &living, spare.min(allowed), &mut round);
    }
    round
}

/// How many pods its PodDisruptionBudget keeps, where it has one.
fn least(set: &PodSet, hand: &Hand<'_>) -> Option<usize> {
    let config = hand.config.sets.iter().find(|config| config.workload.name == set.workload)?;
    Some(config.workload.disruption_budget?.of(set.replicas, true) as usize)
}

fn restart(set: &PodSet, living: &[&Arc<Pod>], spare: usize, round: &mut Round) {
    let Some(wanted) =
        set.restarting.wanted.as_ref().filter(|wanted| set.restarting.done.as_ref() != Some(*wanted))
    else {
        return;
    };
    let Ok(at) = wanted.parse::<Timestamp>() else { return };
    let older = || living.iter().filter(|pod| whole_second(pod.meta.created) < at);
    round.delete.extend(older().take(spare).map(|pod| pod.id));
    if older().count() <= round.delete.len() {
        round.restarted = Some(wanted.clone());
    }
}
