//! Prepare: the account allows keys, and the target slot's key is proven to work. Where it is older than policy
//! says, it is regenerated first, under the gates of any regeneration. And the workloads can be restarted later.

use std::time::Duration;

use super::super::attempt::{Repeat, may_try};
use super::super::foresight::canary;
use super::super::predicate::{
    all_listed, clocks_agree, cluster_known, cluster_of_other, cluster_steady, consumers,
    counts_as_propagated, keys_allowed, logs_readable, may_restart, metrics_asked, no_right_missing,
    nodes_have_room, rollout_failed, room, rules_allow, slot_unused, store_shared, target_proven,
    vault_sound, workload_ready,
};
use super::super::stamps::{WorkloadStand, silent_nodes, stand_of};
use super::super::{Context, Gate, Purpose, Reach, Reason, Stand, Step, Subject, Why};
use super::propose::proposable;
use super::regenerate;
use crate::model::{ClusterView, KeyKind, StampFacts, StampName, WorkloadName, WorkloadView};

pub fn stand(ctx: &Context<'_>) -> Stand {
    let ages = &ctx.policy.ages;
    let reasons = ctx.holding(keys_allowed(ctx, ages.ordinary));
    if !reasons.is_empty() {
        return Stand::Held(reasons);
    }
    if let Some(max) = ctx.policy.max_target_age
        && !ctx.has_reached(super::super::Phase::Propose)
    {
        let stand = young_enough(ctx, max);
        if stand != Stand::Passed {
            return stand;
        }
    }
    if ctx.has_reached(super::super::Phase::Propose) {
        // Proven once to come here; every later effect asks for a fresh proof of its own.
        return Stand::Passed;
    }
    if ctx.reach.only_proposes() {
        // Whoever goes on from the proposal is held by the same, each at its own gate.
        return Stand::unless(ctx.holding(proposable(ctx)));
    }
    let mut reasons = ctx.holding(target_proven(ctx, ctx.target(), ages.proof));
    reasons.extend(ctx.holding(preflight(ctx)));
    Stand::unless(reasons)
}

/// What would stop it later is said before the first effect: a store that is not shared, a right that is missing, a branch rule
/// that refuses what is to be done; a vault that
/// cannot be read or holds no key, a cluster that does not answer, a workload that is missing, paused, replaced all at once or
/// not at all, has no room, is unhealthy already or in a rollout that does not get on; a consumer that nobody named. Of the
/// stamp that is restarted first, also a cluster that is being changed, and pods that wait for a node.
pub fn preflight(ctx: &Context<'_>) -> Vec<Reason> {
    let gate = Gate::Preflight;
    let mut reasons = equipped(ctx);
    reasons.extend(all_listed(ctx, ctx.policy.ages.ordinary));
    reasons.extend(logs_readable(ctx, ctx.policy.ages.ordinary));
    reasons.extend(metrics_asked(ctx, ctx.policy.ages.ordinary));
    if *ctx.reach == Reach::Whole {
        reasons.extend(rules_allow(ctx));
    }
    let first = canary(ctx.policy, ctx.world).map(|first| &first.name);
    for stamp in &ctx.policy.stamps {
        reasons.extend(vault_sound(ctx, &stamp.name, ctx.policy.ages.ordinary));
        let cluster = match ctx.cluster(&stamp.name, gate, ctx.policy.ages.ordinary) {
            Ok(cluster) => cluster,
            Err(reason) => {
                reasons.push(*reason);
                continue;
            }
        };
        if !cluster.state.has_pods() {
            reasons.extend(cluster_known(ctx, &stamp.name, ctx.policy.ages.ordinary));
            continue;
        }
        reasons.extend(clocks_agree(&stamp.name, cluster));
        reasons.extend(cluster_of_other(ctx, &stamp.name, cluster));
        reasons.extend(consumers(ctx, &stamp.name, cluster, None));
        if restarts(ctx, &stamp.name) {
            reasons.extend(may_restart(ctx, &stamp.name, ctx.policy.ages.ordinary));
        }
        let moved = moved(ctx, stamp);
        // The restart asks each stamp anew: of many clusters some are always being upgraded, or have pods that wait.
        let is_first = first.is_none_or(|first| *first == stamp.name);
        if is_first && ctx.policy.workloads.iter().any(|name| !moved.contains(&name)) {
            reasons.extend(cluster_steady(&stamp.name, cluster));
        }
        for name in ctx.policy.workloads.iter().filter(|name| !moved.contains(name)) {
            reasons.extend(workload_ready(&stamp.name, name, cluster));
            reasons.extend(room(ctx, &stamp.name, name, cluster));
            reasons.extend(nodes_have_room(&stamp.name, name, cluster).filter(|_| is_first));
            let unhealthy =
                cluster.workload(name).and_then(|workload| unhealthy(ctx, stamp, workload, cluster));
            reasons.extend(unhealthy.map(|why| {
                let subject = Subject::Workload(stamp.name.clone(), name.clone());
                Reason::new(gate, subject, why)
            }));
        }
    }
    reasons
}

