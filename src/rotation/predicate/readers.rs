//! The census of the old key's readers, where it is logged: everybody who is nobody of ours has moved, is signed off
//! as gone, or is accepted by name.
//!
//! The quiet window finds who uses the key all the time; this one finds who comes by once a day, and who read the secret
//! last week and may use it any day. It is asked of weeks of logs, so it may be as old as the quiet window: whatever is
//! younger than that, the gate of the quiet window sees.
//!
//! Absent logs hold nothing: they are no evidence, the other gates carry the weight, and `explain` says which there
//! were. Logs that cannot be read hold, and so do those of a vault that end before it turned. Requests that name no key
//! hold for the quiet window alone; the census tells of them.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::super::census::{Lens, SecretReader, Signed, User, Vaults, secret_readers, users};
use super::super::reason::later;
use super::super::{Context, Gate, Reason, Subject, Why};
use crate::model::{
    AuditView, Blind, Blindness, EvidenceKey, KeyKind, Seen, Slot, StampName, UsageView, Validity, VaultView,
};

const CLOSED: &str = "the stamp is closed";

/// Everybody who is known to have read the slot's key.
pub fn known_readers(ctx: &Context<'_>, slot: Slot, max: Duration) -> Vec<Reason> {
    let gate = Gate::Readers;
    let (Some(lag), Some(_)) = (ctx.policy.log_lag, ctx.policy.census()) else { return Vec::new() };
    let (seen, view) = match ctx.census(gate, ctx.policy.quiet_window.max(max)) {
        Ok(census) => census,
        Err(reason) => return vec![*reason],
    };
    let account = match ctx.account(gate, max) {
        Ok(account) => account,
        Err(reason) => return vec![*reason],
    };
    let lens = Lens { policy: ctx.policy, account: Some(account), now: ctx.now };
    let kind = KeyKind { slot, access: ctx.opened.access };
    let mut reasons = match told(&view.used) {
        Ok(used) => used.map_or_else(Vec::new, |used| {
            let young = begins_late(used, account.key(kind).generated);
            used_by(used, kind, lens, lag).into_iter().chain(young).collect()
        }),
        Err(blind) => unseen(blind),
    };
    match told(&view.read) {
        Ok(Some(read)) => {
            let vaults = vaults(ctx, read, max);
            reasons.extend(behind(read, &vaults, seen, lag));
            reasons.extend(read_by(read, &vaults, slot, lens, lag));
        }
        Ok(None) => {}
        Err(blind) => reasons.extend(unseen(blind)),
    }
    reasons
}

fn unseen(blind: &Blind) -> Vec<Reason> {
    let why = Why::Blind { evidence: EvidenceKey::Census, blind: blind.clone() };
    vec![Reason::new(Gate::Readers, Subject::Account, why)]
}

/// What was told; nothing where nobody logs it.
fn told<T>(told: &Result<T, Blind>) -> Result<Option<&T>, &Blind> {
    match told {
        Ok(told) => Ok(Some(told)),
        Err(blind) if blind.kind == Blindness::Missing => Ok(None),
        Err(blind) => Err(blind),
    }
}

/// Logs that do not go back over the window, nor to when the key was made: whoever comes by once a week may not be in them.
fn begins_late(view: &UsageView, generated: Option<Timestamp>) -> Option<Reason> {
    let (begins, wanted) = (view.begins(), view.since);
    let late = begins > wanted && generated.is_none_or(|generated| generated < begins);
    let why = Why::LogsYoung { begins, wanted, until: None };
    late.then(|| Reason::new(Gate::Readers, Subject::Account, why))
}

