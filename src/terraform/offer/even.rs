//! Whether the other slot stands beside a key under the same name for everyone who shares the place that reads it: for
//! every call of a module, and for every element of a collection.

use std::collections::BTreeSet;

use super::path::COMPUTED;
use super::{Offer, Reached, one_name_else};
use crate::model::Slot;
use crate::terraform::facts::{Step, StepKind};
use crate::terraform::folders::{Cell, Folders, Kind};
use crate::terraform::instance::Call;
use crate::terraform::naming::spelt;
use crate::terraform::reference::Reference;
use crate::terraform::value::{Value, is_written_out};
use crate::terraform::walk::GATHERING;
use crate::terraform::words::is_of_name;

/// What is on offer under one name.
pub struct Shared<'a> {
    pub(super) cell: &'a Cell,
    pub(super) offers: &'a [&'a Offer],
    pub(super) folders: &'a Folders<'a>,
    pub(super) references: &'a [Reference],
    /// Whether the read takes every element of what it goes through, and not one that it works out.
    pub(super) in_turn: bool,
}

/// That somebody who shares the place has not the other slot there; the call, where it is one.
pub struct Uneven(pub Option<Call>);

impl Shared<'_> {
    /// Whether all of the offers that a path reads have the other slot where the part `at` of their names is `other`, and
    /// nothing stands among them that is no such offer. Every call hands in a pair, each of its own account's.
    pub(super) fn is_even(&self, reached: &[Reached<'_, '_>], at: usize, other: &str) -> Result<(), Uneven> {
        let both = |call: Option<&Call>, offer: &Offer, path: &[String]| {
            let slot = self.references[offer.defined].slot;
            self.gives(call, offer, path, slot)
                && self.gives(call, offer, &one_name_else(path, at, other), slot.other())
        };
        let has_both = |call: Option<&Call>, (offer, names): &Reached<'_, '_>| {
            let mut elements =
                (1..offer.path.len()).filter(|part| names.get(*part).is_some_and(Option::is_none));
            both(call, offer, &offer.path)
                && elements.all(|part| {
                    let all = self.names(call, &offer.path[1..part]);
                    // Elements may be of accounts of their own.
                    let alike = |own: &&&Offer| {
                        let of = |offer: &Offer| &self.references[offer.defined];
                        (of(own).slot, of(own).access) == (of(offer).slot, of(offer).access)
                    };
                    let has_both = |name: &String| {
                        let path = one_name_else(&offer.path, part, name);
                        let mut there = self.offers.iter().filter(|own| own.path == path).filter(alike);
                        there.any(|own| both(call, own, &path))
                    };
                    all.is_some_and(|names| names.iter().all(has_both))
                })
        };
        for call in self.calls() {
            let is_own = |(offer, _): &&Reached<'_, '_>| {
                call.is_none_or(|call| is_given_by(&self.references[offer.defined], call))
            };
            let mut own = reached.iter().filter(is_own).peekable();
            if own.peek().is_none() || !own.all(|one| has_both(call, one)) {
                return Err(Uneven(call.cloned()));
            }
        }
        Ok(())
    }

    /// What stands beside a key in the element that the part `at` of its name picks, and is another thing in the element of
    /// the other name, or may be.
    pub(super) fn taken_along(&self, offer: &Offer, at: usize, other: &str) -> Option<String> {
        let defined = &self.references[offer.defined];
        if !defined.below.is_empty() {
            return defined.along.clone();
        }
        let call = given_by(defined).filter(|_| self.cell.kind == Kind::Variable);
        let element = |path: &[String]| {
            let value = self.value(path.first()?, call.as_ref())?;
            path.get(1..=at)?.iter().try_fold(value, |it, name| within(it, name))
        };
        let there = one_name_else(&offer.path, at, other);
        let (own, there) = (element(&offer.path)?, element(&there)?);
        if is_made_alike(own, there, defined) {
            return None;
        }
        let is_key = |path: &[String]| {
            let path = [&offer.path[..=at], path].concat();
            self.offers.iter().any(|offer| offer.path == path)
        };
        differing(own, there, &is_key, &mut Vec::new())
    }

    /// Whether some steps go into what an expression makes, whose parts have other names than those that it is made of.
    pub(super) fn is_made_anew(&self, steps: &[Step]) -> bool {
        let has_keys = |names: &[String]| {
            let below = |path: &[String]| {
                path.len() >= names.len()
                    && names.iter().zip(path).all(|(name, own)| name == own || own == COMPUTED)
            };
            self.offers.iter().any(|it| it.path[0] == self.cell.name && below(&it.path[1..]))
        };
        let mut values = self.calls().into_iter().filter_map(|call| self.value(&self.cell.name, call));
        values.any(|value| is_made_anew(value, steps, &[], &has_keys))
    }

    /// The calls that share the place; one that needs no name where there are none.
    fn calls(&self) -> Vec<Option<&Call>> {
        match self.cell.kind {
            Kind::Variable => self.folders.callers(&self.cell.folder).iter().map(Some).collect(),
            Kind::Local | Kind::Output | Kind::Each => vec![None],
        }
    }

    /// Whether a call offers a slot of the same key under a name that leads to nothing uneven itself.
    fn gives(&self, call: Option<&Call>, like: &Offer, path: &[String], slot: Slot) -> bool {
        let like = &self.references[like.defined];
        self.offers.iter().filter(|offer| offer.path == path).any(|offer| {
            let it = &self.references[offer.defined];
            let is_same = (it.account, it.access, &it.family) == (like.account, like.access, &like.family);
            is_same && it.slot == slot && it.other.is_some() && call.is_none_or(|call| is_given_by(it, call))
        })
    }

    /// What the elements are called that stand below some names; absent where the text does not tell.
    fn names(&self, call: Option<&Call>, below: &[String]) -> Option<Vec<String>> {
        let value = self.value(&self.cell.name, call)?;
        elements(below.iter().try_fold(value, |value, name| within(value, name))?)
    }

    /// What stands under a name of the kind that is shared.
    fn value(&self, name: &str, call: Option<&Call>) -> Option<&Value> {
        let folder = &self.cell.folder;
        Some(match (self.cell.kind, call) {
            (Kind::Variable, call) => self.folders.argument(call?, name)?,
            (Kind::Local, _) => {
                let mut blocks = self.folders.blocks_at(folder, &["locals"]);
                &blocks.find_map(|(_, block)| block.argument(name))?.value
            }
            (Kind::Output, _) => &self.folders.block(folder, &["output", name])?.1.argument("value")?.value,
            (Kind::Each, _) => {
                let words: Vec<&str> = name.split('.').collect();
                let (block, argument) = words.split_at_checked(if words[0] == "module" { 2 } else { 3 })?;
                let ["for_each"] = argument else { return None };
                &self.folders.block(folder, block)?.1.argument("for_each")?.value
            }
        })
    }
}

