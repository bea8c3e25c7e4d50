//! Prepare: the account allows keys, and the target slot's key is proven to work. Where it is older than policy
//! says, it is regenerated first, under the gates of any regeneration. And the workloads can be restarted later.

use std::time::Duration;

use super::super::attempt::{Repeat, may_try};
use super::super::predicate::{
    all_listed, clocks_agree, cluster_known, cluster_of_other, consumers, counts_as_propagated, keys_allowed,
    logs_readable, metrics_asked, room, slot_unused, target_proven, vault_sound, workload_ready,
};
use super::super::stamps::{WorkloadStand, silent_nodes, stand_of};
use super::super::{Context, Gate, Purpose, Reach, Reason, Stand, Step, Subject, Why};
use super::propose::proposable;
use super::regenerate;
use crate::model::{KeyKind, StampFacts, WorkloadName};

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

/// What would stop it later is said before the first effect: a vault that cannot be read or holds no key, a cluster that
/// does not answer, a workload that is missing, paused, replaced all at once or not at all, has no room, or is unhealthy
/// already; a consumer that nobody named.
pub fn preflight(ctx: &Context<'_>) -> Vec<Reason> {
    let gate = Gate::Preflight;
    let mut reasons = all_listed(ctx, ctx.policy.ages.ordinary);
    reasons.extend(logs_readable(ctx, ctx.policy.ages.ordinary));
    reasons.extend(metrics_asked(ctx, ctx.policy.ages.ordinary));
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
        let moved = moved(ctx, stamp);
        for name in ctx.policy.workloads.iter().filter(|name| !moved.contains(name)) {
            reasons.extend(workload_ready(&stamp.name, name, cluster));
            reasons.extend(room(ctx, &stamp.name, name, cluster));
            if let Some(workload) = cluster.workload(name)
                && workload.available < workload.desired
            {
                let (available, desired) = (workload.available, workload.desired);
                let subject = Subject::Workload(stamp.name.clone(), name.clone());
                reasons.push(Reason::new(
                    gate,
                    subject,
                    Why::Unhealthy { available, desired, silent: silent_nodes(workload, cluster) },
                ));
            }
        }
    }
    reasons
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
        Why::OldPods { pods, terminating: 0 } => Reason { why: Why::OldPodsStay { pods }, ..reason },
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
    if !reasons.is_empty() {
        reasons.push(old);
        return Stand::Held(reasons);
    }
    Stand::Act(vec![step])
}
