//! Code that is not here, a dependency's or another root's state: which of them it is, and what is known of the service
//! whose keys it hands out.
//!
//! What they are called, where they lie and what they are given can say Cosmos DB; which of their outputs are keys their
//! names tell (`by_name`).

use super::facts::{Base, Block, REMOTE_STATE, Step, SymbolKind, UPSTREAM};
use super::folders::{Folders, Target};
use super::known::NAME_ARGUMENTS;
use super::paths::climbed;
use super::service::{
    is_about_another, is_about_cosmos, leads_to_cosmos, module_name, says_another, says_cosmos,
};
use super::value::Value;

/// Where an output comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    pub kind: SymbolKind,
    pub name: String,
    /// Whether it speaks of Cosmos DB.
    pub known: bool,
    /// Whether it speaks of another service.
    pub another: bool,
    /// The same for the same origin, by whatever name it goes.
    pub id: (String, String),
}

/// Absent for bases whose own blocks are in the tree, and for those that hand out no outputs.
pub fn origin(folders: &Folders<'_>, folder: &str, base: &Base) -> Option<Origin> {
    match base {
        Base::Module(name) => module(folders, folder, name),
        Base::Dependency(name) => Some(dependency(folders, folder, name)),
        Base::RemoteState(name) => Some(state(folders, folder, name)),
        Base::Account(..)
        | Base::Action(..)
        | Base::Deployment(..)
        | Base::Local
        | Base::Variable
        | Base::Each(_) => None,
    }
}

/// The steps from there that begin with the name of an output, behind those that pick an instance of a repeated module.
pub fn outputs<'s>(folders: &Folders<'_>, folder: &str, base: &Base, steps: &'s [Step]) -> &'s [Step] {
    match base {
        Base::Module(name) => folders.output_at(folder, name, steps).map_or(&[], |at| &steps[at..]),
        _ => steps,
    }
}

fn module(folders: &Folders<'_>, folder: &str, name: &str) -> Option<Origin> {
    let source = folders.source_elsewhere(folder, name)?;
    let called = module_name(source);
    let made = folders.block(folder, &["module", name]).is_some_and(|(_, block)| is_made_by(block));
    // What a module is called in one place tells less than what it is.
    let known = leads_to_cosmos(source) || is_about_cosmos(name) && !is_about_another(called) || made;
    let id = (folder.to_owned(), format!("module.{name}"));
    let another = is_another(&[name, called]);
    Some(Origin { kind: SymbolKind::Module, name: name.to_owned(), known, another, id })
}

fn dependency(folders: &Folders<'_>, folder: &str, name: &str) -> Origin {
    let config = folders.dependency(folder, name).unwrap_or_default();
    let (runs, code) = match folders.configured(config) {
        Some(Target::Elsewhere(source)) => (leads_to_cosmos(source), module_name(source)),
        Some(Target::Folder(path)) => (leads_to_cosmos(path), path.as_str()),
        None => (false, ""),
    };
    let block = folders.block(folder, &["dependency", name]);
    let path = block.and_then(|(_, block)| block.argument("config_path")).map(|path| &path.value);
    // It may leave the tree.
    let written = path.is_some_and(|path| match path.as_text() {
        Some(path) => leads_to_cosmos(path),
        None => value_says_cosmos(path),
    });
    let mut given = folders.blocks_at(config, &[]).filter_map(|(_, block)| block.argument("inputs"));
    let made = !config.is_empty() && given.any(|inputs| are_of_account(entries(&inputs.value)));
    let known = is_about_cosmos(name) || leads_to_cosmos(config) || runs || written || made;
    let path = path.and_then(Value::as_text).unwrap_or_default();
    let at = match config {
        "" => climbed(folder, path),
        config => config.to_owned(),
    };
    let id = match at.as_str() {
        "" => (folder.to_owned(), format!("dependency.{name}")),
        _ => (at, "dependency".to_owned()),
    };
    let another = is_another(&[name, path, code]);
    Origin { kind: SymbolKind::Dependency, name: name.to_owned(), known, another, id }
}

