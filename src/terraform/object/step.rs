//! The steps of a path, by the operators that take them.

use std::ops::Range;

use hcl_edit::Span;
use hcl_edit::expr::{Expression, TraversalOperator};

use super::super::facts::{Object, Step, StepKind, Token};
use super::super::source::Source;
use super::super::value::Value;
use super::super::walk::text_of;
use super::collection::{moves, renames};
use super::is_whole;
use super::scope::Scope;

/// A step into what an expression gives back, as one into the object whose elements it gives. Instances of an account
/// may go by any name.
pub(super) fn within(expression: &Expression, object: &Object, step: Step) -> Step {
    match step.kind {
        StepKind::Attribute(_) | StepKind::Key(_) | StepKind::Number(_)
            if renames(expression) && !is_whole(object) =>
        {
            wordless(StepKind::Computed(None))
        }
        _ if moves(expression) => unplaced(step),
        _ => step,
    }
}

/// A number that says nothing of what it picks.
fn unplaced(step: Step) -> Step {
    match step.kind {
        StepKind::Number(_) => wordless(StepKind::Computed(None)),
        _ => step,
    }
}

pub(super) fn wordless(kind: StepKind) -> Step {
    Step { kind, token: Token::Unplaced }
}

pub(super) fn step(source: &Source, scope: &Scope, operator: &TraversalOperator) -> Step {
    match operator {
        TraversalOperator::AttrSplat(_) => wordless(StepKind::AttributeSplat),
        TraversalOperator::FullSplat(_) => wordless(StepKind::Any),
        TraversalOperator::GetAttr(name) => Step {
            kind: StepKind::Attribute(name.as_str().to_owned()),
            token: exact(source, name.span(), name.as_str()),
        },
        TraversalOperator::LegacyIndex(number) => number_step(source, *number.value(), number.span()),
        TraversalOperator::Index(expression) => index(source, scope, expression),
    }
}

fn number_step(source: &Source, value: u64, span: Option<Range<usize>>) -> Step {
    Step { kind: StepKind::Number(value), token: exact(source, span, &value.to_string()) }
}

/// An index as a step. The token of a string is what stands between its quotes.
pub(super) fn index(source: &Source, scope: &Scope, expression: &Expression) -> Step {
    match expression {
        Expression::String(key) => {
            let inner = key.span().map(|span| span.start + 1..span.end.saturating_sub(1));
            Step { kind: StepKind::Key(key.value().clone()), token: exact(source, inner, key.value()) }
        }
        Expression::Number(number) => match number.value().as_u64() {
            Some(value) => number_step(source, value, number.span()),
            None => wordless(StepKind::Computed(None)),
        },
        // What it is worked out from may tell which instance is meant.
        other => wordless(StepKind::Computed(Some(Box::new(Value::of(source, scope, other))))),
    }
}

/// The place of a word, if the text there is the word (an escape in a string makes it differ).
fn exact(source: &Source, span: Option<Range<usize>>, word: &str) -> Token {
    match span {
        Some(span) if text_of(source, Some(span.clone())) == word => Token::Here(source.to_file(span)),
        Some(_) | None => Token::Unplaced,
    }
}
