//! Symbolic links, once the walk is over: within the tree they are other paths to what is read anyway.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::Shortcuts;
use super::walk::{Gathered, relative};
use crate::terraform::{Links, Syntax};

impl Gathered {
    /// Sorts out the links that were found. A file behind one of them is read if it was not read where it is, and
    /// git does not ignore that place.
    pub fn follow(&mut self, root: &Path, shortcuts: Shortcuts) -> Links {
        let mut links = Links::default();
        let found = std::mem::take(&mut self.found_links);
        if found.is_empty() {
            return links;
        }
        let Ok(real_root) = fs::canonicalize(root) else {
            self.left.extend(found);
            return links;
        };
        let mut known = Known::of(root, self);
        for link in found {
            let at = relative(root, &link);
            let behind = match fs::canonicalize(&link) {
                // Terraform would stop at it as at any file that it cannot open.
                Err(error) if Syntax::of(&at).is_some() => {
                    self.unread.push((at, leads_nowhere(&error)));
                    continue;
                }
                behind => behind.ok(),
            };
            let inside = behind.as_deref().and_then(|target| target.strip_prefix(&real_root).ok());
            // Whoever opened a pipe would wait for its writer.
            if behind.as_deref().is_some_and(|behind| !behind.is_dir() && !behind.is_file()) {
                self.unread.extend(Syntax::of(&at).map(|_| (at, "it is no regular file".to_owned())));
                continue;
            }
            match inside.map(|inside| relative(Path::new(""), inside)) {
                Some(target) if known.folders.contains(&target) => links.folders.push((at, target)),
                Some(target) if known.files.contains_key(&target) => {
                    if Syntax::of(&at).is_some() {
                        links.files.entry(known.files[&target].clone()).or_default().push(at);
                    }
                }
                Some(target) if Syntax::of(&at).is_some() && known.walks(&target) => {
                    self.file(root, &link, shortcuts);
                    known.files.insert(target, at);
                }
                Some(_) | None => {
                    let is_folder = behind.as_deref().is_some_and(Path::is_dir);
                    if is_folder || Syntax::of(&at).is_some() {
                        self.left.push(link);
                    }
                }
            }
        }
        self.seen.sort_by(|a, b| a.path.cmp(&b.path));
        links
    }
}

fn leads_nowhere(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "it is a link to a file that is not there".to_owned(),
        _ => format!("it is a link, and what it leads to cannot be read: {error}"),
    }
}

/// What the walk came by.
struct Known {
    folders: BTreeSet<String>,
    /// Where a file is read: its own path, or that of a link to it.
    files: BTreeMap<String, String>,
}

impl Known {
    fn of(root: &Path, gathered: &Gathered) -> Known {
        let folder = |path: &PathBuf| relative(root, path);
        Known {
            folders: gathered.folders.iter().map(folder).collect(),
            files: gathered.seen.iter().map(|seen| (seen.path.clone(), seen.path.clone())).collect(),
        }
    }

    /// Whether the folder of a file was walked through, and the file's name alone kept it from being read.
    fn walks(&self, file: &str) -> bool {
        let (folder, name) = file.rsplit_once('/').unwrap_or(("", file));
        self.folders.contains(folder) && Syntax::of(name).is_none()
    }
}
