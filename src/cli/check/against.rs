//! `keyslot check --against REV`: the same folder at another git revision.

use std::path::Path;

use crate::adapters::git::{NoRevision, Revision, files_at};
use crate::check::There;
use crate::cli::declarations::Declarations;
use crate::cli::discover::Found;
use crate::cli::error::ErrorKind;
use crate::cli::{CliError, Terminal, block_on};
use crate::terraform::{Syntax, Tree};

/// Reads what was found on disk as it is at `revision`, with what is declared of it here.
///
/// # Errors
/// No git repository around it, no such revision, or objects that are not here.
pub fn there(
    found: &Found,
    revision: &str,
    declarations: &Declarations,
    terminal: &mut Terminal,
) -> Result<There, CliError> {
    let wanted = |path: &str| match &found.only {
        Some(name) => path == name,
        None => Syntax::of(path).is_some(),
    };
    let read = block_on(files_at(Path::new("git"), &found.root, revision, wanted))?;
    let Revision { commit: _, prefix, files } = read.map_err(no_revision)?;
    if files.is_empty() {
        terminal
            .warn(&format!("there is no Terraform at {revision} here, so there is nothing to compare with"));
    }
    let tree = declarations.apply(Tree::read(&files), &found.root)?.shown_under(&prefix);
    let there = There { tree, revision: revision.to_owned() };
    warn_of_gaps(&there, terminal);
    Ok(there)
}

/// What hides something there makes the comparison less than it seems, and is nobody's finding here.
fn warn_of_gaps(there: &There, terminal: &mut Terminal) {
    let unparsed = there.tree.unparsed.iter().map(|unparsed| (unparsed.file, unparsed.failure.span.start));
    let opaque = there.tree.opaque.iter().map(|read| (read.file, read.span.start));
    for (file, offset) in unparsed.chain(opaque) {
        let place = there.tree.place(file, offset);
        terminal.warn(&format!(
            "{}:{place} does not tell which key it reads; it is not compared",
            there.revision
        ));
    }
}

fn no_revision(why: NoRevision) -> CliError {
    match why {
        NoRevision::Missing(fault) => CliError { kind: ErrorKind::Usage, ..CliError::from(fault) },
        NoRevision::Failed(fault) => CliError::from(fault),
    }
}
