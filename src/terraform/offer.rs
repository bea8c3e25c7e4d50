//! Names under which both keys of an account are on offer: outputs, local values, module inputs.
//!
//! A pair is never flipped where it is defined. Whoever reads one of its names takes a slot, and a flip there
//! puts the counterpart's name in its place.

mod even;
mod group;
mod path;
mod several;

use std::collections::{BTreeMap, BTreeSet};

use self::even::{Shared, Uneven};
pub use self::path::COMPUTED;
use self::path::{Named, Path, by_element};
use self::several::OfAccount;
use super::facts::{OWN_INSTANCE, Step, StepKind, Token};
use super::folders::{Cell, Folders, Followed, Kind};
use super::instance::{Call, admits};
use super::key_read::FoundKey;
use super::naming::spelt;
use super::reference::{Reference, Role};
use super::role::counterpart;
use super::value::Value;
use crate::model::{Access, Slot};

/// One name on offer: its path within the folder (`["keys", "primary"]`) and the reference that defines it.
struct Offer {
    path: Vec<String>,
    defined: usize,
    /// Whether nothing but how it is read says that the other slot beside it is its counterpart.
    picked: bool,
}

/// All names on offer, by folder and kind.
pub struct Offers {
    offers: BTreeMap<(String, Kind), Vec<Offer>>,
}

/// An offer that a path leads to, and the parts of the path that its names are read by.
type Reached<'o, 'n> = (&'o Offer, Vec<Named<'n>>);

/// A key that a path leads to.
pub struct Offered {
    /// The reference that puts it on offer.
    pub defined: usize,
    pub key: FoundKey,
    /// The runs of the reader's code that read it; none where that is not told.
    pub runs: Vec<Call>,
    /// The call that does not hand in the other slot where the others do.
    pub uneven: Option<Call>,
    /// What else is taken along, and is another thing beside the other slot.
    pub along: Option<String>,
    /// Where the key stands within what is taken; nowhere where it is all of it.
    pub below: Vec<Vec<String>>,
}

/// What a path leads to.
pub enum Asked {
    Key(Box<Offered>),
    /// A key of one account or another, by who runs the code: one for each.
    Keys(Vec<Offered>),
    /// Keys that are counted where the read's words stand, in another place.
    Elsewhere(BTreeSet<(usize, Access)>),
    /// `computed`: something picks from it by a name that the text does not tell.
    HandedOn {
        /// All whose keys may be meant; without an access where it may be either.
        keys: BTreeSet<(usize, Option<Access>)>,
        computed: bool,
        why: String,
    },
    NotOffered,
}

