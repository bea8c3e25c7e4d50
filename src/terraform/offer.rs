//! Names under which both keys of an account are on offer: outputs, local values, module inputs.
//!
//! A pair is never flipped where it is defined. Whoever reads one of its names takes a slot, and a flip there
//! puts the counterpart's name in its place.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::{Step, StepKind, Token};
use super::folders::{Folders, Followed, Kind};
use super::key_read::FoundKey;
use super::naming::spelt;
use super::reference::{Reference, Role};
use super::role::counterpart;
use crate::model::Access;

/// One name on offer: its path within the folder (`["keys", "primary"]`) and the reference that defines it.
struct Offer {
    path: Vec<String>,
    defined: usize,
}

/// All names on offer, by folder and kind.
pub struct Offers {
    offers: BTreeMap<(String, Kind), Vec<Offer>>,
}

/// What a path leads to.
pub enum Asked {
    /// `defined`: the reference that puts it on offer.
    Key {
        defined: usize,
        key: FoundKey,
    },
    /// A key that is counted where the read's words stand, in another place.
    Elsewhere,
    /// `computed`: something picks from it by a name that the text does not tell.
    HandedOn {
        account: usize,
        /// Absent where it may be either.
        access: Option<Access>,
        computed: bool,
        why: String,
    },
    NotOffered,
}

impl Offers {
    pub(super) fn of(references: &[Reference], folders: &Folders<'_>) -> Offers {
        let mut offers: BTreeMap<_, Vec<Offer>> = BTreeMap::new();
        for (defined, reference) in references.iter().enumerate() {
            if reference.role != Role::Definition {
                continue;
            }
            if let Some((cell, rest)) = folders.readable(reference.home(), &reference.binding) {
                let path = std::iter::once(cell.name).chain(rest.iter().cloned()).collect();
                offers.entry((cell.folder, cell.kind)).or_default().push(Offer { path, defined });
            }
        }
        Offers { offers }
    }

    /// Outputs and inputs behind which a single key stands. Where callers hand in different ones, none is told.
    pub(super) fn relays(references: &[Reference], folders: &Folders<'_>) -> Offers {
        let mut offers: BTreeMap<_, Vec<Offer>> = BTreeMap::new();
        let single = |role| matches!(role, Role::Consumer | Role::Chosen | Role::Relay);
        for (defined, reference) in references.iter().enumerate().filter(|(_, it)| single(it.role)) {
            let Some((cell, rest)) = folders.readable(reference.home(), &reference.binding) else { continue };
            if matches!(cell.kind, Kind::Local | Kind::Each) {
                continue;
            }
            let path: Vec<String> = std::iter::once(cell.name).chain(rest.iter().cloned()).collect();
            offers.entry((cell.folder, cell.kind)).or_default().push(Offer { path, defined });
        }
        for offers in offers.values_mut() {
            let key = |offer: &Offer| {
                let reference = &references[offer.defined];
                (reference.account, reference.slot, reference.access)
            };
            let told: Vec<bool> = offers
                .iter()
                .map(|offer| offers.iter().all(|other| other.path != offer.path || key(other) == key(offer)))
                .collect();
            let mut told = told.into_iter();
            offers.retain(|_| told.next().unwrap_or(false));
        }
        Offers { offers }
    }

    /// The names that a path could have where it is computed, if a name there leads to a key.
    pub(super) fn names(&self, followed: &Followed, folders: &Folders<'_>) -> BTreeSet<String> {
        let Some((cell, rest)) = folders.cell_of(&followed.folder, &followed.object) else {
            return BTreeSet::new();
        };
        let path = Path::of(cell.name, &Token::Unplaced, rest);
        let plain = path.computed && !path.parts.iter().any(|part| matches!(part, Part::Any));
        let offers = self.offers.get(&(cell.folder, cell.kind)).into_iter().flatten();
        let offers = offers.filter(|offer| plain && path.leads_towards(&offer.path));
        let names: BTreeSet<String> = offers.map(|offer| offer.path[path.parts.len()].clone()).collect();
        // An entry whose name is worked out may be any of them.
        if names.contains(COMPUTED) { BTreeSet::new() } else { names }
    }