/// What a regeneration takes of keyslot itself, each at the gate that would hold it at the end. Who only restarts needs none of
/// it; what is not told of rights holds nothing here, and neither does one that ends: it may be given anew.
fn equipped(ctx: &Context<'_>) -> Vec<Reason> {
    if !matches!(ctx.reach, Reach::Whole | Reach::Regenerate) {
        return Vec::new();
    }
    let mut reasons = store_shared(ctx);
    reasons.extend(no_right_missing(ctx, ctx.policy.ages.ordinary));
    reasons
}

/// Whether the stamp is restarted by what was asked for.
fn restarts(ctx: &Context<'_>, stamp: &StampName) -> bool {
    matches!(ctx.reach, Reach::Whole | Reach::Restart { .. }) && ctx.reach.asks_for(stamp)
}

/// A release that never came up, though the pods before it serve; or fewer pods than wanted.
fn unhealthy(
    ctx: &Context<'_>,
    stamp: &StampFacts,
    workload: &WorkloadView,
    cluster: &ClusterView,
) -> Option<Why> {
    let (available, desired) = (workload.available, workload.desired);
    let lacks = || Why::Unhealthy { available, desired, silent: silent_nodes(workload, cluster) };
    rollout_failed(workload, cluster, ctx.cluster_seen_at(&stamp.name))
        .or_else(|| (available < desired).then(lacks))
}

/// The workloads of which a restart alone has nothing left to do: their vault holds the target key, and their pods are younger than
/// that, whoever replaced them. How they would be restarted holds nothing.
fn moved<'a>(ctx: &'a Context<'_>, stamp: &StampFacts) -> Vec<&'a WorkloadName> {
    let alone = matches!(ctx.reach, Reach::Restart { .. });
    if !alone || !counts_as_propagated(ctx, &stamp.name, ctx.target()).is_empty() {
        return Vec::new();
    }
    let Ok(stand) = stand_of(ctx, stamp) else { return Vec::new() };
    let done = |name: &&WorkloadName| {
        stand.workloads.iter().any(|(of, stand)| of == *name && *stand == WorkloadStand::Done)
    };
    ctx.policy.workloads.iter().filter(done).collect()
}

/// Nothing is restarted before everybody moves: pods of which nobody can say which key they hold stay, until a person
/// restarts them.
fn for_a_person(reason: Reason) -> Reason {
    match reason.why {
        Why::OldPods { pods, terminating: 0, .. } => Reason { why: Why::OldPodsStay { pods }, ..reason },
        why => Reason { why, ..reason },
    }
}

fn young_enough(ctx: &Context<'_>, max: Duration) -> Stand {
    let gate = Gate::TargetYoung;
    let slot = ctx.target();
    let kind = KeyKind { slot, access: ctx.opened.access };
    let account = match ctx.account(gate, ctx.policy.ages.ordinary) {
        Ok(account) => account,
        Err(reason) => return Stand::Held(vec![*reason]),
    };
    let age = account.key(kind).generated.map(|at| {
        let age: Duration = ctx.now.duration_since(at).try_into().unwrap_or(Duration::ZERO);
        age
    });
    let old = Reason::new(gate, Subject::Key(slot), Why::TargetTooOld { age, max });
    if age.is_some_and(|age| age <= max) {
        return Stand::Passed;
    }
    let step = Step::Regenerate { kind, purpose: Purpose::Prepare };
    if let Some(record) = ctx.record(&step)
        && let Some(stand) = regenerate::under_way(ctx, record, &step)
    {
        return stand;
    }
    // What is under way is not stopped by accepting the age.
    if ctx.holding(vec![old.clone()]).is_empty() {
        return Stand::Passed;
    }
    if let Err(reason) = may_try(ctx, gate, &Subject::Key(slot), &step, Repeat::Harmless) {
        return Stand::Held(vec![*reason]);
    }
    let fresh = ctx.policy.ages.regenerate;
    let mut reasons = ctx.holding(slot_unused(ctx, slot, fresh));
    // Who reads it already does not leave it by waiting. What is to be accepted comes first.
    if reasons.iter().any(|one| matches!(one.why, Why::SlotNamed { .. } | Why::BranchReads { .. })) {
        let why = format!(
            "code or vaults read it already, so it cannot be replaced: accept its age (target-young:{slot}), or close \
             this rotation"
        );
        let refused = Reason::new(gate, Subject::Key(slot), Why::StepRefused { step: step.to_string(), why });
        return Stand::Held([old, refused].into_iter().chain(reasons).collect());
    }
    let holders = ctx.holding(regenerate::nobody_holds(ctx, slot, fresh));
    reasons.extend(holders.into_iter().map(for_a_person));
    reasons.extend(ctx.holding(regenerate::may_fire(ctx, slot, fresh)));
    let mut reasons = regenerate::with_lease_last(ctx, reasons);
    if !reasons.is_empty() {
        reasons.push(old);
        return Stand::Held(reasons);
    }
    Stand::Act(vec![step])
}
