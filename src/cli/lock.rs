//! The lock on a local journal: while it is held, no other keyslot on this machine is at work there, so a lease
//! that a dead process left behind may be taken at once.

use std::fs::{File, OpenOptions, TryLockError};

use super::CliError;
use crate::journal::StorePlace;

/// Takes the lock; `None` where the journal is no local folder.
///
/// # Errors
/// Another keyslot holds it, or the folder cannot be written.
pub fn take(place: &StorePlace) -> Result<Option<File>, CliError> {
    let StorePlace::Folder(folder) = place else { return Ok(None) };
    let cannot = |error: &std::io::Error| {
        CliError::io("cannot write the state folder", folder.display(), error)
            .hint("make it writable, or name another `state` in keyslot.toml; nothing was changed")
    };
    std::fs::create_dir_all(folder).map_err(|error| cannot(&error))?;
    let path = folder.join(".lock");
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(|error| cannot(&error))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Err(CliError::world("another keyslot is at work on this rotation")
            .at(folder.display())
            .because("it holds the lock of the state folder")
            .hint("wait for it to end, or end it; whatever it leaves half done is taken up again")),
        Err(TryLockError::Error(error)) => Err(cannot(&error)),
    }
}
