//! From the file's text to settings, and back.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::super::bounded;
use super::places::{Step, full_name, line_and_column, path_at, span_of};
use super::{CheckSettings, Endpoints, Environment, SettingsError, check};
use crate::cli::{CliError, ErrorKind, own_folder};
use crate::model::EnvironmentName;

/// The version of the file's format that this version of keyslot reads.
const VERSION: i64 = 1;

/// Larger files are no configuration.
const MAX_BYTES: u64 = 1 << 20;

/// Two names are near when they share at least this much (Jaro-Winkler, 0 to 1): `acount` and `account` do,
/// `state` and `secret` do not.
const NEAR: f64 = 0.8;

/// The whole file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Of the format: 1.
    pub version: i64,
    /// Where keyslot keeps what it can make again, such as its own copy of the repository. A folder, relative
    /// to this file.
    #[serde(default = "default_cache")]
    pub cache: PathBuf,
    #[serde(default)]
    pub endpoints: Endpoints,
    #[serde(default, skip_serializing_if = "is_empty")]
    pub check: CheckSettings,
    #[serde(rename = "environment", default)]
    pub environments: BTreeMap<EnvironmentName, Environment>,
}

fn is_empty(check: &CheckSettings) -> bool {
    *check == CheckSettings::default()
}

fn default_cache() -> PathBuf {
    Path::new(own_folder::NAME).join("cache")
}

/// Settings and the file that they came from.
#[derive(Clone, Debug, PartialEq)]
pub struct SettingsFile {
    pub path: PathBuf,
    pub settings: Settings,
}

#[derive(Deserialize)]
struct Version {
    version: Option<i64>,
}

impl Settings {
    /// Settings for these environments, in the public cloud unless the endpoints are changed.
    pub fn new(environments: BTreeMap<EnvironmentName, Environment>) -> Settings {
        Settings {
            version: VERSION,
            cache: default_cache(),
            endpoints: Endpoints::default(),
            check: CheckSettings::default(),
            environments,
        }
    }

    /// Reads and checks a text; `path` is what errors and relative paths refer to.
    ///
    /// # Errors
    /// The first thing that is wrong, with its place.
    pub fn parse(text: &str, path: &Path) -> Result<Settings, SettingsError> {
        check_version(text).map_err(|error| at_key(error, text, path, &["version".into()]))?;
        let settings: Settings = toml::from_str(text).map_err(|error| from_toml(text, path, &error))?;
        match check::problem(&settings, path) {
            None => Ok(settings),
            Some(problem) => {
                let error =
                    SettingsError { remedies: vec![problem.remedy], ..SettingsError::new(problem.what) };
                Err(at_key(error, text, path, &problem.path))
            }
        }
    }

    /// The text of a file that says the same. Comments are not kept: this is for new files.
    ///
    /// # Errors
    /// A value that TOML cannot hold, such as a path that is no Unicode: a defect of the caller.
    pub fn to_toml(&self) -> Result<String, CliError> {
        toml::to_string_pretty(self).map_err(|error| {
            CliError::new(ErrorKind::Bug, "the configuration cannot be written").caused_by(&error)
        })
    }
}

impl SettingsFile {
    /// Reads one file.
    ///
    /// # Errors
    /// A file that cannot be read or is no valid settings file, with its place.
    pub fn load(path: &Path) -> Result<SettingsFile, SettingsError> {
        let text = read(path)?;
        SettingsFile { path: path.to_owned(), settings: Settings::parse(&text, path)? }.with_units()
    }
}

/// The text of a settings file.
///
/// # Errors
/// A file that cannot be read or is no text.
pub(super) fn read(path: &Path) -> Result<String, SettingsError> {
    text(path).map_err(|error| SettingsError { file: path.to_owned(), ..error })
}

