//! What functions make of names.

use super::super::facts::{Step, StepKind, Token};
use super::super::value::Value;
use super::Evaluator;
use super::at::At;
use super::name::Name;

impl<'f> Evaluator<'f> {
    pub(super) fn call(&self, at: &At, function: &str, arguments: &[Value], depth: usize) -> Name {
        let names: Vec<Name> = arguments.iter().map(|argument| self.value(at, argument, depth + 1)).collect();
        match (function, arguments, names.as_slice()) {
            ("lower", [_], [name]) => name.clone().map(str::to_lowercase, "lower"),
            ("upper", [_], [name]) => name.clone().map(str::to_uppercase, "upper"),
            ("tostring" | "trimspace" | "nonsensitive" | "sensitive", [_], [name]) => name.clone(),
            ("try" | "coalesce", [only], _) => self.value(at, only, depth + 1),
            ("element" | "lookup", [Value::Path(from), _, ..], [_, key, ..]) => match key.as_literal() {
                Some(key) => {
                    let kind = StepKind::Key(key.to_owned());
                    let picked = from.clone().then(Step { kind, token: Token::Unplaced });
                    self.path(at, &picked, depth + 1)
                }
                None => open_call(at, function, &names),
            },
            ("format", [Value::Text(format), ..], [_, rest @ ..]) => {
                formatted(format, rest).unwrap_or_else(|| open_call(at, function, &names))
            }
            ("join", [Value::Text(between), Value::List(parts)], _) => {
                let parts = parts.iter().map(|part| self.value(at, part, depth + 1));
                Name::join(parts.enumerate().flat_map(|(index, part)| {
                    let before = if index == 0 { Name::default() } else { Name::text(between) };
                    [before, part]
                }))
            }
            ("replace", [_, Value::Text(from), Value::Text(to)], [name, ..]) if !from.starts_with('/') => {
                name.clone().map(|text| text.replace(from.as_str(), to), "replace")
            }
            _ => open_call(at, function, &names),
        }
    }
}

fn open_call(at: &At, function: &str, arguments: &[Name]) -> Name {
    let shown: Vec<String> = arguments.iter().map(Name::to_string).collect();
    Name::open(&at.folder, format!("{function}({})", shown.join(",")))
}

/// `format` with nothing but `%s`, `%d`, `%v` and `%%`.
fn formatted(format: &str, arguments: &[Name]) -> Option<Name> {
    let mut parts = Vec::new();
    let mut arguments = arguments.iter();
    let mut rest = format;
    while let Some(at) = rest.find('%') {
        parts.push(Name::text(&rest[..at]));
        match rest[at + 1..].chars().next()? {
            's' | 'd' | 'v' => parts.push(arguments.next()?.clone()),
            '%' => parts.push(Name::text("%")),
            _ => return None,
        }
        rest = &rest[at + 2..];
    }
    parts.push(Name::text(rest));
    parts.retain(|part| part.as_literal() != Some(""));
    Some(Name::join(parts))
}
