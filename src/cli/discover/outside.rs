//! Modules beside the folder that was asked for: `source = "../../modules/db"` in a root that is checked alone, or in a
//! configuration of Terragrunt's. And Terragrunt's files above it, or beside it, that a configuration includes or depends
//! on. Where one file was asked for, the modules below its folder as well.
//!
//! They are read as if they belonged to the tree, for what they do with a key is done for the root; nobody edits them.
//! Only what lies in the same git repository is, and what lies below the folder: a path that leaves it, or leads to a
//! folder that is not there, stays a finding (`module-outside-tree`, `path-not-found`).

use std::path::{Path, PathBuf};

use super::walk::{self, Gathered};
use crate::terraform::is_installed;

/// The repository around a tree.
pub struct Around {
    /// Without links, as is the next.
    root: PathBuf,
    top: PathBuf,
    /// Whether what lies below the root was read with it.
    whole: bool,
}

impl Around {
    /// Around a folder. Absent where it lies in no repository, or is all of it.
    pub fn folder(root: &Path) -> Option<Around> {
        let root = root.canonicalize().ok()?;
        let top = top(&root)?;
        (top != root).then_some(Around { root, top, whole: true })
    }

    /// Around one file of a folder. In no repository, the folder is all there is.
    pub fn file(root: &Path) -> Option<Around> {
        let root = root.canonicalize().ok()?;
        let top = top(&root).unwrap_or_else(|| root.clone());
        Some(Around { root, top, whole: false })
    }

    /// The tree's path in the repository.
    pub fn within(&self) -> String {
        let within = self.root.strip_prefix(&self.top).unwrap_or(Path::new(""));
        walk::relative(Path::new(""), within)
    }

    /// The code right in a folder that is given by its path from the tree's root.
    pub fn module(&self, root: &Path, folder: &str) -> Gathered {
        let path = root.join(folder);
        match path.canonicalize() {
            Ok(real) if real.is_dir() && self.holds(&real) => walk::module(root, &path),
            Ok(_) | Err(_) => Gathered::default(),
        }
    }

    /// A file of Terragrunt's that is given by its path from the tree's root.
    pub fn configuration(&self, root: &Path, file: &str) -> Gathered {
        let (folder, name) = file.rsplit_once('/').unwrap_or(("", file));
        let folder = root.join(folder);
        match folder.canonicalize() {
            Ok(real) if folder.join(name).is_file() && self.holds(&real) => {
                walk::configuration(root, &folder, name)
            }
            Ok(_) | Err(_) => Gathered::default(),
        }
    }

    /// What was read with the root is read where it is.
    fn holds(&self, real: &Path) -> bool {
        let copied = |part: std::path::Component<'_>| part.as_os_str().to_str().is_some_and(is_installed);
        let within = real.strip_prefix(&self.top).is_ok_and(|within| !within.components().any(copied));
        let read = if self.whole { real.starts_with(&self.root) } else { real == self.root };
        within && !read
    }
}

fn top(root: &Path) -> Option<PathBuf> {
    root.ancestors().find(|folder| folder.join(".git").exists()).map(Path::to_owned)
}
