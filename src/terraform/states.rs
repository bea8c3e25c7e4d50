//! Which folder of the tree wrote a state that another one reads.
//!
//! A root says in its `backend` where its state lies, a terragrunt configuration in its `remote_state`, and
//! `data "terraform_remote_state"` says which one it reads. Where both come to the same text in every setting that
//! both name, and no other root agrees as well, they are the same state. Where a setting is not known, or is handed over
//! on the command line, a root that nothing speaks against may have written it: what is read there is not known.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::{Block, REMOTE_STATE};
use super::folders::{Folders, Target, repeated};
use super::instance::{Call, Instance};
use super::naming::{At, Evaluator, Name};
use super::paths::{climbed, plain_path, relative_folder, written_path};
use super::source::Source;
use super::terragrunt::{Configurations, Here};
use super::value::Value;
use crate::model::matches;

/// What Terraform calls a state that it keeps beside the code.
const STATE_FILE: &str = "terraform.tfstate";

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

#[derive(Default, PartialEq, Eq)]
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

/// What is known where states are looked for.
struct Ground<'g, 'f> {
    folders: &'g Folders<'f>,
    evaluator: &'g Evaluator<'g>,
    roots: &'g [Root],
    /// Whether a folder is in the tree.
    known: &'g dyn Fn(&str) -> bool,
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
        let ground = Ground { folders, evaluator: &evaluator, roots: &roots, known: &known };
        for (folder, name, block) in readers {
            let state = state_of_all(folder, block, &ground);
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

/// The state that a block reads; of a repeated one, the one that all of its instances do, or those that they may.
fn state_of_all(folder: &str, block: &Block, ground: &Ground<'_, '_>) -> State {
    let at = At::folder(folder);
    if !repeated(block) {
        return state(&at, block, ground);
    }
    let words: Vec<&str> = block.words.iter().map(String::as_str).collect();
    let of = |instance| at.clone().block(&words, instance);
    let told = ground.evaluator.instances(&at, block).filter(|instances| !instances.is_empty());
    let (mut each, same): (Vec<State>, bool) = match told {
        Some(instances) => {
            let each = instances.into_iter().map(|instance| state(&of(Some(instance)), block, ground));
            let each: Vec<State> = each.collect();
            let same = each.windows(2).all(|two| two[0] == two[1]);
            (each, same)
        }
        // Which instances there are is not told: what two of them have in common, all have.
        None => {
            let [one, other] = ["a", "b"].map(|key| of(Some(Instance::Key(key.to_owned()))));
            let same = settings_of(&one, block, ground) == settings_of(&other, block, ground);
            (vec![state(&of(None), block, ground)], same)
        }
    };
    if same {
        return each.swap_remove(0);
    }
    let owners = each.into_iter().flat_map(|it| it.owner.map(|it| it.folder).into_iter().chain(it.possible));
    let possible: BTreeSet<String> = owners.collect();
    State { owner: None, possible: possible.into_iter().collect() }
}

/// What tells a state from others where one is read.
fn settings_of(at: &At, block: &Block, ground: &Ground<'_, '_>) -> BTreeMap<&'static str, Name> {
    let value = |name: &str| block.value(&format!("config.{name}"));
    settings(|name| value(name).map(|value| ground.evaluator.name(at, value)))
}

fn state(at: &At, block: &Block, ground: &Ground<'_, '_>) -> State {
    let folder = at.folder.as_str();
    let backend = block.argument("backend").and_then(|backend| backend.value.as_text());
    let others = || ground.roots.iter().filter(|root| root.folder != folder && root.owner.folder != folder);
    if backend == Some("local") {
        let path = block.value("config.path");
        return path.map_or_else(State::default, |path| local_state(at, path, others(), ground));
    }
    let wanted = settings_of(at, block, ground);
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

/// The state in a file of this machine.
fn local_state<'r>(
    at: &At,
    path: &Value,
    others: impl Iterator<Item = &'r Root>,
    ground: &Ground<'_, '_>,
) -> State {
    let folder = at.folder.as_str();
    let name = ground.evaluator.name(at, path);
    let written = written_path(folder, path);
    let literal = || name.as_literal().and_then(|text| relative_folder(folder, text));
    let Some(state) = written.or_else(literal) else {
        return State { owner: None, possible: possible_files(folder, &name, others, ground) };
    };
    let mut written = others.filter(|root| root.file.as_ref() == Some(&state));
    let owner = if let Some(root) = written.next() {
        written.next().is_none().then(|| root.owner.clone())
    } else {
        let within = state.strip_suffix(STATE_FILE).map(|within| within.trim_end_matches('/').to_owned());
        let within = within.filter(|within| within != folder && (ground.known)(within));
        within.map(|folder| Owner { folder, call: None })
    };
    State { owner, possible: Vec::new() }
}

/// Roots whose state may lie at a path that is not known.
fn possible_files<'r>(
    folder: &str,
    path: &Name,
    others: impl Iterator<Item = &'r Root>,
    ground: &Ground<'_, '_>,
) -> Vec<String> {
    let pattern = path.pattern();
    // What it begins with may be any folder.
    let pattern = match pattern.strip_prefix('*') {
        Some(rest) => format!("*{}", rest.rsplit_once("../").map_or(rest, |(_, rest)| rest)),
        // A path from the machine's top leads to no file below the code.
        None => match plain_path(folder, &pattern) {
            Some(pattern) => pattern,
            None => return Vec::new(),
        },
    };
    let files: Vec<(&str, String)> =
        others.filter_map(|root| Some((root.owner.folder.as_str(), root.file.clone()?))).collect();
    let is_root = |at: &&str| *at != folder && !files.iter().any(|(owner, _)| owner == at);
    let plain = ground.folders.folders().filter(is_root).map(|at| (at, climbed(at, STATE_FILE)));
    let all = files.iter().cloned().chain(plain);
    let possible: BTreeSet<String> =
        all.filter(|(_, file)| matches(&pattern, file)).map(|(owner, _)| owner.to_owned()).collect();
    possible.into_iter().collect()
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
