//! Expressions as values, as far as names and settings ask for them.
//!
//! Owned and small: what cannot be worked out from text is kept as its text. Nothing is evaluated here.

use hcl_edit::Span;
use hcl_edit::expr::{BinaryOperator, Expression, FuncCall, ObjectKey, UnaryOperator};
use hcl_edit::template::{Element, Template};

use super::either::Either;
use super::facts::Object;
use super::object::Scope;
use super::source::Source;
use super::terragrunt::FromFile;
use super::twice::is_replaced;
use super::walk::{text_of, without_blanks};

/// Lists longer than this are kept as text: they name nothing.
const MAX_ELEMENTS: usize = 64;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    Text(String),
    Number(String),
    Bool(bool),
    /// Text with values in it.
    Template(Vec<Value>),
    /// What a path from something known leads to.
    Path(Object),
    Call(String, Vec<Value>),
    List(Vec<Value>),
    Map(Vec<(String, Value)>),
    /// One or the other, by a condition.
    Either(Box<Either>),
    /// What stands in another file of Terragrunt's.
    Read(Box<FromFile>),
    /// The expression as it is written, without white space.
    Other(String),
}

impl Value {
    pub fn of(source: &Source, scope: &Scope, expression: &Expression) -> Value {
        let value = |inner: &Expression| Value::of(source, scope, inner);
        if let Some(object) = path(source, scope, expression) {
            return Value::Path(object);
        }
        if let Some(read) = FromFile::of(source, scope, expression) {
            return Value::Read(Box::new(read));
        }
        match expression {
            Expression::String(text) => Value::Text(text.value().clone()),
            Expression::Number(number) => Value::Number(number.value().to_string()),
            Expression::Bool(bool) => Value::Bool(*bool.value()),
            Expression::StringTemplate(template) => {
                elements(source, scope, template.iter()).unwrap_or_else(|| other(source, expression))
            }
            Expression::HeredocTemplate(heredoc) => {
                elements(source, scope, heredoc.template.iter()).unwrap_or_else(|| other(source, expression))
            }
            Expression::Parenthesis(inner) => value(inner.inner()),
            Expression::FuncCall(call) if let Some(zipped) = zipped(source, scope, call) => zipped,
            Expression::FuncCall(call) => match Either::of(source, scope, expression) {
                Some(either) => Value::Either(Box::new(either)),
                None => {
                    Value::Call(call.name.name.as_str().to_owned(), call.args.iter().map(value).collect())
                }
            },
            Expression::Array(array) if array.len() <= MAX_ELEMENTS => {
                Value::List(array.iter().map(value).collect())
            }
            Expression::Object(object) if object.len() <= MAX_ELEMENTS => Value::Map(
                object
                    .iter()
                    .map(|(key, entry)| (key_name(source, key), value(entry.expr())))
                    .filter(|(key, _)| !is_replaced(key))
                    .collect(),
            ),
            _ => match Either::of(source, scope, expression) {
                Some(either) => Value::Either(Box::new(either)),
                None => joined(source, scope, expression).unwrap_or_else(|| other(source, expression)),
            },
        }
    }

    /// A string of a JSON file: one value, or text with values in it.
    pub fn of_template(source: &Source, scope: &Scope, template: &Template) -> Value {
        if let (Some(Element::Interpolation(only)), 1) = (template.iter().next(), template.len()) {
            return Value::of(source, scope, &only.expr);
        }
        elements(source, scope, template.iter()).unwrap_or_else(|| Value::Other(source.text().to_owned()))
    }

    /// The paths in it.
    pub fn paths(&self) -> Vec<&Object> {
        match self {
            Value::Path(object) => vec![object],
            Value::Template(parts) | Value::Call(_, parts) | Value::List(parts) => {
                parts.iter().flat_map(Value::paths).collect()
            }
            Value::Map(entries) => entries.iter().flat_map(|(_, value)| value.paths()).collect(),
            Value::Either(either) => {
                std::iter::once(&either.by).chain(either.values.iter().flat_map(Value::paths)).collect()
            }
            Value::Text(_) | Value::Number(_) | Value::Bool(_) | Value::Read(_) | Value::Other(_) => {
                Vec::new()
            }
        }
    }

