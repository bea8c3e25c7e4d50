//! Regenerate: the one step that cannot be taken back. Every gate again, each piece of evidence within its own
//! maximum age, and never a second one while the first may be under way.

use std::time::Duration;

use super::super::attempt::{Repeat, may_try};
use super::super::predicate::{
    all_listed, approved, cluster_known, delivered_elsewhere, key_quiet, keys_allowed, known_consumers,
    known_readers, lease_held, logs_go_back, logs_up_to_date, may_regenerate, metrics_up_to_date, no_hazard,
    nodes_heard, none_refused, old_pods_gone, other_runs, propagated, release_known, slot_unused, synced,
    target_proven,
};
use super::super::reason::later;
use super::super::{
    Context, Gate, Outcome, Produced, Purpose, Reason, Stand, Step, StepRecord, Subject, Why,
};
use super::unanswered::{LONGEST, settle};
use crate::model::{EvidenceKey, OperationState, Slot};

/// The step that retires this rotation's key.
pub fn retire(ctx: &Context<'_>) -> Step {
    Step::Regenerate { kind: ctx.opened.retires(), purpose: Purpose::Retire }
}

pub fn stand(ctx: &Context<'_>) -> Stand {
    let step = retire(ctx);
    match ctx.account(Gate::Regenerated, ctx.policy.ages.ordinary) {
        Err(reason) => return Stand::Held(vec![*reason]),
        // Gone already, by whatever hands: confirm looks at the rest.
        Ok(account) if ctx.is_renewed(account.key(ctx.opened.retires())) => return Stand::Passed,
        Ok(_) => {}
    }
    if let Some(record) = ctx.record(&step)
        && let Some(stand) = under_way(ctx, record, &step)
    {
        return match stand {
            Stand::Held(reasons) => Stand::Held(reasons.into_iter().chain(meanwhile(ctx)).collect()),
            other => other,
        };
    }
    let from = ctx.opened.from;
    // What was put off is not looked into before its time. What was sent is settled: `under_way` has seen to that.
    if let Err(reason) = may_try(ctx, Gate::Regenerated, &Subject::Key(from), &step, Repeat::Harmless) {
        return Stand::Held(vec![*reason]);
    }
    let fresh = ctx.policy.ages.regenerate;
    let mut reasons = slot_unused(ctx, from, fresh);
    if let Ok(code) = ctx.code(Gate::SlotUnused, fresh) {
        reasons.extend(release_known(code));
    }
    reasons.extend(nobody_holds(ctx, from, fresh));
    reasons.extend(none_refused(ctx, fresh));
    reasons.extend(logs_up_to_date(ctx, fresh));
    reasons.extend(logs_go_back(ctx, fresh));
    reasons.extend(metrics_up_to_date(ctx, fresh));
    reasons.extend(target_proven(ctx, from.other(), fresh));
    reasons.extend(may_fire(ctx, from, fresh));
    let reasons = with_lease_last(ctx, ctx.holding(reasons));
    if reasons.is_empty() { Stand::Act(vec![step]) } else { Stand::Held(reasons) }
}

/// A lease that is free is taken when nothing else holds: nobody who only waits needs one.
pub fn with_lease_last(ctx: &Context<'_>, mut reasons: Vec<Reason>) -> Vec<Reason> {
    if reasons.iter().any(|one| !one.is_free_lease(ctx.now)) {
        reasons.retain(|one| !one.is_free_lease(ctx.now));
    }
    reasons
}

/// Other hands may bring the dying key back: that is told at once, and mended in confirm.
fn meanwhile(ctx: &Context<'_>) -> Vec<Reason> {
    let max = ctx.policy.ages.ordinary;
    let back = ctx.policy.stamps.iter().flat_map(|stamp| propagated(ctx, &stamp.name, ctx.target(), max));
    let back = back.filter(|one| matches!(one.why, Why::VaultHolds { .. }) || one.is_blindness());
    ctx.holding(other_runs(ctx, max).into_iter().chain(back).collect())
}

/// Every vault and every synced Secret holds the other slot's key, everybody who gets it is known, no pod is older than
/// that, and the service has seen no use but by readers of whom somebody has taken care; the code names no others.
pub fn nobody_holds(ctx: &Context<'_>, slot: Slot, max: Duration) -> Vec<Reason> {
    let mut reasons = Vec::new();
    for stamp in &ctx.policy.stamps {
        reasons.extend(propagated(ctx, &stamp.name, slot.other(), max));
        reasons.extend(synced(ctx, &stamp.name, slot.other(), max));
        reasons.extend(known_consumers(ctx, &stamp.name, max));
        reasons.extend(cluster_known(ctx, &stamp.name, max));
        reasons.extend(old_pods_gone(ctx, &stamp.name, max));
        reasons.extend(nodes_heard(ctx, &stamp.name, max));
    }
    reasons.extend(all_listed(ctx, max));
    reasons.extend(key_quiet(ctx, slot, max));
    reasons.extend(known_readers(ctx, slot, max));
    reasons.extend(delivered_elsewhere(ctx, slot, max));
    reasons
}

