//! Texts that hold secrets in clear, as Terraform prints its plans and outputs: read into memory that is wiped, and
//! never shown.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use zeroize::Zeroizing;

use super::CliError;

/// No plan is larger. What is may have no end.
const MAX_BYTES: usize = 1024 * 1024 * 1024;

/// How much is asked for where nobody knows how much there is.
const FIRST: usize = 64 * 1024;

/// Reads a file, or standard input for `-`.
///
/// # Errors
/// A file that cannot be read.
pub fn read_sealed(path: &Path) -> Result<Zeroizing<Vec<u8>>, CliError> {
    if path.as_os_str() == "-" {
        return standard_input()
            .and_then(|file| read_file(&file))
            .map_err(|error| CliError::io("cannot read", "standard input", &error));
    }
    File::open(path).and_then(|file| read_file(&file)).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => CliError::usage("there is no such file")
            .at(path.display())
            .hint("paths are taken from the folder that the command runs in; - is standard input"),
        io::ErrorKind::IsADirectory => CliError::usage("this is a folder, not a file")
            .at(path.display())
            .hint("name the file; `terraform show -json PLAN > FILE` writes a plan as keyslot reads it"),
        _ => CliError::io("cannot read", path.display(), &error),
    })
}

/// As a file: the standard library's own reader keeps a piece of what it read.
#[cfg(unix)]
fn standard_input() -> io::Result<File> {
    use std::os::fd::AsFd as _;
    io::stdin().as_fd().try_clone_to_owned().map(File::from)
}

#[cfg(windows)]
fn standard_input() -> io::Result<File> {
    use std::os::windows::io::AsHandle as _;
    io::stdin().as_handle().try_clone_to_owned().map(File::from)
}

fn read_file(file: &File) -> io::Result<Zeroizing<Vec<u8>>> {
    let length = usize::try_from(file.metadata()?.len()).unwrap_or(0);
    all_of(file, length.saturating_add(1).clamp(FIRST, MAX_BYTES), MAX_BYTES)
}

/// Grows by moving to a new vector and wiping the old one: a vector that grows by itself leaves copies behind.
fn all_of(mut from: impl Read, capacity: usize, most: usize) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(vec![0; capacity]);
    let mut filled = 0;
    loop {
        if filled == bytes.len() {
            if filled >= most {
                return Err(io::Error::new(
                    io::ErrorKind::FileTooLarge,
                    format!("it is larger than {most} bytes"),
                ));
            }
            let mut larger = Zeroizing::new(vec![0; bytes.len() * 2]);
            larger[..filled].copy_from_slice(&bytes);
            bytes = larger;
        }
        match from.read(&mut bytes[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_the_length_all_of_it_is_read() {
        for length in [0, 1, 7, 8, 9, 100] {
            let bytes: Vec<u8> = (0..length).collect();
            assert_eq!(*all_of(bytes.as_slice(), 8, 256).unwrap(), bytes);
        }
        // What has no end is not read for ever.
        assert_eq!(all_of(io::repeat(0), 8, 256).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
    }
}
