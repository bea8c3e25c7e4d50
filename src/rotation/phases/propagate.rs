//! Propagate: every stamp's vault holds the target key. Restart asks again, stamp by stamp.
//!
//! Where no pipeline writes the vaults and the policy says so, keyslot does: only over the key that is to go, only
//! with a key that has just been proven, and each vault's version once. What a person set by hand stays, and holds.

use super::super::attempt::{Repeat, may_have_been_sent, may_try};
use super::super::predicate::{counts_as_propagated, none_in_the_making, propagated, target_proven};
use super::super::{Context, Gate, Phase, Reason, Stand, Step, StepRecord, Subject, Why};
use crate::model::{KeyKind, Propagation, Route, StampName};

pub fn stand(ctx: &Context<'_>) -> Stand {
    let (mut steps, mut reasons) = (Vec::new(), Vec::new());
    for stamp in &ctx.policy.stamps {
        for reason in ctx.holding(seen(ctx, &stamp.name)) {
            match write(ctx, &stamp.name, &reason) {
                Some(Ok(step)) => steps.push(step),
                Some(Err(why)) => reasons.push(*why),
                None => reasons.push(told(ctx, reason)),
            }
        }
    }
    if steps.is_empty() {
        return Stand::unless(reasons);
    }
    let mut unproven = ctx.holding(target_proven(ctx, ctx.target(), ctx.policy.ages.proof));
    unproven.extend(ctx.holding(none_in_the_making(ctx, ctx.policy.ages.restart)));
    match (unproven.is_empty(), reasons.is_empty()) {
        (false, _) => Stand::Held(unproven.into_iter().chain(reasons).collect()),
        (true, true) => Stand::Act(steps),
        (true, false) => Stand::ActAndHeld(steps, reasons),
    }
}

/// Whether the vault holds the target key. Where keyslot writes it, it is written by what was seen just now.
fn seen(ctx: &Context<'_>, stamp: &StampName) -> Vec<Reason> {
    let counted = counts_as_propagated(ctx, stamp, ctx.target());
    match ctx.policy.propagation {
        Propagation::Write if !ctx.has_reached(Phase::Restart) || !counted.is_empty() => {
            propagated(ctx, stamp, ctx.target(), ctx.policy.ages.restart)
        }
        Propagation::Write | Propagation::Pipeline => counted,
    }
}

/// On the route of the next release, a vault that stands on the other slot belongs to a unit that has to go.
fn told(ctx: &Context<'_>, reason: Reason) -> Reason {
    match reason.why {
        Why::VaultHolds { slot: Some(slot), wanted }
            if ctx.opened.route == Route::NextRelease && slot != wanted =>
        {
            Reason { why: Why::UnitOfOlderCode { slot, wanted }, ..reason }
        }
        why => Reason { why, ..reason },
    }
}

/// How often the vault may have been written. Whoever writes it back each time is for a person to find.
fn written(ctx: &Context<'_>, of: &StampName) -> usize {
    let ours = |record: &&StepRecord| match &record.intent.step {
        Step::WriteSecret { leg, stamp, .. } => *leg == ctx.leg && stamp == of && may_have_been_sent(record),
        _ => false,
    };
    ctx.fold.steps.values().filter(ours).count()
}

/// The step that would end the reason, where the vault holds the key that everybody is to leave. What else it holds is
/// somebody's own doing, the other kind of key in that slot included.
fn write(ctx: &Context<'_>, stamp: &StampName, reason: &Reason) -> Option<Result<Step, Box<Reason>>> {
    if ctx.policy.propagation != Propagation::Write || !matches!(reason.why, Why::VaultHolds { .. }) {
        return None;
    }
    let kind = KeyKind { slot: ctx.target(), access: ctx.opened.access };
    let account = ctx.account(Gate::Propagated, ctx.policy.ages.ordinary).ok()?;
    let vault = ctx.vault(stamp, Gate::Propagated, ctx.policy.ages.restart).ok()?;
    let subject = Subject::Stamp(stamp.clone());
    let left = &account.key(KeyKind { slot: kind.slot.other(), ..kind }).fingerprint;
    // After the regeneration, the key that died is put right like the one that took its place.
    let known = [left.as_ref(), ctx.opened.retired_fingerprint.as_ref()];
    if !known.contains(&Some(&vault.fingerprint)) || written(ctx, stamp) >= ctx.policy.restart_budget.max(1) {
        let by_hand = Why::VaultByHand { wanted: kind.slot };
        return Some(Err(Box::new(Reason::new(Gate::Propagated, subject, by_hand))));
    }
    let step =
        Step::WriteSecret { leg: ctx.leg, stamp: stamp.clone(), kind, replaces: vault.version.clone() };
    let settle = Repeat::After(ctx.policy.settle);
    Some(may_try(ctx, Gate::Propagated, &subject, &step, settle).map(|()| step))
}