/// The account is idle, nothing else is about to write, and we are allowed to.
pub fn may_fire(ctx: &Context<'_>, slot: Slot, max: Duration) -> Vec<Reason> {
    let mut reasons = keys_allowed(ctx, max);
    if let Ok(account) = ctx.account(Gate::Regenerated, max)
        && !account.idle()
    {
        let state = account.provisioning.clone();
        reasons.push(Reason::new(Gate::Regenerated, Subject::Key(slot), Why::AccountBusy { state }));
    }
    reasons.extend(no_hazard(ctx, max));
    reasons.extend(may_regenerate(ctx, max));
    reasons.extend(approved(ctx, slot));
    reasons.extend(lease_held(ctx));
    reasons
}

/// Follows a regeneration that may have been sent. `None` when it is settled that it changed nothing: then it may be tried
/// again under all gates. Whatever is not settled is followed, or is for a person.
pub fn under_way(ctx: &Context<'_>, record: &StepRecord, step: &Step) -> Option<Stand> {
    let Step::Regenerate { kind, .. } = step else { return None };
    let gate = Gate::Regenerated;
    let subject = Subject::Key(kind.slot);
    let held = |why| Some(Stand::Held(vec![Reason::new(gate, subject.clone(), why)]));
    if let Some((_, Outcome::NotSent { .. } | Outcome::Refused { .. })) = &record.outcome {
        return None;
    }
    let account = match ctx.account(gate, ctx.policy.ages.ordinary) {
        Ok(account) => account,
        Err(reason) => return Some(Stand::Held(vec![*reason])),
    };
    let key = account.key(*kind);
    let newer = key.generated > record.intent.generation_before
        && (*kind != ctx.opened.retires() || ctx.is_renewed(key));
    if newer && account.idle() {
        return Some(Stand::Passed);
    }
    if ctx.without.contains(&gate) {
        return None;
    }
    match &record.outcome {
        Some((_, Outcome::Applied { produced: Produced::Operation(_) })) => {
            // A failed operation has changed no key; somebody has looked and asked to go on.
            if record.resumed && operation_failed(ctx) {
                return None;
            }
            // Its address tells nothing any more: the account and its log do.
            if operation_lost(ctx) && account.idle() {
                return settle(ctx, record, *kind);
            }
            // As where the service named none.
            if operation_lost(ctx) {
                return held(Why::AccountBusy { state: account.provisioning.clone() });
            }
            // What takes longer than any has taken, while nothing is under way there, is not waited for any more.
            let endless = operation_seen(ctx) && later(record.intended_at, LONGEST) <= ctx.now;
            if endless && account.idle() && !operation_failed(ctx) {
                return settle(ctx, record, *kind);
            }
            following(ctx, kind.slot)
        }
        Some((_, Outcome::Applied { .. })) if account.idle() => settle(ctx, record, *kind),
        Some((_, Outcome::Applied { .. })) => held(Why::AccountBusy { state: account.provisioning.clone() }),
        None | Some((_, Outcome::Unknown { .. })) if account.idle() => settle(ctx, record, *kind),
        None | Some((_, Outcome::Unknown { .. })) => {
            held(Why::AccountBusy { state: account.provisioning.clone() })
        }
        Some((_, Outcome::NotSent { .. } | Outcome::Refused { .. })) => None,
    }
}

fn operation_failed(ctx: &Context<'_>) -> bool {
    let state = ctx.world.operation.as_ref().and_then(|seen| seen.get());
    matches!(state, Some(OperationState::Failed(_)))
}

fn operation_seen(ctx: &Context<'_>) -> bool {
    ctx.world.operation.as_ref().is_some_and(|seen| seen.get().is_some())
}

fn operation_lost(ctx: &Context<'_>) -> bool {
    let blind = ctx.world.operation.as_ref().and_then(|seen| seen.what.as_ref().err());
    blind.is_some_and(|blind| blind.kind.is_refusal())
}

fn following(ctx: &Context<'_>, slot: Slot) -> Option<Stand> {
    let hold = |why| Some(Stand::Held(vec![Reason::new(Gate::Regenerated, Subject::Key(slot), why)]));
    let Some(seen) = &ctx.world.operation else {
        return hold(Why::NotSeen(EvidenceKey::Operation));
    };
    match &seen.what {
        Err(blind) => hold(Why::Blind { evidence: EvidenceKey::Operation, blind: blind.clone() }),
        Ok(OperationState::Running(pause)) => {
            let pause = pause.unwrap_or(ctx.policy.pace.account).max(ctx.policy.pace.account);
            let until = later(seen.at, pause);
            if until <= ctx.now {
                return hold(Why::NotSeen(EvidenceKey::Operation));
            }
            hold(Why::OperationRunning { until })
        }
        Ok(OperationState::Succeeded) => hold(Why::GenerationNotNewer),
        Ok(OperationState::Failed(why)) => hold(Why::OperationFailed { why: why.clone() }),
    }
}
