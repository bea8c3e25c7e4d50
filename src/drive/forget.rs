//! Which evidence a step makes void, and which a reason wants to see again. After a step forgetting is enough: the
//! next decision asks for what it needs.

use crate::model::{EvidenceKey, World};
use crate::rotation::{Event, Fold, Gate, Reason, Step, Subject, Why};

/// After somebody began or ended a step, by the journal.
pub fn after_event(world: &mut World, fold: &Fold, event: &Event) {
    match event {
        Event::Intended { intents } => intents.iter().for_each(|intent| after_step(world, &intent.step)),
        Event::Ended { ends } => {
            let steps = ends.iter().filter_map(|end| fold.step(&end.key));
            steps.for_each(|record| after_step(world, &record.intent.step));
        }
        Event::ReleaseNamed { .. } => world.code = None,
        Event::Opened(_)
        | Event::Reached { .. }
        | Event::Approved(_)
        | Event::Accepted(_)
        | Event::Proven { .. }
        | Event::Confirmed
        | Event::Resumed { .. }
        | Event::Paused { .. }
        | Event::Unpaused { .. }
        | Event::Lease { .. }
        | Event::Released { .. }
        | Event::Closed { .. } => {}
    }
}

/// After a step was sent, nothing that it may have changed counts any more.
pub fn after_step(world: &mut World, step: &Step) {
    match step {
        Step::PushProposal { branch, .. }
        | Step::OpenPull { branch, .. }
        | Step::PushPromotion { branch, .. }
        | Step::OpenPromotion { branch, .. } => {
            world.code = None;
            world.pulls.remove(branch);
        }
        Step::Promote { .. } => world.code = None,
        Step::Deploy { .. } => world.runs = None,
        Step::WriteSecret { stamp, .. } => {
            world.vaults.remove(stamp);
        }
        Step::Restart { stamp, .. } => {
            world.clusters.remove(stamp);
        }
        Step::Regenerate { kind, .. } => {
            world.account = None;
            world.operation = None;
            world.proofs.remove(&kind.slot);
        }
    }
}

/// Before a reason is judged again, what it rests on is looked at again: all at once, and not piece by piece as
/// decisions come to miss it.
pub fn behind_reason(world: &World, reason: &Reason) -> Vec<EvidenceKey> {
    match &reason.why {
        Why::NotSeen(key) | Why::TooOld { evidence: key, .. } | Why::Blind { evidence: key, .. } => {
            return vec![key.clone()];
        }
        Why::UsedByStranger { .. } => return vec![EvidenceKey::Census],
        Why::SecretRead { vault, .. } => {
            return vec![EvidenceKey::Census, EvidenceKey::Vault(vault.clone())];
        }
        Why::LogsBehind { .. } if reason.gate == Gate::Readers => return vec![EvidenceKey::Census],
        Why::SeenInLogs { .. }
        | Why::KeyNotNamed { .. }
        | Why::LogsBehind { .. }
        | Why::LogsStalled { .. }
        | Why::RefusedSince { .. } => return vec![EvidenceKey::Usage],
        // The operation says itself when it wants to be asked.
        Why::OperationRunning { .. } => return Vec::new(),
        _ => {}
    }
    let stamp = reason.subject.stamp();
    let vault = || stamp.cloned().map(EvidenceKey::Vault);
    let cluster = || stamp.cloned().map(EvidenceKey::Cluster);
    match reason.gate {
        Gate::KeysAllowed | Gate::TargetYoung | Gate::KeyQuiet => vec![EvidenceKey::Account],
        Gate::TargetProven | Gate::NewKeyAccepted => match reason.subject {
            Subject::Key(slot) => vec![EvidenceKey::Account, EvidenceKey::Proof(slot)],
            _ => vec![EvidenceKey::Account],
        },
        Gate::TreeResolved => vec![EvidenceKey::Code],
        Gate::Merged | Gate::Validated | Gate::Promoted => {
            let pulls = world.pulls.keys().cloned().map(EvidenceKey::Pull);
            [EvidenceKey::Code].into_iter().chain(pulls).collect()
        }
        Gate::AllListed => vec![EvidenceKey::Inventory],
        Gate::Readers => vec![EvidenceKey::Census],
        Gate::NotRefused => vec![EvidenceKey::Usage],
        Gate::RunEnded | Gate::NoHazard => vec![EvidenceKey::Runs],
        Gate::Agreement => {
            let vaults = world.vaults.keys().cloned().map(EvidenceKey::Vault);
            [EvidenceKey::Code].into_iter().chain(vaults).collect()
        }
        Gate::SlotUnused => [EvidenceKey::Code].into_iter().chain(vault()).collect(),
        Gate::Propagated | Gate::Synced => vault().into_iter().chain(cluster()).collect(),
        Gate::Preflight
        | Gate::Consumers
        | Gate::RolloutSettled
        | Gate::RestartBudget
        | Gate::OldPodsGone => cluster().into_iter().collect(),
        Gate::Wave => match &reason.why {
            Why::WaveFull { busy } => busy.iter().cloned().map(EvidenceKey::Cluster).collect(),
            Why::LastHealthyStamp { .. } => {
                world.clusters.keys().cloned().map(EvidenceKey::Cluster).collect()
            }
            // The canary has reasons of its own; a soak wants time only.
            _ => Vec::new(),
        },
        Gate::Regenerated => vec![EvidenceKey::Account, EvidenceKey::Operation],
        Gate::MayRegenerate => vec![EvidenceKey::Rights],
        // These stand in the journal, or in what was typed.
        Gate::Approved | Gate::NotPaused | Gate::LeaseHeld | Gate::Asked => Vec::new(),
    }
}
