//! Which symbols are one account.
//!
//! Terraform names an account by symbols, a `resource` here and a `data` source there; a rotation is about the
//! account behind them. Symbols are joined only for a reason that can be shown, and never where both spell
//! different names, unless a person declares them to be one. Instances of one block and runs of one module's code are
//! symbols of their own (`runs` says which there are). How names are worked out is `naming`'s.

use std::collections::{BTreeMap, BTreeSet};

use super::account::{Account, AccountKey, JoinReason, Symbol};
use super::declared::Declared;
use super::facts::SymbolKind;
use super::groups::{Group, Groups};
use super::naming::Name;

/// What is known of a symbol's account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    pub name: Option<Name>,
    /// Another symbol that it takes its account from.
    pub same_as: Option<Symbol>,
    /// Another symbol that may stand in its place.
    pub instead_of: Option<Symbol>,
}

/// All symbols of a tree with what is known of their names.
pub type Naming = BTreeMap<Symbol, Known>;

/// The accounts, and for every symbol the indexes of its accounts: as a rule one.
pub fn identify(naming: &Naming, declared: &Declared) -> (Vec<Account>, BTreeMap<Symbol, Vec<usize>>) {
    let mut identity = Identity::new(naming, declared);
    identity.join_declared();
    identity.join_equal();
    identity.join_only();
    identity.accounts()
}

struct Identity<'n> {
    symbols: Vec<Named<'n>>,
    declared: &'n Declared,
    /// For every declared account the symbols that stand for it.
    meant: Vec<Vec<usize>>,
    groups: Groups<'n>,
    joined: Vec<(usize, usize, JoinReason)>,
    /// Names by which several folders declare a resource, as far as they are known: copies for different
    /// environments, each with an account of its own. Elsewhere such a name says nothing.
    copied: BTreeSet<String>,
}

/// Symbols that have something in common.
#[derive(Default)]
struct Alike {
    members: Vec<usize>,
    /// The first that was compared with all of them.
    first: Option<usize>,
}

