//! Code that is run with one variables file or another, each of which names an account and says the slot.
//!
//! Which of such files is given stands on a command line. Where they name accounts of their own, each is a run of the
//! code: what one of them says of the slot holds for its account alone. Where no file says the slot, all accounts are
//! read alike, and the code stays what it is: one that moves as a whole. An account that a default alone names is that of
//! a run without such a file.
//!
//! The calls of a module are runs of its code in the same way: a slot that each of them says for an account of its own
//! holds for that alone.

use std::collections::{BTreeMap, BTreeSet};

use super::{Look, Resolver};
use crate::terraform::account::Symbol;
use crate::terraform::chooser::written_in;
use crate::terraform::declared::Declared;
use crate::terraform::folders::{Cell, Folders, MAX_DEPTH};
use crate::terraform::instance::Call;
use crate::terraform::key_read::KeyRead;
use crate::terraform::known::Knower;
use crate::terraform::naming::{is_loaded, is_variables};
use crate::terraform::parse::Parsed;
use crate::terraform::paths::is_below;
use crate::terraform::reference::Role;
use crate::terraform::runs::Runs;
use crate::terraform::source::Source;

/// By folder, the runs of its code.
type WithFiles = BTreeMap<String, Vec<Call>>;

/// Tells runs with different variables files apart, where that matters.
pub(super) fn tell_apart(
    folders: &mut Folders<'_>,
    sources: &[Source],
    facts: &[Parsed],
    reads: &[Look<'_>],
    declared: &Declared,
) {
    let mut runs = possible(folders, sources);
    if runs.is_empty() {
        return;
    }
    let says_slot = saying_slot(folders, sources, facts, reads);
    runs.retain(|_, calls| calls.iter().any(|call| says_slot.contains(call.name.as_str())));
    folders.tell_apart(runs);
    let naming = naming_accounts(folders, reads, declared);
    folders.tell_apart(naming);
}

/// Variables files of a folder that is called by nobody, or below it, that Terraform does not load by itself.
fn possible(folders: &Folders<'_>, sources: &[Source]) -> WithFiles {
    let files: Vec<&Source> =
        sources.iter().filter(|source| is_variables(source) && !is_loaded(source.path())).collect();
    let is_code = |folder: &str| folders.blocks(folder).any(|(file, _)| !is_variables(&sources[file]));
    let is_root = |folder: &&str| {
        folders.callers(folder).is_empty() && !folders.is_configured(folder) && is_code(folder)
    };
    let runs = |folder: &str| -> Vec<Call> {
        let below = files.iter().filter(|source| is_below(source.folder(), folder));
        let below = below.map(|source| Call::new(folder, source.path()));
        below.chain([Call::without_file(folder)]).collect()
    };
    match files.len() {
        0 | 1 => WithFiles::new(),
        _ => {
            let roots = folders.folders().filter(is_root);
            roots.map(|folder| (folder.to_owned(), runs(folder))).filter(|(_, runs)| runs.len() > 2).collect()
        }
    }
}

/// The files in which a value stands by which a key is chosen.
fn saying_slot<'s>(
    folders: &Folders<'_>,
    sources: &'s [Source],
    facts: &[Parsed],
    reads: &[Look<'_>],
) -> BTreeSet<&'s str> {
    let keys = with_keys(folders, reads);
    let evaluator = folders.evaluator();
    let mut files = BTreeSet::new();
    for look in reads.iter().filter(|look| is_of_key(look, folders, &keys)) {
        let numbers = look.read.choices.iter().map(|branch| branch.choice).chain(look.read.picks);
        for number in numbers {
            let choosing = facts[look.file].iter().flat_map(|facts| &facts.choosing);
            for choice in choosing.filter(|choice| choice.number == number) {
                files.extend(written_in(&evaluator, look.folder, look.file, choice));
            }
        }
    }
    files.into_iter().map(|file: usize| sources[file].path()).collect()
}

/// Names behind which keys stand, whichever.
fn with_keys(folders: &Folders<'_>, reads: &[Look<'_>]) -> BTreeSet<Cell> {
    let mut keys = BTreeSet::new();
    for _ in 0..MAX_DEPTH {
        let of_keys = reads.iter().filter(|look| is_of_key(look, folders, &keys));
        let cells = of_keys.filter_map(|look| folders.readable(look.folder, &look.read.binding));
        let found: BTreeSet<Cell> = cells.map(|(cell, _)| cell).collect();
        if found.len() == keys.len() {
            break;
        }
        keys = found;
    }
    keys
}

fn is_of_key(look: &Look<'_>, folders: &Folders<'_>, keys: &BTreeSet<Cell>) -> bool {
    let named = |cell: Cell| keys.contains(&cell);
    matches!(look.found, KeyRead::Key(_) | KeyRead::Opaque(_) | KeyRead::Whole)
        || look
            .hops
            .iter()
            .any(|hop| folders.cell_of(&hop.folder, &hop.object).is_some_and(|(cell, _)| named(cell)))
}

/// The runs that spell the name of an account, where they spell different ones.
fn naming_accounts(folders: &Folders<'_>, reads: &[Look<'_>], declared: &Declared) -> WithFiles {
    let symbols = || reads.iter().filter_map(|look| look.symbol.as_ref());
    let runs = Runs::new(folders, symbols(), declared);
    let knower = Knower::new(folders);
    let blocks: BTreeSet<Symbol> = symbols().map(Symbol::block).collect();
    let mut all: BTreeMap<String, BTreeSet<Call>> = BTreeMap::new();
    for block in &blocks {
        let mut names: BTreeMap<&str, BTreeMap<Call, String>> = BTreeMap::new();
        let of_runs = runs.each(block);
        for symbol in &of_runs {
            let run = symbol.call.as_ref().and_then(Call::with_file);
            let name = run.and_then(|_| knower.name(symbol)?.as_literal().map(str::to_owned));
            if let Some((run, name)) = run.zip(name) {
                names.entry(&run.folder).or_default().insert(run.clone(), name);
            }
        }
        for (folder, mut names) in names {
            // What the defaults name is told apart where no file names the same.
            let without = Call::without_file(folder);
            if let Some(name) = names.remove(&without)
                && names.values().all(|other| *other != name)
            {
                names.insert(without, name);
            }
            if names.values().collect::<BTreeSet<_>>().len() > 1 {
                all.entry(folder.to_owned()).or_default().extend(names.into_keys());
            }
        }
    }
    all.into_iter().map(|(folder, runs)| (folder, runs.into_iter().collect())).collect()
}

impl Resolver<'_> {
    /// From here on, a choice between slots stands for each account by itself, where runs of the code have accounts of their
    /// own.
    pub(super) fn choose_by_run(&mut self, facts: &[Parsed]) {
        let references = std::mem::take(&mut self.references);
        let (choices, others): (Vec<_>, Vec<_>) =
            references.into_iter().partition(|it| it.role == Role::Choice);
        self.references = others;
        let choices = self.standing.references(choices);
        for choice in choices {
            let each = self.for_each_element(facts, choice);
            self.references.extend(each);
        }
        self.opaque = self.standing.opaque(std::mem::take(&mut self.opaque));
    }
}
