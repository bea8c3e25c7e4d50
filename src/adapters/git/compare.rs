//! What differs between commits: the paths that two trees do not share, and the commits that a merge brought.

use git2::{Commit, DiffOptions, Oid, Repository};

use super::store::Store;
use crate::model::CommitId;
use crate::ports::Fault;

/// More commits than a proposal of keyslot's can honestly have, with what people added to it.
const MOST_COMMITS: usize = 100;

impl Store {
    /// The paths whose contents, modes or kinds differ, in order. Contents are not read.
    pub(super) fn changed(&self, from: &CommitId, to: &CommitId) -> Result<Vec<String>, Fault> {
        let repository = self.open()?;
        let told = |error: git2::Error| self.told("compare two commits in", &error);
        let tree = |id: &CommitId| self.commit_of(&repository, id)?.tree().map_err(told);
        let (from, to) = (tree(from)?, tree(to)?);
        let mut options = DiffOptions::new();
        options.skip_binary_check(true).include_typechange(true);
        let diff = repository.diff_tree_to_tree(Some(&from), Some(&to), Some(&mut options)).map_err(told)?;
        let path = |file: git2::DiffFile<'_>| {
            file.path_bytes().map(|path| String::from_utf8_lossy(path).into_owned())
        };
        let mut paths: Vec<String> = diff
            .deltas()
            .filter_map(|delta| path(delta.new_file()).or_else(|| path(delta.old_file())))
            .collect();
        paths.sort();
        paths.dedup();
        Ok(paths)
    }

    /// The newest commit that lies on both.
    pub(super) fn parted(&self, one: &CommitId, other: &CommitId) -> Result<Option<CommitId>, Fault> {
        let repository = self.open()?;
        let (one, other) = (self.commit_of(&repository, one)?.id(), self.commit_of(&repository, other)?.id());
        match repository.merge_base(one, other) {
            Ok(both) => Ok(Some(CommitId::new(both.to_string()))),
            Err(error) if error.code() == git2::ErrorCode::NotFound => Ok(None),
            Err(error) => Err(self.told("walk the history in", &error)),
        }
    }

    /// The commit and its first parents, newest first.
    pub(super) fn line(&self, head: &CommitId, most: usize) -> Result<Vec<CommitId>, Fault> {
        let repository = self.open()?;
        let told = |error: git2::Error| self.told("walk the history in", &error);
        let head = self.commit_of(&repository, head)?;
        let mut walk = repository.revwalk().map_err(told)?;
        walk.simplify_first_parent().map_err(told)?;
        walk.push(head.id()).map_err(told)?;
        walk.take(most).map(|id| Ok(CommitId::new(id.map_err(told)?.to_string()))).collect()
    }

    /// What the commit says.
    pub(super) fn message(&self, commit: &CommitId) -> Result<String, Fault> {
        let repository = self.open()?;
        let commit = self.commit_of(&repository, commit)?;
        Ok(String::from_utf8_lossy(commit.message_bytes()).into_owned())
    }

    /// The commits that a merge of `proposal` put on its branch, oldest first. A rebase merge writes the proposal's
    /// commits anew, one after the other, and the forge names the last; every other merge is one commit.
    pub(super) fn brought(&self, merged: &CommitId, proposal: &CommitId) -> Result<Vec<CommitId>, Fault> {
        let repository = self.open()?;
        let told = |error: git2::Error| self.told("walk the history in", &error);
        let one = vec![merged.clone()];
        let last = self.commit_of(&repository, merged)?;
        // A proposal that was never fetched cannot be compared; nor one that nobody rewrote.
        let Ok(head) = self.commit_of(&repository, proposal) else { return Ok(one) };
        if last.parent_count() != 1 || last.id() == head.id() {
            return Ok(one);
        }
        let proposed = messages(&repository, &head, last.id()).map_err(told)?;
        let mut chain = Vec::new();
        let mut next = Some(last);
        for message in &proposed {
            let Some(commit) = next.filter(|commit| commit.message_bytes() == message.as_slice()) else {
                return Ok(one);
            };
            chain.push(CommitId::new(commit.id().to_string()));
            next = commit.parent(0).ok();
        }
        chain.reverse();
        Ok(if chain.is_empty() { one } else { chain })
    }
}

/// What the proposal's own commits say, newest first. A rebase leaves out the merges that brought it up to date.
fn messages(repository: &Repository, head: &Commit<'_>, merged: Oid) -> Result<Vec<Vec<u8>>, git2::Error> {
    let mut walk = repository.revwalk()?;
    walk.simplify_first_parent()?;
    walk.push(head.id())?;
    walk.hide(merged)?;
    let mut messages = Vec::new();
    for id in walk.take(MOST_COMMITS) {
        let commit = repository.find_commit(id?)?;
        if commit.parent_count() == 1 {
            messages.push(commit.message_bytes().to_vec());
        }
    }
    Ok(messages)
}
