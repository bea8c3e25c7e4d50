//! Writing changed files: each one whole or not at all, and all of them or none.
//!
//! Everything that can fail is done first: every file is compared with what was read, and its new content lies
//! complete and synced beside it. Then they are renamed into place; if one of these renames fails after all, the
//! ones before it are put back.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::error::CliError;

/// A file's new content.
pub struct Change {
    pub path: PathBuf,
    /// What was read, and must still be there.
    pub old: Vec<u8>,
    pub new: Vec<u8>,
}

const NOTHING_WRITTEN: &str = "nothing was changed";

/// Writes all changes, or none.
pub fn write_all(changes: &[Change]) -> Result<(), CliError> {
    for change in changes {
        inspect(change)?;
    }
    let mut prepared = Vec::with_capacity(changes.len());
    for change in changes {
        prepared.push(Prepared::new(&change.path, &change.new)?);
    }
    for (at, file) in prepared.iter_mut().enumerate() {
        if let Err(error) = file.put() {
            return Err(put_back(&changes[..at], &changes[at], &error));
        }
    }
    Ok(())
}

fn inspect(change: &Change) -> Result<(), CliError> {
    let path = &change.path;
    let failed =
        |error: io::Error| CliError::io("cannot write", path.display(), &error).hint(NOTHING_WRITTEN);
    if fs::metadata(path).map_err(failed)?.permissions().readonly() {
        return Err(CliError::world("cannot write")
            .at(path.display())
            .because("the file is read-only")
            .hint(format!("{NOTHING_WRITTEN}; make the file writable, or take the diff to where it is")));
    }
    if fs::read(path).map_err(failed)? != change.old {
        return Err(CliError::world("cannot write")
            .at(path.display())
            .because("the file has changed since it was read")
            .hint(format!("{NOTHING_WRITTEN}; run the command again")));
    }
    Ok(())
}

/// New content beside its file. Goes away when dropped before [`Prepared::put`].
struct Prepared {
    temporary: PathBuf,
    target: PathBuf,
    put: bool,
}

impl Prepared {
    fn new(path: &Path, content: &[u8]) -> Result<Prepared, CliError> {
        // A link is written through, not replaced.
        let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let name = target.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let temporary = target.with_file_name(format!(".{name}.keyslot-{}", std::process::id()));
        let prepared = Prepared { temporary, target, put: false };
        prepared.fill(content).map_err(|error| {
            CliError::io("cannot write beside", path.display(), &error).hint(NOTHING_WRITTEN)
        })?;
        Ok(prepared)
    }

    fn fill(&self, content: &[u8]) -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create_new(true).open(&self.temporary)?;
        keep_owner(&file, &self.target)?;
        file.set_permissions(fs::metadata(&self.target)?.permissions())?;
        file.write_all(content)?;
        file.sync_all()
    }

    fn put(&mut self) -> io::Result<()> {
        fs::rename(&self.temporary, &self.target)?;
        self.put = true;
        Ok(())
    }
}

impl Drop for Prepared {
    fn drop(&mut self) {
        if !self.put {
            // The file may never have been made; a left-over would be named after us.
            let _ = fs::remove_file(&self.temporary);
        }
    }
}

#[cfg(unix)]
fn keep_owner(file: &File, like: &Path) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt as _, fchown};
    let (ours, theirs) = (file.metadata()?, fs::metadata(like)?);
    if (ours.uid(), ours.gid()) != (theirs.uid(), theirs.gid()) {
        fchown(file, Some(theirs.uid()), Some(theirs.gid()))?;
    }
    Ok(())
}

#[cfg(not(unix))]
fn keep_owner(_file: &File, _like: &Path) -> io::Result<()> {
    Ok(())
}

fn put_back(done: &[Change], failed: &Change, error: &io::Error) -> CliError {
    let mut told = CliError::io("cannot put the new content in place", failed.path.display(), error);
    let mut stuck = false;
    for change in done {
        let restored = Prepared::new(&change.path, &change.old).and_then(|mut file| {
            file.put().map_err(|error| CliError::io("cannot put back", change.path.display(), &error))
        });
        if let Err(error) = restored {
            stuck = true;
            told = told.because(error);
        }
    }
    told.hint(if stuck {
        "some files are changed: compare with your version control"
    } else {
        NOTHING_WRITTEN
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(path: PathBuf, old: &str, new: &str) -> Change {
        Change { path, old: old.into(), new: new.into() }
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn one_file_that_changed_meanwhile_keeps_all_as_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let (a, b) = (folder.path().join("a"), folder.path().join("b"));
        fs::write(&a, "a1").unwrap();
        fs::write(&b, "other").unwrap();
        let error = write_all(&[change(a.clone(), "a1", "a2"), change(b, "b1", "b2")]).unwrap_err();
        assert!(error.to_string().contains("changed since"), "{error}");
        assert_eq!(fs::read(&a).unwrap(), b"a1");
        assert_eq!(names(folder.path()), ["a", "b"]);
    }

    #[test]
    fn a_rename_that_fails_puts_the_others_back() {
        let folder = tempfile::tempdir().unwrap();
        let (a, b) = (folder.path().join("a"), folder.path().join("b"));
        fs::write(&a, "a2").unwrap();
        fs::write(&b, "b1").unwrap();
        let error =
            put_back(&[change(a.clone(), "a1", "a2")], &change(b, "b1", "b2"), &io::Error::other("no room"));
        assert!(error.to_string().contains("no room"), "{error}");
        assert_eq!(fs::read(&a).unwrap(), b"a1");
        assert_eq!(names(folder.path()), ["a", "b"]);
    }

    #[cfg(unix)]
    #[test]
    fn permissions_stay_and_nothing_is_left_beside() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let a = folder.path().join("a");
        fs::write(&a, "1").unwrap();
        fs::set_permissions(&a, fs::Permissions::from_mode(0o640)).unwrap();
        write_all(&[change(a.clone(), "1", "2")]).unwrap();
        assert_eq!(fs::read(&a).unwrap(), b"2");
        assert_eq!(fs::metadata(&a).unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(names(folder.path()), ["a"]);
    }
}
