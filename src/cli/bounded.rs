//! Files that somebody names and that have a size at which they are no longer what they are taken for.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

/// A file's bytes; nothing where there are more than `most`. A device has no length, and perhaps no end: no more than that
/// is read of it.
///
/// # Errors
/// It cannot be opened or read.
pub fn read(path: &Path, most: u64) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= most).then_some(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a");
        std::fs::write(&file, "four").unwrap();
        assert_eq!(read(&file, 4).unwrap(), Some(b"four".to_vec()));
        assert_eq!(read(&file, 3).unwrap(), None);
        assert!(read(&folder.path().join("b"), 4).is_err());
        #[cfg(unix)]
        assert_eq!(read(Path::new("/dev/zero"), 4).unwrap(), None);
    }
}
