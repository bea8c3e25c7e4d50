//! Which references consume a key, and which only put both on offer.
//!
//! Two references are a pair by design when they stand in counterpart places (`primary_key = …`,
//! `secondary_key = …` of one block; outputs, locals or secrets whose names differ by the slot's word alone, or by the
//! number of the key), or when they are outputs of one module through which both slots leave it, or local values that are
//! read by their names alone. What is chosen at run time is neither; conditions that deny each other are one choice
//! ([`exclusive`]).

use std::collections::{BTreeMap, BTreeSet};

use super::exclusive::exclusive;
use super::numbered::places_in_number;
use super::reference::{Reference, Role};
use crate::model::{Access, Slot};

const WORDS: [(&str, &str); 3] =
    [("primary", "secondary"), ("Primary", "Secondary"), ("PRIMARY", "SECONDARY")];

/// The name with each slot's word replaced by the other's; absent where it holds none.
pub fn counterpart(name: &str) -> Option<String> {
    let mut swapped = String::with_capacity(name.len() + 2);
    let mut rest = name;
    let mut changed = false;
    while let Some(first) = rest.chars().next() {
        let word = WORDS.iter().find_map(|(a, b)| {
            if rest.starts_with(a) {
                Some((*a, *b))
            } else if rest.starts_with(b) {
                Some((*b, *a))
            } else {
                None
            }
        });
        let (taken, put) = word.unwrap_or_else(|| {
            let one = &rest[..first.len_utf8()];
            (one, one)
        });
        changed |= word.is_some();
        swapped.push_str(put);
        rest = &rest[taken.len()..];
    }
    changed.then_some(swapped)
}

/// Sets the role of every reference that is not only tested. `by_name` are those that are a pair by how they are read;
/// `folder` gives the folder of a file.
pub fn assign(references: &mut [Reference], by_name: &BTreeSet<usize>, folder: impl Fn(usize) -> String) {
    let mut choices = chosen(references);
    choices.extend(exclusive(references, |at| !choices.contains(&at), true));
    let mut pairs = paired(references, &choices, folder);
    pairs.extend(by_name);
    choices.extend(exclusive(references, |at| !choices.contains(&at) && !pairs.contains(&at), false));
    for (at, reference) in references.iter_mut().enumerate().filter(|(_, it)| it.role != Role::Tested) {
        reference.role = if choices.contains(&at) {
            Role::Choice
        } else if pairs.contains(&at) {
            Role::Definition
        } else {
            Role::Consumer
        };
    }
}

/// References in one choice that holds both slots.
fn chosen(references: &[Reference]) -> BTreeSet<usize> {
    let mut groups: BTreeMap<(usize, u32, usize, Access), Vec<usize>> = BTreeMap::new();
    for (at, reference) in references.iter().enumerate().filter(|(_, it)| it.role != Role::Tested) {
        for choice in &reference.choices {
            let key = (reference.file, choice.choice, reference.account, reference.access);
            groups.entry(key).or_default().push(at);
        }
    }
    groups.into_values().filter(|group| both_slots(references, group)).flatten().collect()
}

fn paired(
    references: &[Reference],
    choices: &BTreeSet<usize>,
    folder: impl Fn(usize) -> String,
) -> BTreeSet<usize> {
    let mut groups: BTreeMap<(String, usize, Access, &str), Vec<usize>> = BTreeMap::new();
    let free =
        references.iter().enumerate().filter(|(at, it)| !choices.contains(at) && it.role != Role::Tested);
    // What is taken out of a collection at once is consumed, whatever its entry is called.
    for (at, reference) in free.filter(|(_, reference)| !reference.is_entry) {
        let key = (folder(reference.file), reference.account, reference.access, reference.family.as_str());
        groups.entry(key).or_default().push(at);
    }
    let mut pairs = BTreeSet::new();
    for group in groups.into_values() {
        let counterparts = counterparts(references, &group);
        let outputs: Vec<usize> = group
            .into_iter()
            .filter(|at| !counterparts.contains(at) && is_output(&references[*at]))
            .collect();
        pairs.extend(counterparts);
        pairs.extend(both_outputs(references, outputs));
    }
    pairs
}

/// The outputs through which both slots leave a module. Where the keys themselves do, a text that is made of one of them
/// takes a slot like any other consumer.
fn both_outputs(references: &[Reference], outputs: Vec<usize>) -> Vec<usize> {
    let (keys, made): (Vec<usize>, Vec<usize>) = outputs.iter().partition(|at| references[**at].plain);
    let both = |group: &[usize]| both_slots(references, group) && !are_one(references, group);
    match both(&keys) {
        true if both(&made) => outputs,
        true => keys,
        false if both(&outputs) => outputs,
        false => Vec::new(),
    }
}

