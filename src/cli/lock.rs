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
    super::own_folder::make(folder).map_err(|error| cannot(&error))?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_holder_whom_the_next_one_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let place = StorePlace::Folder(dir.path().join("state"));
        let Ok(Lock::Held(held)) = take(&place, "ada@one") else { panic!("it is free") };
        let Ok(Lock::Of(holder)) = take(&place, "bob@one") else { panic!("it is held") };
        assert_eq!(holder, "ada@one");
        drop(held);
        let Ok(Lock::Held(_)) = take(&place, "bob@one") else { panic!("it is free again") };
        assert_eq!(std::fs::read_to_string(dir.path().join("state/.lock")).unwrap(), "bob@one");
    }

    #[test]
    fn a_place_that_is_no_folder_has_no_lock_and_nothing_is_written_for_it() {
        let dir = tempfile::tempdir().unwrap();
        let place = StorePlace::parse("az://container/keyslot", dir.path()).unwrap();
        assert!(matches!(take(&place, "ada"), Ok(Lock::None)));
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
