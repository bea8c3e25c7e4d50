//! Where each stamp stands in the restart phase, from its vault and cluster alone.

use std::collections::BTreeSet;
use std::time::Duration;

use super::predicate::{left_out, old_pods, propagated, propagated_at, rollout_failed};
use super::rollout::{Rollout, rollout};
use super::{Context, Gate, Opens, Reach, Reason, Step, Subject, Why};
use crate::model::{
    ClusterState, ClusterView, EvidenceKey, PodView, StampFacts, StampName, VaultView, WorkloadName,
    WorkloadView,
};
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
    /// Whether any of its workloads is there to have pods: one that is scaled to zero shows nothing of the new key.
    pub wants_pods: bool,
    /// In the configured order.
    pub workloads: Vec<(WorkloadName, WorkloadStand)>,
    /// Whether this rotation has begun to restart it for the vault's current version.
    pub begun: bool,
    /// Whether every workload is there and has all the pods that it wants, and any wants some.
    pub healthy: bool,
    /// Why its vault is not what a restart alone needs it to be; in a whole rotation another phase has asked before.
    pub behind: Vec<Reason>,
    /// Whether it is not seen at the moment, after a restart that was sent there.
    pub between_looks: bool,
    /// Since when as many pods as are wanted are ready, of those that serve now.
    pub renewed: Option<Timestamp>,
}

impl StampStand {
    /// One that this rotation has begun to restart, and that is not seen at the moment. The worst is assumed of it that its
    /// being looked at can end: it takes a place in the wave, is not healthy and not done, and nothing is sent to it.
    pub fn between_looks(ctx: &Context<'_>, facts: &StampFacts, reason: &Reason) -> StampStand {
        // Told once for all of them.
        let unseen = |(index, name): (usize, &WorkloadName)| match index {
            0 => (name.clone(), WorkloadStand::InFlight(reason.clone())),
            _ => (name.clone(), WorkloadStand::Todo),
        };
        StampStand {
            name: facts.name.clone(),
            takes_traffic: facts.live_traffic,
            runs: true,
            wants_pods: true,
            workloads: ctx.policy.workloads.iter().enumerate().map(unseen).collect(),
            begun: true,
            healthy: false,
            behind: Vec::new(),
            between_looks: true,
            renewed: None,
        }
    }

    /// One that has nothing to restart.
    fn without_pods(ctx: &Context<'_>, facts: &StampFacts, returns: bool) -> StampStand {
        let done = |name: &WorkloadName| (name.clone(), WorkloadStand::Done);
        StampStand {
            name: facts.name.clone(),
            takes_traffic: facts.live_traffic && returns,
            runs: false,
            wants_pods: false,
            workloads: ctx.policy.workloads.iter().map(done).collect(),
            begun: false,
            healthy: false,
            behind: Vec::new(),
            between_looks: false,
            renewed: None,
        }
    }

    pub fn is_done(&self) -> bool {
        self.behind.is_empty() && self.workloads.iter().all(|(_, stand)| *stand == WorkloadStand::Done)
    }

    /// Whether nothing is to be seen of it that holds anybody.
    fn is_well(&self) -> bool {
        let quiet = |(_, stand): &(WorkloadName, WorkloadStand)| match stand {
            WorkloadStand::Done | WorkloadStand::Todo => true,
            WorkloadStand::InFlight(_) | WorkloadStand::Missing(_) => false,
        };
        let serves = self.healthy || !self.wants_pods;
        serves && self.behind.is_empty() && self.workloads.iter().all(quiet)
    }

    /// Whether this rotation is at work on it.
    pub fn is_ours(&self) -> bool {
        !self.is_done() && self.begun
    }

    /// Whether anybody is. Being scaled is none of it: some stamp of many always is.
    pub fn is_busy(&self) -> bool {
        let rolls = |reason: &Reason| !matches!(reason.why, Why::Scaling { .. });
        self.is_ours() || self.in_flight().any(rolls)
    }

    /// Whether something goes on there that comes to an end without a person.
    pub fn is_moving(&self) -> bool {
        let goes_on = |reason: &Reason| reason.why.opens() != Opens::ByPerson;
        self.is_busy() && self.in_flight().any(goes_on)
    }

    /// Whether it is ours, and between two of its restarts.
    pub fn rests(&self) -> bool {
        self.is_ours() && !self.between_looks && self.in_flight().next().is_none()
    }

