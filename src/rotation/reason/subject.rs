//! What reasons are about.

use std::fmt;

use crate::model::{
    BranchName, CommitId, EnvironmentName, ObjectName, PullNumber, RunId, Slot, StampName, WorkloadName,
};

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
