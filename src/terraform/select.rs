//! Which account is meant: by name, or because it is the only one. The name of a block means all of its instances and runs.

use std::collections::BTreeSet;

use super::account::Symbol;
use super::allowed::AllowedOpaque;
use super::hindrance::gaps;
use super::reference::{OpaqueRead, Reference, Role};
use super::refusal::Refusal;
use super::tree::Tree;
use crate::model::Access;

/// The account that is meant. Without a name: the only one whose keys of this access are read, or the only one.
pub fn select(tree: &Tree, named: Option<&str>, access: Access) -> Result<usize, Vec<Refusal>> {
    let all: Vec<usize> = (0..tree.accounts.len()).collect();
    let names = |accounts: &[usize]| accounts.iter().map(|at| tree.accounts[*at].key.to_string()).collect();
    let candidates = match named {
        Some(name) => {
            let called = tree.accounts_called(name);
            if called.is_empty() {
                let unknown = Refusal::UnknownAccount { named: name.to_owned(), accounts: names(&all) };
                // What cannot be read may be where the account is.
                return Err(gaps(tree).into_iter().chain([unknown]).collect());
            }
            called
        }
        None => {
            let read: Vec<usize> = all.iter().copied().filter(|at| is_read(tree, *at, access)).collect();
            if read.is_empty() { all } else { read }
        }
    };
    match candidates.as_slice() {
        [] => Err(no_account(tree)),
        [only] => Ok(*only),
        several => Err(vec![Refusal::SeveralAccounts { accounts: names(several) }]),
    }
}

/// The accounts that are meant: the one of this name, or all that a block of this name stands for.
pub fn select_all(tree: &Tree, named: &str, access: Access) -> Result<Vec<usize>, Vec<Refusal>> {
    let called = tree.accounts_called(named);
    let symbols = called.iter().flat_map(|at| &tree.accounts[*at].symbols);
    let blocks: BTreeSet<Symbol> = symbols.filter(|it| it.is_called(named)).map(Symbol::block).collect();
    match (called.len(), blocks.len()) {
        (2.., 1) => Ok(called),
        _ => select(tree, Some(named), access).map(|account| vec![account]),
    }
}

/// Every account of which a key of this access is read, or may be where it cannot be told and nobody vouches for the place;
/// where there is none, every account, so that it is said of each why nothing moves.
pub fn every(tree: &Tree, access: Access, allowed: &AllowedOpaque) -> Result<Vec<usize>, Vec<Refusal>> {
    let all = 0..tree.accounts.len();
    let vouched_for = |read: &OpaqueRead| allowed.allows(&tree.place(read.file, read.span.start));
    let consumed = |at: &usize| {
        tree.consumers(*at, access).next().is_some()
            || tree.choices(*at, access).next().is_some()
            || tree.opaque.iter().any(|read| is_of(read, *at, access) && !vouched_for(read))
    };
    let read: Vec<usize> = all.clone().filter(consumed).collect();
    match (read.is_empty(), tree.accounts.is_empty()) {
        (_, true) => Err(no_account(tree)),
        (true, false) => Ok(all.collect()),
        (false, false) => Ok(read),
    }
}

fn is_of(read: &OpaqueRead, account: usize, access: Access) -> bool {
    read.account == Some(account) && read.access.is_none_or(|of| of == access)
}

/// Why there is no account: nobody can say so of a tree that is not known as a whole.
pub fn no_account(tree: &Tree) -> Vec<Refusal> {
    let gaps = gaps(tree);
    if gaps.is_empty() { vec![Refusal::NoAccount] } else { gaps }
}

fn is_read(tree: &Tree, account: usize, access: Access) -> bool {
    let refers = |reference: &Reference| {
        reference.account == account
            && reference.access == access
            && !matches!(reference.role, Role::Relay | Role::Tested)
    };
    tree.references.iter().any(refers) || tree.opaque.iter().any(|read| read.account == Some(account))
}