impl Offers {
    /// `picked` are those that are on offer because something picks from them.
    pub(super) fn of(references: &[Reference], folders: &Folders<'_>, picked: &BTreeSet<usize>) -> Offers {
        let mut offers: BTreeMap<_, Vec<Offer>> = BTreeMap::new();
        for (defined, reference) in references.iter().enumerate() {
            if reference.role != Role::Definition {
                continue;
            }
            if let Some((cell, rest)) = folders.readable(reference.home(), &reference.binding) {
                let picked = picked.contains(&defined);
                let own = paths(&cell.name, rest, reference);
                let own = own.map(|path| Offer { path, defined, picked });
                offers.entry((cell.folder, cell.kind)).or_default().extend(own);
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
            let own = paths(&cell.name, rest, reference);
            let own = own.map(|path| Offer { path, defined, picked: false });
            offers.entry((cell.folder, cell.kind)).or_default().extend(own);
        }
        for offers in offers.values_mut() {
            let key = |offer: &Offer| {
                let reference = &references[offer.defined];
                (reference.account, reference.slot, reference.access)
            };
            let differs = |one: &Offer, other: &Offer| {
                one.path == other.path && key(one) != key(other) && !are_apart(one, other, references)
            };
            let told: Vec<bool> =
                offers.iter().map(|one| !offers.iter().any(|other| differs(one, other))).collect();
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
        let plain = path.computed && !path.has_any();
        let offers = self.offers.get(&(cell.folder, cell.kind)).into_iter().flatten();
        let offers = offers.filter(|offer| plain && path.leads_towards(&offer.path));
        let names: BTreeSet<String> = offers.map(|offer| offer.path[path.names()].clone()).collect();
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
        let path = Path::of(cell.name.clone(), first.map_or(&Token::Unplaced, |step| &step.token), rest);
        let kind = cell.kind;
        let offers = &self.read_by(followed, &cell, folders, references)[..];
        let reached = path.reached(offers);
        let in_turn = rest.iter().all(|step| !step.kind.is_computed() || is_own_instance(step));
        let shared = Shared { cell: &cell, offers, folders, references, in_turn };
        let whole = path.whole().filter(|_| reached.is_empty());
        let behind = whole.as_ref().map(|whole| whole.reached(offers)).unwrap_or_default();
        if let Some(asked) = keys(&shared, &reached).or_else(|| keys(&shared, &behind)) {
            return asked;
        }
        // Blocks that are repeated over a pair deliver both, each in a block of its own.
        let delivers =
            !reached.is_empty() && reached.iter().all(|(offer, _)| !offer.picked || by_word(offer, &reached));
        if delivers && matches!(kind, Kind::Local | Kind::Each | Kind::Variable) && by_element(rest) {
            return Asked::NotOffered;
        }
        // What is taken as a whole may hold the keys of one slot alone.
        let within = if reached.is_empty() && !path.computed { path.within(offers) } else { Vec::new() };
        let names = Some(path.names()).filter(|_| !path.has_any());
        if let Some(asked) = shared.group(&within, names) {
            return asked;
        }
        let towards = |offer: &&Offer| path.leads_towards(&offer.path) || path.wraps(&offer.path);
        let meant: Vec<&Offer> = match reached.as_slice() {
            [] => offers.iter().copied().filter(towards).collect(),
            reached => reached.iter().map(|(offer, _)| *offer).collect(),
        };
        if meant.is_empty() && shared.is_made_anew(rest) {
            let own: Vec<&Offer> = offers.iter().copied().filter(|it| it.path[0] == cell.name).collect();
            let why =
                format!("takes a part of `{}`, of which the text does not tell which key it is", cell.name);
            return if own.is_empty() { Asked::NotOffered } else { handed_on(&own, true, why, references) };
        }
        let Some(first) = meant.first() else { return Asked::NotOffered };
        let name = first.path.join(".");
        let several = are_of_several(&reached, references) || are_of_several(&behind, references);
        let why = match (several, shared.turned_call(&reached)) {
            (true, _) => {
                format!("takes `{name}`, which holds different keys for different callers or elements")
            }
            (false, Some(call)) => format!("takes `{name}`, into which `{call}` hands the other slot"),
            (false, None) => format!("takes `{name}`, where both slots are on offer, without naming one"),
        };
        handed_on(&meant, path.computed, why, references)
    }

    /// The accounts and accesses of which a path takes both keys, each under a name that says its slot, and nothing else;
    /// absent where it takes them otherwise. `overridden` are names that something else stands in the place of.
    pub(super) fn together(
        &self,
        followed: &Followed,
        overridden: &[String],
        folders: &Folders<'_>,
        references: &[Reference],
    ) -> Option<BTreeSet<(usize, Access)>> {
        let (cell, rest) = folders.cell_of(&followed.folder, &followed.object)?;
        let mut taken = self.read_by(followed, &cell, folders, references);
        let path = Path::of(cell.name, &Token::Unplaced, rest);
        taken.retain(|offer| !path.computed && path.leads_towards(&offer.path));
        let key = |offer: &Offer| {
            let reference = &references[offer.defined];
            (reference.account, reference.access, reference.family.as_str())
        };
        let has_other = |offer: &&Offer| {
            taken.iter().any(|other| {
                let difference = one_difference(&offer.path, &other.path);
                key(offer) == key(other)
                    && references[offer.defined].slot != references[other.defined].slot
                    && difference.is_some_and(|(at, name)| counterpart(&offer.path[at]) == Some(name))
            })
        };
        let of = |offer: &&Offer| (key(offer).0, key(offer).1);
        let overrides = |offer: &&Offer| offer.path.iter().any(|name| overridden.contains(name));
        (!path.has_any() && !taken.iter().any(overrides) && !taken.is_empty() && taken.iter().all(has_other))
            .then(|| taken.iter().map(of).collect())
    }

    /// What is on offer under a name's kind in its folder: of outputs, what the call hands out that they are read through.
    fn read_by(
        &self,
        followed: &Followed,
        cell: &Cell,
        folders: &Folders<'_>,
        references: &[Reference],
    ) -> Vec<&Offer> {
        let call = Some(followed).filter(|_| cell.kind == Kind::Output).and_then(|it| folders.made_call(it));
        let is_read = |offer: &&Offer| {
            let runs = &references[offer.defined].runs;
            runs.is_empty() || runs.iter().any(|run| admits(call.as_ref(), Some(run)))
        };
        let offers = self.offers.get(&(cell.folder.clone(), cell.kind));
        offers.into_iter().flatten().filter(is_read).collect()
    }

    /// A module that is named without one of its outputs.
    fn whole(&self, folder: &str, followed: &Followed, references: &[Reference]) -> Asked {
        let offered = self.offers.get(&(folder.to_owned(), Kind::Output));
        let offered: Vec<&Offer> = offered.into_iter().flatten().collect();
        if offered.is_empty() {
            return Asked::NotOffered;
        }
        let computed = followed.object.steps.iter().any(|step| step.kind.is_computed());
        let why = format!(
            "takes `{}` without naming an output, and both slots are among them",
            spelt(&followed.object)
        );
        handed_on(&offered, computed, why, references)
    }
}

/// The names under which a reference puts its key on offer: several where it stands in several places of what is taken.
fn paths<'r>(
    name: &'r str,
    rest: &'r [String],
    reference: &'r Reference,
) -> impl Iterator<Item = Vec<String>> + use<'r> {
    reference.parts().map(move |below| [&[name.to_owned()], rest, below].concat())
}

