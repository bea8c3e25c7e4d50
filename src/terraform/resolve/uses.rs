//! How names are read: by further names that lead to one value, or as part of something larger.
//!
//! Local values that hold both keys of an account are a pair, whatever they are called, where all that is read of
//! them is read by name: the readers take a slot, and a flip changes the name that they read.

use std::collections::{BTreeMap, BTreeSet};

use super::Look;
use crate::model::{Access, Slot};
use crate::terraform::facts::{Step, StepKind};
use crate::terraform::folders::{Cell, Folders, Kind, is_any};
use crate::terraform::reference::Reference;

/// The steps of every read of a name.
#[derive(Default)]
pub(super) struct Uses {
    reads: BTreeMap<Cell, Vec<Use>>,
    /// Folders whose outputs are taken all together.
    whole: BTreeSet<String>,
}

struct Use {
    /// The names behind that of the cell, as far as there are names.
    names: Vec<String>,
    /// Whether steps follow that are no names.
    more: bool,
    /// Whether it takes elements, whichever: each of them has a look of its own.
    element: bool,
}

/// What the reads of one value come to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Read {
    Not,
    ByName,
    /// As part of something that is read whole, or by a name that is worked out.
    Within,
}

impl Uses {
    pub(super) fn of(looks: &[Look<'_>], folders: &Folders<'_>) -> Uses {
        let mut uses = Uses::default();
        // A name that only stands for another is no use; what is read by it has a look of its own.
        for look in looks.iter().filter(|look| !look.read.mention) {
            for hop in &look.hops {
                uses.whole.extend(folders.whole(&hop.folder, &hop.object).map(str::to_owned));
                let Some((cell, rest)) = folders.cell_of(&hop.folder, &hop.object) else { continue };
                let names: Vec<String> = rest.iter().map_while(named).collect();
                let more = names.len() < rest.len();
                let element = rest.first().is_some_and(is_any);
                uses.reads.entry(cell).or_default().push(Use { names, more, element });
            }
        }
        uses
    }

    /// Whether whatever is read of what goes by a name is read by the names of its entries, so that nobody takes this one
    /// unseen; and something is.
    pub(super) fn are_by_name(&self, cell: &Cell, path: &[String]) -> bool {
        let whole = cell.kind == Kind::Output && self.whole.contains(&cell.folder);
        let Some(uses) = self.reads.get(cell).filter(|_| !whole) else { return false };
        let element = |one: &&Use| path.len() == 1 && one.element;
        read(uses.iter().filter(|one| !element(one)), path) != Read::Within
    }

    fn read(&self, cell: &Cell, path: &[String]) -> Read {
        read(self.reads.get(cell).into_iter().flatten(), path)
    }
}

fn read<'u>(uses: impl Iterator<Item = &'u Use>, path: &[String]) -> Read {
    let mut read = Read::Not;
    for one in uses {
        let (shorter, longer) = (path.starts_with(&one.names), one.names.starts_with(path));
        match (longer, shorter) {
            (true, _) => read = Read::ByName,
            (false, true) => return Read::Within,
            // Elsewhere in the same map; with more steps it may come back to this.
            (false, false) if one.more && path.iter().zip(&one.names).all(|(a, b)| a == b) => {
                return Read::Within;
            }
            (false, false) => {}
        }
    }
    read
}

impl Uses {
    /// The references that are a pair because they are read by their names alone.
    pub(super) fn pairs(&self, references: &[Reference]) -> BTreeSet<usize> {
        let mut groups: BTreeMap<Group<'_>, Vec<Member<'_>>> = BTreeMap::new();
        for (at, reference) in
            references.iter().enumerate().filter(|(_, it)| it.plain && it.choices.is_empty())
        {
            let ["locals", name] = first_two(&reference.binding) else { continue };
            let folder = reference.home();
            let cell = Cell::new(folder, Kind::Local, name);
            let read = self.read(&cell, &reference.binding[2..]);
            let group = (folder, reference.account, reference.access, reference.family.as_str());
            groups.entry(group).or_default().push((at, name, read));
        }
        let mut pairs = BTreeSet::new();
        for group in groups.into_values() {
            let by_name: Vec<usize> = of(&group, |(_, _, read)| *read == Read::ByName);
            pairs.extend(both(references, by_name));
            // One of a list or a map that is read by its place: the other stands beside it.
            let names: BTreeSet<&str> = group.iter().map(|(_, name, _)| *name).collect();
            for name in names {
                let here: Vec<_> = group.iter().filter(|(_, other, _)| *other == name).copied().collect();
                let read = here.iter().any(|(_, _, read)| *read == Read::ByName);
                let within = here.iter().any(|(_, _, read)| *read == Read::Within);
                if read && !within {
                    pairs.extend(both(references, of(&here, |_| true)));
                }
            }
        }
        pairs
    }
}

/// Folder, account, access and family.
type Group<'r> = (&'r str, usize, Access, &'r str);
type Member<'r> = (usize, &'r str, Read);

fn of(group: &[Member<'_>], wanted: impl Fn(&Member<'_>) -> bool) -> Vec<usize> {
    group.iter().filter(|member| wanted(member)).map(|(at, _, _)| *at).collect()
}

/// All of them, if both slots are among them.
fn both(references: &[Reference], group: Vec<usize>) -> Vec<usize> {
    let all = Slot::ALL.iter().all(|slot| group.iter().any(|at| references[*at].slot == *slot));
    if all { group } else { Vec::new() }
}

fn first_two(binding: &[String]) -> [&str; 2] {
    [0, 1].map(|at| binding.get(at).map_or("", String::as_str))
}

/// A name, or the number of an element of a list.
fn named(step: &Step) -> Option<String> {
    match step.kind {
        StepKind::Number(number) => Some(number.to_string()),
        _ => step.name().map(str::to_owned),
    }
}