    /// Whether all that it lacks is pods that its controllers are bringing back, a rollout being over: one that does not
    /// get on counts as failed after a while.
    pub fn is_healing(&self) -> bool {
        let scaling = |reason: &Reason| matches!(reason.why, Why::Scaling { .. });
        self.missing().next().is_none() && self.in_flight().next().is_some() && self.in_flight().all(scaling)
    }

    /// Why workloads that it is to have are not there.
    pub fn missing(&self) -> impl Iterator<Item = &Reason> {
        self.workloads.iter().filter_map(|(_, stand)| match stand {
            WorkloadStand::Missing(reason) => Some(reason),
            WorkloadStand::Done | WorkloadStand::Todo | WorkloadStand::InFlight(_) => None,
        })
    }

    /// Why it has to be left alone for now.
    pub fn in_flight(&self) -> impl Iterator<Item = &Reason> {
        self.workloads.iter().filter_map(|(_, stand)| match stand {
            WorkloadStand::InFlight(reason) => Some(reason),
            WorkloadStand::Done | WorkloadStand::Todo | WorkloadStand::Missing(_) => None,
        })
    }
}

/// Judges one stamp. What was well counts as it was seen last; what was not is judged by a new look.
///
/// # Errors
/// The evidence that is missing, too old, or could not be had.
pub fn stand_of(ctx: &Context<'_>, facts: &StampFacts) -> Result<StampStand, Box<Reason>> {
    match stand_at(ctx, facts, ctx.counted()) {
        Ok(stand) if stand.is_well() => Ok(stand),
        Ok(_) | Err(_) => stand_at(ctx, facts, ctx.policy.ages.ordinary),
    }
}

fn stand_at(ctx: &Context<'_>, facts: &StampFacts, max: Duration) -> Result<StampStand, Box<Reason>> {
    let gate = Gate::RolloutSettled;
    let Some(vault) = ctx.live_vault(&facts.name, gate, max)? else {
        return Ok(StampStand::without_pods(ctx, facts, false));
    };
    let cluster = ctx.cluster(&facts.name, gate, max)?;
    if !cluster.state.has_pods() {
        // A stopped one is meant to come back: while it is away, the last that serves is not touched.
        return Ok(StampStand::without_pods(ctx, facts, cluster.state != ClusterState::Gone));
    }
    let workloads: Vec<(WorkloadName, WorkloadStand)> = ctx
        .policy
        .workloads
        .iter()
        .map(|name| (name.clone(), workload_stand(ctx, &facts.name, name, vault, cluster)))
        .collect();
    let begun = begun_at(ctx, &facts.name, vault).is_some();
    let missing = workloads.iter().any(|(_, stand)| matches!(stand, WorkloadStand::Missing(_)));
    let views = || ctx.policy.workloads.iter().filter_map(|name| cluster.workload(name));
    let wants_some = views().any(|workload| workload.desired > 0);
    let healthy = !missing && wants_some && views().all(|workload| workload.available >= workload.desired);
    Ok(StampStand {
        name: facts.name.clone(),
        takes_traffic: facts.live_traffic,
        runs: true,
        // Of one that is missing nobody knows.
        wants_pods: missing || wants_some,
        workloads,
        begun,
        healthy,
        behind: behind(ctx, &facts.name, max),
        between_looks: false,
        renewed: views().filter_map(|workload| renewed(ctx, &facts.name, workload, cluster)).max(),
    })
}

/// When this rotation first meant to restart the stamp for the vault's version.
pub fn begun_at(ctx: &Context<'_>, stamp: &StampName, vault: &VaultView) -> Option<Timestamp> {
    // Asked for by its key: of a thousand stamps there are thousands of steps.
    let record = |name| ctx.record(&restart_step(ctx, stamp, name, vault, String::new()));
    ctx.policy.workloads.iter().filter_map(record).map(|record| record.first_intended_at).min()
}

/// Whether only the next look at the stamp's cluster is missing, after a restart that this rotation has sent there. What
/// could not be seen, or is too old, is another matter.
pub fn is_between_looks(ctx: &Context<'_>, facts: &StampFacts, reason: &Reason) -> bool {
    let cluster = EvidenceKey::Cluster(facts.name.clone());
    let vault = ctx.vault(&facts.name, Gate::RolloutSettled, ctx.counted());
    reason.why == Why::NotSeen(cluster)
        && vault.is_ok_and(|vault| begun_at(ctx, &facts.name, vault).is_some())
}

