//! What opens a gate, by its reason; and the names of reasons.

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

    /// What an acceptance is bound to: the kind of reason, and the thing where several under one subject are of that kind.
    /// Whoever has accepted one check or Secret has not accepted the next.
    pub fn accepted_as(&self) -> String {
        let of = match self {
            Why::CheckNotPassed { name, passed: Some(_), .. } => format!(" {name} failed"),
            Why::CheckNotPassed { name, passed: None, .. } => format!(" {name} without a result"),
            Why::SyncedSecretLags { secret, .. }
            | Why::SyncedSecretStale { secret }
            | Why::SyncedSecretContested { secret, .. }
            | Why::SyncedSecretAbsent { secret, .. }
            | Why::SyncedSecretUnlooked { secret, .. }
            | Why::SyncedSecretUndated { secret, .. } => format!(" {secret}"),
            Why::SyncedSecretUnread { secrets } => format!(" {}", secrets.join(" ")),
            // Whoever has it tried once more has not asked for the time after that.
            Why::FailedRestartUndone { restarted_at } => format!(" {restarted_at}"),
            Why::MayNotRestart { what, .. } => format!(" {what}"),
            // Whoever has accepted one rule has not accepted the next.
            Why::RuleRefuses { deed, demand } => format!(" {deed:?} {demand:?}"),
            Why::TreeProblems { problems } => format!(" {}", problems.join(" / ")),
            Why::MayHoldSecret { class, fate, .. } => format!(" {class} {fate:?}"),
            // What is taken by another argument, or in another file, is another reader; and who has the one key renewed may
            // hold the other.
            Why::DeliveredElsewhere { slot, arguments, files, .. } => {
                format!(" {slot} {} / {}", arguments.join(" "), files.join(" "))
            }
            Why::CronJobReadsStale { secret } => format!(" {secret}"),
            // Where fewer are seen than was accepted, that is another matter.
            Why::NamespacesUnseen { looked, .. } => format!(" {}", looked.join(" ")),
            // The machine may be gone, or another one may run by its name now.
            Why::DeletedUnheard { pods, .. } => format!(" {}", pods.join(" ")),
            // A use after the one that was accepted is another one.
            Why::UsedRecently { at, .. }
            | Why::NotesBehind { at, .. }
            | Why::SeenInLogs { at, stamp: Some(_), .. } => format!(" {at}"),
            Why::RefusedSince { at, stranger: false, .. } => format!(" {at}"),
            Why::RefusedByMetrics { refusals, .. } => format!(" {}", refusals.most),
            Why::StagesUndeclared { stages, .. } | Why::StagesNotSkipped { stages } => {
                format!(" {}", stages.join(" "))
            }
            _ => String::new(),
        };
        format!("{}{of}", self.kind())
    }

    /// Whether it is what was accepted as that. Metrics name nobody: up to twice as many refused in a minute are taken to be
    /// the same callers.
    pub fn is_accepted_as(&self, accepted: &str) -> bool {
        match self {
            Why::RefusedByMetrics { refusals, .. } => {
                let most =
                    accepted.strip_prefix(self.kind()).and_then(|most| most.trim().parse::<u64>().ok());
                most.is_some_and(|most| refusals.most <= most.saturating_mul(2))
            }
            _ => accepted == self.accepted_as(),
        }
    }

    /// The name of the kind of reason, for machine output.
    pub fn kind(&self) -> &'static str {
        match self {
            Why::NotSeen(_) => "not-seen",
            Why::TooOld { .. } => "too-old",
            Why::Blind { .. } => "blind",
            Why::LocalAuthDisabled => "local-auth-disabled",
            Why::AccountBusy { .. } => "account-busy",
            Why::KeyRefused { .. } => "key-refused",
            Why::KeySpreading { .. } => "key-spreading",
            Why::ProofInconclusive { .. } => "proof-inconclusive",
            Why::KeptOut { .. } => "kept-out",
            Why::ProofOfAnotherKey { .. } => "proof-of-another-key",
            Why::TargetTooOld { .. } => "target-too-old",
            Why::TreeProblems { .. } => "tree-problems",
            Why::NoReference => "no-reference",
            Why::PullOpen { .. } => "pull-open",
            Why::PullClosed { .. } => "pull-closed",
            Why::HeadNotJudged { .. } => "head-not-judged",
            Why::PushedSince { .. } => "pushed-since",
            Why::MergeRefused { .. } => "merge-refused",
            Why::WishTakenBack { .. } => "wish-taken-back",
            Why::MergedUnreviewed { .. } => "merged-unreviewed",
            Why::BranchOfOthers { .. } => "branch-of-others",
            Why::BringsAlong { .. } => "brings-along",
            Why::MergeWouldRead { .. } => "merge-would-read",
            Why::ChangedByOtherHands { .. } => "changed-by-other-hands",
            Why::PullNotListed { .. } => "pull-not-listed",
            Why::MergedButReads { .. } => "merged-but-reads",
            Why::TakenBack { .. } => "taken-back",
            Why::CheckNotPassed { .. } => "check-not-passed",
            Why::ValidationRuns { .. } => "validation-runs",
            Why::ValidationEnded { .. } => "validation-ended",
            Why::ValidationAsked { .. } => "validation-asked",
            Why::ValidationToStart { .. } => "validation-to-start",
            Why::ValidationRefused { .. } => "validation-refused",
            Why::OutcomeOpen { .. } => "outcome-open",
            Why::Arrived { .. } => "arrived",
            Why::Untraced { .. } => "untraced",
            Why::StepRefused { .. } => "step-refused",
            Why::NeverArrives { .. } => "never-arrives",
            Why::StepDeferred { .. } => "step-deferred",
            Why::BranchReads { .. } => "branch-reads",
            Why::RunUnderWay { .. } => "run-under-way",
            Why::RunWaitsForApproval { .. } => "run-waits-for-approval",
            Why::RunJustEnded { .. } => "run-just-ended",
            Why::RunFailed { .. } => "run-failed",
            Why::RunCanceled { .. } => "run-canceled",
            Why::RunOfOtherCommit { .. } => "run-of-other-commit",
            Why::StagesUndeclared { .. } => "stages-undeclared",
            Why::StagesNotSkipped { .. } => "stages-not-skipped",
            Why::RunOfOlderUnit { .. } => "run-of-older-unit",
            Why::TrafficUnknown { .. } => "traffic-unknown",
            Why::TrafficBeyond { .. } => "traffic-beyond",
            Why::DeploymentUnderWay { .. } => "deployment-under-way",
            Why::RunAwaited { .. } => "run-awaited",
            Why::RunByHand { .. } => "run-by-hand",
            Why::RunDidNotWrite { .. } => "run-did-not-write",
            Why::RunLeftVaultsOut { .. } => "run-left-vaults-out",
            Why::RunUnlisted { .. } => "run-unlisted",
            Why::VaultHolds { .. } => "vault-holds",
            Why::VaultByHand { .. } => "vault-by-hand",
            Why::VaultDisabled => "vault-disabled",
            Why::VaultMissing { .. } => "vault-missing",
            Why::VaultHoldsNoKey => "vault-holds-no-key",
            Why::VaultHoldsOtherAccess { .. } => "vault-holds-other-access",
            Why::VaultSettling { .. } => "vault-settling",
            Why::SyncedSecretLags { .. } => "synced-secret-lags",
            Why::SyncedSecretStale { .. } => "synced-secret-stale",
            Why::SyncedSecretContested { .. } => "synced-secret-contested",
            Why::SyncedSecretUnread { .. } => "synced-secret-unread",
            Why::SyncedSecretAbsent { .. } => "synced-secret-absent",
            Why::SyncedSecretUnlooked { .. } => "synced-secret-unlooked",
            Why::SyncedSecretUndated { .. } => "synced-secret-undated",
            Why::CronJobReadsStale { .. } => "cron-job-reads-stale",
            Why::WorkloadMissing => "workload-missing",
            Why::NamespacesUnseen { .. } => "namespaces-unseen",
            Why::UnlistedWorkload => "unlisted-workload",
            Why::UnlistedPods { .. } => "unlisted-pods",
            Why::MayHoldSecret { .. } => "may-hold-secret",
            Why::DoesNotGetSecret { .. } => "does-not-get-secret",
            Why::ClassMissing { .. } => "class-missing",
            Why::PinnedVersion { .. } => "pinned-version",
            Why::ClusterGone => "cluster-gone",
            Why::ClusterOfOther { .. } => "cluster-of-other",
            Why::ClusterChanging { .. } => "cluster-changing",
            Why::Paused => "paused",
            Why::Recreate => "recreate",
            Why::OnDelete => "on-delete",
            Why::Partitioned { .. } => "partitioned",
            Why::RolloutUnderWay { .. } => "rollout-under-way",
            Why::Unhealthy { .. } => "unhealthy",
            Why::RolloutFailed { .. } => "rollout-failed",
            Why::CanaryFirst { .. } => "canary-first",
            Why::Soaking { .. } => "soaking",
            Why::WaveFull { .. } => "wave-full",
            Why::WaveSettling { .. } => "wave-settling",
            Why::LastHealthyStamp { .. } => "last-healthy-stamp",
            Why::TakesAll { .. } => "takes-all",
            Why::NoRoom { .. } => "no-room",
            Why::AtLimit { .. } => "at-limit",
            Why::NodesFull { .. } => "nodes-full",
            Why::Scaling { .. } => "scaling",
            Why::PodsLeftOut { .. } => "pods-left-out",
            Why::BudgetSpent { .. } => "budget-spent",
            Why::FailedRestartUndone { .. } => "failed-restart-undone",
            Why::ClockUnknown => "clock-unknown",
            Why::ClocksDiffer { .. } => "clocks-differ",
            Why::PausedByPerson { .. } => "paused-by-person",
            Why::NodeNotReady { .. } => "node-not-ready",
            Why::NodeSilent { .. } => "node-silent",
            Why::DeletedUnheard { .. } => "deleted-unheard",
            Why::OldPods { .. } => "old-pods",
            Why::JobRuns { .. } => "job-runs",
            Why::OldPodsStay { .. } => "old-pods-stay",
            Why::OldMountOfOther { .. } => "old-mount-of-other",
            Why::PodsNotMounted { .. } => "pods-not-mounted",
            Why::StampTakenOut => "stamp-taken-out",
            Why::AccountOfOther => "account-of-other",
            Why::NoLiveStamp => "no-live-stamp",
            Why::PatternsMisfit => "patterns-misfit",
            Why::Unlisted { .. } => "unlisted",
            Why::Unattributed { .. } => "unattributed",
            Why::UsedRecently { .. } => "used-recently",
            Why::NotesBehind { .. } => "notes-behind",
            Why::SeenInLogs { .. } => "seen-in-logs",
            Why::UsedByStranger { .. } => "used-by-stranger",
            Why::SecretRead { .. } => "secret-read",
            Why::DeliveredElsewhere { .. } => "delivered-elsewhere",
            Why::KeyNotNamed { .. } => "key-not-named",
            Why::LogsBehind { .. } => "logs-behind",
            Why::LogsYoung { .. } => "logs-young",
            Why::WindowShort { .. } => "window-short",
            Why::LogsStalled { .. } => "logs-stalled",
            Why::MetricsSilent { .. } => "metrics-silent",
            Why::RefusalsUntold { .. } => "refusals-untold",
            Why::RefusedSince { .. } => "refused-since",
            Why::RefusedByMetrics { .. } => "refused-by-metrics",
            Why::SlotNamed { .. } => "slot-named",
            Why::NotApproved { .. } => "not-approved",
            Why::ApproverIsProposer { .. } => "approver-is-proposer",
            Why::PersonUnknown { .. } => "person-unknown",
            Why::ApprovedOtherEvidence { .. } => "approved-other-evidence",
            Why::LeaseOfOther { .. } => "lease-of-other",
            Why::StoreNotShared => "store-not-shared",
            Why::RuleRefuses { .. } => "rule-refuses",
            Why::MayNotRestart { .. } => "may-not-restart",
            Why::RightMissing { .. } => "right-missing",
            Why::RightUnknown { .. } => "right-unknown",
            Why::RightEnds { .. } => "right-ends",
            Why::UnitOfOlderCode { .. } => "unit-of-older-code",
            Why::ReleaseUnclear { .. } => "release-unclear",
            Why::NotAsked { .. } => "not-asked",
            Why::OperationRunning { .. } => "operation-running",
            Why::OperationFailed { .. } => "operation-failed",
            Why::GenerationNotNewer => "generation-not-newer",
            Why::RetiredKeyGiven { .. } => "retired-key-given",
            Why::NotAcceptedLongEnough { .. } => "not-accepted-long-enough",
        }
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
