//! Which symbols are one account.
//!
//! Terraform names an account by symbols, a `resource` here and a `data` source there; a rotation is about the
//! account behind them. Symbols are joined only for a reason that can be shown, and never where both spell
//! different names, unless a person declares them to be one. How names are worked out is `naming`'s.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::declared::{Declared, DeclaredAccount};
use super::facts::SymbolKind;
use super::folders::Call;
use super::literal::mask;
use super::naming::Name;

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
            SymbolKind::Managed => "azurerm_cosmosdb_account",
            SymbolKind::Data => "data.azurerm_cosmosdb_account",
            SymbolKind::ManagedAction => "azapi_resource_action",
            SymbolKind::DataAction => "data.azapi_resource_action",
            SymbolKind::Module => "module",
            SymbolKind::Dependency => "dependency",
            SymbolKind::RemoteState => "data.terraform_remote_state",
            SymbolKind::Variable => "var",
            // Its name holds the type.
            SymbolKind::Deployment => return self.name.clone(),
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

/// What is known of a symbol's account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    pub name: Option<Name>,
    /// Another symbol that it takes its account from.
    pub same_as: Option<Symbol>,
    /// Another symbol that may stand in its place.
    pub instead_of: Option<Symbol>,
}

/// Names an account within a tree: its name in Azure where the code spells it, else its first symbol.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountKey(String);

impl AccountKey {
    /// It is printed everywhere, so whoever wrote a key for a name sees that masked.
    fn new(name: &str) -> AccountKey {
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

/// All symbols of a tree with what is known of their names.
pub type Naming = BTreeMap<Symbol, Known>;

/// The accounts, and for every symbol the index of its account.
pub fn identify(naming: &Naming, declared: &Declared) -> (Vec<Account>, BTreeMap<Symbol, usize>) {
    let mut groups = Groups::new(naming, declared);
    groups.join_declared();
    groups.join_equal();
    groups.join_only();
    groups.accounts()
}

struct Groups<'n> {
    symbols: Vec<Named<'n>>,
    declared: &'n Declared,
    /// The group of each symbol, as the index of its first one.
    group: Vec<usize>,
    joined: Vec<(usize, usize, JoinReason)>,
    /// Names by which several folders declare a resource, as far as they are known: copies for different
    /// environments, each with an account of its own. Elsewhere such a name says nothing.
    copied: BTreeSet<String>,
}

impl<'n> Groups<'n> {
    fn new(naming: &'n Naming, declared: &'n Declared) -> Groups<'n> {
        let symbols: Vec<Named<'n>> = naming.iter().collect();
        let group = (0..symbols.len()).collect();
        let mut folders: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
        for (symbol, known) in &symbols {
            if let (SymbolKind::Managed, Some(name)) = (symbol.kind, &known.name)
                && name.as_literal().is_none()
            {
                folders.entry(name.to_string()).or_default().insert(&symbol.folder);
            }
        }
        let copied =
            folders.into_iter().filter(|(_, folders)| folders.len() > 1).map(|(text, _)| text).collect();
        Groups { symbols, declared, group, joined: Vec::new(), copied }
    }

    /// Joins what a person declared, whatever the code says.
    fn join_declared(&mut self) {
        for account in &self.declared.accounts {
            let means = |at: &usize| self.declared.means(account, self.symbols[*at].0);
            let members: Vec<usize> = (0..self.symbols.len()).filter(means).collect();
            for pair in members.windows(2) {
                let (low, high) = (self.group[pair[0]], self.group[pair[1]]);
                let (low, high) = (low.min(high), low.max(high));
                self.group.iter_mut().filter(|group| **group == high).for_each(|group| *group = low);
                self.joined.push((pair[0], pair[1], JoinReason::Declared));
            }
        }
    }