fn behind(ctx: &Context<'_>, stamp: &StampName, max: Duration) -> Vec<Reason> {
    match &ctx.reach {
        Reach::Restart { .. } => ctx.holding(propagated(ctx, stamp, ctx.target(), max)),
        Reach::Whole | Reach::Propose { .. } | Reach::Promote { .. } | Reach::Follow | Reach::Regenerate => {
            Vec::new()
        }
    }
}

/// When the last pod of those that it wants was ready. Where somebody has changed its specification since our restart, as an
/// HPA does to add pods, those count that were there when its controller called the rollout over. One that is not ready was
/// so at the last look at the latest. Where no pod tells, the end of the rollout counts as its controller dates it.
fn renewed(
    ctx: &Context<'_>,
    stamp: &StampName,
    workload: &WorkloadView,
    cluster: &ClusterView,
) -> Option<Timestamp> {
    let seen = ctx.cluster_seen_at(stamp);
    let mut alive: Vec<&PodView> =
        cluster.pods_of(&workload.name).filter(|pod| pod.deleting.is_none()).collect();
    alive.sort_unstable_by_key(|pod| pod.created);
    let ended = workload.rolled_out_at();
    let restarts = ctx.fold.restarts.get(&(ctx.leg, stamp.clone(), workload.name.clone()));
    let ours = restarts.zip(workload.restarted_at.as_deref()).and_then(|(all, mark)| all.generation(mark));
    if let Some(ended) = ended.filter(|_| ours.is_some_and(|ours| ours < workload.generation))
        && alive.first().is_some_and(|first| first.created <= ended)
    {
        alive.retain(|pod| pod.created <= ended);
    }
    let ready = |pod: &PodView| match (pod.ready, pod.ready_since.or(ended)) {
        (false, _) => seen,
        (true, Some(since)) => since.max(pod.created),
        (true, None) => pod.created,
    };
    let wanted = usize::try_from(workload.desired).unwrap_or(usize::MAX);
    alive.into_iter().take(wanted).map(ready).max()
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
        let missing = Reason::new(Gate::Preflight, subject, Why::WorkloadMissing);
        // Where a person says that it is not meant to be there, there is nothing to do.
        let held = !ctx.holding(vec![missing.clone()]).is_empty();
        return if held { WorkloadStand::Missing(missing) } else { WorkloadStand::Done };
    };
    let stale = old_pods(ctx, stamp, vault, cluster)
        .any(|pod| pod.deleting.is_none() && pod.workload.as_ref() == Some(name));
    match rollout(workload, workload.generation) {
        Rollout::Complete if stale => WorkloadStand::Todo,
        Rollout::Complete => match left_out(ctx, workload, cluster) {
            Some(why) => WorkloadStand::InFlight(Reason::new(Gate::RolloutSettled, subject, why)),
            None => WorkloadStand::Done,
        },
        Rollout::Paused(_) if stale => WorkloadStand::Todo,
        Rollout::Paused(_) => WorkloadStand::Done,
        Rollout::DeadlineExceeded { .. }
        | Rollout::NotYetObserved { .. }
        | Rollout::Progressing(_)
        | Rollout::Scaling(_) => {
            let seen_at = ctx.cluster_seen_at(stamp);
            let why =
                rollout_failed(workload, cluster, seen_at).unwrap_or_else(|| under_way(workload, cluster));
            WorkloadStand::InFlight(Reason::new(Gate::RolloutSettled, subject, why))
        }
    }
}

/// What its pods are about, where nothing has failed.
pub fn under_way(workload: &WorkloadView, cluster: &ClusterView) -> Why {
    let WorkloadView { updated, available, desired, .. } = *workload;
    match rollout(workload, workload.generation) {
        Rollout::Scaling(_) => Why::Scaling { available, desired, silent: silent_nodes(workload, cluster) },
        Rollout::NotYetObserved { .. } => Why::RolloutUnderWay { updated: 0, available, desired },
        Rollout::Complete
        | Rollout::Paused(_)
        | Rollout::Progressing(_)
        | Rollout::DeadlineExceeded { .. } => Why::RolloutUnderWay { updated, available, desired },
    }
}

/// Nodes that do not answer, with pods of it that are not ready.
pub fn silent_nodes(workload: &WorkloadView, cluster: &ClusterView) -> Vec<String> {
    let pods = cluster.pods_of(&workload.name).filter(|pod| !pod.ready);
    let nodes: BTreeSet<&String> = pods.filter_map(|pod| pod.node.as_ref()).collect();
    nodes.into_iter().filter(|node| cluster.silent.contains_key(*node)).cloned().collect()
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
