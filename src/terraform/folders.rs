//! What the files of each folder say together: its modules, its callers, the other names of objects.
//!
//! A folder is a Terraform module, or a terragrunt configuration of one.

mod configured;
mod either;
mod follow;
mod gather;
mod others;

use std::collections::{BTreeMap, BTreeSet};

pub use self::follow::{Followed, is_any};
use super::facts::{Base, Block, Object, Step, StepKind};
use super::instance::Call;
use super::naming::{At, Evaluator};
use super::source::Source;
use super::states::States;
use super::terragrunt::{Configurations, Given};
use super::value::Value;

/// Aliases of aliases, and modules in modules; more is a cycle or as bad as one.
pub const MAX_DEPTH: usize = 32;

/// How a name can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Output,
    Local,
    Variable,
    /// The collection that a block is repeated over.
    Each,
}

/// A name of a folder: what others read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cell {
    pub folder: String,
    pub kind: Kind,
    pub name: String,
}

impl Cell {
    pub fn new(folder: &str, kind: Kind, name: &str) -> Cell {
        Cell { folder: folder.to_owned(), kind, name: name.to_owned() }
    }
}

/// Where a module's code is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A folder of the tree.
    Folder(String),
    /// Its source as written; empty where that is no literal.
    Elsewhere(String),
}

type Worded<'f> = BTreeMap<String, Vec<(usize, &'f Block)>>;
type ByName<'f, T> = BTreeMap<&'f str, BTreeMap<&'f str, T>>;

/// The path of an entry below a name, and the object that it is, with the folder that names it.
type Entry<'f> = (&'f [String], &'f str, &'f Object);

pub struct Folders<'f> {
    sources: &'f [Source],
    /// By file: the folders that it speaks in.
    homes: Vec<Vec<&'f str>>,
    /// Folders that hold files of Terragrunt's.
    configurations: BTreeSet<&'f str>,
    /// Those files.
    terragrunt: Configurations<'f>,
    blocks: BTreeMap<&'f str, Vec<(usize, &'f Block)>>,
    /// The same by their words, with blanks between them.
    worded: BTreeMap<&'f str, Worded<'f>>,
    modules: ByName<'f, Target>,
    /// The folder that a dependency's configuration lies in.
    dependencies: ByName<'f, Option<String>>,
    /// The module that a terragrunt configuration runs.
    configured: BTreeMap<&'f str, Target>,
    callers: BTreeMap<String, Vec<Call>>,
    /// Runs with one variables file or another, where those name accounts of their own.
    with_files: BTreeMap<String, Vec<Call>>,
    aliases: BTreeMap<Cell, Vec<(&'f str, &'f Object)>>,
    /// Names whose elements stand in another order than in what they are made of.
    moved: BTreeSet<Cell>,
    /// Those whose elements go by other names, too.
    renamed: BTreeSet<Cell>,
    /// Those that lack some of the elements of what they are made of.
    filtered: BTreeSet<Cell>,
    /// Accounts, and what goes by another name, that are entries of what goes by a name.
    entries: BTreeMap<Cell, Vec<Entry<'f>>>,
    /// How many callers hand something in under a name by which they hand in other names.
    given: BTreeMap<Cell, usize>,
    /// The other account that a name may stand for, by a condition whose value is not known.
    either: BTreeMap<Cell, Vec<(&'f str, &'f Object)>>,
    states: States,
}

impl<'f> Folders<'f> {
    /// The folders that a file speaks in: its own, or those of the configurations that include it.
    pub fn homes(&self, file: usize) -> &[&'f str] {
        self.homes.get(file).map_or(&[], Vec::as_slice)
    }

    /// Whether a file of Terragrunt's lies in a folder.
    pub fn is_configured(&self, folder: &str) -> bool {
        self.configurations.contains(folder)
    }

    /// Folders that may have written the state that an object reads, where it is not known which did.
    pub fn possible_states(&self, folder: &str, object: &Object) -> &[String] {
        match &object.base {
            Base::RemoteState(name) => self.states.possible(folder, name),
            _ => &[],
        }
    }

