//! Finding Terraform on disk: from a path to a tree in memory.
//!
//! git's ignore rules hold, in and out of repositories; `.git/` and copies of modules that a tool installed are
//! looked into for keys alone. Every file is read once, by as many threads as there are processors; in a large tree only those
//! that can matter are kept and parsed (see [`crate::terraform::Reading`]). What cannot be read is part of the tree
//! as that: such a tree claims nothing.

mod bytes;
mod copies;
mod links;
mod outside;
mod walk;

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread;

use self::bytes::{Stamp, read_whole};
use self::outside::Around;
use self::walk::Gathered;
use super::error::CliError;
use crate::terraform::{Failures, Glance, Glanced, Links, Look, Reading, Syntax, Tree};

/// Up to this many bytes of Terraform, parsing all of it takes less than a tenth of a second.
const SMALL: usize = 4 * 1024 * 1024;
/// Fewer files than this are not worth a second thread.
const FILES_PER_THREAD: usize = 32;

/// Whether files that cannot matter are left unparsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shortcuts {
    taken: bool,
    /// A tree of so many bytes is parsed whole, and whatever does not parse counts.
    small: usize,
}

impl Shortcuts {
    pub const TAKEN: Shortcuts = Shortcuts { taken: true, small: SMALL };
    /// The same is reported, only later.
    pub const OFF: Shortcuts = Shortcuts { taken: false, small: SMALL };

    /// Whether every file is kept and parsed in a tree of so many bytes.
    fn keep_all(self, total: usize) -> bool {
        !self.taken || total <= self.small
    }

    fn failures(self, total: usize) -> Failures {
        if total <= self.small { Failures::Every } else { Failures::ThatMatter }
    }
}

/// Where a tree was found, and what beside it.
#[derive(Debug)]
pub struct Found {
    /// What the files' paths start from.
    pub root: PathBuf,
    /// The one file of it that was asked for; absent where all of it was.
    pub only: Option<String>,
    /// Links out of the tree, which were not followed.
    pub links: Vec<PathBuf>,
}

impl Found {
    /// Variables files that git ignores in some of the tree's folders, where all of it was asked for.
    pub fn ignored_values(&self, folders: &BTreeSet<&str>) -> Vec<PathBuf> {
        let folders = folders.iter().filter(|_| self.only.is_none());
        folders.flat_map(|folder| walk::ignored_values(&self.root.join(folder))).collect()
    }

    /// Where a file of the tree lies on disk.
    pub fn on_disk(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }
}

const WHAT_IS_TERRAFORM: &str = "keyslot reads .tf, .tofu, .tfvars (each with .json too) and Terragrunt's .hcl files; \
                                 name the folder that holds them, or one of them";

/// A file as it was found on disk.
struct Seen {
    path: String,
    stamp: Stamp,
    glance: Glance,
    bytes: Option<Vec<u8>>,
}

impl Seen {
    /// Without the bytes that were kept for the case that the tree is small.
    fn kept(mut seen: Vec<Seen>, all: bool) -> Vec<Seen> {
        for Seen { glance, bytes, .. } in seen.iter_mut().filter(|_| !all) {
            *bytes = bytes.take().filter(|_| must_be_parsed(glance));
        }
        seen
    }
}

fn must_be_parsed(glance: &Glance) -> bool {
    glance.matters || !glance.adds_up
}

/// Reads a folder with everything below it, or one file: a tree, its paths shown as the user would type them.
pub fn discover(path: &Path, shortcuts: Shortcuts) -> Result<(Found, Tree), CliError> {
    let known = fs::metadata(path).map_err(|error| unreadable(path, &error))?;
    let (root, mut gathered) = if known.is_dir() {
        (path.to_owned(), walk::folder(path, shortcuts))
    } else if known.is_file() {
        file(path, shortcuts)?
    } else {
        return Err(CliError::usage("this is neither a folder nor a regular file").at(path.display()));
    };
    if let Some((_, why)) = gathered.unread.iter().find(|(file, _)| file.is_empty()) {
        return Err(CliError::world("cannot read the folder").at(path.display()).because(why));
    }
    let links = gathered.follow(&root, shortcuts);
    if gathered.seen.is_empty() && gathered.unread.is_empty() {
        return Err(nothing(path, &gathered.left));
    }
    let Gathered { seen, unread, left, mut copies, total, .. } = gathered;
    copies.sort();
    let seen = Seen::kept(seen, shortcuts.keep_all(total));
    let only = known.is_file().then(|| path.file_name().unwrap_or_default().to_string_lossy().into_owned());
    let around = if only.is_none() { Around::folder(&root) } else { Around::file(&root) };
    let within = around.as_ref().map_or_else(String::new, Around::within);
    let links = Links { within, only: only.clone(), ..links };
    let tree = read(&root, around.as_ref(), seen, unread, links, shortcuts.failures(total));
    let copied = copies::copied(&root, &copies, shortcuts);
    let copies = copies.iter().map(|folder| walk::relative(&root, folder)).collect();
    let tree = tree.beside(copies, copied).shown_under(&shown(&root));
    Ok((Found { root, only, links: left }, tree))
}

fn shown(root: &Path) -> String {
    match root.to_string_lossy().replace('\\', "/") {
        root if root == "." || root == "./" => String::new(),
        root => root.strip_prefix("./").map(str::to_owned).unwrap_or(root),
    }
}

