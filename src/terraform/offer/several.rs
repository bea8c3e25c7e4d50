//! What a name stands for that the callers of a module fill with keys of different accounts: one key for each of them,
//! in the runs of the code for which it is handed in; and what each element of a collection holds for an account of its
//! own, where all of them are read by one expression.
//!
//! Where it is not told whose key a run reads, none is told.

use super::Reached;
use super::even::{Shared, given_by};
use crate::terraform::folders::Kind;
use crate::terraform::instance::{Call, admits};
use crate::terraform::reference::Reference;

/// The key of one account under a name.
pub struct OfAccount<'r, 'o, 'n> {
    pub(super) first: &'r Reached<'o, 'n>,
    /// None where that is not told.
    pub(super) runs: Vec<Call>,
}

impl Shared<'_> {
    /// The keys that a path reads, one for each account; absent where that is not told.
    pub(super) fn by_account<'r, 'o, 'n>(
        &self,
        reached: &'r [Reached<'o, 'n>],
    ) -> Option<Vec<OfAccount<'r, 'o, 'n>>> {
        let keys = self.of_one_slot_each(reached)?;
        if keys.len() == 1 {
            return Some(keys);
        }
        let access = self.of(keys.first()?.first).access;
        let alike = reached.iter().all(|one| self.of(one).access == access);
        let same =
            |one: &Reached<'_, '_>, other: &Reached<'_, '_>| self.of(one).account == self.of(other).account;
        let apart = |one: &Reached<'_, '_>, other: &Reached<'_, '_>| {
            same(one, other) || self.are_elements(one, other) || self.are_of_other_runs(one, other)
        };
        let mut pairs = reached
            .iter()
            .enumerate()
            .flat_map(|(at, one)| reached[at + 1..].iter().map(move |it| (one, it)));
        (alike && pairs.all(|(one, other)| apart(one, other))).then_some(keys)
    }

    /// The first key of each account and access; absent where there is none, or one stands on both slots.
    pub(super) fn of_one_slot_each<'r, 'o, 'n>(
        &self,
        within: &'r [Reached<'o, 'n>],
    ) -> Option<Vec<OfAccount<'r, 'o, 'n>>> {
        let mut keys: Vec<OfAccount<'r, 'o, 'n>> = Vec::new();
        for one in within {
            let own = self.of(one);
            let runs = self.runs(own);
            let same = |it: &&mut OfAccount<'r, 'o, 'n>| {
                let first = self.of(it.first);
                (first.account, first.access) == (own.account, own.access)
            };
            match keys.iter_mut().find(same) {
                Some(it) if self.of(it.first).slot != own.slot => return None,
                // Where one of them is not told, none is.
                Some(it) if it.runs.is_empty() || runs.is_empty() => it.runs.clear(),
                Some(it) => {
                    it.runs.extend(runs);
                    it.runs.sort();
                    it.runs.dedup();
                }
                None => keys.push(OfAccount { first: one, runs }),
            }
        }
        (!keys.is_empty()).then_some(keys)
    }

    /// Whether no run of the code reads both.
    fn are_of_other_runs(&self, one: &Reached<'_, '_>, other: &Reached<'_, '_>) -> bool {
        let (ours, theirs) = (self.runs(self.of(one)), self.runs(self.of(other)));
        let told = !ours.is_empty() && !theirs.is_empty();
        told && !ours.iter().any(|run| theirs.iter().any(|other| admits(Some(run), Some(other))))
    }

    /// Whether each of them is read in its turn: they are elements of one collection of which every one is taken, or one
    /// expression puts both there.
    fn are_elements(&self, one: &Reached<'_, '_>, other: &Reached<'_, '_>) -> bool {
        let place = |reference: &Reference| (reference.file, reference.span.start);
        let (ours, theirs) = (&one.0.path, &other.0.path);
        let mut names = ours.iter().zip(theirs).enumerate();
        let taken = |at: usize| [one, other].iter().all(|it| it.1.get(at).is_some_and(Option::is_none));
        let element = ours.len() == theirs.len() && names.any(|(at, (a, b))| a != b && taken(at));
        self.in_turn && (element || place(self.of(one)) == place(self.of(other)))
    }

    /// Where calls hand different slots of one account in, one that does other than the first.
    pub(super) fn turned_call(&self, reached: &[Reached<'_, '_>]) -> Option<Call> {
        let first = self.of(reached.first()?);
        let turned = reached.iter().map(|one| self.of(one)).find(|other| other.slot != first.slot)?;
        let calls = [first, turned].map(given_by);
        let [Some(one), Some(other)] = calls else { return None };
        Some(other).filter(|other| *other != one)
    }

    fn of(&self, one: &Reached<'_, '_>) -> &Reference {
        &self.references[one.0.defined]
    }

    /// The runs of the reader's code for which a reference puts a key on offer; none where that is not told.
    pub(super) fn runs(&self, reference: &Reference) -> Vec<Call> {
        match self.cell.kind {
            Kind::Variable => {
                let Some(call) = given_by(reference) else { return Vec::new() };
                let outer = reference.runs.iter().cloned().map(Some).collect::<Vec<_>>();
                let outer = match outer.is_empty() {
                    true => vec![reference.run().cloned()],
                    false => outer,
                };
                outer.into_iter().map(|outer| call.clone().within(outer)).collect()
            }
            Kind::Local | Kind::Each => reference.runs.clone(),
            Kind::Output => {
                let outer: Option<Vec<Call>> =
                    reference.runs.iter().map(|run| run.caller().cloned()).collect();
                outer.unwrap_or_default()
            }
        }
    }

    /// Of keys that do not stand on one slot, a call that hands in the other one: that of the key whose name does not say
    /// its slot, where one does and one does not.
    pub(super) fn turned(&self, keys: &[OfAccount<'_, '_, '_>]) -> Option<Option<Call>> {
        let slot = |key: &OfAccount<'_, '_, '_>| self.of(key.first).slot;
        let first = keys.first()?;
        let says = |key: &OfAccount<'_, '_, '_>| {
            let mut names = key.first.0.path.iter().map(|name| name.to_ascii_lowercase());
            names.any(|name| name.contains(slot(key).as_str()))
        };
        let other = keys.iter().find(|key| slot(key) != slot(first))?;
        let turned = if says(other) && !says(first) { first } else { other };
        Some(turned.runs.first().cloned())
    }
}
