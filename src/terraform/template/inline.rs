//! Templates that are written where they are deployed: text with values in it, or `jsonencode` of an object.
//!
//! What Terraform would put in is not known here, and a mark stands in its place.

use serde_json::{Map, Value as Json};

use super::output::{DIGITS, HOLE};
use crate::terraform::facts::Object;
use crate::terraform::value::{Value, is_written_out};

/// Local values of local values; more is a cycle or as bad as one.
const MAX_DEPTH: usize = 8;

/// A template's text, and what Terraform puts in for each of its marks, by their numbers.
pub type Inlined<'v> = (String, Vec<&'v Value>);

/// Absent for one that stands elsewhere, or is not known at all. `local` gives what a local value is.
pub fn inline<'v>(value: &'v Value, local: &impl Fn(&Object) -> Option<&'v Value>) -> Option<Inlined<'v>> {
    let mut put_in = Vec::new();
    let text = match followed(value, local, 0) {
        Value::Text(text) => text.clone(),
        Value::Template(parts) => joined(parts, &mut put_in),
        Value::Call(function, arguments) if function == "jsonencode" => {
            json(arguments.first()?, local, 0, &mut put_in).to_string()
        }
        // A directive decides what the text is.
        Value::Other(text) if text.starts_with("<<") => HOLE.to_owned(),
        _ => return None,
    };
    Some((text, put_in))
}

fn followed<'v>(value: &'v Value, local: &impl Fn(&Object) -> Option<&'v Value>, depth: usize) -> &'v Value {
    match value {
        Value::Path(object) if depth < MAX_DEPTH => {
            local(object).map_or(value, |value| followed(value, local, depth + 1))
        }
        value => value,
    }
}

/// The mark for what is put in here, with its number.
fn mark<'v>(value: &'v Value, put_in: &mut Vec<&'v Value>) -> String {
    put_in.push(value);
    format!("{HOLE}{:0DIGITS$}", put_in.len() - 1)
}

/// The same text with one mark for all that puts in the same.
pub fn alike(text: String, put_in: &[&Value]) -> String {
    let mark = |at: usize| format!("{HOLE}{at:0DIGITS$}");
    let same = |one: &Value, other: &Value| match (one, other) {
        (Value::Path(one), Value::Path(other)) => {
            one.clone().seen_from_afar() == other.clone().seen_from_afar()
        }
        (one, other) => one == other,
    };
    let first = |at: usize| put_in.iter().position(|value| same(value, put_in[at])).unwrap_or(at);
    (0..put_in.len()).fold(text, |text, at| text.replace(&mark(at), &mark(first(at))))
}

fn joined<'v>(parts: &'v [Value], put_in: &mut Vec<&'v Value>) -> String {
    let part = |part: &'v Value| match part.as_text() {
        Some(text) => text.to_owned(),
        None => mark(part, put_in),
    };
    parts.iter().map(part).collect()
}

fn json<'v>(
    value: &'v Value,
    local: &impl Fn(&Object) -> Option<&'v Value>,
    depth: usize,
    put_in: &mut Vec<&'v Value>,
) -> Json {
    match followed(value, local, depth) {
        value if depth > MAX_DEPTH * MAX_DEPTH => Json::String(mark(value, put_in)),
        Value::Text(text) | Value::Number(text) => Json::String(text.clone()),
        Value::Bool(bool) => Json::Bool(*bool),
        Value::Template(parts) => Json::String(joined(parts, put_in)),
        Value::List(parts) => parts.iter().map(|value| json(value, local, depth + 1, put_in)).collect(),
        Value::Map(entries) => {
            let entry =
                |(key, value): &'v (String, Value)| (name(key), json(value, local, depth + 1, put_in));
            Json::Object(entries.iter().map(entry).collect::<Map<_, _>>())
        }
        Value::Other(text) if text == "null" => Json::Null,
        value @ (Value::Path(_) | Value::Call(..) | Value::Either(_) | Value::Read(_) | Value::Other(_)) => {
            Json::String(mark(value, put_in))
        }
    }
}

/// The key of an entry; the mark for one that is worked out.
fn name(key: &str) -> String {
    if is_written_out(key) { key.to_owned() } else { HOLE.to_owned() }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::terraform::Tree;

    #[test]
    fn a_mark_stands_in_the_place_of_keys_that_are_worked_out() {
        let text = "locals {\n  k = jsonencode({ a = 1, \"b\" = 2, (var.x) = 3, \"c${var.x}\" = 4, \
                    \"%{ if var.x }d%{ endif }\" = 5 })\n}\n";
        let tree = Tree::read(&[("a.tf", text)]);
        let (_, locals) = tree.blocks().next().unwrap();
        let (written, _) = inline(locals.value("k").unwrap(), &|_| None).unwrap();
        let written: BTreeMap<String, Json> = serde_json::from_str(&written).unwrap();
        assert_eq!(written.keys().collect::<Vec<_>>(), [HOLE, "a", "b"]);
    }
}
