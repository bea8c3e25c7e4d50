//! Every file below a folder, looked at once.
//!
//! The walk is `ignore`'s, with as many threads as it thinks right. A file's bytes are kept if it matters, and as
//! long as the tree is small; of the others only what a glance tells.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
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
    below(root, root, shortcuts)
}

/// Reads everything below a folder of the tree.
pub fn below(root: &Path, folder: &Path, shortcuts: Shortcuts) -> Gathered {
    let (all, total) = (Mutex::new(Gathered::default()), AtomicUsize::new(0));
    walker(folder).build_parallel().run(|| {
        let found = Gathered::default();
        let mut lane = Lane { root, shortcuts, buffer: Vec::new(), found, total: &total, all: &all };
        Box::new(move |entry| lane.take(entry))
    });
    let mut gathered = all.into_inner().unwrap_or_else(PoisonError::into_inner);
    gathered.seen.sort_unstable_by(|a, b| a.path.cmp(&b.path));
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

/// What one thread of a walk finds. It tells the others once, at its end: they would wait for each other at every file.
struct Lane<'w> {
    root: &'w Path,
    shortcuts: Shortcuts,
    buffer: Vec<u8>,
    found: Gathered,
    /// Bytes of all files that any thread has seen so far.
    total: &'w AtomicUsize,
    all: &'w Mutex<Gathered>,
}

impl Drop for Lane<'_> {
    fn drop(&mut self) {
        let found = std::mem::take(&mut self.found);
        self.all.lock().unwrap_or_else(PoisonError::into_inner).join(found);
    }
}

impl Lane<'_> {
    fn take(&mut self, entry: Result<DirEntry, Error>) -> WalkState {
        match entry {
            Ok(entry) => self.entry(&entry),
            Err(error) => {
                let (path, why) = failed(self.root, &error);
                self.found.unread.push((relative(self.root, &path), why));
                WalkState::Continue
            }
        }
    }

    fn entry(&mut self, entry: &DirEntry) -> WalkState {
        let path = entry.path();
        let Some(kind) = entry.file_type() else { return WalkState::Continue };
        if kind.is_dir() {
            let copies = entry.file_name().to_str().is_some_and(is_installed) && entry.depth() > 0;
            let (list, state) = match copies {
                true => (&mut self.found.copies, WalkState::Skip),
                false => (&mut self.found.folders, WalkState::Continue),
            };
            list.push(path.to_owned());
            return state;
        }
        let is_terraform = || Syntax::of(&entry.file_name().to_string_lossy()).is_some();
        if kind.is_symlink() {
            self.found.found_links.push(path.to_owned());
        } else if kind.is_file() && is_terraform() {
            self.file(path);
        } else if is_terraform() {
            // Opening a pipe would wait for whoever writes to it.
            self.found.unread.push((relative(self.root, path), "it is no regular file".to_owned()));
        }
        WalkState::Continue
    }

    fn file(&mut self, path: &Path) {
        let looked = look(path, &mut self.buffer);
        let length = looked.as_ref().map_or(0, |looked| looked.bytes.len());
        let total = self.total.fetch_add(length, Ordering::Relaxed) + length;
        self.found.add(relative(self.root, path), looked, self.shortcuts.keep_all(total));
    }
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
        let mut buffer = Vec::new();
        let looked = look(path, &mut buffer);
        let total = self.total + looked.as_ref().map_or(0, |looked| looked.bytes.len());
        self.add(relative(root, path), looked, shortcuts.keep_all(total));
    }

    fn add(&mut self, path: String, looked: Result<Looked<'_>, String>, keep: bool) {
        match looked {
            Ok(Looked { glance, bytes, stamp }) => {
                self.total += bytes.len();
                let kept = keep || must_be_parsed(&glance);
                self.seen.push(Seen { path, stamp, glance, bytes: kept.then(|| bytes.to_vec()) });
            }
            Err(why) => self.unread.push((path, why)),
        }
    }

    pub fn join(&mut self, other: Gathered) {
        let Gathered { seen, unread, found_links, left, copies, folders, total } = other;
        self.seen.extend(seen);
        self.unread.extend(unread);
        self.found_links.extend(found_links);
        self.left.extend(left);
        self.copies.extend(copies);
        self.folders.extend(folders);
        self.total += total;
    }
}

/// As the tree names it: `/` between its parts, and a sign in the place of what is not valid Unicode.
pub fn relative(root: &Path, path: &Path) -> String {
    let below = path.strip_prefix(root).unwrap_or(path);
    let mut named = String::with_capacity(below.as_os_str().len());
    for (at, part) in below.components().enumerate() {
        named.push_str(if at > 0 { "/" } else { "" });
        named.push_str(&part.as_os_str().to_string_lossy());
    }
    named
}

/// Where a walk failed, and why.
fn failed(root: &Path, error: &Error) -> (PathBuf, String) {
    match error {
        Error::WithPath { path, err } => (path.clone(), failed(root, err).1),
        Error::WithDepth { err, .. } | Error::WithLineNumber { err, .. } => failed(root, err),
        other => (root.to_owned(), other.to_string()),
    }
}
