//! `keyslot flip`: moves what consumes an account's key to the other slot, in files on disk.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::declarations::Declarations;
use super::discover::{Found, Shortcuts, discover};
use super::error::ErrorKind;
use super::passed_over::{say_what_copies_read, say_what_was_passed_over};
use super::remedies::remedies;
use super::words::{AccessWord, Output, SlotWord};
use super::write::{Change, write_all};
use super::{CliError, Exit, Terminal, patch};
use crate::check::{Misled, misled};
use crate::render::flip_human::render_changes;
use crate::render::flip_json::{flip_json, refused_json};
use crate::terraform::{
    AllowedOpaque, Flip as Worked, Refusal, SymbolKind, Tree, every, plan_allowing, select, select_all,
};

/// Move Terraform to the other key slot of an account: show the diff, or write it.
///
/// Changes the name of the attribute wherever a key of the account is consumed, and not one byte else. Places
/// that offer both slots (outputs in pairs) stay as they are, and so do keys of the other access. Where anything
/// could hide a use of the key, nothing is changed and the reasons are listed.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub struct Flip {
    /// A folder (read and edited with everything below it) or a single file; modules of the same repository beside it that
    /// it uses are read and not edited.
    #[arg(default_value = ".")]
    path: PathBuf,
    /// The slot to move to.
    #[arg(long, value_name = "SLOT")]
    to: SlotWord,
    /// Which keys: read-write and read-only ones are separate pairs.
    #[arg(long, value_name = "ACCESS", default_value = "read-write")]
    access: AccessWord,
    /// The account, as `keyslot check` names it, or one of its symbols; a block that is named without an instance means
    /// all of its instances, and `all` every account whose keys are consumed. Needed where keys of several are read; may
    /// be given more than once.
    #[arg(long, value_name = "ID")]
    account: Vec<String>,
    /// A place that you have looked at, as `keyslot check` or a refusal names it: that it is opaque, goes by the value that
    /// chooses the slot, or holds both keys, does not stand in the way. Once for each place.
    #[arg(long, value_name = "PATH:LINE")]
    allow_opaque: Vec<String>,
    #[command(flatten)]
    declarations: Declarations,
    /// Print what would change and write nothing. The default.
    #[arg(long, conflicts_with = "write")]
    diff: bool,
    /// Write the changed files: all of them, or none if one cannot be written.
    #[arg(long)]
    write: bool,
    /// How to print what changes, or would, and why it is refused. `keyslot schema flip` describes the JSON.
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    output: Output,
}

const EXAMPLES: &str = "\
Exit codes: 0 shown or written, or nothing to change, 1 refused because of what the code says, 2 refused because of what was typed, 5 a file cannot be read or written.

Examples:
  keyslot flip --to secondary
      Show what would change in this folder and below it.

  keyslot flip src/infra --to secondary --write
      Change it.

  keyslot flip --to secondary | git apply
      Change it through the diff.

  keyslot flip --to primary --access read-only --account azurerm_cosmosdb_account.orders
      The read-only keys of one account.

  keyslot flip --to secondary --output json | jq '.edits[].file'
      For a script.";

impl Flip {
    pub fn run(self, terminal: &mut Terminal) -> Result<Exit, CliError> {
        let (found, tree) = discover(&self.path, Shortcuts::TAKEN)?;
        say_what_was_passed_over(&found, &tree, terminal);
        say_what_copies_read(&tree, terminal);
        let tree = self.declarations.apply(tree, &found.root, found.only.as_deref())?;
        for none in &tree.misfits.no_mirrors {
            let reference = &tree.references[none.reference];
            let place = tree.place(reference.file, reference.span.start);
            let what = "is declared, and the other slot is read at no mirror: it counts as a reader";
            terminal.warn(&format!("{place}: the mirror `{}` {what}", none.mirror));
        }
        for unused in &tree.misfits.unused {
            terminal.warn(&format!("{}: {}", tree.declared_at(&unused.span), unused.what));
        }
        let flip = self.work_out(&tree, terminal)?;
        for account in flip.settled(&tree) {
            let key = &tree.accounts[account].key;
            terminal.say(&format!("{key} is on {} already ({}): nothing to change", flip.to, flip.access));
        }
        self.tell_left_behind(&tree, &flip, terminal);
        tell_assumed(&tree, &flip, terminal);
        let misled = misled(&tree, &flip);
        tell_misled(&misled, terminal);
        let (paths, changes): (Vec<String>, Vec<Change>) = changes(&found, &tree, &flip).into_iter().unzip();
        if self.write {
            write_all(&changes)?;
        }
        match self.output {
            Output::Json => terminal.json(&flip_json(&tree, &flip, &misled, self.write))?,
            Output::Human if changes.is_empty() => {}
            Output::Human => self.tell(&tree, &flip, &paths, &changes, terminal)?,
        }
        Ok(Exit::Done)
    }

    /// The diff where nothing was written, and every word that changes.
    fn tell(
        &self,
        tree: &Tree,
        flip: &Worked,
        paths: &[String],
        changes: &[Change],
        terminal: &mut Terminal,
    ) -> Result<(), CliError> {
        if !self.write {
            let shown: Vec<String> = paths.iter().map(|path| tree.shown_path(path)).collect();
            patch::show(&shown, changes, terminal)?;
        }
        for line in render_changes(tree, flip) {
            terminal.say(&line);
        }
        terminal.mutter(match self.write {
            true => "written",
            false => "nothing was written; add --write to do so",
        });
        Ok(())
    }

