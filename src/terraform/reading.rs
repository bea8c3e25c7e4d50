//! Reading a tree of which only the files that matter are parsed.
//!
//! Knows every file by its [`Glance`] and decides, round by round, which of them must be seen; somebody else
//! brings the bytes. Every file may be handed over at once as well: the tree says the same, which is the promise
//! that this module is about. It has one exception, made on purpose and the same either way: a file that does not
//! parse counts if it could matter or if its brackets and quotes do not add up (see [`Failures`]).

use std::collections::BTreeMap;

use super::demand::{Ask, Demand};
use super::facts::Facts;
use super::glance::{Glance, Waypoint};
use super::links::Links;
use super::parse::{Parsed, parse_all};
use super::source::Source;
use super::syntax::{Syntax, folder_of, must_be_named, name_of};
use super::tree::{Tree, UnreadFile};
use super::words::holds_all;

/// A file as it was found.
pub struct Glanced {
    /// From the tree's root, `/` between its parts.
    pub path: String,
    pub glance: Glance,
    /// Absent where the file may be passed over for now.
    pub bytes: Option<Vec<u8>>,
}

/// Which files that do not parse count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failures {
    /// All of them.
    Every,
    /// Those that could matter, and those whose brackets and quotes do not add up. The others hold no word that
    /// leads to a key, so no correction that adds none would make them read one.
    ThatMatter,
}

/// A file that has to be looked into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// Index into the files given.
    pub file: usize,
    /// The file is wanted if it holds all words of any of these.
    any_of: Vec<Vec<String>>,
}

impl Look {
    pub fn is_wanted(&self, bytes: &[u8]) -> bool {
        self.any_of.iter().any(|words| holds_all(bytes, words))
    }
}

struct Entry {
    path: String,
    adds_up: bool,
    waypoints: Vec<Waypoint>,
    /// Whether it is among the files that matter; they alone ask for others.
    matters: bool,
    /// Index into the sources.
    source: Option<usize>,
}

pub struct Reading {
    entries: Vec<Entry>,
    sources: Vec<Source>,
    parsed: Vec<Parsed>,
    demand: Demand,
    links: Links,
    failures: Failures,
    places: Places,
    /// Files to be seen if they hold all these words.
    wanted: Vec<(usize, Vec<String>)>,
}

/// Where files are found by.
#[derive(Default)]
struct Places {
    folders: BTreeMap<String, Vec<usize>>,
    /// By the folder that a quoted relative path leads to.
    paths: BTreeMap<String, Vec<usize>>,
    values: Vec<usize>,
    /// By name: files of Terragrunt's that wait to be named.
    unnamed: BTreeMap<String, Vec<usize>>,
}

impl Reading {
    pub fn new(files: Vec<Glanced>, links: Links, failures: Failures) -> Reading {
        let mut reading = Reading {
            entries: Vec::with_capacity(files.len()),
            sources: Vec::new(),
            parsed: Vec::new(),
            demand: Demand::default(),
            links,
            failures,
            places: Places::default(),
            wanted: Vec::new(),
        };
        let mut handed = Vec::new();
        for (file, Glanced { path, glance, bytes }) in files.into_iter().enumerate() {
            reading.places.add(file, &path, &glance, &reading.links);
            handed.extend(bytes.map(|bytes| (file, bytes)));
            reading.wanted.extend(glance.matters.then(|| (file, Vec::new())));
            let Glance { adds_up, waypoints, .. } = glance;
            reading.entries.push(Entry { path, adds_up, waypoints, matters: false, source: None });
        }
        reading.places.add_linked(&reading.entries, &reading.links);
        reading.parse(handed);
        reading
    }

    /// What must be looked into next. Empty once all that matters is seen.
    pub fn looks(&mut self) -> Vec<Look> {
        let mut looks = BTreeMap::<usize, Vec<Vec<String>>>::new();
        loop {
            let asks = self.demand.asks();
            let mut wanted = std::mem::take(&mut self.wanted);
            wanted.extend(asks.iter().flat_map(|ask| self.candidates(ask)));
            if wanted.is_empty() {
                return looks.into_iter().map(|(file, any_of)| Look { file, any_of }).collect();
            }
            for (file, words) in wanted {
                let entry = &self.entries[file];
                match entry.source {
                    _ if entry.matters => {}
                    Some(source) if holds_all(self.sources[source].bytes(), &words) => self.matters(file),
                    Some(_) => {}
                    None => looks.entry(file).or_default().push(words),
                }
            }
        }
    }

    fn candidates(&self, ask: &Ask) -> Vec<(usize, Vec<String>)> {
        let nothing = Vec::new();
        let (files, words) = match ask {
            Ask::Words { folder, words } => {
                (self.places.folders.get(folder).unwrap_or(&nothing).clone(), words.clone())
            }
            Ask::Callers { folder } => {
                (self.places.paths.get(folder).unwrap_or(&nothing).clone(), Vec::new())
            }
            Ask::Providers { folder } => {
                (self.places.folders.get(folder).unwrap_or(&nothing).clone(), vec!["provider".to_owned()])
            }
            Ask::Values { variable } => (self.places.values.clone(), vec![variable.clone()]),
            Ask::Passing(waypoint) => {
                let passing = |file: &usize| self.entries[*file].waypoints.contains(waypoint);
                ((0..self.entries.len()).filter(passing).collect(), Vec::new())
            }
        };
        files.into_iter().map(|file| (file, words.clone())).collect()
    }

