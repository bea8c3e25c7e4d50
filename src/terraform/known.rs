//! What is known of each symbol's account: its name, or the symbol that it takes its account from.
//!
//! Instances that are not known to be different accounts are taken for one here.

mod deployed;

use std::collections::{BTreeMap, BTreeSet};

pub use self::deployed::PARAMETERS;
use super::account::Symbol;
use super::facts::{Base, Block, REMOTE_STATE, StepKind, SymbolKind};
use super::folders::Folders;
use super::identity::{Known, Naming};
use super::naming::{At, Evaluator, Name};
use super::paths::climbed;
use super::runs::{self, Runs};
use super::template::DATABASE_ACCOUNTS;
use super::value::Value;

/// Arguments by which modules are told the name of the account that they make.
pub const NAME_ARGUMENTS: [&str; 6] = [
    "account_name",
    "cosmosdb_account_name",
    "cosmosdb_name",
    "cosmos_account_name",
    "cosmos_db_name",
    "name",
];

/// So many instances of one block are compared with each other.
const MAX_COMPARED: usize = 256;

/// Collects what is known of symbols.
pub struct Knower<'f> {
    folders: &'f Folders<'f>,
    evaluator: Evaluator<'f>,
}

impl<'f> Knower<'f> {
    pub fn new(folders: &'f Folders<'f>) -> Knower<'f> {
        Knower { folders, evaluator: folders.evaluator() }
    }

    /// All symbols, those that are declared and those that are read: one for each run of a module that runs for several,
    /// and for each instance of a block where they are known to be different accounts.
    pub fn naming<'s>(
        &self,
        runs: &mut Runs<'_>,
        read: impl Iterator<Item = &'s Symbol>,
        either: &BTreeMap<Symbol, Symbol>,
    ) -> Naming {
        let blocks: BTreeSet<Symbol> = self.declared().chain(read.map(Symbol::block)).collect();
        let mut naming = Naming::new();
        for block in &blocks {
            let mut instances: BTreeMap<Symbol, Vec<Symbol>> = BTreeMap::new();
            for symbol in runs.each(block) {
                instances.entry(symbol.of_all_instances()).or_default().push(symbol);
            }
            for (all, instances) in instances {
                naming.extend(self.told_apart(runs, all, instances));
            }
        }
        for known in naming.values_mut() {
            known.same_as = known.same_as.take().and_then(|symbol| only(runs.of(&symbol)));
        }
        for (symbol, one) in either.iter().flat_map(|(symbol, one)| {
            let one = runs.of(one);
            runs.of(symbol).into_iter().map(move |symbol| (symbol, one.clone()))
        }) {
            if let Some(known) = naming.get_mut(&symbol) {
                known.instead_of = beside(&symbol, one);
            }
        }
        naming
    }

    /// The instances of a block, with what is known of each; itself where they may be one account.
    fn told_apart(&self, runs: &mut Runs<'_>, all: Symbol, instances: Vec<Symbol>) -> Vec<(Symbol, Known)> {
        let known: Vec<(Symbol, Known)> =
            instances.into_iter().map(|symbol| (symbol.clone(), self.known(&symbol))).collect();
        if known.len() < 2 || are_different(&known) {
            return known;
        }
        runs.are_one(&all);
        let known = self.known(&all);
        vec![(all, known)]
    }

    fn declared(&self) -> impl Iterator<Item = Symbol> {
        let symbols = self.folders.folders().flat_map(|folder| {
            let blocks = self.folders.blocks(folder);
            blocks.filter_map(move |(_, block)| Symbol::of_block(folder, &block.words))
        });
        symbols.filter(|symbol| matches!(symbol.kind, SymbolKind::Managed | SymbolKind::Data))
    }

    /// The name of a symbol's account, as far as it is known.
    pub fn name(&self, symbol: &Symbol) -> Option<Name> {
        self.known(symbol).name
    }

    fn known(&self, symbol: &Symbol) -> Known {
        let words = runs::words(symbol.kind, &symbol.name);
        let at = At::run(&symbol.folder, symbol.call.clone()).block(&words, symbol.instance.clone());
        let block = |words: &[&str]| self.folders.block(&symbol.folder, words).map(|(_, block)| block);
        match symbol.kind {
            SymbolKind::Managed | SymbolKind::Data => self.named(&at, block(&words)),
            SymbolKind::ManagedAction | SymbolKind::DataAction | SymbolKind::EphemeralAction => {
                self.acted_on(&at, block(&words))
            }
            SymbolKind::Module => self.told(&at, block(&words)),
            SymbolKind::Dependency => Known { name: Some(self.depended_on(symbol)), ..Known::default() },
            SymbolKind::RemoteState => {
                let block = block(&["data", REMOTE_STATE, &symbol.name]);
                let config = block.and_then(|block| self.state(&at, block));
                Known { name: config, ..Known::default() }
            }
            SymbolKind::Deployment => self.deployed(symbol).unwrap_or_default(),
            SymbolKind::Variable => Known::default(),
        }
    }

    fn named(&self, at: &At, block: Option<&Block>) -> Known {
        let Some(argument) = block.and_then(|block| block.argument("name")) else { return Known::default() };
        let same_as = self.symbol_of(at, &argument.value, "name");
        Known { name: Some(self.evaluator.name(at, &argument.value)), same_as, ..Known::default() }
    }

    /// azapi names the account by its id.
    fn acted_on(&self, at: &At, block: Option<&Block>) -> Known {
        let Some(argument) = block.and_then(|block| block.argument("resource_id")) else {
            return Known::default();
        };
        let id = alone(&argument.value);
        if let same_as @ Some(_) = self.symbol_of(at, id, "id") {
            return Known { same_as, ..Known::default() };
        }
        Known { name: of_id(self.evaluator.name(at, id)), ..Known::default() }
    }

    fn told(&self, at: &At, block: Option<&Block>) -> Known {
        let argument = NAME_ARGUMENTS.iter().find_map(|name| block?.argument(name));
        Known { name: argument.map(|argument| self.evaluator.name(at, &argument.value)), ..Known::default() }
    }

    fn symbol_of(&self, at: &At, value: &Value, attribute: &str) -> Option<Symbol> {
        let Value::Path(object) = value else { return None };
        let followed = self.folders.end_of_run(&at.folder, at.call.clone(), object);
        let Base::Account(kind, name) = &followed.object.base else { return None };
        let (last, before) = followed.object.steps.split_last()?;
        let asked = matches!(&last.kind, StepKind::Attribute(last) if last == attribute);
        if !asked || before.len() > 1 {
            return None;
        }
        let there = At::run(&followed.folder, followed.call.clone());
        let at = if followed.folder == at.folder { at } else { &there };
        let instance = before.first().and_then(|step| self.evaluator.pick(at, step));
        Some(Symbol { instance, call: followed.call, ..Symbol::new(&followed.folder, *kind, name) })
    }

    /// The same configuration is the same account, whoever depends on it.
    fn depended_on(&self, symbol: &Symbol) -> Name {
        let path = match self.folders.dependency(&symbol.folder, &symbol.name) {
            Some(config) => config.to_owned(),
            None => self.path_outside(symbol),
        };
        Name::open(&path, "dependency")
    }

    /// A path that leaves the tree, as it is seen from the tree's root.
    fn path_outside(&self, symbol: &Symbol) -> String {
        let block = self.folders.block(&symbol.folder, &["dependency", &symbol.name]);
        let path = block.and_then(|(_, block)| block.argument("config_path")?.value.as_text());
        let Some(path) = path else { return format!("{}:{}", symbol.folder, symbol.name) };
        climbed(&symbol.folder, path)
    }

    /// The same state is the same account. Absent where the state is not known from the text.
    fn state(&self, at: &At, block: &Block) -> Option<Name> {
        let mut parts = Vec::new();
        for argument in &block.arguments {
            let values: Vec<(&str, &Value)> = match &argument.value {
                Value::Map(entries) => entries.iter().map(|(name, value)| (name.as_str(), value)).collect(),
                value => vec![(argument.name.as_str(), value)],
            };
            for (name, value) in values {
                parts.push(format!("{name}={}", self.evaluator.name(at, value).as_literal()?));
            }
        }
        parts.sort();
        Some(Name::open("", format!("remote state {}", parts.join(" "))))
    }
}