impl<'n> Identity<'n> {
    fn new(naming: &'n Naming, declared: &'n Declared) -> Identity<'n> {
        let symbols: Vec<Named<'n>> = naming.iter().collect();
        let means = |account| {
            let stands = |at: &usize| declared.means(account, symbols[*at].0);
            (0..symbols.len()).filter(stands).collect()
        };
        let meant: Vec<Vec<usize>> = declared.accounts.iter().map(means).collect();
        let mut claims: BTreeMap<usize, usize> = BTreeMap::new();
        for (account, members) in meant.iter().enumerate() {
            members.iter().for_each(|at| {
                claims.entry(*at).or_insert(account);
            });
        }
        let known = symbols.iter().enumerate().map(|(at, (symbol, known))| {
            (*symbol, known.name.as_ref().and_then(Name::as_literal), claims.get(&at).copied())
        });
        let groups = Groups::new(known);
        let copied = copied(&symbols);
        Identity { symbols, declared, meant, groups, joined: Vec::new(), copied }
    }

    /// Joins what a person declared, whatever the code says.
    fn join_declared(&mut self) {
        for pair in self.meant.iter().flat_map(|members| members.windows(2)) {
            self.groups.unite(pair[0], pair[1]);
            self.joined.push((pair[0], pair[1], JoinReason::Declared));
        }
    }

    fn join(&mut self, a: usize, b: usize, reason: JoinReason) {
        if self.groups.of(a) == self.groups.of(b) || !self.groups.are_compatible(a, b) {
            return;
        }
        self.groups.unite(a, b);
        self.joined.push((a.min(b), a.max(b), reason));
    }

    fn join_equal(&mut self) {
        let texts: Vec<Option<String>> =
            self.symbols.iter().map(|(_, known)| Some(known.name.as_ref()?.to_string())).collect();
        let mut by_name: BTreeMap<&Name, Alike> = BTreeMap::new();
        let mut by_text: BTreeMap<&str, Alike> = BTreeMap::new();
        for (at, ((_, known), text)) in self.symbols.iter().zip(&texts).enumerate() {
            if let (Some(name), Some(text)) = (&known.name, text) {
                by_name.entry(name).or_default().members.push(at);
                by_text.entry(text).or_default().members.push(at);
            }
        }
        for (a, text) in texts.iter().enumerate() {
            let known = self.symbols[a].1;
            let named = [&known.same_as, &known.instead_of].into_iter().flatten();
            let place = |symbol: &Symbol| self.symbols.binary_search_by(|(it, _)| (*it).cmp(symbol)).ok();
            let mut candidates: BTreeSet<usize> = named.filter_map(place).collect();
            if let Some(alike) = known.name.as_ref().and_then(|name| by_name.get_mut(name)) {
                candidates.extend(self.alike(a, alike));
            }
            if let (Some(name), Some(text)) = (&known.name, text)
                && name.is_specific()
                && !self.copied.contains(text)
                && let Some(alike) = by_text.get_mut(text.as_str())
            {
                candidates.extend(self.alike(a, alike));
            }
            candidates.remove(&a);
            for b in candidates {
                if let Some(reason) = reason(self.symbols[a], self.symbols[b], &self.copied) {
                    self.join(a, b, reason);
                }
            }
        }
    }

    /// Those that a symbol is still to be compared with. What could not be joined with the first of them cannot be
    /// joined with others of its group: a group's names and declarations only grow.
    fn alike(&mut self, a: usize, alike: &mut Alike) -> Vec<usize> {
        match alike.first {
            Some(first) if self.groups.of(first) == self.groups.of(a) => Vec::new(),
            _ => {
                alike.first.get_or_insert(a);
                alike.members.clone()
            }
        }
    }

    /// One declared account and one that is looked up, in a tree that has no others, are taken for the same, unless their
    /// names cannot be equal.
    fn join_only(&mut self) {
        let mut groups = self.groups.iter();
        let (Some((a, one)), Some((b, other)), None) = (groups.next(), groups.next(), groups.next()) else {
            return;
        };
        let is_owned = |group: &Group<'_>| group.kinds.contains(&SymbolKind::Managed);
        let is_looked_up = |group: &Group<'_>| !is_owned(group) && group.kinds.contains(&SymbolKind::Data);
        let apart = self.cannot_be(one, other);
        if !apart && (is_owned(one) && is_looked_up(other) || is_looked_up(one) && is_owned(other)) {
            drop(groups);
            self.join(a, b, JoinReason::OnlyAccountInTree);
        }
    }

    /// Whether some name of the one cannot be a name of the other, whatever is not known of them.
    fn cannot_be(&self, one: &Group<'_>, other: &Group<'_>) -> bool {
        let names = |group: &Group<'_>| -> Vec<&Name> {
            group.members.iter().filter_map(|at| self.symbols[*at].1.name.as_ref()).collect()
        };
        let others = names(other);
        names(one).iter().any(|name| others.iter().any(|other| !name.may_be(other)))
    }

    /// One account that is looked up under a name that is not known, and instances of one block, in a tree that has no
    /// others: it may be any of them that could go by that name.
    fn any_instance(&self) -> Option<(usize, Vec<usize>)> {
        let (owned, looked_up): (Vec<_>, Vec<_>) =
            self.groups.iter().partition(|(_, group)| group.kinds.contains(&SymbolKind::Managed));
        let [(data, group)] = looked_up.as_slice() else { return None };
        let is_data = group.kinds.iter().all(|kind| *kind == SymbolKind::Data) && group.literals.is_empty();
        let owners = owned.iter().flat_map(|(_, group)| &group.members).map(|at| self.symbols[*at].0);
        let blocks: BTreeSet<Symbol> =
            owners.filter(|it| it.kind == SymbolKind::Managed).map(Symbol::of_all_instances).collect();
        let declared = group.declared.or(owned.iter().find_map(|(_, group)| group.declared));
        if !is_data || blocks.len() != 1 || declared.is_some() {
            return None;
        }
        let possible =
            owned.iter().filter(|(_, other)| !self.cannot_be(group, other)).map(|(at, _)| *at).collect();
        Some((*data, possible)).filter(|(_, possible): &(_, Vec<usize>)| !possible.is_empty())
    }

    fn accounts(mut self) -> (Vec<Account>, BTreeMap<Symbol, Vec<usize>>) {
        let mut joined: BTreeMap<usize, Vec<(Symbol, Symbol, JoinReason)>> = BTreeMap::new();
        for (a, b, reason) in std::mem::take(&mut self.joined) {
            let symbol = |at: usize| self.symbols[at].0.clone();
            joined.entry(self.groups.of(a)).or_default().push((symbol(a), symbol(b), reason));
        }
        let account =
            |(first, group)| (first, self.account(group, joined.remove(&first).unwrap_or_default()));
        let mut by_group: BTreeMap<usize, Account> = self.groups.iter().map(account).collect();
        if let Some((data, possible)) = self.any_instance()
            && let Some(data) = by_group.remove(&data)
        {
            let of_block = by_group.iter_mut().filter(|(at, _)| possible.contains(at));
            of_block.for_each(|(_, account)| account.may_be(&data));
        }
        let mut accounts: Vec<Account> = by_group.into_values().collect();
        accounts.sort_by(|a, b| a.key.cmp(&b.key));
        let mut index: BTreeMap<Symbol, Vec<usize>> = BTreeMap::new();
        for (at, account) in accounts.iter().enumerate() {
            account.symbols.iter().for_each(|symbol| index.entry(symbol.clone()).or_default().push(at));
        }
        (accounts, index)
    }

    fn account(&self, group: &Group<'_>, joined: Vec<(Symbol, Symbol, JoinReason)>) -> Account {
        let members: BTreeSet<usize> = group.members.iter().copied().collect();
        let symbols: Vec<Symbol> = members.into_iter().map(|member| self.symbols[member].0.clone()).collect();
        let first = symbols.iter().find(|symbol| symbol.kind == SymbolKind::Managed).or(symbols.first());
        let key = match (group.declared, group.literals.first()) {
            (Some(declared), _) => self.declared.accounts[declared].name.clone(),
            (None, Some(name)) => (*name).to_owned(),
            (None, None) => first.map(Symbol::to_string).unwrap_or_default(),
        };
        Account { key: AccountKey::new(&key), symbols, joined }
    }
}

fn copied(symbols: &[Named<'_>]) -> BTreeSet<String> {
    let mut folders: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for (symbol, known) in symbols {
        if let (SymbolKind::Managed, Some(name)) = (symbol.kind, &known.name)
            && name.as_literal().is_none()
        {
            folders.entry(name.to_string()).or_default().insert(&symbol.folder);
        }
    }
    folders.into_iter().filter(|(_, folders)| folders.len() > 1).map(|(text, _)| text).collect()
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
    // What is made for two instances of one block is not one account because both are spelt by one expression.
    let apart = a.0.kind == SymbolKind::Managed && a.0.of_all_instances() == b.0.of_all_instances();
    if apart && name.as_literal().is_none() {
        return None;
    }
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
mod tests;
