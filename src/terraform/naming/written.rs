//! Where a value is written that a path leads to: a whole argument, or a part of one.
//!
//! A path may take one element of a collection after the other; which of them is meant is said beside it.

use std::borrow::Cow;

use super::{At, Evaluator};
use crate::terraform::entry::entry;
use crate::terraform::facts::{Argument, Base, Block, Object, Step, StepKind, Token};
use crate::terraform::folders::MAX_DEPTH;
use crate::terraform::value::{Value, is_written_out};

/// More elements than this are not told apart.
const MAX_ELEMENTS: usize = 64;

/// Where a value is written.
#[derive(Clone)]
pub struct Written<'f> {
    pub file: usize,
    pub block: &'f Block,
    /// The argument, or the entry of one, by its place; and the value itself.
    pub argument: Cow<'f, Argument>,
    pub value: &'f Value,
    /// Where the names in it mean what they do.
    pub at: At,
}

/// Whether a step takes one element after the other.
pub fn takes_each(step: &Step) -> bool {
    matches!(step.kind, StepKind::Element | StepKind::Any)
}

/// The same path to one element alone.
pub fn of_element(object: &Object, element: &str) -> Object {
    let mut object = object.clone();
    if let Some(step) = object.steps.iter_mut().find(|step| takes_each(step)) {
        *step = Step { kind: StepKind::Key(element.to_owned()), token: Token::Unplaced };
    }
    object
}

impl<'f> Evaluator<'f> {
    /// Where the value of a variable or local value is written, or what a path from one leads to: a local value, every
    /// caller's argument, variables files or the default. Empty where that is not known of every one of them.
    pub fn written(&self, at: &At, object: &Object) -> Vec<Written<'f>> {
        self.steps.set(super::MAX_STEPS);
        if self.is_set_elsewhere(at, object) {
            return Vec::new();
        }
        let found = match (&object.base, object.steps.as_slice()) {
            (Base::Local, [Step { kind: StepKind::Attribute(name), .. }]) => self.local(at, name),
            (Base::Variable, [Step { kind: StepKind::Attribute(name), .. }]) => self.variable(at, name),
            (Base::Local | Base::Variable | Base::Each(_), [_, _, ..]) => {
                if self.is_set_on_the_way(at, object) {
                    return Vec::new();
                }
                self.led_to(at, object)
            }
            (Base::Each(_), [_]) => self.led_to(at, object),
            _ => Vec::new(),
        };
        let written = found.iter().map(|(at, value)| self.place(at, value));
        written.collect::<Option<_>>().unwrap_or_default()
    }

    /// The elements of the collection that a path takes one after the other, by their keys or numbers; absent where it takes
    /// none, or the text does not tell them.
    pub fn elements(&self, at: &At, object: &Object) -> Option<Vec<String>> {
        self.steps.set(super::MAX_STEPS);
        let each = object.steps.iter().position(takes_each)?;
        let whole = Object { base: object.base.clone(), steps: object.steps[..each].to_vec() };
        let found = self.led_to(at, &whole);
        let mut all: Vec<String> = Vec::new();
        for (at, value) in &found {
            all.extend(self.elements_of(at, value, 0)?);
        }
        all.sort();
        all.dedup();
        (!found.is_empty() && !all.is_empty() && all.len() <= MAX_ELEMENTS).then_some(all)
    }

    /// Whether there is nothing of that name where a path leads to.
    pub fn lacks(&self, at: &At, object: &Object) -> bool {
        self.steps.set(super::MAX_STEPS);
        let Some((last, before)) = object.steps.split_last().filter(|(_, before)| !before.is_empty()) else {
            return false;
        };
        let whole = Object { base: object.base.clone(), steps: before.to_vec() };
        let Some(name) = self.parts(at, std::slice::from_ref(last), 0) else { return false };
        let is_typed = || {
            let (Base::Variable, Some(parts)) = (&object.base, self.parts(at, &object.steps, 0)) else {
                return false;
            };
            parts.split_first().is_some_and(|(variable, parts)| self.is_typed(at, variable.name(), parts))
        };
        // What nobody hands in is what the type says.
        if is_typed() {
            return false;
        }
        let found = self.led_to(at, &whole);
        let has = |value: &Value| match value {
            Value::Map(entries) => {
                entries.iter().any(|(key, _)| !is_written_out(key) || name.iter().any(|it| it.name() == key))
            }
            _ => true,
        };
        !found.is_empty() && !found.iter().any(|(_, value)| has(value))
    }

    /// What a path leads to, other names on the way followed.
    fn led_to(&self, at: &At, object: &Object) -> Vec<(At, &'f Value)> {
        match &object.base {
            Base::Each(words) => self.each(at, words, &object.steps, 0),
            _ => self.find(at, object, 0),
        }
    }

    /// What stands in the collection that a block is repeated over.
    pub(super) fn each(&self, at: &At, words: &str, steps: &[Step], depth: usize) -> Vec<(At, &'f Value)> {
        let words: Vec<&str> = words.split('.').collect();
        let Some((&"for_each", block)) = words.split_last() else { return Vec::new() };
        let block = self.folders.block(&at.folder, block).map(|(_, block)| block);
        let Some(collection) = block.and_then(|it| it.argument("for_each")) else {
            return Vec::new();
        };
        let Some(parts) = self.parts(at, steps, depth) else { return Vec::new() };
        self.below(&at.outside(), &collection.value, &parts, depth)
    }

    fn elements_of(&self, at: &At, value: &'f Value, depth: usize) -> Option<Vec<String>> {
        let inner = |value: &'f Value| self.elements_of(at, value, depth + 1);
        match value {
            _ if depth > MAX_DEPTH => None,
            Value::Map(entries) => {
                entries.iter().map(|(key, _)| is_written_out(key).then(|| key.clone())).collect()
            }
            Value::List(elements) => Some((0..elements.len()).map(|at| at.to_string()).collect()),
            Value::Path(object) => {
                let found = self.find(at, object, depth + 1);
                let all = found.iter().map(|(at, value)| self.elements_of(at, value, depth + 1));
                let all: Vec<Vec<String>> = all.collect::<Option<_>>()?;
                (!all.is_empty()).then(|| all.concat())
            }
            Value::Call(function, parts) => match (function.as_str(), parts.as_slice()) {
                ("merge", parts) => parts.iter().map(inner).collect::<Option<Vec<_>>>().map(|it| it.concat()),
                ("nonsensitive" | "sensitive" | "tolist" | "tomap", [only]) => inner(only),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether a name on the way may get its value in a way that is not followed.
    fn is_set_on_the_way(&self, at: &At, object: &Object) -> bool {
        let hops = self.folders.follow(&at.folder, object);
        hops.iter().any(|hop| self.is_set_elsewhere(&At::folder(&hop.folder), &hop.object))
    }

    fn place(&self, at: &At, value: &'f Value) -> Option<Written<'f>> {
        // What a terragrunt configuration reads stands in another file.
        let (at, value) = match self.folders.read_on(&at.folder, value) {
            Some((folder, value)) => (At::folder(folder), value),
            None => (at.clone(), value),
        };
        let of = |(file, block): (usize, &'f Block)| {
            let argument = block.arguments.iter().find_map(|it| entry(&self.sources[file], block, it, value));
            argument.map(|argument| Written { file, block, argument, value, at: at.clone() })
        };
        self.folders.folders().flat_map(|folder| self.folders.blocks(folder)).find_map(of)
    }
}
