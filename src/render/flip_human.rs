//! `keyslot flip` for people: which word changes where.

use crate::terraform::{Companion, Edit, Flip, Tree, mask};

/// One line for each word that changes, without keys that are written out.
pub fn render_changes(tree: &Tree, flip: &Flip) -> Vec<String> {
    let line = |(what, edit): (String, &Edit)| {
        let place = tree.place(tree.file_at(&edit.path)?, edit.span.start);
        Some(mask(&format!("{place}: {} → {}, {what}", edit.old, edit.new)).into_owned())
    };
    what_changes(tree, flip).into_iter().zip(&flip.edits).filter_map(line).collect()
}

/// What each of the edits changes, in a few words.
pub fn what_changes(tree: &Tree, flip: &Flip) -> Vec<String> {
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
    flip.edits.iter().map(|edit| beside(edit).or_else(|| reads(edit)).unwrap_or_default()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Access, Slot};
    use crate::terraform::plan;

    #[test]
    fn a_key_that_is_the_name_of_an_entry_is_masked() {
        let key = format!("{}+/x9==", "aB3".repeat(27) + "Z");
        let text = format!(
            "locals {{\n  a = {{\n    \"{key}\" = azurerm_cosmosdb_account.x.primary_key\n  }}\n}}\n"
        );
        let tree = Tree::read(&[("a.tf", text)]);
        let told = render_changes(&tree, &plan(&tree, 0, Access::ReadWrite, Slot::Secondary).unwrap());
        assert!(told[0].starts_with("a.tf:3:") && !told[0].contains("aB3aB3"), "{told:?}");
    }
}
