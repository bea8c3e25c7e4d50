//! The last look: the changed tree is read again and compared with what was meant.

use std::collections::{BTreeMap, BTreeSet};

use super::flip::Flip;
use super::reference::{Reference, Role};
use super::tree::Tree;

/// What is asked about every reference.
struct Meant<'f> {
    changed: BTreeSet<usize>,
    /// By file, in order: where an edit ends, and how much longer the file is from there on.
    shifts: BTreeMap<&'f str, Vec<(usize, isize)>>,
    /// The choosers whose value changes.
    turned: BTreeSet<usize>,
    flip: &'f Flip,
}

/// Reads the changed tree and says what is not as it was meant to be.
pub fn verify(before: &Tree, flip: &Flip) -> Result<(), String> {
    if flip.files.is_empty() {
        return Ok(());
    }
    let after = before.with(&flip.files);
    if let Some(unparsed) = after.unparsed.first() {
        return Err(format!("{} does not parse any more", after.place(unparsed.file, 0)));
    }
    // Names behind which one key stands are told where all callers agree, and they may agree now or no longer.
    let counted = |tree: &'_ Tree| -> Vec<usize> {
        let all = tree.references.iter().enumerate();
        all.filter(|(_, reference)| reference.role != Role::Relay).map(|(at, _)| at).collect()
    };
    let (ours, theirs) = (counted(before), counted(&after));
    if ours.len() != theirs.len() || after.opaque.len() != before.opaque.len() {
        return Err("the number of references is another".to_owned());
    }
    let meant = Meant::new(before, flip);
    for (at, new) in ours.into_iter().zip(theirs) {
        let (old, new) = (&before.references[at], &after.references[new]);
        let same = old.file == new.file
            && meant.moved(before, old) == Some(new.span.start)
            && before.accounts[old.account].key == after.accounts[new.account].key
            && old.access == new.access
            && old.binding == new.binding
            && meant.as_meant(at, old, new);
        if !same {
            return Err(format!("the reference at {} is another", before.place(old.file, old.span.start)));
        }
    }
    let mut left = flip.accounts.iter().flat_map(|account| after.consumers(*account, flip.access));
    match left.find(|reference| reference.slot != flip.to) {
        Some(left) => Err(format!("{} is not on {}", after.place(left.file, left.span.start), flip.to)),
        None => Ok(()),
    }
}

impl<'f> Meant<'f> {
    fn new(before: &Tree, flip: &'f Flip) -> Meant<'f> {
        let mut shifts: BTreeMap<&str, Vec<(usize, isize)>> = BTreeMap::new();
        for edit in &flip.edits {
            let shifts = shifts.entry(edit.path.as_str()).or_default();
            let so_far = shifts.last().map_or(0, |(_, shift)| *shift);
            shifts.push((edit.span.end, so_far + edit.new.len() as isize - edit.old.len() as isize));
        }
        let changes: BTreeSet<(usize, usize)> =
            flip.companions.iter().map(|companion| (companion.file, companion.span.start)).collect();
        let choosers = before.choosers.iter().enumerate();
        let turned = choosers
            .filter(|(_, it)| it.places.iter().any(|(file, span)| changes.contains(&(*file, span.start))))
            .map(|(at, _)| at)
            .collect();
        Meant { changed: flip.changed.iter().copied().collect(), shifts, turned, flip }
    }

    /// Where a reference starts after the edits before it.
    fn moved(&self, before: &Tree, old: &Reference) -> Option<usize> {
        let shifts = self.shifts.get(before.sources[old.file].path()).map_or(&[][..], Vec::as_slice);
        let earlier = shifts.partition_point(|(end, _)| *end <= old.span.start);
        let shift = earlier.checked_sub(1).and_then(|last| shifts.get(last)).map_or(0, |(_, shift)| *shift);
        old.span.start.checked_add_signed(shift)
    }

    fn as_meant(&self, at: usize, old: &Reference, new: &Reference) -> bool {
        let same_word = old.attribute == new.attribute;
        match (old.role, new.role) {
            // Branches stay as they are; which one is taken changes with the value that chooses.
            (Role::Chosen | Role::Unchosen, Role::Chosen | Role::Unchosen) => {
                let turned = old.chooser.is_some_and(|chooser| self.turned.contains(&chooser));
                same_word && old.slot == new.slot && (old.role != new.role) == turned
            }
            // A relay's slot is that of the reference behind it, which may be one that was edited.
            (Role::Relay, Role::Relay) => same_word,
            (Role::Consumer, Role::Consumer) | (Role::Tested, Role::Tested) if self.changed.contains(&at) => {
                new.slot == self.flip.to
            }
            (old_role, new_role) => old_role == new_role && old.slot == new.slot && same_word,
        }
    }
}
