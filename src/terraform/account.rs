//! Accounts and the symbols that stand for them. Which symbols are one account is decided in `identity`.

use std::fmt;

use super::facts::SymbolKind;
use super::folders::Call;
use super::literal::mask;

/// One name for an account: a block of one folder that hands out its keys.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Symbol {
    /// Empty for the root of the tree.
    pub folder: String,
    pub kind: SymbolKind,
    pub name: String,
    /// The call that it is meant for, where one module's code runs for several.
    pub call: Option<Call>,
}

impl Symbol {
    pub fn new(folder: &str, kind: SymbolKind, name: &str) -> Symbol {
        Symbol { folder: folder.to_owned(), kind, name: name.to_owned(), call: None }
    }

    /// As Terraform writes it within the folder.
    pub fn address(&self) -> String {
        let kind = match self.kind {
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
        format!("{kind}.{}", self.name)
    }
}

impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.folder.is_empty() {
            write!(f, "{}:", self.folder)?;
        }
        f.write_str(&self.address())?;
        match &self.call {
            Some(Call { folder, name }) if folder.is_empty() => write!(f, " of module.{name}"),
            Some(Call { folder, name }) if name.is_empty() => write!(f, " of {folder}"),
            Some(Call { folder, name }) => write!(f, " of {folder}:module.{name}"),
            None => Ok(()),
        }
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
    /// Whether a person may mean this account by `text`: its key, a symbol, or a symbol without its folder.
    pub fn answers_to(&self, text: &str) -> bool {
        self.key.as_str() == text
            || self.symbols.iter().any(|symbol| symbol.to_string() == text || symbol.address() == text)
    }
}
