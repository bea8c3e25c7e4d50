//! The lock on a local journal: while it is held, no other keyslot on this machine is at work there, so a lease
//! that a dead process left behind may be taken at once.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Write as _};

use super::CliError;
use crate::journal::StorePlace;

/// What came of taking it.
pub enum Lock {
    Held(File),
    /// The journal is no local folder.
    None,
    /// Another keyslot is at work, by the name that it left.
    Of(String),
}

/// Takes the lock, and leaves a name in it.
///
/// # Errors
/// The folder cannot be written.
pub fn take(place: &StorePlace, holder: &str) -> Result<Lock, CliError> {
    let StorePlace::Folder(folder) = place else { return Ok(Lock::None) };
    let cannot = |error: &std::io::Error| {
        CliError::io("cannot write the state folder", folder.display(), error)
            .hint("make it writable, or name another `state` in keyslot.toml; nothing was changed")
    };
    std::fs::create_dir_all(folder).map_err(|error| cannot(&error))?;
    let path = folder.join(".lock");
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .open(&path)
        .map_err(|error| cannot(&error))?;
    match file.try_lock() {
        Ok(()) => {
            let named = file.set_len(0).and_then(|()| file.write_all(holder.as_bytes()));
            named.map(|()| Lock::Held(file)).map_err(|error| cannot(&error))
        }
        Err(TryLockError::WouldBlock) => {
            // Where a lock keeps others from reading too, it has no name.
            let mut name = String::new();
            let _ = file.read_to_string(&mut name);
            Ok(Lock::Of(if name.is_empty() { "another process".to_owned() } else { name }))
        }
        Err(TryLockError::Error(error)) => Err(cannot(&error)),
    }
}
