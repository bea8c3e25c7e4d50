//! The names of accounts, worked out from the expressions that spell them.
//!
//! Literals, local values, variables with one value (a caller's argument, a variables file, a default), outputs of
//! local modules and the usual text functions are followed. What stays open keeps its text and its folder, so that
//! two names are compared by what is known and by what is not. Where it is said which instance of a repeated block is
//! meant, `each` and `count.index` are that one's.

mod at;
mod azapi;
mod call;
mod collection;
mod given;
mod name;
mod spelt;
mod typed;
mod written;

use std::cell::Cell;

pub use self::at::At;
use self::collection::Part;
pub use self::given::{is_loaded, is_variables};
pub use self::name::Name;
pub use self::spelt::spelt;
pub use self::typed::COLLECTIONS;
pub use self::written::{Written, of_element, takes_each};
use super::facts::{Base, Object, Step, StepKind, SymbolKind};
use super::folders::{Folders, MAX_DEPTH};
use super::instance::{Call, Instance};
use super::source::Source;
use super::value::Value;

/// Works names out.
pub struct Evaluator<'f> {
    folders: &'f Folders<'f>,
    sources: &'f [Source],
    /// Steps left for the name in hand: names of names of names can be more than anybody could wait for.
    steps: Cell<usize>,
}

/// Far more than any name takes that a person can read.
const MAX_STEPS: usize = 2_000;

