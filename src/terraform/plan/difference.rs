//! Which attributes differ between two objects, by name: the values are compared as text and never unpacked.
//!
//! Where Terraform marks a value as sensitive, nothing inside of it is named either: the keys of a map may be as
//! telling as its values.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::value::RawValue;

use super::Attribute;

/// Deeper than this, what differs is named by what it lies in.
const MAX_DEPTH: usize = 8;

/// One change from both sides. What is not known before applying is left out of `after`.
#[derive(Clone, Copy, Default)]
pub struct Sides<'t> {
    pub before: Option<&'t RawValue>,
    pub after: Option<&'t RawValue>,
    /// Of the shape of `after`: `true` where a value is not known yet.
    pub unknown: Option<&'t RawValue>,
    /// Of the shapes of `before` and `after`: `true` where a value is sensitive.
    pub sensitive: [Option<&'t RawValue>; 2],
}

type Members<'t> = BTreeMap<String, &'t RawValue>;
type Elements<'t> = Vec<&'t RawValue>;

/// The attributes that differ, in order.
pub fn differences(sides: &Sides<'_>) -> Vec<Attribute> {
    let mut found = BTreeSet::new();
    compare(sides, String::new(), 0, &mut found);
    found.into_iter().collect()
}

/// A member that is a string, of a value that is an object.
pub fn string_member(object: &RawValue, name: &str) -> Option<String> {
    let members: Members<'_> = parsed(Some(object))?;
    serde_json::from_str(members.get(name)?.get()).ok()
}

fn compare(sides: &Sides<'_>, path: String, depth: usize, found: &mut BTreeSet<Attribute>) {
    if is_true(sides.unknown) {
        found.insert(Attribute { path, known: false });
        return;
    }
    let (same, all_known) = (same(sides.before, sides.after), !holds_true(sides.unknown));
    let open = depth < MAX_DEPTH && !sides.sensitive.into_iter().any(is_true);
    if same && all_known {
        return;
    }
    match parts(sides).filter(|_| open) {
        Some(parts) => {
            for (step, part) in parts {
                compare(&part, format!("{path}{}", named(&step, path.is_empty())), depth + 1, found);
            }
        }
        None => drop(found.insert(Attribute { path, known: all_known })),
    }
}

enum Step {
    Member(String),
    Element(usize),
}

fn named(step: &Step, first: bool) -> String {
    let plain =
        |name: &str| !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-');
    match step {
        Step::Member(name) if plain(name) && first => name.clone(),
        Step::Member(name) if plain(name) => format!(".{name}"),
        Step::Member(name) => format!("[{name:?}]"),
        Step::Element(at) => format!("[{at}]"),
    }
}

/// What both sides consist of, where they are of one kind and can be compared part by part.
fn parts<'t>(sides: &Sides<'t>) -> Option<Vec<(Step, Sides<'t>)>> {
    if let (Some(before), Some(after)) = (parsed::<Members<'_>>(sides.before), parsed(sides.after)) {
        return Some(members(sides, &before, &after));
    }
    let before: Elements<'t> = parsed(sides.before)?;
    let after: Elements<'t> = parsed(sides.after)?;
    (before.len() == after.len()).then(|| elements(sides, &before, &after))
}

fn members<'t>(sides: &Sides<'t>, before: &Members<'t>, after: &Members<'t>) -> Vec<(Step, Sides<'t>)> {
    let unknown: Members<'t> = parsed(sides.unknown).unwrap_or_default();
    let sensitive = sides.sensitive.map(|side| parsed::<Members<'_>>(side).unwrap_or_default());
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).chain(unknown.keys()).collect();
    let part = |name: &String| Sides {
        before: before.get(name).copied(),
        after: after.get(name).copied(),
        unknown: unknown.get(name).copied(),
        sensitive: [0, 1].map(|side| sensitive[side].get(name).copied()),
    };
    names.into_iter().map(|name| (Step::Member(name.clone()), part(name))).collect()
}

fn elements<'t>(sides: &Sides<'t>, before: &Elements<'t>, after: &Elements<'t>) -> Vec<(Step, Sides<'t>)> {
    let unknown: Elements<'t> = parsed(sides.unknown).unwrap_or_default();
    let sensitive = sides.sensitive.map(|side| parsed::<Elements<'_>>(side).unwrap_or_default());
    let part = |at: usize| Sides {
        before: before.get(at).copied(),
        after: after.get(at).copied(),
        unknown: unknown.get(at).copied(),
        sensitive: [0, 1].map(|side| sensitive[side].get(at).copied()),
    };
    (0..before.len()).map(|at| (Step::Element(at), part(at))).collect()
}

/// The value as pieces of the same text; absent where it is of another kind.
fn parsed<'t, T: serde::Deserialize<'t>>(value: Option<&'t RawValue>) -> Option<T> {
    serde_json::from_str(value?.get()).ok()
}

fn is_true(value: Option<&RawValue>) -> bool {
    value.is_some_and(|value| value.get() == "true")
}

/// Whether anything inside is `true`. Only asked of marks, whose leaves are `true` and `false`.
fn holds_true(marks: Option<&RawValue>) -> bool {
    marks.is_some_and(|marks| tokens(marks.get()).any(|(byte, quoted)| byte == b't' && !quoted))
}

/// Equal but for white space. An absent value and `null` are the same to Terraform.
fn same(a: Option<&RawValue>, b: Option<&RawValue>) -> bool {
    let (a, b) = (a.map_or("null", RawValue::get), b.map_or("null", RawValue::get));
    tokens(a).eq(tokens(b))
}

/// The bytes that mean something (all but white space between tokens), and whether each is part of a string.
fn tokens(text: &str) -> impl Iterator<Item = (u8, bool)> + '_ {
    let (mut quoted, mut escaped) = (false, false);
    text.bytes().filter_map(move |byte| {
        let was_quoted = quoted;
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ => {}
        }
        (was_quoted || !byte.is_ascii_whitespace()).then_some((byte, was_quoted))
    })
}
