//! Where a key stands in the text.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// One step down: a key of a table, or an entry of an array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Key(String),
    Entry(usize),
}

impl Step {
    /// The key, where it is one.
    pub(super) fn key(&self) -> Option<&str> {
        match self {
            Step::Key(key) => Some(key),
            Step::Entry(_) => None,
        }
    }
}

impl From<&str> for Step {
    fn from(key: &str) -> Step {
        Step::Key(key.to_owned())
    }
}

impl From<usize> for Step {
    fn from(entry: usize) -> Step {
        Step::Entry(entry)
    }
}

/// The full name of a path, as `environment.prod.stamp[2].name` (counted from 1, as people do).
pub(super) fn full_name(path: &[Step]) -> String {
    let mut name = String::new();
    for step in path {
        match step {
            Step::Key(key) if name.is_empty() => name.push_str(key),
            Step::Key(key) => name.push_str(&format!(".{key}")),
            Step::Entry(entry) => name.push_str(&format!("[{}]", entry + 1)),
        }
    }
    name
}

/// The bytes of the longest part of a path that exists.
pub(super) fn span_of(text: &str, path: &[Step]) -> Option<Range<usize>> {
    let table = DeTable::parse(text).ok()?;
    let mut found = None;
    let mut value: Option<&Spanned<DeValue<'_>>> = None;
    for step in path {
        let table = value.map_or(Some(table.get_ref()), |value| value.get_ref().as_table());
        value = match step {
            Step::Key(key) => {
                let Some((name, below)) = table?.iter().find(|(name, _)| name.get_ref() == key) else {
                    break;
                };
                found = Some(name.span());
                Some(below)
            }
            Step::Entry(entry) => {
                let below = value?.get_ref().as_array()?.get(*entry);
                if let Some(below) = below {
                    found = Some(below.span());
                }
                below
            }
        };
        if value.is_none() {
            break;
        }
    }
    found
}

/// The path of the innermost key whose own bytes, or whose value's, hold this offset.
pub(super) fn path_at(text: &str, offset: usize) -> Vec<Step> {
    let mut path = Vec::new();
    if let Ok(table) = DeTable::parse(text) {
        descend_table(table.get_ref(), offset, &mut path);
    }
    path
}

fn descend_table(table: &DeTable<'_>, offset: usize, path: &mut Vec<Step>) -> bool {
    for (name, value) in table {
        path.push(Step::Key(name.get_ref().to_string()));
        if descend(value, offset, path) || holds(&name.span(), offset) {
            return true;
        }
        path.pop();
    }
    false
}

fn descend(value: &Spanned<DeValue<'_>>, offset: usize, path: &mut Vec<Step>) -> bool {
    let inside = match value.get_ref() {
        DeValue::Table(table) => descend_table(table, offset, path),
        DeValue::Array(entries) => entries.iter().enumerate().any(|(entry, value)| {
            path.push(Step::Entry(entry));
            let found = descend(value, offset, path);
            if !found {
                path.pop();
            }
            found
        }),
        _ => false,
    };
    inside || holds(&value.span(), offset)
}

fn holds(span: &Range<usize>, offset: usize) -> bool {
    span.contains(&offset)
}

/// 1-based line and column, in characters.
pub(super) fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (line, before.get(start..).unwrap_or_default().chars().count() + 1)
}
