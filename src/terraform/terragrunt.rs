//! Terragrunt's own ways of naming places: paths by its functions, and files that are read as part of others.
//!
//! What an `include` names is read as if it stood in the including file, once for each of them: paths start from
//! there. Only paths and the settings of states are worked out, and only as far as text, local values of the same file and Terragrunt's functions
//! for places allow. The top of the repository is the tree's, or that of the repository around it.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::{Base, Block, Facts};
use super::paths::{climbed, is_outside, local_folder, relative, relative_folder};
use super::source::Source;
use super::syntax::{Syntax, folder_of, name_of};
use super::value::Value;

/// The tree's top at the start of a path; no path of anybody's begins with a control character.
const TOP: char = '\u{1}';
/// Local values of local values; more is a cycle or as bad as one.
const MAX_DEPTH: usize = 8;
/// What `find_in_parent_folders()` looks for, the usual name first.
const ROOTS: [&str; 2] = ["terragrunt.hcl", "root.hcl"];

/// What is the top of the repository.
const REPOSITORY: [&str; 2] = ["get_repo_root", "get_path_to_repo_root"];
/// How far above the tree's top files of Terragrunt's are looked for.
const MAX_CLIMB: usize = 16;

/// Where some words stand: in a file that is read as part of a folder's configuration.
#[derive(Clone, Copy, Debug)]
pub struct Here<'h> {
    pub folder: &'h str,
    pub file: &'h str,
}

