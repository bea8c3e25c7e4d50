//! Trees read and commits built from objects.
//!
//! Bytes in, bytes out: no attributes, no line-ending conversion, no index, no working tree. The same parent,
//! edits, identity and time always give the same commit id.

use std::collections::BTreeMap;
use std::sync::Arc;

use git2::build::TreeUpdateBuilder;
use git2::{
    ErrorClass, ErrorCode, FileMode, ObjectType, Oid, Repository, Signature, Time, Tree, TreeEntry,
    TreeWalkMode, TreeWalkResult,
};
use jiff::Timestamp;

use super::led;
use super::store::Store;
use crate::model::{Blindness, CommitId};
use crate::ports::{CodeTree, CommitText, Fault, FileEdit, SourceFile, Wanted};

const LINK: i32 = 0o120_000;

impl Store {
    /// The files of a commit that are wanted, by path. Links to files are followed within the repository, those to
    /// folders are told; submodules are no files.
    pub(super) fn files(&self, commit: &CommitId, wanted: &Wanted) -> Result<CodeTree, Fault> {
        let repository = self.open()?;
        let root = self.tree_of(&repository, commit)?;
        let top = match wanted.below.as_str() {
            "" => root.clone(),
            folder => self.folder(&repository, &root, folder, commit)?,
        };
        let mut entries = self.entries(&top, &wanted.below, true)?;
        for folder in &wanted.folders {
            let tree = match folder.as_str() {
                "" => Some(root.clone()),
                path => root.get_path(path.as_ref()).and_then(|it| repository.find_tree(it.id())).ok(),
            };
            entries
                .extend(tree.map(|tree| self.entries(&tree, folder, false)).transpose()?.unwrap_or_default());
        }
        entries.retain(|entry| entry.is_link || (self.is_source)(&entry.path));
        for path in &wanted.files {
            if let Ok(entry) = root.get_path(path.as_ref())
                && entry.kind() == Some(ObjectType::Blob)
            {
                entries.push(Entry::new(path.clone(), &entry));
            }
        }
        let mut tree = CodeTree::default();
        for Entry { path, id, is_link } in entries {
            let blob = match is_link.then(|| self.behind(&repository, &root, &path)) {
                None => Some(id),
                Some(Some(Behind::File(_, blob))) => {
                    Some(blob).filter(|_| (self.is_source)(&path) || wanted.files.contains(&path))
                }
                Some(Some(Behind::Folder(real))) => {
                    tree.links.push((path.clone(), real));
                    None
                }
                Some(None) => None,
            };
            if let Some(blob) = blob {
                let blob = repository.find_blob(blob).map_err(|error| self.told("read a tree in", &error))?;
                tree.files.push(SourceFile { path, bytes: blob.content().into() });
            }
        }
        tree.files.sort_by(|a, b| a.path.cmp(&b.path));
        tree.files.dedup_by(|a, b| a.path == b.path);
        Ok(tree)
    }

    /// One file of a commit; none where there is none.
    pub(super) fn file(&self, commit: &CommitId, path: &str) -> Result<Option<Arc<[u8]>>, Fault> {
        let repository = self.open()?;
        let root = self.tree_of(&repository, commit)?;
        match root.get_path(path.as_ref()) {
            Ok(_) => {}
            Err(error) if error.code() == ErrorCode::NotFound && error.class() == ErrorClass::Tree => {
                return Ok(None);
            }
            Err(error) => return Err(self.told("read a file in", &error)),
        }
        let Some(Behind::File(_, id)) = self.behind(&repository, &root, path) else {
            let why = format!("{path} is there at {}, and is no file that can be read", commit.short());
            return Err(self.fault("read a file in", why));
        };
        let blob = repository.find_blob(id).map_err(|error| self.told("read a file in", &error))?;
        Ok(Some(blob.content().into()))
    }

    /// The files and links in a folder, or below it.
    fn entries(&self, folder: &Tree<'_>, path: &str, below: bool) -> Result<Vec<Entry>, Fault> {
        let mut found = Vec::new();
        folder
            .walk(TreeWalkMode::PreOrder, |parent, entry| match entry.kind() {
                Some(ObjectType::Blob) => {
                    let name = String::from_utf8_lossy(entry.name_bytes());
                    let prefix = if path.is_empty() { String::new() } else { format!("{path}/") };
                    found.push(Entry::new(format!("{prefix}{parent}{name}"), entry));
                    TreeWalkResult::Ok
                }
                _ if below => TreeWalkResult::Ok,
                _ => TreeWalkResult::Skip,
            })
            .map_err(|error| self.told("read a tree in", &error))?;
        Ok(found)
    }