impl<'f> Evaluator<'f> {
    pub fn new(folders: &'f Folders<'f>, sources: &'f [Source]) -> Evaluator<'f> {
        Evaluator { folders, sources, steps: Cell::new(0) }
    }

    pub fn name(&self, at: &At, value: &Value) -> Name {
        self.steps.set(MAX_STEPS);
        self.value(at, value, 0)
    }

    /// Whether a name may get its value in a way that is not followed.
    fn is_set_elsewhere(&self, at: &At, object: &Object) -> bool {
        let Some(name) = object.steps.first().and_then(Step::name) else { return false };
        match object.base {
            Base::Local => self.is_overridden(&at.folder, &["locals"], Some(name)),
            Base::Variable => self.is_set_beside(&at.folder, name),
            _ => false,
        }
    }

    /// Whether a variable may get its value in a way that is not followed: from a terragrunt configuration that lies
    /// beside the code, or from a file that overrides others.
    fn is_set_beside(&self, folder: &str, name: &str) -> bool {
        let mut callers = self.folders.callers(folder).iter();
        let own = self.folders.is_configured(folder)
            && !callers.any(|call| call.is_of_terragrunt() && call.folder == folder);
        own || self.is_set_by_terragrunt(folder, name)
            || self.is_overridden(folder, &["variable", name], None)
            || self
                .folders
                .callers(folder)
                .iter()
                .any(|call| self.is_overridden(&call.folder, &["module", &call.name], Some(name)))
    }

    /// Whether Terragrunt may give a variable its value by other ways than inputs, which variables files outrank.
    fn is_set_by_terragrunt(&self, folder: &str, name: &str) -> bool {
        let configured = self.folders.callers(folder).iter().filter(|call| call.is_of_terragrunt());
        let mut configured = configured.map(|call| call.folder.as_str());
        let loaded = |at: &str| {
            self.folders.blocks_at(at, &[]).any(|(file, block)| {
                let source = &self.sources[file];
                is_variables(source) && is_loaded(source.path()) && block.argument(name).is_some()
            })
        };
        configured.any(|at| {
            at != folder && (loaded(at) || loaded(folder)) || self.folders.has_extra_arguments(at, name)
        })
    }

    /// Whether a file whose name says that it overrides others speaks of a block, or of an argument of it.
    fn is_overridden(&self, folder: &str, words: &[&str], argument: Option<&str>) -> bool {
        self.folders.blocks_at(folder, words).any(|(file, block)| {
            let named = argument.is_none_or(|argument| block.argument(argument).is_some());
            named && overrides(self.sources[file].path())
        })
    }

    fn value(&self, at: &At, value: &Value, depth: usize) -> Name {
        let Some(left) = self.steps.get().checked_sub(1).filter(|_| depth <= MAX_DEPTH) else {
            return Name::open(&at.folder, "…");
        };
        self.steps.set(left);
        let inner = |value: &Value| self.value(at, value, depth + 1);
        match value {
            Value::Text(text) => Name::text(text),
            Value::Number(text) => Name::text(text),
            Value::Bool(bool) => Name::text(&bool.to_string()),
            Value::Template(parts) => Name::join(parts.iter().map(inner)),
            Value::Path(object) => self.path(at, object, depth),
            Value::Call(name, arguments) => self.call(at, name, arguments, depth),
            Value::List(_) | Value::Map(_) => Name::open(&at.folder, "a collection"),
            Value::Other(text) => self.other(at, text, depth),
            Value::Either(either) => self.other(at, &either.text, depth),
            Value::Read(read) => match self.folders.read_on(&at.folder, value) {
                Some((there, value)) => self.value(&At::folder(there), value, depth + 1),
                None => self.other(at, &read.text, depth),
            },
        }
    }

    fn path(&self, at: &At, object: &Object, depth: usize) -> Name {
        if let Some(name) = self.each_value(at, object, depth) {
            return name;
        }
        let found = self.find(at, object, depth);
        let mut names = found.iter().map(|(at, value)| self.value(at, value, depth + 1));
        match names.next() {
            Some(first) if names.all(|name| name == first) => first,
            Some(_) | None => {
                let of_instance =
                    object.steps.iter().any(|step| step.kind == StepKind::Element || step.kind.is_computed());
                let text = spelt(object);
                Name::open(&at.folder, if of_instance { self.of_instance(at, text, depth) } else { text })
            }
        }
    }

    /// The expressions that a path may lead to; several where callers or variables files differ.
    fn find(&self, at: &At, object: &Object, depth: usize) -> Vec<(At, &'f Value)> {
        let Some(left) = self.steps.get().checked_sub(1).filter(|_| depth <= MAX_DEPTH) else {
            return Vec::new();
        };
        self.steps.set(left);
        if let Some(of) = object.steps.iter().position(|step| step.kind == StepKind::Element) {
            let Some(collection) = self.repeated_over(at) else { return Vec::new() };
            let key = self.instance(at, depth).map(|instance| Part::Name(instance.text()));
            let rest = self.parts(at, &object.steps[of + 1..], depth);
            let parts = key.zip(rest).map(|(key, rest)| std::iter::once(key).chain(rest));
            let parts: Vec<Part> = parts.into_iter().flatten().collect();
            let below = !parts.is_empty();
            return if below { self.below(&at.outside(), collection, &parts, depth) } else { Vec::new() };
        }
        if let Base::Each(words) = &object.base {
            return self.each(at, words, &object.steps, depth);
        }
        let Some(parts) = self.parts(at, &object.steps, depth) else { return Vec::new() };
        let (found, rest) = match (&object.base, parts.as_slice()) {
            (Base::Local, [Part::Name(name), rest @ ..]) => (self.local(at, name), rest),
            (Base::Variable, [Part::Name(name), rest @ ..]) => {
                return self.below_variable(at, name, rest, depth);
            }
            (Base::Module(module), _) => {
                let Some(output) = self.folders.output_at(&at.folder, module, &object.steps) else {
                    return Vec::new();
                };
                let instance = object.steps[..output].first();
                let call = Call::new(&at.folder, module).within(at.call.clone());
                let call = Call { instance: instance.and_then(|it| self.picked(at, it, depth)), ..call };
                (self.output(call, parts[output].name()), &parts[output + 1..])
            }
            (Base::Account(kind, name), [before @ .., Part::Name(last)])
                if last == "name" && before.len() < 2 =>
            {
                let picked = object.steps.first().filter(|_| !before.is_empty());
                let instance = picked.and_then(|step| self.picked(at, step, depth));
                (self.account(at, *kind, name, instance), &[][..])
            }
            _ => (Vec::new(), &[][..]),
        };
        found.into_iter().flat_map(|(at, value)| self.below(&at, value, rest, depth)).collect()
    }

    fn local(&self, at: &At, name: &str) -> Vec<(At, &'f Value)> {
        self.folders
            .blocks_at(&at.folder, &["locals"])
            .filter_map(|(_, block)| block.argument(name))
            .map(|argument| (at.outside(), &argument.value))
            .collect()
    }

    fn output(&self, call: Call, output: &str) -> Vec<(At, &'f Value)> {
        let Some(folder) = self.folders.module(&call.folder, &call.name) else { return Vec::new() };
        let block = self.folders.block(folder, &["output", output]);
        let value = block.and_then(|(_, block)| block.argument("value"));
        value.map(|argument| (At::run(folder, Some(call)), &argument.value)).into_iter().collect()
    }

    fn account(
        &self,
        at: &At,
        kind: SymbolKind,
        name: &str,
        instance: Option<Instance>,
    ) -> Vec<(At, &'f Value)> {
        let word = if kind == SymbolKind::Managed { "resource" } else { "data" };
        let words = [word, super::attribute::COSMOSDB_ACCOUNT, name];
        let block = self.folders.block(&at.folder, &words);
        let value = block.and_then(|(_, block)| block.argument("name"));
        let at = at.clone().block(&words, instance);
        value.map(|argument| (at, &argument.value)).into_iter().collect()
    }
}

/// `override.tf`, `NAME_override.tf` and their JSON forms.
pub fn overrides(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let stem = name.split('.').next().unwrap_or(name);
    stem == "override" || stem.ends_with("_override")
}
