//! Reasons in words: why it does not happen yet, and what to do about it; one room a subject.
//!
//! Every match is exhaustive and destructures its case, so that a new reason does not compile until it has a room here, and
//! words there.

use crate::rotation::{Reason, Why};

/// Which reason has its words in which room.
macro_rules! rooms {
    ($($room:ident { $($reason:ident)+ })+) => {
        /// Why it does not happen yet, as one sentence without a full stop.
        pub fn why(reason: &Reason) -> String {
            match &reason.why {
                $($(Why::$reason { .. })|+ => $room::why(reason),)+
            }
        }

        /// What opens it, as one sentence without a full stop. Empty where time does.
        pub fn remedy(reason: &Reason) -> String {
            match &reason.why {
                $($(Why::$reason { .. })|+ => $room::remedy(reason),)+
            }
        }

        rooms!(@others [] [] $($room { $($reason)+ })+);
    };
    // A room is checked to be whole by naming all that is in the others, and no more.
    (@others [$($before:ident)*] [$($done:tt)*]
        $room:ident { $($own:ident)+ } $($next:ident { $($after:ident)+ })*) => {
        rooms!(@others
            [$($before)* $($own)+]
            [$($done)* ($room) => { $(| Why::$before { .. })* $($(| Why::$after { .. })+)* };]
            $($next { $($after)+ })*);
    };
    (@others [$($before:ident)*] [$($done:tt)*]) => {
        macro_rules! in_other_rooms { $($done)* }
    };
}

rooms! {
    evidence {
        NotSeen TooOld Blind
    }
    account {
        LocalAuthDisabled AccountBusy KeyRefused KeySpreading ProofInconclusive KeptOut
        ProofOfAnotherKey TargetTooOld OperationRunning OperationFailed RetiredKeyGiven
        GenerationNotNewer NotAcceptedLongEnough
    }
    pulls {
        TreeProblems NoReference BranchReads RuleRefuses PullOpen HeadNotJudged PushedSince
        MergeRefused WishTakenBack MergedUnreviewed BranchOfOthers BringsAlong MergeWouldRead
        ChangedByOtherHands PullClosed PullNotListed MergedButReads TakenBack
    }
    validation {
        CheckNotPassed ValidationRuns ValidationEnded ValidationAsked ValidationToStart
        ValidationRefused
    }
    steps {
        OutcomeOpen NeverArrives Arrived Untraced StepRefused StepDeferred NotAsked
    }
    runs {
        RunUnderWay RunWaitsForApproval RunJustEnded RunFailed RunCanceled RunOfOtherCommit
        RunAwaited RunByHand RunDidNotWrite RunLeftVaultsOut RunUnlisted StagesUndeclared
        StagesNotSkipped DeploymentUnderWay
    }
    release {
        RunOfOlderUnit TrafficUnknown TrafficBeyond UnitOfOlderCode ReleaseUnclear
    }
    vaults {
        VaultHolds VaultByHand VaultDisabled VaultMissing VaultHoldsNoKey VaultHoldsOtherAccess
        VaultSettling SlotNamed
    }
    synced {
        SyncedSecretLags SyncedSecretStale SyncedSecretContested SyncedSecretUnread
        SyncedSecretAbsent SyncedSecretUnlooked SyncedSecretUndated CronJobReadsStale
    }
    consumers {
        WorkloadMissing NamespacesUnseen UnlistedWorkload UnlistedPods MayHoldSecret
        DoesNotGetSecret ClassMissing PinnedVersion
    }
    stamps {
        StampTakenOut PatternsMisfit AccountOfOther NoLiveStamp Unlisted Unattributed
        ClusterGone ClusterOfOther ClusterChanging ClockUnknown ClocksDiffer
    }
    rollouts {
        Paused Recreate OnDelete Partitioned RolloutUnderWay Unhealthy Scaling RolloutFailed
        FailedRestartUndone PodsLeftOut BudgetSpent
    }
    waves {
        CanaryFirst Soaking WaveFull WaveSettling LastHealthyStamp
    }
    room {
        TakesAll NoRoom AtLimit NodesFull
    }
    pods {
        NodeNotReady NodeSilent DeletedUnheard OldPods JobRuns OldPodsStay OldMountOfOther
        PodsNotMounted
    }
    usage {
        UsedRecently NotesBehind SeenInLogs UsedByStranger SecretRead DeliveredElsewhere
        KeyNotNamed
    }
    logs {
        LogsBehind LogsYoung WindowShort LogsStalled MetricsSilent RefusalsUntold RefusedSince
        RefusedByMetrics
    }
    authority {
        PausedByPerson NotApproved ApproverIsProposer PersonUnknown ApprovedOtherEvidence
        LeaseOfOther StoreNotShared RightMissing RightUnknown RightEnds MayNotRestart
    }
}

mod account;
mod authority;
mod consumers;
mod delivered;
mod evidence;
mod harm;
mod logs;
mod pods;
mod pulls;
mod release;
mod reviews;
mod rollouts;
mod room;
mod runs;
mod stamps;
mod steps;
mod synced;
mod usage;
mod validation;
mod vaults;
mod waves;

pub use self::account::network_rules;
pub use self::harm::harm;
pub use self::pulls::{pull_wait, slot_use};
pub(super) use self::room::waiting_pods;
pub(super) use self::synced::{FILLED, STOPPED};

fn requests(count: u64) -> String {
    if count == 1 { "1 request".to_owned() } else { format!("{count} requests") }
}

fn some(names: &[String]) -> String {
    const SHOWN: usize = 3;
    let mut text = names.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN {
        text.push_str(&format!(" and {} more", names.len() - SHOWN));
    }
    text
}
