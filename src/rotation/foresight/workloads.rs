//! What there is to know of the workloads that are restarted.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::super::predicate::rollout_failed;
use super::super::rollout::{Rollout, rollout};
use super::{Concern, cluster};
use crate::model::{ClusterView, Manager, Policy, StampName, Strategy, WorkloadName, WorkloadView, World};

/// Rollouts that get on. Those that do not hold by themselves.
pub(super) fn rolling_out(
    world: &World,
    policy: &Policy,
    stamp: &StampName,
    view: &ClusterView,
) -> Vec<Concern> {
    let seen = world.clusters.get(stamp).map_or(Timestamp::MIN, |seen| seen.at);
    let gets_on = |workload: &&WorkloadView| {
        matches!(
            rollout(workload, workload.generation),
            Rollout::NotYetObserved { .. } | Rollout::Progressing(_)
        ) && rollout_failed(workload, view, seen).is_none()
    };
    let named = policy.workloads.iter().filter_map(|name| view.workload(name));
    let concern =
        |workload: &WorkloadView| Concern::RollsOut { stamp: stamp.clone(), workload: workload.name.clone() };
    named.filter(gets_on).map(concern).collect()
}

/// Who else writes the workloads that are to be restarted; what is so in several stamps is told once.
pub(super) fn managed(world: &World, policy: &Policy) -> Vec<Concern> {
    let mut by: BTreeMap<(WorkloadName, Manager), Vec<StampName>> = BTreeMap::new();
    for stamp in &policy.stamps {
        let Some(view) = cluster(world, stamp) else { continue };
        for workload in policy.workloads.iter().filter_map(|name| view.workload(name)) {
            let Some(manager) = workload.manager.clone() else { continue };
            by.entry((workload.name.clone(), manager)).or_default().push(stamp.name.clone());
        }
    }
    let concern = |((workload, by), stamps)| Concern::Managed { workload, by, stamps };
    by.into_iter().map(concern).collect()
}

/// The weightiest concern about one workload.
pub(super) fn of_workload(stamp: &StampName, name: &WorkloadName, view: &ClusterView) -> Option<Concern> {
    let workload = view.workload(name)?;
    let (stamp, named) = (stamp.clone(), name.clone());
    if !workload.consumes {
        return Some(Concern::DoesNotConsume { stamp, workload: named });
    }
    if workload.desired == 0 {
        return Some(Concern::Scaled { stamp, workload: named });
    }
    // These are held by gates.
    if matches!(workload.strategy, Strategy::Recreate | Strategy::OnDelete) {
        return None;
    }
    match (workload.surge(), workload.desired) {
        (0, _) => Some(Concern::NoSurge { stamp, workload: named }),
        (_, 1) => Some(Concern::OneReplica { stamp, workload: named }),
        _ => None,
    }
}
