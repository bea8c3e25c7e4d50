//! The names through which values travel, and the files that each of them asks for.
//!
//! Where an object starts, and which name a binding gives, is said here for every kind of them.

use super::Ask;
use crate::terraform::attribute::COSMOSDB_ACCOUNT;
use crate::terraform::by_name::is_of_cosmos;
use crate::terraform::facts::{
    AZAPI_ACTION, AZAPI_RESOURCE, Base, Binding, DEPLOYMENTS, HELD, Object, REMOTE_STATE, Read, Step,
    StepKind,
};
use crate::terraform::glance::Waypoint;
use crate::terraform::known::{NAME_ARGUMENTS, PARAMETERS};
use crate::terraform::service::says_cosmos;
use crate::terraform::template::ARGUMENTS as TEMPLATES;
use crate::terraform::walk::KEY_VAULT_SECRET;

/// Arguments of a block that say which account it speaks of.
const IDENTITY: &[&str] =
    &["backend", "config", "count", "for_each", "name", "resource_group_name", "resource_id"];

/// Arguments of a secret that say what it is called, and of how many.
const CALLED: &[&str] = &["count", "for_each", "name"];

/// A name through which a value travels.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Name {
    Local(String),
    Variable(String),
    Output(String),
    /// What a module call is given.
    Argument {
        call: String,
        name: String,
    },
    /// What a module call gives back; without a name, any of it.
    Member {
        call: String,
        output: Option<String>,
    },
    /// What a block is repeated over; another file may add to the block.
    Elements {
        kind: String,
        name: String,
    },
}

/// A name in its folder.
pub type Place = (String, Name);

/// Where an object starts.
pub enum Starts {
    /// At a key, or at what holds keys.
    Account,
    Names(Vec<Name>),
    /// At names behind which a key may be, whatever they stand for.
    Both(Vec<Name>),
}

fn words(folder: &str, words: [&str; 2]) -> Ask {
    Ask::Words { folder: folder.to_owned(), words: words.map(str::to_owned).to_vec() }
}

/// Who could define a name, or go on with a call.
pub fn mentioned_by(folder: &str, name: &Name) -> Ask {
    match name {
        Name::Local(name) => words(folder, ["locals", name]),
        Name::Variable(name) => words(folder, ["variable", name]),
        Name::Output(name) => words(folder, ["output", name]),
        // The call's source may stand in another file than its arguments.
        Name::Argument { call, .. } | Name::Member { call, .. } if call.is_empty() => {
            words(folder, ["terraform", "source"])
        }
        Name::Argument { call, .. } | Name::Member { call, .. } => words(folder, ["module", call]),
        Name::Elements { kind, name } => words(folder, [kind, name]),
    }
}

/// Who could read a name, besides.
pub fn read_by(folder: &str, name: &Name) -> Vec<Ask> {
    match name {
        Name::Local(name) => vec![words(folder, ["local", name])],
        // Other callers may hand in something else.
        Name::Variable(name) => {
            vec![words(folder, ["var", name]), Ask::Callers { folder: folder.to_owned() }]
        }
        Name::Output(_) => {
            vec![
                Ask::Callers { folder: folder.to_owned() },
                Ask::Providers { folder: folder.to_owned() },
                Ask::Passing(Waypoint::RemoteState),
                // Other roots' too: a state that two of them could have written is nobody's.
                Ask::Passing(Waypoint::Backend),
            ]
        }
        Name::Argument { .. } | Name::Member { .. } | Name::Elements { .. } => Vec::new(),
    }
}

/// Who could give a name its value, besides.
pub fn given_by(folder: &str, name: &Name) -> Vec<Ask> {
    match name {
        Name::Variable(name) => {
            vec![Ask::Callers { folder: folder.to_owned() }, Ask::Values { variable: name.clone() }]
        }
        Name::Local(_)
        | Name::Output(_)
        | Name::Argument { .. }
        | Name::Member { .. }
        | Name::Elements { .. } => Vec::new(),
    }
}

/// The names that computed indexes are worked out from.
pub fn indexes(folder: &str, object: &Object) -> Vec<Place> {
    let computed = object.steps.iter().filter_map(|step| match &step.kind {
        StepKind::Computed(Some(index)) => Some(index),
        _ => None,
    });
    computed.flat_map(|index| index.paths()).flat_map(|path| places(folder, path)).collect()
}

