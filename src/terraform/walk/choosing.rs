//! Choices: their numbers, their branches, and what they go by.

use std::ops::Range;

use hcl_edit::Span;
use hcl_edit::expr::Expression;

use super::super::either::{Compared, Either, Turn, compared, named};
use super::super::facts::{Asked, Branch, Choice, Object, StepKind, Takes, When};
use super::super::naming::takes_each;
use super::super::object::Scope;
use super::super::source::Source;
use super::super::value::{Value, joined};
use super::Walk;

/// What a choice goes by, and where it is named.
pub(super) struct By {
    pub(super) object: Object,
    pub(super) span: Range<usize>,
    pub(super) beside: Vec<Range<usize>>,
    pub(super) takes: Takes,
    pub(super) turned: Vec<Turn>,
    /// The expression, where it is more than a name.
    pub(super) whole: Option<Value>,
}

impl<'s> Walk<'s> {
    /// What stands inside counts as one choice: which part takes effect may not be known from the text.
    pub(super) fn choosing(&mut self, by: Option<By>, inside: impl FnOnce(&mut Self)) {
        let number = self.number(by);
        self.choices.push(Branch { choice: number, when: When::Unknown, asked: None });
        inside(self);
        self.choices.pop();
    }

    pub(super) fn number(&mut self, by: Option<By>) -> u32 {
        let number = self.facts.choices;
        self.facts.choices += 1;
        if let Some(By { object: by, span, beside, takes, turned, whole }) = by {
            let (branches, of) = (Vec::new(), None);
            let each = by.steps.iter().position(takes_each);
            let collection = each.map(|at| Object { base: by.base.clone(), steps: by.steps[..at].to_vec() });
            let keys = collection.map(|collection| self.scope.keys_of(&collection)).unwrap_or_default();
            let choice = Choice { number, by, span, beside, branches, takes, turned, whole, of, keys };
            self.facts.choosing.push(choice);
        }
        number
    }

    /// From here on, a branch of the innermost choice: what stands at a span of the text.
    pub(super) fn branch(&mut self, when: When, asked: Option<Asked>, span: Option<Range<usize>>) {
        let Some(branch) = self.choices.last_mut() else { return };
        branch.when = when;
        branch.asked = asked;
        let number = branch.choice;
        let choice = self.facts.choosing.iter_mut().rev().find(|choice| choice.number == number);
        if let (Some(choice), Some(span)) = (choice, span) {
            choice.branches.push(self.source.to_file(span));
        }
    }

    /// What a choice goes by, where it is a plain name, or what a condition makes of one.
    pub(super) fn chooser(&self, expression: &Expression, takes: Takes) -> Option<By> {
        let span = |named: &Expression| Some(self.source.to_file(named.span()?));
        match expression {
            Expression::Parenthesis(inner) => self.chooser(inner.inner(), takes),
            Expression::Conditional(choice) => {
                let asked = compared(&choice.cond_expr);
                let either = Either::between(self.source, &self.scope, expression, choice, &asked)?;
                let turned = vec![either.turn(takes)];
                let Compared { operand, others, .. } = asked;
                let beside = others.into_iter().filter_map(span).collect();
                let span = span(operand)?;
                Some(By { object: either.by, span, beside, takes: either.takes, turned, whole: None })
            }
            Expression::FuncCall(call) if GIVING_BACK.contains(&call.name.name.as_str()) => {
                self.made(expression, Value::of(self.source, &self.scope, expression), takes)
            }
            _ => match Turn::around_one(expression) {
                Some((around, inner)) => {
                    let mut by = self.chooser(inner, Takes::Index)?;
                    by.turned.insert(0, around);
                    Some(by)
                }
                None => {
                    let object = named(self.source, &self.scope, expression)?;
                    if !self.is_of_all(&object) {
                        return None;
                    }
                    let span = span(expression)?;
                    Some(By { object, span, beside: Vec::new(), takes, turned: Vec::new(), whole: None })
                }
            },
        }
    }

    /// Whether it takes an element where every one is taken: of those that a condition leaves out, nobody reads anything.
    fn is_of_all(&self, object: &Object) -> bool {
        let takes_any = object.steps.iter().any(|step| step.kind == StepKind::Any);
        !takes_any || self.filtering == 0 && self.loops > 0
    }

    /// What a choice goes by that is made of values: of elements, if one of those is among them.
    fn made(&self, expression: &Expression, whole: Value, takes: Takes) -> Option<By> {
        let names = named_in(self.source, &self.scope, expression);
        let each = names.iter().position(|(object, _)| object.steps.iter().any(takes_each));
        let (object, _) = names.get(each.unwrap_or(0))?.clone();
        if !names.iter().all(|(object, _)| self.is_of_all(object)) {
            return None;
        }
        let beside = names.into_iter().map(|(_, span)| self.source.to_file(span)).collect();
        let span = self.source.to_file(expression.span()?);
        Some(By { object, span, beside, takes, turned: Vec::new(), whole: Some(whole) })
    }

    /// A condition of several values.
    pub(super) fn joined(&self, condition: &Expression) -> Option<By> {
        self.made(condition, joined(self.source, &self.scope, condition)?, Takes::Condition)
    }
}

/// Functions that give back one of what they are given, or that as it is.
const GIVING_BACK: &[&str] = &["coalesce", "lookup", "nonsensitive", "sensitive", "tostring", "try"];

/// The variables and local values that are named within an expression, and where.
fn named_in(source: &Source, scope: &Scope, expression: &Expression) -> Vec<(Object, Range<usize>)> {
    let inner = |part: &Expression| named_in(source, scope, part);
    match expression {
        Expression::Parenthesis(part) => inner(part.inner()),
        Expression::UnaryOp(operation) => inner(&operation.expr),
        Expression::BinaryOp(operation) => [inner(&operation.lhs_expr), inner(&operation.rhs_expr)].concat(),
        Expression::FuncCall(call) => call.args.iter().flat_map(inner).collect(),
        path => named(source, scope, path).zip(path.span()).into_iter().collect(),
    }
}
