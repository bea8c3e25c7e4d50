//! Templates that are written where they are deployed: text with values in it, or `jsonencode` of an object.
//!
//! What Terraform would put in is not known here, and a mark stands in its place.

use serde_json::{Map, Value as Json};

use super::output::HOLE;
use crate::terraform::facts::Object;
use crate::terraform::value::{Value, is_written_out};

/// Local values of local values; more is a cycle or as bad as one.
const MAX_DEPTH: usize = 8;

/// The template's text; absent for one that stands elsewhere, or is not known at all. `local` gives what a local value is.
pub fn inline<'v>(value: &'v Value, local: &impl Fn(&Object) -> Option<&'v Value>) -> Option<String> {
    match followed(value, local, 0) {
        Value::Text(text) => Some(text.clone()),
        Value::Template(parts) => Some(joined(parts)),
        Value::Call(function, arguments) if function == "jsonencode" => {
            Some(json(arguments.first()?, local, 0).to_string())
        }
        // A directive decides what the text is.
        Value::Other(text) if text.starts_with("<<") => Some(HOLE.to_owned()),
        _ => None,
    }
}

fn followed<'v>(value: &'v Value, local: &impl Fn(&Object) -> Option<&'v Value>, depth: usize) -> &'v Value {
    match value {
        Value::Path(object) if depth < MAX_DEPTH => {
            local(object).map_or(value, |value| followed(value, local, depth + 1))
        }
        value => value,
    }
}

fn joined(parts: &[Value]) -> String {
    parts.iter().map(|part| part.as_text().unwrap_or(HOLE)).collect()
}

fn json<'v>(value: &'v Value, local: &impl Fn(&Object) -> Option<&'v Value>, depth: usize) -> Json {
    let inner = |value: &'v Value| json(value, local, depth + 1);
    let hole = || Json::String(HOLE.to_owned());
    match followed(value, local, depth) {
        _ if depth > MAX_DEPTH * MAX_DEPTH => hole(),
        Value::Text(text) | Value::Number(text) => Json::String(text.clone()),
        Value::Bool(bool) => Json::Bool(*bool),
        Value::Template(parts) => Json::String(joined(parts)),
        Value::List(parts) => parts.iter().map(inner).collect(),
        Value::Map(entries) => {
            let entries = entries.iter().map(|(key, value)| (name(key), inner(value)));
            Json::Object(entries.collect::<Map<_, _>>())
        }
        Value::Other(text) if text == "null" => Json::Null,
        Value::Path(_) | Value::Call(..) | Value::Other(_) => hole(),
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
        let written = inline(locals.value("k").unwrap(), &|_| None).unwrap();
        let written: BTreeMap<String, Json> = serde_json::from_str(&written).unwrap();
        assert_eq!(written.keys().collect::<Vec<_>>(), [HOLE, "a", "b"]);
    }
}