    /// A commit on top of `parent` with some files' contents replaced or added. File modes stay; a symbolic link
    /// is followed, so that the edit lands where a reader would have read.
    pub(super) fn commit(
        &self,
        parent: &CommitId,
        edits: &[FileEdit],
        text: &CommitText,
    ) -> Result<CommitId, Fault> {
        let repository = self.open()?;
        let told = |error: git2::Error| self.told("build a commit in", &error);
        let parent = self.commit_of(&repository, parent)?;
        let root = parent.tree().map_err(told)?;
        // Two names may lead to one file; then both must say the same.
        let mut placed: BTreeMap<String, (FileMode, &[u8])> = BTreeMap::new();
        for edit in edits {
            let (path, mode) = self.place(&repository, &root, &edit.path)?;
            let other = placed.insert(path, (mode, &edit.bytes));
            if other.is_some_and(|(_, bytes)| bytes != edit.bytes) {
                let why = format!("there are two different contents for {}", edit.path);
                return Err(self.fault("build a commit in", why));
            }
        }
        let mut update = TreeUpdateBuilder::new();
        for (path, (mode, bytes)) in placed {
            update.upsert(path, repository.blob(bytes).map_err(told)?, mode);
        }
        let tree = update.create_updated(&repository, &root).map_err(told)?;
        let tree = repository.find_tree(tree).map_err(told)?;
        let me = self.signature(text.at)?;
        let id = repository.commit(None, &me, &me, &text.message, &tree, &[&parent]).map_err(told)?;
        Ok(CommitId::new(id.to_string()))
    }

    /// keyslot's identity at a time, in UTC and whole seconds: all that git keeps.
    pub(super) fn signature(&self, at: Timestamp) -> Result<Signature<'static>, Fault> {
        Signature::new(&self.identity.name, &self.identity.email, &Time::new(at.as_second(), 0)).map_err(
            |error| {
                self.told("sign a commit in", &error)
                    .remedy("set a name and an address for keyslot's commits")
            },
        )
    }

    fn tree_of<'r>(&self, repository: &'r Repository, commit: &CommitId) -> Result<Tree<'r>, Fault> {
        let commit = self.commit_of(repository, commit)?;
        commit.tree().map_err(|error| self.told("read a tree in", &error))
    }

    fn folder<'r>(
        &self,
        repository: &'r Repository,
        root: &Tree<'r>,
        folder: &str,
        commit: &CommitId,
    ) -> Result<Tree<'r>, Fault> {
        let found = root.get_path(folder.as_ref()).and_then(|entry| repository.find_tree(entry.id()));
        found.map_err(|error| {
            let mut fault = self.told("read a tree in", &error);
            fault.kind = Blindness::Missing;
            fault.why = format!("commit {} has no folder {folder}", commit.short());
            fault.remedy("check the Terraform root in the configuration")
        })
    }

    /// Where an edit of `path` lands, and with which mode.
    fn place(
        &self,
        repository: &Repository,
        root: &Tree<'_>,
        path: &str,
    ) -> Result<(String, FileMode), Fault> {
        let Ok(entry) = root.get_path(path.as_ref()) else { return Ok((path.to_owned(), FileMode::Blob)) };
        let refused = |why: &str| self.fault("build a commit in", format!("{path} {why}"));
        let mode = |mode: i32| if mode == 0o100_755 { FileMode::BlobExecutable } else { FileMode::Blob };
        match (entry.kind(), entry.filemode()) {
            (Some(ObjectType::Blob), LINK) => {
                let Some(Behind::File(target, _)) = self.behind(repository, root, path) else {
                    return Err(refused("is a symbolic link that leads to no file of the repository"));
                };
                let entry = root.get_path(target.as_ref()).map_err(|_| refused("leads nowhere"))?;
                Ok((target, mode(entry.filemode())))
            }
            (Some(ObjectType::Blob), known) => Ok((path.to_owned(), mode(known))),
            _ => Err(refused("is no file")),
        }
    }

    /// Where a symbolic link leads, if that is in the same tree.
    fn behind(&self, repository: &Repository, root: &Tree<'_>, link: &str) -> Option<Behind> {
        let mut path = link.to_owned();
        // As many hops as Linux follows; a longer chain is a loop.
        for _ in 0..40 {
            if path.is_empty() {
                return Some(Behind::Folder(path));
            }
            let entry = root.get_path(path.as_ref()).ok()?;
            match entry.kind() {
                Some(ObjectType::Tree) => return Some(Behind::Folder(path)),
                Some(ObjectType::Blob) if entry.filemode() != LINK => {
                    return Some(Behind::File(path, entry.id()));
                }
                Some(ObjectType::Blob) => {
                    let target = repository.find_blob(entry.id()).ok()?;
                    path = led(&path, target.content())
                        .filter(|path| *path != ".." && !path.starts_with("../"))?;
                }
                _ => return None,
            }
        }
        None
    }
}

/// What a symbolic link leads to, by path.
enum Behind {
    File(String, Oid),
    Folder(String),
}

/// A file or a link of a tree.
struct Entry {
    path: String,
    id: Oid,
    is_link: bool,
}

impl Entry {
    fn new(path: String, entry: &TreeEntry<'_>) -> Entry {
        Entry { path, id: entry.id(), is_link: entry.filemode() == LINK }
    }
}
