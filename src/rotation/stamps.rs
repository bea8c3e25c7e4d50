//! Where each stamp stands in the restart phase, from its vault and cluster alone.

use super::predicate::{propagated_at, stale_pods, stuck};
use super::rollout::{Rollout, rollout};
use super::{Context, Gate, Reason, Step, Subject, Why};
use crate::model::{ClusterState, ClusterView, StampFacts, StampName, VaultView, WorkloadName, WorkloadView};
use jiff::Timestamp;

/// One workload of one stamp.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WorkloadStand {
    /// Its pods are all young enough and its rollout is over; old ones may still be terminating.
    Done,
    /// A rollout, ours or another's, is under way or has failed.
    InFlight(Reason),
    /// Pods that are not told to end hold an older key.
    Todo,
    Missing(Reason),
}

/// One stamp.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StampStand {
    pub name: StampName,
    pub takes_traffic: bool,
    /// Whether its cluster runs.
    pub runs: bool,
    /// In the configured order.
    pub workloads: Vec<(WorkloadName, WorkloadStand)>,
    /// Whether this rotation has begun to restart it for the vault's current version.
    pub begun: bool,
    pub healthy: bool,
    /// When its youngest consuming pod was created.
    pub youngest: Option<Timestamp>,
}

impl StampStand {
    pub fn is_done(&self) -> bool {
        self.workloads.iter().all(|(_, stand)| *stand == WorkloadStand::Done)
    }

    pub fn is_busy(&self) -> bool {
        !self.is_done() && self.begun
    }
}

/// Judges one stamp.
///
/// # Errors
/// The evidence that is missing, too old, or could not be had.
pub fn stand_of(ctx: &Context<'_>, facts: &StampFacts) -> Result<StampStand, Box<Reason>> {
    let max = ctx.policy.ages.ordinary;
    let gate = Gate::RolloutSettled;
    let vault = ctx.vault(&facts.name, gate, max)?;
    let cluster = ctx.cluster(&facts.name, gate, max)?;
    if !cluster.state.has_pods() {
        let done = |name: &WorkloadName| (name.clone(), WorkloadStand::Done);
        return Ok(StampStand {
            name: facts.name.clone(),
            // A stopped one is meant to come back: while it is away, the last that serves is not touched.
            takes_traffic: facts.live_traffic && cluster.state != ClusterState::Gone,
            runs: false,
            workloads: ctx.policy.workloads.iter().map(done).collect(),
            begun: false,
            healthy: false,
            youngest: None,
        });
    }
    let workloads: Vec<(WorkloadName, WorkloadStand)> = ctx
        .policy
        .workloads
        .iter()
        .map(|name| (name.clone(), workload_stand(ctx, &facts.name, name, vault, cluster)))
        .collect();
    let begun = workloads.iter().any(|(_, stand)| matches!(stand, WorkloadStand::InFlight(_)))
        || ctx.policy.workloads.iter().any(|name| {
            // Asked for by its key: of a thousand stamps there are thousands of steps.
            ctx.record(&restart_step(ctx, &facts.name, name, vault, String::new())).is_some()
        });
    let healthy = ctx
        .policy
        .workloads
        .iter()
        .filter_map(|name| cluster.workload(name))
        .all(|workload| workload.available >= workload.desired);
    let youngest = cluster.pods.iter().filter(|pod| pod.deleting.is_none()).map(|pod| pod.created).max();
    Ok(StampStand {
        name: facts.name.clone(),
        takes_traffic: facts.live_traffic,
        runs: true,
        workloads,
        begun,
        healthy,
        youngest,
    })
}

fn workload_stand(
    ctx: &Context<'_>,
    stamp: &StampName,
    name: &WorkloadName,
    vault: &VaultView,
    cluster: &ClusterView,
) -> WorkloadStand {
    let subject = Subject::Workload(stamp.clone(), name.clone());
    let Some(workload) = cluster.workload(name) else {
        return WorkloadStand::Missing(Reason::new(Gate::Preflight, subject, Why::WorkloadMissing));
    };
    let stale = stale_pods(vault, cluster, ctx.policy.vault_lag)
        .any(|pod| pod.deleting.is_none() && pod.workload.as_ref() == Some(name));
    match rollout(workload, workload.generation) {
        Rollout::Complete if stale => WorkloadStand::Todo,
        Rollout::Complete => WorkloadStand::Done,
        Rollout::Paused(_) if stale => WorkloadStand::Todo,
        Rollout::Paused(_) => WorkloadStand::Done,
        Rollout::DeadlineExceeded { message, .. } => WorkloadStand::InFlight(Reason::new(
            Gate::RolloutSettled,
            subject,
            Why::RolloutFailed { message },
        )),
        Rollout::NotYetObserved { .. } | Rollout::Progressing(_) => {
            let failed = stuck(workload, cluster, ctx.now).map(|message| Why::RolloutFailed { message });
            let why = failed.unwrap_or_else(|| under_way(workload));
            WorkloadStand::InFlight(Reason::new(Gate::RolloutSettled, subject, why))
        }
    }
}

fn under_way(workload: &WorkloadView) -> Why {
    Why::RolloutUnderWay {
        updated: workload.updated,
        available: workload.available,
        desired: workload.desired,
    }
}

/// The restart of one workload for the vault's current version.
pub fn restart_step(
    ctx: &Context<'_>,
    stamp: &StampName,
    workload: &WorkloadName,
    vault: &VaultView,
    restarted_at: String,
) -> Step {
    Step::Restart {
        leg: ctx.leg,
        stamp: stamp.clone(),
        workload: workload.clone(),
        version: vault.version.clone(),
        restarted_at,
    }
}

/// The mark that the restart writes: the intended one as long as it is not to be seen in the template, a new one
/// where it was applied and yet left pods of an older key behind.
pub fn mark(ctx: &Context<'_>, vault: &VaultView, cluster: &ClusterView, step: &Step) -> String {
    let fresh = || {
        // Later than the propagation by a second at least, as Kubernetes counts whole seconds.
        let at = ctx.now.max(propagated_at(vault, cluster));
        at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    };
    let Step::Restart { workload, .. } = step else { return fresh() };
    let Some(record) = ctx.record(step) else { return fresh() };
    let Step::Restart { restarted_at, .. } = &record.intent.step else { return fresh() };
    let in_template = cluster.workload(workload).and_then(|workload| workload.restarted_at.as_ref());
    if in_template == Some(restarted_at) { fresh() } else { restarted_at.clone() }
}
