//! Both keys of an account in two places beside each other, one a slot, of which only the names say that they are a pair:
//! `cosmos-key` and `cosmos-key-backup`, blue and green, numbers that begin with the secondary key.
//!
//! A flip of the account would put one key into both, and no flip brings the other back. So it is refused where a person
//! does not vouch for the place.

use std::collections::BTreeMap;

use super::allowed::AllowedOpaque;
use super::flow::{Flow, SinkKind};
use super::reference::{Reference, Role};
use super::refusal::Refusal;
use super::tree::Tree;
use super::walk::VAULT;
use crate::model::{Access, Slot};

/// Words that stand in each other's place in the names of a pair.
const PAIRS: [[&str; 2]; 12] = [
    ["a", "b"],
    ["active", "passive"],
    ["blue", "green"],
    ["current", "next"],
    ["current", "previous"],
    ["first", "second"],
    ["left", "right"],
    ["main", "backup"],
    ["new", "old"],
    ["primary", "secondary"],
    ["one", "two"],
    ["even", "odd"],
];

/// Account, access, family of keys, and where the place stands: its type of block and its vault, or the block itself.
type Beside<'t> = (usize, Access, &'t str, Vec<&'t str>, String);

/// A flow, and the words of the name that its key has where it ends.
type Named<'t> = (&'t Flow, Vec<String>);

/// The flows of keys of both slots into places whose names are those of a pair: by their numbers, the primary one first.
pub fn siblings(tree: &Tree) -> Vec<(&Flow, &Flow)> {
    let mut beside: BTreeMap<Beside<'_>, [Vec<Named<'_>>; 2]> = BTreeMap::new();
    for flow in tree.flows() {
        let reference = &tree.references[flow.reference];
        if let Some((place, name)) = named(tree, flow).filter(|_| consumes(reference)) {
            let Reference { account, access, family, .. } = reference;
            let key = (*account, *access, family.as_str(), place.0, place.1);
            let [primary, secondary] = beside.entry(key).or_default();
            match reference.slot {
                Slot::Primary => primary.push((flow, words(name))),
                Slot::Secondary => secondary.push((flow, words(name))),
            }
        }
    }
    let mut found = Vec::new();
    for [primary, secondary] in beside.into_values() {
        for (one, ours) in &primary {
            let pairs = secondary.iter().filter(|(_, theirs)| is_pair(ours, theirs));
            found.extend(pairs.map(|(other, _)| (*one, *other)));
        }
    }
    found
}

/// Keys that would move to where the other one of their pair is already.
pub fn refusals(tree: &Tree, changed: &[usize], allowed: &AllowedOpaque) -> Vec<Refusal> {
    let moves = |flow: &Flow| changed.binary_search(&flow.reference).is_ok();
    let mut refusals = Vec::new();
    for (one, other) in siblings(tree) {
        let (moved, stays) = match (moves(one), moves(other)) {
            (true, false) => (one, other),
            (false, true) => (other, one),
            _ => continue,
        };
        let place = place(tree, moved);
        if allowed.allows(&place) {
            continue;
        }
        let refusal =
            Refusal::PairCollapses { place, sink: moved.sink.name.clone(), other: stays.sink.name.clone() };
        if !refusals.contains(&refusal) {
            refusals.push(refusal);
        }
    }
    refusals
}

/// Where the key is read that goes there.
pub fn place(tree: &Tree, flow: &Flow) -> String {
    let reference = &tree.references[flow.reference];
    tree.place(reference.file, reference.span.start)
}

fn consumes(reference: &Reference) -> bool {
    matches!(reference.role, Role::Consumer | Role::Chosen)
}

/// Where a key ends, and what it is called there.
fn named<'t>(tree: &'t Tree, flow: &'t Flow) -> Option<((Vec<&'t str>, String), &'t str)> {
    let sink = &flow.sink;
    let binding: Vec<&str> = sink.binding.iter().map(String::as_str).collect();
    match sink.kind {
        SinkKind::KeyVaultSecret => {
            let block = tree.block_around(sink.file, &sink.binding)?;
            let source = &tree.sources[sink.file];
            let vault = block.argument(VAULT).and_then(|vault| source.bytes().get(vault.span.clone()));
            let vault = String::from_utf8_lossy(vault.unwrap_or_default()).trim().to_owned();
            let folder = source.folder().to_owned();
            Some(((vec!["resource", block.words.get(1)?], format!("{folder} {vault}")), &sink.name))
        }
        SinkKind::Argument => {
            let (last, before) = binding.split_last()?;
            let folder = tree.sources[sink.file].folder().to_owned();
            (before.len() > 3).then(|| ((before.to_vec(), folder), *last))
        }
        _ => None,
    }
}

/// The words of a name: letters and numbers apart, and each capital the first of its word.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut before = ' ';
    for c in name.chars() {
        let starts = !before.is_alphanumeric()
            || c.is_uppercase() && before.is_lowercase()
            || c.is_ascii_digit() != before.is_ascii_digit();
        if c.is_alphanumeric() {
            match words.last_mut().filter(|_| !starts) {
                Some(word) => word.extend(c.to_lowercase()),
                None => words.push(c.to_lowercase().collect()),
            }
        }
        before = c;
    }
    words
}

/// Whether names are those of a pair: one goes on where the other ends, or one word of them is another.
fn is_pair(one: &[String], other: &[String]) -> bool {
    if one.is_empty() || other.is_empty() || one == other {
        return false;
    }
    if one.starts_with(other) || other.starts_with(one) {
        return true;
    }
    let mut differ = one.iter().zip(other).filter(|(ours, theirs)| ours != theirs);
    let only = differ.next().filter(|_| differ.next().is_none() && one.len() == other.len());
    only.is_some_and(|(ours, theirs)| {
        let number = |word: &str| word.parse::<u32>().ok();
        // Single letters are names of anything.
        let says = one.len() > 1 || ours.len() > 1;
        let next = number(ours).zip(number(theirs)).is_some_and(|(ours, theirs)| ours.abs_diff(theirs) == 1);
        next || says
            && PAIRS.iter().any(|pair| pair.contains(&ours.as_str()) && pair.contains(&theirs.as_str()))
    })
}
