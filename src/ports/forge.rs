//! The forge: pull requests, reviews, checks.

use async_trait::async_trait;

use super::{Effect, Fault};
use crate::model::{BranchName, PullNumber, PullView};

/// A pull request to be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPull {
    pub head: BranchName,
    pub base: BranchName,
    pub title: String,
    pub body: String,
}

#[async_trait]
pub trait Forge: Send + Sync {
    /// The newest pull request from this head branch of the same repository, open or not, with what it waits
    /// for.
    async fn pull_from(&self, head: &BranchName) -> Result<Option<PullView>, Fault>;

    /// Opens one. Not idempotent on the forge's side: look before asking again.
    async fn open_pull(&self, new: &NewPull) -> Effect<PullNumber>;
}
