//! Whole trees by path, with the ids that git gives to blobs and trees.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, OnceLock};

use git2::{ObjectType, Oid};
use serde::Serialize;

use crate::model::example_tree;

/// A git object's id (SHA-1).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GitId([u8; 20]);

impl GitId {
    /// The id of an object, by git's own hashing.
    pub fn of(kind: ObjectType, bytes: &[u8]) -> GitId {
        let mut id = [0; 20];
        // Hashing in memory fails only when memory does.
        if let Ok(oid) = Oid::hash_object(kind, bytes) {
            id.copy_from_slice(oid.as_bytes());
        }
        GitId(id)
    }

    pub fn as_bytes(&self) -> &[u8; 20] {
        &self.0
    }
}

impl fmt::Display for GitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for GitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// The mode of a regular file.
pub const REGULAR: u32 = 0o100_644;

/// One file of a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    bytes: Arc<[u8]>,
    mode: u32,
    id: GitId,
}

impl File {
    /// A regular file.
    pub fn new(bytes: impl Into<Arc<[u8]>>) -> File {
        File::with_mode(bytes, REGULAR)
    }

    /// A file with git's mode (`0o100755` for a program, `0o120000` for a link).
    pub fn with_mode(bytes: impl Into<Arc<[u8]>>, mode: u32) -> File {
        let bytes = bytes.into();
        File { id: GitId::of(ObjectType::Blob, &bytes), bytes, mode }
    }

    pub fn bytes(&self) -> &Arc<[u8]> {
        &self.bytes
    }

    pub fn mode(&self) -> u32 {
        self.mode
    }

    /// The blob's id.
    pub fn id(&self) -> GitId {
        self.id
    }
}

/// All files of a commit by path (`/` between the parts). Cloning is cheap; changing makes a copy of the map.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Tree {
    files: Arc<BTreeMap<Arc<str>, File>>,
}

impl Tree {
    pub fn from_files<P: Into<Arc<str>>>(files: impl IntoIterator<Item = (P, File)>) -> Tree {
        Tree { files: Arc::new(files.into_iter().map(|(path, file)| (path.into(), file)).collect()) }
    }

    /// The tree that ships with the program.
    pub fn example() -> Tree {
        static EXAMPLE: OnceLock<Tree> = OnceLock::new();
        EXAMPLE
            .get_or_init(|| {
                Tree::from_files(example_tree().into_iter().map(|(path, bytes)| (path, File::new(bytes))))
            })
            .clone()
    }

    pub fn get(&self, path: &str) -> Option<&File> {
        self.files.get(path)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&Arc<str>, &File)> {
        self.files.iter()
    }

    /// The files under a folder; all for `""`.
    pub fn under<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = (&'a Arc<str>, &'a File)> {
        let folder = folder.trim_end_matches('/');
        self.files.iter().filter(move |(path, _)| {
            folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
        })
    }

    /// The same with one file put in or replaced (its mode stays).
    pub fn with(&self, path: &str, bytes: impl Into<Arc<[u8]>>) -> Tree {
        let mode = self.get(path).map_or(REGULAR, File::mode);
        self.put(path, Some(File::with_mode(bytes, mode)))
    }

    /// The same with one file put in, replaced or (for `None`) taken out.
    pub fn put(&self, path: &str, file: Option<File>) -> Tree {
        let mut files = BTreeMap::clone(&self.files);
        match file {
            Some(file) => files.insert(path.into(), file),
            None => files.remove(path),
        };
        Tree { files: Arc::new(files) }
    }

    /// The id of the root tree.
    pub fn id(&self) -> GitId {
        let mut objects = Vec::new();
        write_tree(&self.files.iter().map(|(path, file)| (&**path, file)).collect::<Vec<_>>(), &mut objects)
    }

    /// Every tree object, inner ones first, with its id and its encoding.
    pub fn objects(&self) -> Vec<(GitId, Vec<u8>)> {
        let mut objects = Vec::new();
        write_tree(&self.files.iter().map(|(path, file)| (&**path, file)).collect::<Vec<_>>(), &mut objects);
        objects
    }
}

/// A configuration shows a tree as the id of its root: that says all of its content.
impl Serialize for Tree {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&self.id())
    }
}

/// Encodes the tree of these files (paths relative to it) and all below, and returns its id.
fn write_tree(files: &[(&str, &File)], objects: &mut Vec<(GitId, Vec<u8>)>) -> GitId {
    let mut plain = Vec::new();
    let mut folders: BTreeMap<&str, Vec<(&str, &File)>> = BTreeMap::new();
    for (path, file) in files {
        match path.split_once('/') {
            Some((folder, rest)) => folders.entry(folder).or_default().push((rest, file)),
            None => plain.push((*path, *file)),
        }
    }
    // Git sorts by name, where a folder's name counts as if it ended in `/`.
    let mut entries: Vec<(String, u32, &str, GitId)> =
        plain.into_iter().map(|(name, file)| (name.to_owned(), file.mode, name, file.id)).collect();
    for (name, inner) in folders {
        entries.push((format!("{name}/"), 0o040_000, name, write_tree(&inner, objects)));
    }
    entries.sort_by(|a, b| a.0.as_bytes().cmp(b.0.as_bytes()));
    let mut bytes = Vec::new();
    for (_, mode, name, id) in entries {
        bytes.extend_from_slice(format!("{mode:o} {name}\0").as_bytes());
        bytes.extend_from_slice(id.as_bytes());
    }
    let id = GitId::of(ObjectType::Tree, &bytes);
    objects.push((id, bytes));
    id
}