/// What is exhaustive here is on purpose: a new base must say where it starts.
pub fn starts(object: &Object) -> Starts {
    let first = |name: fn(String) -> Name| names(&object.steps).into_iter().take(1).map(name).collect();
    match &object.base {
        Base::Account(..) => Starts::Account,
        Base::Local => Starts::Names(first(Name::Local)),
        Base::Variable => Starts::Names(first(Name::Variable)),
        Base::Module(call) | Base::Dependency(call) => {
            let named: Vec<Name> =
                names(&object.steps).into_iter().map(|output| member(call, Some(output))).collect();
            let computed = object.steps.iter().any(|step| step.kind.is_computed());
            let whole = (named.is_empty() || computed).then(|| member(call, None));
            let says = |name: &String| says_cosmos(name) || is_of_cosmos(name);
            let cosmos = says_cosmos(call) || names(&object.steps).iter().any(says);
            match cosmos || matches!(object.base, Base::Dependency(_)) {
                // It may go by its name.
                true => Starts::Both(named.into_iter().chain(whole).collect()),
                false => Starts::Names(named.into_iter().chain(whole).collect()),
            }
        }
        Base::Each(place) => Starts::Names(elements(place).into_iter().collect()),
        Base::RemoteState(_) | Base::Action(..) | Base::Deployment(..) => Starts::Account,
    }
}

/// The names that an object is read by.
pub fn places(folder: &str, object: &Object) -> Vec<Place> {
    match starts(object) {
        Starts::Account => Vec::new(),
        Starts::Names(names) | Starts::Both(names) => {
            names.into_iter().map(|name| (folder.to_owned(), name)).collect()
        }
    }
}

pub fn stands_in(read: &Read, choice: u32) -> bool {
    read.picks == Some(choice) || read.choices.iter().any(|branch| branch.choice == choice)
}

/// What a block is repeated over, by the words that lead to its `for_each`.
fn elements(place: &str) -> Option<Name> {
    let words: Vec<String> = place.split('.').map(str::to_owned).collect();
    bound(&words)
}

pub fn member(call: &str, output: Option<String>) -> Name {
    Name::Member { call: call.to_owned(), output }
}

fn names(steps: &[Step]) -> Vec<String> {
    steps.iter().filter_map(Step::name).map(str::to_owned).collect()
}

/// The name that a value bound like this goes by; absent where nothing reads it back.
pub fn bound(binding: &Binding) -> Option<Name> {
    let parts: Vec<&str> = binding.iter().map(String::as_str).collect();
    match parts.as_slice() {
        ["locals", name, ..] => Some(Name::Local((*name).to_owned())),
        ["output", name, ..] => Some(Name::Output((*name).to_owned())),
        ["module", call, name, ..] => {
            Some(Name::Argument { call: (*call).to_owned(), name: (*name).to_owned() })
        }
        ["resource" | "data" | "ephemeral", kind, name, inside @ ..] if inside.contains(&"for_each") => {
            Some(Name::Elements { kind: (*kind).to_owned(), name: (*name).to_owned() })
        }
        // Whatever reads it back says so by these words.
        ["resource", kind, name, ..] if HELD.iter().any(|(held, _)| held == kind) => {
            Some(Name::Elements { kind: (*kind).to_owned(), name: (*name).to_owned() })
        }
        ["inputs", name, ..] => Some(Name::Argument { call: String::new(), name: (*name).to_owned() }),
        _ => None,
    }
}

/// Whether a value bound like this says which account a block speaks of, or what a secret is called.
pub fn identifies(binding: &Binding) -> bool {
    match binding.as_slice() {
        [_, kind, _, argument, ..]
            if [COSMOSDB_ACCOUNT, AZAPI_ACTION, AZAPI_RESOURCE, REMOTE_STATE].contains(&kind.as_str()) =>
        {
            IDENTITY.contains(&argument.as_str())
        }
        [_, kind, _, argument, ..] if kind == KEY_VAULT_SECRET => CALLED.contains(&argument.as_str()),
        // The account stands in the template, or is handed to it.
        [_, kind, _, argument, ..] if DEPLOYMENTS.contains(&kind.as_str()) => {
            TEMPLATES.contains(&argument.as_str()) || PARAMETERS.contains(&argument.as_str())
        }
        // OpenTofu takes values there that Terraform does not.
        [block, backend, ..] if block == "terraform" && backend == "backend" => true,
        [block, _, argument] => block == "module" && NAME_ARGUMENTS.contains(&argument.as_str()),
        _ => false,
    }
}
