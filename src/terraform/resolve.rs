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
mod evidence;
mod leftover;
mod look;
mod overridden;
mod picked;
mod read_back;
mod standing;
mod states;
mod typed;
mod uses;
mod with_files;

use std::collections::BTreeSet;

use hcl_edit::Ident;

use self::look::{Look, either, reads, start};
use self::standing::Standing;
use self::uses::Uses;
use super::account::{Account, Symbol};
use super::by_name::named_key;
use super::chooser::{Chooser, decide};
use super::declared::Declared;
use super::doubts::doubts;
use super::facts::{Base, Object, SymbolKind};
use super::folders::{Cell, Folders, Followed, MAX_DEPTH, is_any};
use super::identity::identify;
use super::instance::admits;
use super::key_read::{FoundKey, KeyRead};
use super::known::Knower;
use super::misfits::Misfits;
use super::naming::spelt;
use super::offer::{Asked, Offered, Offers, is_own_instance};
use super::parse::Parsed;
use super::reference::{Counterpart, OpaqueRead, Reference, Role, TakesBoth};
use super::role;
use super::runs::Runs;
use super::source::Source;
use super::twice::is_replaced;
use super::value::Value;
use crate::model::Access;

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

    /// Judges a read that starts at an account. Any other is a read of a name.
    fn direct(&mut self, read: &Look<'f>) -> bool {
        // Counted where the name was bound; but the name itself may be on offer.
        let counted = read.found == KeyRead::Nothing && read.hops.len() > 1;
        let symbol = read.symbol.clone().filter(|_| !counted);
        let Some(symbol) = symbol else { return self.of_nobody(read) };
        let account = self.standing.account(&symbol);
        let hides = matches!(read.found, KeyRead::Whole | KeyRead::Opaque(_));
        if hides && read.hops.iter().any(|hop| self.is_picked(hop)) {
            return false;
        }
        if hides && self.is_quiet(read) {
            return true;
        }
        if let (KeyRead::Key(key), false) = (&read.found, read.read.tested)
            && let Some(others) = self.one_or_other(read, account)
        {
            let why = format!(
                "takes `{}` of one account or another, and by which value is not known",
                key.attribute
            );
            for account in others {
                self.opaque(read, Some(account), Some(key.access), why.clone());
            }
            return true;
        }
        match (read.found.clone(), account) {
            (KeyRead::Key(key), Some(account))
                if symbol.kind == SymbolKind::Variable && !read.read.tested =>
            {
                // Its name says which slot; whether it tells the truth is decided elsewhere.
                let why = match read.hops.last().map(|end| &end.object).filter(|it| it.steps.len() > 1) {
                    Some(object) => {
                        format!("`{}` is a key of what is handed in from elsewhere", spelt(object))
                    }
                    None => format!("`var.{}` is a key that is handed in from elsewhere", symbol.name),
                };
                self.opaque(read, None, Some(key.access), why);
                self.found(read, account, symbol, FoundKey { other: String::new(), ..key });
                if let Some(relay) = self.references.last_mut() {
                    relay.role = Role::Relay;
                }
            }
            (KeyRead::Key(key), Some(account)) => {
                let element = read.read.object.steps.iter().any(is_any) && self.standing.is_several(account);
                if (element || read.one_of_several) && read.read.filtered && !read.read.tested {
                    let why = format!(
                        "takes `{}` of some of several accounts, and which is not told",
                        key.attribute
                    );
                    self.opaque(read, Some(account), Some(key.access), why);
                    return true;
                }
                self.found(read, account, symbol, key);
                self.by_pattern();
                self.of_states
                    .extend(Some(read).filter(|read| read.is_of_state() && !read.read.tested).cloned());
            }
            (KeyRead::Nothing, _) | (KeyRead::Key(_), None) => {}
            (KeyRead::Whole, account) => {
                let why = format!("`{}` is handed on whole, with all its keys", symbol.address());
                self.opaque(read, account, None, why);
            }
            (KeyRead::Opaque(why), account) => self.opaque(read, account, None, why),
        }
        true
    }

    /// The accounts of which one is read, where they are not one and a condition says which.
    fn one_or_other(&self, read: &Look<'f>, account: Option<usize>) -> Option<Vec<usize>> {
        let others = read.hops.iter().flat_map(|hop| self.folders.others(hop));
        let others = others.filter_map(|end| self.standing.account(&start(self.folders, &end).0?));
        let mut all: Vec<usize> = account.into_iter().chain(others).collect();
        all.sort_unstable();
        all.dedup();
        (all.len() > 1).then_some(all)
    }

    /// A key of which nothing says whose it is: it may be anybody's.
    fn of_nobody(&mut self, read: &Look<'f>) -> bool {
        let KeyRead::Opaque(why) = &read.found else { return false };
        let name = read.hops.last().and_then(|end| end.object.steps.last()?.name().map(str::to_owned));
        let access = name.and_then(|name| named_key(&name)).map(|key| key.access);
        if !self.is_quiet(read) {
            self.opaque(read, None, access, why.clone());
        }
        true
    }

    /// Whether what is named here is read by that name, wherever it goes.
    fn is_followed(&self, read: &Look<'_>) -> bool {
        let entry = || self.folders.entry_of(read.folder, &read.read.binding);
        self.folders.is_followed(read.folder, &read.read.binding)
            || entry().is_some_and(|(cell, path, account)| self.uses.are_by_name(&cell, path, account))
    }

    /// Whether nothing is hidden where this is read as a whole: it is only named or asked for, or goes by names from there.
    fn is_quiet(&self, read: &Look<'_>) -> bool {
        let named = read.read.mention && !self.folders.is_ambiguous(read.folder, &read.read.binding);
        named || read.read.tested || self.is_followed(read)
    }

    fn found(&mut self, read: &Look<'f>, account: usize, symbol: Symbol, key: FoundKey) {
        let dropped = typed::dropped(self.folders, read, &key);
        self.references.push(Reference {
            file: read.file,
            position: self.sources[read.file].position(key.span.start),
            span: key.span.clone(),
            account,
            attribute: key.attribute,
            slot: key.slot,
            access: key.access,
            role: if read.read.tested { Role::Tested } else { Role::Consumer },
            other: Some(key.other).filter(|other| can_stand(&self.sources[read.file], key.span.start, other)),
            binding: read.read.binding.clone(),
            family: key.family,
            value: read.read.value,
            remade: read.read.remade,
            plain: read.read.plain,
            is_entry: read.read.is_entry,
            choices: read.read.choices.clone(),
            exists: read.read.exists.clone(),
            label: read.read.label.clone(),
            masked: read.read.masked,
            fallback: read.read.fallback,
            replaced: read.read.replaced,
            counterpart: Counterpart::Known,
            element: None,
            by: Some(&read.read.object)
                .filter(|_| read.one_of_several || self.standing.is_several(account))
                .cloned(),
            dropped,
            chooser: None,
            crosses: read.hops.iter().find_map(|hop| crosses(&hop.object.base)),
            symbol,
            homes: vec![read.folder.to_owned()],
            runs: Vec::new(),
            uneven: None,
            along: None,
            below: Vec::new(),
        });
    }

    fn opaque(&mut self, read: &Look<'f>, account: Option<usize>, access: Option<Access>, why: String) {
        let cell = self.folders.readable(read.folder, &read.read.binding);
        self.hidden.extend(cell.map(|(cell, _)| cell));
        let span = read.read.span.clone();
        let position = self.sources[read.file].position(span.start);
        self.opaque.push(OpaqueRead { file: read.file, span, position, account, access, why });
    }

    fn offers(&mut self) -> Offers {
        let sources = self.sources;
        let pairs = self.uses.pairs(&self.references, self.folders);
        role::assign(&mut self.references, &pairs.all(), |file| sources[file].folder().to_owned());
        for handed_in in &mut self.references {
            if handed_in.symbol.kind == SymbolKind::Variable && handed_in.role != Role::Tested {
                handed_in.role = Role::Relay;
            }
        }
        for at in self.declared.mirrored(&self.references, |file| sources[file].folder()) {
            self.references[at].role = Role::Definition;
        }
        Offers::of(&self.references, self.folders, &pairs.picked)
    }

    fn rounds(&mut self) {
        for _ in 0..MAX_DEPTH {
            let offers = self.offers();
            let before = self.references.len();
            self.each_named(|resolver, read| {
                let asked = read.hops.iter().enumerate().find_map(|(at, hop)| {
                    match offers.ask(hop, resolver.folders, &resolver.references) {
                        Asked::Key(key) => Some((at, vec![resolver.of_all_runs(read, hop, *key)])),
                        Asked::Keys(keys) if resolver.are_apart(read, hop, &keys) => Some((at, keys)),
                        Asked::Keys(_) | Asked::Elsewhere(_) | Asked::HandedOn { .. } | Asked::NotOffered => {
                            None
                        }
                    }
                });
                let Some((at, keys)) = asked else { return false };
                let several = keys.len() > 1;
                keys.into_iter().for_each(|key| resolver.through(read, at, key, several));
                true
            });
            if self.references.len() == before {
                return;
            }
        }
    }

    /// Whether keys of several accounts can be told one by one: no key of an account is among two of them, and their runs,
    /// where they are told, are those of the code that the read stands in. Where elements may be left out, each key is that of other runs.
    fn are_apart(&self, read: &Look<'f>, hop: &Followed, keys: &[Offered]) -> bool {
        let mut told = BTreeSet::new();
        let mut all = keys.iter().flat_map(|key| {
            let Reference { account, access, .. } = &self.references[key.defined];
            self.standing.accounts_of(*account).into_iter().map(|account| (account, *access))
        });
        let of_all = keys.iter().all(|key| key.runs.is_empty());
        let one_by_one = |(at, key): (usize, &Offered)| {
            let others = keys[at + 1..].iter().flat_map(|other| &other.runs);
            !key.runs.is_empty()
                && others.clone().all(|other| !key.runs.iter().any(|run| admits(Some(run), Some(other))))
        };
        let whole = !read.read.sifted && !read.read.filtered && self.takes_every_element(read, hop);
        let in_turn = whole || keys.iter().enumerate().all(one_by_one);
        (of_all || hop.folder == read.folder) && in_turn && all.all(|key| told.insert(key))
    }

    /// Whether a read by `each.key` or `count.index` stands in a block that is repeated over just what it reads.
    fn takes_every_element(&self, read: &Look<'f>, hop: &Followed) -> bool {
        if !hop.object.steps.iter().any(is_own_instance) {
            return true;
        }
        let collection = |hop: &Followed| {
            let at = hop.object.steps.iter().position(is_own_instance)?;
            let steps = hop.object.steps[..at].to_vec();
            Some(spelt(&Object { steps, ..hop.object.clone() }))
        };
        let here = read.hops.iter().filter(|hop| hop.folder == read.folder);
        let read_there: BTreeSet<String> = here.filter_map(collection).collect();
        let words: Vec<&str> = read.read.binding.iter().take(3).map(String::as_str).collect();
        let blocks = (1..=words.len()).flat_map(|count| self.folders.blocks_at(read.folder, &words[..count]));
        let mut over = blocks
            .filter(|(file, _)| *file == read.file)
            .filter_map(|(_, block)| block.value("for_each").or_else(|| block.value("count")));
        over.any(|value| repeated_over(value).is_some_and(|object| read_there.contains(&spelt(object))))
    }

    /// A key of one account is read by all runs; which of them hand it in counts where it is one of several.
    pub(super) fn of_all_runs(&self, read: &Look<'f>, hop: &Followed, offered: Offered) -> Offered {
        let several = self.standing.is_several(self.references[offered.defined].account);
        let runs = if several && hop.folder == read.folder { offered.runs } else { Vec::new() };
        Offered { runs, ..offered }
    }

    /// A read of a name on offer: the same account, or the one of the call that it reads through. `several`: it reads
    /// other keys as well.
    fn through(&mut self, read: &Look<'f>, hop: usize, offered: Offered, several: bool) {
        let Offered { defined, key, runs, uneven, along, below } = offered;
        let offered = &self.references[defined];
        let (mut symbol, mut account) = (offered.symbol.clone(), offered.account);
        let hop = &read.hops[hop];
        let asked = self.folders.cell_of(&hop.folder, &hop.object);
        let run = asked.and_then(|(cell, _)| match self.folders.made_call(hop) {
            Some(call) => Some((cell.folder, call)),
            None => Some((cell.folder, hop.call.clone()?)).filter(|(folder, _)| *folder == hop.folder),
        });
        if let Some((folder, run)) = run {
            symbol = symbol.run_by(&folder, run);
            account = self.standing.account(&symbol).unwrap_or(account);
        }
        self.found(read, account, symbol, key);
        if let Some(found) = self.references.last_mut() {
            (found.runs, found.uneven, found.along, found.below) = (runs, uneven, along, below);
            if several {
                found.by.get_or_insert_with(|| read.read.object.clone());
            }
        }
    }

    /// Reads of outputs and inputs behind which one key stands: the slot is decided where that one is read.
    fn relays(&mut self) {
        for _ in 0..MAX_DEPTH {
            let offers = Offers::relays(&self.references, self.folders);
            let before = self.references.len();
            self.each_named(|resolver, read| {
                // What one is asked says nothing of the slot that is decided elsewhere.
                let hops = read.hops.iter().enumerate().filter(|_| !read.read.tested);
                let mut asked =
                    hops.map(|(at, hop)| (at, hop, offers.ask(hop, resolver.folders, &resolver.references)));
                // What a module hands out may be read where all of it goes by another name.
                let key = asked.find_map(|(at, hop, asked)| match asked {
                    Asked::Key(offered) => Some((at, hop, offered)),
                    _ => None,
                });
                let Some((at, hop, offered)) = key else { return false };
                let offered = resolver.of_all_runs(read, hop, *offered);
                let key = FoundKey { other: String::new(), ..offered.key };
                resolver.through(read, at, Offered { key, uneven: None, ..offered }, false);
                if let Some(relay) = resolver.references.last_mut() {
                    relay.role = Role::Relay;
                    relay.crosses = crosses(&hop.object.base);
                }
                true
            });
            if self.references.len() == before {
                return;
            }
        }
    }

    fn unread(&mut self, facts: &[Parsed]) {
        for (file, facts) in facts.iter().enumerate() {
            for unread in facts.iter().flat_map(|facts| &facts.unread) {
                self.opaque.push(OpaqueRead {
                    file,
                    span: unread.span.clone(),
                    position: self.sources[file].position(unread.span.start),
                    account: None,
                    access: None,
                    why: unread.why.clone(),
                });
            }
        }
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

/// The state of another root that a base reads.
fn crosses(base: &Base) -> Option<SymbolKind> {
    match base {
        Base::RemoteState(_) => Some(SymbolKind::RemoteState),
        Base::Dependency(_) => Some(SymbolKind::Dependency),
        Base::Account(..)
        | Base::Module(_)
        | Base::Action(..)
        | Base::Deployment(..)
        | Base::Local
        | Base::Variable
        | Base::Each(_) => None,
    }
}

/// Whether a name can be written where another one stands: between quotes, as an index, or after a dot.
fn can_stand(source: &Source, start: usize, name: &str) -> bool {
    let before = start.checked_sub(1).and_then(|before| source.bytes().get(before));
    let is_number = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
    match before {
        _ if is_replaced(name) => false,
        // The other name in a map differs by the slot's word alone, and this one is spelt as it reads.
        Some(b'"') => !name.is_empty(),
        _ => is_number || Ident::try_new(name).is_ok(),
    }
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
