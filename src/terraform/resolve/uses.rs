//! How names are read: by further names that lead to one value, as part of something larger, or by a choice.
//!
//! Local values that hold both keys of an account are a pair, whatever they are called, where all that is read of
//! them is read by name: the readers take a slot, and a flip changes the name that they read. Which keys of one
//! collection are a pair, [`super::collections`] says.

use std::collections::{BTreeMap, BTreeSet};

use super::Look;
use crate::model::Access;
use crate::terraform::facts::{Step, StepKind};
use crate::terraform::folders::{Cell, Folders, Kind, is_any};
use crate::terraform::reference::{Reference, Role};
use crate::terraform::role::both_slots;
use crate::terraform::value::Value;

/// The steps of every read of a name.
#[derive(Default)]
pub(super) struct Uses {
    pub(super) reads: BTreeMap<Cell, Vec<Use>>,
    /// Folders whose outputs are taken all together.
    whole: BTreeSet<String>,
    /// Names that are read as part of what is picked from, or of what leaves the tree.
    pub(super) picked: BTreeSet<Cell>,
}

pub(super) struct Use {
    /// The names behind that of the cell, as far as there are names.
    names: Vec<String>,
    /// Whether steps follow that are no names.
    more: bool,
    /// Whether it takes elements, whichever: each of them has a look of its own.
    element: bool,
    /// Whether the name only stands for another here, or is only looked at.
    mention: bool,
    /// Whether what is read goes by another name from there, and nobody takes that name with all of its folder's.
    renamed: bool,
    pub(super) ways: Vec<Way>,
    /// Whether what is read is picked from, or passed over in part, by what stands around it.
    pub(super) sifted: bool,
}

impl Use {
    /// `is_repeated`: whether the block that it stands in is repeated over the same collection.
    fn of(look: &Look<'_>, rest: &[Step], is_repeated: impl Fn() -> bool) -> Use {
        let names: Vec<String> = rest.iter().map_while(named).collect();
        let more = names.len() < rest.len();
        let element = rest.first().is_some_and(is_any);
        let own = rest.iter().any(is_own_key) && is_repeated();
        let ways: Vec<Way> = rest.iter().map(|step| way(step, own)).collect();
        // What is taken element by element, under a condition, may be taken of some alone.
        let sifted = look.read.sifted || ways.contains(&Way::Each) && !look.read.choices.is_empty();
        // What is asked of one that is worked out takes none.
        let mention = look.read.mention || look.read.tested && more;
        Use { names, more, element, mention, renamed: false, ways, sifted }
    }
}

/// One step of a use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Name(String),
    /// Every element, each in its turn; or what a function gives back.
    Each,
    /// By what is worked out.
    Picked,
}

/// What the reads of one value come to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Read {
    Not,
    ByName,
    /// As part of something that is read whole, or by a name that is worked out.
    Within,
}

/// References that are a pair by how they are read.
pub(super) struct Pairs {
    by_name: BTreeSet<usize>,
    /// Keys of one collection from which something picks.
    pub(super) picked: BTreeSet<usize>,
}

impl Pairs {
    pub(super) fn all(&self) -> BTreeSet<usize> {
        self.by_name.union(&self.picked).copied().collect()
    }
}

