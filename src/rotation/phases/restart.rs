//! Restart: canary stamp, soak, then the rest in waves; within a stamp the workloads in their order.
//!
//! Whoever replaced the pods, they are left alone when they are young enough; what is restarted is restarted late
//! enough to be so. Pods look healthy with a dead key, so where the logs tell, a refusal stops everything, and the
//! soak lasts until they have told of all of it. The last healthy stamp that takes traffic is never touched.

use super::super::attempt::{Repeat, may_try};
use super::super::predicate::{
    cluster_steady, consumers, logs_reach, none_refused, propagated, propagated_at, rollout_settled, settled,
    synced, target_proven, workload_ready,
};
use super::super::reason::later;
use super::super::stamps::{StampStand, WorkloadStand, mark, restart_step, stand_of};
use super::super::{Context, Gate, Reason, Stand, Step, Subject, Why};
use crate::model::{ClusterView, EvidenceKey, PodView, StampFacts, VaultView, WorkloadName};

pub fn stand(ctx: &Context<'_>) -> Stand {
    let mut stands = Vec::new();
    let mut reasons = Vec::new();
    for facts in &ctx.policy.stamps {
        match stand_of(ctx, facts) {
            Ok(stand) => stands.push(stand),
            Err(reason) => reasons.push(*reason),
        }
    }
    if !reasons.is_empty() {
        return Stand::Held(reasons);
    }
    let refused = ctx.holding(none_refused(ctx, ctx.policy.ages.ordinary));
    if stands.iter().all(StampStand::is_done) || !refused.is_empty() {
        return Stand::unless(refused);
    }
    let mut steps = Vec::new();
    for index in admitted(ctx, &stands, &mut reasons) {
        let (Some(stand), Some(facts)) = (stands.get(index), ctx.policy.stamps.get(index)) else { continue };
        match next_step(ctx, facts, stand) {
            Ok(step) => steps.push(step),
            Err(more) => reasons.extend(more),
        }
    }
    match (steps.is_empty(), reasons.is_empty()) {
        (true, _) => Stand::Held(reasons),
        (false, true) => Stand::Act(steps),
        (false, false) => Stand::ActAndHeld(steps, reasons),
    }
}

/// Whether a restart that was asked of some stamps is over there, and nothing is refused anywhere.
pub fn restarted(ctx: &Context<'_>) -> bool {
    let asked = |facts: &&StampFacts| ctx.reach.asks_for(&facts.name);
    let done = |facts: &StampFacts| stand_of(ctx, facts).is_ok_and(|stand| stand.is_done());
    let stamps = &ctx.policy.stamps;
    !stamps.iter().all(|facts| asked(&facts))
        && stamps.iter().filter(asked).all(done)
        && ctx.holding(none_refused(ctx, ctx.policy.ages.ordinary)).is_empty()
}

/// Which stamps may be worked on now, by their place in the configuration; the others get a reason.
fn admitted(ctx: &Context<'_>, stands: &[StampStand], reasons: &mut Vec<Reason>) -> Vec<usize> {
    let serves = |stand: &StampStand| stand.takes_traffic && stand.runs;
    let runs = || stands.iter().position(|stand| stand.runs);
    let canary = stands.iter().position(serves).or_else(runs).unwrap_or(0);
    let busy: Vec<usize> = (0..stands.len()).filter(|index| stands[*index].is_busy()).collect();
    let mut admitted = busy.clone();
    for (index, stand) in stands.iter().enumerate() {
        if stand.is_done() || busy.contains(&index) {
            continue;
        }
        let holds = ctx.holding(wave_holds(ctx, stands, canary, index, admitted.len()));
        if holds.is_empty() {
            admitted.push(index);
        } else {
            reasons.extend(holds);
        }
    }
    admitted
}

