//! How a tree is read: anew, with other files, with what is declared about it.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::OnceLock;

use super::super::copied::{Copied, copied};
use super::super::declared::Declared;
use super::super::generated;
use super::super::glance::Glance;
use super::super::links::Links;
use super::super::misfits::Misfits;
use super::super::parse::{Parsed, parse_all};
use super::super::reading::{Failures, Glanced, Reading};
use super::super::resolve::{Resolved, resolve};
use super::super::source::{Position, Source};
use super::super::syntax::{Syntax, installed};
use super::super::template::Templates;
use super::{Tree, Unparsed, UnreadFile};

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
    pub(in crate::terraform) fn of_parts(
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
    pub(in crate::terraform) fn with_templates(self, templates: Templates) -> Tree {
        Tree { templates, ..self }
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
}
