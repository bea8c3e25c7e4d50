//! What a repeated block is repeated over: its instances, and what each of them is given.
//!
//! A collection is known where it is written out: maps and lists, sets of them, and names that stand for those.

use std::collections::BTreeSet;

use super::{At, Evaluator, Name};
use crate::terraform::facts::{Block, Object, Step, StepKind};
use crate::terraform::folders::MAX_DEPTH;
use crate::terraform::instance::Instance;
use crate::terraform::value::{Value, is_written_out};

/// One step within a collection.
#[derive(Clone, Debug)]
pub(super) enum Part {
    Name(String),
    Number(String),
}

impl Part {
    pub(super) fn name(&self) -> &str {
        match self {
            Part::Name(name) | Part::Number(name) => name,
        }
    }
}

/// Functions that give back the elements that they are given.
const SAME: &[&str] = &["nonsensitive", "sensitive", "tolist", "tomap", "toset", "tostring"];
/// More instances than this are not told apart.
const MAX_INSTANCES: usize = 64;

impl<'f> Evaluator<'f> {
    /// The instances of a block, where the text tells them; several values of what it is repeated over count together.
    pub fn instances(&self, at: &At, block: &Block) -> Option<BTreeSet<Instance>> {
        self.steps.set(super::MAX_STEPS);
        self.instances_of(at, block, 0)
    }

    /// The instance that a step picks, where the text tells it.
    pub fn pick(&self, at: &At, step: &Step) -> Option<Instance> {
        self.steps.set(super::MAX_STEPS);
        self.picked(at, step, 0)
    }

    fn instances_of(&self, at: &At, block: &Block, depth: usize) -> Option<BTreeSet<Instance>> {
        let at = at.outside();
        let found = match (block.argument("for_each"), block.argument("count")) {
            (Some(each), _) => {
                let keys = self.keys(&at, &each.value, depth)?;
                keys.into_iter().map(Instance::Key).collect()
            }
            (None, Some(count)) => {
                let count = self.count(&at, &count.value, depth)?;
                (0..count).map(Instance::Index).collect()
            }
            (None, None) => return None,
        };
        let few = |found: &BTreeSet<Instance>| found.len() <= MAX_INSTANCES;
        Some(found).filter(few)
    }

    pub(super) fn picked(&self, at: &At, step: &Step, depth: usize) -> Option<Instance> {
        match &step.kind {
            StepKind::Key(key) => Some(Instance::Key(key.clone())),
            StepKind::Number(number) => Some(Instance::Index(*number)),
            StepKind::Computed(Some(index))
                if !index.paths().iter().any(|it| self.is_set_elsewhere(at, it)) =>
            {
                let is_number = matches!(**index, Value::Number(_));
                let counts = match &**index {
                    Value::Other(text) => text.contains("count.index"),
                    Value::Either(either) => either.text.contains("count.index"),
                    _ => false,
                };
                let text = self.value(at, index, depth + 1);
                let text = text.as_literal()?;
                match text.parse() {
                    Ok(number) if is_number || counts => Some(Instance::Index(number)),
                    _ => Some(Instance::Key(text.to_owned())),
                }
            }
            StepKind::Attribute(_)
            | StepKind::Any
            | StepKind::Element
            | StepKind::AttributeSplat
            | StepKind::Computed(_) => None,
        }
    }

    /// The instance that is meant, or the only one that there is.
    pub(super) fn instance(&self, at: &At, depth: usize) -> Option<Instance> {
        let each = at.each.as_ref()?;
        if let Some(instance) = &each.instance {
            return Some(instance.clone());
        }
        let left = self.steps.get().checked_sub(1).filter(|_| depth <= MAX_DEPTH)?;
        self.steps.set(left);
        let mut all = self.instances_of(at, self.around(at)?, depth + 1)?.into_iter();
        all.next().filter(|_| all.next().is_none())
    }