fn wave_holds(
    ctx: &Context<'_>,
    stands: &[StampStand],
    canary: usize,
    index: usize,
    admitted: usize,
) -> Vec<Reason> {
    let (Some(stand), Some(first)) = (stands.get(index), stands.get(canary)) else { return Vec::new() };
    let hold = |why| vec![Reason::new(Gate::Wave, Subject::Stamp(stand.name.clone()), why)];
    if index != canary {
        if !first.is_done() {
            return hold(Why::CanaryFirst { canary: first.name.clone() });
        }
        let alone = stands.iter().enumerate().all(|(other, stand)| other == canary || !stand.begun);
        if let Some(until) = first.youngest.map(|at| later(at, ctx.policy.soak))
            && alone
        {
            if until > ctx.now {
                return hold(Why::Soaking { canary: first.name.clone(), until });
            }
            let unknown = logs_reach(ctx, &first.name, until, ctx.policy.ages.ordinary);
            if !unknown.is_empty() {
                return unknown;
            }
        }
    }
    if admitted >= ctx.policy.wave_size.max(1) {
        let busy = stands.iter().filter(|stand| stand.is_busy()).map(|stand| stand.name.clone()).collect();
        return hold(Why::WaveFull { busy });
    }
    let mut others = stands.iter().filter(|other| other.name != stand.name && other.takes_traffic).peekable();
    if stand.takes_traffic && others.peek().is_some() && others.all(|other| !other.healthy) {
        return hold(Why::LastHealthyStamp);
    }
    Vec::new()
}

/// The next restart of an admitted stamp, or why it has to wait.
fn next_step(ctx: &Context<'_>, facts: &StampFacts, stand: &StampStand) -> Result<Step, Vec<Reason>> {
    let next = stand.workloads.iter().find(|(_, workload)| *workload != WorkloadStand::Done);
    let Some((name, workload)) = next else { return Err(Vec::new()) };
    match workload {
        WorkloadStand::Done => Err(Vec::new()),
        WorkloadStand::Missing(reason) => Err(vec![reason.clone()]),
        WorkloadStand::InFlight(reason) => {
            let held = ctx.holding(vec![reason.clone()]);
            if held.is_empty() { restart(ctx, facts, name) } else { Err(held) }
        }
        WorkloadStand::Todo => restart(ctx, facts, name),
    }
}

/// A pod that is young enough and mounts another version than the vault was seen to hold may mount a newer one: somebody
/// has written the vault since. Then the vault is looked at again before its pods are blamed.
fn vault_seen_after(
    ctx: &Context<'_>,
    facts: &StampFacts,
    name: &WorkloadName,
    vault: &VaultView,
    cluster: &ClusterView,
) -> Vec<Reason> {
    let seen = (ctx.world.vaults.get(&facts.name), ctx.world.clusters.get(&facts.name));
    let (Some(vault_seen), Some(cluster_seen)) = seen else { return Vec::new() };
    let since = later(propagated_at(vault, cluster), ctx.policy.vault_lag);
    let other = |pod: &&PodView| pod.mounted.as_ref().is_some_and(|mounted| *mounted != vault.version);
    let young = cluster.pods_of(name).filter(other).any(|pod| pod.created > since);
    if !young || vault_seen.at > cluster_seen.at {
        return Vec::new();
    }
    let why = Why::NotSeen(EvidenceKey::Vault(facts.name.clone()));
    vec![Reason::new(Gate::RolloutSettled, Subject::Stamp(facts.name.clone()), why)]
}

fn restart(ctx: &Context<'_>, facts: &StampFacts, name: &WorkloadName) -> Result<Step, Vec<Reason>> {
    let ages = &ctx.policy.ages;
    let slot = ctx.target();
    let mut reasons = propagated(ctx, &facts.name, slot, ages.restart);
    reasons.extend(synced(ctx, &facts.name, slot, ages.restart));
    reasons.extend(settled(ctx, &facts.name, ages.restart));
    reasons.extend(target_proven(ctx, slot, ages.proof));
    let cluster = ctx.cluster(&facts.name, Gate::Preflight, ages.restart).map_err(|reason| vec![*reason])?;
    let vault = ctx.vault(&facts.name, Gate::Preflight, ages.restart).map_err(|reason| vec![*reason])?;
    reasons.extend(cluster_steady(&facts.name, cluster));
    reasons.extend(consumers(ctx, &facts.name, cluster, Some(vault)));
    reasons.extend(vault_seen_after(ctx, facts, name, vault, cluster));
    reasons.extend(workload_ready(&facts.name, name, cluster));
    if let Some(workload) = cluster.workload(name) {
        reasons.extend(rollout_settled(ctx, &facts.name, workload, cluster));
    }
    let held = ctx.holding(reasons);
    if !held.is_empty() {
        return Err(held);
    }
    let template = restart_step(ctx, &facts.name, name, vault, String::new());
    let step = restart_step(ctx, &facts.name, name, vault, mark(ctx, vault, cluster, &template));
    let subject = Subject::Workload(facts.name.clone(), name.clone());
    // The same mark written twice changes nothing.
    may_try(ctx, Gate::RolloutSettled, &subject, &step, Repeat::Harmless).map_err(|reason| vec![*reason])?;
    Ok(step)
}
