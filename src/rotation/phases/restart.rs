//! Restart: canary stamp, soak, then the rest in waves; within a stamp the workloads in their order.
//!
//! Whoever replaced the pods, they are left alone when they are young enough; what is restarted is restarted late
//! enough to be so. A stamp whose restart was just sent, and that nobody has seen since, keeps no other waiting: it
//! counts as being worked on, and as not healthy. So does one that is through, until it is known whom the account refuses
//! of it. Pods look healthy with a dead key, so where the logs tell, a refusal
//! stops everything, and the soak lasts until they have told of all of it. The last healthy stamp that takes traffic
//! is never touched, and the first rollout that fails stops every stamp.

use super::super::attempt::{Repeat, may_try};
use super::super::predicate::{
    clocks_agree, cluster_steady, consumers, logs_up_to_date, metrics_up_to_date, nodes_have_room,
    none_in_the_making, none_refused, other_runs, propagated, propagated_to, rollout_settled, room, settled,
    synced, target_proven, workload_ready,
};
use super::super::reason::later;
use super::super::stamps::{StampStand, WorkloadStand, is_between_looks, mark, restart_step, stand_of};
use super::super::wave::{admitted, last_healthy, missing, rests};
use super::super::{Context, Gate, Reach, Reason, Stand, Step, Subject, Why};
use crate::model::{
    ClusterView, EvidenceKey, PodView, Route, StampFacts, VaultView, WorkloadName, WorkloadView,
};

pub fn stand(ctx: &Context<'_>) -> Stand {
    if ctx.opened.route == Route::NextRelease && !matches!(ctx.reach, Reach::Restart { .. }) {
        // New units start with the new key; pods that do not are waited for, and nothing is restarted.
        return Stand::Passed;
    }
    let mut stands = Vec::new();
    let mut reasons = Vec::new();
    let mut unseen = Vec::new();
    for facts in &ctx.policy.stamps {
        match stand_of(ctx, facts) {
            Ok(stand) => stands.push(stand),
            Err(reason) if is_between_looks(ctx, facts, &reason) => {
                stands.push(StampStand::between_looks(ctx, facts, &reason));
                unseen.push(*reason);
            }
            Err(reason) => reasons.push(*reason),
        }
    }
    if !reasons.is_empty() {
        return Stand::Held(reasons.into_iter().chain(unseen).collect());
    }
    if stands.iter().all(StampStand::is_done) {
        return Stand::unless(ctx.holding(none_refused(ctx, ctx.policy.ages.ordinary)));
    }
    // Once the old key is gone, whoever is refused may hold it: these restarts end that, and are not stopped by it.
    let mut stopped = match ctx.old_key_is_gone() {
        true => Vec::new(),
        false => none_refused(ctx, ctx.policy.ages.restart),
    };
    // The first rollout that fails stops everything, whoever began it and wherever it is.
    stopped
        .extend(stands.iter().flat_map(StampStand::in_flight).filter(|reason| has_failed(reason)).cloned());
    let stopped = ctx.holding(stopped);
    if !stopped.is_empty() {
        return Stand::Held(unseen.into_iter().chain(stopped).collect());
    }
    // What has failed and was accepted keeps nobody else waiting, and is told where nothing else is left to do.
    let mut left = Vec::new();
    let (mut steps, mut restarted) = (Vec::new(), Vec::new());
    let wave = admitted(ctx, &stands, &mut reasons);
    for index in &wave.admitted {
        let (Some(stand), Some(facts)) = (stands.get(*index), ctx.policy.stamps.get(*index)) else {
            continue;
        };
        match next_step(ctx, facts, stand, last_healthy(*index, stand, &wave.busy)) {
            Ok(step) => {
                steps.push(step);
                restarted.push(*index);
            }
            Err(more) => {
                let (given_up, more): (Vec<Reason>, Vec<Reason>) =
                    more.into_iter().partition(|reason| reason.is_given_up(ctx));
                left.extend(given_up);
                reasons.extend(more);
            }
        }
    }
    if !steps.is_empty() {
        let mut lacking = rests(ctx, &stands, &wave, &restarted);
        lacking.extend(ctx.holding(logs_up_to_date(ctx, ctx.policy.ages.restart)));
        lacking.extend(ctx.holding(metrics_up_to_date(ctx, ctx.policy.ages.restart)));
        if !lacking.is_empty() {
            // Where only a look is missing, it is decided on anew after it.
            steps.clear();
            reasons.extend(lacking);
        }
    }
    if reasons.iter().any(|reason| matches!(reason.why, Why::WaveSettling { .. })) {
        reasons.extend(wave.untold);
    }
    reasons.extend(missing(&stands, &reasons));
    if steps.is_empty() && reasons.is_empty() {
        reasons = left;
    }
    match (steps.is_empty(), reasons.is_empty()) {
        (true, _) => {
            // Who may put the old slot back meanwhile is told before somebody lets it go on.
            reasons.extend(ctx.holding(other_runs(ctx, ctx.policy.ages.ordinary)));
            Stand::Held(reasons)
        }
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
    let since = |pod: &PodView| later(propagated_to(pod, vault, cluster), ctx.policy.vault_lag);
    let other = |pod: &&PodView| pod.mounts_other(&vault.version);
    let young = cluster.pods_of(name).filter(other).any(|pod| pod.created > since(pod));
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
    reasons.extend(none_in_the_making(ctx, ages.restart));
    let cluster = ctx.cluster(&facts.name, Gate::Preflight, ages.restart).map_err(|reason| vec![*reason])?;
    let vault = ctx.vault(&facts.name, Gate::Preflight, ages.restart).map_err(|reason| vec![*reason])?;
    reasons.extend(cluster_steady(&facts.name, cluster));
    reasons.extend(clocks_agree(&facts.name, cluster));
    reasons.extend(consumers(ctx, &facts.name, cluster, Some(vault)));
    reasons.extend(vault_seen_after(ctx, facts, name, vault, cluster));
    reasons.extend(workload_ready(&facts.name, name, cluster));
    if let Some(workload) = cluster.workload(name) {
        reasons.extend(rollout_settled(ctx, &facts.name, workload, cluster));
        reasons.extend(undone(ctx, facts, vault, workload));
    }
    reasons.extend(room(ctx, &facts.name, name, cluster));
    reasons.extend(nodes_have_room(&facts.name, name, cluster));
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

/// Our restart has failed and is not to be seen in the template any more.
fn undone(
    ctx: &Context<'_>,
    facts: &StampFacts,
    vault: &VaultView,
    workload: &WorkloadView,
) -> Option<Reason> {
    let (stamp, name) = (&facts.name, &workload.name);
    let record = ctx.record(&restart_step(ctx, stamp, name, vault, String::new()))?;
    let Step::Restart { restarted_at, .. } = &record.intent.step else { return None };
    let there = workload.restarted_at.as_ref() == Some(restarted_at);
    let subject = Subject::Workload(stamp.clone(), name.clone());
    let why = Why::FailedRestartUndone { restarted_at: restarted_at.clone() };
    (!there && ctx.fold.has_failed(ctx.leg, stamp, name, restarted_at))
        .then(|| Reason::new(Gate::RolloutSettled, subject, why))
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
