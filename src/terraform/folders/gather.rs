//! From the blocks of all files to what folders call, run, depend on and hand on.

use std::collections::{BTreeMap, BTreeSet};

use super::{Cell, Folders, Kind, Target};
use crate::terraform::facts::{Block, Facts};
use crate::terraform::instance::Call;
use crate::terraform::object::is_instance;
use crate::terraform::parse::Parsed;
use crate::terraform::paths::local_folder;
use crate::terraform::source::Source;
use crate::terraform::states::States;
use crate::terraform::syntax::Syntax;
use crate::terraform::terragrunt::{Configurations, Here};
use crate::terraform::value::Value;

impl<'f> Folders<'f> {
    pub fn new(sources: &'f [Source], facts: &'f [Parsed], known: &BTreeSet<String>) -> Folders<'f> {
        let parsed = sources.iter().zip(facts).enumerate();
        let parsed = parsed.filter_map(|(file, (source, facts))| Some((file, source, facts.as_ref().ok()?)));
        let configurations = Configurations::of(parsed);
        let including = configurations.including();
        let home = |(file, source): (usize, &'f Source)| match including.get(&file) {
            Some(folders) => folders.iter().copied().collect(),
            None => vec![source.folder()],
        };
        let mut folders = Folders {
            sources,
            homes: sources.iter().enumerate().map(home).collect(),
            configurations: sources
                .iter()
                .filter(|source| source.syntax() == Syntax::Terragrunt)
                .map(Source::folder)
                .collect(),
            terragrunt: configurations.clone(),
            blocks: BTreeMap::new(),
            worded: BTreeMap::new(),
            modules: BTreeMap::new(),
            dependencies: BTreeMap::new(),
            configured: BTreeMap::new(),
            callers: BTreeMap::new(),
            with_files: BTreeMap::new(),
            aliases: BTreeMap::new(),
            moved: BTreeSet::new(),
            renamed: BTreeSet::new(),
            filtered: BTreeSet::new(),
            entries: BTreeMap::new(),
            given: BTreeMap::new(),
            either: BTreeMap::new(),
            states: States::default(),
        };
        // What an including file says itself comes first: it outranks what it includes.
        let (included, own): (Vec<usize>, Vec<usize>) =
            (0..sources.len()).partition(|file| including.contains_key(file));
        for file in own.into_iter().chain(included) {
            for folder in folders.homes[file].clone() {
                folders.take(file, folder, facts[file].as_ref().ok());
            }
        }
        folders.calls(known, &configurations);
        folders.states = States::of(&folders, sources, &configurations, |folder| known.contains(folder));
        for (file, facts) in facts.iter().enumerate() {
            for folder in folders.homes[file].clone() {
                for alias in facts.iter().flat_map(|facts| &facts.aliases) {
                    match folders.readable(folder, &alias.binding) {
                        Some((cell, [])) => {
                            folders.moved.extend(Some(cell.clone()).filter(|_| alias.moved));
                            folders.renamed.extend(Some(cell.clone()).filter(|_| alias.renamed));
                            folders.filtered.extend(Some(cell.clone()).filter(|_| alias.filtered));
                            folders.aliases.entry(cell).or_default().push((folder, &alias.object));
                        }
                        Some((cell, path)) if cell.kind != Kind::Each || is_instance(&alias.object) => {
                            folders.entries.entry(cell).or_default().push((path, folder, &alias.object));
                        }
                        Some(_) | None => {}
                    }
                }
            }
        }
        folders.count_given();
        folders.decide(facts);
        folders
    }

    /// Counts the callers that hand something in where another one hands in a name.
    fn count_given(&mut self) {
        let named = self.aliases.keys().chain(self.entries.keys());
        let variables: BTreeSet<&Cell> = named.filter(|cell| cell.kind == Kind::Variable).collect();
        let gives = |call: &&Call, name: &str| {
            self.argument(call, name).is_some_and(|it| *it != Value::Other("null".to_owned()))
        };
        let count =
            |cell: &Cell| self.callers(&cell.folder).iter().filter(|it| gives(it, &cell.name)).count();
        self.given = variables.into_iter().map(|cell| (cell.clone(), count(cell))).collect();
    }

    fn take(&mut self, file: usize, folder: &'f str, facts: Option<&'f Facts>) {
        let blocks = self.blocks.entry(folder).or_default();
        blocks.extend(facts.iter().flat_map(|facts| &facts.blocks).map(|block| (file, block)));
        let worded = self.worded.entry(folder).or_default();
        for block in facts.iter().flat_map(|facts| &facts.blocks) {
            worded.entry(block.words.join(" ")).or_default().push((file, block));
        }
    }

    /// `known` holds the folders of all files, also of those that are left out.
    fn calls(&mut self, known: &BTreeSet<String>, configurations: &Configurations<'f>) {
        let in_tree = |path: &str| known.contains(path);
        let place = |folder: &str, source: Option<&str>| match source {
            Some(source) => match local_folder(folder, source).filter(|path| in_tree(path)) {
                Some(path) => Target::Folder(path),
                None => Target::Elsewhere(source.to_owned()),
            },
            None => Target::Elsewhere(String::new()),
        };
        for (folder, blocks) in &self.blocks {
            for (file, block) in blocks {
                let text = |name: &str| block.argument(name).and_then(|argument| argument.value.as_text());
                let here = Here { folder, file: self.sources[*file].path() };
                match block.words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
                    ["module", _] => {
                        let target = place(folder, text("source"));
                        let name = block.words[1].as_str();
                        if let Target::Folder(path) = &target {
                            let call = Call::new(folder, name);
                            self.callers.entry(path.clone()).or_default().push(call);
                        }
                        self.modules.entry(folder).or_default().insert(name, target);
                    }
                    ["terraform"] => {
                        let Some(source) = block.argument("source") else { continue };
                        let code = configurations.code(here, &source.value).filter(|path| in_tree(path));
                        let elsewhere = || Target::Elsewhere(text("source").unwrap_or_default().to_owned());
                        let target = code.map_or_else(elsewhere, Target::Folder);
                        self.configured.entry(folder).or_insert(target);
                    }
                    ["dependency", _] => {
                        let path = block.argument("config_path");
                        let path = path.and_then(|path| configurations.config(here, &path.value));
                        let name = block.words[1].as_str();
                        self.dependencies.entry(folder).or_default().entry(name).or_insert(path);
                    }
                    _ => {}
                }
            }
        }
        for (folder, there, block) in configurations.read_by_others() {
            let [word, name] = block.words.as_slice() else { continue };
            if word == "dependency"
                && let Some(path) = block.argument("config_path")
            {
                let config = configurations.config(there, &path.value);
                self.dependencies.entry(folder).or_default().entry(name.as_str()).or_insert(config);
            }
        }
        for folder in configurations.beside_code() {
            let is_code = |(file, _): &(usize, &Block)| self.sources[*file].syntax() != Syntax::Terragrunt;
            if self.blocks.get(folder).is_some_and(|blocks| blocks.iter().any(is_code)) {
                self.configured.entry(folder).or_insert_with(|| Target::Folder(folder.to_owned()));
            }
        }
        for (folder, target) in &self.configured {
            if let Target::Folder(path) = target {
                let call = Call::new(folder, "");
                self.callers.entry(path.clone()).or_default().push(call);
            }
        }
    }
}
