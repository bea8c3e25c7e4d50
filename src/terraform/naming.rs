//! The names of accounts, worked out from the expressions that spell them.
//!
//! Literals, local values, variables with one value (a caller's argument, a variables file, a default), outputs of
//! local modules and the usual text functions are followed. What stays open keeps its text and its folder, so that
//! two names are compared by what is known and by what is not.

use std::cell::Cell;
use std::fmt;

use super::facts::{Argument, Base, Block, Object, Step, StepKind, SymbolKind};
use super::folders::{Call, Folders, MAX_DEPTH};
use super::source::Source;
use super::syntax::Syntax;
use super::value::Value;
use crate::model::matches;

/// A part of a name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Piece {
    Text(String),
    /// Not known: the expression, and the folder that gives it its meaning.
    Open {
        folder: String,
        text: String,
    },
}

/// A name as far as it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(Vec<Piece>);

impl Name {
    pub fn text(text: &str) -> Name {
        Name(vec![Piece::Text(text.to_owned())])
    }

    pub fn open(folder: &str, text: impl Into<String>) -> Name {
        Name(vec![Piece::Open { folder: folder.to_owned(), text: text.into() }])
    }

    /// The whole name, where all of it is known.
    pub fn as_literal(&self) -> Option<&str> {
        match self.0.as_slice() {
            [Piece::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// Whether letters of the name itself are known, so that the same expression in another folder means the same.
    pub fn is_specific(&self) -> bool {
        self.0.iter().any(|piece| match piece {
            Piece::Text(text) => text.chars().any(char::is_alphanumeric),
            Piece::Open { .. } => false,
        })
    }

    /// Whether both may come to the same text, whatever stands for what is not known.
    pub fn may_be(&self, other: &Name) -> bool {
        match (self.as_literal(), other.as_literal()) {
            (Some(one), Some(other)) => one == other,
            (Some(text), None) => other.may_spell(text),
            (None, Some(text)) => self.may_spell(text),
            (None, None) => true,
        }
    }

    fn may_spell(&self, text: &str) -> bool {
        let pattern = |piece: &Piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Open { .. } => "*".to_owned(),
        };
        matches(&self.0.iter().map(pattern).collect::<String>(), text)
    }

    pub fn join(parts: impl IntoIterator<Item = Name>) -> Name {
        let mut pieces: Vec<Piece> = Vec::new();
        for piece in parts.into_iter().flat_map(|part| part.0) {
            match (pieces.last_mut(), piece) {
                (Some(Piece::Text(before)), Piece::Text(text)) => before.push_str(&text),
                (_, piece) => pieces.push(piece),
            }
        }
        Name(pieces)
    }

    fn map(self, change: impl Fn(&str) -> String, function: &str) -> Name {
        match self.as_literal() {
            Some(text) => Name::text(&change(text)),
            None => Name(
                self.0
                    .into_iter()
                    .map(|piece| match piece {
                        Piece::Text(text) => Piece::Text(change(&text)),
                        Piece::Open { folder, text } => {
                            Piece::Open { folder, text: format!("{function}({text})") }
                        }
                    })
                    .collect(),
            ),
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|piece| match piece {
            Piece::Text(text) => f.write_str(text),
            Piece::Open { text, .. } => write!(f, "${{{text}}}"),
        })
    }
}

/// Where an expression is evaluated: its folder, and the call that its variables belong to where that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct At {
    pub folder: String,
    pub call: Option<Call>,
}

impl At {
    pub fn folder(folder: &str) -> At {
        At { folder: folder.to_owned(), call: None }
    }
}

/// Where a value is written.
pub struct Written<'f> {
    pub file: usize,
    pub argument: &'f Argument,
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

