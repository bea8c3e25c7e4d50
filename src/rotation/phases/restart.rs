//! Restart: canary stamp, soak, then the rest in waves; within a stamp the workloads in their order.
//!
//! Whoever replaced the pods, they are left alone when they are young enough; what is restarted is restarted late
//! enough to be so. Pods look healthy with a dead key, so where the logs tell, a refusal stops everything, and the
//! soak lasts until they have told of all of it. The last healthy stamp that takes traffic is never touched, and the
//! first rollout that fails stops every stamp.

use super::super::attempt::{Repeat, may_try};
use super::super::predicate::{
    clocks_agree, cluster_steady, consumers, logs_reach, none_refused, propagated, propagated_at,
    rollout_settled, settled, synced, target_proven, workload_ready,
};
use super::super::reason::later;
use super::super::stamps::{StampStand, WorkloadStand, mark, restart_step, stand_of};
use super::super::{Context, Gate, Reach, Reason, Stand, Step, Subject, Why};
use crate::model::{ClusterView, EvidenceKey, PodView, Route, StampFacts, VaultView, WorkloadName};

pub fn stand(ctx: &Context<'_>) -> Stand {
    if ctx.opened.route == Route::NextRelease && !matches!(ctx.reach, Reach::Restart { .. }) {
        // New units start with the new key; pods that do not are waited for, and nothing is restarted.
        return Stand::Passed;
    }
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
    if stands.iter().all(StampStand::is_done) {
        return Stand::unless(ctx.holding(none_refused(ctx, ctx.policy.ages.ordinary)));
    }
    // The first rollout that fails stops everything, whoever began it and wherever it is.
    let mut stopped = none_refused(ctx, ctx.policy.ages.ordinary);
    stopped
        .extend(stands.iter().flat_map(StampStand::in_flight).filter(|reason| has_failed(reason)).cloned());
    let stopped = ctx.holding(stopped);
    if !stopped.is_empty() {
        return Stand::Held(stopped);
    }
    let mut steps = Vec::new();
    let wave = admitted(ctx, &stands, &mut reasons);
    for index in &wave.admitted {
        let (Some(stand), Some(facts)) = (stands.get(*index), ctx.policy.stamps.get(*index)) else {
            continue;
        };
        match next_step(ctx, facts, stand, last_healthy(&stands, *index, &wave.busy)) {
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

fn has_failed(reason: &Reason) -> bool {
    matches!(reason.why, Why::RolloutFailed { .. })
}

/// Stamps by their place in the configuration.
struct Wave {
    /// Those that may be worked on now.
    admitted: Vec<usize>,
    /// Those that anybody is at work on, the admitted ones included.
    busy: Vec<usize>,
}

/// Which stamps may be worked on now; the others get a reason.
fn admitted(ctx: &Context<'_>, stands: &[StampStand], reasons: &mut Vec<Reason>) -> Wave {
    let serves = |stand: &StampStand| stand.takes_traffic && stand.runs;
    let runs = || stands.iter().position(|stand| stand.runs);
    let canary = stands.iter().position(serves).or_else(runs).unwrap_or(0);
    let of = |wanted: fn(&StampStand) -> bool| -> Vec<usize> {
        stands.iter().enumerate().filter(|(_, stand)| wanted(stand)).map(|(index, _)| index).collect()
    };
    let mut wave = Wave { admitted: of(StampStand::is_ours), busy: of(StampStand::is_busy) };
    for (index, stand) in stands.iter().enumerate() {
        if stand.is_done() || stand.is_ours() {
            continue;
        }
        // Somebody else rolls it out: whatever becomes of that, it is judged afterwards.
        let mut holds = ctx.holding(stand.in_flight().cloned().collect());
        if holds.is_empty() {
            holds = ctx.holding(wave_holds(ctx, stands, canary, index, &wave.busy));
        }
        if holds.is_empty() {
            wave.admitted.push(index);
            wave.busy.push(index);
        } else {
            reasons.extend(holds);
        }
    }
    wave
}

fn wave_holds(
    ctx: &Context<'_>,
    stands: &[StampStand],
    canary: usize,
    index: usize,
    busy: &[usize],
) -> Vec<Reason> {
    let (Some(stand), Some(first)) = (stands.get(index), stands.get(canary)) else { return Vec::new() };
    let hold = |why| vec![Reason::new(Gate::Wave, Subject::Stamp(stand.name.clone()), why)];
    if index != canary {
        if !first.is_done() {
            return hold(Why::CanaryFirst { canary: first.name.clone() });
        }
        let alone = stands.iter().enumerate().all(|(other, stand)| other == canary || !stand.begun);
        if let Some(until) = first.renewed.map(|at| later(at, ctx.policy.soak))
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
    let others = || busy.iter().filter(|other| **other != index).filter_map(|other| stands.get(*other));
    if others().count() >= ctx.policy.wave_size.max(1) {
        return hold(Why::WaveFull { busy: others().map(|stand| stand.name.clone()).collect() });
    }
    last_healthy(stands, index, busy).into_iter().collect()
}

/// Whether no other stamp that takes traffic is healthy and left alone: one that is being restarted may not be healthy
/// in a moment.
fn last_healthy(stands: &[StampStand], index: usize, busy: &[usize]) -> Option<Reason> {
    let stand = stands.get(index).filter(|stand| stand.takes_traffic)?;
    let mut others =
        stands.iter().enumerate().filter(|(other, stand)| *other != index && stand.takes_traffic).peekable();
    others.peek()?;
    let stays = others.any(|(other, stand)| stand.healthy && !busy.contains(&other));
    let recovering = busy
        .iter()
        .any(|other| *other != index && stands.get(*other).is_some_and(|stand| stand.takes_traffic));
    let why = Why::LastHealthyStamp { recovering };
    (!stays).then(|| Reason::new(Gate::Wave, Subject::Stamp(stand.name.clone()), why))
}

/// The next restart of an admitted stamp, or why it has to wait.
fn next_step(
    ctx: &Context<'_>,
    facts: &StampFacts,
    stand: &StampStand,
    last: Option<Reason>,
) -> Result<Step, Vec<Reason>> {
    // One rollout at a time in a stamp: they take the same room.
    let in_flight = ctx.holding(stand.in_flight().cloned().collect());
    if !in_flight.is_empty() {
        return Err(in_flight);
    }
    let next = stand.workloads.iter().find(|(_, workload)| *workload != WorkloadStand::Done);
    let Some((name, workload)) = next else { return Err(stand.behind.clone()) };
    let last = ctx.holding(last.into_iter().collect());
    match workload {
        WorkloadStand::Missing(reason) => Err(vec![reason.clone()]),
        // Accepted or not: it is restarted once, and what comes of that is waited for.
        WorkloadStand::InFlight(reason) if is_our_rollout(ctx, facts, name) => Err(vec![reason.clone()]),
        WorkloadStand::Todo | WorkloadStand::InFlight(_) if !last.is_empty() => Err(last),
        WorkloadStand::Todo | WorkloadStand::InFlight(_) => restart(ctx, facts, name),
        WorkloadStand::Done => Err(Vec::new()),
    }
}

/// Whether the template bears a mark of ours.
fn is_our_rollout(ctx: &Context<'_>, facts: &StampFacts, name: &WorkloadName) -> bool {
    let seen = ctx.world.clusters.get(&facts.name).and_then(|seen| seen.get());
    let mark = seen.and_then(|cluster| cluster.workload(name)?.restarted_at.as_deref());
    ctx.fold.steps.values().any(|record| match &record.intent.step {
        Step::Restart { leg, stamp, workload, restarted_at, .. } => {
            *leg == ctx.leg && *stamp == facts.name && workload == name && mark == Some(restarted_at.as_str())
        }
        _ => false,
    })
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
    reasons.extend(clocks_agree(&facts.name, cluster));
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
    let spent = ctx.holding(within_budget(ctx, facts, name, &step));
    if !spent.is_empty() {
        return Err(spent);
    }
    // The same mark written twice changes nothing.
    may_try(ctx, Gate::RolloutSettled, &subject, &step, Repeat::Harmless).map_err(|reason| vec![*reason])?;
    Ok(step)
}

/// A restart of which nobody knows whether it arrived is sent again: that makes no other rollout.
fn within_budget(ctx: &Context<'_>, facts: &StampFacts, name: &WorkloadName, step: &Step) -> Vec<Reason> {
    let Step::Restart { restarted_at, .. } = step else { return Vec::new() };
    let Some(restarts) = ctx.fold.restarts.get(&(ctx.leg, facts.name.clone(), name.clone())) else {
        return Vec::new();
    };
    if restarts.is_open(restarted_at) || restarts.count() < ctx.policy.restart_budget.max(1) {
        return Vec::new();
    }
    let subject = Subject::Workload(facts.name.clone(), name.clone());
    vec![Reason::new(Gate::RestartBudget, subject, Why::BudgetSpent { restarts: restarts.count() })]
}
