//! The release pipeline.

use async_trait::async_trait;

use super::{Effect, Fault};
use crate::model::{BranchName, CommitId, RunId, RunView};

#[async_trait]
pub trait Pipeline: Send + Sync {
    /// Recent runs, newest first; with stages for those that are not over and for the newest of each branch.
    async fn runs(&self) -> Result<Vec<RunView>, Fault>;

    /// Starts a run of `branch`, pinned to `commit`, leaving stages out. Not idempotent: look before asking
    /// again.
    async fn start(&self, branch: &BranchName, commit: &CommitId, skip: &[String]) -> Effect<RunId>;
}
