//! The names of accounts, worked out from the expressions that spell them.
//!
//! Literals, local values, variables with one value (a caller's argument, a variables file, a default), outputs of
//! local modules and the usual text functions are followed. What stays open keeps its text and its folder, so that
//! two names are compared by what is known and by what is not. Where it is said which instance of a repeated block is
//! meant, `each` and `count.index` are that one's.

mod azapi;
mod collection;
mod name;
mod typed;
mod written;

use std::cell::Cell;

use self::collection::Part;
pub use self::name::Name;
pub use self::typed::COLLECTIONS;
pub use self::written::{Written, of_element, takes_each};
use super::facts::{Base, Block, DEPLOYMENT, Object, Step, StepKind, SymbolKind, Token};
use super::folders::{Folders, MAX_DEPTH};
use super::instance::{Call, Instance};
use super::paths::is_below;
use super::source::Source;
use super::syntax::Syntax;
use super::terragrunt::Given;
use super::value::Value;

/// Where an expression is evaluated: its folder, the run of its code where that is known, and the repeated block that it
/// stands in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct At {
    pub folder: String,
    pub call: Option<Call>,
    each: Option<Each>,
}

/// A block by its words, and which of its instances is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Each {
    words: Vec<String>,
    instance: Option<Instance>,
}

impl At {
    pub fn folder(folder: &str) -> At {
        At::run(folder, None)
    }

    /// In one run of the folder's code.
    pub fn run(folder: &str, call: Option<Call>) -> At {
        At { folder: folder.to_owned(), call, each: None }
    }

    /// Within a block.
    pub fn block(self, words: &[&str], instance: Option<Instance>) -> At {
        let words = words.iter().map(|word| (*word).to_owned()).collect();
        At { each: Some(Each { words, instance }), ..self }
    }

    /// In the arguments of a call.
    fn caller(call: &Call) -> At {
        let at = At::run(&call.folder, call.caller().cloned());
        match call.name.as_str() {
            "" => at,
            _ if call.is_of_file() => at,
            name => at.block(&["module", name], call.instance.clone()),
        }
    }

    /// Beside the block: what a block is repeated over is not told by its instances.
    fn outside(&self) -> At {
        At { each: None, ..self.clone() }
    }
}

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

    fn variable(&self, at: &At, name: &str) -> Vec<(At, &'f Value)> {
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

    fn call(&self, at: &At, function: &str, arguments: &[Value], depth: usize) -> Name {
        let names: Vec<Name> = arguments.iter().map(|argument| self.value(at, argument, depth + 1)).collect();
        match (function, arguments, names.as_slice()) {
            ("lower", [_], [name]) => name.clone().map(str::to_lowercase, "lower"),
            ("upper", [_], [name]) => name.clone().map(str::to_uppercase, "upper"),
            ("tostring" | "trimspace" | "nonsensitive" | "sensitive", [_], [name]) => name.clone(),
            ("try" | "coalesce", [only], _) => self.value(at, only, depth + 1),
            ("element" | "lookup", [Value::Path(from), _, ..], [_, key, ..]) => match key.as_literal() {
                Some(key) => {
                    let kind = StepKind::Key(key.to_owned());
                    let picked = from.clone().then(Step { kind, token: Token::Unplaced });
                    self.path(at, &picked, depth + 1)
                }
                None => open_call(at, function, &names),
            },
            ("format", [Value::Text(format), ..], [_, rest @ ..]) => {
                formatted(format, rest).unwrap_or_else(|| open_call(at, function, &names))
            }
            ("join", [Value::Text(between), Value::List(parts)], _) => {
                let parts = parts.iter().map(|part| self.value(at, part, depth + 1));
                Name::join(parts.enumerate().flat_map(|(index, part)| {
                    let before = if index == 0 { Name::default() } else { Name::text(between) };
                    [before, part]
                }))
            }
            ("replace", [_, Value::Text(from), Value::Text(to)], [name, ..]) if !from.starts_with('/') => {
                name.clone().map(|text| text.replace(from.as_str(), to), "replace")
            }
            _ => open_call(at, function, &names),
        }
    }
}

fn open_call(at: &At, function: &str, arguments: &[Name]) -> Name {
    let shown: Vec<String> = arguments.iter().map(Name::to_string).collect();
    Name::open(&at.folder, format!("{function}({})", shown.join(",")))
}

/// `format` with nothing but `%s`, `%d`, `%v` and `%%`.
fn formatted(format: &str, arguments: &[Name]) -> Option<Name> {
    let mut parts = Vec::new();
    let mut arguments = arguments.iter();
    let mut rest = format;
    while let Some(at) = rest.find('%') {
        parts.push(Name::text(&rest[..at]));
        match rest[at + 1..].chars().next()? {
            's' | 'd' | 'v' => parts.push(arguments.next()?.clone()),
            '%' => parts.push(Name::text("%")),
            _ => return None,
        }
        rest = &rest[at + 2..];
    }
    parts.push(Name::text(rest));
    parts.retain(|part| part.as_literal() != Some(""));
    Some(Name::join(parts))
}

/// A path in words, the same for the same path.
pub fn spelt(object: &Object) -> String {
    let mut text = match &object.base {
        Base::Account(SymbolKind::Managed, name) => format!("azurerm_cosmosdb_account.{name}"),
        Base::Account(_, name) => format!("data.azurerm_cosmosdb_account.{name}"),
        Base::Module(name) => format!("module.{name}"),
        Base::Dependency(name) => format!("dependency.{name}.outputs"),
        Base::RemoteState(name) if name.contains('.') => format!("data.{name}.values"),
        Base::RemoteState(name) => format!("data.terraform_remote_state.{name}.outputs"),
        Base::Action(SymbolKind::ManagedAction, name) => format!("azapi_resource_action.{name}"),
        Base::Action(SymbolKind::EphemeralAction, name) => format!("ephemeral.azapi_resource_action.{name}"),
        Base::Action(SymbolKind::DataAction, name) if name.contains('.') => format!("data.{name}"),
        Base::Action(_, name) => format!("data.azapi_resource_action.{name}"),
        Base::Deployment(kind, name) => format!("{kind}.{name}"),
        Base::Local => "local".to_owned(),
        Base::Variable => "var".to_owned(),
        Base::Each(_) => "each.value".to_owned(),
    };
    let picked = usize::from(matches!(object.base, Base::Each(_)));
    for step in object.steps.iter().skip(picked) {
        match &step.kind {
            StepKind::Attribute(name) => text.push_str(&format!(".{name}")),
            StepKind::Key(name) => text.push_str(&format!("[{name:?}]")),
            StepKind::Number(number) => text.push_str(&format!("[{number}]")),
            StepKind::Any | StepKind::Element | StepKind::AttributeSplat => text.push_str("[*]"),
            StepKind::Computed(_) => text.push_str("[…]"),
        }
    }
    text
}

/// `override.tf`, `NAME_override.tf` and their JSON forms.
pub fn overrides(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let stem = name.split('.').next().unwrap_or(name);
    stem == "override" || stem.ends_with("_override")
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
