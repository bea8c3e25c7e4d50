//! Which evidence a reason was judged from, and since when and until when it holds, as far as it tells. For people and
//! machine output: what is looked at again, and when, is another question.

use jiff::Timestamp;

use super::{Gate, Reason, Subject, Why};
use crate::model::{EvidenceKey, PullView, World};

impl Reason {
    /// The pieces of evidence behind it. Empty where it stands in the journal, or in what was typed.
    pub fn rests_on(&self, world: &World) -> Vec<EvidenceKey> {
        let stamp = self.subject.stamp();
        let vault = || stamp.cloned().map(EvidenceKey::Vault);
        let cluster = || stamp.cloned().map(EvidenceKey::Cluster);
        match &self.why {
            Why::NotSeen(key)
            | Why::TooOld { evidence: key, .. }
            | Why::Blind { evidence: key, .. }
            | Why::WindowShort { evidence: key, .. } => return vec![key.clone()],
            Why::SecretRead { vault, .. } => {
                return vec![EvidenceKey::Census, EvidenceKey::Vault(vault.clone())];
            }
            Why::SeenInLogs { .. } | Why::KeyNotNamed { .. } => return vec![EvidenceKey::Usage],
            Why::ValidationRuns { .. }
            | Why::ValidationEnded { .. }
            | Why::ValidationAsked { .. }
            | Why::ValidationToStart { .. }
            | Why::ValidationRefused { .. } => return validated_by(world, &self.subject),
            Why::Arrived { .. } => return vec![EvidenceKey::Account, EvidenceKey::Traces],
            Why::RefusedByMetrics { .. } => {
                return [EvidenceKey::Metrics].into_iter().chain(cluster()).collect();
            }
            Why::RuleRefuses { .. } => {
                let branch = match &self.subject {
                    Subject::Branch(branch) => Some(EvidenceKey::Rules(branch.clone())),
                    _ => None,
                };
                return branch.into_iter().collect();
            }
            Why::MayNotRestart { .. } => {
                return stamp.cloned().map(EvidenceKey::RightsIn).into_iter().collect();
            }
            Why::MetricsSilent { .. } => return vec![EvidenceKey::Metrics],
            Why::RefusalsUntold { evidence, .. } => return vec![evidence.clone()],
            Why::NoRoom { .. } | Why::AtLimit { .. } => {
                let room = stamp.cloned().map(EvidenceKey::Room);
                return cluster().into_iter().chain(room).collect();
            }
            Why::LogsBehind { .. } | Why::LogsStalled { .. } | Why::LogsYoung { .. }
                if self.gate != Gate::Readers =>
            {
                return vec![EvidenceKey::Usage];
            }
            _ => {}
        }
        match self.gate {
            Gate::KeysAllowed | Gate::TargetYoung | Gate::KeyQuiet => vec![EvidenceKey::Account],
            Gate::TargetProven | Gate::NewKeyAccepted => {
                let proof = match self.subject {
                    Subject::Key(slot) => Some(EvidenceKey::Proof(slot)),
                    _ => None,
                };
                [EvidenceKey::Account].into_iter().chain(proof).collect()
            }
            Gate::TreeResolved => vec![EvidenceKey::Code],
            Gate::Agreement => {
                let about = |view: &PullView| self.subject == Subject::Pull(view.number);
                let pulls = world
                    .pulls
                    .iter()
                    .filter(|(_, seen)| seen.get().and_then(Option::as_ref).is_some_and(about));
                let pulls = pulls.map(|(ends, _)| EvidenceKey::Pull(ends.clone()));
                [EvidenceKey::Code].into_iter().chain(pulls).collect()
            }
            Gate::Merged | Gate::Validated | Gate::Promoted => {
                let pulls = world.pulls.keys().cloned().map(EvidenceKey::Pull);
                let origin = world.origin.as_ref().map(|_| EvidenceKey::Origin);
                [EvidenceKey::Code].into_iter().chain(pulls).chain(origin).collect()
            }
            Gate::RunEnded | Gate::NoHazard => {
                let deployments = world.deployments.as_ref().map(|_| EvidenceKey::Deployments);
                [EvidenceKey::Runs].into_iter().chain(deployments).collect()
            }
            Gate::Propagated => [EvidenceKey::Account].into_iter().chain(vault()).collect(),
            Gate::Synced | Gate::OldPodsGone | Gate::NodesHeard => {
                vault().into_iter().chain(cluster()).collect()
            }
            Gate::Preflight | Gate::Consumers | Gate::RolloutSettled | Gate::RestartBudget => {
                cluster().into_iter().collect()
            }
            Gate::Wave => match &self.why {
                Why::WaveFull { busy: these } | Why::WaveSettling { behind: these } => {
                    these.iter().cloned().map(EvidenceKey::Cluster).collect()
                }
                Why::CanaryFirst { canary } | Why::Soaking { canary, .. } => {
                    vec![EvidenceKey::Cluster(canary.clone())]
                }
                _ => world.clusters.keys().cloned().map(EvidenceKey::Cluster).collect(),
            },
            Gate::NotRefused => [EvidenceKey::Usage].into_iter().chain(cluster()).collect(),
            Gate::AllListed => vec![EvidenceKey::Inventory],
            Gate::Readers => vec![EvidenceKey::Census],
            Gate::SlotUnused => [EvidenceKey::Code].into_iter().chain(vault()).collect(),
            Gate::MayRegenerate => vec![EvidenceKey::Rights],
            Gate::Settled => vec![EvidenceKey::Account, EvidenceKey::Traces],
            Gate::Regenerated => {
                let followed = world.operation.is_some().then_some(EvidenceKey::Operation);
                [EvidenceKey::Account].into_iter().chain(followed).collect()
            }
            Gate::Approved | Gate::NotPaused | Gate::LeaseHeld | Gate::Asked => Vec::new(),
        }
    }
}