/// The files of Terragrunt's in a tree.
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
        for (here, value) in self.includes() {
            let file = self.file(here, value).and_then(|path| self.by_path.get_key_value(path.as_str()));
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
        let named = self.includes().into_iter().chain(self.readings());
        named.flat_map(|(here, value)| self.sought(here, value)).collect()
    }

    /// Files outside of the tree that are part of a configuration in it, and were not read.
    pub fn missing(&self) -> BTreeSet<String> {
        let named = self.includes().into_iter().filter_map(|(here, value)| self.file(here, value));
        named.filter(|path| is_outside(path) && !self.by_path.contains_key(path.as_str())).collect()
    }

    /// Files outside of the tree that are part of nothing in it after all.
    pub fn idle(&self) -> BTreeSet<&'f str> {
        let named = self.includes().into_iter().chain(self.readings());
        let named: BTreeSet<String> = named.filter_map(|(here, value)| self.file(here, value)).collect();
        self.by_path.keys().copied().filter(|path| is_outside(path) && !named.contains(*path)).collect()
    }

    /// The paths of what is included, with the files that do.
    fn includes(&self) -> Vec<(Here<'f>, &'f Value)> {
        let blocks = |facts: &'f Facts| facts.blocks.iter().filter(|block| is_include(block));
        let paths = |(path, (_, facts)): (&&'f str, &(usize, &'f Facts))| {
            let here = Here { folder: folder_of(path), file: path };
            let paths = blocks(facts).filter_map(|block| block.argument("path"));
            paths.map(move |path| (here, &path.value)).collect::<Vec<_>>()
        };
        self.by_path.iter().flat_map(paths).collect()
    }

    /// The paths that `read_terragrunt_config` is given, with the files that do.
    fn readings(&self) -> Vec<(Here<'f>, &'f Value)> {
        let mut read = Vec::new();
        for (path, (_, facts)) in &self.by_path {
            let here = Here { folder: folder_of(path), file: path };
            let locals = facts.blocks.iter().filter(|block| block.is(&["locals"]));
            for local in locals.flat_map(|block| &block.arguments) {
                if let Value::Call(function, arguments) = &local.value
                    && function == "read_terragrunt_config"
                {
                    read.extend(arguments.first().map(|target| (here, target)));
                }
            }
        }
        read
    }

    /// Folders whose own file names no code: Terragrunt runs what lies beside it.
    pub fn beside_code(&self) -> impl Iterator<Item = &'f str> {
        let names_code = |facts: &Facts| {
            let sources = facts.blocks.iter().filter(|block| block.is(&["terraform"]));
            sources.filter_map(|block| block.argument("source")).next().is_some()
        };
        let own = self
            .by_path
            .iter()
            .filter(move |(path, (_, facts))| name_of(path) == ROOTS[0] && !names_code(facts));
        own.map(|(path, _)| folder_of(path))
    }

    /// The blocks of files that `read_terragrunt_config` names, with the folder that reads them and where they stand.
    /// Unlike an included file, such a one speaks from its own folder.
    pub fn read_by_others(&self) -> Vec<(&'f str, Here<'f>, &'f Block)> {
        let mut read = Vec::new();
        for (here, target) in self.readings() {
            let target = self.file(here, target).and_then(|path| self.by_path.get_key_value(path.as_str()));
            let Some((target, (_, facts))) = target else { continue };
            let there = Here { folder: folder_of(target), file: target };
            read.extend(facts.blocks.iter().map(|block| (here.folder, there, block)));
        }
        read
    }

    /// The folder whose code `source` of a `terraform` block names. Absent for code from elsewhere.
    pub fn code(&self, here: Here<'_>, source: &Value) -> Option<String> {
        let text = self.text(here, source, 0)?;
        match text.starts_with(TOP) {
            true => settled(here, &text),
            false => local_folder(here.folder, &text),
        }
    }

    /// The folder of the configuration that a dependency names.
    pub fn config(&self, here: Here<'_>, path: &Value) -> Option<String> {
        let path = self.path(here, path)?;
        let named = name_of(&path) == ROOTS[0];
        Some(if named { folder_of(&path).to_owned() } else { path })
    }

    /// A setting's text, as far as Terragrunt's functions and local values of the file go.
    pub fn setting(&self, here: Here<'_>, value: &Value) -> Option<String> {
        self.text(here, value, 0).filter(|text| !text.contains(TOP))
    }

    /// A file of Terragrunt's by its path, which may lie outside of the tree.
    fn file(&self, here: Here<'_>, path: &Value) -> Option<String> {
        let text = self.text(here, path, 0)?;
        let Some(from_top) = text.strip_prefix(TOP) else {
            let plain = !text.starts_with('/') && !text.contains(':');
            return plain.then(|| climbed(here.folder, &text));
        };
        let written = climbed("", from_top);
        let known = |path: &String| self.by_path.contains_key(path.as_str());
        if known(&written) || is_outside(&written) || calls(path, &REPOSITORY).is_empty() {
            return Some(written);
        }
        // The top of the repository is the farthest that anything was found in.
        let farthest = above_top(&written).filter(known).last();
        Some(farthest.unwrap_or(written))
    }

    /// Where outside of the tree such a path may lead that leads nowhere within.
    fn sought(&self, here: Here<'_>, path: &Value) -> Vec<String> {
        let mut sought = Vec::new();
        for arguments in calls(path, &["find_in_parent_folders"]) {
            let named = arguments.first().map(|name| self.text(here, name, 0));
            let names =
                named.map_or_else(|| ROOTS.map(str::to_owned).to_vec(), |name| name.into_iter().collect());
            let lost = names.into_iter().filter(|name| self.above(here.folder, name).is_none());
            sought.extend(lost.flat_map(|name| above_top(&name).collect::<Vec<_>>()));
        }
        let path_of = self.file(here, path).filter(|found| !self.by_path.contains_key(found.as_str()));
        match path_of {
            Some(found) if is_outside(&found) => sought.push(found),
            Some(found) if !calls(path, &REPOSITORY).is_empty() => sought.extend(above_top(&found)),
            Some(_) | None => {}
        }
        sought
    }

    /// A path from the tree's top; absent where it leaves the tree or is not known.
    fn path(&self, here: Here<'_>, value: &Value) -> Option<String> {
        settled(here, &self.text(here, value, 0)?)
    }

    fn text(&self, here: Here<'_>, value: &Value, depth: usize) -> Option<String> {
        if depth > MAX_DEPTH {
            return None;
        }
        match value {
            Value::Text(text) => Some(text.clone()),
            Value::Template(parts) => {
                let parts: Option<Vec<String>> =
                    parts.iter().map(|part| self.text(here, part, depth + 1)).collect();
                let text = parts?.concat();
                text.rfind(TOP).is_none_or(|at| at == 0).then_some(text)
            }
            Value::Path(object) if object.base == Base::Local => {
                let names: Option<Vec<&str>> = object.steps.iter().map(|step| step.name()).collect();
                let (_, facts) = self.by_path.get(here.file)?;
                let (first, rest) = names.as_ref()?.split_first()?;
                let locals = facts.blocks.iter().filter(|block| block.is(&["locals"]));
                let local = locals.filter_map(|block| block.argument(first)).next()?;
                let value = rest.iter().try_fold(&local.value, |value, name| value.element(name))?;
                self.text(here, value, depth + 1)
            }
            Value::Call(function, arguments) => self.call(here, function, arguments, depth + 1),
            Value::Number(_)
            | Value::Bool(_)
            | Value::Path(_)
            | Value::List(_)
            | Value::Map(_)
            | Value::Other(_) => None,
        }
    }

    fn call(&self, here: Here<'_>, function: &str, arguments: &[Value], depth: usize) -> Option<String> {
        let argument = |at: usize| self.text(here, arguments.get(at)?, depth);
        match (function, arguments.len()) {
            ("get_terragrunt_dir" | "get_original_terragrunt_dir", 0) => Some(from_top(here.folder)),
            ("get_repo_root" | "get_path_to_repo_root", 0) => Some(from_top("")),
            ("get_path_from_repo_root", 0) => Some(here.folder.to_owned()),
            ("get_parent_terragrunt_dir", _) => {
                self.parent(here, argument(0).as_deref(), depth).map(|it| from_top(&it))
            }
            ("path_relative_to_include", _) => {
                let parent = self.parent(here, argument(0).as_deref(), depth)?;
                (!is_outside(&parent)).then(|| relative(&parent, here.folder))
            }
            ("path_relative_from_include", _) => {
                Some(relative(here.folder, &self.parent(here, argument(0).as_deref(), depth)?))
            }
            ("find_in_parent_folders", 0) => ROOTS.iter().find_map(|name| self.above(here.folder, name)),
            ("find_in_parent_folders", _) => self.above(here.folder, &argument(0)?).or_else(|| argument(1)),
            ("dirname", 1) => {
                let path = argument(0)?;
                let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
                let top = path.starts_with(TOP) && folder.is_empty();
                Some(if top { from_top("") } else { folder.to_owned() })
            }
            ("basename", 1) => Some(name_of(&argument(0)?).trim_start_matches(TOP).to_owned()),
            _ => None,
        }
    }

    /// The folder of the file that the one at hand includes; in an included file, its own.
    fn parent(&self, here: Here<'_>, name: Option<&str>, depth: usize) -> Option<String> {
        let own = folder_of(here.file);
        if own != here.folder {
            return Some(own.to_owned());
        }
        let (_, facts) = self.by_path.get(here.file)?;
        let mut includes = facts.blocks.iter().filter(|block| {
            is_include(block) && name.is_none_or(|name| block.words.get(1).is_some_and(|word| word == name))
        });
        let only = includes.next().filter(|_| includes.next().is_none())?;
        let path = settled(here, &self.text(here, &only.argument("path")?.value, depth)?)?;
        Some(folder_of(&path).to_owned())
    }

    /// The nearest file of this name above a folder.
    fn above(&self, folder: &str, name: &str) -> Option<String> {
        if is_outside(folder) {
            return None;
        }
        let mut at = folder;
        while !at.is_empty() {
            at = folder_of(at);
            let path = relative_folder(at, name)?;
            if self.by_path.contains_key(path.as_str()) {
                return Some(from_top(&path));
            }
        }
        above_top(name).find(|path| self.by_path.contains_key(path.as_str())).map(|path| from_top(&path))
    }
}

fn is_include(block: &Block) -> bool {
    block.words.first().is_some_and(|word| word == "include")
}

/// A path as it may stand in each of the folders above the tree, the nearest first.
fn above_top(path: &str) -> impl Iterator<Item = String> {
    (1..=MAX_CLIMB).map(move |up| format!("{}{path}", "../".repeat(up)))
}

/// What functions of these names are given, wherever in a value.
fn calls<'v>(value: &'v Value, functions: &[&str]) -> Vec<&'v [Value]> {
    match value {
        Value::Call(function, arguments) => {
            let own = functions.contains(&function.as_str()).then_some(arguments.as_slice());
            own.into_iter().chain(arguments.iter().flat_map(|it| calls(it, functions))).collect()
        }
        Value::Template(parts) => parts.iter().flat_map(|part| calls(part, functions)).collect(),
        _ => Vec::new(),
    }
}

fn from_top(path: &str) -> String {
    format!("{TOP}{path}")
}

fn settled(here: Here<'_>, text: &str) -> Option<String> {
    match text.strip_prefix(TOP) {
        Some(path) => relative_folder("", path.trim_start_matches('/')),
        None if is_outside(here.folder) => None,
        None => relative_folder(here.folder, text),
    }
}
