//! What an azapi action answers, and which parts of that it hands on under which names.
//!
//! Source: the documentation of azapi's `azapi_resource_action`. `response_export_values` says what `output` holds, and
//! `sensitive_response_export_values` what `sensitive_output` does: a list of paths, each handed on under its own words, or
//! a map from names to JMESPath. The answer of `listKeys` holds keys alone.

use super::found;
use crate::terraform::attribute::{KeyAttribute, listed_key};
use crate::terraform::facts::{Block, Step, StepKind};
use crate::terraform::key_read::KeyRead;
use crate::terraform::role::counterpart;
use crate::terraform::service::says_cosmos;
use crate::terraform::template::BY_DESCRIPTION;
use crate::terraform::value::Value;

/// What the answer is called: of an action, and of a program.
const ANSWERS: [&str; 3] = ["output", SENSITIVE, "result"];
const SENSITIVE: &str = "sensitive_output";

/// The arguments that say what of the answer goes on.
pub const EXPORTS: [&str; 2] = ["response_export_values", "sensitive_response_export_values"];

/// The whole answer, as a list of paths and as JMESPath say it.
const ALL_OF_LIST: &str = "*";
const ALL: &str = "@";

/// The answer of `listKeys`; other actions hand out no key, or none whose slot could be told. Without its block the
/// names in the answer tell enough.
pub fn action(block: Option<&Block>, steps: &[Step]) -> KeyRead {
    let text = |name| block.and_then(|block| block.argument(name)?.value.as_text()).unwrap_or_default();
    let argument = |name: &str| block.and_then(|block| block.argument(name));
    let action = match argument("action").map(|action| action.value.as_text()) {
        // Which action it is, is not written here: the names in the answer tell enough.
        Some(None) => "listkeys".to_owned(),
        Some(Some(_)) | None => text("action").to_ascii_lowercase(),
    };
    let kind = text("type");
    if !(kind.is_empty() || says_cosmos(kind)) {
        return KeyRead::Nothing;
    }
    match action.as_str() {
        "listkeys" | "readonlykeys" => {}
        "" if block.is_none() => {}
        "listconnectionstrings" if says_cosmos(kind) => {
            return KeyRead::Opaque(BY_DESCRIPTION.into());
        }
        _ => return KeyRead::Nothing,
    }
    let whole = || if block.is_some() { KeyRead::Whole } else { KeyRead::Nothing };
    let is_answer = |step: &Step| step.name().is_some_and(|name| ANSWERS.contains(&name));
    // Whatever picks an instance stands before it.
    let is_instance = |step: &&Step| !is_answer(step) && !matches!(step.kind, StepKind::Attribute(_));
    let mut named = steps.iter().skip_while(is_instance);
    let exported = match named.next().map(|step| (step, step.name())) {
        Some((step, Some(name))) if is_answer(step) => argument(match name {
            SENSITIVE => EXPORTS[1],
            _ => EXPORTS[0],
        }),
        Some(_) => return KeyRead::Nothing,
        None => return whole(),
    };
    let mut named =
        named.filter(|step| !matches!(step.kind, StepKind::Number(_) | StepKind::Any | StepKind::Element));
    let Some(step) = named.next() else { return whole() };
    let Some(name) = step.name() else { return by_computed_name() };
    if block.is_none() && name == "connectionStrings" {
        return KeyRead::Opaque(BY_DESCRIPTION.into());
    }
    match exported.map(|argument| &argument.value) {
        Some(Value::Map(entries)) => match handed_on(entries, name) {
            HandedOn::All => match named.next() {
                Some(step) => step.name().map_or_else(by_computed_name, |name| listed(step, name, |_| true)),
                None => KeyRead::Whole,
            },
            HandedOn::Key(key) => {
                let other = called(entries, name, &key.other);
                found(step, name, key, other)
            }
            HandedOn::Other
                if says_cosmos(kind)
                    || path_of(entries, name).map_or_else(|| listed_key(name).is_some(), mentions_key) =>
            {
                KeyRead::Opaque(format!("`{name}` may be a key: a path into the answer decides which"))
            }
            HandedOn::Other | HandedOn::Nothing => KeyRead::Nothing,
        },
        // Of a list of names, those alone are handed on.
        Some(Value::List(names)) => listed(step, name, |other| {
            names
                .iter()
                .any(|known| known.as_text().is_none_or(|known| known == ALL_OF_LIST || known == other))
        }),
        _ => listed(step, name, |_| true),
    }
}

fn by_computed_name() -> KeyRead {
    KeyRead::Opaque("the answer of `listKeys` is indexed by a name that the text does not tell".into())
}

/// A key by the name that `listKeys` gives it; `hands_on` says whether another of these names is there, too.
fn listed(step: &Step, name: &str, hands_on: impl Fn(&str) -> bool) -> KeyRead {
    let Some(key) = listed_key(name) else { return KeyRead::Nothing };
    let other = Some(key.other.clone()).filter(|other| hands_on(other));
    found(step, name, key, other)
}

/// What an entry of a map of paths hands on.
enum HandedOn {
    All,
    Key(KeyAttribute),
    /// What its path makes of the answer.
    Other,
    Nothing,
}

fn handed_on(entries: &[(String, Value)], name: &str) -> HandedOn {
    if !entries.iter().any(|(known, _)| known == name) {
        return HandedOn::Nothing;
    }
    match path_of(entries, name) {
        Some(ALL) => HandedOn::All,
        Some(path) => match plain(path).map(listed_key) {
            Some(Some(key)) => HandedOn::Key(key),
            Some(None) => HandedOn::Nothing,
            None => HandedOn::Other,
        },
        None => HandedOn::Other,
    }
}

fn path_of<'v>(entries: &'v [(String, Value)], name: &str) -> Option<&'v str> {
    entries.iter().find(|(known, _)| known == name).and_then(|(_, path)| path.as_text()).map(str::trim)
}

fn mentions_key(path: &str) -> bool {
    path.to_ascii_lowercase().contains("masterkey")
}

/// The last name of a path that is nothing but names.
fn plain(path: &str) -> Option<&str> {
    let path = path.strip_prefix("@.").unwrap_or(path);
    let name = |word: &str| {
        let inner = word.strip_prefix('"').and_then(|word| word.strip_suffix('"')).unwrap_or(word);
        !inner.is_empty() && inner.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    path.split('.').all(name).then(|| path.rsplit('.').next().unwrap_or(path).trim_matches('"'))
}

/// What the entry is called that hands on this key: as `name` with the other slot's word, if that is one of several.
fn called(entries: &[(String, Value)], name: &str, key: &str) -> Option<String> {
    let is_it = |entry: &&String| path_of(entries, entry).and_then(plain) == Some(key);
    let known: Vec<&String> = entries.iter().map(|(entry, _)| entry).filter(is_it).collect();
    let turned = counterpart(name);
    known.iter().find(|entry| Some(**entry) == turned.as_ref()).or(known.first()).map(|name| (*name).clone())
}
