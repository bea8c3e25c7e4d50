//! `keyslot check --against REV`: the same folder at another git revision.
//!
//! Where the folder was not there, it may have had another name: then all of the repository is read, and accounts are
//! looked for in the folders that are gone since.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::adapters::git::{NoRevision, Revision, files_at};
use crate::check::There;
use crate::cli::declarations::Declarations;
use crate::cli::discover::Found;
use crate::cli::error::ErrorKind;
use crate::cli::{CliError, Terminal, block_on};
use crate::model::Access;
use crate::render::count::counted;
use crate::terraform::{Links, Syntax, Tree, beyond, climbed, is_outside, relative};

/// Each round finds what the last one's files name. Where so many do not end it, what is left out is told as missing.
const MAX_ROUNDS: usize = 16;

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
    let mut base = found.root.clone();
    let mut read = files(&base, revision, found.only.as_deref())?;
    let top = top(&base, &read.prefix).filter(|_| read.files.is_empty() && found.only.is_none());
    let moved = top.is_some();
    if let Some(top) = top {
        read = files(&top, revision, None)?;
        base = top;
    }
    let folder = found.root.display();
    if read.files.is_empty() {
        terminal
            .warn(&format!("there is no Terraform at {revision} here, so there is nothing to compare with"));
    } else if moved {
        terminal.warn(&format!(
            "{folder} holds no Terraform at {revision}: its accounts are looked for in folders that are gone since"
        ));
    }
    let tree = declarations
        .apply(Tree::read_linked(&read.files, links(&read)), &base, found.only.as_deref())?
        .shown_under(&read.prefix);
    let there = There { gone: gone(&base, &tree), moved, ..There::new(tree, revision) };
    warn_of_gaps(&there, terminal);
    Ok(there)
}

fn files(folder: &Path, revision: &str, only: Option<&str>) -> Result<Revision, CliError> {
    let wanted = |path: &str| match only {
        Some(name) => path == name,
        None => Syntax::of(path).is_some(),
    };
    let mut read = at(folder, revision, wanted)?;
    beside(folder, only, &mut read)?;
    Ok(read)
}

/// The links that are followed: as on disk, none that leads out of the folder. A file that is linked is read in its own
/// folder alone.
fn links(read: &Revision) -> Links {
    let followed = |(link, real): &&(String, String)| is_outside(link) || !is_outside(real);
    Links { folders: read.links.iter().filter(followed).cloned().collect(), ..Links::default() }
}

fn at(folder: &Path, revision: &str, wanted: impl Fn(&str) -> bool) -> Result<Revision, CliError> {
    block_on(files_at(Path::new("git"), folder, revision, wanted))?.map_err(no_revision)
}

/// Brings what the code took from elsewhere in the repository: modules, Terragrunt's files and templates.
fn beside(folder: &Path, only: Option<&str>, read: &mut Revision) -> Result<(), CliError> {
    let prefix = read.prefix.trim_end_matches('/').to_owned();
    let Some(top) = top_of(folder, &read.prefix) else { return Ok(()) };
    let (mut folders, mut files) = (BTreeSet::new(), BTreeSet::new());
    for _ in 0..MAX_ROUNDS {
        let named: Vec<(String, &[u8])> =
            read.files.iter().map(|(path, bytes)| (climbed(&prefix, path), bytes.as_slice())).collect();
        let linked = links(read).folders.into_iter();
        let linked = linked.map(|(link, real)| (climbed(&prefix, &link), climbed(&prefix, &real))).collect();
        let links = Links { folders: linked, only: only.map(str::to_owned), ..Links::default() };
        let more = beyond(&prefix, &named, &links);
        let new: BTreeSet<String> = more.folders.difference(&folders).cloned().collect();
        let named: BTreeSet<String> = more.files.difference(&files).cloned().collect();
        if new.is_empty() && named.is_empty() {
            break;
        }
        let is_new = |path: &str| {
            let beside = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            named.contains(path) || (new.contains(beside) && Syntax::of(path).is_some())
        };
        // The name may lead to another commit by now.
        let brought = at(&top, read.commit.as_str(), is_new)?;
        let from_here = |path: &str| relative(&prefix, path);
        read.files.extend(brought.files.into_iter().map(|(path, bytes)| (from_here(&path), bytes)));
        // Those of all of the repository, which may lead to where the code looks next.
        read.links = brought.links.iter().map(|(link, real)| (from_here(link), from_here(real))).collect();
        folders.extend(new);
        files.extend(named);
    }
    Ok(())
}

/// The top of the working tree, where the folder is not that itself.
fn top(folder: &Path, prefix: &str) -> Option<PathBuf> {
    top_of(folder, prefix).filter(|_| !prefix.is_empty())
}

/// The top of the working tree that the folder lies in, under this prefix.
fn top_of(folder: &Path, prefix: &str) -> Option<PathBuf> {
    let depth = prefix.split('/').filter(|part| !part.is_empty()).count();
    let folder = folder.canonicalize().ok()?;
    folder.ancestors().nth(depth).map(Path::to_owned)
}

/// The folders of a tree in which there is no Terraform on disk.
fn gone(base: &Path, tree: &Tree) -> BTreeSet<String> {
    let folders: BTreeSet<&str> = tree.sources.iter().map(|source| source.folder()).collect();
    let is_gone = |folder: &&str| {
        let Ok(entries) = fs::read_dir(base.join(folder)) else { return true };
        !entries.flatten().any(|entry| Syntax::of(&entry.file_name().to_string_lossy()).is_some())
    };
    folders.into_iter().filter(is_gone).map(str::to_owned).collect()
}

/// Says what was compared and found to agree, and which accounts have nothing to be compared with.
pub fn say_what_agrees(here: &Tree, there: &There, terminal: &mut Terminal) {
    let is_read =
        |account: &usize| Access::ALL.iter().any(|access| here.consumers(*account, *access).next().is_some());
    let (known, unknown): (Vec<usize>, Vec<usize>) =
        (0..here.accounts.len()).filter(is_read).partition(|account| is_read_there(here, *account, there));
    for account in unknown {
        let key = &here.accounts[account].key;
        terminal.warn(&format!(
            "{key} is not read at {}, or goes by several names there: it is not compared",
            there.revision
        ));
    }
    if !known.is_empty() {
        let accounts = counted(known.len(), "account");
        terminal.say(&format!("the same slots are read at {}, of {accounts}", there.revision));
    }
}

/// Whether whatever is read of an account here is read of it there, too: else nothing was compared.
fn is_read_there(here: &Tree, account: usize, there: &There) -> bool {
    let Some(other) = there.same_account(&here.accounts[account]) else { return false };
    Access::ALL.iter().all(|access| {
        here.consumers(account, *access).next().is_none()
            || there.tree.consumers(other, *access).next().is_some()
    })
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
