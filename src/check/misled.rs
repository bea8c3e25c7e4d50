//! Names that a flip leaves behind: they said the slot of the key that they held, and now say the other.

use std::collections::BTreeSet;

use super::check;
use super::rules::misleading_name;
use crate::terraform::{Flip, Position, Tree};

/// One place of the changed tree.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Misled {
    /// The file's path as people see it.
    pub path: String,
    pub position: Position,
    pub message: String,
}

/// What `misleading-name` finds after a flip and did not before it, by file and place. What is silenced there is left out.
pub fn misled(before: &Tree, flip: &Flip) -> Vec<Misled> {
    if flip.files.is_empty() {
        return Vec::new();
    }
    // A flip changes no line breaks.
    let line = |it: &Misled| (it.path.clone(), it.position.line, it.message.clone());
    let known: BTreeSet<_> = found(before).iter().map(line).collect();
    let mut new = found(&before.with(&flip.files));
    new.retain(|it| !known.contains(&line(it)));
    new
}

fn found(tree: &Tree) -> Vec<Misled> {
    let findings = check(tree).into_iter();
    let mine = findings.filter(|it| it.rule.id == misleading_name::RULE.id && it.silenced.is_none());
    mine.map(|it| Misled {
        path: it.path(tree),
        position: it.source(tree).position(it.span.start),
        message: it.message.clone(),
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Access, Slot};
    use crate::terraform::plan;

    fn after(text: &str, to: Slot) -> Vec<String> {
        let tree = Tree::read(&[("a.tf", text)]);
        let flip = plan(&tree, 0, Access::ReadWrite, to).unwrap();
        misled(&tree, &flip)
            .iter()
            .map(|it| format!("{}:{} {}", it.path, it.position.line, it.message))
            .collect()
    }

    #[test]
    fn a_name_that_says_the_slot_that_was_left_is_told() {
        let text = "locals {\n  primary_key = azurerm_cosmosdb_account.x.primary_key\n  secondary_key_old = azurerm_cosmosdb_account.x.primary_key\n  key = azurerm_cosmosdb_account.x.primary_key\n}\n";
        assert_eq!(after(text, Slot::Secondary), ["a.tf:2 `primary_key` holds the secondary key"]);
        assert!(after(text, Slot::Primary).is_empty(), "nothing changes");
        let back = text.replace("x.primary_key", "x.secondary_key");
        assert_eq!(after(&back, Slot::Primary), ["a.tf:3 `secondary_key_old` holds the primary key"]);
    }

    #[test]
    fn what_somebody_has_silenced_is_left_out() {
        let text = "locals {\n  # keyslot:ignore misleading-name because the name is older than the rule\n  primary_key = azurerm_cosmosdb_account.x.primary_key\n}\n";
        assert!(after(text, Slot::Secondary).is_empty());
    }
}
