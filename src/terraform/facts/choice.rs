//! Choices: what they go by, their branches, and the conditions under which something is there.

use std::ops::Range;

use super::super::chooser::words;
use super::super::either::Turn;
use super::super::naming::{of_element, spelt, takes_each};
use super::super::value::Value;
use super::object::{Base, Object, StepKind};
use super::when::When;

/// One branch of a choice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Branch {
    /// The choice's number within its file.
    pub choice: u32,
    pub when: When,
    /// The condition under which it is taken; absent for entries that are picked.
    pub asked: Option<Asked>,
}

/// A condition under which something is taken, or a block is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// What is asked, as it is written, without white space.
    pub text: String,
    /// Where the block or the value starts in which alone that means the same; absent where it does in the whole folder.
    pub within: Option<usize>,
    /// The answer that it needs.
    pub when: When,
}

/// What a choice goes by: a variable or a local value, an element or a part of one, or what is made of several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    pub number: u32,
    pub by: Object,
    /// Where it is named.
    pub span: Range<usize>,
    /// Where the same condition names it again, or names what else its value is made of.
    pub beside: Vec<Range<usize>>,
    /// The expressions between which it chooses.
    pub branches: Vec<Range<usize>>,
    pub takes: Takes,
    /// What is made of its value before it chooses, the last first: `x[var.use_secondary ? "s" : "p"]`.
    pub turned: Vec<Turn>,
    /// The expression whose value it goes by, where that is more than a name.
    pub whole: Option<Value>,
    /// The element whose value it goes by, where its collection has no name.
    pub of: Option<String>,
    /// The names that stand for the key of the element whose value it goes by, where it takes one after the other: `each.key`.
    pub keys: Vec<String>,
}

impl Choice {
    /// The same by one element of the collection whose elements choose.
    pub fn of_element(&self, element: &str) -> Choice {
        let of = matches!(self.by.base, Base::Each(_)).then(|| element.to_owned());
        let whole = self.whole.as_ref().map(|whole| self.value_of(whole, element));
        Choice { by: of_element(&self.by, element), whole, of, ..self.clone() }
    }

    /// A path beside the choice, where one element alone is meant.
    pub fn path_of(&self, path: &Object, element: &str) -> Object {
        let at = self.by.steps.iter().position(takes_each);
        let is_same = path.base == self.by.base
            && at.and_then(|at| path.steps.get(..=at).zip(self.by.steps.get(..=at))).is_some_and(
                |(ours, own)| ours.iter().map(|step| &step.kind).eq(own.iter().map(|step| &step.kind)),
            );
        let mut path = if is_same { of_element(path, element) } else { path.clone() };
        for step in &mut path.steps {
            if let StepKind::Computed(Some(index)) = &mut step.kind {
                **index = self.value_of(index, element);
            }
        }
        path
    }

    /// The same of a value.
    fn value_of(&self, value: &Value, element: &str) -> Value {
        let own =
            |text: &str| self.keys.iter().any(|key| key == text).then(|| Value::Text(element.to_owned()));
        value.with_parts(&|path| self.path_of(path, element), &own)
    }

    /// What it goes by, as people read it.
    pub fn name(&self) -> String {
        let name = self.whole.as_ref().and_then(words).unwrap_or_else(|| spelt(&self.by));
        self.of.as_ref().map_or_else(|| name.clone(), |of| format!("{name} of {of}"))
    }

    /// The names whose values say which part of another one is meant: `var.env` of `local.slots[var.env]`.
    pub fn found_by(&self) -> Vec<Object> {
        let indexes = self.by.steps.iter().filter_map(|step| match &step.kind {
            StepKind::Computed(Some(index)) => Some(index.paths()),
            _ => None,
        });
        let within = self.whole.iter().map(Value::paths);
        indexes.chain(within).flatten().cloned().collect()
    }
}

/// Which values a choice can tell apart: Terraform compares without converting, and converts what is a condition or
/// an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// `… == "primary"`
    Text,
    /// `… == 1`
    Number,
    /// `… == true`
    Bool,
    /// `… ? … : …`
    Condition,
    /// `…[…]`
    Index,
}
