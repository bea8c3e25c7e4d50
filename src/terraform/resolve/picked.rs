//! Reads that pick a key from names on offer by a value: `local.keys[var.slot]`.
//!
//! Where the value is known, each key on offer becomes a branch of a choice by it, to be decided like any other. All
//! else stays what takes a pair without naming one.

use std::collections::BTreeSet;
use std::ops::Range;

use super::{Look, Resolver};
use crate::terraform::account::Symbol;
use crate::terraform::attribute::CONNECTION_STRINGS;
use crate::terraform::chooser::known;
use crate::terraform::facts::{Base, Branch, Choice, Object, Step, StepKind, Token, When};
use crate::terraform::folders::Followed;
use crate::terraform::key_read::{FoundKey, KeyRead, key_read};
use crate::terraform::naming::At;
use crate::terraform::offer::{Asked, Offered, Offers};
use crate::terraform::parse::Parsed;

/// One of the keys between which a read picks.
struct Picked {
    hop: usize,
    offered: Offered,
}

/// The slots of a key, each with the branch that it is.
type Slots = Vec<(Branch, FoundKey)>;

impl<'f> Resolver<'f> {
    /// Reads that take one of a pair by a value that is known: each of the pair is a branch of a choice by it.
    pub(super) fn picked(&mut self, facts: &[Parsed]) {
        let offers = self.offers();
        self.each_named(|resolver, read| {
            let Some(branches) = resolver.branches(&offers, facts, read) else { return false };
            resolver.choose(read, branches);
            true
        });
    }

    /// Reads of an account's key whose name, or the number of whose connection string, a value works out that is known:
    /// `azurerm_cosmosdb_account.x["${var.slot}_key"]`. Each slot of that key is a branch of a choice by it.
    pub(super) fn attribute(&mut self, facts: &[Parsed], read: &Look<'f>) -> bool {
        let Some((account, symbol, keys)) = self.attributes(facts, read) else { return false };
        for (branch, key) in keys {
            self.found(read, account, symbol.clone(), key);
            self.references.last_mut().into_iter().for_each(|it| it.choices.push(branch.clone()));
        }
        self.picks_for(read);
        true
    }

    fn attributes(&self, facts: &[Parsed], read: &Look<'f>) -> Option<(usize, Symbol, Slots)> {
        let number = read.read.picks.filter(|_| matches!(read.found, KeyRead::Whole | KeyRead::Opaque(_)))?;
        let choice =
            facts[read.file].as_ref().ok()?.choosing.iter().find(|choice| choice.number == number)?;
        let symbol = read.symbol.clone()?;
        let account = self.standing.account(&symbol)?;
        let Object { base: Base::Account(..), steps } = &read.hops.last()?.object else { return None };
        let (_, before) = steps.split_last().filter(|(last, _)| last.kind.is_computed())?;
        let step = |value: &str| match before.last().and_then(Step::name) {
            Some(CONNECTION_STRINGS) => value.parse().ok().map(StepKind::Number),
            _ => Some(StepKind::Key(value.to_owned())),
        };
        let key = |value: &str| {
            let named = Step { kind: step(value)?, token: Token::Here(choice.span.clone()) };
            match key_read(&[before, &[named]].concat()) {
                KeyRead::Key(key) => Some(key),
                KeyRead::Nothing | KeyRead::Whole | KeyRead::Opaque(_) => None,
            }
        };
        let values = self.values(read.folder, read.file, choice)?;
        let keys: Vec<FoundKey> = values.iter().map(|value| key(value)).collect::<Option<_>>()?;
        let first = keys.first().filter(|first| keys.iter().all(|key| key.family == first.family))?;
        let own = values.first()?.clone();
        let slots = [own, first.other.clone()].into_iter().map(|value| {
            let key = key(&value)?;
            Some((Branch { choice: number, when: When::Is(value), asked: None }, key))
        });
        let mut slots: Slots = slots.collect::<Option<_>>()?;
        // In an order that no flip changes.
        slots.sort_by_key(|(_, key)| key.slot);
        Some((account, symbol, slots))
    }

    fn branches(&self, offers: &Offers, facts: &[Parsed], read: &Look<'f>) -> Option<Vec<(Branch, Picked)>> {
        let number = read.read.picks?;
        let choice =
            facts[read.file].as_ref().ok()?.choosing.iter().find(|choice| choice.number == number)?;
        let (at, hop, names) = read.hops.iter().enumerate().find_map(|(at, hop)| {
            let names = offers.names(hop, self.folders);
            (!names.is_empty()).then_some((at, hop, names))
        })?;
        let values = self.values(read.folder, read.file, choice)?;
        let mut branches = Vec::new();
        for name in values.is_subset(&names).then_some(names)? {
            let named = with_name(hop, &name, &choice.span)?;
            let Asked::Key(offered) = offers.ask(&named, self.folders, &self.references) else {
                return None;
            };
            branches.push((
                Branch { choice: number, when: When::Is(name), asked: None },
                Picked { hop: at, offered: self.of_all_runs(read, hop, *offered) },
            ));
        }
        Some(branches)
    }

    /// The values that a choice goes by: one, or one for each run of the code.
    fn values(&self, folder: &str, file: usize, choice: &Choice) -> Option<BTreeSet<String>> {
        let evaluator = self.folders.evaluator();
        let value = |at: &At| known(self.sources, &evaluator, at, file, choice).and_then(|it| it.seen());
        if let Some(elements) = evaluator.elements(&At::folder(folder), &choice.by) {
            let at = At::folder(folder);
            let of =
                |element: &String| known(self.sources, &evaluator, &at, file, &choice.of_element(element));
            return elements.iter().map(|element| of(element)?.seen()).collect();
        }
        let runs = self.standing.runs_of(folder);
        match value(&At::folder(folder)) {
            Some(value) => Some(BTreeSet::from([value])),
            None if runs.is_empty() => None,
            None => runs.into_iter().map(|run| value(&At::run(folder, Some(run)))).collect(),
        }
    }

    fn choose(&mut self, read: &Look<'f>, branches: Vec<(Branch, Picked)>) {
        for (branch, Picked { hop, offered }) in branches {
            self.through(read, hop, offered, false);
            self.references.last_mut().into_iter().for_each(|it| it.choices.push(branch.clone()));
        }
        self.picks_for(read);
    }

    /// What stands there is one of several by a value that is known.
    fn picks_for(&mut self, read: &Look<'f>) {
        let cell = self.folders.readable(read.folder, &read.read.binding);
        self.picked.extend(cell.filter(|(_, rest)| rest.is_empty()).map(|(cell, _)| cell));
    }

    /// Whether a name stands for what was picked where it was bound.
    pub(super) fn is_picked(&self, hop: &Followed) -> bool {
        let asked = self.folders.cell_of(&hop.folder, &hop.object);
        asked.is_some_and(|(cell, _)| self.picked.contains(&cell))
    }
}

/// The same path with a name in place of the computed step, whose word stands at a span.
fn with_name(hop: &Followed, name: &str, span: &Range<usize>) -> Option<Followed> {
    let mut named = hop.clone();
    let computed = |step: &&mut Step| step.kind.is_computed() && step.token == Token::Unplaced;
    let step = named.object.steps.iter_mut().find(computed)?;
    *step = Step { kind: StepKind::Key(name.to_owned()), token: Token::Here(span.clone()) };
    Some(named)
}
