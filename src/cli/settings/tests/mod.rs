//! The annotated example, and what is said of it when one line is wrong.

mod example;
mod limits;
mod names;
mod pipeline;
mod spelling;
mod tokens;

mod loopback;

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use super::*;
use crate::journal::StorePlace;
use crate::model::{FlipBack, MergeMethod, Merging, Promotion, Route, RunStart, SharedStore, WorkloadName};

const EXAMPLE: &str = include_str!("../../../../fixtures/keyslot.example.toml");

fn parse(text: &str) -> Result<Settings, SettingsError> {
    Settings::parse(text, Path::new("/acme/keyslot.toml"))
}

fn file(settings: Settings) -> SettingsFile {
    SettingsFile { path: "/acme/keyslot.toml".into(), settings }
}

fn example() -> SettingsFile {
    file(parse(EXAMPLE).unwrap())
}

/// The example with one text replaced; the text must be there once.
fn changed(from: &str, to: &str) -> String {
    assert_eq!(EXAMPLE.matches(from).count(), 1, "{from}");
    EXAMPLE.replace(from, to)
}

/// Checks what is said after a change: the place's line has `line` in it, the key's name, and words.
#[track_caller]
fn refused(from: &str, to: &str, line: &str, key: &str, words: &[&str]) {
    let text = changed(from, to);
    let error = parse(&text).err().unwrap_or_else(|| panic!("{to} was accepted"));
    let (number, _) = error.at.unwrap_or_else(|| panic!("no place: {error}"));
    assert!(text.lines().nth(number - 1).is_some_and(|found| found.contains(line)), "{line}: {error}");
    assert_eq!(error.key, key, "{error}");
    for word in words {
        assert!(error.to_string().contains(word), "{word}: {error}");
    }
}
