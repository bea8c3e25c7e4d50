//! Which symbols are one account.
//!
//! Terraform names an account by symbols, a `resource` here and a `data` source there; a rotation is about the
//! account behind them. Symbols are joined only for a reason that can be shown, and never where both spell
//! different names. Following name expressions through variables and modules belongs here too, in
//! [`Naming`], once it is built.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::facts::{NameExpression, SymbolKind};

/// One name for an account: a resource or data source of one folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Symbol {
    /// Empty for the root of the tree.
    pub folder: String,
    pub kind: SymbolKind,
    pub name: String,
}

impl Symbol {
    /// As Terraform writes it within the folder.
    pub fn address(&self) -> String {
        match self.kind {
            SymbolKind::Managed => format!("azurerm_cosmosdb_account.{}", self.name),
            SymbolKind::Data => format!("data.azurerm_cosmosdb_account.{}", self.name),
        }
    }
}

impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.folder.is_empty() {
            write!(f, "{}:", self.folder)?;
        }
        f.write_str(&self.address())
    }
}

/// Names an account within a tree: its name in Azure where the code spells it, else its first symbol.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountKey(String);

impl AccountKey {
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
    OnlyAccountInTree,
}

impl fmt::Display for JoinReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            JoinReason::SameName => "both spell the same name",
            JoinReason::NameTakenFromSymbol => "one takes its name from the other",
            JoinReason::SameExpression => "both names are the same expression",
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
pub type Naming = BTreeMap<Symbol, Option<NameExpression>>;

/// The accounts, and for every symbol the index of its account.
pub fn identify(naming: &Naming) -> (Vec<Account>, BTreeMap<Symbol, usize>) {
    let mut groups = Groups::new(naming);
    groups.join_equal();
    groups.join_only();
    groups.accounts()
}

struct Groups<'n> {
    symbols: Vec<Named<'n>>,
    /// The group of each symbol, as the index of its first one.
    group: Vec<usize>,
    joined: Vec<(usize, usize, JoinReason)>,
    /// Name expressions by which several folders declare a resource: copies for different environments, each
    /// with an account of its own. Elsewhere such an expression says nothing.
    copied: BTreeSet<&'n str>,
}

impl<'n> Groups<'n> {
    fn new(naming: &'n Naming) -> Groups<'n> {
        let symbols: Vec<_> = naming.iter().map(|(symbol, name)| (symbol, name.as_ref())).collect();
        let group = (0..symbols.len()).collect();
        let mut folders: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (symbol, name) in &symbols {
            if let (SymbolKind::Managed, Some(NameExpression::Text { text, .. })) = (symbol.kind, name) {
                folders.entry(text).or_default().insert(&symbol.folder);
            }
        }
        let copied =
            folders.into_iter().filter(|(_, folders)| folders.len() > 1).map(|(text, _)| text).collect();
        Groups { symbols, group, joined: Vec::new(), copied }
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
        self.members(group)
            .filter_map(|member| match self.symbols[member].1 {
                Some(NameExpression::Literal(name)) => Some(name.as_str()),
                _ => None,
            })
            .collect()
    }

    /// Two spelt names that differ are two accounts, whatever else speaks for one.
    fn compatible(&self, a: usize, b: usize) -> bool {
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
        let (owned, looked_up): (Vec<usize>, Vec<usize>) = all.into_iter().partition(|group| {
            self.members(*group).any(|member| self.symbols[member].0.kind == SymbolKind::Managed)
        });
        if let ([owned], [looked_up]) = (owned.as_slice(), looked_up.as_slice()) {
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
        let key = match self.literals(group).into_iter().next() {
            Some(name) => name.to_owned(),
            None => first.map(Symbol::to_string).unwrap_or_default(),
        };
        let symbol = |member: usize| self.symbols[member].0.clone();
        let joined = self
            .joined
            .iter()
            .filter(|(a, _, _)| self.group[*a] == group)
            .map(|(a, b, reason)| (symbol(*a), symbol(*b), *reason))
            .collect();
        Account { key: AccountKey(key), symbols, joined }
    }
}

type Named<'n> = (&'n Symbol, Option<&'n NameExpression>);

fn reason(a: Named<'_>, b: Named<'_>, copied: &BTreeSet<&str>) -> Option<JoinReason> {
    let same_folder = a.0.folder == b.0.folder;
    match (a.1?, b.1) {
        (NameExpression::Literal(a), Some(NameExpression::Literal(b))) if a == b => {
            Some(JoinReason::SameName)
        }
        (NameExpression::Symbol(kind, name), _) if same_folder && *kind == b.0.kind && *name == b.0.name => {
            Some(JoinReason::NameTakenFromSymbol)
        }
        (
            NameExpression::Text { text, specific },
            Some(NameExpression::Text { text: other, specific: _ }),
        ) if text == other && (same_folder || *specific && !copied.contains(text.as_str())) => {
            Some(JoinReason::SameExpression)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn symbol(folder: &str, kind: SymbolKind, name: &str) -> Symbol {
        Symbol { folder: folder.to_owned(), kind, name: name.to_owned() }
    }

    fn text(text: &str, specific: bool) -> Option<NameExpression> {
        Some(NameExpression::Text { text: text.to_owned(), specific })
    }

    fn literal(name: &str) -> Option<NameExpression> {
        Some(NameExpression::Literal(name.to_owned()))
    }

    fn keys(naming: Naming) -> Vec<String> {
        identify(&naming).0.into_iter().map(|account| account.key.0).collect()
    }

    #[test]
    fn one_resource_and_one_data_source_are_one_account() {
        let naming = Naming::from([
            (symbol("global", SymbolKind::Managed, "main"), text("\"${local.prefix}-cosmos\"", true)),
            (symbol("stamp", SymbolKind::Data, "global"), text("var.name", false)),
        ]);
        assert_eq!(keys(naming), ["global:azurerm_cosmosdb_account.main"]);
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
        let bare = || text("var.name", false);
        let apart = Naming::from([
            (symbol("a", SymbolKind::Data, "x"), bare()),
            (symbol("b", SymbolKind::Data, "x"), bare()),
        ]);
        assert_eq!(keys(apart).len(), 2);
        let together = Naming::from([
            (symbol("a", SymbolKind::Data, "x"), bare()),
            (symbol("a", SymbolKind::Data, "y"), bare()),
        ]);
        assert_eq!(keys(together).len(), 1);
    }

    #[test]
    fn copies_for_environments_are_accounts_of_their_own() {
        let name = || text("\"${var.prefix}-cosmos\"", true);
        let naming = Naming::from([
            (symbol("int", SymbolKind::Managed, "main"), name()),
            (symbol("prod", SymbolKind::Managed, "main"), name()),
            (symbol("unit", SymbolKind::Data, "global"), name()),
        ]);
        assert_eq!(keys(naming).len(), 3);
        let naming = Naming::from([
            (symbol("global", SymbolKind::Managed, "main"), name()),
            (symbol("unit", SymbolKind::Data, "global"), name()),
            (symbol("tools", SymbolKind::Data, "db"), name()),
        ]);
        assert_eq!(keys(naming), ["global:azurerm_cosmosdb_account.main"]);
    }

    #[test]
    fn two_resources_and_a_data_source_stay_three() {
        let naming = Naming::from([
            (symbol("", SymbolKind::Managed, "a"), text("var.a", false)),
            (symbol("", SymbolKind::Managed, "b"), text("var.b", false)),
            (symbol("", SymbolKind::Data, "c"), text("var.c", false)),
        ]);
        assert_eq!(keys(naming).len(), 3);
    }
}
