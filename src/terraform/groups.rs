//! Symbols in groups that grow: what is known of each, and whether two may become one.

use std::collections::BTreeSet;

use super::account::Symbol;
use super::facts::SymbolKind;

/// What is known of a group.
#[derive(Clone, Debug, Default)]
pub struct Group<'n> {
    pub members: Vec<usize>,
    /// The names that its symbols spell.
    pub literals: BTreeSet<&'n str>,
    /// The first declared account that one of its symbols stands for, as an index.
    pub declared: Option<usize>,
    pub kinds: BTreeSet<SymbolKind>,
}

/// All groups, each known by its first member.
pub struct Groups<'n> {
    /// Towards the first member of the group.
    towards: Vec<usize>,
    groups: Vec<Group<'n>>,
}

impl<'n> Groups<'n> {
    /// Every symbol by itself, with the name that it spells and the account that it is declared for.
    pub fn new(symbols: impl Iterator<Item = (&'n Symbol, Option<&'n str>, Option<usize>)>) -> Groups<'n> {
        let group =
            |(at, (symbol, literal, declared)): (usize, (&Symbol, Option<&'n str>, Option<usize>))| Group {
                members: vec![at],
                literals: literal.into_iter().collect(),
                declared,
                kinds: BTreeSet::from([symbol.kind]),
            };
        let groups: Vec<Group<'n>> = symbols.enumerate().map(group).collect();
        Groups { towards: (0..groups.len()).collect(), groups }
    }

    /// The first member of a symbol's group.
    pub fn of(&mut self, mut symbol: usize) -> usize {
        while self.towards[symbol] != symbol {
            self.towards[symbol] = self.towards[self.towards[symbol]];
            symbol = self.towards[symbol];
        }
        symbol
    }

    /// Makes one group of two.
    pub fn unite(&mut self, a: usize, b: usize) {
        let (a, b) = (self.of(a), self.of(b));
        let (low, high) = (a.min(b), a.max(b));
        if low == high {
            return;
        }
        self.towards[high] = low;
        let Group { mut members, literals, declared, kinds } = std::mem::take(&mut self.groups[high]);
        let group = &mut self.groups[low];
        if members.len() > group.members.len() {
            std::mem::swap(&mut members, &mut group.members);
        }
        group.members.extend(members);
        group.literals.extend(literals);
        group.declared = group.declared.into_iter().chain(declared).min();
        group.kinds.extend(kinds);
    }

    /// Two known names that differ are two accounts, whatever else speaks for one; and so are two declared ones.
    pub fn are_compatible(&mut self, a: usize, b: usize) -> bool {
        let (a, b) = (self.of(a), self.of(b));
        let (a, b) = (&self.groups[a], &self.groups[b]);
        match (a.declared, b.declared) {
            (Some(a), Some(b)) => a == b,
            _ => a.literals.union(&b.literals).count() <= 1,
        }
    }

    /// Each group, its first member and what is known of it.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &Group<'n>)> {
        self.groups.iter().enumerate().filter(|(_, group)| !group.members.is_empty())
    }
}
