//! Collections that hold both keys of an account and from which something picks: a local value, or what a module is
//! given.
//!
//! Whoever picks takes a slot; the keys in the collection are on offer, and a flip there would leave one slot twice and
//! the other nowhere. What only goes on as a whole, or element by element, delivers every key by itself: each of them
//! is a consumer.

use std::collections::{BTreeMap, BTreeSet};

use super::uses::{Use, Uses, Way};
use crate::model::Access;
use crate::terraform::folders::{Cell, Folders, Kind};
use crate::terraform::offer::COMPUTED;
use crate::terraform::reference::{Reference, Role};
use crate::terraform::role::both_slots;

/// One collection: its name, and the words of the call that hands it in, where one does.
type Collection<'r> = (Cell, &'r [String]);

/// The keys of one collection that could stand in for each other: collection, account, access, family, and whether a key
/// is all that stands there.
type Group<'r> = (Collection<'r>, usize, Access, &'r str, bool);

impl Uses {
    /// The references that stand in a collection with their counterparts, where something picks from it.
    pub(super) fn in_collections(&self, references: &[Reference], folders: &Folders<'_>) -> BTreeSet<usize> {
        let mut groups: BTreeMap<Group<'_>, Vec<(usize, &[String])>> = BTreeMap::new();
        let free = |it: &Reference| it.choices.is_empty() && it.role != Role::Tested;
        for (at, reference) in references.iter().enumerate().filter(|(_, it)| free(it)) {
            let Some((cell, path)) = folders.readable(reference.home(), &reference.binding) else { continue };
            let words = &reference.binding[..reference.binding.len() - path.len()];
            if !path.is_empty() && matches!(cell.kind, Kind::Local | Kind::Variable) {
                let Reference { account, access, family, plain, .. } = reference;
                let group = ((cell, words), *account, *access, family.as_str(), *plain);
                groups.entry(group).or_default().push((at, path));
            }
        }
        let mut picked = BTreeSet::new();
        for (((cell, _), ..), group) in groups {
            let all: Vec<usize> = group.iter().map(|(at, _)| *at).collect();
            if both_slots(references, &all) && self.is_picked_from(&cell, references, &group) {
                picked.extend(all);
            }
        }
        picked
    }

    fn is_picked_from(&self, cell: &Cell, references: &[Reference], group: &[(usize, &[String])]) -> bool {
        let mut uses = self.reads.get(cell).into_iter().flatten();
        self.picked.contains(cell) || uses.any(|one| picks(one, references, group))
    }
}

/// Whether a read takes some of these keys and leaves others, or may.
fn picks(one: &Use, references: &[Reference], group: &[(usize, &[String])]) -> bool {
    let reached: Vec<usize> =
        group.iter().filter(|(_, path)| reaches(&one.ways, path)).map(|(at, _)| *at).collect();
    match both_slots(references, &reached) {
        true => {
            // Names tell nothing of keys that stand at one place.
            let unnamed = |(at, path): &(usize, &[String])| {
                let alike = |(other, there): &(usize, &[String])| {
                    there == path && references[*other].slot != references[*at].slot
                };
                is_unnamed(&one.ways, path) && group.iter().any(alike)
            };
            one.sifted || one.ways.contains(&Way::Picked) || group.iter().any(unnamed)
        }
        // `element` begins anew at a list's end.
        false => !reached.is_empty() || one.ways.iter().any(is_number),
    }
}

/// Whether a name picks what has one that the text does not tell.
fn is_unnamed(ways: &[Way], path: &[String]) -> bool {
    ways.iter().zip(path).any(|(way, name)| matches!(way, Way::Name(_)) && name == COMPUTED)
}

fn is_number(way: &Way) -> bool {
    matches!(way, Way::Name(name) if name.parse::<u64>().is_ok())
}

/// Whether some steps may lead to what stands at a path, to a part of it, or to what it is a part of.
fn reaches(ways: &[Way], path: &[String]) -> bool {
    match (ways.split_first(), path.split_first()) {
        (None, _) | (_, None) => true,
        (Some((Way::Name(name), rest)), Some((wanted, below))) => {
            (name == wanted || wanted == COMPUTED) && reaches(rest, below)
        }
        (Some((Way::Picked, rest)), Some((_, below))) => reaches(rest, below),
        (Some((Way::Each, rest)), Some((_, below))) => reaches(rest, below) || reaches(rest, path),
    }
}