    pub(super) fn ask(&self, followed: &Followed, folders: &Folders<'_>, references: &[Reference]) -> Asked {
        if let Some(folder) = folders.whole(&followed.folder, &followed.object) {
            return self.whole(folder, followed, references);
        }
        let Some((cell, rest)) = folders.cell_of(&followed.folder, &followed.object) else {
            return Asked::NotOffered;
        };
        let before = followed.object.steps.len() - rest.len();
        let first = before.checked_sub(1).and_then(|at| followed.object.steps.get(at));
        let path = Path::of(cell.name, first.map_or(&Token::Unplaced, |step| &step.token), rest);
        let kind = cell.kind;
        let Some(offers) = self.offers.get(&(cell.folder, cell.kind)) else { return Asked::NotOffered };
        let reached = path.reached(offers);
        let same = |(offer, _): &(&Offer, _)| {
            let key = |offer: &Offer| {
                let reference = &references[offer.defined];
                (reference.slot, reference.account, reference.access)
            };
            key(offer) == key(reached[0].0)
        };
        if let Some((offer, names)) = reached.first()
            && reached.iter().all(same)
        {
            return key(names, offer, offers, references);
        }
        // Blocks that are repeated over a pair deliver both, each in a block of its own.
        if !reached.is_empty() && matches!(kind, Kind::Local | Kind::Each) && by_element(rest) {
            return Asked::NotOffered;
        }
        let towards = offers.iter().find(|offer| path.leads_towards(&offer.path) || path.wraps(&offer.path));
        match reached.first().map(|(offer, _)| *offer).or(towards) {
            Some(offer) => {
                let why = format!(
                    "takes `{}`, where both slots are on offer, without naming one",
                    offer.path.join(".")
                );
                handed_on(offer, path.computed, why, references)
            }
            None => Asked::NotOffered,
        }
    }

    /// A module that is named without one of its outputs.
    fn whole(&self, folder: &str, followed: &Followed, references: &[Reference]) -> Asked {
        let offered = self.offers.get(&(folder.to_owned(), Kind::Output)).and_then(|offers| offers.first());
        let Some(offer) = offered else { return Asked::NotOffered };
        let computed = followed.object.steps.iter().any(|step| step.kind.is_computed());
        let why = format!(
            "takes `{}` without naming an output, and both slots are among them",
            spelt(&followed.object)
        );
        handed_on(offer, computed, why, references)
    }
}

fn handed_on(offer: &Offer, computed: bool, why: String, references: &[Reference]) -> Asked {
    let defined = &references[offer.defined];
    Asked::HandedOn { account: defined.account, access: Some(defined.access), computed, why }
}

/// What an entry is called whose name is worked out.
const COMPUTED: &str = "(…)";

/// The names along some steps, up to the first that is computed.
struct Path<'s> {
    parts: Vec<Part<'s>>,
    computed: bool,
}

#[derive(Clone)]
enum Part<'s> {
    Name(String, &'s Token),
    /// An element of a collection, or what a function gives back: one name on the way, or none.
    Any,
}

/// The part of a path that a name on offer is read by.
type Named<'p> = Option<(&'p str, &'p Token)>;

impl<'s> Path<'s> {
    fn of(name: String, token: &'s Token, steps: &'s [Step]) -> Path<'s> {
        let mut path = Path { parts: vec![Part::Name(name, token)], computed: false };
        for step in steps {
            path.parts.push(match &step.kind {
                StepKind::Attribute(name) | StepKind::Key(name) => Part::Name(name.clone(), &step.token),
                StepKind::Number(number) => Part::Name(number.to_string(), &step.token),
                StepKind::Any | StepKind::Element | StepKind::AttributeSplat => Part::Any,
                StepKind::Computed(_) => {
                    path.computed = true;
                    break;
                }
            });
        }
        path
    }

    /// The offers that the path leads to or below, and by which of its parts each of their names is read. Where an
    /// element may be what the next name stands for, the offers that are read by more names are meant.
    fn reached<'o>(&self, offers: &'o [Offer]) -> Vec<(&'o Offer, Vec<Named<'_>>)> {
        let reached = |offer: &'o Offer| Some((offer, reaches(&self.parts, &offer.path)?));
        let mut reached: Vec<_> = offers.iter().filter_map(reached).collect();
        let named = |names: &[Named<'_>]| names.iter().flatten().count();
        let most = reached.iter().map(|(_, names)| named(names)).max();
        reached.retain(|(_, names)| Some(named(names)) == most);
        reached
    }

    fn leads_towards(&self, offer: &[String]) -> bool {
        leads_towards(&self.parts, offer)
    }

    /// Whether the path picks by a number that the list does not have: `element` begins anew at a list's end.
    fn wraps(&self, offer: &[String]) -> bool {
        let differing = self.parts.iter().zip(offer).find(|(part, wanted)| match part {
            Part::Name(name, _) => name != *wanted,
            Part::Any => true,
        });
        let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        matches!(differing, Some((Part::Name(name, _), wanted)) if number(name) && number(wanted))
    }
}

