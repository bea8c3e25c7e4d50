//! Which accounts a symbol stands for.
//!
//! A block of a module that runs for several calls, and a block of which no instance is named, stand for several accounts
//! at once. What is read of such a symbol moves for all of them, so while reads are followed it counts as one account of
//! its own, with a number behind those of all accounts; in the end it is told of each account that it stands for.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::terraform::account::Symbol;
use crate::terraform::instance::Call;
use crate::terraform::reference::{OpaqueRead, Reference, TakesBoth};
use crate::terraform::runs::Runs;

pub(super) struct Standing<'f> {
    runs: Runs<'f>,
    /// By symbol: its accounts, as a rule one.
    index: BTreeMap<Symbol, Vec<usize>>,
    accounts: usize,
    /// Accounts that are meant together: the first of them has the number behind the last account.
    together: RefCell<Vec<BTreeSet<usize>>>,
    /// What was asked for before: a module's code may run hundreds of times.
    known: RefCell<BTreeMap<Symbol, Stood>>,
}

/// The account that a symbol counts for, and the symbols that it stands for.
type Stood = (Option<usize>, Rc<[Symbol]>);

impl<'f> Standing<'f> {
    pub(super) fn new(runs: Runs<'f>, index: BTreeMap<Symbol, Vec<usize>>, accounts: usize) -> Standing<'f> {
        Standing { runs, index, accounts, together: RefCell::default(), known: RefCell::default() }
    }

    /// The account that a symbol counts for, or the number of several.
    pub(super) fn account(&self, symbol: &Symbol) -> Option<usize> {
        self.stood(symbol).0
    }

    /// Whether that is the number of several accounts.
    pub(super) fn is_several(&self, account: usize) -> bool {
        account >= self.accounts
    }

    fn stood(&self, symbol: &Symbol) -> Stood {
        if let Some(known) = self.known.borrow().get(symbol) {
            return known.clone();
        }
        let symbols: Rc<[Symbol]> = self.runs.of(symbol).into();
        let stood = (self.account_of(&symbols), symbols);
        self.known.borrow_mut().insert(symbol.clone(), stood.clone());
        stood
    }

    /// The runs of a folder's code, where there are several.
    pub(super) fn runs_of(&self, folder: &str) -> Vec<Call> {
        self.runs.of_folder(folder).iter().flatten().cloned().collect()
    }

    fn account_of(&self, symbols: &[Symbol]) -> Option<usize> {
        let accounts: BTreeSet<usize> =
            symbols.iter().filter_map(|it| self.index.get(it)).flatten().copied().collect();
        let mut all = accounts.iter();
        let first = *all.next()?;
        if all.next().is_none() {
            return Some(first);
        }
        let mut together = self.together.borrow_mut();
        let at = together.iter().position(|known| *known == accounts).unwrap_or_else(|| {
            together.push(accounts);
            together.len() - 1
        });
        Some(self.accounts + at)
    }

    /// Every reference once for each account that it is read for, under the name that this has there.
    pub(super) fn references(&self, references: Vec<Reference>) -> Vec<Reference> {
        references.into_iter().flat_map(|reference| self.for_each(reference)).collect()
    }

    fn for_each(&self, reference: Reference) -> Vec<Reference> {
        let (_, symbols) = self.stood(&reference.symbol);
        let named = |account: usize| {
            let of_account = |it: &&Symbol| self.index.get(it).is_some_and(|of| of.contains(&account));
            let mut symbols = symbols.iter().filter(of_account);
            // Where several runs mean one account, none of them is the one.
            let only = symbols.next().filter(|_| symbols.next().is_none());
            let symbol = only.unwrap_or(&reference.symbol).clone();
            let runs = reference.runs.iter().map(|run| run.clone().made_as(&symbol)).collect();
            Reference { account, symbol, runs, ..reference.clone() }
        };
        self.accounts_of(reference.account).into_iter().map(named).collect()
    }

    /// The same for what is opaque.
    pub(super) fn opaque(&self, opaque: Vec<OpaqueRead>) -> Vec<OpaqueRead> {
        let for_each = |read: OpaqueRead| match read.account {
            Some(account) => {
                let of = |account| OpaqueRead { account: Some(account), ..read.clone() };
                self.accounts_of(account).into_iter().map(of).collect()
            }
            None => vec![read],
        };
        opaque.into_iter().flat_map(for_each).collect()
    }

    /// The same for what takes both keys.
    pub(super) fn both(&self, both: Vec<TakesBoth>) -> Vec<TakesBoth> {
        let for_each = |read: TakesBoth| {
            let accounts = self.accounts_of(read.account).into_iter();
            accounts.map(move |account| TakesBoth { account, ..read.clone() })
        };
        both.into_iter().flat_map(for_each).collect()
    }

    /// The accounts that a number stands for.
    pub(super) fn accounts_of(&self, account: usize) -> Vec<usize> {
        match account.checked_sub(self.accounts) {
            Some(at) => self.together.borrow().get(at).into_iter().flatten().copied().collect(),
            None => vec![account],
        }
    }
}