fn text(path: &Path) -> Result<String, SettingsError> {
    let unreadable = |error: std::io::Error| {
        SettingsError::new(format!("it cannot be read: {error}"))
            .remedy("name the configuration with --config, or run keyslot where a keyslot.toml is")
    };
    let too_large = || SettingsError::new("it is larger than 1 MiB").remedy("name a keyslot.toml");
    if fs::metadata(path).map_err(unreadable)?.is_dir() {
        return Err(SettingsError::new("it is a folder").remedy("name the file in it"));
    }
    let bytes = bounded::read(path, MAX_BYTES).map_err(unreadable)?.ok_or_else(too_large)?;
    let text = String::from_utf8(bytes)
        .map_err(|error| SettingsError::new(format!("it is no UTF-8 text: {}", error.utf8_error())))?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

/// Looks at the version before anything else, so that a newer file is not reported as full of typos.
fn check_version(text: &str) -> Result<(), SettingsError> {
    // What does not parse at all is reported by the full reading.
    let version = toml::from_str::<Version>(text).map_or(Some(VERSION), |found| found.version);
    match version {
        Some(VERSION) => Ok(()),
        Some(newer) if newer > VERSION => {
            Err(SettingsError::new(format!("this file is of version {newer}; this keyslot knows version 1"))
                .remedy("use a newer keyslot"))
        }
        Some(other) => {
            Err(SettingsError::new(format!("there is no version {other}")).remedy("write version = 1"))
        }
        None => Err(SettingsError::new("the version is missing").remedy("begin the file with version = 1")),
    }
}

fn at_key(error: SettingsError, text: &str, file: &Path, path: &[Step]) -> SettingsError {
    let at = span_of(text, path).map(|span| line_and_column(text, span.start));
    SettingsError { file: file.to_owned(), at, key: full_name(path), ..error }
}

/// A text that is no TOML, or TOML that does not fit.
fn from_toml(text: &str, file: &Path, error: &toml::de::Error) -> SettingsError {
    let start = error.span().map(|span| span.start);
    let path = start.map_or_else(Vec::new, |offset| path_at(text, offset));
    let path = lacking(error.message(), path);
    let (what, remedy) = missing(text, error.message(), &path)
        .or_else(|| of_another_type(error.message(), &path))
        .map(|(what, remedy)| (what, Some(remedy)))
        .unwrap_or_else(|| in_words(error.message()));
    SettingsError {
        file: file.to_owned(),
        at: start.map(|offset| line_and_column(text, offset)),
        key: full_name(&path),
        what,
        remedies: remedy.into_iter().collect(),
    }
}

/// A value of another type than is wanted: `invalid type: string "x", expected a sequence`. The value is not repeated.
fn of_another_type(message: &str, path: &[Step]) -> Option<(String, String)> {
    let (found, wanted) = message.strip_prefix("invalid type: ")?.split_once(", expected ")?;
    let found = found.split(['`', '"']).next().unwrap_or_default().trim();
    let key = path.iter().rev().find_map(Step::key).unwrap_or("KEY");
    let remedy = match wanted.trim() {
        "a sequence" => format!("write a list: {key} = [\"…\"]"),
        "a string" => format!("write a text: {key} = \"…\""),
        "a boolean" => format!("write {key} = true, or false"),
        "a map" => format!("write a table: [{}]", full_name(path)),
        wanted if wanted.starts_with("struct ") => format!("write a table: [{}]", full_name(path)),
        wanted => format!("write {wanted}"),
    };
    Some((format!("it is of another type than is wanted ({found})"), remedy))
}

/// What has no default, by the table below `[environment.NAME]`. serde tells of one missing key at a time.
pub(super) const NEEDED: [(&[&str], &[&str]); 6] = [
    (&[], &["account", "terraform", "secret", "release", "workloads"]),
    (&["account"], &["subscription", "resource_group", "name"]),
    (&["secret"], &["name"]),
    (&["release"], &["forge", "pipeline"]),
    (&["release", "forge"], &["owner", "repository"]),
    (&["workloads"], &["namespace", "order"]),
];

/// The table that lacks a key: one without a header of its own is told by the first header below it.
fn lacking(message: &str, path: Vec<Step>) -> Vec<Step> {
    let Some(first) = missing_field(message) else { return path };
    let names: Vec<&str> = path.iter().map_while(Step::key).collect();
    let ["environment", _, below @ ..] = names.as_slice() else { return path };
    let lacks = |(table, keys): &&(&[&str], &[&str])| below.starts_with(table) && keys.contains(&first);
    let table = NEEDED.iter().filter(lacks).map(|(table, _)| table.len()).max();
    let depth = table.map_or(path.len(), |depth| 2 + depth);
    path.into_iter().take(depth).collect()
}

fn missing_field(message: &str) -> Option<&str> {
    message.strip_prefix("missing field `")?.split('`').next()
}

/// All keys that are missing in the table where the first one is.
fn missing(text: &str, message: &str, path: &[Step]) -> Option<(String, String)> {
    let first = missing_field(message)?;
    let names: Vec<&str> = path.iter().filter_map(Step::key).collect();
    let needed = match names.as_slice() {
        ["environment", _, below @ ..] => NEEDED.iter().find(|(table, _)| *table == below),
        _ => None,
    };
    let whole = text.parse::<toml::Table>().ok();
    let table = names.iter().try_fold(whole.as_ref()?, |table, name| table.get(*name)?.as_table());
    let is_missing = |key: &&&str| **key != first && table.is_some_and(|table| !table.contains_key(**key));
    let others = needed.map_or(&[][..], |(_, keys)| keys).iter().filter(is_missing);
    let all: Vec<&str> = std::iter::once(first).chain(others.copied()).collect();
    let below = if path.is_empty() { String::new() } else { format!("{}.", full_name(path)) };
    let full: Vec<String> = all.iter().map(|key| format!("{below}{key}")).collect();
    let what = match all.as_slice() {
        [one] => format!("the key {one} is missing"),
        several => format!("the keys {} are missing", list(several)),
    };
    Some((what, format!("add {}", full.join(", "))))
}

/// serde's message, with the nearest known name where a name is unknown.
fn in_words(message: &str) -> (String, Option<String>) {
    let mut names = message.split('`').skip(1).step_by(2);
    let first = names.next().unwrap_or_default();
    let known: Vec<&str> = names.collect();
    if message.starts_with("unknown field") {
        let whole = format!("the keys here are {}", list(&known));
        return ("there is no such key".to_owned(), Some(nearest(first, &known).unwrap_or(whole)));
    }
    if message.starts_with("unknown variant") {
        let whole = format!("it is one of {}", list(&known));
        return (format!("“{first}” is none of the values"), Some(nearest(first, &known).unwrap_or(whole)));
    }
    // TOML's own messages may take several lines.
    (message.lines().collect::<Vec<_>>().join(", "), None)
}

/// “did you mean …?”, where something known is near.
pub(super) fn nearest(typed: &str, known: &[&str]) -> Option<String> {
    known
        .iter()
        .map(|name| (strsim::jaro_winkler(&typed.to_lowercase(), &name.to_lowercase()), name))
        .filter(|(likeness, _)| *likeness >= NEAR)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, name)| format!("did you mean “{name}”?"))
}

pub(super) fn list(names: &[&str]) -> String {
    names.join(", ")
}
