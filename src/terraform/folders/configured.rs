//! What terragrunt configurations hand to the code that they run, and what else is made of it.

use super::{Folders, Target};
use crate::terraform::driven::Driven;
use crate::terraform::facts::{Argument, Base, Object, Step, StepKind, Token};
use crate::terraform::source::Source;
use crate::terraform::syntax::Syntax;
use crate::terraform::terragrunt::{Given, Here};
use crate::terraform::value::Value;

/// Where a value of a configuration goes.
#[derive(Default)]
pub struct Handed {
    /// Variables, with the folder of their code.
    pub variables: Vec<(String, Object)>,
    /// What else is made of it.
    pub others: Vec<Driven>,
}

impl<'f> Folders<'f> {
    /// What the terragrunt configuration of a folder hands to a variable of the code that it runs.
    pub fn given(&self, folder: &str, name: &str) -> Given<'f> {
        match self.blocks.get_key_value(folder) {
            Some((folder, _)) => self.terragrunt.given(folder, name),
            None => Given::Unknown,
        }
    }

    /// What a name of a terragrunt configuration stands for, and the folder that this means something in; absent where it
    /// is no such name, or that is not known.
    pub fn read_on(&self, folder: &str, value: &'f Value) -> Option<(&'f str, &'f Value)> {
        if !matches!(value, Value::Path(_) | Value::Read(_)) {
            return None;
        }
        let (folder, blocks) = self.blocks.get_key_value(folder)?;
        let mut files = blocks.iter().filter(|(file, block)| {
            self.is_of_terragrunt(*file) && block.arguments.iter().any(|it| it.value.holds(value))
        });
        let (file, _) = files.next()?;
        let here = Here { folder, file: self.sources[*file].path() };
        let (there, found) = self.terragrunt.end_of(here, value)?;
        (!std::ptr::eq(found, value)).then_some((there.folder, found))
    }

    /// Where else values go that stand in files of Terragrunt's. None where none of them does.
    pub fn handed(&self, values: &[&'f Value]) -> Handed {
        let mut handed = Handed::default();
        let all =
            || self.blocks.iter().flat_map(|(folder, blocks)| blocks.iter().map(move |it| (*folder, it)));
        let of_terragrunt = || all().filter(|(_, (file, _))| self.is_of_terragrunt(*file));
        let stands = |argument: &Argument| values.iter().any(|value| argument.value.holds(value));
        if !of_terragrunt().any(|(_, (_, block))| block.arguments.iter().any(stands)) {
            return handed;
        }
        let is_one = |value: &Value| values.iter().any(|one| std::ptr::eq(*one, value));
        for (folder, target) in &self.configured {
            let Target::Folder(code) = target else { continue };
            for (_, block) in self.blocks(code) {
                let [kind, name] = block.words.as_slice() else { continue };
                let given = || self.given(folder, name);
                if kind == "variable" && matches!(given(), Given::Value(_, value) if is_one(value)) {
                    handed.variables.push((code.clone(), variable(name)));
                }
            }
        }
        for (folder, (file, block)) in of_terragrunt() {
            let here = Here { folder, file: self.sources[*file].path() };
            let elsewhere = matches!(self.configured.get(folder), None | Some(Target::Elsewhere(_)));
            for argument in &block.arguments {
                let inputs = block.words.is_empty() && argument.name == "inputs";
                // A name for it, or an input of code that is here: where that goes is looked at by itself.
                let is_name = block.is(&["locals"]) || inputs && !elsewhere;
                let leads = |value: &'f Value| matches!(self.terragrunt.end_of(here, value), Some((_, found)) if is_one(found));
                if uses(&argument.value, is_name, &leads) {
                    let mut words = block.words.clone();
                    words.push(argument.name.clone());
                    let what = format!("`{}`", words.join("."));
                    handed.others.push(Driven { file: *file, span: argument.span.clone(), what });
                }
            }
        }
        handed
    }

    fn is_of_terragrunt(&self, file: usize) -> bool {
        self.sources.get(file).map(Source::syntax) == Some(Syntax::Terragrunt)
    }

    /// Whether the configuration of a folder hands arguments or variables files to Terraform that may speak of a variable.
    pub fn has_extra_arguments(&self, folder: &str, variable: &str) -> bool {
        let blocks = self.blocks_at(folder, &["terraform"]);
        let mut arguments = blocks.flat_map(|(file, block)| block.arguments.iter().map(move |it| (file, it)));
        arguments.any(|(file, argument)| {
            let Some(name) = argument.name.strip_prefix("extra_arguments.") else { return false };
            let text = self.sources[file].bytes().get(argument.span.clone()).unwrap_or_default();
            let text = String::from_utf8_lossy(text);
            let speaks = text.contains("-var") || text.contains(&format!("TF_VAR_{variable}"));
            name.ends_with("_var_files") || name == "env_vars" && !text.starts_with('{') || speaks
        })
    }
}

fn variable(name: &str) -> Object {
    let step = Step { kind: StepKind::Attribute(name.to_owned()), token: Token::Elsewhere };
    Object { base: Base::Variable, steps: vec![step] }
}

/// Whether something other than a name is made of what leads to a value. In `names`, a plain path, or one that is an entry,
/// is another name.
fn uses<'v>(value: &'v Value, names: bool, leads: &impl Fn(&'v Value) -> bool) -> bool {
    match value {
        Value::Path(_) | Value::Read(_) => !names && leads(value),
        Value::Map(entries) => entries.iter().any(|(_, value)| uses(value, names, leads)),
        Value::Call(name, parts) if names && name == "merge" => {
            parts.iter().any(|part| uses(part, names, leads))
        }
        Value::List(parts) | Value::Template(parts) | Value::Call(_, parts) => {
            parts.iter().any(|part| uses(part, false, leads))
        }
        Value::Either(either) => either.values.iter().any(|value| uses(value, false, leads)),
        Value::Text(_) | Value::Number(_) | Value::Bool(_) | Value::Other(_) => false,
    }
}
