//! A tree of Terraform files, read whole.

use std::sync::OnceLock;

use super::account::{Account, Declared};
use super::chooser::Chooser;
use super::facts::Block;
use super::flow::{Flow, flows};
use super::parse::{ParseFailure, Parsed, parse_all};
use super::reference::{OpaqueRead, Reference, Role};
use super::resolve::{Resolved, resolve};
use super::source::{Source, Syntax};
use crate::model::{Access, SlotUse};

/// A file that is no Terraform as far as keyslot can read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unparsed {
    pub file: usize,
    pub failure: ParseFailure,
}

/// What a tree of files says about the keys of Cosmos DB accounts.
#[derive(Clone, Debug)]
pub struct Tree {
    /// Put before paths that people see; empty, or with a slash at its end.
    root: String,
    /// By path.
    pub sources: Vec<Source>,
    parsed: Vec<Parsed>,
    pub unparsed: Vec<Unparsed>,
    pub accounts: Vec<Account>,
    pub references: Vec<Reference>,
    pub opaque: Vec<OpaqueRead>,
    /// Values that decide which slot is read.
    pub choosers: Vec<Chooser>,
    declared: Declared,
    flows: OnceLock<Vec<Flow>>,
}

impl Tree {
    /// Reads files given by their path from the tree's root, `/` between its parts, and their bytes. Files that
    /// are no Terraform, and copies of modules below `.terraform/`, are passed over.
    pub fn read<P: AsRef<str>, B: AsRef<[u8]>>(files: &[(P, B)]) -> Tree {
        let mut sources: Vec<Source> = files
            .iter()
            .filter_map(|(path, bytes)| {
                let path = path.as_ref();
                let syntax = Syntax::of(path)?;
                let installed = path.split('/').any(|part| part == ".terraform");
                (!installed).then(|| Source::new(path, syntax, bytes.as_ref()))
            })
            .collect();
        sources.sort_by(|a, b| a.path().cmp(b.path()));
        let parsed = parse_all(&sources);
        Tree::of(String::new(), sources, parsed, Declared::default())
    }

    /// The same files, with accounts and mirrors as a person declares them.
    pub fn declaring(self, declared: Declared) -> Tree {
        Tree::of(self.root, self.sources, self.parsed, declared)
    }

    /// The same, with paths shown as they are seen from another folder.
    pub fn shown_under(mut self, root: &str) -> Tree {
        self.root = match root {
            "" => String::new(),
            root if root.ends_with('/') => root.to_owned(),
            root => format!("{root}/"),
        };
        self
    }

    /// The same tree with some files changed; only these are parsed.
    pub fn with(&self, changed: &[(String, Vec<u8>)]) -> Tree {
        let new: Vec<(usize, Source)> = self
            .sources
            .iter()
            .enumerate()
            .filter_map(|(file, source)| {
                let (path, bytes) = changed.iter().find(|(path, _)| path == source.path())?;
                Some((file, Source::new(path, source.syntax(), bytes)))
            })
            .collect();
        let (files, new): (Vec<usize>, Vec<Source>) = new.into_iter().unzip();
        let mut sources = self.sources.clone();
        let mut parsed = self.parsed.clone();
        for ((file, source), result) in files.into_iter().zip(new.clone()).zip(parse_all(&new)) {
            sources[file] = source;
            parsed[file] = result;
        }
        Tree::of(self.root.clone(), sources, parsed, self.declared.clone())
    }

    fn of(root: String, sources: Vec<Source>, parsed: Vec<Parsed>, declared: Declared) -> Tree {
        let unparsed = parsed
            .iter()
            .enumerate()
            .filter_map(|(file, parsed)| {
                parsed.as_ref().err().map(|failure| Unparsed { file, failure: failure.clone() })
            })
            .collect();
        let Resolved { accounts, references, opaque, choosers } = resolve(&sources, &parsed, &declared);
        let flows = OnceLock::new();
        Tree { root, sources, parsed, unparsed, accounts, references, opaque, choosers, declared, flows }
    }

    /// Where every reference's key ends, worked out when it is first asked for.
    pub fn flows(&self) -> &[Flow] {
        self.flows.get_or_init(|| flows(&self.sources, &self.parsed, &self.references))
    }

    /// Whether a file is a terragrunt configuration.
    pub fn is_terragrunt(&self, file: usize) -> bool {
        self.sources[file].syntax() == Syntax::Terragrunt
    }

    /// Whether the folder of a file is applied by itself: it sets up a provider, or has values for its variables.
    pub fn is_root_module(&self, file: usize) -> bool {
        let folder = self.sources[file].folder();
        let variables = |file: usize| {
            matches!(
                self.sources[file].syntax(),
                Syntax::Variables | Syntax::VariablesJson | Syntax::Terragrunt
            )
        };
        self.blocks().any(|(file, block)| {
            let sets_up = block.words.first().is_some_and(|word| word == "provider");
            self.sources[file].folder() == folder && (sets_up || variables(file))
        })
    }

    /// The blocks that rules may ask about, with their files.
    pub fn blocks(&self) -> impl Iterator<Item = (usize, &Block)> {
        let files = self.parsed.iter().enumerate();
        files.flat_map(|(file, facts)| {
            facts.iter().flat_map(move |facts| facts.blocks.iter().map(move |block| (file, block)))
        })
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

    /// Which slot the account's consumers read. Unknown as soon as anything could say otherwise.
    pub fn slot_use(&self, account: usize, access: Access) -> SlotUse {
        let hidden = !self.unparsed.is_empty()
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

    /// A file's path as people see it.
    pub fn shown(&self, file: usize) -> String {
        self.shown_path(self.sources[file].path())
    }

    /// The same for a path within the tree.
    pub fn shown_path(&self, path: &str) -> String {
        format!("{}{path}", self.root)
    }

    /// `path:line:column`, for messages.
    pub fn place(&self, file: usize, offset: usize) -> String {
        let position = self.sources[file].position(offset);
        format!("{}:{}:{}", self.shown(file), position.line, position.column)
    }
}
