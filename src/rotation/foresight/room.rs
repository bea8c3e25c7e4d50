//! Room for the pods that a restart adds: quotas, autoscalers, nodes, and budgets of disruption.

use super::super::predicate::{autoscaler, fits};
use super::{Concern, Foresight, canary};
use crate::model::{
    BudgetView, ClusterView, NodesView, Policy, RoomView, StampName, WorkloadKind, WorkloadName,
    WorkloadView, World,
};

impl Foresight {
    /// Notes budgets of disruption. They are a note: what a restart deletes is no eviction.
    pub fn knowing(mut self, stamp: &StampName, budgets: Result<Vec<BudgetView>, String>) -> Foresight {
        let stamp = stamp.clone();
        let tight: Vec<BudgetView> = match budgets {
            Ok(budgets) => budgets.into_iter().filter(|budget| budget.allowed == 0).collect(),
            Err(why) => {
                self.concerns.push(Concern::BudgetsUnknown { stamp, why });
                return self;
            }
        };
        let named = |budget: &BudgetView| format!("{}/{}", budget.namespace, budget.name);
        for workload in self.workloads.iter().filter(|name| name.kind == WorkloadKind::Rollout) {
            let near = tight.iter().filter(|budget| budget.namespace == workload.namespace);
            let budgets: Vec<String> = near.map(named).collect();
            if !budgets.is_empty() {
                let (stamp, workload) = (stamp.clone(), workload.clone());
                self.concerns.push(Concern::BudgetsHold { stamp, workload, budgets });
            }
        }
        if !tight.is_empty() {
            let budgets = tight.iter().map(named).collect();
            self.concerns.push(Concern::TightBudgets { stamp, budgets });
        }
        self
    }

    /// Notes nodes without room for the pods that a restart adds. One that adds none uses what its own pods had.
    pub fn placing(
        mut self,
        stamp: &StampName,
        nodes: Result<NodesView, String>,
        world: &World,
    ) -> Foresight {
        let Some(view) = world.clusters.get(stamp).and_then(|seen| seen.get()) else { return self };
        let added = |name: &WorkloadName| {
            view.workload(name).filter(|workload| workload.desired > 0 && workload.surge() > 0)
        };
        let restarted = !self.waves.is_empty() && self.workloads.iter().any(|name| added(name).is_some());
        if !restarted || !view.state.has_pods() {
            return self;
        }
        let NodesView { rooms, grows } = match nodes {
            Ok(nodes) => nodes,
            Err(why) => {
                self.concerns.push(Concern::NodesUnknown { stamp: stamp.clone(), why });
                return self;
            }
        };
        for room in rooms.into_iter().filter(|room| room.roomy == 0) {
            let Some(workload) = added(&room.workload) else { continue };
            let (loses, takers) = (workload.loses_pods(), room.takers);
            let (stamp, workload) = (stamp.clone(), room.workload);
            self.concerns.push(Concern::NodesFull { stamp, workload, takers, grows, loses });
        }
        self
    }
}

/// Pods that wait for a node, where that holds nothing before the stamp's own restart: a new pod may wait behind them.
pub(super) fn of_waiting(
    stamp: &StampName,
    policy: &Policy,
    world: &World,
    view: &ClusterView,
) -> Option<Concern> {
    let unplaced = view.unplaced.clone()?;
    let first = canary(policy, world).is_none_or(|first| first.name == *stamp);
    let adds = |workload: &&WorkloadView| workload.desired > 0 && !(first && workload.loses_pods());
    let named = policy.workloads.iter().filter_map(|name| view.workload(name)).filter(adds);
    let workloads: Vec<WorkloadName> = named.map(|workload| workload.name.clone()).collect();
    (!workloads.is_empty()).then(|| Concern::PodsWait { stamp: stamp.clone(), unplaced, workloads })
}

/// What of the room is not as it should be and holds nothing.
pub(super) fn of_room(
    stamp: &StampName,
    policy: &Policy,
    view: &ClusterView,
    room: &RoomView,
) -> Vec<Concern> {
    let blind = room.quotas.as_ref().err().into_iter().chain(room.autoscalers.as_ref().err());
    let mut concerns: Vec<Concern> =
        blind.map(|blind| Concern::RoomUnknown { stamp: stamp.clone(), why: blind.why.clone() }).collect();
    for workload in policy.workloads.iter().filter_map(|name| view.workload(name)) {
        let (stamp, named) = (stamp.clone(), workload.name.clone());
        let surge = workload.surge();
        let least = fits(workload, view, room).min_by_key(|fits| fits.count);
        if let Some(fits) = least.filter(|fits| fits.count > 0 && fits.count < u128::from(surge)) {
            let quota = fits.quota.name.clone();
            let (stamp, workload) = (stamp.clone(), named.clone());
            concerns.push(Concern::LittleRoom { stamp, workload, quota, fit: fits.count, surge });
        }
        let full = autoscaler(&named, room).filter(|one| !one.limited && one.desired >= one.most);
        if let Some(one) = full.filter(|_| workload.loses_pods()) {
            concerns.push(Concern::AtMaximum { stamp, workload: named, most: one.most });
        }
    }
    concerns
}
