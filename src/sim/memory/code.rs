//! The repository: the world's commits, and those that this process has built and not pushed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;

use super::super::command::{Command, Expected, Reply};
use super::super::fault::{Call, Operation};
use super::super::repository::{
    Commit, Lookup, Merged, Objects, Repository, Signature, Tree, ancestors, merge_base, merge_trees, pick,
};
use super::hub::{About, Hub};
use crate::model::{Blindness, BranchName, CommitId};
use crate::ports::{
    Code, CodeTree, CommitText, Conflict, Effect, Expect, Fault, FileEdit, Picked, SourceFile, Wanted,
};

pub(super) struct MemoryCode {
    hub: Arc<Hub>,
    local: Mutex<Objects>,
}

/// Local commits in front of the remote's.
struct LocalClone<'a> {
    local: &'a Objects,
    remote: &'a Repository,
}

impl Lookup for LocalClone<'_> {
    fn commit(&self, id: &CommitId) -> Option<Arc<Commit>> {
        self.local.commit(id).or_else(|| self.remote.commit(id))
    }
}

impl MemoryCode {
    pub fn new(hub: Arc<Hub>) -> MemoryCode {
        MemoryCode { hub, local: Mutex::default() }
    }

    /// Local work: no call, no fault, no time.
    fn local<T>(&self, work: impl FnOnce(&LocalClone<'_>) -> T) -> T {
        let local = self.local.lock().unwrap_or_else(PoisonError::into_inner);
        let world = self.hub.world.lock();
        work(&LocalClone { local: &local, remote: world.repository() })
    }

    fn find(&self, id: &CommitId) -> Result<Arc<Commit>, Fault> {
        self.local(|clone| clone.commit(id)).ok_or_else(|| {
            let about = About { what: "find a commit", subject: id.short() };
            about.fault(Blindness::Missing, "neither the remote nor this process has it")
        })
    }

    fn keep(&self, commit: Commit) -> CommitId {
        let id = commit.id().clone();
        self.local.lock().unwrap_or_else(PoisonError::into_inner).insert(Arc::new(commit));
        id
    }

    fn me(&self, at: Timestamp) -> Signature {
        let (name, email) = self.hub.options.identity.clone();
        Signature { name, email, at }
    }
}

/// The commits of a rebase, oldest first: as many at the end as the proposal has of its own, with the same words.
fn brought(clone: &LocalClone<'_>, last: &Commit, proposal: &CommitId) -> Vec<CommitId> {
    let behind: BTreeSet<CommitId> = ancestors(clone, last.id()).collect();
    let (mut chain, mut next) = (Vec::new(), clone.commit(last.id()));
    let is_merge = |id: &CommitId| clone.commit(id).is_some_and(|commit| commit.parents().len() > 1);
    let own = ancestors(clone, proposal).filter(|id| !is_merge(id));
    for id in own.take_while(|id| !behind.contains(id)) {
        let same = |rebased: &Arc<Commit>| {
            clone.commit(&id).is_some_and(|proposed| proposed.message() == rebased.message())
        };
        let Some(rebased) = next.filter(same) else { return vec![last.id().clone()] };
        chain.push(rebased.id().clone());
        next = rebased.parents().first().and_then(|parent| clone.commit(parent));
    }
    if chain.is_empty() {
        chain.push(last.id().clone());
    }
    chain.reverse();
    chain
}

#[async_trait]
impl Code for MemoryCode {
    async fn fetch(&self) -> Result<BTreeMap<BranchName, CommitId>, Fault> {
        let about = About { what: "fetch", subject: "the repository" };
        self.hub
            .read(about, Call::of(Operation::Fetch), |world| Ok(world.repository().branches().clone()))
            .await
    }

    async fn tree(&self, commit: &CommitId, wanted: &Wanted) -> Result<CodeTree, Fault> {
        let commit = self.find(commit)?;
        let file = |(path, file): (&Arc<str>, &super::super::repository::File)| SourceFile {
            path: path.to_string(),
            bytes: Arc::clone(file.bytes()),
        };
        let tree = commit.tree();
        let beside = |path: &str| {
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            wanted.folders.contains(folder) || wanted.files.contains(path)
        };
        let mut files: Vec<SourceFile> = tree.under(&wanted.below).map(&file).collect();
        let below: BTreeSet<String> = files.iter().map(|file| file.path.clone()).collect();
        let others = tree.iter().filter(|(path, _)| beside(path) && !below.contains(&***path));
        files.extend(others.map(file));
        Ok(CodeTree { files, links: Vec::new() })
    }

    async fn contains(&self, descendant: &CommitId, ancestor: &CommitId) -> Result<bool, Fault> {
        self.find(descendant)?;
        Ok(self.local(|clone| clone.contains(descendant, ancestor)))
    }

    async fn parted(&self, one: &CommitId, other: &CommitId) -> Result<Option<CommitId>, Fault> {
        self.find(one)?;
        self.find(other)?;
        Ok(self.local(|clone| merge_base(clone, one, other)))
    }

