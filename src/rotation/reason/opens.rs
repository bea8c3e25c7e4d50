//! What opens a gate, by its reason.

use super::ended_ill;
use super::why::Why;
use crate::model::{Blindness, EvidenceKey};

/// Whether time, keyslot or a person opens it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Opens {
    /// Looking (again) may open it at once.
    ByLooking,
    ByWaiting,
    /// Only a person can.
    ByPerson,
}

impl Why {
    /// Whether something was begun, beside rollouts, that comes to its end by itself, and whose end somebody has to see.
    pub fn is_under_way(&self) -> bool {
        matches!(
            self,
            Why::RunUnderWay { .. }
                | Why::OutcomeOpen { .. }
                | Why::OperationRunning { .. }
                | Why::NotAcceptedLongEnough { .. }
        )
    }

    /// Who or what opens it.
    pub fn opens(&self) -> Opens {
        match self {
            Why::NotSeen(_)
            | Why::TooOld { .. }
            | Why::WindowShort { .. }
            | Why::ProofOfAnotherKey { .. } => Opens::ByLooking,
            // Azure itself says that there is no such account.
            Why::Blind { evidence: EvidenceKey::Account, blind } if blind.kind == Blindness::Missing => {
                Opens::ByPerson
            }
            // No such repository for whoever asks, no such branch, no such pipeline: time brings none of them.
            Why::Blind {
                evidence:
                    EvidenceKey::Code
                    | EvidenceKey::Origin
                    | EvidenceKey::Pull(_)
                    | EvidenceKey::Validation(_)
                    | EvidenceKey::Runs,
                blind,
            } if matches!(blind.kind, Blindness::Missing | Blindness::Gone | Blindness::Misconfigured) => {
                Opens::ByPerson
            }
            // No such workspace.
            Why::Blind { evidence: EvidenceKey::Usage | EvidenceKey::Census, blind }
                if blind.kind == Blindness::Gone =>
            {
                Opens::ByPerson
            }
            // No such secret, no such namespace: the stamp is there, and nobody is at work on it that keyslot would know of.
            Why::Blind {
                evidence: EvidenceKey::Vault(_) | EvidenceKey::Cluster(_) | EvidenceKey::Workloads(_),
                blind,
            } if blind.kind == Blindness::Missing => Opens::ByPerson,
            Why::LocalAuthDisabled
            | Why::UsedByStranger { until: None, .. }
            | Why::SecretRead { until: None, .. }
            | Why::DeliveredElsewhere { .. }
            | Why::KeyRefused { .. }
            | Why::KeptOut { .. }
            | Why::TreeProblems { .. }
            | Why::NoReference
            | Why::PullClosed { .. }
            | Why::MergedButReads { .. }
            | Why::TakenBack { .. }
            | Why::MergedUnreviewed { .. }
            | Why::Untraced { .. }
            | Why::BranchOfOthers { .. }
            | Why::BringsAlong { .. }
            | Why::MergeWouldRead { .. }
            | Why::ChangedByOtherHands { .. }
            | Why::StepRefused { .. }
            | Why::NeverArrives { .. }
            | Why::RunFailed { .. }
            | Why::RunCanceled { .. }
            | Why::RunOfOtherCommit { .. }
            | Why::StagesUndeclared { .. }
            | Why::StagesNotSkipped { .. }
            | Why::RunOfOlderUnit { .. }
            | Why::TrafficUnknown { going: false, .. }
            | Why::TrafficBeyond { .. }
            | Why::RunDidNotWrite { .. }
            | Why::RunLeftVaultsOut { .. }
            | Why::VaultByHand { .. }
            | Why::VaultDisabled
            | Why::VaultMissing { .. }
            | Why::VaultHoldsNoKey
            | Why::VaultHoldsOtherAccess { .. }
            | Why::SyncedSecretStale { .. }
            | Why::SyncedSecretUnread { .. }
            | Why::SyncedSecretAbsent { .. }
            | Why::SyncedSecretUndated { .. }
            | Why::CronJobReadsStale { .. }
            | Why::WorkloadMissing
            | Why::NamespacesUnseen { .. }
            | Why::UnlistedWorkload
            | Why::UnlistedPods { stays: true, .. }
            | Why::MayHoldSecret { .. }
            | Why::DoesNotGetSecret { .. }
            | Why::ClassMissing { .. }
            | Why::PinnedVersion { .. }
            | Why::Paused
            | Why::Recreate
            | Why::OnDelete
            | Why::Partitioned { .. }
            | Why::RolloutFailed { .. }
            | Why::LastHealthyStamp { recovering: false }
            | Why::TakesAll { .. }
            | Why::NoRoom { passing: false, .. }
            | Why::BudgetSpent { .. }
            | Why::FailedRestartUndone { .. }
            | Why::ClockUnknown
            | Why::ClocksDiffer { .. }
            | Why::PausedByPerson { .. }
            | Why::NodeSilent { .. }
            | Why::DeletedUnheard { lasting: true, .. }
            | Why::OldPodsStay { .. }
            | Why::JobRuns { stays: true, .. }
            | Why::StampTakenOut
            | Why::AccountOfOther
            | Why::NoLiveStamp
            | Why::PatternsMisfit
            | Why::Unlisted { .. }
            | Why::Unattributed { .. }
            | Why::ClusterGone
            | Why::ClusterOfOther { .. }
            | Why::OldMountOfOther { stay: true, .. }
            | Why::PodsNotMounted { lasting: true, .. }
            | Why::NotesBehind { lasting: true, .. }
            | Why::LogsStalled { .. }
            | Why::LogsYoung { until: None, .. }
            | Why::MetricsSilent { lasting: true, .. }
            | Why::RefusalsUntold { lasting: true, .. }
            | Why::RefusedSince { .. }
            | Why::RefusedByMetrics { .. }
            | Why::NotApproved { .. }
            | Why::ApproverIsProposer { .. }
            | Why::PersonUnknown { .. }
            | Why::CheckNotPassed { passed: Some(false), merged: true, .. }
            | Why::ApprovedOtherEvidence { .. }
            | Why::StoreNotShared
            | Why::RuleRefuses { .. }
            | Why::MayNotRestart { .. }
            | Why::RightMissing { .. }
            | Why::RightUnknown { .. }
            | Why::RightEnds { .. }
            | Why::ReleaseUnclear { .. }
            | Why::NotAsked { .. }
            | Why::RetiredKeyGiven { lasting: true, .. }
            | Why::ProofInconclusive { lasting: true, .. }
            | Why::OperationFailed { .. } => Opens::ByPerson,
            // It helps and decides nothing: the check comes, whoever starts it.
            Why::Blind { evidence: EvidenceKey::Validation(_), .. } => Opens::ByWaiting,
            // Signing in, or a role: time brings neither.
            Why::Blind { blind, .. }
                if matches!(blind.kind, Blindness::Forbidden | Blindness::Misconfigured) =>
            {
                Opens::ByPerson
            }
            Why::AccountBusy { state } if ended_ill(state) => Opens::ByPerson,
            Why::Blind { .. }
            | Why::AccountBusy { .. }
            | Why::KeySpreading { .. }
            | Why::ProofInconclusive { lasting: false, .. }
            | Why::TargetTooOld { .. }
            | Why::PullOpen { .. }
            | Why::HeadNotJudged { .. }
            | Why::PushedSince { .. }
            | Why::MergeRefused { .. }
            | Why::WishTakenBack { .. }
            | Why::PullNotListed { .. }
            | Why::CheckNotPassed { .. }
            | Why::ValidationRuns { .. }
            | Why::ValidationEnded { .. }
            | Why::ValidationAsked { .. }
            | Why::ValidationToStart { .. }
            | Why::ValidationRefused { .. }
            | Why::OutcomeOpen { .. }
            | Why::Arrived { .. }
            | Why::StepDeferred { .. }
            | Why::BranchReads { .. }
            | Why::RunUnderWay { .. }
            | Why::RunWaitsForApproval { .. }
            | Why::RunJustEnded { .. }
            | Why::TrafficUnknown { going: true, .. }
            | Why::DeploymentUnderWay { .. }
            | Why::RunUnlisted { .. }
            | Why::RunAwaited { .. }
            | Why::RunByHand { .. }
            | Why::VaultHolds { .. }
            | Why::UnitOfOlderCode { .. }
            | Why::VaultSettling { .. }
            | Why::SyncedSecretLags { .. }
            | Why::SyncedSecretContested { .. }
            | Why::SyncedSecretUnlooked { .. }
            | Why::ClusterChanging { .. }
            | Why::RolloutUnderWay { .. }
            | Why::Unhealthy { .. }
            | Why::CanaryFirst { .. }
            | Why::Soaking { .. }
            | Why::WaveFull { .. }
            | Why::WaveSettling { .. }
            | Why::LastHealthyStamp { recovering: true }
            | Why::NoRoom { passing: true, .. }
            | Why::AtLimit { .. }
            | Why::NodesFull { .. }
            | Why::Scaling { .. }
            | Why::PodsLeftOut { .. }
            | Why::NodeNotReady { .. }
            | Why::DeletedUnheard { lasting: false, .. }
            | Why::OldPods { .. }
            | Why::JobRuns { stays: false, .. }
            | Why::UnlistedPods { stays: false, .. }
            | Why::OldMountOfOther { stay: false, .. }
            | Why::PodsNotMounted { lasting: false, .. }
            | Why::UsedRecently { .. }
            | Why::NotesBehind { lasting: false, .. }
            | Why::SeenInLogs { .. }
            | Why::UsedByStranger { until: Some(_), .. }
            | Why::SecretRead { until: Some(_), .. }
            | Why::KeyNotNamed { .. }
            | Why::LogsBehind { .. }
            | Why::LogsYoung { until: Some(_), .. }
            | Why::MetricsSilent { lasting: false, .. }
            | Why::RefusalsUntold { lasting: false, .. }
            | Why::SlotNamed { .. }
            | Why::LeaseOfOther { .. }
            | Why::OperationRunning { .. }
            | Why::GenerationNotNewer
            | Why::RetiredKeyGiven { lasting: false, .. }
            | Why::NotAcceptedLongEnough { .. } => Opens::ByWaiting,
        }
    }
}