    /// The blocks of a folder, with their files.
    pub fn blocks(&self, folder: &str) -> impl Iterator<Item = (usize, &'f Block)> + '_ {
        self.blocks.get(folder).into_iter().flatten().copied()
    }

    pub fn block(&self, folder: &str, words: &[&str]) -> Option<(usize, &'f Block)> {
        self.blocks_at(folder, words).next()
    }

    /// The blocks of these words: local values and variables files have several.
    pub fn blocks_at<'a>(
        &'a self,
        folder: &str,
        words: &[&str],
    ) -> impl Iterator<Item = (usize, &'f Block)> + use<'a, 'f> {
        let worded = self.worded.get(folder).and_then(|worded| worded.get(&words.join(" ")));
        let blocks: &'a [(usize, &'f Block)] = worded.map_or(&[], Vec::as_slice);
        blocks.iter().copied()
    }

    pub fn folders(&self) -> impl Iterator<Item = &'f str> + '_ {
        self.blocks.keys().copied()
    }

    /// The folder of a module whose code is in the tree.
    pub fn module(&self, folder: &str, name: &str) -> Option<&str> {
        match self.modules.get(folder)?.get(name)? {
            Target::Folder(path) => Some(path),
            Target::Elsewhere(_) => None,
        }
    }

    /// The source of a module whose code is not in the tree; empty where nothing is known of it.
    pub fn source_elsewhere(&self, folder: &str, name: &str) -> Option<&str> {
        match self.modules.get(folder).and_then(|modules| modules.get(name)) {
            Some(Target::Folder(_)) => None,
            Some(Target::Elsewhere(source)) => Some(source),
            None => Some(""),
        }
    }

    /// The folder of a dependency's configuration.
    pub fn dependency(&self, folder: &str, name: &str) -> Option<&str> {
        self.dependencies.get(folder)?.get(name)?.as_deref()
    }

    /// What a terragrunt configuration runs.
    pub fn configured(&self, folder: &str) -> Option<&Target> {
        self.configured.get(folder)
    }

    /// The folder in the tree whose outputs a dependency reads.
    fn dependency_module(&self, folder: &str, name: &str) -> Option<&str> {
        let config = self.dependency(folder, name)?;
        match self.configured(config) {
            Some(Target::Folder(path)) => Some(path),
            Some(Target::Elsewhere(_)) => None,
            // A configuration that lies beside its own Terraform files.
            None => self
                .blocks
                .get_key_value(config)
                .filter(|(_, blocks)| {
                    blocks.iter().any(|(_, block)| block.words.first().is_some_and(|word| word == "output"))
                })
                .map(|(folder, _)| *folder),
        }
    }

    /// The `module` blocks that use a folder's code.
    pub fn callers(&self, folder: &str) -> &[Call] {
        self.callers.get(folder).map_or(&[], Vec::as_slice)
    }

    /// The runs of a folder's code with one variables file each, or with none (`NO_FILE`), where they are told apart.
    pub fn with_files(&self, folder: &str) -> &[Call] {
        self.with_files.get(folder).map_or(&[], Vec::as_slice)
    }

    /// From here on, runs with different variables files are told apart.
    pub fn tell_apart(&mut self, with_files: BTreeMap<String, Vec<Call>>) {
        self.with_files = with_files;
    }

    /// The argument of a call, and the folder that it stands in.
    pub fn argument(&self, call: &Call, name: &str) -> Option<&'f Value> {
        if call.is_of_terragrunt() {
            return match self.given(&call.folder, name) {
                Given::Value(_, value) => Some(value),
                Given::Nothing | Given::Unknown => None,
            };
        }
        if call.is_of_file() {
            return self.assignment(&call.name, name);
        }
        let (_, block) = self.block(&call.folder, &["module", &call.name])?;
        block.argument(name).map(|argument| &argument.value)
    }

    /// What a variables file says.
    fn assignment(&self, path: &str, name: &str) -> Option<&'f Value> {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let mut blocks = self.blocks_at(folder, &[]).filter(|(file, _)| self.sources[*file].path() == path);
        blocks.find_map(|(_, block)| block.argument(name)).map(|argument| &argument.value)
    }

    /// The name under which a value bound like this can be read, and the rest of its path.
    pub fn readable<'b>(&self, folder: &str, binding: &'b [String]) -> Option<(Cell, &'b [String])> {
        let words: Vec<&str> = binding.iter().take(3).map(String::as_str).collect();
        if let Some(at) = repeated_over(binding) {
            return Some((Cell::new(folder, Kind::Each, &binding[..=at].join(".")), &binding[at + 1..]));
        }
        match words.as_slice() {
            ["output", name, "value"] => Some((Cell::new(folder, Kind::Output, name), &binding[3..])),
            ["locals", name, ..] => Some((Cell::new(folder, Kind::Local, name), &binding[2..])),
            ["module", module, argument] => {
                Some((Cell::new(self.module(folder, module)?, Kind::Variable, argument), &binding[3..]))
            }
            ["inputs", argument, ..] => match self.configured(folder)? {
                Target::Folder(path) => Some((Cell::new(path, Kind::Variable, argument), &binding[2..])),
                Target::Elsewhere(_) => None,
            },
            _ => None,
        }
    }

    /// The name that an object's first steps read, and the rest of its steps.
    pub fn cell_of<'o>(&self, folder: &str, object: &'o Object) -> Option<(Cell, &'o [Step])> {
        let steps = object.steps.as_slice();
        let (target, kind, steps) = match &object.base {
            Base::Local => (folder, Kind::Local, steps),
            Base::Variable => (folder, Kind::Variable, steps),
            Base::Module(name) => {
                (self.module(folder, name)?, Kind::Output, self.outputs_of(folder, name, steps))
            }
            Base::Dependency(name) => (self.dependency_module(folder, name)?, Kind::Output, steps),
            Base::Each(name) => return Some((Cell::new(folder, Kind::Each, name), steps)),
            Base::RemoteState(name) => {
                (self.states.owner(folder, name)?.folder.as_str(), Kind::Output, steps)
            }
            Base::Account(..) | Base::Action(..) | Base::Deployment(..) => return None,
        };
        let name = steps.first()?.name()?;
        Some((Cell::new(target, kind, name), &steps[1..]))
    }

    /// The call that an object reads an output through.
    pub fn call_of(&self, folder: &str, object: &Object) -> Option<Call> {
        match &object.base {
            Base::Module(name) => Some(self.call(folder, name, &object.steps)),
            Base::Dependency(name) => Some(Call::new(self.dependency(folder, name)?, "")),
            Base::RemoteState(name) => self.states.owner(folder, name)?.call.clone(),
            Base::Local
            | Base::Variable
            | Base::Each(_)
            | Base::Account(..)
            | Base::Action(..)
            | Base::Deployment(..) => None,
        }
    }

    /// The folder of a module or dependency that an object names without one of its outputs.
    pub fn whole(&self, folder: &str, object: &Object) -> Option<&str> {
        match &object.base {
            Base::Module(name) if self.outputs_of(folder, name, &object.steps).is_empty() => {
                self.module(folder, name)
            }
            Base::RemoteState(name) if object.steps.first().is_none_or(|step| step.name().is_none()) => {
                self.states.owner(folder, name).map(|owner| owner.folder.as_str())
            }
            Base::Dependency(name) if object.steps.first().is_none_or(|step| step.name().is_none()) => {
                self.dependency_module(folder, name)
            }
            _ => None,
        }
    }

    /// The steps from one of its outputs on: behind the index that picks an instance, if it has any.
    fn outputs_of<'o>(&self, folder: &str, name: &str, steps: &'o [Step]) -> &'o [Step] {
        self.output_at(folder, name, steps).map_or(&[], |at| &steps[at..])
    }

    /// Which of the steps from a module names an output.
    pub fn output_at(&self, folder: &str, name: &str, steps: &[Step]) -> Option<usize> {
        let repeated = || self.block(folder, &["module", name]).is_some_and(|(_, block)| repeated(block));
        match steps.first() {
            Some(step)
                if step.name().is_some() && !matches!(step.kind, StepKind::Attribute(_)) && !repeated() =>
            {
                Some(0)
            }
            // Behind the index that picks an instance, an output may be named in brackets too.
            _ => {
                let named = |(at, step): (usize, &Step)| match step.kind {
                    StepKind::Attribute(_) => true,
                    _ => at > 0 && step.name().is_some(),
                };
                steps.iter().enumerate().position(named)
            }
        }
    }

    /// A call, and the instance of it that the steps from it pick.
    fn call(&self, folder: &str, name: &str, steps: &[Step]) -> Call {
        let picked = self.output_at(folder, name, steps).and_then(|at| steps[..at].first());
        let instance = picked.and_then(|step| self.evaluator().pick(&At::folder(folder), step));
        Call { instance, ..Call::new(folder, name) }
    }

    pub fn evaluator(&self) -> Evaluator<'_> {
        Evaluator::new(self, self.sources)
    }
}

/// Where in a binding the argument stands that repeats a block, if the value is part of it.
fn repeated_over(binding: &[String]) -> Option<usize> {
    let words = match binding.first().map(String::as_str)? {
        "resource" | "data" | "ephemeral" => 3,
        "module" => 2,
        _ => return None,
    };
    binding.iter().skip(words).position(|word| word == "for_each").map(|at| at + words)
}

/// Whether there may be several of a block.
pub fn repeated(block: &Block) -> bool {
    ["for_each", "count"].iter().any(|name| block.argument(name).is_some())
}