    /// Takes the files that were looked into and are wanted.
    pub fn take(&mut self, files: Vec<(usize, Vec<u8>)>) {
        let numbers: Vec<usize> = files.iter().map(|(file, _)| *file).collect();
        self.parse(files);
        numbers.into_iter().for_each(|file| self.matters(file));
    }

    /// The tree, once nothing is to be looked into any more. `unread` are files and folders that could not be
    /// read, and why.
    pub fn finish(mut self, mut unread: Vec<(String, String)>) -> Tree {
        let files = self.entries.len() + unread.len();
        unread.extend(self.read_elsewhere());
        let mut kept: Vec<(Source, Parsed, Option<String>)> = Vec::new();
        let mut sources: Vec<_> = self.sources.drain(..).zip(self.parsed.drain(..)).map(Some).collect();
        for entry in &self.entries {
            let Some((source, parsed)) = entry.source.and_then(|source| sources[source].take()) else {
                continue;
            };
            let counts = self.failures == Failures::Every || entry.matters || !entry.adds_up;
            let foreign = must_be_named(&entry.path) && !entry.matters;
            if !foreign && (parsed.is_ok() || counts) {
                kept.push((source, parsed, None));
            }
        }
        for (path, why) in unread {
            let syntax = Syntax::of(&path).unwrap_or(Syntax::Native);
            kept.push((Source::of(&path, syntax, Vec::new()), Ok(Facts::default()), Some(why)));
        }
        kept.sort_by(|(a, ..), (b, ..)| a.path().cmp(b.path()));
        let why = |(file, (_, _, why)): (usize, &mut (_, _, Option<String>))| {
            Some(UnreadFile { file, why: why.take()? })
        };
        let unread = kept.iter_mut().enumerate().filter_map(why).collect();
        let (sources, parsed) = kept.into_iter().map(|(source, parsed, _)| (source, parsed)).unzip();
        Tree::of_parts(sources, parsed, unread, self.places.folders.into_keys().collect(), files, self.links)
    }

    /// Linked files that matter in two folders.
    fn read_elsewhere(&self) -> Vec<(String, String)> {
        let number = |path: &str| self.entries.iter().position(|entry| entry.path == path);
        let told = |(link, target): &(String, String)| {
            let matters = |file: &usize| self.entries[*file].matters;
            let own = number(target).filter(matters)?;
            let others = self.places.folders.get(folder_of(link))?;
            others.iter().filter(|file| **file != own).find(|file| matters(file))?;
            let why = format!("it is a link to {target}, which is read as part of its own folder only");
            Some((link.clone(), why))
        };
        self.links.files.iter().filter_map(told).collect()
    }

    fn parse(&mut self, files: Vec<(usize, Vec<u8>)>) {
        let mut sources = Vec::with_capacity(files.len());
        for (file, bytes) in files {
            let entry = &mut self.entries[file];
            let Some(syntax) = Syntax::of(&entry.path) else { continue };
            entry.source = Some(self.sources.len() + sources.len());
            sources.push(Source::of(&entry.path, syntax, bytes));
        }
        self.parsed.extend(parse_all(&sources, &self.links));
        self.sources.extend(sources);
    }

    /// Follows a file that matters.
    fn matters(&mut self, file: usize) {
        let entry = &mut self.entries[file];
        let Some(source) = entry.source.filter(|_| !entry.matters) else { return };
        entry.matters = true;
        if let Ok(facts) = &self.parsed[source] {
            self.demand.add(folder_of(&entry.path), facts);
            for (link, target) in &self.links.files {
                if *target == entry.path {
                    self.demand.add(folder_of(link), facts);
                }
            }
        }
        let source = &self.sources[source];
        if source.syntax() == Syntax::Terragrunt {
            self.wanted.extend(self.places.named_in(source.bytes()));
        }
    }
}

impl Places {
    fn add(&mut self, file: usize, path: &str, glance: &Glance, links: &Links) {
        self.folders.entry(folder_of(path).to_owned()).or_default().push(file);
        for target in glance.paths.iter().filter_map(|written| links.module(folder_of(path), written)) {
            self.paths.entry(target).or_default().push(file);
        }
        if matches!(Syntax::of(path), Some(Syntax::Variables | Syntax::VariablesJson)) {
            self.values.push(file);
        }
        if must_be_named(path) {
            self.unnamed.entry(name_of(path).to_owned()).or_default().push(file);
        }
    }

    /// A linked file may speak in the folder of the link too.
    fn add_linked(&mut self, entries: &[Entry], links: &Links) {
        for (link, target) in &links.files {
            let file = entries.iter().position(|entry| entry.path == *target);
            self.folders.entry(folder_of(link).to_owned()).or_default().extend(file);
        }
    }

    /// Takes out the files of Terragrunt's that a text names.
    fn named_in(&mut self, text: &[u8]) -> Vec<(usize, Vec<String>)> {
        let named: Vec<String> = self
            .unnamed
            .keys()
            .filter(|name| memchr::memmem::find(text, name.as_bytes()).is_some())
            .cloned()
            .collect();
        let files = named.iter().filter_map(|name| self.unnamed.remove(name)).flatten();
        files.map(|file| (file, Vec::new())).collect()
    }
}

#[cfg(test)]
mod tests;
