//! The release pipeline.

use async_trait::async_trait;

use super::{Effect, Fault};
use crate::model::{BranchName, CommitId, DeploymentView, RunId, RunView};

/// A run that was started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Started {
    pub run: RunId,
    /// What it is of, whatever was asked for; `None` where the service did not say: then the list tells.
    pub commit: Option<CommitId>,
}

/// How a commit that nobody has yet is about to come to where it may start runs.
#[derive(Clone, Copy, Debug)]
pub struct Arrival<'a> {
    pub commit: &'a CommitId,
    /// The commit beneath, which the remote has.
    pub beneath: &'a CommitId,
    /// The branch that it is pushed to: a new one where a pull request follows.
    pub branch: &'a BranchName,
    /// The branch that the pull request asks it to be merged into; `None`: it is pushed to where it belongs.
    pub into: Option<&'a BranchName>,
    /// Whether it ends on the branch that is deployed, so that where runs are started by pushes it must start one.
    pub deployed: bool,
}

impl Arrival<'_> {
    /// The branch on which it ends.
    pub fn end(&self) -> &BranchName {
        self.into.unwrap_or(self.branch)
    }
}

#[async_trait]
pub trait Pipeline: Send + Sync {
    /// Recent runs, newest first; with stages for those that are not over, for the newest of each branch, and back to the one
    /// that moved traffic last.
    async fn runs(&self) -> Result<Vec<RunView>, Fault>;

    /// Deployments to the environment of the last weeks, newest first, with their newest statuses; also those that no run of
    /// this pipeline has made. None where the service keeps none.
    async fn deployments(&self) -> Result<Vec<DeploymentView>, Fault> {
        Ok(Vec::new())
    }

    /// Whether somebody has answered for what the pipeline would do at this commit, where its coming starts a run: the push,
    /// the new branch, the pull request or its merge. A run that keyslot asks for is judged at its start. Nothing is changed
    /// anywhere.
    async fn may_be_pushed(&self, _arrival: &Arrival<'_>) -> Effect<()> {
        Effect::Applied(())
    }

    /// Starts a run of `branch`, pinned to `commit`, leaving stages out. Not idempotent: look before asking again. A run
    /// of another commit has been started too.
    async fn start(&self, branch: &BranchName, commit: &CommitId, skip: &[String]) -> Effect<Started>;
}
