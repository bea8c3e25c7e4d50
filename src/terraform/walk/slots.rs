//! Names of keys, and indexes of connection strings, that a value works out: `X["${var.slot}_key"]`,
//! `X.connection_strings[var.index]`. Each slot is a branch of a choice by that value, beside the read as it stands: where
//! the value is not known, it may come to other keys than these.

use hcl_edit::expr::{Expression, TraversalOperator};
use hcl_edit::template::{Element, StringTemplate};

use super::super::attribute::{CONNECTION_STRINGS, key_attribute};
use super::super::facts::{Base, Branch, Object, Step, StepKind, Takes, Token, When};
use super::Walk;

/// What the value is for each slot, and the step that it comes to.
type Branches = [(&'static str, StepKind); 2];

impl Walk<'_> {
    /// Reads each slot of an account's key where a value works out which.
    pub(super) fn slots(&mut self, objects: &[Object], expression: &Expression, mention: bool) {
        let Expression::Traversal(traversal) = expression else { return };
        let [object] = objects else { return };
        let mut indexes = traversal.operators.iter().filter_map(|operator| match operator.value() {
            TraversalOperator::Index(index) => Some(index),
            _ => None,
        });
        let found = indexes.find_map(|index| self.worked_out(object, index));
        let Some((at, by, takes, branches)) = found else { return };
        let Some(by) = self.chooser(by, takes) else { return };
        let token = by.span.clone();
        let number = self.number(Some(by));
        for (value, kind) in branches {
            let mut object = object.clone();
            object.steps[at] = Step { kind, token: Token::Here(token.clone()) };
            self.choices.push(Branch { choice: number, when: When::Is(value.to_owned()), asked: None });
            self.read(object, expression, None, mention);
            self.choices.pop();
        }
    }

    /// The step of an account that an index works out, and by what.
    fn worked_out<'e>(
        &self,
        object: &Object,
        index: &'e Expression,
    ) -> Option<(usize, &'e Expression, Takes, Branches)> {
        let mut computed = object.steps.iter().enumerate().filter(|(_, step)| step.kind.is_computed());
        let (Some((at, _)), None, Base::Account(..)) = (computed.next(), computed.next(), &object.base)
        else {
            return None;
        };
        let of_list =
            at.checked_sub(1).and_then(|before| object.steps[before].name()) == Some(CONNECTION_STRINGS);
        match index {
            Expression::StringTemplate(template) if !of_list => {
                let (by, names) = names(template)?;
                Some((at, by, Takes::Text, names))
            }
            Expression::Traversal(_) | Expression::Conditional(_) | Expression::Parenthesis(_) if of_list => {
                let numbers = [("0", StepKind::Number(0)), ("1", StepKind::Number(1))];
                Some((at, index, Takes::Index, numbers))
            }
            _ => None,
        }
    }
}

/// The names of a key that a text comes to with each slot's word in it, and what puts it there.
fn names(template: &StringTemplate) -> Option<(&Expression, Branches)> {
    let mut by = None;
    let [mut primary, mut secondary] = [String::new(), String::new()];
    for element in template.iter() {
        match element {
            Element::Literal(text) => [&mut primary, &mut secondary].map(|name| name.push_str(text.value())),
            Element::Interpolation(inner) if by.is_none() => {
                by = Some(&inner.expr);
                [(&mut primary, "primary"), (&mut secondary, "secondary")]
                    .map(|(name, slot)| name.push_str(slot))
            }
            Element::Interpolation(_) | Element::Directive(_) => return None,
        };
    }
    let branches =
        [("primary", StepKind::Key(primary.clone())), ("secondary", StepKind::Key(secondary.clone()))];
    let both = key_attribute(&primary).is_some() && key_attribute(&secondary).is_some();
    by.filter(|_| both).map(|by| (by, branches))
}