    /// The block in which an expression stands.
    fn around(&self, at: &At) -> Option<&'f Block> {
        let words: Vec<&str> = at.each.as_ref()?.words.iter().map(String::as_str).collect();
        self.folders.block(&at.folder, &words).map(|(_, block)| block)
    }

    /// What that block is repeated over.
    pub(super) fn repeated_over(&self, at: &At) -> Option<&'f Value> {
        Some(&self.around(at)?.argument("for_each")?.value)
    }

    /// An expression that is kept as its text.
    pub(super) fn other(&self, at: &At, text: &str, depth: usize) -> Name {
        if let Some(name) = self.of_azapi(at, text, depth) {
            return name;
        }
        let of_instance = text.contains("each.") || text.contains("count.index");
        let instance = if of_instance { self.instance(at, depth) } else { None };
        let plain = match (&instance, text) {
            (Some(instance), "each.key" | "count.index") => Some(instance.text()),
            (Some(Instance::Index(index)), _) => {
                let more = text.strip_prefix("count.index+").and_then(|more| more.parse::<u64>().ok());
                more.and_then(|more| index.checked_add(more)).map(|sum| sum.to_string())
            }
            _ => None,
        };
        match plain {
            Some(plain) => Name::text(&plain),
            None if of_instance => Name::open(&at.folder, self.of_instance(at, text.to_owned(), depth)),
            None => Name::open(&at.folder, text),
        }
    }

    /// The text of an expression that means something else in each instance.
    pub(super) fn of_instance(&self, at: &At, text: String, depth: usize) -> String {
        match self.instance(at, depth) {
            Some(instance) => format!("{text} of {instance}"),
            None => text,
        }
    }

    /// `each.value` of a set is its key.
    pub(super) fn each_value(&self, at: &At, object: &Object, depth: usize) -> Option<Name> {
        if object.steps.last()?.kind != StepKind::Element {
            return None;
        }
        let collection = self.repeated_over(at)?;
        let is_set = self.is_set(&at.outside(), collection, depth);
        self.instance(at, depth).filter(|_| is_set).map(|instance| Name::text(&instance.text()))
    }

    fn is_set(&self, at: &At, value: &Value, depth: usize) -> bool {
        match value {
            Value::Call(name, _) => name == "toset",
            Value::Path(object) => {
                let found = self.find(at, object, depth + 1);
                let list = |value: &Value| matches!(value, Value::List(_));
                !found.is_empty()
                    && found.iter().all(|(at, value)| list(value) || self.is_set(at, value, depth + 1))
            }
            _ => false,
        }
    }

    /// The steps as far as they are written out, or can be worked out.
    pub(super) fn parts(&self, at: &At, steps: &[Step], depth: usize) -> Option<Vec<Part>> {
        let part = |step: &Step| match &step.kind {
            StepKind::Attribute(name) | StepKind::Key(name) => Some(Part::Name(name.clone())),
            StepKind::Number(number) => Some(Part::Number(number.to_string())),
            StepKind::Computed(Some(_)) => {
                self.picked(at, step, depth).map(|instance| Part::Name(instance.text()))
            }
            StepKind::Any | StepKind::Element | StepKind::AttributeSplat | StepKind::Computed(None) => None,
        };
        steps.iter().map(part).collect()
    }

    /// What stands at a path below a value.
    pub(super) fn below(
        &self,
        at: &At,
        value: &'f Value,
        parts: &[Part],
        depth: usize,
    ) -> Vec<(At, &'f Value)> {
        let Some((first, rest)) = parts.split_first() else { return vec![(at.clone(), value)] };
        let found = match (first, value) {
            (Part::Number(_), Value::List(_)) | (Part::Name(_), _) => {
                self.element(at, value, first.name(), depth)
            }
            // Names of objects by their number, one instance or the other.
            (Part::Number(_), _) => vec![(at.clone(), value)],
        };
        let below = found.iter().map(|(at, value)| self.below(at, value, rest, depth));
        let below: Vec<Vec<(At, &'f Value)>> = below.collect();
        // What one of them leaves out is not known to be what the others say.
        if below.iter().any(Vec::is_empty) { Vec::new() } else { below.concat() }
    }

    fn element(&self, at: &At, value: &'f Value, name: &str, depth: usize) -> Vec<(At, &'f Value)> {
        self.said(at, value, name, depth).unwrap_or_default()
    }

    /// What is said of an element by everyone who may say it, or that nobody does; absent where some do and some do not.
    fn said(&self, at: &At, value: &'f Value, name: &str, depth: usize) -> Option<Vec<(At, &'f Value)>> {
        let inner = |value: &'f Value| self.said(at, value, name, depth + 1);
        Some(match value {
            _ if depth > MAX_DEPTH => Vec::new(),
            Value::Path(object) => {
                let found = self.find(at, object, depth + 1);
                let said = found.into_iter().map(|(at, value)| self.said(&at, value, name, depth + 1));
                let said: Vec<Vec<(At, &'f Value)>> = said.collect::<Option<_>>()?;
                let silent = said.iter().filter(|said| said.is_empty()).count();
                if silent > 0 && silent < said.len() {
                    return None;
                }
                said.concat()
            }
            Value::Call(function, arguments) => match (function.as_str(), arguments.as_slice()) {
                ("merge", all) if all.iter().all(|map| self.keys(at, map, depth + 1).is_some()) => {
                    for map in all.iter().rev() {
                        let said = inner(map)?;
                        if !said.is_empty() {
                            return Some(said);
                        }
                    }
                    Vec::new()
                }
                (same, [only]) if SAME.contains(&same) && same != "toset" => inner(only)?,
                _ => Vec::new(),
            },
            value => value.element(name).map(|value| (at.clone(), value)).into_iter().collect(),
        })
    }

    /// The keys of a map, or the elements of a set or list.
    fn keys(&self, at: &At, value: &Value, depth: usize) -> Option<BTreeSet<String>> {
        let left = self.steps.get().checked_sub(1).filter(|_| depth <= MAX_DEPTH)?;
        self.steps.set(left);
        let all = |values: &[Value]| -> Option<BTreeSet<String>> {
            let keys: Option<Vec<_>> = values.iter().map(|value| self.keys(at, value, depth + 1)).collect();
            Some(keys?.into_iter().flatten().collect())
        };
        match value {
            Value::Map(entries) => {
                entries.iter().map(|(key, _)| is_written_out(key).then(|| key.clone())).collect()
            }
            Value::List(elements) => elements
                .iter()
                .map(|element| self.value(at, element, depth + 1).as_literal().map(str::to_owned))
                .collect(),
            Value::Call(function, arguments) => match (function.as_str(), arguments.as_slice()) {
                ("merge" | "concat" | "setunion", values) => all(values),
                ("keys", [map]) => self.keys(at, map, depth + 1),
                (same, [only]) if SAME.contains(&same) => self.keys(at, only, depth + 1),
                _ => None,
            },
            Value::Path(object) => {
                let found = self.find(at, object, depth + 1);
                let keys: Option<Vec<_>> =
                    found.iter().map(|(at, value)| self.keys(at, value, depth + 1)).collect();
                keys.filter(|keys| !keys.is_empty()).map(|keys| keys.into_iter().flatten().collect())
            }
            Value::Text(_)
            | Value::Number(_)
            | Value::Bool(_)
            | Value::Template(_)
            | Value::Either(_)
            | Value::Read(_)
            | Value::Other(_) => None,
        }
    }

    /// A number of instances; the largest where several are possible.
    fn count(&self, at: &At, value: &Value, depth: usize) -> Option<u64> {
        let left = self.steps.get().checked_sub(1).filter(|_| depth <= MAX_DEPTH)?;
        self.steps.set(left);
        let count = match value {
            Value::Number(text) => text.parse().ok(),
            Value::Call(function, arguments) => match (function.as_str(), arguments.as_slice()) {
                ("length", [Value::List(elements)]) => u64::try_from(elements.len()).ok(),
                ("length", [only @ Value::Path(object)]) => {
                    let mut found = self.find(at, object, depth + 1).into_iter();
                    match (found.next(), found.next()) {
                        (Some((_, Value::List(elements))), None) => u64::try_from(elements.len()).ok(),
                        _ => self.keys(at, only, depth + 1).and_then(|keys| u64::try_from(keys.len()).ok()),
                    }
                }
                ("length", [only]) => {
                    self.keys(at, only, depth + 1).and_then(|keys| u64::try_from(keys.len()).ok())
                }
                _ => None,
            },
            Value::Path(object) => {
                let found = self.find(at, object, depth + 1);
                let counts: Option<Vec<u64>> =
                    found.iter().map(|(at, value)| self.count(at, value, depth + 1)).collect();
                counts?.into_iter().max()
            }
            _ => None,
        };
        count.filter(|count| *count <= MAX_INSTANCES as u64)
    }
}
