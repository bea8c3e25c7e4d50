//! Choices by what the elements of a collection say: each element has its own, and the account that it names.
//!
//! Where an index says which account is meant (`azurerm_cosmosdb_account.x[each.key]`, `…[each.value.account]`), an element
//! reads that one alone. Where the text does not tell which it is, and the elements say different slots, nobody knows which
//! account is read from which.

use std::collections::{BTreeMap, BTreeSet};

use super::Resolver;
use super::look::start;
use crate::terraform::chooser::known;
use crate::terraform::facts::{Choice, Object, Step, StepKind};
use crate::terraform::folders::Followed;
use crate::terraform::naming::At;
use crate::terraform::parse::Parsed;
use crate::terraform::reference::Reference;

/// The elements of a collection, each with the value that it says.
type Said = BTreeMap<String, String>;

impl Resolver<'_> {
    /// A choice by what the elements of a collection say, once for each of them that reads it, where all of them say it.
    pub(super) fn for_each_element(&self, facts: &[Parsed], reference: Reference) -> Vec<Reference> {
        let number = reference.choices.last().map(|branch| branch.choice);
        let mut choosing = facts[reference.file].iter().flat_map(|facts| &facts.choosing);
        let choice = number.and_then(|number| choosing.find(|choice| choice.number == number));
        let said = choice.and_then(|choice| Some((choice, self.said(&reference, choice)?)));
        let Some((choice, said)) = said else { return vec![reference] };
        let alike = said.values().collect::<BTreeSet<_>>().len() == 1;
        let mut each = Vec::new();
        for element in said.into_keys() {
            match self.is_of_element(&reference, choice, &element) {
                Some(false) => {}
                Some(true) => each.push(Reference { element: Some(element), ..reference.clone() }),
                None if alike => each.push(Reference { element: Some(element), ..reference.clone() }),
                None => return vec![reference],
            }
        }
        each
    }

    fn said(&self, reference: &Reference, choice: &Choice) -> Option<Said> {
        let (evaluator, at) = (self.folders.evaluator(), At::folder(reference.home()));
        let elements = evaluator.elements(&at, &choice.by)?;
        let says = |element: String| {
            let known = known(self.sources, &evaluator, &at, reference.file, &choice.of_element(&element));
            let said = known?.seen()?;
            Some((element, said))
        };
        elements.into_iter().map(says).collect()
    }

    /// Whether an element reads the account of a reference; absent where the text does not tell.
    fn is_of_element(&self, reference: &Reference, choice: &Choice, element: &str) -> Option<bool> {
        // Who reads one account reads it for every element.
        let Some(by) = &reference.by else { return Some(true) };
        let path = self.worked_out(reference.home(), choice.path_of(by, element));
        if path == *by {
            return self.is_alone(reference, by).then_some(true);
        }
        let accounts = self.accounts_at(reference.home(), &path)?;
        match accounts.len() {
            0 => None,
            1 => Some(accounts.contains(&reference.account)),
            _ => self.is_alone(reference, by).then_some(true),
        }
    }

    /// A path whose indexes are what they come to, as far as the text tells.
    fn worked_out(&self, folder: &str, mut path: Object) -> Object {
        let (evaluator, at) = (self.folders.evaluator(), At::folder(folder));
        for step in path.steps.iter_mut().filter(|step| step.kind.is_computed()) {
            if let Some(instance) = evaluator.pick(&at, step) {
                step.kind = StepKind::Key(instance.text());
            }
        }
        path
    }

    /// Whether no other account can be meant by a path.
    fn is_alone(&self, reference: &Reference, path: &Object) -> bool {
        let accounts = self.accounts_at(reference.home(), path);
        accounts.is_some_and(|accounts| accounts.iter().all(|account| *account == reference.account))
    }

    /// The accounts that a path leads to; absent where it leads to something else as well.
    fn accounts_at(&self, folder: &str, path: &Object) -> Option<BTreeSet<usize>> {
        let ways = self.folders.follow_all(folder, path);
        let of = |hops: Vec<Followed>| {
            let end = hops.last()?;
            let (symbol, _) = start(self.folders, end);
            match symbol {
                Some(symbol) => Some(self.standing.accounts_of(self.standing.account(&symbol)?)),
                None => self.accounts_bound(end),
            }
        };
        let accounts: Option<Vec<Vec<usize>>> = ways.into_iter().map(of).collect();
        Some(accounts?.into_iter().flatten().collect())
    }

    /// Those whose keys stand where a name leads to.
    fn accounts_bound(&self, end: &Followed) -> Option<Vec<usize>> {
        let (cell, rest) = self.folders.cell_of(&end.folder, &end.object)?;
        let names: Vec<&str> = rest.iter().map(Step::name).collect::<Option<_>>()?;
        let is_there = |reference: &&Reference| {
            let bound = self.folders.readable(reference.home(), &reference.binding);
            bound.is_some_and(|(bound, path)| {
                let mut path = path.iter().map(String::as_str);
                bound == cell && names.iter().all(|name| path.next() == Some(name))
            })
        };
        let bound: BTreeSet<usize> = self.references.iter().filter(is_there).map(|it| it.account).collect();
        let accounts = bound.into_iter().flat_map(|account| self.standing.accounts_of(account));
        Some(accounts.collect()).filter(|accounts: &Vec<usize>| !accounts.is_empty())
    }
}
