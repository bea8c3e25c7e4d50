//! Which folder of the tree wrote a state that another one reads.
//!
//! A root says in its `backend` where its state lies, a terragrunt configuration in its `remote_state`, and
//! `data "terraform_remote_state"` says which one it reads. Where both come to the same text in every setting that
//! both name, and no other root agrees as well, they are the same state. Where a setting is not known, or is handed over
//! on the command line, a root that nothing speaks against may have written it: what is read there is not known.

use std::collections::BTreeMap;

use super::facts::{Block, REMOTE_STATE};
use super::folders::{Folders, Target, repeated};
use super::instance::Call;
use super::naming::{At, Evaluator, Name};
use super::paths::written_path;
use super::source::Source;
use super::terragrunt::{Configurations, Here};
use super::value::Value;

/// Settings that tell a state from others. The first kind must be the same, the rest must not differ.
const NAMES: [&str; 3] = ["key", "prefix", "path"];
const PLACES: [&str; 6] = [
    "bucket",
    "container_name",
    "resource_group_name",
    "storage_account_name",
    "subscription_id",
    "workspace_key_prefix",
];

/// A folder whose outputs a state holds, and the call that it was applied by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    pub folder: String,
    pub call: Option<Call>,
}

/// Whose states are read, by the folder that reads and the name under which it does.
#[derive(Default)]
pub struct States(BTreeMap<String, BTreeMap<String, State>>);

#[derive(Default)]
struct State {
    owner: Option<Owner>,
    /// Folders that may have written it.
    possible: Vec<String>,
}

/// A root with the settings of its state.
struct Root {
    owner: Owner,
    /// The folder in which it is applied.
    folder: String,
    backend: Option<String>,
    settings: BTreeMap<&'static str, Name>,
    /// A local state's path from the tree's top.
    file: Option<String>,
}

enum Agrees {
    Yes,
    Maybe,
    No,
}

impl States {
    pub fn of(
        folders: &Folders<'_>,
        sources: &[Source],
        configurations: &Configurations<'_>,
        known: impl Fn(&str) -> bool,
    ) -> States {
        let mut states = States::default();
        let readers = folders.folders().flat_map(|folder| {
            folders.blocks(folder).filter_map(move |(_, block)| match block.words.as_slice() {
                [data, kind, name] if data == "data" && kind == REMOTE_STATE => Some((folder, name, block)),
                _ => None,
            })
        });
        let mut readers = readers.peekable();
        if readers.peek().is_none() {
            return states;
        }
        let evaluator = folders.evaluator();
        let roots = roots(folders, sources, configurations, &evaluator);
        for (folder, name, block) in readers.filter(|(_, _, block)| !repeated(block)) {
            let state = state(folder, block, &evaluator, &roots, &known);
            states.0.entry(folder.to_owned()).or_default().insert(name.clone(), state);
        }
        states
    }

    /// The folder that wrote the state which is read under a name.
    pub fn owner(&self, folder: &str, name: &str) -> Option<&Owner> {
        self.0.get(folder)?.get(name)?.owner.as_ref()
    }

    /// Folders that may have written it, where it is not known which did.
    pub fn possible(&self, folder: &str, name: &str) -> &[String] {
        self.0.get(folder).and_then(|states| states.get(name)).map_or(&[], |state| state.possible.as_slice())
    }
}

fn roots(
    folders: &Folders<'_>,
    sources: &[Source],
    configurations: &Configurations<'_>,
    evaluator: &Evaluator<'_>,
) -> Vec<Root> {
    let mut roots = Vec::new();
    for folder in folders.folders() {
        for (file, block) in folders.blocks(folder) {
            let here = Here { folder, file: sources[file].path() };
            if block.is(&["terraform"]) && block.arguments.iter().any(|it| it.name.starts_with("backend")) {
                roots.push(by_backend(folder, block, evaluator));
            } else if block.is(&["remote_state"]) {
                roots.extend(by_terragrunt(folders, here, block, configurations));
            }
        }
    }
    roots
}

fn by_backend(folder: &str, block: &Block, evaluator: &Evaluator<'_>) -> Root {
    let kind = match block.argument("backend").map(|argument| &argument.value) {
        Some(Value::Text(kind)) => Some(kind.clone()),
        Some(Value::Map(entries)) => entries.first().map(|(kind, _)| kind.clone()),
        _ => None,
    };
    let within = kind.clone().unwrap_or_default();
    let value = |name: &str| {
        block.value(&format!("backend.{name}")).or_else(|| block.value(&format!("backend.{within}.{name}")))
    };
    let file = value("path").and_then(|path| written_path(folder, path));
    let owner = Owner { folder: folder.to_owned(), call: None };
    let settings = settings(|name| value(name).map(|value| evaluator.name(&At::folder(folder), value)));
    Root { owner, folder: folder.to_owned(), backend: kind, settings, file }
}

