//! Accounts and the symbols that stand for them. Which symbols are one account is decided in `identity`.

use std::fmt;

use super::attribute::COSMOSDB_ACCOUNT;
use super::facts::{REMOTE_STATE, SymbolKind, UPSTREAM};
use super::instance::{Call, Instance};
use super::literal::mask;

/// One name for an account: a block of one folder that hands out its keys.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Symbol {
    /// Empty for the root of the tree.
    pub folder: String,
    pub kind: SymbolKind,
    pub name: String,
    /// The instance of a repeated block that is meant; absent for all of them, and where there is one.
    pub instance: Option<Instance>,
    /// The run of the folder's code that it is meant for, where there are several.
    pub call: Option<Call>,
}

impl Symbol {
    pub fn new(folder: &str, kind: SymbolKind, name: &str) -> Symbol {
        Symbol { folder: folder.to_owned(), kind, name: name.to_owned(), instance: None, call: None }
    }

    /// The symbol of a block that is an account, may be one, or hands keys of one out.
    pub(super) fn of_block(folder: &str, words: &[String]) -> Option<Symbol> {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let (kind, name) = match words.as_slice() {
            ["resource", COSMOSDB_ACCOUNT, name] => (SymbolKind::Managed, name),
            ["data", COSMOSDB_ACCOUNT, name] => (SymbolKind::Data, name),
            ["data", REMOTE_STATE, name] => (SymbolKind::RemoteState, name),
            ["module", name] => (SymbolKind::Module, name),
            ["dependency", name] => (SymbolKind::Dependency, name),
            _ => return None,
        };
        Some(Symbol::new(folder, kind, name))
    }

    /// As Terraform writes it within the folder.
    pub fn address(&self) -> String {
        let kind = match self.kind {
            SymbolKind::RemoteState if self.name.starts_with(UPSTREAM) => return self.name.clone(),
            // Of these, and of deployments, names may hold the type.
            SymbolKind::RemoteState | SymbolKind::DataAction if self.name.contains('.') => "data",
            SymbolKind::Managed => "azurerm_cosmosdb_account",
            SymbolKind::Data => "data.azurerm_cosmosdb_account",
            SymbolKind::ManagedAction => "azapi_resource_action",
            SymbolKind::DataAction => "data.azapi_resource_action",
            SymbolKind::EphemeralAction => "ephemeral.azapi_resource_action",
            SymbolKind::Module => "module",
            SymbolKind::Dependency => "dependency",
            SymbolKind::Variable => "var",
            SymbolKind::Deployment => return self.name.clone(),
            SymbolKind::RemoteState => "data.terraform_remote_state",
        };
        let instance = self.instance.as_ref().map(Instance::to_string).unwrap_or_default();
        format!("{kind}.{}{instance}", self.name)
    }

    /// The same for all instances of its block and of the modules that it stands in.
    pub fn of_all_instances(&self) -> Symbol {
        let call = self.call.as_ref().map(Call::of_all_instances);
        Symbol { instance: None, call, ..self.clone() }
    }

    /// The block itself, whoever runs its code.
    pub(super) fn block(&self) -> Symbol {
        Symbol::new(&self.folder, self.kind, &self.name)
    }

    /// The run of a folder through which it is read there; absent for all of them.
    pub(super) fn run_of(&self, folder: &str) -> Option<&Call> {
        let mut run = self.call.as_ref();
        let mut at = self.folder.as_str();
        while at != folder {
            at = &run?.folder;
            run = run?.caller();
        }
        run
    }

    /// The same where a folder's code is run by a call, as far as that is not known yet.
    pub(super) fn run_by(mut self, folder: &str, run: Call) -> Symbol {
        match &mut self.call {
            Some(call) => call.made_in(folder, run),
            None if self.folder == folder => self.call = Some(run),
            None => {}
        }
        self
    }

    pub(super) fn is_called(&self, text: &str) -> bool {
        self.names().iter().any(|name| name == text)
    }

    /// The texts by which a person may mean it: with and without its folder, for itself, for all instances of the block
    /// and for all runs of its code.
    pub(super) fn names(&self) -> Vec<String> {
        let all = [self.clone(), self.of_all_instances(), self.block()];
        let inner = Symbol { instance: self.instance.clone(), ..self.block() };
        all.iter().chain([&inner]).flat_map(|it| [it.to_string(), it.address()]).collect()
    }
}

impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.folder.is_empty() {
            write!(f, "{}:", self.folder)?;
        }
        f.write_str(&self.address())?;
        self.call.as_ref().map_or(Ok(()), |call| write!(f, " of {call}"))
    }
}

/// Names an account within a tree: its name in Azure where the code spells it, else its first symbol.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountKey(String);

impl AccountKey {
    /// It is printed everywhere, so whoever wrote a key for a name sees that masked.
    pub(super) fn new(name: &str) -> AccountKey {
        AccountKey(mask(name).into_owned())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AccountKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why two symbols are the same account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum JoinReason {
    SameName,
    NameTakenFromSymbol,
    SameExpression,
    SameSource,
    OnlyAccountInTree,
    OneOrTheOther,
    AnyInstance,
    Declared,
}

impl fmt::Display for JoinReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            JoinReason::SameName => "both names come to the same",
            JoinReason::NameTakenFromSymbol => "one takes its name from the other",
            JoinReason::SameExpression => "both names are the same expression",
            JoinReason::SameSource => "both read the outputs of the same configuration",
            JoinReason::OneOrTheOther => "one or the other goes by a name of its own",
            JoinReason::AnyInstance => "nothing tells which of the instances it looks up",
            JoinReason::Declared => "declared to be one account",
            JoinReason::OnlyAccountInTree => "the tree declares one account and looks one up",
        })
    }
}

/// One account of a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub key: AccountKey,
    /// In order; resources before data sources of the same folder.
    pub symbols: Vec<Symbol>,
    pub joined: Vec<(Symbol, Symbol, JoinReason)>,
}

impl Account {
    /// Takes in the symbols of an account that is looked up and may be this one, and others.
    pub(super) fn may_be(&mut self, other: &Account) {
        if let (Some(own), Some(first)) = (self.symbols.first(), other.symbols.first()) {
            self.joined.push((own.clone(), first.clone(), JoinReason::AnyInstance));
        }
        self.joined.extend(other.joined.iter().cloned());
        self.symbols.extend(other.symbols.iter().cloned());
        self.symbols.sort();
    }

    /// Whether a person may mean this account by `text`: its key, a symbol, a symbol without its folder, or one of all
    /// instances or runs of a block.
    pub fn answers_to(&self, text: &str) -> bool {
        self.key.as_str() == text || self.symbols.iter().any(|symbol| symbol.is_called(text))
    }
}