/// A value that is all that stands between quotes.
fn alone(value: &Value) -> &Value {
    match value {
        Value::Template(parts) if parts.len() == 1 => &parts[0],
        value => value,
    }
}

/// The name of the account that an id names. Where it spells none, the same id is the same account.
fn of_id(id: Name) -> Option<Name> {
    match id.behind(DATABASE_ACCOUNTS) {
        named @ Some(_) => named,
        None if id.as_literal().is_some() => None,
        None => Some(id.belonging("account")),
    }
}

/// Whether the instances of a block are known to be different accounts, or the same one where they are not.
fn are_different(instances: &[(Symbol, Known)]) -> bool {
    let (first, known) = &instances[0];
    let alike = |(_, other): &(Symbol, Known)| other == known;
    let named = known.name.as_ref();
    if instances.len() > MAX_COMPARED {
        return false;
    }
    // What Terraform makes for each instance is an account of its own, unless the text says otherwise.
    if first.kind == SymbolKind::Managed || first.kind == SymbolKind::Module && named.is_none() {
        return named.is_none_or(|name| name.as_literal().is_none()) || !instances.iter().all(alike);
    }
    let mut pairs = instances
        .iter()
        .enumerate()
        .flat_map(|(at, (_, one))| instances[at + 1..].iter().map(move |(_, other)| (one, other)));
    !instances.iter().all(alike) && pairs.all(|(one, other)| one == other || differ(one, other))
}

fn differ(one: &Known, other: &Known) -> bool {
    let made = |known: &Known| known.same_as.clone().filter(|symbol| symbol.kind == SymbolKind::Managed);
    match (made(one), made(other), &one.name, &other.name) {
        (Some(one), Some(other), _, _) if one.instance.is_some() && other.instance.is_some() => one != other,
        (_, _, Some(one), Some(other)) => one.differs(other),
        _ => false,
    }
}

fn only(symbols: Vec<Symbol>) -> Option<Symbol> {
    let mut symbols = symbols.into_iter();
    symbols.next().filter(|_| symbols.next().is_none())
}

/// The one of several symbols that stands beside another: in the same run, and of the same instance where there are more.
fn beside(symbol: &Symbol, others: Vec<Symbol>) -> Option<Symbol> {
    let of_run: Vec<Symbol> = others.into_iter().filter(|other| other.call == symbol.call).collect();
    let instance = |other: &Symbol| of_run.len() == 1 || other.instance == symbol.instance;
    only(of_run.iter().filter(|other| instance(other)).cloned().collect())
}
