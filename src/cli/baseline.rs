//! Baseline files on disk.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use super::error::{CliError, ErrorKind};
use super::write::{Change, write_all};
use crate::check::{Baseline, BaselineError, Finding, baseline_of};
use crate::terraform::Tree;

/// Reads a baseline.
pub fn read(path: &Path) -> Result<Baseline, CliError> {
    let bytes = fs::read(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => CliError::usage("there is no such baseline")
            .at(path.display())
            .hint("`keyslot check --write-baseline FILE --because TEXT` writes one"),
        _ => CliError::io("cannot read the baseline", path.display(), &error),
    })?;
    let shown = path.to_string_lossy().replace('\\', "/");
    Baseline::parse(&shown, &bytes).map_err(|error| refused(path, &error))
}

fn refused(path: &Path, error: &BaselineError) -> CliError {
    let told =
        CliError::new(ErrorKind::Configuration, "this is no baseline that can be used").at(path.display());
    match error {
        BaselineError::Form(why) => told.because(why),
        BaselineError::Version(version) => told
            .because(format!("it is of version {version}; this keyslot reads version 1"))
            .hint("use the keyslot that wrote it, or a newer one"),
        BaselineError::WithoutReason(count) => told
            .because(match count {
                1 => "1 of its entries gives no reason".to_owned(),
                count => format!("{count} of its entries give no reason"),
            })
            .hint("write into `reason` why the finding may stay, or remove the entry"),
    }
}

/// What was written.
pub struct Written {
    pub entries: usize,
    /// Findings that count and cannot be silenced.
    pub left: usize,
}

/// Writes findings as known ones. A file that exists is replaced only where that was asked for.
pub fn write(
    path: &Path,
    tree: &Tree,
    findings: &[Finding],
    because: &str,
    overwrite: bool,
) -> Result<Written, CliError> {
    let baseline = baseline_of(tree, findings, because);
    let text = serde_json::to_string_pretty(&baseline)
        .map_err(|error| CliError::bug("cannot encode the baseline").because(error))?
        + "\n";
    put(path, text, overwrite)?;
    let left =
        findings.iter().filter(|finding| finding.silenced.is_none() && !finding.rule.can_be_silenced());
    Ok(Written { entries: baseline.len(), left: left.count() })
}

fn put(path: &Path, text: String, overwrite: bool) -> Result<(), CliError> {
    let failed = |error: &io::Error| CliError::io("cannot write the baseline", path.display(), error);
    match fs::OpenOptions::new().write(true).create_new(true).open(path) {
        Ok(mut file) => {
            file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(|error| failed(&error))
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && overwrite => {
            let old = fs::read(path).map_err(|error| failed(&error))?;
            write_all(&[Change { path: path.to_owned(), old, new: text.into_bytes() }])
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            Err(CliError::usage("the file exists already")
                .at(path.display())
                .hint("add --overwrite to replace it; with --baseline the same file's reasons are kept"))
        }
        Err(error) => Err(failed(&error)),
    }
}
