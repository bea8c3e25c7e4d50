//! What is read of a name on offer: one key, several, or all of them.

use std::collections::BTreeSet;

use super::super::facts::Token;
use super::super::folders::{Cell, Folders, Followed, Kind};
use super::super::instance::{Call, admits};
use super::super::key_read::FoundKey;
use super::super::naming::spelt;
use super::super::reference::Reference;
use super::super::role::counterpart;
use super::even::Shared;
use super::key::{are_of_several, by_word, keys, one_difference};
use super::path::{Path, by_element};
use super::{Offer, Offers, handed_on, is_own_instance};
use crate::model::Access;

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
    pub(in crate::terraform) fn ask(
        &self,
        followed: &Followed,
        folders: &Folders<'_>,
        references: &[Reference],
    ) -> Asked {
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
    pub(in crate::terraform) fn together(
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