    /// Where the value of a variable or local value is written: a local value, every caller's argument, variables
    /// files or the default. Empty where that is not known of every one of them.
    pub fn written(&self, at: &At, object: &Object) -> Vec<Written<'f>> {
        let [Step { kind: StepKind::Attribute(name), .. }] = object.steps.as_slice() else {
            return Vec::new();
        };
        let found = match object.base {
            Base::Local if !self.is_overridden(&at.folder, &["locals"], Some(name)) => self.local(at, name),
            Base::Variable if !self.is_set_beside(&at.folder, name) => self.variable(at, name),
            _ => Vec::new(),
        };
        let written = |(_, value): &(At, &'f Value)| {
            let of = |(file, block): (usize, &'f Block)| {
                let argument = block.arguments.iter().find(|argument| std::ptr::eq(&argument.value, *value));
                argument.map(|argument| Written { file, argument })
            };
            self.folders.folders().flat_map(|folder| self.folders.blocks(folder)).find_map(of)
        };
        found.iter().map(written).collect::<Option<_>>().unwrap_or_default()
    }

    /// Whether a variable may get its value in a way that is not followed: from a terragrunt configuration that lies
    /// beside the code, or from a file that overrides others.
    fn is_set_beside(&self, folder: &str, name: &str) -> bool {
        self.folders.is_configured(folder)
            || self.is_overridden(folder, &["variable", name], None)
            || self
                .folders
                .callers(folder)
                .iter()
                .any(|call| self.is_overridden(&call.folder, &["module", &call.name], Some(name)))
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
            Value::Other(text) => Name::open(&at.folder, text.clone()),
        }
    }

    fn path(&self, at: &At, object: &Object, depth: usize) -> Name {
        let open = || Name::open(&at.folder, spelt(object));
        let found = self.find(at, object);
        let mut names = found.iter().map(|(at, value)| self.value(at, value, depth + 1));
        match names.next() {
            Some(first) if names.all(|name| name == first) => first,
            Some(_) | None => open(),
        }
    }

    /// The expressions that a path may lead to; several where callers or variables files differ.
    fn find(&self, at: &At, object: &Object) -> Vec<(At, &'f Value)> {
        let names: Vec<&str> = object.steps.iter().filter_map(Step::name).collect();
        if names.len() != object.steps.iter().filter(|step| !matches!(step.kind, StepKind::Number(_))).count()
        {
            return Vec::new();
        }
        let (found, rest) = match (&object.base, names.as_slice()) {
            (Base::Local, [name, rest @ ..]) => (self.local(at, name), rest),
            (Base::Variable, [name, rest @ ..]) => (self.variable(at, name), rest),
            (Base::Module(module), [output, rest @ ..]) => (self.output(at, module, output), rest),
            (Base::Account(kind, name), ["name"]) => (self.account(at, *kind, name), &[][..]),
            _ => (Vec::new(), &[][..]),
        };
        found
            .into_iter()
            .filter_map(|(at, value)| {
                rest.iter().try_fold(value, |value, name| value.element(name)).map(|value| (at, value))
            })
            .collect()
    }

    fn local(&self, at: &At, name: &str) -> Vec<(At, &'f Value)> {
        self.folders
            .blocks_at(&at.folder, &["locals"])
            .filter_map(|(_, block)| block.argument(name))
            .map(|argument| (at.clone(), &argument.value))
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
            return self.assigned(at, name, default);
        }
        // What Terragrunt hands over to the code beside it, variables files outrank.
        if callers.iter().all(|call| call.folder == at.folder) {
            let given = callers.iter().filter_map(|call| self.folders.argument(call, name));
            let assigned = self.assigned(at, name, default);
            return given.map(|value| (at.clone(), value)).chain(assigned).collect();
        }
        let argument = |call: &Call| {
            let given = self.folders.argument(call, name).map(|value| (At::folder(&call.folder), value));
            given.or_else(|| default.map(|value| (at.clone(), value)))
        };
        let found: Vec<_> = callers.iter().filter_map(argument).collect();
        if found.len() == callers.len() { found } else { Vec::new() }
    }

    /// What variables files of the folder, or below it, say; else the default. Files that Terraform loads by itself
    /// outrank it, others may or may not be given on the command line.
    fn assigned(&self, at: &At, name: &str, default: Option<&'f Value>) -> Vec<(At, &'f Value)> {
        let below = format!("{}/", at.folder);
        let mut always = false;
        let mut found: Vec<(At, &'f Value)> = Vec::new();
        for folder in self.folders.folders() {
            if folder != at.folder && !at.folder.is_empty() && !folder.starts_with(&below) {
                continue;
            }
            for (file, block) in self.folders.blocks_at(folder, &[]) {
                let source = &self.sources[file];
                let variables = matches!(source.syntax(), Syntax::Variables | Syntax::VariablesJson);
                if let (true, Some(argument)) = (variables, block.argument(name)) {
                    always |= folder == at.folder && is_loaded(source.path());
                    found.push((at.clone(), &argument.value));
                }
            }
        }
        if !always {
            found.extend(default.map(|value| (at.clone(), value)));
        }
        found
    }

    fn output(&self, at: &At, module: &str, output: &str) -> Vec<(At, &'f Value)> {
        let Some(folder) = self.folders.module(&at.folder, module) else { return Vec::new() };
        let call = Some(Call { folder: at.folder.clone(), name: module.to_owned() });
        let block = self.folders.block(folder, &["output", output]);
        let value = block.and_then(|(_, block)| block.argument("value"));
        value.map(|argument| (At { folder: folder.to_owned(), call }, &argument.value)).into_iter().collect()
    }

    fn account(&self, at: &At, kind: SymbolKind, name: &str) -> Vec<(At, &'f Value)> {
        let word = if kind == SymbolKind::Managed { "resource" } else { "data" };
        let block = self.folders.block(&at.folder, &[word, super::attribute::COSMOSDB_ACCOUNT, name]);
        let value = block.and_then(|(_, block)| block.argument("name"));
        value.map(|argument| (at.clone(), &argument.value)).into_iter().collect()
    }

    fn call(&self, at: &At, function: &str, arguments: &[Value], depth: usize) -> Name {
        let names: Vec<Name> = arguments.iter().map(|argument| self.value(at, argument, depth + 1)).collect();
        match (function, arguments, names.as_slice()) {
            ("lower", [_], [name]) => name.clone().map(str::to_lowercase, "lower"),
            ("upper", [_], [name]) => name.clone().map(str::to_uppercase, "upper"),
            ("tostring" | "trimspace" | "nonsensitive" | "sensitive", [_], [name]) => name.clone(),
            ("try" | "coalesce", [only], _) => self.value(at, only, depth + 1),
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
            StepKind::Computed => text.push_str("[…]"),
        }
    }
    text
}

/// `override.tf`, `NAME_override.tf` and their JSON forms.
fn overrides(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let stem = name.split('.').next().unwrap_or(name);
    stem == "override" || stem.ends_with("_override")
}

/// Whether Terraform loads a variables file without being told.
fn is_loaded(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    ["terraform.tfvars", "terraform.tfvars.json"].contains(&name)
        || name.ends_with(".auto.tfvars")
        || name.ends_with(".auto.tfvars.json")
}
