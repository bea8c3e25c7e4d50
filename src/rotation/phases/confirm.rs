//! Confirm: the retired slot has a new key, and every region takes it, for as long as policy says. Meanwhile vaults
//! and pods are watched: what other hands take back to the old slot is mended at once, for it may be the key that
//! died; and a run that would do so is told while it waits to be let on. Whom the account refuses at the end of that time is
//! told too, and nothing is confirmed over it: it may be a reader that was left with the dead key.
//!
//! A machine that the account's network rules keep out cannot ask. Generation time and fingerprint tell that the key is
//! new, and nothing but a signed request tells that a region takes it: nobody uses it yet, so no log does either. Then a
//! person is called, to go on from where requests are let in. That hurts nobody: everybody is on the other key.
//!
//! For as long as policy says means by probes that are close enough: each counts for a third of the window at most
//! ([`Proven`](super::super::Proven) says why), so four are the fewest that confirm a key, and a command that comes by from time to
//! time gets through too.

use super::super::predicate::{new_key_accepted, none_refused, other_runs, regenerated, told_until};
use super::super::{Context, Event, Gate, Stand};
use super::reconcile::followers;
use crate::model::KeyKind;
use jiff::Timestamp;

pub fn stand(ctx: &Context<'_>) -> Stand {
    let max = ctx.policy.ages.ordinary;
    let reasons = ctx.holding(regenerated(ctx, max));
    if !reasons.is_empty() {
        return Stand::Held(reasons);
    }
    if let Some(event) = news(ctx) {
        return Stand::Record(Box::new(event));
    }
    let reasons = ctx.holding(new_key_accepted(ctx, ctx.policy.ages.proof));
    if reasons.is_empty() {
        let mut refused = none_refused(ctx, max);
        refused.extend(told_until(ctx, window_ends(ctx)));
        let refused = ctx.holding(refused);
        if refused.is_empty() {
            return Stand::Record(Box::new(Event::Confirmed));
        }
        return Stand::Held(refused).and(|| followers(ctx));
    }
    let told = ctx.holding(other_runs(ctx, max));
    Stand::Held(reasons.into_iter().chain(told).collect()).and(|| followers(ctx))
}

/// When the new key had been accepted for as long as policy says; now, where nobody has counted.
fn window_ends(ctx: &Context<'_>) -> Timestamp {
    let proven = ctx.fold.proven.as_ref();
    let (window, reach) = (ctx.policy.confirm_window, ctx.policy.confirm_reach());
    proven.map_or(ctx.now, |proven| proven.comes_to(window, reach))
}

/// What the newest proof changes in the journal's count of acceptance.
fn news(ctx: &Context<'_>) -> Option<Event> {
    let slot = ctx.opened.from;
    let account = ctx.account(Gate::NewKeyAccepted, ctx.policy.ages.ordinary).ok()?;
    let proof = ctx.proof(slot, Gate::NewKeyAccepted, ctx.policy.ages.proof).ok()?;
    let current = account.key(KeyKind { slot, access: ctx.opened.access }).fingerprint.clone()?;
    let retired = ctx.opened.retired_fingerprint.as_ref() == Some(&current);
    if retired || proof.fingerprint.as_ref() != Some(&current) {
        return None;
    }
    let counting = ctx.fold.proven.as_ref().filter(|known| known.fingerprint == current);
    let probed = ctx.world.proofs.get(&slot).map(|seen| seen.at);
    let taken = |accepted| Some(Event::Proven { fingerprint: current.clone(), accepted, probed });
    // A probe that did not come through says nothing: it neither counts nor takes back what was counted.
    match (counting, proof.holds(), proof.refusing().is_empty()) {
        (None, true, _) => taken(true),
        (Some(_), false, false) => taken(false),
        (Some(known), true, _) => {
            let (reach, window) = (ctx.policy.confirm_reach(), ctx.policy.confirm_window);
            let again = |at| known.wants(at, reach) && known.lasted(at, reach).0 < window;
            probed.filter(|at| again(*at)).and_then(|_| taken(true))
        }
        (Some(_), false, true) | (None, false, _) => None,
    }
}