/// By address, as the key's users are accepted.
fn used_by(view: &UsageView, kind: KeyKind, lens: Lens<'_>, lag: Duration) -> Vec<Reason> {
    let mut strangers: BTreeMap<String, Vec<User>> = BTreeMap::new();
    for user in users(view, lens) {
        if user.kind == Some(kind) && user.is_stranger() {
            strangers.entry(name(&user.caller.address)).or_default().push(user);
        }
    }
    let reason = |(address, all): (String, Vec<User>)| {
        let count = all.iter().map(|user| user.count).sum();
        let last = all.into_iter().max_by_key(|user| user.last)?;
        let until = later(last.last, lens.policy.quiet_window + lag);
        let why = Why::UsedByStranger {
            slot: kind.slot,
            at: last.last,
            until: Some(until).filter(|until| *until > lens.now),
            void: void(last.signed),
            both: last.both,
            by: last.caller,
            count,
        };
        Some(Reason::new(Gate::Readers, Subject::Client(address), why))
    };
    strangers.into_iter().filter_map(reason).collect()
}

/// The vaults whose audit there is. That of a closed stamp told somebody the old key, whatever became of it since.
fn vaults(ctx: &Context<'_>, audit: &AuditView, max: Duration) -> Vaults {
    let seen = |stamp: &StampName| {
        // One that cannot be seen is held by the gate of what the vaults hold.
        let seen = match ctx.live_vault(stamp, Gate::Readers, max).ok()? {
            Some(vault) => Seen::known(ctx.now, vault.clone()),
            None => Seen::blind(ctx.now, Blindness::Gone, CLOSED),
        };
        Some((stamp.clone(), seen))
    };
    let listed = |stamp: &&StampName| ctx.policy.stamps.iter().any(|facts| facts.name == **stamp);
    audit.newest.keys().filter(listed).filter_map(seen).collect()
}

/// Vaults whose audit ends before they turned: who read the old key last, it cannot tell.
fn behind(audit: &AuditView, vaults: &Vaults, seen: Timestamp, lag: Duration) -> Vec<Reason> {
    let lag = SignedDuration::try_from(lag).unwrap_or(SignedDuration::MAX);
    let settled = seen.checked_sub(lag).unwrap_or(Timestamp::MIN);
    let reason = |(stamp, vault): (&StampName, &Seen<VaultView>)| {
        let reached = audit.newest.get(stamp).map(|newest| (*newest).min(settled));
        let wanted = vault.get()?.created;
        let why = Why::LogsBehind { region: None, reached, wanted };
        let whole = reached.is_some_and(|reached| reached >= wanted);
        (!whole).then(|| Reason::new(Gate::Readers, Subject::Stamp(stamp.clone()), why))
    };
    vaults.iter().filter_map(reason).collect()
}

/// By identity, whichever vault it was.
fn read_by(audit: &AuditView, vaults: &Vaults, slot: Slot, lens: Lens<'_>, lag: Duration) -> Vec<Reason> {
    let mut strangers: BTreeMap<String, Vec<SecretReader>> = BTreeMap::new();
    for reader in secret_readers(audit, vaults, Some(slot), lens) {
        if reader.is_stranger() && vaults.contains_key(&reader.vault) {
            strangers.entry(reader.identity.to_string()).or_default().push(reader);
        }
    }
    let reason = |(identity, all): (String, Vec<SecretReader>)| {
        let count = all.iter().map(|reader| reader.count).sum();
        let turned =
            all.iter().filter_map(|reader| vaults.get(&reader.vault)?.get()).map(|vault| vault.created);
        let until = turned.max().map(|turned| later(turned, lens.policy.quiet_window + lag));
        let last = all.into_iter().max_by_key(|reader| reader.last)?;
        let why = Why::SecretRead {
            at: last.last,
            until: until.filter(|until| *until > lens.now),
            void: void(last.signed),
            vault: last.vault,
            by: Box::new(last.identity),
            from: Box::new(last.caller),
            count,
        };
        Some(Reason::new(Gate::Readers, Subject::Client(identity), why))
    };
    strangers.into_iter().filter_map(reason).collect()
}

fn name(address: &str) -> String {
    if address.is_empty() { "an unknown address".to_owned() } else { address.to_owned() }
}

fn void(signed: Option<Signed>) -> Option<Validity> {
    signed.map(|signed| signed.validity).filter(|validity| *validity != Validity::Good)
}
