//! What the type of a variable gives for what nobody hands in: `optional(string, "primary")`.

use super::collection::Part;
use super::{At, Evaluator};
use crate::terraform::folders::MAX_DEPTH;
use crate::terraform::value::{Value, is_written_out};

/// Types of which every element is of the type within.
pub const COLLECTIONS: [&str; 3] = ["list", "map", "set"];

impl<'f> Evaluator<'f> {
    /// What stands at a path below a variable, for everyone who hands it in. Empty where somebody leaves that out and the
    /// variable's type has no default for it, or where the text does not tell.
    pub(super) fn below_variable(
        &self,
        at: &At,
        name: &str,
        parts: &[Part],
        depth: usize,
    ) -> Vec<(At, &'f Value)> {
        let mut all = Vec::new();
        for (there, value) in self.variable(at, name) {
            let found = self.below(&there, value, parts, depth);
            if !found.is_empty() {
                all.extend(found);
                continue;
            }
            let default = self.declared(at, name).and_then(|declared| default_at(declared, parts));
            match default.filter(|_| self.leaves_out(&there, value, parts, depth)) {
                Some(default) => all.push((at.outside(), default)),
                None => return Vec::new(),
            }
        }
        all
    }

    /// Whether the type of a variable has something at a path, whoever hands it in.
    pub(super) fn is_typed(&self, at: &At, name: &str, parts: &[Part]) -> bool {
        self.declared(at, name).is_some_and(|declared| has(declared, parts))
    }

    fn declared(&self, at: &At, name: &str) -> Option<&'f Value> {
        let (_, block) = self.folders.block(&at.folder, &["variable", name])?;
        Some(&block.argument("type")?.value)
    }

    /// Whether a value has nothing at a path, for certain.
    fn leaves_out(&self, at: &At, value: &'f Value, parts: &[Part], depth: usize) -> bool {
        let Some((first, rest)) = parts.split_first().filter(|_| depth <= MAX_DEPTH) else { return false };
        match value {
            Value::Map(entries) => match value.element(first.name()) {
                Some(inner) => self.leaves_out(at, inner, rest, depth + 1),
                None => entries.iter().all(|(key, _)| is_written_out(key)),
            },
            Value::Path(object) => {
                let found = self.find(at, object, depth + 1);
                !found.is_empty() && found.iter().all(|(at, it)| self.leaves_out(at, it, parts, depth + 1))
            }
            Value::Call(merge, maps) if merge == "merge" => {
                maps.iter().all(|map| self.leaves_out(at, map, parts, depth + 1))
            }
            _ => false,
        }
    }
}

/// The default that a type has at a path.
fn default_at<'v>(declared: &'v Value, parts: &[Part]) -> Option<&'v Value> {
    let (inner, rest) = below(declared, parts)?;
    match (inner, rest) {
        (Value::Call(optional, of), []) if optional == "optional" => of.get(1),
        // What is left out as a whole has what its default says, and else what its own type says.
        (Value::Call(optional, of), rest) if optional == "optional" => {
            let whole = of.get(1)?;
            let said = rest.iter().try_fold(whole, |value, part| value.element(part.name()));
            said.or_else(|| default_at(of.first()?, rest))
        }
        (inner, rest) => default_at(inner, rest),
    }
}

fn has(declared: &Value, parts: &[Part]) -> bool {
    match (declared, parts) {
        (_, []) => true,
        (Value::Call(optional, of), parts) if optional == "optional" => {
            of.first().is_some_and(|inner| has(inner, parts))
        }
        (declared, parts) => below(declared, parts).is_some_and(|(inner, rest)| has(inner, rest)),
    }
}

/// The type of what stands at the first of some names in a value of a type.
fn below<'v, 'p>(declared: &'v Value, parts: &'p [Part]) -> Option<(&'v Value, &'p [Part])> {
    let (first, rest) = parts.split_first()?;
    match declared {
        Value::Call(object, of) if object == "object" => Some((of.first()?.element(first.name())?, rest)),
        Value::Call(collection, of) if COLLECTIONS.contains(&collection.as_str()) => {
            Some((of.first()?, rest))
        }
        _ => None,
    }
}
