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

/// The slot's key has been unused for the quiet window, by the account's own note, as far as its notes have come, and by the
/// logs. Where neither tells, nothing holds: the other gates carry the weight, and `explain` says so.
pub fn key_quiet(ctx: &Context<'_>, slot: Slot, max: Duration) -> Vec<Reason> {
    let mut reasons = unused_by_account(ctx, slot, max);
    reasons.extend(unused_in_logs(ctx, KeyKind { slot, access: ctx.opened.access }, max));
    reasons
}

/// So long after it should have been noted, a person is called. The service's own look at these notes before a regeneration is
/// over as many hours; how late it writes them is documented nowhere.
const NOTED: Duration = Duration::from_secs(12 * 3600);

/// The notes are approximate, and nothing says how often they are written: one that is written every few hours looks quiet
/// while its key is in use. The other slot's key tells how far they have come, for pods and our own proofs use it all the
/// time. So the quiet window has to end before the newest note of any other key, and not before now. Notes that are written
/// one by one, each as often as the window is long, are known to be so, too: a use within the window would have been noted
/// by its end.
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
    let reason = |why| vec![Reason::new(gate, Subject::Key(slot), why)];
    if until > ctx.now {
        return reason(Why::UsedRecently { slot, at, until });
    }
    let others = account.keys.iter().filter(|(other, _)| **other != kind);
    let reached = others.filter_map(|(_, key)| key.last_used).max();
    if reached.is_some_and(|reached| reached >= until) {
        return Vec::new();
    }
    let seen = ctx.world.account.as_ref().map_or(ctx.now, |seen| seen.at);
    let lasting = later(until, NOTED) <= seen;
    reason(Why::NotesBehind { slot, at, reached, wanted: until, lasting })
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

/// The new key of the retired slot has been accepted in every region, again and again, for the whole window: by probes that
/// are close enough.
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
    let (window, reach) = (ctx.policy.confirm_window, ctx.policy.confirm_reach());
    let proven = ctx.fold.proven.as_ref();
    let known = proven.filter(|known| proof.holds() && Some(&known.fingerprint) == fingerprint.as_ref());
    let probed = ctx.world.proofs.get(&slot).map_or(ctx.now, |seen| seen.at);
    let lasted = known.map(|known| known.lasted(probed, reach));
    if lasted.is_some_and(|(lasted, _)| lasted >= window) {
        return Vec::new();
    }
    let missing = |(lasted, _): (Duration, bool)| later(probed, window.saturating_sub(lasted));
    let why = Why::NotAcceptedLongEnough {
        since: known.map(|known| known.since()),
        until: lasted.map(missing),
        reach,
        counted: lasted.filter(|(_, cut)| *cut).map(|(lasted, _)| lasted),
    };
    vec![Reason::new(gate, subject, why)]
}
