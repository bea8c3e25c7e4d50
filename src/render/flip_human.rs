//! `keyslot flip` for people: which word changes where.

use crate::terraform::{Companion, Edit, Flip, Tree};

/// One line for each word that changes.
pub fn render_changes(tree: &Tree, flip: &Flip) -> Vec<String> {
    let beside = |edit: &Edit| {
        let same = |it: &&Companion| tree.sources[it.file].path() == edit.path && it.span == edit.span;
        flip.companions.iter().find(same).map(|companion| companion.why.clone())
    };
    let reads = |edit: &Edit| {
        let references = flip.changed.iter().map(|at| &tree.references[*at]);
        let mut same = references
            .filter(|it| tree.sources[it.file].path() == edit.path && it.span == edit.span)
            .map(|it| format!("in {}", it.binding.join(".")));
        same.next()
    };
    flip.edits
        .iter()
        .map(|edit| {
            let file = tree.sources.iter().position(|source| source.path() == edit.path).unwrap_or_default();
            let place = tree.place(file, edit.span.start);
            let what = beside(edit).or_else(|| reads(edit)).unwrap_or_default();
            format!("{place}: {} → {}, {what}", edit.old, edit.new)
        })
        .collect()
}