/// Whether steps take the element that a block is repeated for, and nothing but names besides.
fn by_element(steps: &[Step]) -> bool {
    let element = |step: &Step| step.kind == StepKind::Element;
    steps.iter().any(element) && steps.iter().all(|step| element(step) || step.name().is_some())
}

fn reaches<'p>(parts: &'p [Part<'_>], offer: &[String]) -> Option<Vec<Named<'p>>> {
    let Some((wanted, below)) = offer.split_first() else { return Some(Vec::new()) };
    let (part, rest) = parts.split_first()?;
    let with = |named: Named<'p>, mut names: Vec<Named<'p>>| {
        names.insert(0, named);
        names
    };
    match part {
        Part::Name(name, token) if name == wanted || wanted == COMPUTED => {
            reaches(rest, below).map(|names| with(Some((name, *token)), names))
        }
        Part::Name(..) => None,
        Part::Any => reaches(rest, offer).or_else(|| reaches(rest, below).map(|names| with(None, names))),
    }
}

fn leads_towards(parts: &[Part<'_>], offer: &[String]) -> bool {
    match (parts.split_first(), offer.split_first()) {
        (None, offered) => offered.is_some(),
        (Some(_), None) => false,
        (Some((Part::Name(name, _), rest)), Some((wanted, below))) => {
            (name == wanted || wanted == COMPUTED) && leads_towards(rest, below)
        }
        (Some((Part::Any, rest)), Some((_, below))) => {
            leads_towards(rest, below) || leads_towards(rest, offer)
        }
    }
}

fn key(names: &[Named<'_>], offer: &Offer, offers: &[Offer], references: &[Reference]) -> Asked {
    let defined = &references[offer.defined];
    let other = other_name(offer, offers, references);
    let at = other.as_ref().map_or(offer.path.len() - 1, |(at, _)| *at);
    // Without a name of its own the key is one of several that stand on the same slot: any name on the way tells it.
    let named = names.get(at).copied().flatten().or_else(|| names.iter().rev().copied().flatten().next());
    let Some((name, token)) = named else { return Asked::NotOffered };
    match token {
        Token::Here(span) => Asked::Key {
            defined: offer.defined,
            key: FoundKey {
                span: span.clone(),
                attribute: name.to_owned(),
                slot: defined.slot,
                access: defined.access,
                other: other.map(|(_, name)| name).unwrap_or_default(),
                family: defined.family.clone(),
            },
        },
        Token::Elsewhere => Asked::Elsewhere,
        Token::Unplaced => handed_on(offer, true, format!("`{name}` is not written out plainly"), references),
    }
}

/// Which part of the path differs on the way to the other slot, and its name there. Absent where no offer, or
/// more than one, could be meant.
fn other_name(offer: &Offer, offers: &[Offer], references: &[Reference]) -> Option<(usize, String)> {
    let defined = &references[offer.defined];
    // A name that is written twice is one name.
    let mut candidates: BTreeMap<(usize, String), bool> = BTreeMap::new();
    let others = offers
        .iter()
        .filter(|candidate| {
            let other = &references[candidate.defined];
            other.account == defined.account
                && other.access == defined.access
                && other.family == defined.family
                && other.slot != defined.slot
        })
        .filter_map(|candidate| {
            let found = one_difference(&offer.path, &candidate.path)?;
            Some((found, references[candidate.defined].plain))
        });
    for (found, plain) in others {
        *candidates.entry(found).or_insert(true) &= plain;
    }
    let by_word =
        candidates.keys().find(|(at, name)| counterpart(&offer.path[*at]).as_ref() == Some(name)).cloned();
    // Names that do not say that they belong together may stand for different things made of the keys.
    let alone = || {
        let (found, plain) = candidates.iter().next()?;
        (candidates.len() == 1 && *plain && defined.plain).then(|| found.clone())
    };
    by_word.or_else(alone)
}

fn one_difference(path: &[String], other: &[String]) -> Option<(usize, String)> {
    if path.len() != other.len() {
        return None;
    }
    let mut differing = path.iter().zip(other).enumerate().filter(|(_, (here, there))| here != there);
    match (differing.next(), differing.next()) {
        (Some((at, (_, name))), None) => Some((at, name.clone())),
        _ => None,
    }
}
