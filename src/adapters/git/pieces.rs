//! What was built and is on no branch of the remote, in pieces that somebody else can build it from again.

use git2::{Delta, Oid, Repository, Sort};

use super::Git;
use super::store::{Store, TRACKED};
use crate::model::CommitId;
use crate::ports::Fault;

/// More commits than a promotion of one proposal can honestly have.
const MOST: usize = 100;

const WHAT: &str = "take a commit apart in";

/// One commit as a change of its parent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::adapters) struct Piece {
    pub message: String,
    pub tree: String,
    pub parent: CommitId,
    pub parent_tree: String,
    pub changes: Vec<Change>,
}

/// One path. Without content, it is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::adapters) struct Change {
    pub path: String,
    pub content: Option<Content>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::adapters) struct Content {
    /// As git writes it: `100644`.
    pub mode: String,
    pub bytes: Vec<u8>,
}

impl Git {
    /// The commits up to this one that no branch of the remote has, oldest first.
    pub(in crate::adapters) async fn pieces(&self, commit: &CommitId) -> Result<Vec<Piece>, Fault> {
        let commit = commit.clone();
        self.blocking(move |store| store.pieces(&commit)).await
    }
}

impl Store {
    fn pieces(&self, commit: &CommitId) -> Result<Vec<Piece>, Fault> {
        let repository = self.open()?;
        let told = |error: git2::Error| self.told(WHAT, &error);
        let head = self.commit_of(&repository, commit)?.id();
        let mut walk = repository.revwalk().map_err(told)?;
        walk.set_sorting(Sort::TOPOLOGICAL | Sort::REVERSE).map_err(told)?;
        walk.push(head).map_err(told)?;
        walk.hide_glob(&format!("{TRACKED}*")).map_err(told)?;
        let ids: Vec<Oid> = walk.take(MOST + 1).collect::<Result<_, _>>().map_err(told)?;
        if ids.len() > MOST {
            return Err(self.fault(WHAT, format!("more than {MOST} commits are on no branch of the remote")));
        }
        ids.into_iter().map(|id| self.piece(&repository, id)).collect()
    }

    fn piece(&self, repository: &Repository, id: Oid) -> Result<Piece, Fault> {
        let told = |error: git2::Error| self.told(WHAT, &error);
        let commit = repository.find_commit(id).map_err(told)?;
        let (1, Ok(parent)) = (commit.parent_count(), commit.parent(0)) else {
            return Err(self.fault(WHAT, format!("{id} has not one parent, and keyslot builds no other")));
        };
        let (tree, before) = (commit.tree().map_err(told)?, parent.tree().map_err(told)?);
        let diff = repository.diff_tree_to_tree(Some(&before), Some(&tree), None).map_err(told)?;
        let path = |file: git2::DiffFile<'_>| {
            file.path_bytes().map(|path| String::from_utf8_lossy(path).into_owned()).unwrap_or_default()
        };
        let mut changes = Vec::new();
        for delta in diff.deltas() {
            let content = match delta.status() {
                Delta::Deleted => None,
                _ => {
                    let file = delta.new_file();
                    let blob = repository.find_blob(file.id()).map_err(told)?;
                    let mode = format!("{:06o}", u32::from(file.mode()));
                    Some(Content { mode, bytes: blob.content().to_vec() })
                }
            };
            let path = if content.is_none() { path(delta.old_file()) } else { path(delta.new_file()) };
            changes.push(Change { path, content });
        }
        Ok(Piece {
            message: String::from_utf8_lossy(commit.message_bytes()).into_owned(),
            tree: tree.id().to_string(),
            parent: CommitId::new(parent.id().to_string()),
            parent_tree: before.id().to_string(),
            changes,
        })
    }
}
