//! “Not yet” as data: which gate, on what subject, why, and what to look at again.
//!
//! The same values are what `status`, `explain`, the report and the pull request print. Their words stand in
//! `render`, whose matches are exhaustive: a new reason does not compile until it can be shown.

mod opens;
mod why;

use std::fmt;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

pub use self::opens::Opens;
pub use self::why::{FailedStage, Waiting, Why};
use super::Gate;
use crate::model::{
    BranchName, CommitId, EnvironmentName, ObjectName, Pace, PullNumber, RunId, Slot, StampName, WorkloadName,
};

/// How often the census is taken again while somebody may still move.
const CENSUS_PACE: Duration = Duration::from_secs(600);

/// How often it is seen whether what was put off has become needless.
const DEFERRED_PACE: Duration = Duration::from_secs(300);

/// What a reason is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    Rotation,
    Account,
    Key(Slot),
    Branch(BranchName),
    Pull(PullNumber),
    Commit(CommitId),
    Run(RunId),
    Stamp(StampName),
    /// Another one of the configuration.
    Environment(EnvironmentName),
    Workload(StampName, WorkloadName),
    /// Something else in a stamp's cluster: a pod, a Job, a CronJob.
    Object(StampName, ObjectName),
    /// By its name in Azure.
    Resource(String),
    /// By the address that it is seen to come from, or the identity that it signs in as.
    Client(String),
    /// Something that one may be allowed to do.
    Right(String),
    /// A request that was sent, by the id that it bore.
    Request(String),
}

impl Subject {
    /// The stamp that it is, or is part of.
    pub fn stamp(&self) -> Option<&StampName> {
        match self {
            Subject::Stamp(stamp) | Subject::Workload(stamp, _) | Subject::Object(stamp, _) => Some(stamp),
            Subject::Rotation
            | Subject::Account
            | Subject::Key(_)
            | Subject::Branch(_)
            | Subject::Pull(_)
            | Subject::Commit(_)
            | Subject::Run(_)
            | Subject::Environment(_)
            | Subject::Resource(_)
            | Subject::Client(_)
            | Subject::Right(_)
            | Subject::Request(_) => None,
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Subject::Rotation => f.write_str("rotation"),
            Subject::Account => f.write_str("account"),
            Subject::Key(slot) => write!(f, "{slot}"),
            Subject::Branch(branch) => write!(f, "{branch}"),
            Subject::Pull(number) => write!(f, "{number}"),
            Subject::Commit(commit) => f.write_str(commit.short()),
            Subject::Run(run) => write!(f, "{run}"),
            Subject::Stamp(stamp) => write!(f, "{stamp}"),
            Subject::Environment(name) => write!(f, "environment/{name}"),
            Subject::Workload(stamp, workload) => write!(f, "{stamp}/{workload}"),
            Subject::Object(stamp, object) => write!(f, "{stamp}/{object}"),
            Subject::Resource(name)
            | Subject::Client(name)
            | Subject::Right(name)
            | Subject::Request(name) => f.write_str(name),
        }
    }
}

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
