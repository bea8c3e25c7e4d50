//! What the account and its data plane say.

use std::time::Duration;

use super::super::phases::regeneration_under_way;
use super::super::reason::{ended_ill, later};
use super::super::{Context, Gate, Purpose, Reason, Stand, Step, Subject, Why};
use super::usage::unused_in_logs;
use crate::model::service::SPREADS;
use crate::model::{AccountView, KeyKind, KeyProof, KeyView, ProofVerdict, RegionProof, Slot};

/// The account can be read and its keys open something.
pub fn keys_allowed(ctx: &Context<'_>, max: Duration) -> Vec<Reason> {
    match ctx.account(Gate::KeysAllowed, max) {
        Err(reason) => vec![*reason],
        Ok(account) if account.local_auth_disabled => {
            vec![Reason::new(Gate::KeysAllowed, Subject::Account, Why::LocalAuthDisabled)]
        }
        Ok(_) => Vec::new(),
    }
}

/// A signed read and write with the slot's current key succeed in every region. A matching fingerprint would not
/// prove that a key works.
pub fn target_proven(ctx: &Context<'_>, slot: Slot, max: Duration) -> Vec<Reason> {
    let gate = Gate::TargetProven;
    let subject = Subject::Key(slot);
    let account = match ctx.account(gate, ctx.policy.ages.ordinary) {
        Ok(account) => account,
        Err(reason) => return vec![*reason],
    };
    let proof = match ctx.proof(slot, gate, max) {
        Ok(proof) => proof,
        Err(reason) => return vec![*reason],
    };
    let kind = KeyKind { slot, access: ctx.opened.access };
    if proof.fingerprint.is_none() || proof.fingerprint != account.key(kind).fingerprint {
        return vec![Reason::new(gate, subject, Why::ProofOfAnotherKey { slot })];
    }
    if proof.holds() {
        return Vec::new();
    }
    let refusing: Vec<String> = proof.refusing().into_iter().map(str::to_owned).collect();
    let kept_out = keeping_out(proof);
    let why = if refusing.is_empty() && !kept_out.is_empty() {
        Why::KeptOut { slot, regions: kept_out, rules: account.network.clone() }
    } else if refusing.is_empty() {
        inconclusive(slot, proof)
    } else {
        refused(ctx, account.key(kind), slot, refusing)
    };
    vec![Reason::new(gate, subject, why)]
}

/// Nobody is making a key anew, as far as the account tells. Which one, it does not say, and the target key works up to the
/// moment at which it is gone. Nor is the preparation's regeneration under way, which an account may not show. Once the old
/// key is gone, restarts end refusals and wait for nothing.
pub fn none_in_the_making(ctx: &Context<'_>, max: Duration) -> Vec<Reason> {
    if ctx.old_key_is_gone() {
        return Vec::new();
    }
    let gate = Gate::TargetProven;
    match ctx.account(gate, max) {
        Err(reason) => vec![*reason],
        Ok(account) if account.idle() || ended_ill(&account.provisioning) => prepared(ctx, account),
        Ok(account) => {
            let state = account.provisioning.clone();
            vec![Reason::new(gate, Subject::Account, Why::AccountBusy { state })]
        }
    }
}

/// The target key is not being replaced by this rotation itself.
fn prepared(ctx: &Context<'_>, account: &AccountView) -> Vec<Reason> {
    let kind = KeyKind { slot: ctx.target(), access: ctx.opened.access };
    let step = Step::Regenerate { kind, purpose: Purpose::Prepare };
    let Some(record) = ctx.record(&step) else { return Vec::new() };
    if account.key(kind).generated > record.intent.generation_before {
        return Vec::new();
    }
    match regeneration_under_way(ctx, record, &step) {
        Some(Stand::Held(reasons)) => reasons,
        _ => Vec::new(),
    }
}

fn keeping_out(proof: &KeyProof) -> Vec<String> {
    proof.keeping_out().into_iter().map(str::to_owned).collect()
}

fn inconclusive(slot: Slot, proof: &KeyProof) -> Why {
    let untried = proof.regions.iter().filter(|(_, region)| !region.holds());
    let (regions, whys): (Vec<String>, Vec<String>) =
        untried.map(|(name, region)| (name.clone(), no_evidence(region))).unzip();
    let (why, lasting) = (whys.into_iter().next().unwrap_or_default(), proof.has_nothing_to_try());
    Why::ProofInconclusive { slot, regions, why, lasting }
}

fn no_evidence(region: &RegionProof) -> String {
    let told = |verdict: &ProofVerdict| match verdict {
        ProofVerdict::NoEvidence(why) | ProofVerdict::NothingToTry(why) | ProofVerdict::KeptOut(why) => {
            Some(why.clone())
        }
        ProofVerdict::Accepted | ProofVerdict::Refused => None,
    };
    told(&region.read).or_else(|| region.write.as_ref().and_then(told)).unwrap_or_default()
}

