//! Which evidence a step makes void, and which a reason wants to see again. Forgetting it is enough: the next
//! decision asks for what it needs.

use crate::model::{EvidenceKey, StampName, World};
use crate::rotation::{Gate, Reason, Step, Subject, Why};

/// After a step was sent, nothing that it may have changed counts any more.
pub fn after_step(world: &mut World, step: &Step) {
    match step {
        Step::PushProposal { branch, .. } | Step::OpenPull { branch, .. } => {
            world.code = None;
            world.pulls.remove(branch);
        }
        Step::Promote { .. } => world.code = None,
        Step::Deploy { .. } => world.runs = None,
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

/// Before a reason is judged again, what it rests on is looked at again.
pub fn behind_reason(world: &mut World, reason: &Reason) {
    match &reason.why {
        Why::NotSeen(key) | Why::TooOld { evidence: key, .. } | Why::Blind { evidence: key, .. } => {
            forget(world, key);
            return;
        }
        // The operation says itself when it wants to be asked.
        Why::OperationRunning { .. } => return,
        _ => {}
    }
    match reason.gate {
        Gate::KeysAllowed | Gate::TargetYoung | Gate::KeyQuiet => world.account = None,
        Gate::TargetProven | Gate::NewKeyAccepted => {
            world.account = None;
            if let Subject::Key(slot) = reason.subject {
                world.proofs.remove(&slot);
            }
        }
        Gate::TreeResolved | Gate::Promoted => world.code = None,
        Gate::Merged | Gate::Validated => {
            world.code = None;
            world.pulls.clear();
        }
        Gate::RunEnded | Gate::NoHazard => world.runs = None,
        Gate::Agreement => {
            world.code = None;
            world.vaults.clear();
        }
        Gate::SlotUnused => {
            world.code = None;
            stamp_of(&reason.subject).inspect(|stamp| drop(world.vaults.remove(*stamp)));
        }
        Gate::Propagated | Gate::Synced => {
            if let Some(stamp) = stamp_of(&reason.subject) {
                world.vaults.remove(stamp);
                world.clusters.remove(stamp);
            }
        }
        Gate::Preflight | Gate::RolloutSettled | Gate::OldPodsGone => {
            if let Some(stamp) = stamp_of(&reason.subject) {
                world.clusters.remove(stamp);
            }
        }
        Gate::Wave => match &reason.why {
            Why::WaveFull { busy } => busy.iter().for_each(|stamp| drop(world.clusters.remove(stamp))),
            Why::LastHealthyStamp => world.clusters.clear(),
            // The canary has reasons of its own; a soak wants time only.
            _ => {}
        },
        Gate::Regenerated => {
            world.account = None;
            world.operation = None;
        }
        // These stand in the journal.
        Gate::Approved | Gate::LeaseHeld => {}
    }
}

fn stamp_of(subject: &Subject) -> Option<&StampName> {
    match subject {
        Subject::Stamp(stamp) | Subject::Workload(stamp, _) => Some(stamp),
        Subject::Rotation
        | Subject::Account
        | Subject::Key(_)
        | Subject::Branch(_)
        | Subject::Pull(_)
        | Subject::Run(_) => None,
    }
}

fn forget(world: &mut World, key: &EvidenceKey) {
    match key {
        EvidenceKey::Account => world.account = None,
        EvidenceKey::Proof(slot) => drop(world.proofs.remove(slot)),
        EvidenceKey::Code => world.code = None,
        EvidenceKey::Pull(branch) => drop(world.pulls.remove(branch)),
        EvidenceKey::Runs => world.runs = None,
        EvidenceKey::Operation => world.operation = None,
        EvidenceKey::Vault(stamp) => drop(world.vaults.remove(stamp)),
        EvidenceKey::Cluster(stamp) => drop(world.clusters.remove(stamp)),
    }
}