    /// Keys of accounts that are known by their place alone may be those of the account that moves.
    fn tell_left_behind(&self, tree: &Tree, flip: &Worked, terminal: &mut Terminal) {
        let nameless = |kind| {
            matches!(
                kind,
                SymbolKind::RemoteState
                    | SymbolKind::Dependency
                    | SymbolKind::Module
                    | SymbolKind::Deployment
            )
        };
        for (at, account) in tree.accounts.iter().enumerate().filter(|(at, _)| !flip.accounts.contains(at)) {
            let stays = tree.consumers(at, flip.access).any(|reference| reference.slot != flip.to);
            if stays && account.symbols.iter().all(|symbol| nameless(symbol.kind)) {
                terminal.warn(&format!(
                    "{} stays on the {} slot: which account it is, is not in this code",
                    account.key,
                    flip.to.other()
                ));
                terminal.hint("declare it under [check] in keyslot.toml where it is the account that moves");
            }
        }
    }

    /// One flip of all accounts that are meant.
    fn work_out(&self, tree: &Tree, terminal: &mut Terminal) -> Result<Worked, CliError> {
        let access = self.access.into();
        let plain = |place: &String| place.strip_prefix("./").unwrap_or(place).to_owned();
        let allowed = AllowedOpaque(self.allow_opaque.iter().map(plain).collect());
        if let [unused, ..] = allowed.unused(tree).as_slice() {
            return Err(CliError::usage("nothing opaque stands there")
                .at(unused)
                .hint("PATH starts from the folder that the command runs in, as `keyslot check` shows it")
                .hint("nothing was changed"));
        }
        let worked = self
            .accounts(tree, &allowed)
            .and_then(|accounts| plan_allowing(tree, &accounts, access, self.to.into(), &allowed));
        worked.or_else(|refusals| {
            if self.output == Output::Json {
                let told = |refusal: &Refusal| (refusal.clone(), remedies(tree, refusal));
                let told: Vec<_> = refusals.iter().map(told).collect();
                terminal.json(&refused_json(self.to.into(), access, &told))?;
            }
            Err(self.refused(tree, refusals))
        })
    }

    /// Those that are named, each once, or the only one.
    fn accounts(&self, tree: &Tree, allowed: &AllowedOpaque) -> Result<Vec<usize>, Vec<Refusal>> {
        let access = self.access.into();
        let mut accounts = BTreeSet::new();
        for named in &self.account {
            match named.as_str() {
                "all" => accounts.extend(every(tree, access, allowed)?),
                named => accounts.extend(select_all(tree, named, access)?),
            }
        }
        match self.account.is_empty() {
            true => Ok(vec![select(tree, None, access)?]),
            false => Ok(accounts.into_iter().collect()),
        }
    }

    fn refused(&self, tree: &Tree, refusals: Vec<Refusal>) -> CliError {
        let kind = match refusals.first() {
            Some(Refusal::NotAsMeant(_)) => ErrorKind::Bug,
            Some(Refusal::Edit(_)) => ErrorKind::World,
            Some(refusal) if refusal.is_finding() => ErrorKind::Refused,
            Some(_) | None => ErrorKind::Usage,
        };
        let mut error =
            CliError::new(kind, format!("cannot move this Terraform to the {} slot", self.slot()))
                .at(self.path.display());
        for refusal in &refusals {
            error = error.because(refusal);
        }
        for hint in refusals.first().map(|refusal| remedies(tree, refusal)).unwrap_or_default() {
            error = error.hint(hint);
        }
        error.hint("nothing was changed")
    }

    fn slot(&self) -> crate::model::Slot {
        self.to.into()
    }
}

/// Names of outputs that are put in by their pattern alone.
fn tell_assumed(tree: &Tree, flip: &Worked, terminal: &mut Terminal) {
    let mut told = false;
    for reference in flip.assumed(tree) {
        let place = tree.place(reference.file, reference.span.start);
        let other = reference.other.as_deref().unwrap_or_default();
        let of = reference.symbol.of_all_instances().address();
        terminal
            .warn(&format!("{place}: nobody here knows whether `{other}` exists in {of}, and what it holds"));
        told = true;
    }
    if told {
        terminal.hint(
            "look whether it hands out the other key under that name: without such an output the next plan fails and \
             nothing changes, with another value in it that one is written",
        );
    }
}

/// Names that say the slot that is left.
fn tell_misled(misled: &[Misled], terminal: &mut Terminal) {
    for Misled { path, position, message } in misled {
        terminal.warn(&format!("{path}:{}:{}: after this, {message}", position.line, position.column));
    }
    if !misled.is_empty() {
        terminal.hint("take the slot out of the name, which can then stay through every rotation");
    }
}

/// The files that change, as the tree calls them and as they lie on the disk.
fn changes(found: &Found, tree: &Tree, flip: &Worked) -> Vec<(String, Change)> {
    let change = |(path, new): &(String, Vec<u8>)| {
        let source = &tree.sources[tree.file_at(path)?];
        let change = Change { path: found.on_disk(path), old: source.bytes().to_vec(), new: new.clone() };
        Some((path.clone(), change))
    };
    flip.files.iter().filter_map(change).collect()
}
