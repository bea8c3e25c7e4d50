//! `unreadable-file`: a file or folder that could not be read may hide anything, so nothing can be claimed.
//!
//! Found are files and folders without permission, files over 4 MiB, files that change while they are read, names
//! that end in `.tf` and are no regular files, and linked files that matter in two folders.

use crate::check::{Place, Rule, Severity};
use crate::terraform::Tree;

pub const RULE: Rule = Rule {
    id: "unreadable-file",
    severity: Severity::Error,
    summary: "A file or folder could not be read, so what it says of keys is unknown.",
    why: "Whatever it hides may read a key. Until it is read, no slot can be claimed for any account, and a flip is \
          refused: it could leave a reader behind.",
    remedy: "Make it readable, smaller where it is too large, or keep it out of the tree (git's ignore rules hold).",
    // What cannot be read cannot be shown.
    before: "",
    after: "",
    look,
};

fn look(tree: &Tree) -> Vec<Place> {
    let place = |unread: &crate::terraform::UnreadFile| {
        Place::new(unread.file, 0..0, format!("this cannot be read: {}", unread.why))
    };
    tree.unread.iter().map(place).collect()
}

#[cfg(test)]
mod tests {
    use crate::check::check;
    use crate::model::{Access, SlotUse};
    use crate::terraform::{Failures, Glance, Glanced, Links, Reading, refusals};

    #[test]
    fn what_could_not_be_read_is_found_and_nothing_is_claimed() {
        let text = "locals {\n  a = azurerm_cosmosdb_account.x.primary_key\n}\n";
        let file = Glanced {
            path: "b.tf".to_owned(),
            glance: Glance::of("b.tf", text.as_bytes()),
            bytes: Some(text.into()),
        };
        let mut reading = Reading::new(vec![file], Links::default(), Failures::Every);
        assert!(reading.looks().is_empty());
        let tree = reading.finish(vec![("a".to_owned(), "permission denied".to_owned())]);
        let found: Vec<_> = check(&tree).iter().map(|it| (it.rule.id, it.path(&tree))).collect();
        assert_eq!(found, [("unreadable-file", "a".to_owned())]);
        assert_eq!(tree.slot_use(0, Access::ReadWrite), SlotUse::Unknown);
        let said: Vec<String> =
            refusals(&tree, 0, Access::ReadWrite).iter().map(ToString::to_string).collect();
        assert_eq!(said, ["a: cannot be read: permission denied"]);
    }
}
