//! Names under which both keys of an account are on offer: outputs, local values, module inputs.
//!
//! A pair is never flipped where it is defined. Whoever reads one of its names takes a slot, and a flip there
//! puts the counterpart's name in its place.

use std::collections::BTreeMap;

use super::facts::{Base, Object, Step, StepKind, Token};
use super::key_read::FoundKey;
use super::reference::{Reference, Role};
use super::resolve::Folders;
use super::role::counterpart;
use super::source::Source;
use crate::model::Access;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Output,
    Local,
    Variable,
}

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
    Key {
        account: usize,
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
            if let Some((folder, kind, path)) = offered(&reference.binding, folder, folders) {
                offers.entry((folder, kind)).or_default().push(Offer { path, defined });
            }
        }
        Offers { offers }
    }

    pub(super) fn ask(
        &self,
        object: &Object,
        folder: &str,
        folders: &Folders<'_>,
        references: &[Reference],
    ) -> Asked {
        let (folder, kind, steps) = match &object.base {
            Base::Account(..) => return Asked::NotOffered,
            Base::Local => (folder, Kind::Local, object.steps.as_slice()),
            Base::Variable => (folder, Kind::Variable, object.steps.as_slice()),
            Base::Module(name) => match folders.module(folder, name) {
                Some(target) => (target, Kind::Output, behind_instance(&object.steps)),
                None => return Asked::NotOffered,
            },
        };
        let Some(offers) = self.offers.get(&(folder.to_owned(), kind)) else { return Asked::NotOffered };
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

/// Where a value bound like this can be read from.
fn offered(binding: &[String], folder: &str, folders: &Folders<'_>) -> Option<(String, Kind, Vec<String>)> {
    let parts: Vec<&str> = binding.iter().map(String::as_str).collect();
    let owned = |head: &str, tail: &[&str]| {
        std::iter::once(head).chain(tail.iter().copied()).map(str::to_owned).collect()
    };
    match parts.as_slice() {
        ["output", name, "value", rest @ ..] => Some((folder.to_owned(), Kind::Output, owned(name, rest))),
        ["locals", name, rest @ ..] => Some((folder.to_owned(), Kind::Local, owned(name, rest))),
        ["module", module, argument, rest @ ..] => {
            let target = folders.module(folder, module)?.to_owned();
            Some((target, Kind::Variable, owned(argument, rest)))
        }
        _ => None,
    }
}

/// Without the steps that pick an instance of a repeated module.
fn behind_instance(steps: &[Step]) -> &[Step] {
    let named = steps.iter().position(|step| matches!(step.kind, StepKind::Attribute(_)));
    named.map_or(&[], |at| &steps[at..])
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
            account: defined.account,
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
