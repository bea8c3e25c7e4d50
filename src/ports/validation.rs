//! The pipeline that validates what a pull request proposes.

use async_trait::async_trait;

use super::{Effect, Fault, Started};
use crate::model::{BranchName, CommitId, PullHead, RunView};

#[async_trait]
pub trait Validation: Send + Sync {
    /// The runs on exactly this commit, newest first, whoever started them; without their stages.
    async fn runs_of(&self, head: &PullHead) -> Result<Vec<RunView>, Fault>;

    /// Starts a run of the commit at which the branch stands, leaving stages out. Not idempotent: look before asking again.
    async fn start(&self, branch: &BranchName, commit: &CommitId, skip: &[String]) -> Effect<Started>;
}
