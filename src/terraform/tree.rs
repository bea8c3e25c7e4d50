//! A tree of Terraform files, read whole.

mod places;
mod reading;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use super::account::Account;
use super::chooser::Chooser;
use super::copied::Copied;
use super::declared::Declared;
use super::driven::Ground;
use super::facts::Block;
use super::flow::{Flow, flows};
use super::folders::Folders;
use super::links::Links;
use super::misfits::Misfits;
use super::parse::{ParseFailure, Parsed};
use super::reference::{OpaqueRead, Reference, Role, TakesBoth};
use super::source::Source;
use super::syntax::Syntax;
use super::template::Templates;
use super::terragrunt::{Configurations, Lost};
use crate::model::{Access, SlotUse};

/// A file that is no Terraform as far as keyslot can read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unparsed {
    pub file: usize,
    pub failure: ParseFailure,
}

/// `resource`, its type and its name.
const MAX_WORDS: usize = 3;

/// A file, or a folder, that could not be read, so that nobody knows what it says. Its source is empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnreadFile {
    pub file: usize,
    /// As the end of a sentence about the file.
    pub why: String,
}

/// What a tree of files says about the keys of Cosmos DB accounts.
#[derive(Clone, Debug)]
pub struct Tree {
    /// Put before paths that people see; empty, or with a slash at its end.
    root: String,
    /// By path. Files that cannot matter may be left out.
    pub sources: Vec<Source>,
    parsed: Vec<Parsed>,
    links: Links,
    templates: Templates,
    /// Of all files, those left out included.
    folders: BTreeSet<String>,
    /// How many files were read, those left out included.
    pub files: usize,
    pub unparsed: Vec<Unparsed>,
    pub unread: Vec<UnreadFile>,
    /// Folders of copies of modules that a tool installed, by path; what is below them was looked into for keys alone.
    pub copies: Vec<String>,
    /// Those of them that read keys.
    pub copied: Vec<Copied>,
    pub accounts: Vec<Account>,
    pub references: Vec<Reference>,
    pub opaque: Vec<OpaqueRead>,
    /// Places that take both keys of an account under their own names.
    pub both: Vec<TakesBoth>,
    /// Values that decide which slot is read.
    pub choosers: Vec<Chooser>,
    declared: Declared,
    /// What is declared of the tree and cannot be.
    pub misfits: Misfits,
    /// Accounts of which nobody can tell whether they are one, as pairs of their indexes.
    pub doubts: BTreeSet<(usize, usize)>,
    flows: OnceLock<Vec<Flow>>,
    /// Where a file's blocks are, by their words.
    named: OnceLock<BTreeMap<(usize, Vec<String>), usize>>,
}

impl Tree {
    /// Paths of files that templates of ARM were taken from.
    pub fn templates(&self) -> impl Iterator<Item = &str> {
        self.templates.paths()
    }

    /// Places that Terragrunt's files name and that were not found.
    pub fn lost(&self) -> BTreeSet<Lost> {
        let files = self.sources.iter().zip(&self.parsed).enumerate();
        let files = files.filter_map(|(file, (source, facts))| Some((file, source, facts.as_ref().ok()?)));
        let near = self.on_the_way();
        let read: BTreeSet<&str> = self.sources.iter().map(Source::path).collect();
        Configurations::of(files).lost(
            |path| read.contains(path),
            |folder| self.has_folder(folder),
            |file| near.contains(&file),
        )
    }

