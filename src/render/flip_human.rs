//! `keyslot flip` for people: which word changes where.

use crate::terraform::{Flip, Tree};

/// One line for each reference that changes.
pub fn render_changes(tree: &Tree, flip: &Flip) -> Vec<String> {
    flip.changed
        .iter()
        .zip(&flip.edits)
        .map(|(reference, edit)| {
            let reference = &tree.references[*reference];
            format!(
                "{}: {} → {}, in {}",
                tree.place(reference.file, reference.span.start),
                edit.old,
                edit.new,
                reference.binding.join(".")
            )
        })
        .collect()
}