/// A key that was made a short time ago may not be known in every region yet; an older one should be.
fn refused(ctx: &Context<'_>, key: &KeyView, slot: Slot, regions: Vec<String>) -> Why {
    match key.generated.map(|at| later(at, SPREADS)) {
        Some(until) if until > ctx.now => Why::KeySpreading { slot, regions, until },
        _ => Why::KeyRefused { slot, regions },
    }
}

/// The slot's key has been unused for the quiet window, by the account's own note and by the logs. Where neither
/// tells, nothing holds: the other gates carry the weight, and `explain` says so.
pub fn key_quiet(ctx: &Context<'_>, slot: Slot, max: Duration) -> Vec<Reason> {
    let mut reasons = unused_by_account(ctx, slot, max);
    reasons.extend(unused_in_logs(ctx, KeyKind { slot, access: ctx.opened.access }, max));
    reasons
}

fn unused_by_account(ctx: &Context<'_>, slot: Slot, max: Duration) -> Vec<Reason> {
    let gate = Gate::KeyQuiet;
    let account = match ctx.account(gate, max) {
        Ok(account) => account,
        Err(reason) => return vec![*reason],
    };
    let kind = KeyKind { slot, access: ctx.opened.access };
    let Some(at) = account.key(kind).last_used.filter(|_| account.tells_last_use) else {
        return Vec::new();
    };
    let until = later(at, ctx.policy.quiet_window);
    if until <= ctx.now {
        return Vec::new();
    }
    vec![Reason::new(gate, Subject::Key(slot), Why::UsedRecently { slot, at, until })]
}

/// By then what lists the keys gives out the one that was made: a person is called after it.
const CATCHES_UP: Duration = Duration::from_secs(3600);

/// The key that this rotation retires is gone: its slot's generation time is later than it was.
pub fn regenerated(ctx: &Context<'_>, max: Duration) -> Vec<Reason> {
    let gate = Gate::Regenerated;
    let account = match ctx.account(gate, max) {
        Ok(account) => account,
        Err(reason) => return vec![*reason],
    };
    let mut reasons = Vec::new();
    if !ctx.is_renewed(account.key(ctx.opened.retires())) {
        reasons.push(Reason::new(gate, Subject::Key(ctx.opened.from), Why::GenerationNotNewer));
    }
    if !account.idle() {
        let state = account.provisioning.clone();
        reasons.push(Reason::new(gate, Subject::Account, Why::AccountBusy { state }));
    }
    reasons
}

/// The new key of the retired slot has been accepted in every region, again and again, for the whole window.
pub fn new_key_accepted(ctx: &Context<'_>, max: Duration) -> Vec<Reason> {
    let gate = Gate::NewKeyAccepted;
    let slot = ctx.opened.from;
    let subject = Subject::Key(slot);
    let account = match ctx.account(gate, ctx.policy.ages.ordinary) {
        Ok(account) => account,
        Err(reason) => return vec![*reason],
    };
    let proof = match ctx.proof(slot, gate, max) {
        Ok(proof) => proof,
        Err(reason) => return vec![*reason],
    };
    let fingerprint = &account.key(ctx.opened.retires()).fingerprint;
    if fingerprint.is_none() || proof.fingerprint != *fingerprint {
        return vec![Reason::new(gate, subject, Why::ProofOfAnotherKey { slot })];
    }
    // The time says that it was made anew, and what is given out is the key that was to go.
    if fingerprint.is_some() && *fingerprint == ctx.opened.retired_fingerprint {
        let until = account.key(ctx.opened.retires()).generated.map(|at| later(at, CATCHES_UP));
        let lasting = until.is_none_or(|until| until <= ctx.now);
        return vec![Reason::new(gate, subject, Why::RetiredKeyGiven { slot, lasting })];
    }
    let regions = keeping_out(proof);
    if !regions.is_empty() && proof.refusing().is_empty() {
        let why = Why::KeptOut { slot, regions, rules: account.network.clone() };
        return vec![Reason::new(gate, subject, why)];
    }
    if proof.has_nothing_to_try() && proof.refusing().is_empty() {
        return vec![Reason::new(gate, subject, inconclusive(slot, proof))];
    }
    let since = ctx
        .fold
        .proven
        .as_ref()
        .filter(|(known, _)| proof.holds() && Some(known) == fingerprint.as_ref())
        .map(|(_, since)| *since);
    let until = since.map(|since| later(since, ctx.policy.confirm_window));
    match until {
        Some(until) if until <= ctx.now => Vec::new(),
        _ => vec![Reason::new(gate, subject, Why::NotAcceptedLongEnough { since, until })],
    }
}
