//! What is known of each symbol's account: its name, or the symbol that it takes its account from.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::account::Symbol;
use super::attribute::COSMOSDB_ACCOUNT;
use super::facts::{AZAPI_ACTION, Base, Block, REMOTE_STATE, StepKind, SymbolKind};
use super::folders::Folders;
use super::identity::{Known, Naming};
use super::naming::{At, Evaluator, Name};
use super::paths::climbed;
use super::source::Source;
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

/// Collects what is known of symbols.
pub struct Knower<'f> {
    folders: &'f Folders<'f>,
    evaluator: Evaluator<'f>,
}

impl<'f> Knower<'f> {
    pub fn new(folders: &'f Folders<'f>, sources: &'f [Source]) -> Knower<'f> {
        Knower { folders, evaluator: Evaluator::new(folders, sources) }
    }

    /// All symbols: those that are declared, those that are read, and one for each call of a module that runs for
    /// several.
    pub fn naming<'s>(
        &self,
        read: impl Iterator<Item = &'s Symbol>,
        either: &BTreeMap<Symbol, Symbol>,
    ) -> Naming {
        let mut naming = Naming::new();
        for symbol in self.declared().into_iter().chain(read.cloned()) {
            for symbol in self.instances(&symbol) {
                if let Entry::Vacant(place) = naming.entry(symbol) {
                    let instead_of = either.get(place.key()).cloned();
                    let known = Known { instead_of, ..self.known(place.key()) };
                    place.insert(known);
                }
            }
        }
        naming
    }

    fn declared(&self) -> Vec<Symbol> {
        let mut symbols = Vec::new();
        for folder in self.folders.folders() {
            for (_, block) in self.folders.blocks(folder) {
                let kind = match block.words.first().map(String::as_str) {
                    Some("resource") => SymbolKind::Managed,
                    Some("data") => SymbolKind::Data,
                    _ => continue,
                };
                if let [_, of, name] = block.words.as_slice()
                    && of == COSMOSDB_ACCOUNT
                {
                    symbols.push(Symbol::new(folder, kind, name));
                }
            }
        }
        symbols
    }

    fn instances(&self, symbol: &Symbol) -> Vec<Symbol> {
        let mut all = vec![symbol.clone()];
        if symbol.call.is_none() && self.folders.is_shared(&symbol.folder) {
            let calls = self.folders.callers(&symbol.folder).iter().cloned();
            all.extend(calls.map(|call| Symbol { call: Some(call), ..symbol.clone() }));
        }
        all
    }

    fn known(&self, symbol: &Symbol) -> Known {
        let at = At { folder: symbol.folder.clone(), call: symbol.call.clone() };
        let words = |words: &[&str]| self.folders.block(&symbol.folder, words).map(|(_, block)| block);
        let name = symbol.name.as_str();
        match symbol.kind {
            SymbolKind::Managed => self.named(&at, words(&["resource", COSMOSDB_ACCOUNT, name])),
            SymbolKind::Data => self.named(&at, words(&["data", COSMOSDB_ACCOUNT, name])),
            SymbolKind::ManagedAction => self.acted_on(&at, words(&["resource", AZAPI_ACTION, name])),
            SymbolKind::DataAction => self.acted_on(&at, words(&["data", AZAPI_ACTION, name])),
            SymbolKind::EphemeralAction => self.acted_on(&at, words(&["ephemeral", AZAPI_ACTION, name])),
            SymbolKind::Module => self.told(&at, words(&["module", name])),
            SymbolKind::Dependency => Known { name: Some(self.depended_on(symbol)), ..Known::default() },
            SymbolKind::RemoteState => {
                let config = words(&["data", REMOTE_STATE, name]).and_then(|block| self.state(&at, block));
                Known { name: config, ..Known::default() }
            }
            SymbolKind::Deployment | SymbolKind::Variable => Known::default(),
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
        if let same_as @ Some(_) = self.symbol_of(at, &argument.value, "id") {
            return Known { same_as, ..Known::default() };
        }
        let id = self.evaluator.name(at, &argument.value);
        let name = id.as_literal().and_then(|id| id.rsplit_once("/databaseAccounts/")).map(|(_, name)| name);
        Known { name: name.map(Name::text), ..Known::default() }
    }

    fn told(&self, at: &At, block: Option<&Block>) -> Known {
        let argument = NAME_ARGUMENTS.iter().find_map(|name| block?.argument(name));
        Known { name: argument.map(|argument| self.evaluator.name(at, &argument.value)), ..Known::default() }
    }

    fn symbol_of(&self, at: &At, value: &Value, attribute: &str) -> Option<Symbol> {
        let Value::Path(object) = value else { return None };
        let followed = self.folders.end(&at.folder, object);
        let Base::Account(kind, name) = &followed.object.base else { return None };
        let last = followed.object.steps.last().map(|step| &step.kind);
        let asked = matches!(last, Some(StepKind::Attribute(last)) if last == attribute);
        asked.then(|| Symbol::new(&followed.folder, *kind, name))
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
