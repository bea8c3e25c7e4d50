//! Where something stands in the files of a tree, as people are told.

use super::super::declared::Declared;
use super::super::paths::{climbed, is_outside};
use super::super::reference::Reference;
use super::Tree;

impl Tree {
    /// Where a reference's value goes, as declarations take it: `FOLDER:PLACE`. Folders start where those of the
    /// declarations do; without any, where paths that people see do.
    pub fn declared_place(&self, reference: &Reference) -> String {
        let root = if self.declared == Declared::default() { &self.root } else { &self.declared.root };
        let folder = self.sources[reference.file].folder();
        let parts = [root.trim_end_matches('/'), folder];
        let folder: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        format!("{}:{}", folder.join("/"), reference.binding.join("."))
    }

    /// A file's path as people see it.
    pub fn shown(&self, file: usize) -> String {
        self.shown_path(self.sources[file].path())
    }

    /// Whether a file was read for what others do with it, and is not edited.
    pub fn is_beside(&self, path: &str) -> bool {
        self.links.is_beside(path)
    }

    /// The file with this path within the tree.
    pub fn file_at(&self, path: &str) -> Option<usize> {
        self.sources.iter().position(|source| source.path() == path)
    }

    /// A path within the tree, as people see it.
    pub fn shown_path(&self, path: &str) -> String {
        if !is_outside(path) {
            return format!("{}{path}", self.root);
        }
        // The root of the file system stays where it is.
        let top = if self.root.starts_with('/') { "/" } else { "" };
        format!("{top}{}", climbed(&self.root, path))
    }

    /// `path:line:column`, for messages.
    pub fn place(&self, file: usize, offset: usize) -> String {
        let position = self.sources[file].position(offset);
        format!("{}:{}:{}", self.shown(file), position.line, position.column)
    }
}
