//! The forge: pull requests, reviews, checks, merges, and the place where people look.

use async_trait::async_trait;

use super::{Effect, Fault, Permit};
use crate::model::{
    BranchName, BranchRules, CommitId, MergeMethod, PullDress, PullEnds, PullNumber, PullView, RotationId,
};

/// A pull request to be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPull {
    pub head: BranchName,
    pub base: BranchName,
    pub title: String,
    pub body: String,
    pub draft: bool,
}

impl NewPull {
    pub fn ends(&self) -> PullEnds {
        PullEnds { head: self.head.clone(), base: self.base.clone() }
    }
}

/// By what a commit came to a branch.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Bringing {
    /// Absent where it was pushed.
    pub pull: Option<PullView>,
    /// How many approvals the branch demands, as far as that can be read.
    pub reviews_wanted: u32,
    /// What of its demands could not be read.
    pub unread: Vec<String>,
}

/// How a rotation stands, for whoever looks at its pull request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bulletin {
    pub rotation: RotationId,
    /// Markdown.
    pub text: String,
    pub state: BulletinState,
    /// The same in one short line.
    pub line: String,
    /// The pull request's head as it was seen, where it was: a new one is told as well, whatever the words.
    pub head: Option<CommitId>,
}

/// What a commit status says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BulletinState {
    UnderWay,
    Done,
    /// Closed before its end.
    GivenUp,
}

/// How much of a bulletin a pull request shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Showing {
    All,
    /// The comment; not the status or not the label, which two may set at once and there is one all the same.
    Comment,
    Less,
}

#[async_trait]
pub trait Forge: Send + Sync {
    /// The newest pull request between these branches of the same repository, open or not, with what it waits
    /// for.
    async fn pull_between(&self, ends: &PullEnds) -> Result<Option<PullView>, Fault>;

    /// The merged pull request whose merge made the first of these commits that any has made on the branch; and what the
    /// branch demands of one.
    async fn brought_by(&self, commits: &[CommitId], base: &BranchName) -> Result<Bringing, Fault>;

    /// What its rules say of a branch, which need not exist. None where nobody can be asked.
    async fn rules(&self, _branch: &BranchName) -> Result<BranchRules, Fault> {
        Ok(BranchRules::default())
    }

    /// Opens one. Not idempotent on the forge's side: look before asking again.
    async fn open_pull(&self, new: &NewPull) -> Effect<PullNumber>;

    /// Labels it, requests reviews and assigns it. What it has already is left as it is.
    async fn dress(&self, pull: PullNumber, dress: &PullDress) -> Effect<()>;

    /// Asks the forge to merge it as soon as its rules allow (or puts it into the merge queue), as long as its head is
    /// `head`. One that could be merged at once is refused as changed: nothing is left to wait for.
    async fn merge_when_ready(&self, pull: PullNumber, head: &CommitId, method: MergeMethod) -> Effect<()>;

    /// Takes back that it is to be merged by itself, and out of the merge queue. Where nobody has asked for that (any more), it is done already.
    async fn withdraw_merge(&self, pull: PullNumber) -> Effect<()>;

    /// Merges it, as long as its head is `head` and the permit lasts. Returns the commit that the base branch stands on.
    /// What holds it, or another head, is refused as changed.
    async fn merge(
        &self,
        pull: PullNumber,
        head: &CommitId,
        method: MergeMethod,
        permit: &Permit,
    ) -> Effect<CommitId>;

    /// How much of what [`Forge::publish`] would say is said already. Changes nothing; one that cannot tell has said nothing.
    ///
    /// # Errors
    /// It cannot be looked at.
    async fn shows(&self, _pull: PullNumber, _bulletin: &Bulletin) -> Result<Showing, Fault> {
        Ok(Showing::Less)
    }

    /// Keeps the one comment of this rotation, the status of its head and the label of what is under way as the bulletin
    /// says. What is so already is not said again.
    async fn publish(&self, pull: PullNumber, bulletin: &Bulletin) -> Effect<()>;
}
