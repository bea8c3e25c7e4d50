//! From the facts of all files to accounts, references and opaque reads.
//!
//! Several passes. Reads that start at an account, or at a place that hands out keys from elsewhere, are judged at
//! once, other names of objects followed. Then, round by round, reads of *names on offer* (outputs of a local
//! module, local values, module inputs that come in pairs) become references of their own, until nothing new is
//! found. What hands a pair on as a whole, or picks from it by a computed name, is opaque ([`leftover`]). Then reads of names
//! behind which one key stands are told, as relays. What is read of states that nobody is known to have written is
//! doubted ([`states`]), and so are names of the other slot that nobody is known to hand out ([`counterparts`]). Last,
//! what is read for several accounts at once is told of each of them ([`standing`]). Before all that, what is read
//! elsewhere in the code says whose keys those of code that is not here are ([`evidence`]), and runs with variables files
//! of their own are told apart ([`with_files`]); which keys of one collection are a pair, [`collections`] says.

mod by_element;
mod collections;
mod counterparts;
mod direct;
mod evidence;
mod found;
mod leftover;
mod look;
mod overridden;
mod picked;
mod read_back;
mod rounds;
mod standing;
mod states;
mod typed;
mod uses;
mod with_files;

use std::collections::BTreeSet;

use self::look::{Look, either, reads};
use self::standing::Standing;
use self::uses::Uses;
use super::account::Account;
use super::chooser::{Chooser, decide};
use super::declared::Declared;
use super::doubts::doubts;
use super::facts::Object;
use super::folders::{Cell, Folders};
use super::identity::identify;
use super::known::Knower;
use super::misfits::Misfits;
use super::parse::Parsed;
use super::reference::{OpaqueRead, Reference, TakesBoth};
use super::runs::Runs;
use super::source::Source;
use super::value::Value;

pub struct Resolved {
    pub accounts: Vec<Account>,
    /// By file, then by place.
    pub references: Vec<Reference>,
    pub opaque: Vec<OpaqueRead>,
    /// By file, then by place.
    pub both: Vec<TakesBoth>,
    pub choosers: Vec<Chooser>,
    /// What is declared and cannot be.
    pub misfits: Misfits,
    /// Accounts that may be one, as pairs.
    pub doubts: BTreeSet<(usize, usize)>,
}

/// `facts` belongs to `sources`, entry by entry; an error for files that do not parse. `known` holds the folders of all
/// files, also of those that are left out because they cannot matter.
pub fn resolve(
    sources: &[Source],
    facts: &[Parsed],
    known: &BTreeSet<String>,
    declared: &Declared,
) -> Resolved {
    let mut folders = Folders::new(sources, facts, known);
    let reads = reads(&folders, facts);
    with_files::tell_apart(&mut folders, sources, facts, &reads, declared);
    let symbols = || reads.iter().filter_map(|read| read.symbol.as_ref());
    let either = either(&folders, facts);
    let named = either.iter().flat_map(|(one, other)| [one, other]);
    let mut runs = Runs::new(&folders, symbols().chain(named), declared);
    let naming = Knower::new(&folders).naming(&mut runs, symbols(), &either);
    let (accounts, index) = identify(&naming, declared);
    let doubts = doubts(&naming, &index, declared);
    let uses = Uses::of(&reads, &folders);
    let mut resolver = Resolver {
        sources,
        folders: &folders,
        declared,
        standing: Standing::new(runs, index, accounts.len()),
        references: Vec::new(),
        opaque: Vec::new(),
        both: Vec::new(),
        named: reads,
        of_states: Vec::new(),
        uses,
        picked: BTreeSet::new(),
        hidden: BTreeSet::new(),
    };
    resolver.each_named(|resolver, read| resolver.attribute(facts, read));
    resolver.each_named(Resolver::direct);
    resolver.rounds();
    resolver.picked(facts);
    resolver.leftovers();
    resolver.choose_by_run(facts);
    let choosers = decide(sources, facts, &folders, &mut resolver.references);
    resolver.relays();
    resolver.of_unknown_states();
    resolver.by_names_of_states();
    resolver.counterparts();
    resolver.overridden();
    resolver.read_back(facts);
    resolver.unread(facts);
    let Resolver { references, opaque, both, standing, .. } = resolver;
    let (mut references, mut opaque) = (standing.references(references), standing.opaque(opaque));
    let mut both = standing.both(both);
    references.sort_by_key(|reference| (reference.file, reference.span.start, reference.account));
    once_for_all_homes(&mut references);
    opaque.sort_by_key(|read| (read.file, read.span.start, read.account));
    opaque.dedup();
    both.sort_by_key(|it| (it.file, it.span.start, it.account, it.access));
    both.dedup();
    let misfits = Misfits::of(declared, &accounts, &references, &folders, sources);
    Resolved { accounts, references, opaque, both, choosers, misfits, doubts }
}

struct Resolver<'f> {
    sources: &'f [Source],
    folders: &'f Folders<'f>,
    declared: &'f Declared,
    standing: Standing<'f>,
    references: Vec<Reference>,
    opaque: Vec<OpaqueRead>,
    both: Vec<TakesBoth>,
    /// Reads of names, not yet found to lead to a key.
    named: Vec<Look<'f>>,
    /// Reads of states that are keys by their names.
    of_states: Vec<Look<'f>>,
    /// How names are read.
    uses: Uses,
    /// Names that stand for one of several keys on offer, by a value that is known.
    picked: BTreeSet<Cell>,
    /// Names of which is told that they stand for something opaque.
    hidden: BTreeSet<Cell>,
}

impl<'f> Resolver<'f> {
    /// Goes through the reads of names where they are, for they are many; `settle` says whether one leads to a key now.
    fn each_named(&mut self, mut settle: impl FnMut(&mut Self, &Look<'f>) -> bool) {
        let mut named = std::mem::take(&mut self.named);
        named.retain(|read| !settle(self, read));
        self.named = named;
    }
}

/// What a file says once is read once, however many configurations include it and mean the same by it.
fn once_for_all_homes(references: &mut Vec<Reference>) {
    references.dedup_by(|later, first| {
        let same = Reference { homes: first.homes.clone(), ..later.clone() } == *first;
        if same {
            first.homes.append(&mut later.homes);
        }
        same
    });
}

/// The collection of which a block has an instance for every element.
fn repeated_over(value: &Value) -> Option<&Object> {
    match value {
        Value::Path(object) => Some(object),
        Value::Call(name, arguments) => match (name.as_str(), arguments.as_slice()) {
            ("keys" | "length" | "nonsensitive" | "tomap" | "toset", [inner]) => repeated_over(inner),
            _ => None,
        },
        _ => None,
    }
}
