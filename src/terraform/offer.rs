//! Names under which both keys of an account are on offer: outputs, local values, module inputs.
//!
//! A pair is never flipped where it is defined. Whoever reads one of its names takes a slot, and a flip there
//! puts the counterpart's name in its place.

mod ask;
mod even;
mod group;
mod key;
mod path;
mod several;

use std::collections::{BTreeMap, BTreeSet};

pub use self::ask::{Asked, Offered};
use self::key::{all_of, key, one_name_else, other_name, whose};
pub use self::path::COMPUTED;
use self::path::{Named, Path};
use super::facts::{OWN_INSTANCE, Step, StepKind, Token};
use super::folders::{Folders, Followed, Kind};
use super::instance::admits;
use super::reference::{Reference, Role};
use super::value::Value;

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
