//! Terragrunt's own ways of naming places: files that are read as part of others, code that is run, configurations that
//! are depended on.
//!
//! What an `include` names is read as if it stood in the including file, once for each of them: paths start from
//! there. Only paths and the settings of states are worked out, as far as [`text`] goes.

mod lost;
mod read;
mod text;

use std::collections::{BTreeMap, BTreeSet};

pub use self::lost::Lost;
pub use self::read::{FromFile, Given};
use self::text::{REPOSITORY, calls, led};
pub use self::text::{SEARCH, place, upwards};
use super::facts::{Argument, Block, Facts};
use super::paths::{climbed, is_outside, local_folder, plain_path};
use super::source::Source;
use super::syntax::{Syntax, folder_of, name_of};
use super::value::Value;

/// What `find_in_parent_folders()` looks for, the usual name first.
pub const ROOTS: [&str; 2] = ["terragrunt.hcl", "root.hcl"];
const READING: &str = "read_terragrunt_config";

/// Where some words stand: in a file that is read as part of a folder's configuration.
#[derive(Clone, Copy, Debug)]
pub struct Here<'h> {
    pub folder: &'h str,
    pub file: &'h str,
}

/// An argument that names a place, and where it stands.
type Named<'f> = (Here<'f>, &'f Argument);

/// The files of Terragrunt's in a tree.
#[derive(Clone)]
pub struct Configurations<'f> {
    by_path: BTreeMap<&'f str, (usize, &'f Facts)>,
}