/// Whether outputs are one, which files of two programs say each for itself: through either, one slot leaves the module.
fn are_one(references: &[Reference], group: &[usize]) -> bool {
    let mut both = group.iter().map(|at| &references[*at]);
    let Some(first) = both.next() else { return false };
    both.all(|it| it.binding == first.binding) && group.iter().any(|at| references[*at].file != first.file)
}

/// Those of the group that stand in counterpart places with counterpart slots.
fn counterparts(references: &[Reference], group: &[usize]) -> BTreeSet<usize> {
    let mut pairs = counterparts_by(references, group, place);
    if group.iter().any(|at| references[*at].label.is_some()) {
        pairs.extend(counterparts_by(references, group, labelled_place));
    }
    pairs.extend(in_number(references, group));
    pairs
}

fn counterparts_by(
    references: &[Reference],
    group: &[usize],
    place: impl Fn(&Reference) -> String,
) -> BTreeSet<usize> {
    let by_place = by_place(references, group, place);
    let mut pairs = BTreeSet::new();
    for (name, here) in &by_place {
        let Some(there) = counterpart(name).and_then(|other| by_place.get(&other)) else { continue };
        for (a, b) in here.iter().flat_map(|a| there.iter().map(move |b| (*a, *b))) {
            if references[a].slot != references[b].slot {
                pairs.extend([a, b]);
            }
        }
    }
    pairs
}

fn by_place<P: Ord>(
    references: &[Reference],
    group: &[usize],
    place: impl Fn(&Reference) -> P,
) -> BTreeMap<P, Vec<usize>> {
    let mut by_place: BTreeMap<P, Vec<usize>> = BTreeMap::new();
    for at in group {
        by_place.entry(place(&references[*at])).or_default().push(*at);
    }
    by_place
}

/// Those of the group that are numbered as the keys are, the primary one first. In another order, or where the code's own
/// names are numbered and not what goes by them, the numbers mean another thing.
fn in_number(references: &[Reference], group: &[usize]) -> BTreeSet<usize> {
    let by_place = by_place(references, group, |reference| (labelled(reference), named_from(reference)));
    let mut pairs = BTreeSet::new();
    for ((binding, from), here) in &by_place {
        let there = places_in_number(binding, *from).into_iter();
        for there in there.filter_map(|other| by_place.get(&(other, *from))) {
            let all = |wanted: Slot, of: &[usize]| of.iter().all(|at| references[*at].slot == wanted);
            if all(Slot::Primary, here) && all(Slot::Secondary, there) {
                pairs.extend(here.iter().chain(there));
            }
        }
    }
    pairs
}

/// Stands between the words of a place: it cannot stand in a name.
const BETWEEN: &str = "\u{1f}";

/// The binding as one text.
fn place(reference: &Reference) -> String {
    reference.binding.join(BETWEEN)
}

/// The same where a block or an object goes by what it calls itself: instead of its number or its name in the code, or
/// beside its type.
fn labelled_place(reference: &Reference) -> String {
    labelled(reference).join(BETWEEN)
}

/// Which word of a binding is the first that what goes out of the code is called by.
fn named_from(reference: &Reference) -> usize {
    match reference.binding.first().map(String::as_str) {
        Some("resource") if reference.label.as_ref().is_some_and(|(words, _)| *words == 3) => 2,
        Some("resource" | "data" | "ephemeral") => 3,
        Some("module") => 2,
        _ => 1,
    }
}

fn labelled(reference: &Reference) -> Vec<String> {
    // Only what stands right in it goes by it: a workload's name says nothing of what its containers are given.
    let Some((words, label)) =
        reference.label.as_ref().filter(|(words, _)| reference.binding.len() == words + 1)
    else {
        return reference.binding.clone();
    };
    let mut binding = reference.binding.clone();
    if let Some(word) = words.checked_sub(1).and_then(|last| binding.get_mut(last)) {
        let is_number = word.parse::<u64>().is_ok();
        let is_resource = *words == 3 && reference.binding.first().is_some_and(|top| top == "resource");
        *word = if is_number || is_resource { label.clone() } else { format!("{word} {label}") };
    }
    binding
}

fn is_output(reference: &Reference) -> bool {
    reference.binding.first().is_some_and(|root| root == "output")
}

/// Whether both slots are among them.
pub fn both_slots(references: &[Reference], group: &[usize]) -> bool {
    Slot::ALL.iter().all(|slot| group.iter().any(|at| references[*at].slot == *slot))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counterparts_keep_the_case_of_the_word() {
        for (name, other) in [
            ("cosmosdb_primary_key", "cosmosdb_secondary_key"),
            ("PrimaryKey", "SecondaryKey"),
            ("DB_SECONDARY", "DB_PRIMARY"),
            ("Primär-primary", "Primär-secondary"),
        ] {
            assert_eq!(counterpart(name).as_deref(), Some(other));
            assert_eq!(counterpart(other).as_deref(), Some(name));
        }
        assert_eq!(counterpart("CosmosDb-ApiKey"), None);
    }
}