fn state(folders: &Folders<'_>, folder: &str, name: &str) -> Origin {
    let config = match name.split_once('.') {
        Some((kind @ UPSTREAM, upstream)) => folders.block(folder, &[kind, upstream]),
        _ => folders.block(folder, &["data", REMOTE_STATE, name]),
    };
    let block = config.map(|(_, block)| block);
    let key = block.and_then(|block| block.value("config.key")?.as_text()).unwrap_or_default();
    // What its key is about outweighs what stands beside it.
    let about = || block.is_some_and(mentions_cosmos) && !is_about_another(key_name(key));
    let known = is_about_cosmos(name) || about();
    let id = (folder.to_owned(), format!("state.{name}"));
    let another = is_another(&[name, key]);
    Origin { kind: SymbolKind::RemoteState, name: name.to_owned(), known, another, id }
}

/// The last part of a state's key: `cosmosdb_eventhub.tfstate` of `prod/cosmosdb_eventhub.tfstate`; of one that is called
/// like all of them, the part before.
fn key_name(key: &str) -> &str {
    let mut parts = key.rsplit('/');
    parts.find(|part| *part != "terraform.tfstate").unwrap_or(key)
}

/// Keys of a vault are no keys of an account.
fn is_another(names: &[&str]) -> bool {
    names
        .iter()
        .any(|name| says_another(name) || name.to_ascii_lowercase().contains("vault") && !says_cosmos(name))
}

/// Whether the arguments of a call say that an account is made by it.
pub fn is_made_by(call: &Block) -> bool {
    are_of_account(call.arguments.iter().map(|argument| (argument.name.as_str(), &argument.value)))
}

/// What Azure calls an account of Cosmos DB that is not MongoDB's: nothing else is of this kind.
const KIND: &str = "globaldocumentdb";

/// Whether arguments are those of an account that is made, and of nothing else: its kind, or a name that is given to it.
/// What takes its name from an account that is made elsewhere reads of that one.
fn are_of_account<'v>(arguments: impl Iterator<Item = (&'v str, &'v Value)> + Clone) -> bool {
    let makes = |(name, value): (&str, &Value)| {
        let is_kind = value.as_text().is_some_and(|kind| kind.eq_ignore_ascii_case(KIND));
        is_kind || NAME_ARGUMENTS.contains(&name) && says_cosmos(name) && is_given(value)
    };
    arguments.clone().any(makes) && !arguments.into_iter().any(|(name, _)| says_another(name))
}

fn is_given(value: &Value) -> bool {
    match value {
        Value::Text(_) => true,
        Value::Template(parts) => !parts.is_empty(),
        Value::Path(object) => matches!(object.base, Base::Local | Base::Variable | Base::Each(_)),
        Value::Call(_, parts) => parts.iter().any(is_given),
        Value::Number(_)
        | Value::Bool(_)
        | Value::List(_)
        | Value::Map(_)
        | Value::Either(_)
        | Value::Read(_)
        | Value::Other(_) => false,
    }
}

fn entries(value: &Value) -> impl Iterator<Item = (&str, &Value)> + Clone {
    let entries: &[(String, Value)] = match value {
        Value::Map(entries) => entries,
        _ => &[],
    };
    entries.iter().map(|(name, value)| (name.as_str(), value))
}

/// Whether an argument of a block says Cosmos DB.
pub fn mentions_cosmos(block: &Block) -> bool {
    block.arguments.iter().any(|argument| value_says_cosmos(&argument.value))
}

fn value_says_cosmos(value: &Value) -> bool {
    match value {
        Value::Text(text) | Value::Number(text) | Value::Other(text) => says_cosmos(text),
        Value::Template(parts) | Value::List(parts) | Value::Call(_, parts) => {
            parts.iter().any(value_says_cosmos)
        }
        Value::Map(entries) => entries.iter().any(|(_, value)| value_says_cosmos(value)),
        Value::Either(either) => says_cosmos(&either.text),
        Value::Read(read) => says_cosmos(&read.text),
        Value::Bool(_) | Value::Path(_) => false,
    }
}