    async fn line(&self, head: &CommitId, most: usize) -> Result<Vec<CommitId>, Fault> {
        self.find(head)?;
        let before = |id: &CommitId| self.find(id).ok()?.parents().first().cloned();
        Ok(std::iter::successors(Some(head.clone()), before).take(most).collect())
    }

    async fn file(&self, commit: &CommitId, path: &str) -> Result<Option<Arc<[u8]>>, Fault> {
        Ok(self.find(commit)?.tree().get(path).map(|file| Arc::clone(file.bytes())))
    }

    async fn message(&self, commit: &CommitId) -> Result<String, Fault> {
        Ok(self.find(commit)?.message().to_owned())
    }

    async fn commit(
        &self,
        parent: &CommitId,
        edits: &[FileEdit],
        text: &CommitText,
    ) -> Result<CommitId, Fault> {
        let before = self.find(parent)?;
        let tree = edits
            .iter()
            .fold(before.tree().clone(), |tree: Tree, edit| tree.with(&edit.path, edit.bytes.as_slice()));
        Ok(self.keep(Commit::new(tree, vec![parent.clone()], &self.me(text.at), &text.message)))
    }

    async fn cherry_pick(&self, commit: &CommitId, onto: &CommitId, at: Timestamp) -> Result<Picked, Fault> {
        let (picked, base) = (self.find(commit)?, self.find(onto)?);
        let tree = match self.local(|clone| pick(clone, &picked, &base)) {
            Merged::Tree(tree) => tree,
            Merged::Conflict(paths) => {
                let conflict = |path| Conflict { path, lines: String::new() };
                return Ok(Picked::Conflict(paths.into_iter().map(conflict).collect()));
            }
        };
        if &tree == base.tree() {
            return Ok(Picked::AlreadyThere);
        }
        let message = with_trailer(picked.message(), commit);
        let done = Commit::signed_by(tree, vec![onto.clone()], picked.author(), &self.me(at), &message);
        Ok(Picked::Commit(self.keep(done)))
    }

    async fn brought(&self, merged: &CommitId, proposal: &CommitId) -> Result<Vec<CommitId>, Fault> {
        let last = self.find(merged)?;
        if last.parents().len() != 1 || merged == proposal {
            return Ok(vec![merged.clone()]);
        }
        Ok(self.local(|clone| brought(clone, &last, proposal)))
    }

    async fn changed(&self, from: &CommitId, to: &CommitId) -> Result<Vec<String>, Fault> {
        let (from, to) = (self.find(from)?, self.find(to)?);
        let paths: BTreeSet<&Arc<str>> =
            [from.tree(), to.tree()].into_iter().flat_map(Tree::iter).map(|(path, _)| path).collect();
        let differs = |path: &&Arc<str>| from.tree().get(path) != to.tree().get(path);
        Ok(paths.into_iter().filter(differs).map(ToString::to_string).collect())
    }

    async fn joined(&self, into: &CommitId, head: &CommitId) -> Result<Picked, Fault> {
        let (base, merged) = (self.find(into)?, self.find(head)?);
        let before = self.local(|clone| merge_base(clone, into, head).and_then(|id| clone.commit(&id)));
        let before = before.map(|commit| commit.tree().clone()).unwrap_or_default();
        let tree = match merge_trees(&before, base.tree(), merged.tree()) {
            Merged::Tree(tree) => tree,
            Merged::Conflict(paths) => {
                let conflict = |path| Conflict { path, lines: String::new() };
                return Ok(Picked::Conflict(paths.into_iter().map(conflict).collect()));
            }
        };
        if &tree == base.tree() {
            return Ok(Picked::AlreadyThere);
        }
        let (parents, who) = (vec![into.clone(), head.clone()], merged.author());
        Ok(Picked::Commit(self.keep(Commit::new(tree, parents, who, "What a merge makes\n"))))
    }

    async fn push(&self, commit: &CommitId, branch: &BranchName, expect: &Expect) -> Effect<()> {
        let about = About { what: "push", subject: branch.as_str() };
        let objects = {
            let local = self.local.lock().unwrap_or_else(PoisonError::into_inner);
            ancestors(&*local, commit).filter_map(|id| local.get(&id).cloned()).collect()
        };
        let expected = match expect {
            Expect::Absent => Expected::Absent,
            Expect::At(commit) => Expected::At(commit.clone()),
        };
        let by = self.hub.options.actor.clone();
        let command = Command::Push { branch: branch.clone(), expected, commit: commit.clone(), objects, by };
        self.hub
            .effect(about, Call::of(Operation::Push), command, |reply| {
                matches!(reply, Reply::Pushed { .. }).then_some(())
            })
            .await
    }
}

/// The message with the line that `git cherry-pick -x` adds.
fn with_trailer(message: &str, commit: &CommitId) -> String {
    let message = message.trim_end();
    let trailer = |line: &str| {
        line.starts_with("(cherry picked from commit ")
            || line.split_once(": ").is_some_and(|(key, _)| {
                !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            })
    };
    let block = message.rsplit_once("\n\n").is_some_and(|(_, last)| last.lines().all(trailer));
    let gap = if block { "\n" } else { "\n\n" };
    format!("{message}{gap}(cherry picked from commit {commit})\n")
}