/// Whether it picks the element of the instance that the block is repeated for.
pub fn is_own_instance(step: &Step) -> bool {
    let own = |value: &Value| matches!(value, Value::Other(text) if OWN_INSTANCE.contains(&text.as_str()));
    matches!(&step.kind, StepKind::Computed(Some(index)) if own(index))
}

/// Whether two offers are those of different runs of the code.
fn are_apart(one: &Offer, other: &Offer, references: &[Reference]) -> bool {
    let runs = |offer: &Offer| references[offer.defined].runs.as_slice();
    let (ours, theirs) = (runs(one), runs(other));
    let told = !ours.is_empty() && !theirs.is_empty();
    told && ours.iter().all(|run| !theirs.iter().any(|other| admits(Some(run), Some(other))))
}

fn handed_on(offers: &[&Offer], computed: bool, why: String, references: &[Reference]) -> Asked {
    let key = |offer: &&Offer| {
        let defined = &references[offer.defined];
        (defined.account, Some(defined.access))
    };
    Asked::HandedOn { keys: offers.iter().map(key).collect(), computed, why }
}

/// Whether some offers are of several accounts or accesses.
fn are_of_several(offers: &[Reached<'_, '_>], references: &[Reference]) -> bool {
    let key = |offer: &Offer| (references[offer.defined].account, references[offer.defined].access);
    let mut keys = offers.iter().map(|(offer, _)| key(offer));
    keys.next().is_some_and(|first| keys.any(|other| other != first))
}

/// Whether the name of one of some offers differs from that of this one by the slot's word alone.
fn by_word(offer: &Offer, others: &[Reached<'_, '_>]) -> bool {
    let is_other = |(other, _): &Reached<'_, '_>| {
        let difference = one_difference(&offer.path, &other.path);
        difference.is_some_and(|(at, name)| counterpart(&offer.path[at]).as_ref() == Some(&name))
    };
    others.iter().any(is_other)
}

/// The keys that a path reads, where that is told, for each account one. All of them have one other name, or none has.
fn keys(shared: &Shared<'_>, reached: &[Reached<'_, '_>]) -> Option<Asked> {
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
fn whose(keys: &[Reached<'_, '_>], references: &[Reference]) -> BTreeSet<(usize, Access)> {
    keys.iter().map(|(offer, _)| &references[offer.defined]).map(|it| (it.account, it.access)).collect()
}

fn all_of(told: Vec<Offered>) -> Asked {
    <[Offered; 1]>::try_from(told).map_or_else(Asked::Keys, |[only]| Asked::Key(Box::new(only)))
}

/// `even`: whether the other name leads to the other slot for all who share the place.
fn key(
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
fn other_name(offer: &Offer, offers: &[&Offer], references: &[Reference]) -> Option<(usize, String)> {
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
fn one_name_else(path: &[String], at: usize, name: &str) -> Vec<String> {
    let mut path = path.to_vec();
    if let Some(part) = path.get_mut(at) {
        name.clone_into(part);
    }
    path
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
