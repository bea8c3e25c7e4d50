//! Both keys of an account in one list, or in one text: whoever wrote that wanted both.
//!
//! Nothing there says which of them takes a slot, and a flip would leave one key twice and the other nowhere, with no
//! way back. So it is refused where a person does not vouch for the place. Entries of a map and blocks beside each other
//! go by names of their own, and move one by one.

use std::collections::{BTreeMap, BTreeSet};

use super::allowed::AllowedOpaque;
use super::reference::{Reference, Role};
use super::refusal::Refusal;
use super::tree::Tree;
use crate::model::{Access, Slot};

/// Where values stand together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place<'r> {
    /// The words that lead to a list.
    List(&'r [String]),
    /// Where a text starts, and a line of it: what stands in others goes by names of its own.
    Text(usize, usize),
}

/// File, place, account, access and family.
type Group<'r> = (usize, Place<'r>, usize, Access, &'r str);

/// The references that stand together with their counterparts.
pub fn together(references: &[Reference]) -> BTreeSet<usize> {
    let mut groups: BTreeMap<Group<'_>, Vec<usize>> = BTreeMap::new();
    let consumers = references.iter().enumerate().filter(|(_, it)| it.role == Role::Consumer);
    for (at, reference) in consumers.filter(|(_, it)| it.choices.is_empty()) {
        let Reference { file, account, access, family, .. } = reference;
        for place in places(reference) {
            groups.entry((*file, place, *account, *access, family)).or_default().push(at);
        }
    }
    let both = |group: &Vec<usize>| {
        Slot::ALL.iter().all(|slot| group.iter().any(|at| references[*at].slot == *slot))
    };
    groups.into_values().filter(both).flatten().collect()
}

fn places(reference: &Reference) -> impl Iterator<Item = Place<'_>> {
    let list = reference.binding.split_last().filter(|(last, _)| last.parse::<u64>().is_ok());
    let text = (!reference.plain).then_some(Place::Text(reference.value, reference.position.line));
    list.map(|(_, list)| Place::List(list)).into_iter().chain(text)
}

/// The places that would hold one slot twice.
pub fn refusals(tree: &Tree, changed: &[usize], allowed: &AllowedOpaque) -> Vec<Refusal> {
    let together = together(&tree.references);
    let changed = changed.iter().filter(|at| together.contains(at)).map(|at| &tree.references[*at]);
    let refusal = |reference: &Reference| Refusal::BothTogether {
        place: tree.place(reference.file, reference.span.start),
        attribute: reference.attribute.clone(),
    };
    let place = |reference: &&Reference| tree.place(reference.file, reference.span.start);
    changed.filter(|reference| !allowed.allows(&place(reference))).map(refusal).collect()
}
