//! A tree of Terraform files, read whole.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::OnceLock;

use super::account::Account;
use super::chooser::Chooser;
use super::copied::{Copied, copied};
use super::declared::Declared;
use super::driven::Ground;
use super::facts::Block;
use super::flow::{Flow, flows};
use super::folders::Folders;
use super::generated;
use super::glance::Glance;
use super::links::Links;
use super::misfits::Misfits;
use super::parse::{ParseFailure, Parsed, parse_all};
use super::paths::{climbed, is_outside};
use super::reading::{Failures, Glanced, Reading};
use super::reference::{OpaqueRead, Reference, Role, TakesBoth};
use super::resolve::{Resolved, resolve};
use super::source::{Position, Source};
use super::syntax::{Syntax, installed};
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
    /// Reads files given by their path from the tree's root, `/` between its parts, and their bytes: all of them,
    /// and whatever does not parse counts. Copies of modules that a tool installed are looked into for keys alone; of
    /// files that are no Terraform, only templates that a deployment names are read.
    pub fn read<P: AsRef<str>, B: AsRef<[u8]>>(files: &[(P, B)]) -> Tree {
        Tree::read_linked(files, Links::default())
    }

    /// The same of files among which links lead.
    pub fn read_linked<P: AsRef<str>, B: AsRef<[u8]>>(files: &[(P, B)], links: Links) -> Tree {
        let glanced = |copies: bool| {
            let files = files.iter().map(|(path, bytes)| (path.as_ref(), bytes.as_ref()));
            let meant = files
                .filter(move |(path, _)| Syntax::of(path).is_some() && installed(path).is_some() == copies);
            let glanced = |(path, bytes): (&str, &[u8])| Glanced {
                path: path.to_owned(),
                glance: Glance::of(path, bytes),
                bytes: Some(bytes.to_vec()),
            };
            meant.map(glanced).collect()
        };
        let mut reading = Reading::new(glanced(false), links, Failures::Every);
        // All bytes are there: nothing is left to look into.
        reading.looks();
        for path in reading.templates() {
            let file = files.iter().find(|(known, _)| known.as_ref() == path);
            file.into_iter()
                .for_each(|(_, bytes)| reading.take_template(path.clone(), bytes.as_ref().to_vec()));
        }
        let mut copies = Reading::new(glanced(true), Links::default(), Failures::ThatMatter);
        copies.looks();
        let copied = copied(&copies.finish(Vec::new()));
        let copies: BTreeSet<&str> = files.iter().filter_map(|(path, _)| installed(path.as_ref())).collect();
        reading.finish(Vec::new()).beside(copies.into_iter().map(str::to_owned).collect(), copied)
    }

    /// The same tree, with folders of copies that are no part of it, and those of them that read keys.
    pub fn beside(self, copies: Vec<String>, copied: Vec<Copied>) -> Tree {
        Tree { copies, copied, ..self }
    }

    /// The file that declares something about the tree, as people see it; empty where there is none.
    pub fn declared_in(&self) -> &str {
        &self.declared.file
    }

    /// Where a place of that file is, as people see it: `path:line:column`.
    pub fn declared_at(&self, span: &Range<usize>) -> String {
        let Position { line, column } = self.declaring_file().position(span.start);
        format!("{}:{line}:{column}", self.declared.file)
    }

    /// That file; without text where none is known.
    pub fn declaring_file(&self) -> Source {
        Source::new(&self.declared.file, Syntax::Native, self.declared.written.text.as_bytes())
    }

    /// The same files, with accounts and mirrors as a person declares them.
    pub fn declaring(self, declared: Declared) -> Tree {
        Tree { declared, ..self }.resolved()
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
        let mut tree = self.clone();
        for ((file, source), result) in files.into_iter().zip(new.clone()).zip(parse_all(&new, &self.links)) {
            tree.sources[file] = source;
            tree.parsed[file] = result;
            if let Ok(facts) = &mut tree.parsed[file] {
                self.templates.fill(tree.sources[file].folder(), facts);
            }
        }
        tree.resolved()
    }

    /// A tree of sources, by path, and what each of them says.
    pub(super) fn of_parts(
        sources: Vec<Source>,
        parsed: Vec<Parsed>,
        unread: Vec<UnreadFile>,
        folders: BTreeSet<String>,
        files: usize,
        links: Links,
    ) -> Tree {
        let tree = Tree {
            root: String::new(),
            sources,
            parsed,
            links,
            templates: Templates::default(),
            folders,
            files,
            unparsed: Vec::new(),
            unread,
            copies: Vec::new(),
            copied: Vec::new(),
            accounts: Vec::new(),
            references: Vec::new(),
            opaque: Vec::new(),
            both: Vec::new(),
            choosers: Vec::new(),
            declared: Declared::default(),
            misfits: Misfits::default(),
            doubts: BTreeSet::new(),
            flows: OnceLock::new(),
            named: OnceLock::new(),
        };
        tree.resolved()
    }

    /// The same, with the templates that were put into its facts.
    pub(super) fn with_templates(self, templates: Templates) -> Tree {
        Tree { templates, ..self }
    }

    /// Paths of files that templates of ARM were taken from.
    pub fn templates(&self) -> impl Iterator<Item = &str> {
        self.templates.paths()
    }

    fn resolved(mut self) -> Tree {
        let failed = |(file, parsed): (usize, &Parsed)| {
            parsed.as_ref().err().map(|failure| Unparsed { file, failure: failure.clone() })
        };
        self.unparsed = self.parsed.iter().enumerate().filter_map(failed).collect();
        let Resolved { accounts, references, mut opaque, both, choosers, misfits, doubts } =
            resolve(&self.sources, &self.parsed, &self.folders, &self.declared);
        opaque.extend(generated::reads(&self.sources, &self.parsed, &accounts));
        opaque.sort_by_key(|read| (read.file, read.span.start, read.account));
        let (flows, named) = (OnceLock::new(), OnceLock::new());
        Tree { accounts, references, opaque, both, choosers, misfits, doubts, flows, named, ..self }
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

    /// Where a reference's value goes, as declarations take it: `FOLDER:PLACE`. Folders start where those of the
    /// declarations do; without any, where paths that people see do.
    pub fn declared_place(&self, reference: &Reference) -> String {
        let root = if self.declared == Declared::default() { &self.root } else { &self.declared.root };
        let folder = self.sources[reference.file].folder();
        let parts = [root.trim_end_matches('/'), folder];
        let folder: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        format!("{}:{}", folder.join("/"), reference.binding.join("."))
    }

    /// A file's path as people see it.
    pub fn shown(&self, file: usize) -> String {
        self.shown_path(self.sources[file].path())
    }

    /// Whether a file was read for what others do with it, and is not edited.
    pub fn is_beside(&self, path: &str) -> bool {
        self.links.is_beside(path)
    }

    /// The file with this path within the tree.
    pub fn file_at(&self, path: &str) -> Option<usize> {
        self.sources.iter().position(|source| source.path() == path)
    }

    /// The same for a path within the tree.
    pub fn shown_path(&self, path: &str) -> String {
        if !is_outside(path) {
            return format!("{}{path}", self.root);
        }
        // The root of the file system stays where it is.
        let top = if self.root.starts_with('/') { "/" } else { "" };
        format!("{top}{}", climbed(&self.root, path))
    }

    /// `path:line:column`, for messages.
    pub fn place(&self, file: usize, offset: usize) -> String {
        let position = self.sources[file].position(offset);
        format!("{}:{}:{}", self.shown(file), position.line, position.column)
    }
}
