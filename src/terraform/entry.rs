//! Where a part of a value is written: an entry of an object, an element of a list, an argument of a function.

use std::borrow::Cow;
use std::ops::Range;

use hcl_edit::Span as _;
use hcl_edit::expr::{Expression, ObjectKey};
use hcl_edit::parser::parse_expr;

use super::facts::{Argument, Block};
use super::json;
use super::source::Source;
use super::syntax::Syntax;
use super::value::Value;

/// An argument of which a value is all, or the part that it is, as an argument of its own. Absent where it is none of it,
/// or its place is not told.
pub fn entry<'f>(
    source: &Source,
    block: &Block,
    argument: &'f Argument,
    value: &Value,
) -> Option<Cow<'f, Argument>> {
    if std::ptr::eq(&argument.value, value) {
        return Some(Cow::Borrowed(argument));
    }
    let path = path_to(&argument.value, value)?;
    let span = place(source, block, argument, &path)?;
    Some(Cow::Owned(Argument { name: argument.name.clone(), span, value: value.clone() }))
}

/// The names and numbers that lead from a value to a part of it.
fn path_to(whole: &Value, part: &Value) -> Option<Vec<String>> {
    if std::ptr::eq(whole, part) {
        return Some(Vec::new());
    }
    let below = |name: String, value: &Value| {
        let mut path = path_to(value, part)?;
        path.insert(0, name);
        Some(path)
    };
    match whole {
        Value::Map(entries) => entries.iter().find_map(|(name, value)| below(name.clone(), value)),
        Value::List(parts) | Value::Call(_, parts) => {
            parts.iter().enumerate().find_map(|(at, value)| below(at.to_string(), value))
        }
        _ => None,
    }
}

/// Where these names lead in the value of an argument. Of a string in a JSON file it is what stands between the quotes.
pub fn place(source: &Source, block: &Block, argument: &Argument, path: &[String]) -> Option<Range<usize>> {
    if matches!(source.syntax(), Syntax::Json | Syntax::VariablesJson) {
        let names = argument.name.split('.').map(str::to_owned).chain(path.iter().cloned());
        return json::place(source, &block.words.iter().cloned().chain(names).collect::<Vec<_>>());
    }
    part_of(source, argument.span.clone(), path)
}

/// Where these names lead in an expression that stands at a span of a file in the native syntax.
pub fn part_of(source: &Source, span: Range<usize>, path: &[String]) -> Option<Range<usize>> {
    if path.is_empty() {
        return Some(span);
    }
    let text = source.text().get(source.to_text(span.clone()))?;
    let whole = parse_expr(text).ok()?;
    let inner = path.iter().try_fold(&whole, |value, name| within(value, name))?.span()?;
    Some(span.start + inner.start..span.start + inner.end)
}

fn within<'e>(value: &'e Expression, name: &str) -> Option<&'e Expression> {
    match value {
        Expression::Parenthesis(inner) => within(inner.inner(), name),
        Expression::Object(object) => {
            let is_named = |key: &ObjectKey| match key {
                ObjectKey::Ident(ident) => ident.as_str() == name,
                ObjectKey::Expression(key) => key.as_str() == Some(name),
            };
            // The last of them counts.
            object.iter().filter(|(key, _)| is_named(key)).last().map(|(_, value)| value.expr())
        }
        Expression::Array(array) => array.get(name.parse::<usize>().ok()?),
        Expression::FuncCall(call) => call.args.get(name.parse::<usize>().ok()?),
        _ => None,
    }
}
