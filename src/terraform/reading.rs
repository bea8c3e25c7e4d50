//! Reading a tree of which only the files that matter are parsed.
//!
//! Knows every file by its [`Glance`] and decides, round by round, which of them must be seen; somebody else
//! brings the bytes. Every file may be handed over at once as well: the tree says the same, which is the promise
//! that this module is about. It has one exception, made on purpose and the same either way: a file that does not
//! parse counts if it could matter or if its brackets and quotes do not add up (see [`Failures`]).

mod places;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use self::places::{Places, Wanted};
use super::demand::Demand;
use super::facts::Facts;
use super::glance::Glance;
use super::links::Links;
use super::parse::{Parsed, parse_all};
use super::paths::{is_outside, local_folder};
use super::source::Source;
use super::syntax::{Syntax, folder_of, must_be_named};
use super::template::{self, Templates};
use super::terragrunt::{Configurations, Here};
use super::tree::{Tree, UnreadFile};
use super::words::Sought;

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

const NOT_READ: &str =
    "it is included from outside of the folder that was named, and was not found in its repository";

/// A file that has to be looked into.
#[derive(Clone, Debug)]
pub struct Look {
    /// Index into the files given.
    pub file: usize,
    any_of: Vec<Arc<Sought>>,
}

impl Look {
    pub fn is_wanted(&self, bytes: &[u8]) -> bool {
        self.any_of.iter().any(|sought| sought.is_in(bytes))
    }
}

struct Entry {
    path: String,
    adds_up: bool,
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
    /// Files to be seen, whatever is in them.
    wanted: Vec<usize>,
    /// Files of Terragrunt's that matter, by source; and the folders that each of them is known to speak in.
    configurations: BTreeMap<usize, BTreeSet<String>>,
    /// Whether there are more of them than were compared with each other.
    more_configurations: bool,
    /// Whether there are more calls of modules than were searched for circles.
    more_calls: bool,
    /// Folders and files outside of the tree that were asked for.
    outside: BTreeSet<String>,
    templates: Templates,
    /// Files that templates are taken from: those that were asked for, and those that are still to be.
    asked: BTreeSet<String>,
    to_ask: Vec<String>,
}

impl Reading {
    pub fn new(files: Vec<Glanced>, links: Links, failures: Failures) -> Reading {
        let mut reading = Reading {
            entries: Vec::with_capacity(files.len()),
            outside: BTreeSet::new(),
            sources: Vec::new(),
            parsed: Vec::new(),
            demand: Demand::default(),
            links,
            failures,
            places: Places::default(),
            wanted: Vec::new(),
            configurations: BTreeMap::new(),
            more_configurations: false,
            more_calls: true,
            templates: Templates::default(),
            asked: BTreeSet::new(),
            to_ask: Vec::new(),
        };
        reading.more(files);
        reading
    }

    /// Takes further files, which are numbered on.
    pub fn more(&mut self, files: Vec<Glanced>) {
        let mut handed = Vec::new();
        for (file, Glanced { path, glance, bytes }) in (self.entries.len()..).zip(files) {
            self.places.add(file, &path, &glance, &self.links);
            handed.extend(bytes.map(|bytes| (file, bytes)));
            // A file of Terragrunt's outside of the tree was asked for by its path.
            let asked = is_outside(&path) && Syntax::of(&path) == Some(Syntax::Terragrunt);
            self.wanted.extend((glance.matters || asked).then_some(file));
            let adds_up = glance.adds_up;
            self.entries.push(Entry { path, adds_up, matters: false, source: None });
        }
        self.parse(handed);
    }

    /// A file's path from the tree's root.
    pub fn path(&self, file: usize) -> &str {
        &self.entries[file].path
    }

    /// Folders that were not read with the tree and that code may be taken from, each once: they begin with `..`, or lie
    /// below the one file that was asked for. Perhaps they hold none, or are not there.
    pub fn outside(&mut self) -> Vec<String> {
        let named = self.places.elsewhere(&self.links).chain(self.named_in_json());
        let code = self.known_configurations().run().into_iter();
        let named = named.chain(code.filter(|folder| self.links.is_elsewhere(folder))).collect();
        self.not_asked(named)
    }

    /// Files of Terragrunt's outside of the tree that may be part of a configuration in it, each once. Perhaps they are not
    /// there.
    pub fn outside_files(&mut self) -> Vec<String> {
        let named = self.known_configurations().outside();
        self.not_asked(named.into_iter().collect())
    }