/// The code that a terragrunt configuration runs, or that lies beside it.
fn by_terragrunt(
    folders: &Folders<'_>,
    here: Here<'_>,
    block: &Block,
    configurations: &Configurations<'_>,
) -> Option<Root> {
    let owner = match folders.configured(here.folder) {
        Some(Target::Folder(code)) => {
            let call = Call::new(here.folder, "");
            Owner { folder: code.clone(), call: Some(call) }
        }
        Some(Target::Elsewhere(_)) => return None,
        None => Owner { folder: here.folder.to_owned(), call: None },
    };
    let settings = settings(|name| {
        let value = block.value(&format!("config.{name}"))?;
        let text = configurations.setting(here, value);
        Some(text.map_or_else(|| Name::open(here.folder, name), |text| Name::text(&text)))
    });
    let backend = block.argument("backend").and_then(|argument| argument.value.as_text()).map(str::to_owned);
    Some(Root { owner, folder: here.folder.to_owned(), backend, settings, file: None })
}

fn settings(value: impl Fn(&str) -> Option<Name>) -> BTreeMap<&'static str, Name> {
    NAMES.iter().chain(&PLACES).filter_map(|name| Some((*name, value(name)?))).collect()
}

fn state(
    folder: &str,
    block: &Block,
    evaluator: &Evaluator<'_>,
    roots: &[Root],
    known: impl Fn(&str) -> bool,
) -> State {
    let value = |name: &str| block.value(&format!("config.{name}"));
    let backend = block.argument("backend").and_then(|backend| backend.value.as_text());
    let others = || roots.iter().filter(|root| root.folder != folder && root.owner.folder != folder);
    if backend == Some("local") {
        let owner = value("path").and_then(|path| local_owner(folder, path, others(), known));
        return State { owner, possible: Vec::new() };
    }
    let wanted = settings(|name| value(name).map(|value| evaluator.name(&At::folder(folder), value)));
    let (mut owners, mut possible) = (Vec::new(), Vec::new());
    for root in others() {
        let same_kind = backend.is_none() || root.backend.is_none() || root.backend.as_deref() == backend;
        match agrees(&wanted, &root.settings) {
            Agrees::Yes if same_kind => owners.push(&root.owner),
            Agrees::Maybe if same_kind => possible.push(&root.owner),
            Agrees::Yes | Agrees::Maybe | Agrees::No => {}
        }
    }
    match owners.as_slice() {
        [only] => State { owner: Some((*only).clone()), possible: Vec::new() },
        several => {
            let several = if several.is_empty() { possible.as_slice() } else { several };
            State { owner: None, possible: several.iter().map(|owner| owner.folder.clone()).collect() }
        }
    }
}

fn local_owner<'r>(
    folder: &str,
    path: &Value,
    others: impl Iterator<Item = &'r Root>,
    known: impl Fn(&str) -> bool,
) -> Option<Owner> {
    let state = written_path(folder, path)?;
    let mut written = others.filter(|root| root.file.as_ref() == Some(&state));
    if let Some(root) = written.next() {
        return written.next().is_none().then(|| root.owner.clone());
    }
    let within = state.strip_suffix("terraform.tfstate")?.trim_end_matches('/').to_owned();
    (within != folder && known(&within)).then_some(Owner { folder: within, call: None })
}

fn agrees(wanted: &BTreeMap<&'static str, Name>, written: &BTreeMap<&'static str, Name>) -> Agrees {
    let both = |names: &[&'static str]| -> Vec<(&Name, &Name)> {
        names.iter().filter_map(|name| Some((wanted.get(name)?, written.get(name)?))).collect()
    };
    let (names, places) = (both(&NAMES), both(&PLACES));
    if names.iter().chain(&places).any(|(one, other)| !one.may_be(other)) {
        return Agrees::No;
    }
    let same = |(one, other): &(&Name, &Name)| one.as_literal().is_some() && one == other;
    let named = NAMES.iter().any(|name| wanted.contains_key(name));
    match (names.iter().any(same), named) {
        (true, _) => Agrees::Yes,
        // What only one of them says may be told to the other on the command line.
        (false, true) => Agrees::Maybe,
        (false, false) => Agrees::No,
    }
}
