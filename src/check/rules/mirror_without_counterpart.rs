//! `mirror-without-counterpart`: a place is declared to read both slots on purpose, and only one is read.

use crate::check::{Place, Rule, Severity};
use crate::terraform::Tree;

pub const RULE: Rule = Rule {
    id: "mirror-without-counterpart",
    severity: Severity::Error,
    summary: "A place is declared a mirror of both slots, and the other slot is read at no mirror.",
    why: "A mirror keeps both keys at hand and is left alone by a flip. A place that holds one key is a reader: if it \
          were left alone, the key that it holds would be regenerated under it. So it counts as one, whatever is \
          declared.",
    remedy: "Read the other slot beside it, at a place that is declared a mirror too. Or take the place out of \
             `mirrors`.",
    before: r#"locals {
  mirror_primary = azurerm_cosmosdb_account.orders.primary_key
}
# --- keyslot.toml
version = 1
[check]
mirrors = [":local.mirror_*"]
"#,
    after: r#"locals {
  mirror_primary   = azurerm_cosmosdb_account.orders.primary_key
  mirror_secondary = azurerm_cosmosdb_account.orders.secondary_key
}
# --- keyslot.toml
version = 1
[check]
mirrors = [":local.mirror_*"]
"#,
    look,
};

fn look(tree: &Tree) -> Vec<Place> {
    let place = |none: &crate::terraform::NoMirror| {
        let reference = &tree.references[none.reference];
        let message = format!(
            "this is declared a mirror by `{}`, and the {} {} key of {} is read at no mirror: it counts as a reader",
            none.mirror,
            reference.slot.other(),
            reference.access,
            tree.accounts[reference.account].key
        );
        Place::new(reference.file, reference.span.clone(), message)
    };
    tree.misfits.no_mirrors.iter().map(place).collect()
}