    fn not_asked(&mut self, named: BTreeSet<String>) -> Vec<String> {
        let new: Vec<String> = named.difference(&self.outside).cloned().collect();
        self.outside.extend(new.iter().cloned());
        new
    }

    fn known_configurations(&self) -> Configurations<'_> {
        Configurations::of(of_terragrunt(&self.configurations, &self.sources, &self.parsed))
    }

    /// The paths of files whose bytes are not searched for them.
    fn named_in_json(&self) -> impl Iterator<Item = String> {
        let json = self.calls().filter(|(source, _)| source.syntax() == Syntax::Json);
        json.map(|(_, folder)| folder).filter(|folder| self.links.is_elsewhere(folder))
    }

    /// The folders that local modules are taken from, with the files that do, as far as they are parsed.
    fn calls(&self) -> impl Iterator<Item = (&Source, String)> {
        self.sources.iter().zip(&self.parsed).flat_map(|(source, parsed)| {
            let blocks = parsed.iter().flat_map(|facts| &facts.blocks);
            let calls = blocks.filter(|block| block.words.first().is_some_and(|word| word == "module"));
            calls.filter_map(move |block| {
                let path = block.argument("source")?.value.as_text()?;
                Some((source, local_folder(source.folder(), path)?))
            })
        })
    }

    /// Files by which modules may use each other in a circle: it is told whatever else is in them.
    fn circular(&self) -> Vec<usize> {
        let calls: Vec<(&str, String)> =
            self.calls().map(|(source, folder)| (source.folder(), folder)).collect();
        self.places.circular(|file| &self.entries[file].path, &calls)
    }

    /// What must be looked into next. Empty once all that matters is seen.
    pub fn looks(&mut self) -> Vec<Look> {
        let mut looks = BTreeMap::<usize, Vec<Arc<Sought>>>::new();
        if std::mem::take(&mut self.more_calls) {
            self.wanted.extend(self.circular());
        }
        loop {
            self.include();
            let asks = self.demand.asks();
            let mut wanted = self.places.candidates(&asks);
            wanted.push(Wanted::always(std::mem::take(&mut self.wanted)));
            if wanted.iter().all(|wanted| wanted.files.is_empty()) {
                return looks.into_iter().map(|(file, any_of)| Look { file, any_of }).collect();
            }
            for Wanted { files, sought } in wanted {
                for file in files {
                    let entry = &self.entries[file];
                    match entry.source {
                        _ if entry.matters => {}
                        Some(source) if sought.is_in(self.sources[source].bytes()) => self.matters(file),
                        Some(_) => {}
                        None => looks.entry(file).or_default().push(sought.clone()),
                    }
                }
            }
        }
    }

    /// Takes the files that were looked into and are wanted.
    pub fn take(&mut self, files: Vec<(usize, Vec<u8>)>) {
        let numbers: Vec<usize> = files.iter().map(|(file, _)| *file).collect();
        self.parse(files);
        numbers.into_iter().for_each(|file| self.matters(file));
    }

    /// Files that templates of ARM are taken from, by path from the tree's root: not Terraform, and perhaps not there.
    pub fn templates(&mut self) -> Vec<String> {
        let new = std::mem::take(&mut self.to_ask);
        new.into_iter().filter(|path| self.asked.insert(path.clone())).collect()
    }

    /// Takes one of these.
    pub fn take_template(&mut self, path: String, bytes: Vec<u8>) {
        self.templates.insert(path, bytes);
    }

    /// The tree, once nothing is to be looked into any more. `unread` are files and folders that could not be
    /// read, and why.
    pub fn finish(mut self, mut unread: Vec<(String, String)>) -> Tree {
        let seen: BTreeSet<&str> = self.entries.iter().map(|entry| entry.path.as_str()).collect();
        let files = seen.len() + unread.iter().filter(|(path, _)| !seen.contains(path.as_str())).count();
        unread.extend(self.read_elsewhere());
        let configurations = self.known_configurations();
        let missing = configurations.missing().into_iter().filter(|path| !seen.contains(path.as_str()));
        unread.extend(missing.map(|path| (path, NOT_READ.to_owned())));
        let idle: BTreeSet<String> = configurations.idle().into_iter().map(str::to_owned).collect();
        let mut kept: Vec<(Source, Parsed, Option<String>)> = Vec::new();
        let mut sources: Vec<_> = self.sources.drain(..).zip(self.parsed.drain(..)).map(Some).collect();
        for entry in &self.entries {
            let Some((source, mut parsed)) = entry.source.and_then(|source| sources[source].take()) else {
                continue;
            };
            if let Ok(facts) = &mut parsed {
                self.templates.fill(source.folder(), facts);
            }
            let counts = self.failures == Failures::Every || entry.matters || !entry.adds_up;
            let foreign = (must_be_named(&entry.path) && !entry.matters) || idle.contains(&entry.path);
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
        Tree::of_parts(sources, parsed, unread, self.places.into_folders(), files, self.links)
            .with_templates(self.templates)
    }

    /// Linked files that matter in two folders.
    fn read_elsewhere(&self) -> Vec<(String, String)> {
        let mut told = Vec::new();
        for (file, entry) in self.entries.iter().enumerate().filter(|(_, entry)| entry.matters) {
            let elsewhere = |link: &&String| folder_of(link) != folder_of(&entry.path);
            for link in self.links.links_to(&entry.path).iter().filter(elsewhere) {
                let mut others = self.places.of_folder(folder_of(link)).iter();
                if others.any(|other| *other != file && self.entries[*other].matters) {
                    let why = format!(
                        "it is a link to {}, which is read as part of its own folder only",
                        entry.path
                    );
                    told.push((link.clone(), why));
                }
            }
        }
        told
    }

    fn parse(&mut self, files: Vec<(usize, Vec<u8>)>) {
        let mut sources = Vec::with_capacity(files.len());
        for (file, bytes) in files {
            let entry = &mut self.entries[file];
            let Some(syntax) = Syntax::of(&entry.path) else { continue };
            entry.source = Some(self.sources.len() + sources.len());
            sources.push(Source::of(&entry.path, syntax, bytes));
        }
        self.more_calls = true;
        self.parsed.extend(parse_all(&sources, &self.links));
        self.sources.extend(sources);
    }

    /// Follows a file that matters.
    fn matters(&mut self, file: usize) {
        let entry = &mut self.entries[file];
        let Some(source) = entry.source.filter(|_| !entry.matters) else { return };
        entry.matters = true;
        if let Ok(facts) = &self.parsed[source] {
            for folder in self.links.folders_of(&entry.path) {
                self.demand.add(folder, facts);
            }
            self.to_ask.extend(template::named(folder_of(&entry.path), facts));
        }
        if self.sources[source].syntax() == Syntax::Terragrunt {
            self.wanted.extend(self.places.named_in(self.sources[source].bytes()));
            self.wanted
                .extend(self.places.above(folder_of(&self.entries[file].path), self.sources[source].bytes()));
            // It has just been asked for in its own folders.
            let own = self.links.folders_of(&self.entries[file].path).map(str::to_owned).collect();
            self.configurations.insert(source, own);
            self.more_configurations = true;
        }
    }

    /// Follows files of Terragrunt's into the configurations that include them, and what these run and depend on.
    fn include(&mut self) {
        if !std::mem::take(&mut self.more_configurations) {
            return;
        }
        let files = || of_terragrunt(&self.configurations, &self.sources, &self.parsed);
        let configurations = Configurations::of(files());
        let including = configurations.including();
        let mut spoken = Vec::new();
        for (at, source, facts) in files() {
            let own = BTreeSet::from([source.folder()]);
            for folder in including.get(&at).unwrap_or(&own) {
                let here = Here { folder, file: source.path() };
                facts
                    .blocks
                    .iter()
                    .for_each(|block| self.demand.configured(folder, here, block, &configurations));
                spoken.push((at, (*folder).to_owned()));
            }
        }
        configurations.beside_code().for_each(|folder| self.demand.runs_beside(folder));
        for (folder, there, block) in configurations.read_by_others() {
            if block.words.first().is_some_and(|word| word == "dependency") {
                self.demand.configured(folder, there, block, &configurations);
            }
        }
        for (at, folder) in spoken {
            let Ok(facts) = &self.parsed[at] else { continue };
            if self.configurations.entry(at).or_default().insert(folder.clone()) {
                self.demand.add(&folder, facts);
            }
        }
    }
}

/// The files of Terragrunt's that matter and parse, by source.
fn of_terragrunt<'r>(
    known: &BTreeMap<usize, BTreeSet<String>>,
    sources: &'r [Source],
    parsed: &'r [Parsed],
) -> impl Iterator<Item = (usize, &'r Source, &'r Facts)> {
    known.keys().filter_map(|at| Some((*at, &sources[*at], parsed[*at].as_ref().ok()?)))
}

#[cfg(test)]
mod tests;
