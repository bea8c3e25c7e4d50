//! Finding Terraform on disk: from a path to a tree in memory.
//!
//! git's ignore rules hold, in and out of repositories; `.terraform/` and `.git/` are passed over; links are not
//! followed, and said. Whatever cannot be read is an error: a tree with holes claims nothing.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use ignore::{DirEntry, WalkBuilder};

use super::error::CliError;
use crate::terraform::{Syntax, Tree};

/// Terraform files as they were read.
pub struct Found {
    /// What the files' paths start from.
    pub root: PathBuf,
    /// Path from the root, `/` between its parts, and bytes.
    pub files: Vec<(String, Vec<u8>)>,
    /// Terraform files behind links, which were not read.
    pub links: Vec<PathBuf>,
}

impl Found {
    /// The tree, its paths shown as the user would type them.
    pub fn tree(&self) -> Tree {
        let shown = match self.root.to_string_lossy().replace('\\', "/") {
            root if root == "." || root == "./" => String::new(),
            root => root.strip_prefix("./").map(str::to_owned).unwrap_or(root),
        };
        Tree::read(&self.files).shown_under(&shown)
    }

    /// Where a file of the tree lies on disk.
    pub fn on_disk(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }
}

const WHAT_IS_TERRAFORM: &str =
    "keyslot reads .tf, .tofu and .tf.json files; name the folder that holds them, or one of them";

/// Reads a folder with everything below it, or one file.
pub fn discover(path: &Path) -> Result<Found, CliError> {
    let known = fs::metadata(path).map_err(|error| unreadable(path, &error))?;
    let found = if known.is_dir() { folder(path)? } else { file(path)? };
    if found.files.is_empty() {
        return Err(CliError::usage("there is no Terraform here")
            .at(path.display())
            .because("no file in it or below it is Terraform that git would not ignore")
            .hint(WHAT_IS_TERRAFORM));
    }
    Ok(found)
}

fn unreadable(path: &Path, error: &io::Error) -> CliError {
    match error.kind() {
        io::ErrorKind::NotFound => CliError::usage("there is no such file or folder")
            .at(path.display())
            .hint("paths are taken from the folder that the command runs in"),
        _ => CliError::io("cannot read", path.display(), error),
    }
}

fn file(path: &Path) -> Result<Found, CliError> {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if Syntax::of(name).is_none() {
        return Err(CliError::usage("this file is no Terraform")
            .at(path.display())
            .because("its name ends otherwise")
            .hint(WHAT_IS_TERRAFORM));
    }
    let bytes = fs::read(path).map_err(|error| CliError::io("cannot read", path.display(), &error))?;
    let root = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    Ok(Found { root, files: vec![(name.to_owned(), bytes)], links: Vec::new() })
}

fn folder(root: &Path) -> Result<Found, CliError> {
    let mut found = Found { root: root.to_owned(), files: Vec::new(), links: Vec::new() };
    let walk = WalkBuilder::new(root)
        // Terraform reads folders whose name starts with a dot like any other.
        .hidden(false)
        .ignore(false)
        .require_git(false)
        .follow_links(false)
        .filter_entry(|entry| !is_foreign(entry))
        .build();
    for entry in walk {
        let entry = entry.map_err(|error| {
            CliError::world("cannot read the folder whole").at(root.display()).because(error)
        })?;
        take(root, &entry, &mut found)?;
    }
    found.files.sort();
    found.links.sort();
    Ok(found)
}

fn is_foreign(entry: &DirEntry) -> bool {
    let name = entry.file_name();
    name == ".terraform" || name == ".git"
}

fn take(root: &Path, entry: &DirEntry, found: &mut Found) -> Result<(), CliError> {
    let path = entry.path();
    let name = entry.file_name().to_string_lossy();
    let Some(kind) = entry.file_type() else { return Ok(()) };
    if Syntax::of(&name).is_none() || kind.is_dir() {
        return Ok(());
    }
    if kind.is_symlink() {
        found.links.push(path.to_owned());
        return Ok(());
    }
    let relative = path.strip_prefix(root).unwrap_or(path);
    let parts: Option<Vec<&str>> = relative.components().map(|part| part.as_os_str().to_str()).collect();
    let Some(parts) = parts else {
        return Err(CliError::usage("a file's name is not valid Unicode")
            .at(path.display())
            .hint("rename the file or leave its folder out"));
    };
    let bytes = fs::read(path).map_err(|error| CliError::io("cannot read", path.display(), &error))?;
    found.files.push((parts.join("/"), bytes));
    Ok(())
}
