//! Records as files in a local folder.
//!
//! A record is staged beside its place, synced, and hard-linked into it: after a crash it is whole or absent.
//! The folder is made when the first record is written, for its owner alone; reading makes nothing.

use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

use async_trait::async_trait;
use bytes::Bytes;
use object_store::local::LocalFileSystem;
use object_store::path::Path;

use super::fault::{io_fault, store_fault};
use super::{Created, RecordStore, Seq, Stored, object};
use crate::ports::{Effect, Fault};

const READ: &str = "read the journal";
const WRITE: &str = "write a journal record";

/// A folder of records.
pub(super) struct FolderStore {
    folder: PathBuf,
    opened: OnceLock<LocalFileSystem>,
}

impl FolderStore {
    pub(super) fn new(folder: PathBuf) -> FolderStore {
        FolderStore { folder, opened: OnceLock::new() }
    }

    /// The store, or `None` while the folder does not exist.
    fn existing(&self, what: &str) -> Result<Option<&LocalFileSystem>, Fault> {
        match fs::metadata(&self.folder) {
            Ok(found) if found.is_dir() => self.open(what).map(Some),
            Ok(_) => Err(self.io(what, &std::io::ErrorKind::NotADirectory.into())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.io(what, &error)),
        }
    }

    fn open(&self, what: &str) -> Result<&LocalFileSystem, Fault> {
        if let Some(opened) = self.opened.get() {
            return Ok(opened);
        }
        let opened = LocalFileSystem::new_with_prefix(&self.folder)
            .map_err(|error| store_fault(what, &self.subject(), &error))?
            .with_fsync(true);
        Ok(self.opened.get_or_init(|| opened))
    }

    fn make(&self) -> Result<&LocalFileSystem, Fault> {
        if let Some(found) = self.existing(WRITE)? {
            return Ok(found);
        }
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&self.folder).map_err(|error| self.io("make the journal's folder", &error))?;
        self.open(WRITE)
    }

    fn subject(&self) -> String {
        self.folder.display().to_string()
    }

    fn io(&self, what: &str, error: &std::io::Error) -> Fault {
        io_fault(what, &self.subject(), error)
    }
}

#[async_trait]
impl RecordStore for FolderStore {
    async fn list_after(&self, seq: Seq) -> Result<Vec<Seq>, Fault> {
        match self.existing(READ)? {
            None => Ok(Vec::new()),
            Some(store) => object::list_after(store, None, seq)
                .await
                .map_err(|error| store_fault(READ, &self.subject(), &error)),
        }
    }

    async fn read(&self, seq: Seq) -> Result<Option<Stored>, Fault> {
        let Some(store) = self.existing(READ)? else { return Ok(None) };
        let stored = object::read(store, &Path::from(seq.object_name()))
            .await
            .map_err(|error| store_fault(READ, &self.place(seq), &error))?;
        // A file's time is this machine's clock once more, and in a rehearsal not even world time.
        Ok(stored.map(|stored| Stored { at: None, ..stored }))
    }

    async fn create(&self, seq: Seq, bytes: Bytes) -> Effect<Created> {
        let store = match self.make() {
            Ok(store) => store,
            Err(fault) => return Effect::NotSent(fault),
        };
        // Saves a lost race its staging and sync; the link below is what decides.
        if self.folder.join(seq.object_name()).exists() {
            return Effect::Applied(Created::Taken);
        }
        match object::create(store, &Path::from(seq.object_name()), bytes).await {
            Ok(created) => Effect::Applied(created),
            // Also where the disk failed after the file became visible: what is not surely on disk is not
            // written. The journal looks before it appends again.
            Err(error) => Effect::Refused(store_fault(WRITE, &self.place(seq), &error)),
        }
    }

    fn place(&self, seq: Seq) -> String {
        self.folder.join(seq.object_name()).display().to_string()
    }
}
