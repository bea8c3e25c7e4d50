//! Accounts that stand for no account of their own: a block of a module that runs for several calls is a pattern, and each
//! call makes an account of it.
//!
//! What is read within such a module counts for the pattern, for it moves for all of its calls at once. Where the module
//! only puts its keys on offer, or does nothing with them, the pattern is nobody's account: what it offers is said of each
//! of those that are made by it.

use std::collections::{BTreeMap, BTreeSet};

use crate::terraform::account::{Account, Symbol};
use crate::terraform::folders::Folders;
use crate::terraform::reference::{OpaqueRead, Reference, Role};

/// Takes out the patterns of which nothing is read.
pub(super) fn without_patterns(
    accounts: Vec<Account>,
    index: &BTreeMap<Symbol, usize>,
    folders: &Folders<'_>,
    references: &mut Vec<Reference>,
    opaque: &mut [OpaqueRead],
) -> Vec<Account> {
    let is_pattern = |symbol: &Symbol| symbol.call.is_none() && folders.is_shared(&symbol.folder);
    let reads = |role| matches!(role, Role::Consumer | Role::Chosen | Role::Choice);
    let read: BTreeSet<usize> = references
        .iter()
        .filter(|reference| reads(reference.role))
        .map(|reference| reference.account)
        .chain(opaque.iter().filter_map(|read| read.account))
        .collect();
    let gone: BTreeSet<usize> = (0..accounts.len())
        .filter(|at| !read.contains(at) && accounts[*at].symbols.iter().all(is_pattern))
        .collect();
    if gone.is_empty() {
        return accounts;
    }
    *references = std::mem::take(references)
        .into_iter()
        .flat_map(|it| if gone.contains(&it.account) { of_calls(it, index, folders) } else { vec![it] })
        .collect();
    let stays: Vec<usize> = (0..accounts.len()).filter(|at| !gone.contains(at)).collect();
    let renumbered = |account: usize| stays.partition_point(|stays| *stays < account);
    references.iter_mut().for_each(|it| it.account = renumbered(it.account));
    opaque.iter_mut().for_each(|it| it.account = it.account.map(renumbered));
    accounts
        .into_iter()
        .enumerate()
        .filter(|(at, _)| !gone.contains(at))
        .map(|(_, account)| account)
        .collect()
}

/// The same reference for the account of each call, each account once.
fn of_calls(reference: Reference, index: &BTreeMap<Symbol, usize>, folders: &Folders<'_>) -> Vec<Reference> {
    let mut accounts = BTreeSet::new();
    let calls = folders.callers(&reference.symbol.folder).iter();
    let of_call = |call: &crate::terraform::folders::Call| {
        let symbol = Symbol { call: Some(call.clone()), ..reference.symbol.clone() };
        let account = *index.get(&symbol)?;
        accounts.insert(account).then(|| Reference { account, symbol, ..reference.clone() })
    };
    calls.filter_map(of_call).collect()
}
