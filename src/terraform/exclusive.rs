//! Conditions of which one holds where the other does not, with one slot under each: they are the branches of one choice,
//! though each is written by itself: `coalesce(c ? PRIMARY : null, !c ? SECONDARY : null)`, or two resources of which one
//! is there.
//!
//! Where both slots stand under one of the conditions, nothing chooses between them.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::{Asked, When};
use super::reference::{Reference, Role};
use crate::model::{Access, Slot};

/// What tells two that ask the same, for the same key: folder, file and start of what it means the same in, value, what is
/// asked, account and access.
type Question<'r> = (&'r str, Option<(usize, usize)>, Option<(usize, usize)>, &'r str, usize, Access);

/// Those of some references between which such conditions choose; `in_value` only within one value.
pub fn exclusive(references: &[Reference], of: impl Fn(usize) -> bool, in_value: bool) -> BTreeSet<usize> {
    let mut groups: BTreeMap<Question<'_>, Vec<(usize, &When)>> = BTreeMap::new();
    let free = references.iter().enumerate().filter(|(at, it)| it.role != Role::Tested && of(*at));
    for (at, reference) in free {
        for asked in reference.asked() {
            let value = in_value.then_some((reference.file, reference.value));
            groups.entry(question(reference, asked, value)).or_default().push((at, &asked.when));
        }
    }
    let chooses = |group: &Vec<(usize, &When)>| {
        let mut branches: Vec<(Slot, &When)> = Vec::new();
        for (at, when) in group {
            let branch = (references[*at].slot, *when);
            if !branches.contains(&branch) {
                branches.push(branch);
            }
        }
        let both = branches.iter().any(|(slot, _)| *slot != branches[0].0);
        let apart = |(slot, when): &(Slot, &When)| {
            branches.iter().all(|(other, then)| slot == other || when.excludes(then))
        };
        both && branches.iter().all(apart)
    };
    groups.into_values().filter(chooses).flatten().map(|(at, _)| at).collect()
}

fn question<'r>(reference: &'r Reference, asked: &'r Asked, value: Option<(usize, usize)>) -> Question<'r> {
    let within = asked.within.map(|start| (reference.file, start));
    (reference.home(), within, value, &asked.text, reference.account, reference.access)
}