impl<'f> Configurations<'f> {
    /// Files of other syntaxes are passed over.
    pub fn of(files: impl Iterator<Item = (usize, &'f Source, &'f Facts)>) -> Configurations<'f> {
        let files = files.filter(|(_, source, _)| source.syntax() == Syntax::Terragrunt);
        Configurations {
            by_path: files.map(|(file, source, facts)| (source.path(), (file, facts))).collect(),
        }
    }

    /// By file: the folders of the configurations that include it.
    pub fn including(&self) -> BTreeMap<usize, BTreeSet<&'f str>> {
        let mut including: BTreeMap<usize, BTreeSet<&str>> = BTreeMap::new();
        for (here, argument) in self.includes() {
            let file = self.file(here, &argument.value);
            let file = file.and_then(|path| self.by_path.get_key_value(path.as_str()));
            if let Some((path, (included, _))) = file
                && *path != here.file
            {
                including.entry(*included).or_default().insert(here.folder);
            }
        }
        including
    }

    /// Files above the tree's top, or beside it, that those of the tree name, or may: perhaps they are not there.
    pub fn outside(&self) -> BTreeSet<String> {
        let named = self.named_files().into_iter().flat_map(|(here, _, path)| self.sought(here, path));
        let [depended, run] = self.depended_and_run();
        let searching = depended.iter().chain(&run);
        let searched = searching.flat_map(|(here, argument)| self.searched(*here, &argument.value));
        named.chain(searched).chain(self.depended_on(&depended)).collect()
    }

    /// Folders of code that is run, in the tree or not: perhaps they are not there.
    pub fn run(&self) -> BTreeSet<String> {
        let [_, run] = self.depended_and_run();
        run.into_iter().filter_map(|(here, it)| self.code(here, &it.value)).collect()
    }

    /// The configurations outside of the tree that others depend on.
    fn depended_on(&self, dependencies: &[Named<'f>]) -> impl Iterator<Item = String> {
        let configs = dependencies.iter().filter_map(|(here, it)| self.config(*here, &it.value));
        configs.filter(|folder| is_outside(folder)).map(|folder| format!("{folder}/{}", ROOTS[0]))
    }

    /// Files outside of the tree that are part of a configuration in it, and were not read.
    pub fn missing(&self) -> BTreeSet<String> {
        let named = self.includes().into_iter().filter_map(|(here, it)| self.file(here, &it.value));
        named.filter(|path| is_outside(path) && !self.by_path.contains_key(path.as_str())).collect()
    }

    /// Files outside of the tree that are part of nothing in it after all.
    pub fn idle(&self) -> BTreeSet<&'f str> {
        let named = self.named_files().into_iter().filter_map(|(here, _, path)| self.file(here, path));
        // Where a file lies may be all that is asked of it.
        let [depended, run] = self.depended_and_run();
        let searching = depended.iter().chain(&run);
        let searched = searching.flat_map(|(here, argument)| self.found(*here, &argument.value));
        let named: BTreeSet<String> = named.chain(self.depended_on(&depended)).chain(searched).collect();
        self.by_path.keys().copied().filter(|path| is_outside(path) && !named.contains(*path)).collect()
    }

    /// The paths of all files that are read as part of others.
    fn named_files(&self) -> Vec<(Here<'f>, &'f Argument, &'f Value)> {
        let included = self.includes().into_iter().map(|(here, path)| (here, path, &path.value));
        included.chain(self.readings()).collect()
    }

    /// The paths of what is included, with the files that do.
    fn includes(&self) -> Vec<Named<'f>> {
        self.arguments(is_include, "path", |_, path| vec![folder_of(path)])
    }

    /// The paths of what is depended on, for every configuration that a file is part of, and those of the code that is
    /// run.
    fn depended_and_run(&self) -> [Vec<Named<'f>>; 2] {
        let including = self.including();
        let homes = |file, path| homes(&including, file, path);
        let is_dependency = |block: &Block| block.words.first().is_some_and(|word| word == "dependency");
        let runs = |block: &Block| block.is(&["terraform"]);
        [self.arguments(is_dependency, "config_path", homes), self.arguments(runs, "source", homes)]
    }

    /// An argument of some blocks, in each of the folders that their file speaks in.
    fn arguments(
        &self,
        wanted: impl Fn(&Block) -> bool,
        name: &str,
        homes: impl Fn(usize, &'f str) -> Vec<&'f str>,
    ) -> Vec<Named<'f>> {
        let mut found = Vec::new();
        for (path, (file, facts)) in &self.by_path {
            let blocks = facts.blocks.iter().filter(|block| wanted(block));
            for argument in blocks.filter_map(|block| block.argument(name)) {
                let named = |folder| (Here { folder, file: path }, argument);
                found.extend(homes(*file, path).into_iter().map(named));
            }
        }
        found
    }

    /// What reads other files, in each of the folders that the files speak in that do: local values that are such a file
    /// as a whole, and what a part of one is taken for.
    fn readings(&self) -> Vec<(Here<'f>, &'f Argument, &'f Value)> {
        let including = self.including();
        let mut read = Vec::new();
        for (path, (file, facts)) in &self.by_path {
            let homes = homes(&including, *file, path);
            for argument in facts.blocks.iter().flat_map(|block| &block.arguments) {
                let here = |folder| Here { folder, file: path };
                let targets = targets(&argument.value);
                let of_home = |folder| targets.iter().map(move |target| (here(folder), argument, *target));
                read.extend(homes.iter().copied().flat_map(of_home));
            }
        }
        read
    }

    /// Folders whose own file names no code: Terragrunt runs what lies beside it.
    pub fn beside_code(&self) -> impl Iterator<Item = &'f str> {
        let names_code = |facts: &Facts| {
            let runs = facts.blocks.iter().filter(|block| block.is(&["terraform"]));
            runs.filter_map(|block| block.argument("source")).next().is_some()
        };
        let of_own = move |path: &str, facts| name_of(path) == ROOTS[0] && !names_code(facts);
        let own = self.by_path.iter().filter(move |(path, (_, facts))| of_own(path, facts));
        own.map(|(path, _)| folder_of(path))
    }

    /// The blocks of files that `read_terragrunt_config` names, with the folder that reads them and where they stand.
    /// Unlike an included file, such a one speaks from its own folder.
    pub fn read_by_others(&self) -> Vec<(&'f str, Here<'f>, &'f Block)> {
        let mut read = Vec::new();
        for (here, _, path) in self.readings() {
            let file = self.file(here, path);
            let file = file.and_then(|path| self.by_path.get_key_value(path.as_str()));
            let Some((file, (_, facts))) = file else { continue };
            let there = Here { folder: folder_of(file), file };
            read.extend(facts.blocks.iter().map(|block| (here.folder, there, block)));
        }
        read
    }

    /// The folder whose code `source` of a `terraform` block names, which may lie outside of the tree. Absent for code
    /// from elsewhere.
    pub fn code(&self, here: Here<'_>, source: &Value) -> Option<String> {
        let text = self.text(here, source, 0)?;
        led(&text).unwrap_or_else(|| local_folder(here.folder, &text))
    }

    /// The folder of the configuration that a dependency names; the same holds for it.
    pub fn config(&self, here: Here<'_>, path: &Value) -> Option<String> {
        let path = self.path(here, path)?;
        let named = name_of(&path) == ROOTS[0];
        Some(if named { folder_of(&path).to_owned() } else { path })
    }

    /// A setting's text, as far as Terragrunt's functions and local values of the file go.
    pub fn setting(&self, here: Here<'_>, value: &Value) -> Option<String> {
        self.text(here, value, 0).filter(|text| !text.contains(text::TOP))
    }

    /// A file of Terragrunt's by its path, which may lie outside of the tree.
    fn file(&self, here: Here<'_>, path: &Value) -> Option<String> {
        let text = self.text(here, path, 0)?;
        let Some(written) = led(&text) else { return plain_path(here.folder, &text) };
        let written = written?;
        let known = |path: &String| self.by_path.contains_key(path.as_str());
        if known(&written) || is_outside(&written) || calls(path, &REPOSITORY).is_empty() {
            return Some(written);
        }
        // Where nobody says where the top of the repository is, it is the farthest that anything was found in.
        let farthest = upwards("").map(|folder| climbed(&folder, &written)).filter(known).last();
        Some(farthest.unwrap_or(written))
    }

    /// Where outside of the tree such a path may lead that leads nowhere within.
    fn sought(&self, here: Here<'_>, path: &Value) -> Vec<String> {
        let mut sought = self.searched(here, path);
        let path_of = self.file(here, path).filter(|found| !self.by_path.contains_key(found.as_str()));
        match path_of {
            Some(found) if is_outside(&found) => sought.push(found),
            Some(found) if !calls(path, &REPOSITORY).is_empty() => {
                sought.extend(upwards("").map(|folder| climbed(&folder, &found)));
            }
            Some(_) | None => {}
        }
        sought
    }

    /// The files that the searches in a path find.
    fn found(&self, here: Here<'_>, path: &Value) -> Vec<String> {
        let found = calls(path, &[SEARCH]).into_iter();
        found.filter_map(|arguments| led(&self.call(here, SEARCH, arguments, 0)?)?).collect()
    }

    /// The files above the tree that the searches in a path may find.
    fn searched(&self, here: Here<'_>, path: &Value) -> Vec<String> {
        let mut searched = Vec::new();
        for arguments in calls(path, &[SEARCH]) {
            let named = arguments.first().map(|name| self.text(here, name, 0));
            let names =
                named.map_or_else(|| ROOTS.map(str::to_owned).to_vec(), |name| name.into_iter().collect());
            let lost = names.into_iter().filter(|name| self.above(here.folder, name).is_none());
            let places = |name: String| upwards(here.folder).map(move |folder| climbed(&folder, &name));
            searched.extend(lost.flat_map(places).filter(|path| is_outside(path)));
        }
        searched
    }
}

/// The paths of what is read with `read_terragrunt_config`, wherever in a value.
fn targets(value: &Value) -> Vec<&Value> {
    match value {
        Value::Call(name, arguments) if name == READING => arguments.first().into_iter().collect(),
        Value::Call(_, parts) | Value::Template(parts) | Value::List(parts) => {
            parts.iter().flat_map(targets).collect()
        }
        Value::Map(entries) => entries.iter().flat_map(|(_, value)| targets(value)).collect(),
        Value::Read(read) => read.path().into_iter().collect(),
        _ => Vec::new(),
    }
}

/// The folders that a file speaks in.
fn homes<'f>(including: &BTreeMap<usize, BTreeSet<&'f str>>, file: usize, path: &'f str) -> Vec<&'f str> {
    including.get(&file).map_or_else(|| vec![folder_of(path)], |folders| folders.iter().copied().collect())
}

fn is_include(block: &Block) -> bool {
    block.words.first().is_some_and(|word| word == "include")
}
