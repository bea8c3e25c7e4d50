//! The git repository that holds the Terraform.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;

use super::{Effect, Fault};
use crate::model::{BranchName, CommitId};

/// One file of a tree, by its path from the repository's root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile {
    pub path: String,
    pub bytes: Arc<[u8]>,
}

/// Which files of a commit are asked for; all paths start from the repository's root.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// A folder with everything below it that is Terraform; empty for all of the repository.
    pub below: String,
    /// Further folders, for the Terraform right in them; they may be absent.
    pub folders: BTreeSet<String>,
    /// Further files, whatever they are; they may be absent.
    pub files: BTreeSet<String>,
}

/// Files of a commit, by path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CodeTree {
    pub files: Vec<SourceFile>,
    /// Links to folders, and the real folders. What lies there is listed by its real path alone.
    pub links: Vec<(String, String)>,
}

/// A file's new content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileEdit {
    pub path: String,
    pub bytes: Vec<u8>,
}

/// What a commit says besides its tree. The time comes from the step's intent, so that the same work gives the
/// same commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitText {
    pub message: String,
    pub at: Timestamp,
}

/// How a cherry-pick in memory ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Picked {
    Commit(CommitId),
    /// The result is the tree that was there before.
    AlreadyThere,
    /// Files that both sides changed.
    Conflict(Vec<Conflict>),
}

/// A file that a cherry-pick leaves to people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    pub path: String,
    /// The lines of both sides, marked as git marks them; in words where one side has no such file, or it is no text. As
    /// they are in the repository: whoever shows them hides what may be a key.
    pub lines: String,
}

/// What a branch must be before a push; the remote refuses otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expect {
    Absent,
    At(CommitId),
}

/// keyslot's own copy of the repository, and the remote behind it. The user's working tree is never touched.
#[async_trait]
pub trait Code: Send + Sync {
    /// Fetches and returns all branches of the remote.
    async fn fetch(&self) -> Result<BTreeMap<BranchName, CommitId>, Fault>;

    /// Files of a fetched commit.
    async fn tree(&self, commit: &CommitId, wanted: &Wanted) -> Result<CodeTree, Fault>;

    /// Whether `ancestor` is `descendant` or one of its ancestors.
    async fn contains(&self, descendant: &CommitId, ancestor: &CommitId) -> Result<bool, Fault>;

    /// The newest commit that lies on both; none where they have nothing in common.
    async fn parted(&self, one: &CommitId, other: &CommitId) -> Result<Option<CommitId>, Fault>;

    /// The commit and those before it on its own line (first parents), newest first; so many at most.
    async fn line(&self, head: &CommitId, most: usize) -> Result<Vec<CommitId>, Fault>;

    /// One file of a commit, by its path from the repository's root; links to it are followed. None where there is none.
    async fn file(&self, commit: &CommitId, path: &str) -> Result<Option<Arc<[u8]>>, Fault>;

    /// What the commit says.
    async fn message(&self, commit: &CommitId) -> Result<String, Fault>;

    /// Builds a commit from objects; nothing leaves the machine.
    async fn commit(
        &self,
        parent: &CommitId,
        edits: &[FileEdit],
        text: &CommitText,
    ) -> Result<CommitId, Fault>;

    /// The commits that a merge of `proposal` put on its branch, oldest first: several after a rebase, else one.
    async fn brought(&self, merged: &CommitId, proposal: &CommitId) -> Result<Vec<CommitId>, Fault>;

    /// The paths that differ between two commits, in order.
    async fn changed(&self, from: &CommitId, to: &CommitId) -> Result<Vec<String>, Fault>;

    /// Applies what `commit` changed (against its first parent) to `onto`, in memory, with a `-x` trailer.
    async fn cherry_pick(&self, commit: &CommitId, onto: &CommitId, at: Timestamp) -> Result<Picked, Fault>;

    /// What merging `head` into `into` makes, in memory; nothing leaves the machine. Of conflicts the paths alone.
    async fn joined(&self, into: &CommitId, head: &CommitId) -> Result<Picked, Fault>;

    /// Pushes one commit to one branch. Never forces. A branch that already stands on `commit` is success.
    async fn push(&self, commit: &CommitId, branch: &BranchName, expect: &Expect) -> Effect<()>;

    /// Puts what was built as `commit` on one branch, and answers what the branch stands on then. Where the forge makes
    /// the commit, that is another one: with the same tree, on the same parent.
    async fn publish(&self, commit: &CommitId, branch: &BranchName, expect: &Expect) -> Effect<CommitId> {
        self.push(commit, branch, expect).await.map(|()| commit.clone())
    }
}