impl Uses {
    pub(super) fn of(looks: &[Look<'_>], folders: &Folders<'_>) -> Uses {
        let mut uses = Uses::default();
        let mut handed_on: BTreeMap<Cell, Vec<Cell>> = BTreeMap::new();
        let repeated = repeated_over(looks, folders);
        for look in looks.iter().filter(|look| !look.read.mention) {
            let whole = look.hops.iter().filter_map(|hop| folders.whole(&hop.folder, &hop.object));
            uses.whole.extend(whole.map(str::to_owned));
        }
        for look in looks {
            let into = handed_on_as(look, folders);
            let renamed = look.read.plain && !uses.whole.contains(look.folder) && is_alias(look, folders);
            for hop in &look.hops {
                let Some((cell, rest)) = folders.cell_of(&hop.folder, &hop.object) else { continue };
                if let Some(into) = into.clone().filter(|into| *into != cell) {
                    handed_on.entry(into).or_default().push(cell.clone());
                }
                let is_repeated = || {
                    let over = block_around(look, folders).and_then(|block| repeated.get(&block));
                    over.is_some_and(|over| over.contains(&cell))
                };
                let one = Use { renamed, ..Use::of(look, rest, is_repeated) };
                uses.reads.entry(cell).or_default().push(one);
            }
        }
        uses.picked = uses.picked_from(&handed_on);
        uses
    }

    /// Names whose values become part of what something is picked from, whichever name that goes by.
    fn picked_from(&self, handed_on: &BTreeMap<Cell, Vec<Cell>>) -> BTreeSet<Cell> {
        let picks = |one: &Use| one.sifted || matches!(one.ways.first(), Some(Way::Name(_) | Way::Picked));
        let is_picked = |into: &Cell| {
            into.kind == Kind::Output || self.reads.get(into).is_some_and(|uses| uses.iter().any(picks))
        };
        let mut left: Vec<&Cell> = handed_on.keys().filter(|into| is_picked(into)).collect();
        let mut picked = BTreeSet::new();
        while let Some(into) = left.pop() {
            for cell in handed_on.get(into).into_iter().flatten() {
                if picked.insert(cell.clone()) {
                    left.push(cell);
                }
            }
        }
        picked
    }

    /// Whether whatever is read of what goes by a name is read by the names of its entries, so that nobody takes this one
    /// unseen; and something is. Accounts may be taken as elements.
    pub(super) fn are_by_name(&self, cell: &Cell, path: &[String], is_account: bool) -> bool {
        let whole = cell.kind == Kind::Output && self.whole.contains(&cell.folder);
        let uses = self.reads.get(cell).into_iter().flatten().filter(|one| !one.mention && !one.renamed);
        let uses: Vec<&Use> = uses.filter(|_| !whole).collect();
        let element = |one: &&Use| is_account && path.len() == 1 && one.element;
        !uses.is_empty() && read(uses.into_iter().filter(|one| !element(one)), path) != Read::Within
    }

    fn read(&self, cell: &Cell, path: &[String]) -> Read {
        // A name that only stands for another is no use; what is read by it has a look of its own.
        read(self.reads.get(cell).into_iter().flatten().filter(|one| !one.mention), path)
    }
}

/// The names that blocks are repeated over, by the collection's own.
fn repeated_over(looks: &[Look<'_>], folders: &Folders<'_>) -> BTreeMap<Cell, BTreeSet<Cell>> {
    let mut repeated: BTreeMap<Cell, BTreeSet<Cell>> = BTreeMap::new();
    for look in looks.iter().filter(|look| look.read.mention) {
        let block = folders.readable(look.folder, &look.read.binding);
        let Some((block, _)) = block.filter(|(cell, _)| cell.kind == Kind::Each) else { continue };
        let cells = look.hops.iter().filter_map(|hop| folders.cell_of(&hop.folder, &hop.object));
        repeated.entry(block).or_default().extend(cells.map(|(cell, _)| cell));
    }
    repeated
}

/// The collection that the block of a read is repeated over, if it is.
fn block_around(look: &Look<'_>, folders: &Folders<'_>) -> Option<Cell> {
    let words = match look.read.binding.first().map(String::as_str)? {
        "module" => 2,
        _ => 3,
    };
    let mut binding = look.read.binding.get(..words)?.to_vec();
    binding.push("for_each".to_owned());
    folders.readable(look.folder, &binding).map(|(cell, _)| cell).filter(|cell| cell.kind == Kind::Each)
}

/// The name of what a read becomes a part of. What merely goes by another name there is none: its readers have looks of
/// their own.
fn handed_on_as(look: &Look<'_>, folders: &Folders<'_>) -> Option<Cell> {
    let (into, _) = folders
        .readable(look.folder, &look.read.binding)
        .filter(|_| !look.read.mention && !look.read.tested)?;
    (!(look.read.plain && is_alias(look, folders))).then_some(into)
}

/// Whether what is read goes by another name from there.
fn is_alias(look: &Look<'_>, folders: &Folders<'_>) -> bool {
    folders.is_followed(look.folder, &look.read.binding)
}

/// `each.key`
fn is_own_key(step: &Step) -> bool {
    let is_key = |value: &Value| matches!(value, Value::Other(text) if text == "each.key");
    matches!(&step.kind, StepKind::Computed(Some(index)) if is_key(index))
}

/// `own`: whether `each.key` is the name of an element there.
fn way(step: &Step, own: bool) -> Way {
    match &step.kind {
        StepKind::Computed(_) if own && is_own_key(step) => Way::Each,
        StepKind::Computed(_) => Way::Picked,
        StepKind::Any | StepKind::Element | StepKind::AttributeSplat => Way::Each,
        StepKind::Attribute(_) | StepKind::Key(_) | StepKind::Number(_) => {
            named(step).map_or(Way::Each, Way::Name)
        }
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
    /// The references that are a pair because of how they are read.
    pub(super) fn pairs(&self, references: &[Reference], folders: &Folders<'_>) -> Pairs {
        Pairs { by_name: self.by_name(references), picked: self.in_collections(references, folders) }
    }

    /// Local values that are read by their names alone. One that nobody reads is the other one of a pair, where there are
    /// no more of them: every reader has left it. Where both are read, each that nobody reads could be the other one as well.
    fn by_name(&self, references: &[Reference]) -> BTreeSet<usize> {
        let mut read: BTreeMap<Group<'_>, Vec<usize>> = BTreeMap::new();
        let mut unread: BTreeMap<(Group<'_>, &[String]), Vec<usize>> = BTreeMap::new();
        let free = |it: &Reference| it.plain && it.choices.is_empty() && it.role != Role::Tested;
        for (at, reference) in references.iter().enumerate().filter(|(_, it)| free(it)) {
            let ["locals", name] = first_two(&reference.binding) else { continue };
            let folder = reference.home();
            let cell = Cell::new(folder, Kind::Local, name);
            let group = (folder, reference.account, reference.access, reference.family.as_str());
            let path = &reference.binding[2..];
            match self.read(&cell, path) {
                Read::ByName => read.entry(group).or_default().push(at),
                Read::Not => unread.entry((group, path)).or_default().push(at),
                Read::Within => {}
            }
        }
        for ((group, path), mut others) in unread {
            let Some(all) = read.get_mut(&group) else { continue };
            let mut same = all.clone();
            same.retain(|at| &references[*at].binding[2..] == path);
            // Another name for one of them is a reader of it.
            let names: Vec<usize> = same.iter().chain(&others).copied().collect();
            let goes_by = |at: usize, name: usize| {
                let (attribute, binding) = (&references[at].attribute, &references[name].binding);
                at != name && [binding.get(1), binding.last()].contains(&Some(attribute))
            };
            others.retain(|at| !names.iter().any(|name| goes_by(*at, *name)));
            let single = match (same.as_slice(), others.as_slice()) {
                ([one], [other]) => references[*one].slot != references[*other].slot,
                _ => false,
            };
            if single || both_slots(references, &same) {
                all.extend(others);
            }
        }
        read.into_values().filter(|group| both_slots(references, group)).flatten().collect()
    }
}

/// Folder, account, access and family.
type Group<'r> = (&'r str, usize, Access, &'r str);

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
