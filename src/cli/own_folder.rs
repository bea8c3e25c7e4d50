//! The folder beside keyslot.toml that is keyslot's own: a local journal, its lock, its copy of the repository.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

/// What it is called, unless `state` and `cache` say otherwise.
pub const NAME: &str = ".keyslot";

/// Makes a folder and those above it. Where keyslot's own is among those that are made, git is told to leave it out; one
/// that is there already is somebody's decision.
///
/// # Errors
/// A folder cannot be made.
pub fn make(folder: &Path) -> io::Result<()> {
    let own = folder.ancestors().find(|above| above.file_name().is_some_and(|name| name == NAME));
    let fresh = own.filter(|own| !own.exists());
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    // Who rotates which key, and when, is nobody else's matter. A folder that somebody named is as they have them.
    #[cfg(unix)]
    if own.is_some() {
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    }
    builder.create(folder)?;
    if let Some(own) = fresh {
        // Never over a file, and without it nothing is lost but quiet in `git status`.
        let file = OpenOptions::new().create_new(true).write(true).open(own.join(".gitignore"));
        let _ = file.and_then(|mut file| file.write_all(b"*\n"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn git_is_told_to_leave_out_the_folder_that_is_made_and_no_other() {
        let dir = tempfile::tempdir().unwrap();
        let said = |place: &str| fs::read_to_string(dir.path().join(place).join(".gitignore")).ok();
        make(&dir.path().join("a/.keyslot/prod/journal")).unwrap();
        assert_eq!(said("a/.keyslot").as_deref(), Some("*\n"));
        assert!(said("a").is_none() && said("a/.keyslot/prod").is_none());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let journal = fs::metadata(dir.path().join("a/.keyslot/prod/journal")).unwrap();
            assert_eq!(journal.permissions().mode() & 0o777, 0o700);
        }

        fs::create_dir_all(dir.path().join("b/.keyslot")).unwrap();
        make(&dir.path().join("b/.keyslot/prod")).unwrap();
        make(&dir.path().join("c/state/prod")).unwrap();
        assert!(said("b/.keyslot").is_none() && said("c/state").is_none() && said("c").is_none());
        let mode = |place: &str| fs::metadata(dir.path().join(place)).unwrap().permissions();
        fs::create_dir(dir.path().join("d")).unwrap();
        assert_eq!(mode("c/state/prod"), mode("d"), "as others are made");
    }
}
