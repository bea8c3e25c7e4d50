//! Accounts of which nobody can tell whether they are one: a module looks an account up, several folders call it, and
//! the code spells no name for any of them.

use std::collections::{BTreeMap, BTreeSet};

use super::account::Symbol;
use super::declared::Declared;
use super::facts::SymbolKind;
use super::identity::{Known, Naming};
use super::naming::Name;

/// Runs of one module that are compared with each other. More of them are no code that people call by hand.
const MAX_RUNS: usize = 64;

/// Pairs of accounts that may be one, as indexes, each once. What a person declared is no doubt.
pub fn doubts(
    naming: &Naming,
    index: &BTreeMap<Symbol, Vec<usize>>,
    declared: &Declared,
) -> BTreeSet<(usize, usize)> {
    let mut runs: BTreeMap<Symbol, Vec<(&Symbol, &Known)>> = BTreeMap::new();
    let is_declared =
        |symbol: &Symbol| declared.accounts.iter().any(|account| declared.means(account, symbol));
    for (symbol, known) in naming.iter().filter(|(symbol, known)| is_unspelt(symbol, known)) {
        if !is_declared(symbol) {
            runs.entry(symbol.block()).or_default().push((symbol, known));
        }
    }
    let account = |symbol: &Symbol| index.get(symbol).and_then(|accounts| accounts.first().copied());
    let mut doubts = BTreeSet::new();
    for runs in runs.values().filter(|runs| runs.len() <= MAX_RUNS) {
        for (at, (one, known)) in runs.iter().enumerate() {
            let others =
                runs[at + 1..].iter().filter(|(other, unknown)| may_be_one((one, known), (other, unknown)));
            let pairs = others.filter_map(|(other, _)| account(one).zip(account(other)));
            doubts.extend(pairs.filter(|(a, b)| a != b).map(|(a, b)| (a.min(b), a.max(b))));
        }
    }
    doubts
}

/// What a module creates is another account in every run.
fn is_unspelt(symbol: &Symbol, known: &Known) -> bool {
    symbol.kind == SymbolKind::Data
        && symbol.call.is_some()
        && known.same_as.is_none()
        && known.name.as_ref().and_then(Name::as_literal).is_none()
}

fn may_be_one(one: (&Symbol, &Known), other: (&Symbol, &Known)) -> bool {
    let apart = |(a, b): (&Name, &Name)| a.differs(b);
    root(one.0) != root(other.0) && !one.1.name.as_ref().zip(other.1.name.as_ref()).is_some_and(apart)
}

/// The folder whose code begins the run.
fn root(symbol: &Symbol) -> Option<&str> {
    let mut call = symbol.call.as_ref()?;
    while let Some(caller) = call.caller() {
        call = caller;
    }
    Some(&call.folder)
}
