//! Baseline files on disk.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::bounded;
use super::discover::Found;
use super::error::{CliError, ErrorKind};
use super::write::{Change, write_all};
use crate::check::{Baseline, BaselineDocument, BaselineError, Finding, Reach, baseline_of};
use crate::terraform::Tree;

/// Entries of hundreds of thousands of findings. What is larger is no baseline, and may have no end.
const MAX_BYTES: u64 = 64 * 1024 * 1024;

fn bytes_of(path: &Path) -> io::Result<Vec<u8>> {
    let too_large = || io::Error::new(io::ErrorKind::FileTooLarge, "it is larger than 64 MiB");
    bounded::read(path, MAX_BYTES)?.ok_or_else(too_large)
}

/// Reads a baseline.
pub fn read(path: &Path) -> Result<Baseline, CliError> {
    let bytes = bytes_of(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => {
            CliError::usage("there is no such baseline").at(path.display()).hint(WRITES_ONE)
        }
        _ if path.is_dir() => {
            CliError::usage("this is a folder, not a baseline").at(path.display()).hint("name the file in it")
        }
        _ => CliError::io("cannot read the baseline", path.display(), &error),
    })?;
    let shown = path.to_string_lossy().replace('\\', "/");
    Baseline::parse(&shown, &bytes).map_err(|error| refused(path, &error))
}

const WRITES_ONE: &str = "`keyslot check --write-baseline FILE --because TEXT` writes one";

/// How the tree lies to the folder of a baseline.
///
/// # Errors
/// No such folder.
pub fn reach(path: &Path, found: &Found) -> Result<Reach, CliError> {
    let folder = home(path);
    let home = folder.canonicalize().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => CliError::usage("there is no such folder for the baseline")
            .at(folder.display())
            .hint("make the folder first, or name a file in one that is there"),
        _ => CliError::io("cannot look into the folder of the baseline", folder.display(), &error),
    })?;
    let root = found
        .root
        .canonicalize()
        .map_err(|error| CliError::io("cannot look into the folder", found.root.display(), &error))?;
    Ok(Reach::new(&home.to_string_lossy(), &root.to_string_lossy(), found.only.as_deref()))
}

fn home(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

fn refused(path: &Path, error: &BaselineError) -> CliError {
    let told =
        CliError::new(ErrorKind::Configuration, "this is no baseline that can be used").at(path.display());
    told.because(error).hint(match error {
        BaselineError::Form(_) => WRITES_ONE,
        BaselineError::Version(_) => "use the keyslot that wrote it, or a newer one",
        BaselineError::WithoutReason(_) => {
            "write into `reason` why the finding may stay, or remove the entry"
        }
    })
}

/// What was written.
pub struct Written {
    pub entries: usize,
    /// Of these, kept as they were: they speak of files that were not checked.
    pub kept: usize,
    /// Entries whose reason has to be filled in.
    pub without_reason: usize,
    /// Findings that count and cannot be silenced.
    pub left: usize,
}

/// What is to be written, and how.
pub struct Writing<'w> {
    pub path: &'w Path,
    pub found: &'w Found,
    /// The baseline that was obeyed, and its file.
    pub obeyed: Option<(&'w Path, &'w Baseline)>,
    pub because: &'w str,
    pub overwrite: bool,
}

impl Writing<'_> {
    /// Writes findings as known ones. A file that exists is replaced only where that was asked for, and what it says of
    /// files that were not checked is kept.
    pub fn write(&self, tree: &Tree, findings: &[Finding]) -> Result<Written, CliError> {
        let reach = reach(self.path, self.found)?;
        let mut document = baseline_of(tree, &reach, findings, self.because);
        let fresh = document.len();
        document = document.and(self.obeyed_beside()?).and(self.replaced_beside(&reach)?);
        let text = serde_json::to_string_pretty(&document)
            .map_err(|error| CliError::bug("cannot encode the baseline").because(error))?
            + "\n";
        put(self.path, text, self.overwrite)?;
        let left =
            findings.iter().filter(|finding| finding.silenced.is_none() && !finding.rule.can_be_silenced());
        Ok(Written {
            entries: document.len(),
            kept: document.len() - fresh,
            without_reason: document.without_reason(),
            left: left.count(),
        })
    }

    /// Paths and fingerprints of entries hold for their folder alone, and cannot be worked out anew for files that were
    /// not read.
    fn obeyed_beside(&self) -> Result<BaselineDocument, CliError> {
        let Some((path, baseline)) = self.obeyed else { return Ok(BaselineDocument::default()) };
        let beside = baseline.beside(&reach(path, self.found)?);
        let moved = home(path).canonicalize().ok() != home(self.path).canonicalize().ok();
        if moved && !beside.is_empty() {
            return Err(CliError::usage("this baseline speaks of files that are not checked here")
                .at(path.display())
                .because("its entries cannot be taken into a baseline of another folder without those files")
                .hint("check all that it speaks of, or write into the folder where it is"));
        }
        Ok(beside)
    }

    fn replaced_beside(&self, reach: &Reach) -> Result<BaselineDocument, CliError> {
        let bytes = match bytes_of(self.path) {
            Ok(bytes) if self.overwrite => bytes,
            // What cannot be read is told when it is written to.
            Ok(_) | Err(_) => return Ok(BaselineDocument::default()),
        };
        match BaselineDocument::parse(&bytes) {
            Ok(old) => Ok(old.beside(reach)),
            Err(error) => Err(refused(self.path, &error).hint("name another file, or remove this one first")),
        }
    }
}

fn put(path: &Path, text: String, overwrite: bool) -> Result<(), CliError> {
    let failed = |error: &io::Error| CliError::io("cannot write the baseline", path.display(), error);
    if path.is_dir() {
        return Err(CliError::usage("this is a folder, not a file")
            .at(path.display())
            .hint("name a file in it"));
    }
    match fs::OpenOptions::new().write(true).create_new(true).open(path) {
        Ok(mut file) => {
            file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(|error| failed(&error))
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && overwrite => {
            let old = bytes_of(path).map_err(|error| failed(&error))?;
            write_all(&[Change { path: path.to_owned(), old, new: text.into_bytes() }])
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            Err(CliError::usage("the file exists already").at(path.display()).hint(
                "add --overwrite to replace it; with --baseline for the same file its reasons are kept",
            ))
        }
        Err(error) => Err(failed(&error)),
    }
}
