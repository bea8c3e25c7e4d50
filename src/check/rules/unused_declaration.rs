//! `unused-declaration`: `keyslot.toml` declares something about a place or a symbol that is not there.

use std::sync::Arc;

use crate::check::{Place, Rule, Severity};
use crate::terraform::{Source, Syntax, Tree};

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
[[check.account]]
name = "orders"
symbols = ["azurerm_cosmosdb_account.order"]
"#,
    after: r#"locals {
  key = azurerm_cosmosdb_account.orders.primary_key
}
# --- keyslot.toml
[[check.account]]
name = "orders"
symbols = ["azurerm_cosmosdb_account.orders"]
"#,
    look,
};

fn look(tree: &Tree) -> Vec<Place> {
    let file = Arc::new(Source::new(tree.declared_in(), Syntax::Native, b""));
    tree.misfits.unused.iter().map(|unused| Place::outside(file.clone(), 0..0, unused.as_str())).collect()
}