/// `left` are links that lead out of the folder.
fn nothing(path: &Path, left: &[PathBuf]) -> CliError {
    let mut error = CliError::usage("there is no Terraform here")
        .at(path.display())
        .because("no file in it or below it is Terraform that git would not ignore");
    if let [link, ..] = left {
        error = error.because(format!("{} is a link out of it, and is not followed", link.display()));
    }
    error.hint(WHAT_IS_TERRAFORM)
}

fn unreadable(path: &Path, error: &io::Error) -> CliError {
    match error.kind() {
        io::ErrorKind::NotFound => CliError::usage("there is no such file or folder")
            .at(path.display())
            .hint("paths are taken from the folder that the command runs in"),
        _ => CliError::io("cannot read", path.display(), error),
    }
}

fn file(path: &Path, shortcuts: Shortcuts) -> Result<(PathBuf, Gathered), CliError> {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if Syntax::of(name).is_none() {
        return Err(CliError::usage("this file is no Terraform")
            .at(path.display())
            .because("its name ends otherwise")
            .hint(WHAT_IS_TERRAFORM));
    }
    let root = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    let mut gathered = Gathered::default();
    gathered.file(&root, path, shortcuts);
    Ok((root, gathered))
}

/// Reads what matters, round by round.
fn read(
    root: &Path,
    around: Option<&Around>,
    seen: Vec<Seen>,
    mut unread: Vec<(String, String)>,
    links: Links,
    failures: Failures,
) -> Tree {
    let mut known: Vec<Stamp> = Vec::with_capacity(seen.len());
    let mut reading = Reading::new(glanced(seen, &mut known), links, failures);
    loop {
        let looks = reading.looks();
        if looks.is_empty() {
            let further = beside(root, around, &mut reading, &mut unread);
            if !further.is_empty() {
                reading.more(glanced(further, &mut known));
                continue;
            }
            for path in reading.templates() {
                template(root, &path).into_iter().for_each(|it| reading.take_template(path.clone(), it));
            }
            return reading.finish(unread);
        }
        let mut wanted = Vec::new();
        for (file, bytes) in look_into(root, &reading, &looks, &known) {
            match bytes {
                Ok(bytes) => wanted.push((file, bytes)),
                Err(why) => unread.push((reading.path(file).to_owned(), why)),
            }
        }
        reading.take(wanted);
    }
}

/// Files as the tree is made of them; `known` goes on with how they were found.
fn glanced(seen: Vec<Seen>, known: &mut Vec<Stamp>) -> Vec<Glanced> {
    let of_one = |Seen { path, stamp, glance, bytes }| {
        known.push(stamp);
        Glanced { path, glance, bytes }
    };
    seen.into_iter().map(of_one).collect()
}

/// The files of modules and configurations beside the tree that were not read yet.
fn beside(
    root: &Path,
    around: Option<&Around>,
    reading: &mut Reading,
    unread: &mut Vec<(String, String)>,
) -> Vec<Seen> {
    let Some(around) = around else { return Vec::new() };
    let mut seen = Vec::new();
    for folder in reading.outside() {
        let module = around.module(root, &folder);
        seen.extend(module.seen);
        unread.extend(module.unread);
    }
    for file in reading.outside_files() {
        let configuration = around.configuration(root, &file);
        seen.extend(configuration.seen);
        unread.extend(configuration.unread);
    }
    seen
}

/// A file that the Terraform names, if it lies in the tree. One that cannot be read is as good as one elsewhere.
fn template(root: &Path, path: &str) -> Option<Vec<u8>> {
    let file = root.join(path).canonicalize().ok()?;
    let inside = file.is_file() && file.starts_with(root.canonicalize().ok()?);
    read_whole(&file, &mut Vec::new()).ok().filter(|_| inside).map(|(bytes, _)| bytes.to_vec())
}

/// The files that are wanted, with their bytes or why there are none.
fn look_into(
    root: &Path,
    reading: &Reading,
    looks: &[Look],
    known: &[Stamp],
) -> Vec<(usize, Result<Vec<u8>, String>)> {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let share = looks.len().div_ceil(threads).max(FILES_PER_THREAD);
    let look = |look: &Look, buffer: &mut Vec<u8>| {
        let stamp = known.get(look.file)?;
        let path = root.join(reading.path(look.file));
        let again = read_whole(&path, buffer).and_then(|(bytes, now)| match now == *stamp {
            true => Ok(look.is_wanted(bytes).then(|| bytes.to_vec())),
            false => Err("it changed while the tree was read".to_owned()),
        });
        Some((look.file, again.transpose()?))
    };
    let work = |looks: &[Look]| {
        let mut buffer = Vec::new();
        looks.iter().filter_map(|it| look(it, &mut buffer)).collect::<Vec<_>>()
    };
    let mut shares = looks.chunks(share);
    let mine = shares.next().unwrap_or_default();
    thread::scope(|scope| {
        let others: Vec<_> = shares.map(|looks| scope.spawn(move || work(looks))).collect();
        let mut found = work(mine);
        for other in others {
            match other.join() {
                Ok(more) => found.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        found
    })
}

#[cfg(test)]
mod tests;