/// `before`: the names that lead to the value. `has_keys` says whether keys stand below some names.
fn is_made_anew(
    value: &Value,
    steps: &[Step],
    before: &[String],
    has_keys: &dyn Fn(&[String]) -> bool,
) -> bool {
    let Some((step, rest)) = steps.split_first() else { return false };
    let wanted = match &step.kind {
        StepKind::Number(number) => Some(number.to_string()),
        _ => step.name().map(str::to_owned),
    };
    let below = |name: String, inner: &Value| {
        let is_meant = wanted.as_ref().is_none_or(|wanted| *wanted == name);
        is_meant && is_made_anew(inner, rest, &[before, &[name]].concat(), has_keys)
    };
    match value {
        Value::Map(entries) => entries.iter().any(|(name, inner)| below(name.clone(), inner)),
        Value::List(elements) => elements.iter().enumerate().any(|(at, inner)| below(at.to_string(), inner)),
        Value::Call(function, parts) if GATHERING.contains(&function.as_str()) => {
            parts.iter().any(|part| is_made_anew(part, steps, before, has_keys))
        }
        Value::Either(either) => {
            either.values.iter().any(|value| is_made_anew(value, steps, before, has_keys))
        }
        // What a `for` makes has places of its own, as far as the text tells them.
        Value::Other(text) if is_for(text) => false,
        Value::Call(..) | Value::Read(_) | Value::Other(_) => has_keys(before),
        Value::Path(_) | Value::Template(_) | Value::Text(_) | Value::Number(_) | Value::Bool(_) => false,
    }
}

/// Whether an expression is a `for`, and nothing else is done to what that makes.
fn is_for(text: &str) -> bool {
    let open = |text: &str| text.bytes().filter(|byte| b"[{(".contains(byte)).count();
    let closed = |text: &str| text.bytes().filter(|byte| b"]})".contains(byte)).count();
    let ends = |(at, _): (usize, char)| open(&text[..at]) > closed(&text[..at]);
    (text.starts_with("{for") || text.starts_with("[for")) && text.char_indices().skip(1).all(ends)
}

