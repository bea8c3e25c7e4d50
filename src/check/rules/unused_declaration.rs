//! `unused-declaration`: `keyslot.toml` declares something about a place or a symbol that is not there.

use std::sync::Arc;

use crate::check::{Place, Rule, Severity};
use crate::terraform::Tree;

pub const RULE: Rule = Rule {
    id: "unused-declaration",
    severity: Severity::Warning,
    summary: "A mirror or a symbol is declared that does not occur in the Terraform.",
    why: "What was meant is spelt otherwise or is gone, so the declaration has no effect: a mirror counts as a reader, \
          and the symbols of an account are taken for several.",
    remedy: "Write it as `keyslot check` shows it: a mirror is FOLDER:PLACE, the place as it stands after “in”; a symbol \
             is FOLDER:ADDRESS. Or remove it.",
    before: r#"locals {
  key = azurerm_cosmosdb_account.orders.primary_key
}
# --- keyslot.toml
version = 1
[[check.account]]
name = "orders"
symbols = ["azurerm_cosmosdb_account.order"]
"#,
    after: r#"locals {
  key = azurerm_cosmosdb_account.orders.primary_key
}
# --- keyslot.toml
version = 1
[[check.account]]
name = "orders"
symbols = ["azurerm_cosmosdb_account.orders"]
"#,
    look,
};

fn look(tree: &Tree) -> Vec<Place> {
    let unused = &tree.misfits.unused;
    if unused.is_empty() {
        return Vec::new();
    }
    let file = Arc::new(tree.declaring_file());
    unused.iter().map(|it| Place::outside(file.clone(), it.span.clone(), it.what.as_str())).collect()
}
