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

    /// Whether somebody has answered for what the pipeline would do at this commit, where its coming to the branch, by a push
    /// or a merge, starts a run; else it is judged at the start. `deployed`: the branch is the one that is deployed, so that
    /// where runs are started by pushes it must start one. Nothing leaves the machine but reads.
    async fn may_be_pushed(&self, _branch: &BranchName, _commit: &CommitId, _deployed: bool) -> Effect<()> {
        Effect::Applied(())
    }

    /// Starts a run of `branch`, pinned to `commit`, leaving stages out. Not idempotent: look before asking again. A run
    /// of another commit has been started too.
    async fn start(&self, branch: &BranchName, commit: &CommitId, skip: &[String]) -> Effect<Started>;
}
