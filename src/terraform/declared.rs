//! What people declare about a tree because the code alone does not tell it: accounts with several names, and places
//! that read both slots on purpose. Where declarations are written is not known here.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::account::Symbol;
use super::instance::Instance;
use super::reference::{Reference, Role};
use crate::model::matches;

/// An account as a person declares it: its name, and the symbols that stand for it. `*` stands for any text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeclaredAccount {
    pub name: String,
    pub symbols: Vec<String>,
}

/// What a person declares about a tree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Declared {
    pub accounts: Vec<DeclaredAccount>,
    /// Places that read both slots on purpose, as `FOLDER:PLACE`, the place as `keyslot check` names it after “in”.
    pub mirrors: Vec<String>,
    /// The tree's root, as folders in patterns are written; empty where they start at it.
    pub root: String,
    /// The file that declares it, as people see it.
    pub file: String,
    pub written: Written,
    /// Whether the tree is only a part of what the file speaks of.
    pub partial: bool,
}

/// What the file says, and where: empty where nobody cares.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    pub text: String,
    /// By mirror and by symbol, as they are written: bytes of the text, without quotes.
    pub places: BTreeMap<String, Range<usize>>,
}

impl Written {
    pub(super) fn place(&self, declared: &str) -> Range<usize> {
        self.places.get(declared).cloned().unwrap_or_default()
    }
}

impl Declared {
    /// The declared mirror that a value bound like this stands at.
    pub(super) fn mirror(&self, folder: &str, binding: &[String]) -> Option<&String> {
        if self.mirrors.is_empty() {
            return None;
        }
        let place = format!("{}:{}", self.folder(folder), binding.join("."));
        self.mirrors.iter().find(|pattern| matches(&as_bound(pattern), &place))
    }

    /// The references at mirrors at which the other slot of the same keys is read too. A mirror of one slot alone is
    /// a consumer like any other, whatever is declared of it.
    pub(super) fn mirrored<'s>(
        &self,
        references: &[Reference],
        folder: impl Fn(usize) -> &'s str,
    ) -> Vec<usize> {
        let offers = |reference: &Reference| {
            let role = matches!(reference.role, Role::Consumer | Role::Definition);
            role && self.mirror(folder(reference.file), &reference.binding).is_some()
        };
        let at_mirrors: Vec<usize> = (0..references.len()).filter(|at| offers(&references[*at])).collect();
        let key = |reference: &Reference, slot| (reference.account, reference.access, slot);
        let within = |reference: &Reference| (folder(reference.file), block_of(&reference.binding).to_vec());
        let read: BTreeSet<_> =
            at_mirrors.iter().map(|at| key(&references[*at], references[*at].slot)).collect();
        let here: BTreeSet<_> = at_mirrors
            .iter()
            .map(|at| (within(&references[*at]), key(&references[*at], references[*at].slot)))
            .collect();
        let both = |at: &usize| {
            let reference = &references[*at];
            let other = key(reference, reference.slot.other());
            // A pattern that may mean many places speaks of those that read both, each by itself.
            let named = self.mirror(folder(reference.file), &reference.binding);
            let place =
                named.map(|pattern| pattern.rsplit_once(':').map_or(pattern.as_str(), |(_, place)| place));
            match place.is_some_and(|place| place.contains('*')) {
                true => here.contains(&(within(reference), other)),
                false => read.contains(&other),
            }
        };
        at_mirrors.into_iter().filter(both).collect()
    }

    fn folder(&self, folder: &str) -> String {
        match (self.root.is_empty(), folder.is_empty()) {
            (true, _) => folder.to_owned(),
            (false, true) => self.root.clone(),
            (false, false) => format!("{}/{folder}", self.root),
        }
    }

    /// The instances of a symbol's block that are declared one by one.
    pub(super) fn instances(&self, symbol: &Symbol) -> Vec<Instance> {
        let symbol = Symbol { folder: self.folder(&symbol.folder), ..symbol.clone() };
        let patterns = self.accounts.iter().flat_map(|account| &account.symbols);
        let named = patterns.filter_map(|pattern| {
            let (block, index) = pattern.strip_suffix(']')?.rsplit_once('[')?;
            let key = index.strip_prefix('"').and_then(|key| key.strip_suffix('"'));
            let instance = match key {
                Some(key) => Instance::Key(key.to_owned()),
                None => Instance::Index(index.parse().ok()?),
            };
            is_meant(block, &symbol).then_some(instance)
        });
        named.collect()
    }

    /// Whether a symbol stands for a declared account.
    pub(super) fn means(&self, account: &DeclaredAccount, symbol: &Symbol) -> bool {
        account.means(&Symbol { folder: self.folder(&symbol.folder), ..symbol.clone() })
    }
}

impl DeclaredAccount {
    fn means(&self, symbol: &Symbol) -> bool {
        self.symbols.iter().any(|pattern| is_meant(pattern, symbol))
    }
}

/// The words of the block, or of the local value, that a value stands in.
fn block_of(binding: &[String]) -> &[String] {
    let words = match binding.first().map(String::as_str) {
        Some("resource" | "data" | "ephemeral") => 3,
        Some("module" | "locals") => 2,
        _ => 1,
    };
    &binding[..words.min(binding.len())]
}

/// Whether a symbol is as a pattern says, with or without its folder. A block that is named without an instance means
/// all of its instances.
pub fn is_meant(pattern: &str, symbol: &Symbol) -> bool {
    symbol.names().iter().any(|name| matches(pattern, name))
}

/// A place as it is bound: local values are read as `local` and bound in `locals`.
pub fn as_bound(mirror: &str) -> Cow<'_, str> {
    match mirror.split_once(":local.") {
        Some((folder, name)) => Cow::Owned(format!("{folder}:locals.{name}")),
        None => Cow::Borrowed(mirror),
    }
}
