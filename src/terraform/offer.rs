//! Names under which both keys of an account are on offer: outputs, local values, module inputs.
//!
//! A pair is never flipped where it is defined. Whoever reads one of its names takes a slot, and a flip there
//! puts the counterpart's name in its place.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::{Step, StepKind, Token};
use super::folders::{Folders, Followed, Kind};
use super::key_read::FoundKey;
use super::reference::{Reference, Role};
use super::role::counterpart;
use super::source::Source;
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
        access: Access,
        computed: bool,
        why: String,
    },
    NotOffered,
}

impl Offers {
    pub(super) fn of(references: &[Reference], sources: &[Source], folders: &Folders<'_>) -> Offers {
        let mut offers: BTreeMap<_, Vec<Offer>> = BTreeMap::new();
        for (defined, reference) in references.iter().enumerate() {
            if reference.role != Role::Definition {
                continue;
            }
            let folder = sources[reference.file].folder();
            if let Some((cell, rest)) = folders.readable(folder, &reference.binding) {
                let path = std::iter::once(cell.name).chain(rest.iter().cloned()).collect();
                offers.entry((cell.folder, cell.kind)).or_default().push(Offer { path, defined });
            }
        }
        Offers { offers }
    }

    /// Outputs and inputs behind which a single key stands. Where callers hand in different ones, none is told.
    pub(super) fn relays(references: &[Reference], sources: &[Source], folders: &Folders<'_>) -> Offers {
        let mut offers: BTreeMap<_, Vec<Offer>> = BTreeMap::new();
        let single = |role| matches!(role, Role::Consumer | Role::Chosen | Role::Relay);
        for (defined, reference) in references.iter().enumerate().filter(|(_, it)| single(it.role)) {
            let folder = sources[reference.file].folder();
            let Some((cell, rest)) = folders.readable(folder, &reference.binding) else { continue };
            if cell.kind == Kind::Local {
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
        let Some((cell, rest, _)) = folders.asked(&followed.folder, &followed.object) else {
            return BTreeSet::new();
        };
        let steps = &followed.object.steps[followed.object.steps.len() - rest.len() - 1..];
        let path = Path::of(steps);
        let offers = self.offers.get(&(cell.folder, cell.kind)).into_iter().flatten();
        let offers = offers.filter(|offer| path.computed && path.leads_towards(&offer.path));
        offers.map(|offer| offer.path[path.names.len()].clone()).collect()
    }

    pub(super) fn ask(&self, followed: &Followed, folders: &Folders<'_>, references: &[Reference]) -> Asked {
        let Some((cell, rest, _)) = folders.asked(&followed.folder, &followed.object) else {
            return Asked::NotOffered;
        };
        let (folder, kind) = (cell.folder, cell.kind);
        let steps = &followed.object.steps[followed.object.steps.len() - rest.len() - 1..];
        let Some(offers) = self.offers.get(&(folder, kind)) else { return Asked::NotOffered };
        let path = Path::of(steps);
        if let Some(offer) = offers.iter().find(|offer| path.reaches(&offer.path)) {
            return key(&path, offer, offers, references);
        }
        match offers.iter().find(|offer| path.leads_towards(&offer.path)) {
            // A map of local values that is walked as a whole delivers both, as it was meant to.
            Some(_) if kind == Kind::Local && !path.computed => Asked::NotOffered,
            Some(offer) => {
                let defined = &references[offer.defined];
                Asked::HandedOn {
                    account: defined.account,
                    access: defined.access,
                    computed: path.computed,
                    why: format!(
                        "takes `{}`, where both slots are on offer, without naming one",
                        offer.path.join(".")
                    ),
                }
            }
            None => Asked::NotOffered,
        }
    }
}

/// The names along some steps, up to the first that is computed.
struct Path<'s> {
    names: Vec<(String, &'s Token)>,
    computed: bool,
}

impl<'s> Path<'s> {
    fn of(steps: &'s [Step]) -> Path<'s> {
        let mut path = Path { names: Vec::new(), computed: false };
        for step in steps {
            let name = match &step.kind {
                StepKind::Attribute(name) | StepKind::Key(name) => name.clone(),
                StepKind::Number(number) => number.to_string(),
                StepKind::Any | StepKind::AttributeSplat => continue,
                StepKind::Computed => {
                    path.computed = true;
                    break;
                }
            };
            path.names.push((name, &step.token));
        }
        path
    }

    fn agrees(&self, offer: &[String]) -> bool {
        self.names.iter().zip(offer).all(|((name, _), offered)| name == offered)
    }

    fn reaches(&self, offer: &[String]) -> bool {
        self.names.len() >= offer.len() && self.agrees(offer)
    }

    fn leads_towards(&self, offer: &[String]) -> bool {
        self.names.len() < offer.len() && self.agrees(offer)
    }
}

fn key(path: &Path<'_>, offer: &Offer, offers: &[Offer], references: &[Reference]) -> Asked {
    let defined = &references[offer.defined];
    let other = other_name(offer, offers, references);
    let at = other.as_ref().map_or(offer.path.len() - 1, |(at, _)| *at);
    let Some((name, token)) = path.names.get(at) else { return Asked::NotOffered };
    match token {
        Token::Here(span) => Asked::Key {
            defined: offer.defined,
            key: FoundKey {
                span: span.clone(),
                attribute: name.clone(),
                slot: defined.slot,
                access: defined.access,
                other: other.map(|(_, name)| name).unwrap_or_default(),
                family: defined.family.clone(),
            },
        },
        Token::Elsewhere => Asked::Elsewhere,
        Token::Unplaced => Asked::HandedOn {
            account: defined.account,
            access: defined.access,
            computed: true,
            why: format!("`{name}` is not written out plainly"),
        },
    }
}

/// Which part of the path differs on the way to the other slot, and its name there. Absent where no offer, or
/// more than one, could be meant.
fn other_name(offer: &Offer, offers: &[Offer], references: &[Reference]) -> Option<(usize, String)> {
    let defined = &references[offer.defined];
    let candidates: Vec<(usize, String)> = offers
        .iter()
        .filter(|candidate| {
            let other = &references[candidate.defined];
            other.account == defined.account
                && other.access == defined.access
                && other.family == defined.family
                && other.slot != defined.slot
        })
        .filter_map(|candidate| one_difference(&offer.path, &candidate.path))
        .collect();
    let by_word = candidates.iter().find(|(at, name)| counterpart(&offer.path[*at]).as_ref() == Some(name));
    match (by_word, candidates.as_slice()) {
        (Some(found), _) | (None, [found]) => Some(found.clone()),
        (None, _) => None,
    }
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
