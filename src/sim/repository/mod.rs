//! The repository: branches, commits and whole trees in memory, with git's real object ids.
//!
//! A face mirrors it into a bare repository byte for byte; the memory port keeps an [`Objects`] of its own as
//! the local clone. Nothing here knows what the files mean.

mod commit;
mod merge;
mod tree;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

pub use commit::{Commit, Signature};
pub use merge::{Merged, merge_base, merge_trees, pick};
pub use tree::{File, GitId, REGULAR, Tree};

use super::command::Expected;
use super::refusal::Refusal;
use crate::model::{BranchName, CommitId};

/// Commits by id.
#[derive(Clone, Debug, Default)]
pub struct Objects {
    commits: BTreeMap<CommitId, Arc<Commit>>,
}

impl Objects {
    pub fn insert(&mut self, commit: Arc<Commit>) {
        self.commits.insert(commit.id().clone(), commit);
    }

    pub fn get(&self, id: &CommitId) -> Option<&Arc<Commit>> {
        self.commits.get(id)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Arc<Commit>> {
        self.commits.values()
    }
}

/// Something in which commits can be looked up.
pub trait Lookup {
    fn commit(&self, id: &CommitId) -> Option<Arc<Commit>>;

    /// Whether `ancestor` is `descendant` or one of its ancestors.
    fn contains(&self, descendant: &CommitId, ancestor: &CommitId) -> bool {
        ancestors(self, descendant).any(|id| &id == ancestor)
    }
}

impl Lookup for Objects {
    fn commit(&self, id: &CommitId) -> Option<Arc<Commit>> {
        self.get(id).cloned()
    }
}

/// `start` and everything behind it, nearest first.
pub fn ancestors<'a, L: Lookup + ?Sized>(
    objects: &'a L,
    start: &CommitId,
) -> impl Iterator<Item = CommitId> + use<'a, L> {
    let mut queue = VecDeque::from([start.clone()]);
    let mut seen = BTreeSet::new();
    std::iter::from_fn(move || {
        while let Some(id) = queue.pop_front() {
            if !seen.insert(id.clone()) {
                continue;
            }
            if let Some(commit) = objects.commit(&id) {
                queue.extend(commit.parents().iter().cloned());
            }
            return Some(id);
        }
        None
    })
}

/// The remote: all commits and where the branches stand.
#[derive(Clone, Debug, Default)]
pub struct Repository {
    objects: Objects,
    branches: BTreeMap<BranchName, CommitId>,
}

impl Lookup for Repository {
    fn commit(&self, id: &CommitId) -> Option<Arc<Commit>> {
        self.objects.commit(id)
    }
}

impl Repository {
    pub fn branches(&self) -> &BTreeMap<BranchName, CommitId> {
        &self.branches
    }

    pub fn head(&self, branch: &BranchName) -> Option<&CommitId> {
        self.branches.get(branch)
    }

    pub fn get(&self, id: &CommitId) -> Option<&Arc<Commit>> {
        self.objects.get(id)
    }

    /// All commits, by id.
    pub fn commits(&self) -> impl Iterator<Item = &Arc<Commit>> {
        self.objects.iter()
    }

    /// Adds a commit and puts the branch on it, whatever it was before.
    pub(super) fn advance(&mut self, branch: &BranchName, commit: Arc<Commit>) {
        self.branches.insert(branch.clone(), commit.id().clone());
        self.objects.insert(commit);
    }

    /// Whether there was such a branch. Its commits stay, as a forge keeps them.
    pub(super) fn remove(&mut self, branch: &BranchName) -> bool {
        self.branches.remove(branch).is_some()
    }

    /// A push from outside. Answers whether the branch moved.
    ///
    /// # Errors
    /// Where the expectation does not hold, the commit is unknown, or the move is no fast-forward.
    pub(super) fn push(
        &mut self,
        branch: &BranchName,
        expected: &Expected,
        commit: &CommitId,
        brought: &[Arc<Commit>],
    ) -> Result<bool, Refusal> {
        let refuse = |why: &str| {
            Err(Refusal::NotFastForward { branch: branch.as_str().to_owned(), why: why.to_owned() })
        };
        let current = self.branches.get(branch).cloned();
        if current.as_ref() == Some(commit) {
            return Ok(false);
        }
        match (expected, &current) {
            (Expected::Absent, Some(_)) => return refuse("it exists"),
            (Expected::At(_), None) => return refuse("it does not exist"),
            (Expected::At(wanted), Some(found)) if wanted != found => return refuse("it has moved"),
            _ => {}
        }
        for object in brought {
            self.objects.insert(Arc::clone(object));
        }
        if self.objects.get(commit).is_none() {
            return Err(Refusal::NotFound(format!("the commit {commit}")));
        }
        let may_lose = *expected == Expected::Forced;
        if !may_lose && current.is_some_and(|current| !self.contains(commit, &current)) {
            return refuse("the push is no fast-forward");
        }
        self.branches.insert(branch.clone(), commit.clone());
        Ok(true)
    }
}