/// Where two elements are not the same thing, but for the keys in them.
fn differing(
    own: &Value,
    other: &Value,
    is_key: &dyn Fn(&[String]) -> bool,
    path: &mut Vec<String>,
) -> Option<String> {
    if is_key(path) {
        return None;
    }
    let mut below = |name: &str, own: Option<&Value>, other: Option<&Value>| {
        path.push(name.to_owned());
        let differing = match (own, other) {
            (Some(own), Some(other)) => differing(own, other, is_key, path),
            _ => Some(path.join(".")),
        };
        path.pop();
        differing
    };
    match (own, other) {
        (Value::Map(ours), Value::Map(theirs)) => {
            let names: BTreeSet<&String> = ours.iter().chain(theirs).map(|(name, _)| name).collect();
            names.into_iter().find_map(|name| below(name, own.element(name), other.element(name)))
        }
        (Value::List(ours), Value::List(theirs)) => (0..ours.len().max(theirs.len()))
            .find_map(|at| below(&at.to_string(), ours.get(at), theirs.get(at))),
        (Value::Call(function, ours), Value::Call(same, theirs))
            if function == same && ours.len() == theirs.len() =>
        {
            ours.iter().zip(theirs).find_map(|(own, other)| differing(own, other, is_key, path))
        }
        (own, other) => (!is_same(own, other)).then(|| path.join(".")),
    }
}

/// Whether two expressions say the same, wherever they stand.
fn is_same(one: &Value, other: &Value) -> bool {
    let all = |ours: &[Value], theirs: &[Value]| {
        ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(one, other)| is_same(one, other))
    };
    match (one, other) {
        (Value::Path(one), Value::Path(other)) => spelt(one) == spelt(other) && !spelt(one).contains('…'),
        (Value::Template(ours), Value::Template(theirs)) | (Value::List(ours), Value::List(theirs)) => {
            all(ours, theirs)
        }
        (Value::Call(own, ours), Value::Call(other, theirs)) => own == other && all(ours, theirs),
        (Value::Either(one), Value::Either(other)) => {
            one.text == other.text && all(&one.values, &other.values)
        }
        (one, other) => one == other,
    }
}

/// Whether one expression makes all elements, and the other says the same but for the key.
fn is_made_alike(one: &Value, other: &Value, key: &Reference) -> bool {
    let (Value::Other(one), Value::Other(other), Some(name)) = (one, other, &key.other) else { return false };
    let (own, turned) = (format!(".{}", key.attribute), format!(".{name}"));
    let parts: Vec<(usize, &str)> = one.match_indices(&own).collect();
    let whole = parts.iter().all(|(at, _)| !one[at + own.len()..].starts_with(is_of_name));
    whole && !parts.is_empty() && one.replace(&own, &turned) == *other
}

/// Functions that hand on what they are given, under its own names.
const SAME: [&str; 4] = ["nonsensitive", "sensitive", "tolist", "tomap"];

fn within<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    match value {
        Value::Call(function, parts) if SAME.contains(&function.as_str()) => within(parts.first()?, name),
        Value::Call(function, parts) if function == "merge" => {
            parts.iter().rev().find_map(|part| within(part, name))
        }
        _ => value.element(name),
    }
}

fn elements(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::Map(entries) => {
            let computed = entries.iter().filter(|(name, _)| !is_written_out(name)).count();
            let name = |name: &String| if is_written_out(name) { name.clone() } else { COMPUTED.to_owned() };
            // Of several that are worked out, one may stand for another.
            (computed < 2).then(|| entries.iter().map(|(key, _)| name(key)).collect())
        }
        Value::List(elements) => Some((0..elements.len()).map(|at| at.to_string()).collect()),
        Value::Call(function, parts) if SAME.contains(&function.as_str()) => elements(parts.first()?),
        Value::Call(function, parts) if function == "merge" => {
            parts.iter().map(elements).collect::<Option<Vec<_>>>().map(|names| names.concat())
        }
        // One expression makes all of them.
        Value::Other(text) if text.starts_with("{for") || text.starts_with("[for") => {
            Some(vec![COMPUTED.to_owned()])
        }
        _ => None,
    }
}

fn is_given_by(reference: &Reference, call: &Call) -> bool {
    given_by(reference).is_some_and(|given| given == *call)
}

/// The call that a key is an argument of.
pub fn given_by(reference: &Reference) -> Option<Call> {
    let name = match reference.binding.first().map(String::as_str)? {
        "module" => reference.binding.get(1)?,
        "inputs" => "",
        _ => return None,
    };
    Some(Call::new(reference.home(), name))
}
