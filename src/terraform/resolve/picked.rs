//! Reads that pick a key from names on offer by a value: `local.keys[var.slot]`.
//!
//! Where the value is known, each key on offer becomes a branch of a choice by it, to be decided like any other. All
//! else stays what takes a pair without naming one.

use std::collections::BTreeSet;
use std::ops::Range;

use super::{Look, Resolver};
use crate::terraform::chooser::known;
use crate::terraform::facts::{Branch, Choice, Step, StepKind, Token, When};
use crate::terraform::folders::Followed;
use crate::terraform::naming::At;
use crate::terraform::offer::{Asked, Offered, Offers};
use crate::terraform::parse::Parsed;

/// One of the keys between which a read picks.
struct Picked {
    hop: usize,
    offered: Offered,
}

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

    fn branches(&self, offers: &Offers, facts: &[Parsed], read: &Look<'f>) -> Option<Vec<(Branch, Picked)>> {
        let number = read.read.picks?;
        let choice =
            facts[read.file].as_ref().ok()?.choosing.iter().find(|choice| choice.number == number)?;
        let (at, hop, names) = read.hops.iter().enumerate().find_map(|(at, hop)| {
            let names = offers.names(hop, self.folders);
            (!names.is_empty()).then_some((at, hop, names))
        })?;
        let values = self.values(read.folder, choice)?;
        let mut branches = Vec::new();
        for name in values.is_subset(&names).then_some(names)? {
            let named = with_name(hop, &name, &choice.span)?;
            let Asked::Key(offered) = offers.ask(&named, self.folders, &self.references) else {
                return None;
            };
            branches.push((
                Branch { choice: number, when: When::Is(name), asked: None },
                Picked { hop: at, offered: self.of_all_runs(read, hop, offered) },
            ));
        }
        Some(branches)
    }

    /// The values that a choice goes by: one, or one for each run of the code.
    fn values(&self, folder: &str, choice: &Choice) -> Option<BTreeSet<String>> {
        let evaluator = self.folders.evaluator();
        let value =
            |at: &At| known(self.sources, &evaluator, at, choice).and_then(|it| it.seen().map(str::to_owned));
        let runs = self.standing.runs_of(folder);
        match value(&At::folder(folder)) {
            Some(value) => Some(BTreeSet::from([value])),
            None if runs.is_empty() => None,
            None => runs.into_iter().map(|run| value(&At::run(folder, Some(run)))).collect(),
        }
    }

    fn choose(&mut self, read: &Look<'f>, branches: Vec<(Branch, Picked)>) {
        for (branch, Picked { hop, offered }) in branches {
            self.through(read, hop, offered);
            self.references.last_mut().into_iter().for_each(|it| it.choices.push(branch.clone()));
        }
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