/// The pull request, and the runs on the head that it has now.
fn validated_by(world: &World, subject: &Subject) -> Vec<EvidenceKey> {
    let mut keys = Vec::new();
    for (ends, seen) in &world.pulls {
        let Some(pull) = seen.get().and_then(Option::as_ref) else { continue };
        if *subject == Subject::Pull(pull.number) {
            keys.push(EvidenceKey::Pull(ends.clone()));
            let heads = world.validations.keys();
            let now = heads.filter(|head| head.pull == pull.number && head.commit == pull.head);
            keys.extend(now.cloned().map(EvidenceKey::Validation));
        }
    }
    keys
}

impl Why {
    /// Since when it is so, where the reason itself knows.
    pub fn since(&self) -> Option<Timestamp> {
        match self {
            Why::PullNotListed { since }
            | Why::PausedByPerson { since, .. }
            | Why::NodeSilent { since, .. }
            | Why::ValidationRuns { since, .. }
            | Why::RunUnlisted { since }
            | Why::NodeNotReady { since: Some(since), .. }
            | Why::NotAcceptedLongEnough { since: Some(since), .. } => Some(*since),
            Why::DeploymentUnderWay { deployment } => Some(deployment.since),
            _ => None,
        }
    }

    /// Until when it holds if nothing else happens, where time alone opens it.
    pub fn until(&self) -> Option<Timestamp> {
        match self {
            Why::KeySpreading { until, .. }
            | Why::OutcomeOpen { until, .. }
            | Why::StepDeferred { until, .. }
            | Why::RunJustEnded { until }
            | Why::VaultSettling { until }
            | Why::SyncedSecretLags { until, .. }
            | Why::SyncedSecretContested { until, .. }
            | Why::Soaking { until, .. }
            | Why::UsedRecently { until, .. }
            | Why::SeenInLogs { until, .. }
            | Why::KeyNotNamed { until, .. }
            | Why::LeaseOfOther { until, .. }
            | Why::OperationRunning { until } => Some(*until),
            Why::LogsYoung { until, .. }
            | Why::UsedByStranger { until, .. }
            | Why::SecretRead { until, .. }
            | Why::NotAcceptedLongEnough { until, .. } => *until,
            _ => None,
        }
    }
}