    /// The same with other paths in the place of its own, and other values for some of what is kept as its text.
    pub fn with_parts(
        &self,
        other: &dyn Fn(&Object) -> Object,
        own: &dyn Fn(&str) -> Option<Value>,
    ) -> Value {
        let inner = |parts: &[Value]| parts.iter().map(|part| part.with_parts(other, own)).collect();
        match self {
            Value::Path(object) => Value::Path(other(object)),
            Value::Other(text) => own(text).unwrap_or_else(|| self.clone()),
            Value::Template(parts) => Value::Template(inner(parts)),
            Value::Call(function, parts) => Value::Call(function.clone(), inner(parts)),
            Value::Either(either) => {
                let values = either.values.each_ref().map(|value| value.with_parts(other, own));
                Value::Either(Box::new(Either { by: other(&either.by), values, ..(**either).clone() }))
            }
            value => value.clone(),
        }
    }

    /// Whether another value is this one, or stands in it.
    pub fn holds(&self, other: &Value) -> bool {
        std::ptr::eq(self, other)
            || match self {
                Value::Template(parts) | Value::Call(_, parts) | Value::List(parts) => {
                    parts.iter().any(|part| part.holds(other))
                }
                Value::Map(entries) => entries.iter().any(|(_, value)| value.holds(other)),
                _ => false,
            }
    }

    /// The text, where nothing but text stands here.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// What an element of a map, or of a list by its index, holds.
    pub fn element(&self, name: &str) -> Option<&Value> {
        match self {
            Value::Map(entries) => entries.iter().find(|(key, _)| key == name).map(|(_, value)| value),
            Value::List(elements) => elements.get(name.parse::<usize>().ok()?),
            _ => None,
        }
    }
}

/// Conditions of conditions, by what stands between them.
pub const BOTH: &str = "&&";
pub const EITHER: &str = "||";
pub const NOT: &str = "!";

/// Conditions of several values that are joined to one.
pub fn joined(source: &Source, scope: &Scope, expression: &Expression) -> Option<Value> {
    let value = |inner: &Expression| Value::of(source, scope, inner);
    let (function, parts) = match expression {
        Expression::Parenthesis(inner) => return joined(source, scope, inner.inner()),
        Expression::BinaryOp(operation) => {
            let function = match operation.operator.value() {
                BinaryOperator::And => BOTH,
                BinaryOperator::Or => EITHER,
                _ => return None,
            };
            (function, vec![value(&operation.lhs_expr), value(&operation.rhs_expr)])
        }
        Expression::UnaryOp(operation) if *operation.operator.value() == UnaryOperator::Not => {
            (NOT, vec![value(&operation.expr)])
        }
        _ => return None,
    };
    Some(Value::Call(function.to_owned(), parts))
}

/// The map that two lists make together which are written out.
fn zipped(source: &Source, scope: &Scope, call: &FuncCall) -> Option<Value> {
    let (Some(Expression::Array(names)), Some(Expression::Array(values))) =
        (call.args.get(0), call.args.get(1))
    else {
        return None;
    };
    let is_map =
        call.name.name.as_str() == "zipmap" && names.len() == values.len() && names.len() <= MAX_ELEMENTS;
    let entry = |(name, value): (&Expression, &Expression)| {
        Some((name.as_str()?.to_owned(), Value::of(source, scope, value)))
    };
    let entries = names.iter().zip(values.iter()).filter(|_| is_map).map(entry);
    entries.collect::<Option<Vec<_>>>().filter(|_| is_map).map(Value::Map)
}

/// Functions are values of their own here, though a key may be read through them.
fn path(source: &Source, scope: &Scope, expression: &Expression) -> Option<Object> {
    match expression {
        Expression::Traversal(_) | Expression::Variable(_) => scope.object_of(source, expression),
        _ => None,
    }
}

fn other(source: &Source, expression: &Expression) -> Value {
    Value::Other(without_blanks(text_of(source, expression.span())))
}

/// Absent where a directive decides what the text is.
fn elements<'e>(
    source: &Source,
    scope: &Scope,
    elements: impl Iterator<Item = &'e Element>,
) -> Option<Value> {
    let parts: Option<Vec<Value>> = elements
        .map(|element| match element {
            Element::Literal(text) => Some(Value::Text(text.value().clone())),
            Element::Interpolation(interpolation) => Some(Value::of(source, scope, &interpolation.expr)),
            Element::Directive(_) => None,
        })
        .collect();
    parts.map(Value::Template)
}

/// A key of a map; one that is worked out is kept as its text.
fn key_name(source: &Source, key: &ObjectKey) -> String {
    match key {
        ObjectKey::Ident(ident) => ident.as_str().to_owned(),
        ObjectKey::Expression(Expression::String(text)) => text.value().clone(),
        ObjectKey::Expression(expression) => without_blanks(text_of(source, expression.span())),
    }
}

/// Whether such a key is what is written there: neither in parentheses nor a text with something in it, which keeps its
/// quotes.
pub fn is_written_out(key: &str) -> bool {
    !key.starts_with(['(', '"']) && !key.contains("${")
}
