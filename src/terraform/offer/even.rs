//! Whether the other slot stands beside a key under the same name for everyone who shares the place that reads it: for
//! every call of a module, and for every element of a collection.

use super::path::COMPUTED;
use super::{Offer, Reached, one_name_else};
use crate::model::Slot;
use crate::terraform::folders::{Cell, Folders, Kind};
use crate::terraform::instance::Call;
use crate::terraform::reference::Reference;
use crate::terraform::value::{Value, is_written_out};

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
        let calls: Vec<Option<&Call>> = match self.cell.kind {
            Kind::Variable => self.folders.callers(&self.cell.folder).iter().map(Some).collect(),
            Kind::Local | Kind::Output | Kind::Each => vec![None],
        };
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
        for call in calls {
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
        let (folder, name) = (&self.cell.folder, self.cell.name.as_str());
        let value = match (self.cell.kind, call) {
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
        };
        elements(below.iter().try_fold(value, |value, name| within(value, name))?)
    }
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