    fn declaration(&self, group: usize) -> Option<&'n DeclaredAccount> {
        let declared = self.declared;
        let means = |account: &&DeclaredAccount| {
            self.members(group).any(|at| declared.means(account, self.symbols[at].0))
        };
        declared.accounts.iter().find(means)
    }

    fn join(&mut self, a: usize, b: usize, reason: JoinReason) {
        let (low, high) = (self.group[a].min(self.group[b]), self.group[a].max(self.group[b]));
        if low == high || !self.compatible(low, high) {
            return;
        }
        self.group.iter_mut().filter(|group| **group == high).for_each(|group| *group = low);
        self.joined.push((a.min(b), a.max(b), reason));
    }

    fn literals(&self, group: usize) -> BTreeSet<&'n str> {
        self.members(group).filter_map(|member| self.symbols[member].1.name.as_ref()?.as_literal()).collect()
    }

    /// Two known names that differ are two accounts, whatever else speaks for one; and so are two declared ones.
    fn compatible(&self, a: usize, b: usize) -> bool {
        if let (Some(a), Some(b)) = (self.declaration(a), self.declaration(b)) {
            return a.name == b.name;
        }
        let mut names = self.literals(a);
        names.extend(self.literals(b));
        names.len() <= 1
    }

    fn members(&self, group: usize) -> impl Iterator<Item = usize> + '_ {
        (0..self.group.len()).filter(move |member| self.group[*member] == group)
    }

    fn join_equal(&mut self) {
        for a in 0..self.symbols.len() {
            for b in 0..self.symbols.len() {
                if a != b
                    && let Some(reason) = reason(self.symbols[a], self.symbols[b], &self.copied)
                {
                    self.join(a, b, reason);
                }
            }
        }
    }

    /// One declared account and one that is looked up, in a tree that has no others, are taken for the same.
    fn join_only(&mut self) {
        let all: BTreeSet<usize> = self.group.iter().copied().collect();
        let has = |group: &usize, kind| self.members(*group).any(|at| self.symbols[at].0.kind == kind);
        let (owned, others): (Vec<usize>, Vec<usize>) =
            all.into_iter().partition(|group| has(group, SymbolKind::Managed));
        let (looked_up, others): (Vec<usize>, Vec<usize>) =
            others.into_iter().partition(|group| has(group, SymbolKind::Data));
        if let ([owned], [looked_up], []) = (owned.as_slice(), looked_up.as_slice(), others.as_slice()) {
            self.join(*owned, *looked_up, JoinReason::OnlyAccountInTree);
        }
    }

    fn accounts(self) -> (Vec<Account>, BTreeMap<Symbol, usize>) {
        let mut accounts: Vec<Account> = self
            .group
            .iter()
            .collect::<BTreeSet<_>>()
            .into_iter()
            .map(|group| self.account(*group))
            .collect();
        accounts.sort_by(|a, b| a.key.cmp(&b.key));
        let index = accounts
            .iter()
            .enumerate()
            .flat_map(|(at, account)| account.symbols.iter().map(move |symbol| (symbol.clone(), at)))
            .collect();
        (accounts, index)
    }

    fn account(&self, group: usize) -> Account {
        let symbols: Vec<Symbol> = self.members(group).map(|member| self.symbols[member].0.clone()).collect();
        let first = symbols.iter().find(|symbol| symbol.kind == SymbolKind::Managed).or(symbols.first());
        let key = match (self.declaration(group), self.literals(group).into_iter().next()) {
            (Some(declared), _) => declared.name.clone(),
            (None, Some(name)) => name.to_owned(),
            (None, None) => first.map(Symbol::to_string).unwrap_or_default(),
        };
        let symbol = |member: usize| self.symbols[member].0.clone();
        let joined = self
            .joined
            .iter()
            .filter(|(a, _, _)| self.group[*a] == group)
            .map(|(a, b, reason)| (symbol(*a), symbol(*b), *reason))
            .collect();
        Account { key: AccountKey::new(&key), symbols, joined }
    }
}

type Named<'n> = (&'n Symbol, &'n Known);

