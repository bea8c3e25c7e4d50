//! One file's bytes, whole or not at all.
//!
//! A file is never read beyond what keyslot takes of Terraform, never waited for (a pipe that is named `x.tf`), and
//! what changes under the reader's eyes is read again or given up.

use std::fs::{File, Metadata};
use std::io::{self, Read as _};
use std::path::Path;
use std::time::SystemTime;

use crate::terraform::MAX_BYTES;

/// How often a file that changes is read before it is given up.
const ATTEMPTS: usize = 3;

/// What tells that a file has not changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    length: u64,
    modified: Option<SystemTime>,
}

impl Stamp {
    fn of(known: &Metadata) -> Stamp {
        Stamp { length: known.len(), modified: known.modified().ok() }
    }
}

/// Reads a file into a buffer that can be used again. The error says why there are no bytes.
pub fn read_whole<'b>(path: &Path, buffer: &'b mut Vec<u8>) -> Result<(&'b [u8], Stamp), String> {
    for _ in 0..ATTEMPTS {
        if let Some((length, stamp)) = attempt(path, buffer)? {
            return Ok((buffer.get(..length).unwrap_or_default(), stamp));
        }
    }
    Err("it changes while it is read".to_owned())
}

/// Absent where the file changed meanwhile.
fn attempt(path: &Path, buffer: &mut Vec<u8>) -> Result<Option<(usize, Stamp)>, String> {
    let said = |error: io::Error| error.to_string();
    let mut file = File::open(path).map_err(said)?;
    let known = file.metadata().map_err(said)?;
    if !known.is_file() {
        return Err("it is no regular file".to_owned());
    }
    let length = match usize::try_from(known.len()) {
        Ok(length) if length <= MAX_BYTES => length,
        Ok(_) | Err(_) => return Err(too_large(known.len())),
    };
    if buffer.len() < length {
        buffer.resize(length, 0);
    }
    let mut read = 0;
    while let Some(rest) = buffer.get_mut(read..length).filter(|rest| !rest.is_empty()) {
        match file.read(rest) {
            Ok(0) => return Ok(None),
            Ok(count) => read += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(said(error)),
        }
    }
    let stamp = Stamp::of(&known);
    let unchanged = Stamp::of(&file.metadata().map_err(said)?) == stamp;
    Ok(unchanged.then_some((length, stamp)))
}

fn too_large(length: u64) -> String {
    format!("it has {length} bytes; keyslot reads Terraform files of up to {MAX_BYTES}")
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write as _;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[test]
    fn buffers_may_be_used_again() {
        let folder = tempfile::tempdir().unwrap();
        let (long, short) = (folder.path().join("a"), folder.path().join("b"));
        fs::write(&long, "a longer text").unwrap();
        fs::write(&short, "short").unwrap();
        let mut buffer = Vec::new();
        for (path, text) in [(&long, "a longer text"), (&short, "short"), (&long, "a longer text")] {
            assert_eq!(read_whole(path, &mut buffer).unwrap().0, text.as_bytes());
        }
    }

    #[test]
    fn large_files_are_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        File::create(&path).unwrap().set_len(50 * 1024 * 1024).unwrap();
        let mut buffer = Vec::new();
        assert!(read_whole(&path, &mut buffer).unwrap_err().contains("52428800 bytes"));
        assert_eq!(buffer.capacity(), 0);
    }

    #[test]
    fn folders_and_devices_are_no_files() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(read_whole(folder.path(), &mut Vec::new()).unwrap_err(), "it is no regular file");
        #[cfg(unix)]
        assert_eq!(read_whole(Path::new("/dev/zero"), &mut Vec::new()).unwrap_err(), "it is no regular file");
    }

    /// Whoever appends while others read must never make them see half of it.
    #[test]
    fn a_file_that_changes_is_read_whole_or_given_up() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let line = b"0123456789\n";
        fs::write(&path, line).unwrap();
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let mut file = fs::OpenOptions::new().append(true).open(&path).unwrap();
                for _ in 0..2000 {
                    file.write_all(line).unwrap();
                }
                stop.store(true, Ordering::Relaxed);
            });
            let mut buffer = Vec::new();
            while !stop.load(Ordering::Relaxed) {
                match read_whole(&path, &mut buffer) {
                    Ok((bytes, stamp)) => assert_eq!(bytes.len() as u64, stamp.length),
                    Err(why) => assert_eq!(why, "it changes while it is read"),
                }
            }
        });
    }
}
