//! The keys of a pair, and which of them a name stands for.

use std::collections::{BTreeMap, BTreeSet};

use super::super::facts::Token;
use super::super::key_read::FoundKey;
use super::super::reference::Reference;
use super::super::role::counterpart;
use super::ask::{Asked, Offered};
use super::even::{Shared, Uneven};
use super::path::{COMPUTED, Named};
use super::several::OfAccount;
use super::{Offer, Reached, handed_on};
use crate::model::{Access, Slot};

/// Whether some offers are of several accounts or accesses.
pub(super) fn are_of_several(offers: &[Reached<'_, '_>], references: &[Reference]) -> bool {
    let key = |offer: &Offer| (references[offer.defined].account, references[offer.defined].access);
    let mut keys = offers.iter().map(|(offer, _)| key(offer));
    keys.next().is_some_and(|first| keys.any(|other| other != first))
}

/// Whether the name of one of some offers differs from that of this one by the slot's word alone.
pub(super) fn by_word(offer: &Offer, others: &[Reached<'_, '_>]) -> bool {
    let is_other = |(other, _): &Reached<'_, '_>| {
        let difference = one_difference(&offer.path, &other.path);
        difference.is_some_and(|(at, name)| counterpart(&offer.path[at]).as_ref() == Some(&name))
    };
    others.iter().any(is_other)
}

/// The keys that a path reads, where that is told, for each account one. All of them have one other name, or none has.
pub(super) fn keys(shared: &Shared<'_>, reached: &[Reached<'_, '_>]) -> Option<Asked> {
    let references = shared.references;
    let keys = shared.by_account(reached)?;
    let others = keys.iter().map(|key| other_name(key.first.0, shared.offers, references));
    let others: Vec<Option<(usize, String)>> = others.collect();
    let other = others.first()?.clone();
    let odd = others.iter().position(|it| *it != other);
    let uneven = match (shared.turned(&keys), odd, &other) {
        (Some(call), ..) => Some(call),
        (None, Some(odd), _) => Some(keys[odd].runs.first().cloned()),
        (None, None, Some((at, name))) => shared.is_even(reached, *at, name).err().map(|it| it.0),
        (None, None, None) => None,
    };
    let mut told = Vec::new();
    for OfAccount { first: (offer, names), runs } in keys {
        let even = uneven.clone().map_or(Ok(()), |call| Err(Uneven(call)));
        match key(names, offer, other.clone(), even, references) {
            Asked::Key(key) => told.push(Offered { runs, ..*key }),
            Asked::Elsewhere(_) => return Some(Asked::Elsewhere(whose(reached, references))),
            asked => return Some(asked),
        }
    }
    Some(all_of(told))
}

/// The accounts and accesses of some keys.
pub(super) fn whose(keys: &[Reached<'_, '_>], references: &[Reference]) -> BTreeSet<(usize, Access)> {
    keys.iter().map(|(offer, _)| &references[offer.defined]).map(|it| (it.account, it.access)).collect()
}

pub(super) fn all_of(told: Vec<Offered>) -> Asked {
    <[Offered; 1]>::try_from(told).map_or_else(Asked::Keys, |[only]| Asked::Key(Box::new(only)))
}

/// `even`: whether the other name leads to the other slot for all who share the place.
pub(super) fn key(
    names: &[Named<'_>],
    offer: &Offer,
    other: Option<(usize, String)>,
    even: Result<(), Uneven>,
    references: &[Reference],
) -> Asked {
    let defined = &references[offer.defined];
    let at = other.as_ref().map_or(offer.path.len() - 1, |(at, _)| *at);
    // Without a name of its own the key is one of several that stand on the same slot: any name on the way tells it.
    let named = names.get(at).copied().flatten().or_else(|| names.iter().rev().copied().flatten().next());
    let Some((name, token)) = named else { return Asked::NotOffered };
    // What has a name that is worked out may be read by the other one, too.
    let is_unnamed = other.as_ref().is_some_and(|(at, _)| offer.path[*at] == COMPUTED);
    match token {
        Token::Here(span) => Asked::Key(Box::new(Offered {
            defined: offer.defined,
            key: FoundKey {
                span: span.clone(),
                attribute: name.to_owned(),
                slot: defined.slot,
                access: defined.access,
                other: other
                    .map(|(_, name)| name)
                    .filter(|name| even.is_ok() && name != COMPUTED && !is_unnamed)
                    .unwrap_or_default(),
                family: defined.family.clone(),
            },
            runs: Vec::new(),
            uneven: even.err().and_then(|it| it.0),
            along: None,
            below: Vec::new(),
        })),
        Token::Elsewhere => Asked::Elsewhere(BTreeSet::from([(defined.account, defined.access)])),
        Token::Unplaced => {
            handed_on(&[offer], true, format!("`{name}` is not written out plainly"), references)
        }
    }
}

/// Which part of the path differs on the way to the other slot, and its name there. Absent where no offer, or
/// more than one, could be meant.
pub(super) fn other_name(
    offer: &Offer,
    offers: &[&Offer],
    references: &[Reference],
) -> Option<(usize, String)> {
    let defined = &references[offer.defined];
    let candidates = candidates(&offer.path, defined, defined.slot.other(), offers, references);
    let by_word =
        candidates.keys().find(|(at, name)| counterpart(&offer.path[*at]).as_ref() == Some(name)).cloned();
    // Names that do not say that they belong together may stand for different things made of the keys.
    let alone = || {
        let (found, plain) = candidates.iter().next()?;
        let mut there = offer.path.clone();
        there[found.0].clone_from(&found.1);
        // Of several names that lead there, none would be the way back.
        let back = self::candidates(&there, defined, defined.slot, offers, references);
        (candidates.len() == 1 && back.len() == 1 && *plain && defined.plain).then(|| found.clone())
    };
    by_word.or_else(alone)
}

/// The names that differ in one part from a path and lead to a slot of the same key, and whether a key is all that stands
/// there. A name that is written twice is one name.
fn candidates(
    path: &[String],
    key: &Reference,
    slot: Slot,
    offers: &[&Offer],
    references: &[Reference],
) -> BTreeMap<(usize, String), bool> {
    let is_same = |other: &Reference| {
        other.account == key.account && other.access == key.access && other.family == key.family
    };
    let mut candidates: BTreeMap<(usize, String), bool> = BTreeMap::new();
    for offer in offers {
        let other = &references[offer.defined];
        if is_same(other)
            && other.slot == slot
            && let Some(found) = one_difference(path, &offer.path)
        {
            *candidates.entry(found).or_insert(true) &= other.plain;
        }
    }
    candidates
}

/// A path with another name in the place of one.
pub(super) fn one_name_else(path: &[String], at: usize, name: &str) -> Vec<String> {
    let mut path = path.to_vec();
    if let Some(part) = path.get_mut(at) {
        name.clone_into(part);
    }
    path
}

pub(super) fn one_difference(path: &[String], other: &[String]) -> Option<(usize, String)> {
    if path.len() != other.len() {
        return None;
    }
    let mut differing = path.iter().zip(other).enumerate().filter(|(_, (here, there))| here != there);
    match (differing.next(), differing.next()) {
        (Some((at, (_, name))), None) => Some((at, name.clone())),
        _ => None,
    }
}
