//! What is declared of a tree and cannot be: mirrors of one slot, patterns for nothing, one symbol for two accounts.

use std::collections::BTreeSet;
use std::ops::Range;

use super::account::{Account, Symbol};
use super::declared::{Declared, as_bound, is_meant};
use super::folders::Folders;
use super::reference::{Reference, Role};
use super::source::Source;
use crate::model::matches;

/// Everything that a person should hear about what is declared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Misfits {
    pub no_mirrors: Vec<NoMirror>,
    /// What is declared of nothing.
    pub unused: Vec<Unused>,
    /// The first of these; accounts cannot be told apart by what is declared.
    pub contested: Option<Contested>,
}

/// A mirror or a symbol that is declared of nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unused {
    /// In words.
    pub what: String,
    /// Where it is written: bytes of the declaring file.
    pub span: Range<usize>,
}

/// A reference at a declared mirror that is none: the other slot is read at no mirror, or it is one branch of a choice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoMirror {
    /// Index into the tree's references.
    pub reference: usize,
    /// As it is declared.
    pub mirror: String,
}

/// One symbol, or one name, for two accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Contested {
    Symbol {
        symbol: String,
        accounts: [String; 2],
    },
    /// An account that goes by the name of a declared one, which its symbols do not stand for.
    Name {
        name: String,
        symbols: Vec<String>,
    },
}

impl Misfits {
    pub(super) fn of(
        declared: &Declared,
        accounts: &[Account],
        references: &[Reference],
        folders: &Folders<'_>,
        sources: &[Source],
    ) -> Misfits {
        if declared.accounts.is_empty() && declared.mirrors.is_empty() {
            return Misfits::default();
        }
        let folder = |file: usize| sources[file].folder();
        let symbols = symbols(accounts, folders);
        Misfits {
            no_mirrors: declared.no_mirrors(references, folder),
            unused: declared.unused(references, folder, &symbols),
            contested: declared.contested(accounts).or_else(|| same_name(declared, accounts)),
        }
    }
}

/// The symbols of accounts, and what may come to be one.
fn symbols(accounts: &[Account], folders: &Folders<'_>) -> Vec<Symbol> {
    let blocks = folders.folders().flat_map(|folder| {
        folders.blocks(folder).filter_map(move |(_, block)| Symbol::of_block(folder, &block.words))
    });
    accounts.iter().flat_map(|account| account.symbols.iter().cloned()).chain(blocks).collect()
}

/// Two accounts under one name, of which one is declared and the other goes by it.
fn same_name(declared: &Declared, accounts: &[Account]) -> Option<Contested> {
    let mut pairs = accounts.windows(2).filter(|pair| pair[0].key == pair[1].key);
    let pair = pairs.next()?;
    let account = declared.accounts.iter().find(|account| account.name == pair[0].key.as_str())?;
    let stray = |it: &&Account| !it.symbols.iter().any(|symbol| declared.means(account, symbol));
    let symbols = pair.iter().find(stray)?.symbols.iter().map(Symbol::to_string).collect();
    Some(Contested::Name { name: account.name.clone(), symbols })
}

impl Declared {
    /// The references at mirrors that count as readers all the same.
    fn no_mirrors<'s>(&self, references: &[Reference], folder: impl Fn(usize) -> &'s str) -> Vec<NoMirror> {
        let counts =
            |reference: &Reference| matches!(reference.role, Role::Consumer | Role::Chosen | Role::Choice);
        let one = |(at, reference): (usize, &Reference)| {
            let mirror = self.mirror(folder(reference.file), &reference.binding)?;
            counts(reference).then(|| NoMirror { reference: at, mirror: mirror.clone() })
        };
        references.iter().enumerate().filter_map(one).collect()
    }

    /// What is declared of nothing in the tree. Nothing is said where the tree is only a part of what the file speaks
    /// of.
    fn unused<'s>(
        &self,
        references: &[Reference],
        folder: impl Fn(usize) -> &'s str,
        symbols: &[Symbol],
    ) -> Vec<Unused> {
        if self.partial || !self.root.is_empty() {
            return Vec::new();
        }
        let place = |it: &Reference| format!("{}:{}", folder(it.file), it.binding.join("."));
        let places: BTreeSet<String> = match self.mirrors.is_empty() {
            true => BTreeSet::new(),
            false => references.iter().map(place).collect(),
        };
        let nowhere = |mirror: &&String| !places.iter().any(|place| matches(&as_bound(mirror), place));
        let mirrors = self.mirrors.iter().filter(nowhere);
        let unused = |declared: &str, what| Unused { what, span: self.written.place(declared) };
        let mirrors = mirrors.map(|mirror| {
            unused(mirror, format!("the mirror `{mirror}` is no place at which a key is read"))
        });
        let accounts = self.accounts.iter().flat_map(|account| {
            let unknown = |pattern: &&String| !symbols.iter().any(|symbol| is_meant(pattern, symbol));
            account.symbols.iter().filter(unknown).map(|symbol| {
                let name = &account.name;
                unused(
                    symbol,
                    format!("the symbol `{symbol}` of the account {name} is not in this Terraform"),
                )
            })
        });
        mirrors.chain(accounts).collect()
    }

    /// The first symbol that two accounts claim.
    fn contested(&self, accounts: &[Account]) -> Option<Contested> {
        accounts.iter().flat_map(|account| &account.symbols).find_map(|symbol| {
            let mut claims = self.accounts.iter().filter(|account| self.means(account, symbol));
            let accounts = [claims.next()?.name.clone(), claims.next()?.name.clone()];
            Some(Contested::Symbol { symbol: symbol.to_string(), accounts })
        })
    }
}
