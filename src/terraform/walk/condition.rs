//! What conditions ask, and when their branches take effect: of `… ? … : …`, and of blocks that are there or not.
//!
//! Two conditions that ask the same, the one for what the other denies, never hold together: what stands under them are
//! two branches of one choice, wherever they are written.

use hcl_edit::Span;
use hcl_edit::expr::Expression;
use hcl_edit::structure::Body;

use super::super::either::{Compared, compared};
use super::super::facts::{Asked, When};
use super::super::object::Scope;
use super::super::words::is_of_name;
use super::{By, Walk, text_of, without_blanks};

/// A condition, taken apart.
pub(super) struct Condition {
    /// What it goes by: a name, or values that are made to one.
    pub(super) by: Option<By>,
    /// When a chooser of that name takes the two branches.
    pub(super) branches: [When; 2],
    /// What it asks, with the answers of the two branches.
    pub(super) asked: [Asked; 2],
}

impl Walk<'_> {
    pub(super) fn condition(&self, condition: &Expression) -> Condition {
        let Compared { operand, others, takes, when } = compared(condition);
        let asked = when.clone().map(|when| self.asked(operand, when));
        match takes {
            Some(takes) => {
                let mut by = self.chooser(operand, takes);
                let others = others.iter().filter_map(|other| self.chooser(other, takes));
                let spans: Vec<_> =
                    others.flat_map(|other| [vec![other.span], other.beside].concat()).collect();
                by.iter_mut().for_each(|by| by.beside.extend(spans.iter().cloned()));
                Condition { by, branches: when, asked }
            }
            None => match self.joined(operand) {
                by @ Some(_) => Condition { by, branches: when, asked },
                None => Condition { by: None, branches: [When::Unknown, When::Unknown], asked },
            },
        }
    }

    fn asked(&self, expression: &Expression, when: When) -> Asked {
        let text = without_blanks(text_of(self.source, expression.span()));
        // What a name stands for that is bound here, or counts here, is another thing elsewhere.
        let within = is_bound(&self.scope, &text).then(|| match self.binding.first().map(String::as_str) {
            Some("resource" | "data" | "module" | "ephemeral") if self.loops == 0 => self.block,
            _ => self.value.clone().map_or(0, |value| self.source.to_file(value).start),
        });
        Asked { text, within, when }
    }

    /// When a block is there: under which condition its `count` or its `for_each` is not empty.
    pub(super) fn exists(&self, body: &Body) -> Option<Asked> {
        let repeated = ["count", "for_each"].iter().find_map(|name| body.get_attribute(name))?;
        let mut value = &repeated.value;
        while let Expression::Parenthesis(inner) = value {
            value = inner.inner();
        }
        let Expression::Conditional(choice) = value else { return None };
        let [then, otherwise] = self.condition(&choice.cond_expr).asked;
        match (is_empty(&choice.true_expr), is_empty(&choice.false_expr)) {
            (false, true) => Some(then),
            (true, false) => Some(otherwise),
            _ => None,
        }
    }
}

/// Whether a text holds a name that means something here alone.
fn is_bound(scope: &Scope, text: &str) -> bool {
    let mut words = text.split(|c: char| !is_of_name(c));
    words.any(|word| matches!(word, "each" | "count" | "self") || scope.binds(word))
}

/// Whether a block that is repeated over this is not there.
fn is_empty(collection: &Expression) -> bool {
    match collection {
        Expression::Parenthesis(inner) => is_empty(inner.inner()),
        Expression::Number(number) => number.value().as_u64() == Some(0),
        Expression::Array(array) => array.is_empty(),
        Expression::Object(object) => object.is_empty(),
        Expression::FuncCall(call) => {
            matches!(call.name.name.as_str(), "toset" | "tomap" | "tolist") && call.args.iter().all(is_empty)
        }
        _ => false,
    }
}
