//! Commits that came by a push, read as the world keeps them.

use std::collections::BTreeSet;
use std::sync::Arc;

use git2::{ObjectType, Oid, TreeWalkMode, TreeWalkResult};

use super::GitMirror;
use crate::model::CommitId;
use crate::sim::repository::{Commit, File, Repository as Known, Tree};

impl GitMirror {
    /// The commit and everything behind it that the world does not know. A commit with something that the world
    /// cannot hold (a submodule) is left out, and with it the push is refused.
    pub(super) fn unknown_commits(
        &self,
        head: &CommitId,
        known: &Known,
    ) -> Result<Vec<Arc<Commit>>, git2::Error> {
        let odb = self.repository.odb()?;
        let (mut found, mut seen) = (Vec::new(), BTreeSet::new());
        let mut open = vec![head.clone()];
        while let Some(id) = open.pop() {
            if known.get(&id).is_some() || !seen.insert(id.clone()) {
                continue;
            }
            let oid = Oid::from_str(id.as_str())?;
            let parents: Vec<CommitId> = self
                .repository
                .find_commit(oid)?
                .parent_ids()
                .map(|parent| CommitId::new(parent.to_string()))
                .collect();
            let like = parents.iter().find_map(|parent| known.get(parent)).map(|parent| parent.tree());
            let tree = self.tree(oid, like)?;
            found.extend(Commit::read(odb.read(oid)?.data(), tree).map(Arc::new));
            open.extend(parents);
        }
        Ok(found)
    }

    /// A commit's whole tree; files that are as in `like` are shared with it.
    fn tree(&self, commit: Oid, like: Option<&Tree>) -> Result<Tree, git2::Error> {
        let root = self.repository.find_commit(commit)?.tree()?;
        let mut entries = Vec::new();
        root.walk(TreeWalkMode::PreOrder, |folder, entry| {
            if entry.kind() == Some(ObjectType::Blob) {
                let path = format!("{folder}{}", String::from_utf8_lossy(entry.name_bytes()));
                entries.push((path, entry.id(), entry.filemode_raw()));
            }
            TreeWalkResult::Ok
        })?;
        let mut files = Vec::with_capacity(entries.len());
        for (path, blob, mode) in entries {
            let mode = u32::try_from(mode).unwrap_or_default();
            let same = |file: &&File| file.id().as_bytes() == blob.as_bytes() && file.mode() == mode;
            let file = match like.and_then(|tree| tree.get(&path)).filter(same) {
                Some(file) => file.clone(),
                None => File::with_mode(self.repository.find_blob(blob)?.content(), mode),
            };
            files.push((path, file));
        }
        Ok(Tree::from_files(files))
    }
}
