//! Merging whole trees, file by file.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Commit, File, Lookup, Tree, ancestors};
use crate::model::CommitId;

/// How a merge of trees ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Merged {
    Tree(Tree),
    /// Paths that both sides changed, differently.
    Conflict(Vec<String>),
}

/// Merges what `theirs` changed since `base` into `ours`. A file that both sides changed in different ways is
/// a conflict, even where git would find the changes to lie apart.
pub fn merge_trees(base: &Tree, ours: &Tree, theirs: &Tree) -> Merged {
    let paths: BTreeSet<&Arc<str>> =
        [base, ours, theirs].iter().flat_map(|tree| tree.iter()).map(|(path, _)| path).collect();
    let mut files: BTreeMap<Arc<str>, File> = BTreeMap::new();
    let mut conflicts = Vec::new();
    for path in paths {
        let (before, our, their) = (base.get(path), ours.get(path), theirs.get(path));
        let chosen = if their == before || our == their {
            our
        } else if our == before {
            their
        } else {
            conflicts.push(path.to_string());
            continue;
        };
        if let Some(file) = chosen {
            files.insert(Arc::clone(path), file.clone());
        }
    }
    if conflicts.is_empty() { Merged::Tree(Tree::from_files(files)) } else { Merged::Conflict(conflicts) }
}

/// The nearest commit that both have behind them.
pub fn merge_base<L: Lookup + ?Sized>(objects: &L, ours: &CommitId, theirs: &CommitId) -> Option<CommitId> {
    let behind: BTreeSet<CommitId> = ancestors(objects, ours).collect();
    ancestors(objects, theirs).find(|id| behind.contains(id))
}

/// What `commit` changed against its first parent, applied to `onto`.
pub fn pick<L: Lookup + ?Sized>(objects: &L, commit: &Commit, onto: &Commit) -> Merged {
    let before = commit.parents().first().and_then(|parent| objects.commit(parent));
    let base = before.map(|parent| parent.tree().clone()).unwrap_or_default();
    merge_trees(&base, onto.tree(), commit.tree())
}
