//! What variables are given: by callers, by Terragrunt, by variables files, by the deployments of a stack.

use super::super::facts::{Block, DEPLOYMENT};
use super::super::instance::Call;
use super::super::paths::is_below;
use super::super::source::Source;
use super::super::syntax::Syntax;
use super::super::terragrunt::Given;
use super::super::value::Value;
use super::Evaluator;
use super::at::At;

impl<'f> Evaluator<'f> {
    pub(super) fn variable(&self, at: &At, name: &str) -> Vec<(At, &'f Value)> {
        let callers = match &at.call {
            Some(call) => std::slice::from_ref(call),
            None => self.folders.callers(&at.folder),
        };
        let default = self
            .folders
            .block(&at.folder, &["variable", name])
            .and_then(|(_, block)| block.argument("default"))
            .map(|argument| &argument.value);
        if callers.is_empty() {
            return self.assigned(at, name, default, |_| true);
        }
        // Whatever a configuration may hand over in a way that is not followed.
        let of_terragrunt = |call: &&Call| call.is_of_terragrunt();
        if callers.iter().filter(of_terragrunt).any(|call| self.may_be_given(call, name)) {
            return Vec::new();
        }
        // What stands in the file that is named outranks those that are loaded anyway.
        if let [call] = callers
            && call.is_of_file()
        {
            return match self.folders.argument(call, name) {
                Some(value) => vec![(at.outside(), value)],
                None => {
                    let runs = self.folders.with_files(&at.folder);
                    self.assigned(at, name, default, |path| !runs.iter().any(|run| run.name == path))
                }
            };
        }
        // What Terragrunt hands over to the code beside it, variables files outrank.
        if callers.iter().all(|call| call.folder == at.folder) {
            let given: Vec<_> = callers.iter().filter_map(|call| self.handed(call, name)).collect();
            let default = default.filter(|_| given.is_empty());
            let assigned = self.assigned(at, name, default, |_| true);
            return given.into_iter().chain(assigned).collect();
        }
        let argument =
            |call: &Call| self.handed(call, name).or_else(|| default.map(|value| (at.outside(), value)));
        let found: Vec<_> = callers.iter().filter_map(argument).collect();
        if found.len() == callers.len() { found } else { Vec::new() }
    }

    /// What a call hands over, and where its names mean what they do.
    fn handed(&self, call: &Call, name: &str) -> Option<(At, &'f Value)> {
        match call.is_of_terragrunt() {
            true => match self.folders.given(&call.folder, name) {
                Given::Value(folder, value) => Some((At::folder(folder), value)),
                Given::Nothing | Given::Unknown => None,
            },
            false => Some((At::caller(call), self.folders.argument(call, name)?)),
        }
    }

    fn may_be_given(&self, call: &Call, name: &str) -> bool {
        matches!(self.folders.given(&call.folder, name), Given::Unknown)
    }

    /// What variables files of the folder, or below it, say; else the default. Files that Terraform loads by itself
    /// outrank it, others may or may not be given on the command line.
    fn assigned(
        &self,
        at: &At,
        name: &str,
        default: Option<&'f Value>,
        is_given: impl Fn(&str) -> bool,
    ) -> Vec<(At, &'f Value)> {
        let mut always = false;
        let mut found: Vec<(At, &'f Value)> = Vec::new();
        for folder in self.folders.folders() {
            if !is_below(folder, &at.folder) {
                continue;
            }
            for (file, block) in self.folders.blocks_at(folder, &[]) {
                let source = &self.sources[file];
                let variables = is_variables(source) && is_given(source.path());
                if let (true, Some(argument)) = (variables, block.argument(name)) {
                    always |= folder == at.folder && is_loaded(source.path());
                    found.push((at.outside(), &argument.value));
                }
            }
        }
        always |= self.deployed(at, name, &mut found);
        if !always {
            found.extend(default.map(|value| (at.outside(), value)));
        }
        found
    }

    /// What the deployments of a stack give; whether each of them does.
    fn deployed(&self, at: &At, name: &str, found: &mut Vec<(At, &'f Value)>) -> bool {
        let is_deployment =
            |(_, block): &(usize, &'f Block)| block.words.first().is_some_and(|it| it == DEPLOYMENT);
        let mut given = self.folders.blocks(&at.folder).filter(is_deployment).map(|(_, block)| {
            match block.argument("inputs").map(|inputs| &inputs.value) {
                Some(inputs @ Value::Map(_)) => inputs.element(name),
                // Which inputs are in it, the text does not tell.
                other => other,
            }
        });
        let before = found.len();
        let every = given.by_ref().all(|value| {
            found.extend(value.map(|value| (at.outside(), value)));
            value.is_some()
        });
        found.extend(given.flatten().map(|value| (at.outside(), value)));
        every && found.len() > before
    }
}

pub fn is_variables(source: &Source) -> bool {
    matches!(source.syntax(), Syntax::Variables | Syntax::VariablesJson)
}

/// Whether Terraform loads a variables file without being told.
pub fn is_loaded(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    ["terraform.tfvars", "terraform.tfvars.json"].contains(&name)
        || name.ends_with(".auto.tfvars")
        || name.ends_with(".auto.tfvars.json")
}
