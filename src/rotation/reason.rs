//! “Not yet” as data: which gate, on what subject, why, and what to look at again.
//!
//! The same values are what `status`, `explain`, the report and the pull request print. Their words stand in
//! `render`, whose matches are exhaustive: a new reason does not compile until it can be shown.

mod accepted;
mod kind;
mod opens;
mod run;
mod subject;
mod why;

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

pub use self::opens::Opens;
pub use self::run::{FailedStage, Waiting};
pub use self::subject::Subject;
pub use self::why::Why;
use super::Gate;
use crate::model::Pace;

/// How often the census is taken again while somebody may still move.
const CENSUS_PACE: Duration = Duration::from_secs(600);

/// How often it is seen whether what was put off has become needless.
const DEFERRED_PACE: Duration = Duration::from_secs(300);

/// One reason why a step does not happen yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    pub gate: Gate,
    pub subject: Subject,
    pub why: Why,
}

impl Reason {
    /// Whether looking (again) may open it at once.
    pub fn opens_by_looking(&self) -> bool {
        self.why.opens() == Opens::ByLooking
    }

    pub fn new(gate: Gate, subject: Subject, why: Why) -> Reason {
        Reason { gate, subject, why }
    }
}

impl Reason {
    /// Whether it is a lease that nobody holds any more: whoever has something to do takes it then.
    pub fn is_free_lease(&self, now: Timestamp) -> bool {
        matches!(&self.why, Why::LeaseOfOther { until, .. } if *until <= now)
    }

    /// When to look again, at the latest.
    pub fn look_again(&self, now: Timestamp, pace: &Pace) -> Timestamp {
        let after = |pause: Duration| later(now, pause);
        match &self.why {
            Why::NotSeen(_)
            | Why::TooOld { .. }
            | Why::WindowShort { .. }
            | Why::ProofOfAnotherKey { .. } => now,
            // Whoever asked to be left alone is not asked how things are, either.
            Why::StepDeferred { until, .. } => (*until).clamp(now, after(DEFERRED_PACE)),
            Why::OutcomeOpen { until, .. }
            | Why::OperationRunning { until }
            | Why::LeaseOfOther { until, .. } => (*until).min(after(pace.account)).max(now),
            Why::Soaking { until, .. } | Why::VaultSettling { until } | Why::RunJustEnded { until } => {
                (*until).min(after(pace.pipeline)).max(now)
            }
            // Before that there is nothing to be told.
            Why::RefusalsUntold { wanted, .. } => (*wanted).max(after(pace.people)),
            Why::UsedRecently { until, .. }
            | Why::LogsYoung { until: Some(until), .. }
            | Why::SeenInLogs { until, .. }
            | Why::KeyNotNamed { until, .. } => (*until).clamp(now, after(pace.people)),
            // Weeks of logs are asked for, so not every minute.
            Why::UsedByStranger { until: Some(until), .. } | Why::SecretRead { until: Some(until), .. } => {
                (*until).clamp(now, after(CENSUS_PACE))
            }
            // What is probed less often counts for less.
            Why::NotAcceptedLongEnough { reach, .. } => after(pace.account.min(*reach)),
            Why::AccountBusy { .. }
            | Why::Arrived { .. }
            | Why::GenerationNotNewer
            | Why::RetiredKeyGiven { .. }
            | Why::KeySpreading { .. } => after(pace.account),
            Why::RolloutUnderWay { .. }
            | Why::Scaling { .. }
            | Why::WaveFull { .. }
            | Why::CanaryFirst { .. } => after(pace.rollout),
            Why::PodsLeftOut { .. }
            | Why::NodeNotReady { .. }
            | Why::DeletedUnheard { .. }
            | Why::OldPods { .. }
            | Why::JobRuns { stays: false, .. }
            | Why::SyncedSecretUnlooked { .. }
            | Why::UnlistedPods { stays: false, .. }
            | Why::OldMountOfOther { stay: false, .. }
            | Why::PodsNotMounted { .. } => after(pace.pods),
            Why::RunUnderWay { .. }
            | Why::RunWaitsForApproval { .. }
            | Why::DeploymentUnderWay { .. }
            | Why::RunUnlisted { .. }
            | Why::RunAwaited { .. }
            | Why::VaultHolds { .. }
            | Why::SyncedSecretContested { .. }
            | Why::SyncedSecretLags { .. } => after(pace.pipeline),
            _ => after(pace.people),
        }
    }
}

/// Whether the account's last operation ended without success, as Azure's words for it go: nothing is under way then, and
/// no time changes that.
pub fn ended_ill(state: &str) -> bool {
    ["Failed", "Canceled", "DeletionFailed"].iter().any(|end| end.eq_ignore_ascii_case(state))
}

/// `now` plus a pause, saturating.
pub fn later(now: Timestamp, pause: Duration) -> Timestamp {
    SignedDuration::try_from(pause)
        .ok()
        .and_then(|pause| now.checked_add(pause).ok())
        .unwrap_or(Timestamp::MAX)
}
