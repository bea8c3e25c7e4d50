//! A tree beside the same tree at another git revision: rules that no tree alone can break.
//!
//! What is found stands in the tree at hand; the other one is named in the message, as git writes it:
//! `main:path/to/file.tf:3:7`.

use std::collections::BTreeSet;

use super::finding::Place;
use super::rule::Rule;
use super::rules::{branches_disagree, write_only_version_not_raised};
use crate::terraform::{Account, Reference, Symbol, Tree};

/// The other tree.
#[derive(Clone, Debug)]
pub struct There {
    pub tree: Tree,
    /// As it was asked for: `main`, `HEAD~1`, a tag.
    pub revision: String,
    /// Its folders in which there is no Terraform any more: what was in them may stand elsewhere now.
    pub gone: BTreeSet<String>,
    /// Whether the folder at hand was not there, so that this is the whole repository and no folder is the same.
    pub moved: bool,
}

impl There {
    /// The same folder at another revision.
    pub fn new(tree: Tree, revision: &str) -> There {
        There { tree, revision: revision.to_owned(), gone: BTreeSet::new(), moved: false }
    }

    /// Where a reference of this tree stands.
    pub fn place(&self, reference: &Reference) -> String {
        self.place_of(reference.file, reference.span.start)
    }

    /// A place of this tree, as `revision:path:line:column`.
    pub fn place_of(&self, file: usize, offset: usize) -> String {
        format!("{}:{}", self.revision, self.tree.place(file, offset))
    }

    /// Which account of this tree is that account of the tree at hand: the one of the same name, one that shares a
    /// symbol with it, or the only one that was called the same in a folder that was renamed since.
    pub fn same_account(&self, here: &Account) -> Option<usize> {
        let accounts = &self.tree.accounts;
        // A symbol's text tells nothing where folders are counted from elsewhere.
        let is_symbol = here.symbols.iter().any(|symbol| symbol.to_string() == here.key.as_str());
        let named = accounts.iter().position(|account| account.key == here.key);
        let shares = |account: &Account| account.symbols.iter().any(|symbol| here.symbols.contains(symbol));
        let by_name = named.filter(|_| !(self.moved && is_symbol));
        let by_symbol = || accounts.iter().position(shares).filter(|_| !self.moved);
        by_name.or_else(by_symbol).or_else(|| self.renamed(here))
    }

    /// Of several, the one whose folder ends in the most equal parts.
    fn renamed(&self, here: &Account) -> Option<usize> {
        let new = |symbol: &&Symbol| self.moved || !self.tree.has_folder(&symbol.folder);
        let likeness = |account: &Account| {
            let pairs = here.symbols.iter().filter(new).flat_map(|symbol| {
                let same = |there: &&Symbol| {
                    self.gone.contains(&there.folder)
                        && (there.kind, there.name.as_str()) == (symbol.kind, symbol.name.as_str())
                };
                account.symbols.iter().filter(same).map(|there| equal_end(&symbol.folder, &there.folder))
            });
            pairs.max()
        };
        let mut like: Vec<(usize, usize)> = self
            .tree
            .accounts
            .iter()
            .enumerate()
            .filter_map(|(at, account)| Some((likeness(account)?, at)))
            .collect();
        like.sort_unstable();
        match like.as_slice() {
            [(_, only)] => Some(*only),
            [.., (second, _), (most, at)] if most > second => Some(*at),
            _ => None,
        }
    }
}

fn equal_end(a: &str, b: &str) -> usize {
    a.rsplit('/').zip(b.rsplit('/')).take_while(|(a, b)| a == b).count()
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

#[cfg(test)]
mod tests {
    use super::*;

    fn read(slot: &str) -> String {
        format!("locals {{\n  key = azurerm_cosmosdb_account.main.{slot}_key\n}}\n")
    }

    fn disagree(here: &[&str], there: &[&str], gone: &[&str], moved: bool) -> usize {
        let files = |folders: &[&str], slot| -> Vec<(String, String)> {
            folders
                .iter()
                .map(|folder| (format!("{folder}/a.tf").trim_start_matches('/').to_owned(), read(slot)))
                .collect()
        };
        let there = There {
            gone: gone.iter().map(|folder| (*folder).to_owned()).collect(),
            moved,
            ..There::new(Tree::read(&files(there, "primary")), "main")
        };
        compare(&Tree::read(&files(here, "secondary")), &there).len()
    }

    #[test]
    fn a_folder_that_was_renamed_is_compared_with_what_it_was() {
        assert_eq!(disagree(&["live"], &["infra"], &["infra"], false), 1);
        assert_eq!(
            disagree(&["live"], &["infra"], &[], false),
            0,
            "it is there still: a copy is another account"
        );
        assert_eq!(disagree(&[""], &["infra"], &["infra"], true), 1);
        assert_eq!(disagree(&[""], &["", "infra"], &["infra"], true), 1, "the top is another folder");
    }

    #[test]
    fn of_several_folders_the_one_of_the_same_end_is_meant() {
        let there = ["infra/dev", "infra/prod"];
        assert_eq!(disagree(&["live/dev", "live/prod"], &there, &there, false), 2);
        assert_eq!(disagree(&["live"], &there, &there, false), 0, "nobody knows which");
    }
}
