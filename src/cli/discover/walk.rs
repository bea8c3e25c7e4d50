//! Every file below a folder, looked at once.
//!
//! The walk is `ignore`'s, with as many threads as it thinks right. A file's bytes are kept if it matters, and as
//! long as the tree is small; of the others only what a glance tells.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use ignore::{DirEntry, Error, WalkBuilder, WalkState};

use super::bytes::{Stamp, read_whole};
use super::{Seen, Shortcuts, must_be_parsed};
use crate::terraform::{Glance, Syntax, is_installed};

/// What a walk has found so far.
#[derive(Default)]
pub struct Gathered {
    pub seen: Vec<Seen>,
    /// Files and folders that could not be read, and why.
    pub unread: Vec<(String, String)>,
    /// Symbolic links, of whatever kind.
    pub found_links: Vec<PathBuf>,
    /// Links out of the tree.
    pub left: Vec<PathBuf>,
    pub copies: Vec<PathBuf>,
    /// Folders that were walked through.
    pub folders: Vec<PathBuf>,
    /// Bytes of all files seen.
    pub total: usize,
}

/// Reads everything below a folder. Files come by path.
pub fn folder(root: &Path, shortcuts: Shortcuts) -> Gathered {
    let gathered = Mutex::new(Gathered::default());
    let walk = walker(root).build_parallel();
    walk.run(|| {
        let mut buffer = Vec::new();
        let gathered = &gathered;
        Box::new(move |entry| match entry {
            Ok(entry) => take(root, &entry, &mut buffer, gathered, shortcuts),
            Err(error) => {
                let (path, why) = failed(root, &error);
                with(gathered, |it| it.unread.push((relative(root, &path), why)));
                WalkState::Continue
            }
        })
    });
    let mut gathered = gathered.into_inner().unwrap_or_else(PoisonError::into_inner);
    gathered.seen.sort_by(|a, b| a.path.cmp(&b.path));
    gathered.unread.sort();
    gathered.found_links.sort();
    gathered
}

fn walker(root: &Path) -> WalkBuilder {
    let mut walker = WalkBuilder::new(root);
    // Terraform reads folders whose name starts with a dot like any other.
    walker.hidden(false).ignore(false).require_git(false).follow_links(false);
    walker.filter_entry(|entry| entry.file_name() != ".git");
    walker
}

/// The code right in a folder, read from where the tree's root is.
pub fn module(root: &Path, folder: &Path) -> Gathered {
    right_in(root, folder, |name| matches!(Syntax::of(name), Some(Syntax::Native | Syntax::Json)))
}

/// One file of Terragrunt's right in a folder.
pub fn configuration(root: &Path, folder: &Path, name: &str) -> Gathered {
    right_in(root, folder, |it| it == name && Syntax::of(it) == Some(Syntax::Terragrunt))
}

fn right_in(root: &Path, folder: &Path, wanted: impl Fn(&str) -> bool) -> Gathered {
    let mut gathered = Gathered::default();
    for entry in walker(folder).max_depth(Some(1)).build().flatten() {
        let is_file = entry.file_type().is_some_and(|kind| kind.is_file());
        if is_file && wanted(&entry.file_name().to_string_lossy()) {
            gathered.file(root, entry.path(), Shortcuts::TAKEN);
        }
    }
    gathered.seen.sort_by(|a, b| a.path.cmp(&b.path));
    gathered
}

/// Variables files right in a folder that git ignores, by name. They are not opened.
pub fn ignored_values(folder: &Path) -> Vec<PathBuf> {
    let is_values = |path: &Path| {
        let syntax = path.file_name().and_then(|name| Syntax::of(&name.to_string_lossy()));
        matches!(syntax, Some(Syntax::Variables | Syntax::VariablesJson))
    };
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let all: BTreeSet<PathBuf> =
        entries.flatten().map(|entry| entry.path()).filter(|it| is_values(it)).collect();
    if all.is_empty() {
        return Vec::new();
    }
    let seen: BTreeSet<PathBuf> =
        walker(folder).max_depth(Some(1)).build().flatten().map(DirEntry::into_path).collect();
    all.difference(&seen).cloned().collect()
}

fn with<T>(gathered: &Mutex<Gathered>, change: impl FnOnce(&mut Gathered) -> T) -> T {
    change(&mut gathered.lock().unwrap_or_else(PoisonError::into_inner))
}

fn take(
    root: &Path,
    entry: &DirEntry,
    buffer: &mut Vec<u8>,
    gathered: &Mutex<Gathered>,
    shortcuts: Shortcuts,
) -> WalkState {
    let path = entry.path();
    let Some(kind) = entry.file_type() else { return WalkState::Continue };
    if kind.is_dir() {
        let copies = entry.file_name().to_str().is_some_and(is_installed) && entry.depth() > 0;
        let list = |it: &mut Gathered| {
            if copies { it.copies.push(path.to_owned()) } else { it.folders.push(path.to_owned()) }
        };
        with(gathered, list);
        return if copies { WalkState::Skip } else { WalkState::Continue };
    }
    if kind.is_symlink() {
        with(gathered, |it| it.found_links.push(path.to_owned()));
        return WalkState::Continue;
    }
    if Syntax::of(&entry.file_name().to_string_lossy()).is_none() {
        return WalkState::Continue;
    }
    if kind.is_file() {
        let looked = look(path, buffer);
        with(gathered, |it| it.add(root, path, looked, shortcuts));
    } else {
        // Opening a pipe would wait for whoever writes to it.
        with(gathered, |it| it.unread.push((relative(root, path), "it is no regular file".to_owned())));
    }
    WalkState::Continue
}

/// A file at a glance, with its bytes.
struct Looked<'b> {
    glance: Glance,
    bytes: &'b [u8],
    stamp: Stamp,
}

fn look<'b>(path: &Path, buffer: &'b mut Vec<u8>) -> Result<Looked<'b>, String> {
    let name = path.to_str().ok_or("its name is not valid Unicode")?;
    let (bytes, stamp) = read_whole(path, buffer)?;
    Ok(Looked { glance: Glance::of(name, bytes), bytes, stamp })
}

impl Gathered {
    /// Adds one file.
    pub fn file(&mut self, root: &Path, path: &Path, shortcuts: Shortcuts) {
        self.add(root, path, look(path, &mut Vec::new()), shortcuts);
    }

    fn add(&mut self, root: &Path, path: &Path, looked: Result<Looked<'_>, String>, shortcuts: Shortcuts) {
        let path = relative(root, path);
        match looked {
            Ok(Looked { glance, bytes, stamp }) => {
                self.total += bytes.len();
                let kept = must_be_parsed(&glance) || shortcuts.keep_all(self.total);
                self.seen.push(Seen { path, stamp, glance, bytes: kept.then(|| bytes.to_vec()) });
            }
            Err(why) => self.unread.push((path, why)),
        }
    }
}

/// As the tree names it: `/` between its parts, and a sign in the place of what is not valid Unicode.
pub fn relative(root: &Path, path: &Path) -> String {
    let below = path.strip_prefix(root).unwrap_or(path);
    let parts: Vec<_> = below.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    parts.join("/")
}

/// Where a walk failed, and why.
fn failed(root: &Path, error: &Error) -> (PathBuf, String) {
    match error {
        Error::WithPath { path, err } => (path.clone(), failed(root, err).1),
        Error::WithDepth { err, .. } | Error::WithLineNumber { err, .. } => failed(root, err),
        other => (root.to_owned(), other.to_string()),
    }
}