    /// What all folders say together.
    pub(super) fn folders(&self) -> Folders<'_> {
        Folders::new(&self.sources, &self.parsed, &self.folders)
    }

    /// What is asked about uses of values.
    pub(super) fn ground<'g>(&'g self, folders: &'g Folders<'g>) -> Ground<'g> {
        Ground::new(&self.sources, &self.parsed, folders, &self.references)
    }

    /// Where every reference's key ends, worked out when it is first asked for.
    pub fn flows(&self) -> &[Flow] {
        self.flows.get_or_init(|| flows(&self.sources, &self.parsed, &self.folders, &self.references))
    }

    /// Whether a file is a terragrunt configuration.
    pub fn is_terragrunt(&self, file: usize) -> bool {
        self.sources[file].syntax() == Syntax::Terragrunt
    }

    /// Whether the folder of a file is applied by itself: it sets up a provider, or terragrunt runs it.
    pub fn is_root_module(&self, file: usize) -> bool {
        let folder = self.sources[file].folder();
        self.blocks().any(|(file, block)| {
            let sets_up = block.words.first().is_some_and(|word| word == "provider");
            self.sources[file].folder() == folder && (sets_up || self.is_terragrunt(file))
        })
    }

    /// Whether Terraform files lie in a folder.
    pub fn has_folder(&self, folder: &str) -> bool {
        self.folders.contains(folder)
    }

    /// Files in which a key is read, or that it passes or ends in.
    pub fn on_the_way(&self) -> BTreeSet<usize> {
        let passed =
            self.flows().iter().flat_map(|flow| flow.hops.iter().map(|hop| hop.file).chain([flow.sink.file]));
        self.references.iter().map(|reference| reference.file).chain(passed).collect()
    }

    /// The blocks that rules may ask about, with their files.
    pub fn blocks(&self) -> impl Iterator<Item = (usize, &Block)> {
        let files = self.parsed.iter().enumerate();
        files.flat_map(|(file, facts)| {
            facts.iter().flat_map(move |facts| facts.blocks.iter().map(move |block| (file, block)))
        })
    }

    /// The block of a file that a value bound like this stands in.
    pub fn block_around(&self, file: usize, binding: &[String]) -> Option<&Block> {
        let named = self.named.get_or_init(|| {
            let mut named = BTreeMap::new();
            for (file, facts) in self.parsed.iter().enumerate() {
                for (at, block) in facts.iter().flat_map(|facts| facts.blocks.iter().enumerate()) {
                    named.entry((file, block.words.clone())).or_insert(at);
                }
            }
            named
        });
        let facts = self.parsed.get(file)?.as_ref().ok()?;
        let lengths = 1..=binding.len().min(MAX_WORDS);
        let at = lengths.rev().find_map(|length| named.get(&(file, binding[..length].to_vec())))?;
        facts.blocks.get(*at)
    }

    /// The references of one account that consume a key of this access.
    pub fn consumers(&self, account: usize, access: Access) -> impl Iterator<Item = &Reference> {
        self.references.iter().filter(move |reference| {
            let consumes = matches!(reference.role, Role::Consumer | Role::Chosen);
            reference.account == account && reference.access == access && consumes
        })
    }

    /// Opaque reads that may take a key of this account and access.
    pub fn opaque_for(&self, account: usize, access: Access) -> impl Iterator<Item = &OpaqueRead> {
        self.opaque.iter().filter(move |read| {
            read.account.is_none_or(|known| known == account)
                && read.access.is_none_or(|known| known == access)
        })
    }

    /// References between which a value at run time chooses.
    pub fn choices(&self, account: usize, access: Access) -> impl Iterator<Item = &Reference> {
        self.references.iter().filter(move |reference| {
            reference.account == account && reference.access == access && reference.role == Role::Choice
        })
    }

    /// References that only put both slots on offer.
    pub fn definitions(&self, account: usize, access: Access) -> impl Iterator<Item = &Reference> {
        self.references.iter().filter(move |reference| {
            reference.account == account && reference.access == access && reference.role == Role::Definition
        })
    }

    /// Whether there are files of which it is not known what they say.
    pub fn has_gaps(&self) -> bool {
        !self.unparsed.is_empty() || !self.unread.is_empty()
    }

    /// Which slot the account's consumers read. Unknown as soon as anything could say otherwise.
    pub fn slot_use(&self, account: usize, access: Access) -> SlotUse {
        let hidden = self.has_gaps()
            || self.opaque_for(account, access).next().is_some()
            || self.choices(account, access).next().is_some();
        if hidden {
            return SlotUse::Unknown;
        }
        let mut slots = self.consumers(account, access).map(|reference| reference.slot);
        match slots.next() {
            None => SlotUse::None,
            Some(first) if slots.all(|slot| slot == first) => SlotUse::Only(first),
            Some(_) => SlotUse::Mixed,
        }
    }

    /// The accounts that a person may mean by `text`.
    pub fn accounts_called(&self, text: &str) -> Vec<usize> {
        let exact = self.accounts.iter().position(|account| account.key.as_str() == text);
        match exact {
            Some(account) => vec![account],
            None => (0..self.accounts.len()).filter(|at| self.accounts[*at].answers_to(text)).collect(),
        }
    }
}