fn reason(a: Named<'_>, b: Named<'_>, copied: &BTreeSet<String>) -> Option<JoinReason> {
    if a.1.same_as.as_ref() == Some(b.0) {
        return Some(JoinReason::NameTakenFromSymbol);
    }
    if a.1.instead_of.as_ref() == Some(b.0) {
        return Some(JoinReason::OneOrTheOther);
    }
    let (name, other) = (a.1.name.as_ref()?, b.1.name.as_ref()?);
    if name == other {
        return Some(match (name.as_literal(), a.0.kind) {
            (Some(_), _) => JoinReason::SameName,
            (None, SymbolKind::Dependency | SymbolKind::RemoteState) => JoinReason::SameSource,
            (None, _) => JoinReason::SameExpression,
        });
    }
    let text = name.to_string();
    let same = name.is_specific() && text == other.to_string() && !copied.contains(&text);
    same.then_some(JoinReason::SameExpression)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn symbol(folder: &str, kind: SymbolKind, name: &str) -> Symbol {
        Symbol::new(folder, kind, name)
    }

    fn known(name: Name) -> Known {
        Known { name: Some(name), ..Known::default() }
    }

    fn open(folder: &str, text: &str) -> Known {
        known(Name::open(folder, text))
    }

    /// A name that ends with `-cosmos`.
    fn part(folder: &str, text: &str) -> Known {
        known(Name::join([Name::open(folder, text), Name::text("-cosmos")]))
    }

    fn literal(name: &str) -> Known {
        known(Name::text(name))
    }

    fn keys(naming: Naming) -> Vec<String> {
        identify(&naming, &Declared::default()).0.into_iter().map(|account| account.key.0).collect()
    }

    #[test]
    fn one_resource_and_one_data_source_are_one_account() {
        let naming = Naming::from([
            (symbol("global", SymbolKind::Managed, "main"), part("global", "local.prefix")),
            (symbol("stamp", SymbolKind::Data, "global"), open("stamp", "var.name")),
        ]);
        assert_eq!(keys(naming), ["global:azurerm_cosmosdb_account.main"]);
    }

    #[test]
    fn a_key_that_was_written_for_a_name_is_masked() {
        let key = format!("{}+/x9==", "aB3".repeat(27) + "Z");
        let naming = Naming::from([(symbol("a", SymbolKind::Data, "x"), literal(&key))]);
        assert_eq!(keys(naming), ["*".repeat(88)]);
    }

    #[test]
    fn different_spelt_names_stay_apart() {
        let naming = Naming::from([
            (symbol("global", SymbolKind::Managed, "main"), literal("orders")),
            (symbol("stamp", SymbolKind::Data, "global"), literal("invoices")),
        ]);
        assert_eq!(keys(naming), ["invoices", "orders"]);
    }

    #[test]
    fn equal_spelt_names_are_one_account_under_that_name() {
        let naming = Naming::from([
            (symbol("a", SymbolKind::Data, "one"), literal("orders")),
            (symbol("b", SymbolKind::Data, "two"), literal("orders")),
            (symbol("c", SymbolKind::Data, "three"), literal("invoices")),
        ]);
        assert_eq!(keys(naming), ["invoices", "orders"]);
    }

    #[test]
    fn a_bare_variable_means_the_same_only_within_its_folder() {
        let bare = |folder| open(folder, "var.name");
        let apart = Naming::from([
            (symbol("a", SymbolKind::Data, "x"), bare("a")),
            (symbol("b", SymbolKind::Data, "x"), bare("b")),
        ]);
        assert_eq!(keys(apart).len(), 2);
        let together = Naming::from([
            (symbol("a", SymbolKind::Data, "x"), bare("a")),
            (symbol("a", SymbolKind::Data, "y"), bare("a")),
        ]);
        assert_eq!(keys(together).len(), 1);
    }

    #[test]
    fn copies_for_environments_are_accounts_of_their_own() {
        let name = |folder| part(folder, "var.prefix");
        let naming = Naming::from([
            (symbol("int", SymbolKind::Managed, "main"), name("int")),
            (symbol("prod", SymbolKind::Managed, "main"), name("prod")),
            (symbol("unit", SymbolKind::Data, "global"), name("unit")),
        ]);
        assert_eq!(keys(naming).len(), 3);
        let naming = Naming::from([
            (symbol("global", SymbolKind::Managed, "main"), name("global")),
            (symbol("unit", SymbolKind::Data, "global"), name("unit")),
            (symbol("tools", SymbolKind::Data, "db"), name("tools")),
        ]);
        assert_eq!(keys(naming), ["global:azurerm_cosmosdb_account.main"]);
    }

    #[test]
    fn two_resources_and_a_data_source_stay_three() {
        let naming = Naming::from([
            (symbol("", SymbolKind::Managed, "a"), open("", "var.a")),
            (symbol("", SymbolKind::Managed, "b"), open("", "var.b")),
            (symbol("", SymbolKind::Data, "c"), open("", "var.c")),
        ]);
        assert_eq!(keys(naming).len(), 3);
    }
    #[test]
    fn what_a_person_declares_outranks_the_code() {
        let naming = Naming::from([
            (symbol("a", SymbolKind::Managed, "main"), literal("orders")),
            (symbol("b/one", SymbolKind::Data, "db"), open("b/one", "var.name")),
            (symbol("b/two", SymbolKind::Module, "cosmos"), Known::default()),
            (symbol("c", SymbolKind::Data, "db"), literal("invoices")),
        ]);
        let declared = DeclaredAccount {
            name: "shop".to_owned(),
            symbols: vec!["a:azurerm_cosmosdb_account.main".to_owned(), "b/*".to_owned()],
        };
        let (accounts, index) =
            identify(&naming, &Declared { accounts: vec![declared], ..Declared::default() });
        let keys: Vec<&str> = accounts.iter().map(|account| account.key.as_str()).collect();
        assert_eq!(keys, ["invoices", "shop"]);
        assert_eq!(index[&symbol("b/two", SymbolKind::Module, "cosmos")], 1);
        assert!(accounts[1].joined.iter().all(|(_, _, reason)| *reason == JoinReason::Declared));
    }
}
