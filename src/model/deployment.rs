//! Deployments to an environment, as the forge keeps them: also those that no run of the release pipeline makes.

use jiff::Timestamp;

use super::{BranchName, CommitId};

/// What the newest status of a deployment says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeploymentState {
    /// It has not begun: it is queued, or waits for somebody.
    Waiting,
    Running,
    Succeeded,
    Failed,
    /// Another one has taken its place.
    Inactive,
}

impl DeploymentState {
    pub fn is_over(self) -> bool {
        !matches!(self, DeploymentState::Waiting | DeploymentState::Running)
    }
}

/// One deployment of a commit to an environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeploymentView {
    pub environment: String,
    /// The branch, tag or commit that was asked for.
    pub of: BranchName,
    pub commit: CommitId,
    /// Who asked for it; empty where the forge does not say.
    pub by: String,
    pub state: DeploymentState,
    /// Since when.
    pub since: Timestamp,
    /// Where to look at it.
    pub url: String,
}
