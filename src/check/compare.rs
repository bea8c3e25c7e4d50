//! A tree beside the same tree at another git revision: rules that no tree alone can break.
//!
//! What is found stands in the tree at hand; the other one is named in the message, as git writes it:
//! `main:path/to/file.tf:3:7`.

use super::finding::Place;
use super::rule::Rule;
use super::rules::{branches_disagree, write_only_version_not_raised};
use crate::terraform::{Account, Reference, Tree};

/// The other tree.
#[derive(Clone, Debug)]
pub struct There {
    pub tree: Tree,
    /// As it was asked for: `main`, `HEAD~1`, a tag.
    pub revision: String,
}

impl There {
    /// Where a reference of this tree stands.
    pub fn place(&self, reference: &Reference) -> String {
        self.place_of(reference.file, reference.span.start)
    }

    /// A place of this tree, as `revision:path:line:column`.
    pub fn place_of(&self, file: usize, offset: usize) -> String {
        format!("{}:{}", self.revision, self.tree.place(file, offset))
    }

    /// Which account of this tree is that account of the tree at hand: the one of the same name, or one that shares
    /// a symbol with it.
    pub fn same_account(&self, here: &Account) -> Option<usize> {
        let named = self.tree.accounts.iter().position(|account| account.key == here.key);
        let shares = |account: &Account| account.symbols.iter().any(|symbol| here.symbols.contains(symbol));
        named.or_else(|| self.tree.accounts.iter().position(shares))
    }
}

type Compare = fn(&Tree, &There) -> Vec<Place>;

const RULES: &[(&Rule, Compare)] = &[
    (&branches_disagree::RULE, branches_disagree::compare),
    (&write_only_version_not_raised::RULE, write_only_version_not_raised::compare),
];

/// Runs every rule over two trees; for [`super::check_with`].
pub fn compare(here: &Tree, there: &There) -> Vec<(&'static Rule, Place)> {
    RULES
        .iter()
        .flat_map(|(rule, compare)| compare(here, there).into_iter().map(move |place| (*rule, place)))
        .collect()
}
