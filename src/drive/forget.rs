//! Which evidence a step makes void, and which a reason wants to see again. After a step forgetting is enough: the
//! next decision asks for what it needs.

use crate::model::{EvidenceKey, RoomView, StampName, World};
use crate::rotation::{Event, Fold, Gate, Reason, Step, Why};

/// The steps that somebody began or ended, by the journal.
pub fn steps_of<'a>(fold: &'a Fold, event: &'a Event) -> Vec<&'a Step> {
    match event {
        Event::Intended { intents } => intents.iter().map(|intent| &intent.step).collect(),
        Event::Ended { ends } => {
            ends.iter().filter_map(|end| Some(&fold.step(&end.key)?.intent.step)).collect()
        }
        Event::Opened(_)
        | Event::ReleaseNamed { .. }
        | Event::Joined { .. }
        | Event::Reached { .. }
        | Event::Approved(_)
        | Event::Accepted(_)
        | Event::Withdrawn { .. }
        | Event::Proven { .. }
        | Event::Unheard { .. }
        | Event::RolloutFailed { .. }
        | Event::Confirmed
        | Event::Resumed { .. }
        | Event::Paused { .. }
        | Event::Unpaused { .. }
        | Event::Lease { .. }
        | Event::Released { .. }
        | Event::Closed { .. } => Vec::new(),
    }
}

/// What bears fingerprints says nothing under another salt; what bears none is as good as before.
pub fn under_another_salt(world: &mut World) {
    world.account = None;
    world.proofs.clear();
    world.vaults.clear();
    world.clusters.retain(|_, seen| seen.get().is_none_or(|cluster| cluster.synced.is_empty()));
}

/// After a step was sent, nothing that it may have changed counts any more.
pub fn after_step(world: &mut World, step: &Step) {
    match step {
        // A push opens no pull request: where there was none, there is none.
        Step::PushProposal { branch, .. }
        | Step::PushPromotion { branch, .. }
        | Step::PushAgreement { branch, .. } => {
            world.code = None;
            world.origin = None;
            world.pulls.retain(|ends, seen| ends.head != *branch || matches!(seen.get(), Some(None)));
        }
        Step::OpenPull { branch, .. }
        | Step::OpenPromotion { branch, .. }
        | Step::OpenAgreement { branch, .. } => {
            world.code = None;
            world.origin = None;
            world.pulls.retain(|ends, _| ends.head != *branch);
        }
        // By their numbers: which branch a pull request is from, the step need not know.
        Step::AutoMerge { .. } | Step::WithdrawMerge { .. } => world.pulls.clear(),
        Step::StartValidation { .. } => {
            world.validations.clear();
            world.pulls.clear();
        }
        // Nothing is decided by what it wears.
        Step::DressPull { .. } => {}
        Step::MergePull { .. } => {
            world.code = None;
            world.origin = None;
            world.pulls.clear();
        }
        Step::Promote { .. } => world.code = None,
        // One that was refused because its branch has moved is asked for where that stands now.
        Step::Deploy { .. } => {
            world.code = None;
            world.runs = None;
            world.deployments = None;
        }
        Step::WriteSecret { stamp, .. } => {
            world.vaults.remove(stamp);
        }
        Step::Restart { stamp, .. } => {
            world.clusters.remove(stamp);
            // The pods that come by it, and those that go late, count in the quotas; where there is none, there is
            // nothing to look at again.
            let limited = |room: &RoomView| room.quotas.as_ref().is_ok_and(|quotas| !quotas.is_empty());
            if world.rooms.get(stamp).and_then(|seen| seen.get()).is_some_and(limited) {
                world.rooms.remove(stamp);
            }
        }
        Step::Regenerate { kind, .. } => {
            world.account = None;
            world.operation = None;
            world.traces = None;
            world.proofs.remove(&kind.slot);
        }
    }
}

/// Before a reason is judged again, what it rests on is looked at again: all at once, and not piece by piece as
/// decisions come to miss it. Some rest on what no look can change, and some are opened by what they do not rest on.
pub fn behind_reason(world: &World, reason: &Reason) -> Vec<EvidenceKey> {
    let of_stamp = |key: fn(StampName) -> EvidenceKey| reason.subject.stamp().cloned().map(key);
    match (reason.gate, &reason.why) {
        (
            _,
            Why::NotSeen(_)
            | Why::TooOld { .. }
            | Why::Blind { .. }
            | Why::SecretRead { .. }
            | Why::SeenInLogs { .. }
            | Why::KeyNotNamed { .. }
            | Why::LogsBehind { .. }
            | Why::WindowShort { .. }
            | Why::LogsStalled { .. }
            | Why::NoRoom { .. }
            | Why::AtLimit { .. }
            | Why::NodesFull { .. },
        ) => reason.rests_on(world),
        // The operation says itself when it wants to be asked.
        (_, Why::OperationRunning { .. }) => Vec::new(),
        (Gate::NotRefused, Why::RefusedByMetrics { .. } | Why::MetricsSilent { .. }) => {
            vec![EvidenceKey::Metrics]
        }
        (Gate::NotRefused, Why::RefusalsUntold { evidence, .. }) => vec![evidence.clone()],
        (Gate::NotRefused, _) => vec![EvidenceKey::Usage],
        // The canary has reasons of its own, as those have that are judged yet; a soak wants time only.
        (Gate::Wave, Why::CanaryFirst { .. } | Why::Soaking { .. } | Why::WaveSettling { .. }) => Vec::new(),
        (Gate::Propagated, _) => {
            of_stamp(EvidenceKey::Vault).into_iter().chain(of_stamp(EvidenceKey::Cluster)).collect()
        }
        (Gate::OldPodsGone | Gate::NodesHeard, _) => of_stamp(EvidenceKey::Cluster).into_iter().collect(),
        // What proposes it once more; the vaults are somebody else's reason.
        (Gate::Agreement, Why::PullOpen { .. }) => reason.rests_on(world),
        (Gate::Agreement, _) => {
            let vaults = world.vaults.keys().cloned().map(EvidenceKey::Vault);
            [EvidenceKey::Code].into_iter().chain(vaults).collect()
        }
        (Gate::Regenerated, _) => vec![EvidenceKey::Account, EvidenceKey::Operation],
        _ => reason.rests_on(world),
    }
}
