//! `installed-copy`: a copy of a module that a tool installed reads a key.

use std::sync::Arc;

use crate::check::{Place, Rule, Severity};
use crate::terraform::{Copied, Tree};

pub const RULE: Rule = Rule {
    id: "installed-copy",
    severity: Severity::Note,
    summary: "A copy of a module that a tool installed reads a key.",
    why: "Such copies (`.terraform`, `.terragrunt-cache`) are passed over: they are made again at any time, so an edit of \
          them would not last. What the module reads is part of no claim here, and no flip changes it.",
    remedy: "Check and flip the module where it comes from. Keep copies out of the repository: what git ignores is not \
             looked at.",
    before: r#"module "db" {
  source = "git::https://example.invalid/modules.git//db"
}
# --- .terraform/modules/db/main.tf
data "azurerm_cosmosdb_account" "orders" {
  name                = "orders-db"
  resource_group_name = "shop"
}

resource "azurerm_key_vault_secret" "key" {
  name  = "cosmos-key"
  value = data.azurerm_cosmosdb_account.orders.primary_key
}
"#,
    after: r#"module "db" {
  source = "./db"
}
# --- db/main.tf
data "azurerm_cosmosdb_account" "orders" {
  name                = "orders-db"
  resource_group_name = "shop"
}

resource "azurerm_key_vault_secret" "key" {
  name  = "cosmos-key"
  value = data.azurerm_cosmosdb_account.orders.primary_key
}
"#,
    look,
};

fn look(tree: &Tree) -> Vec<Place> {
    let place = |copy: &Copied| {
        let more = match copy.places {
            1 => String::new(),
            places => format!(", the first of {places}"),
        };
        let message = format!("the copy in {} reads a key here{more}", tree.shown_path(&copy.folder));
        Place::copied(Arc::clone(&copy.source), copy.span.clone(), message)
    };
    tree.copied.iter().map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::check;

    #[test]
    fn it_is_told_with_its_place_and_changes_no_claim() {
        let key = |slot: &str| {
            format!(
                "locals {{\n  a = azurerm_cosmosdb_account.x.{slot}_key\n  b = azurerm_cosmosdb_account.x.{slot}_key\n}}\n"
            )
        };
        let tree = Tree::read(&[("a.tf", key("primary")), (".terraform/modules/m/a.tf", key("secondary"))]);
        let tree = tree.shown_under("infra");
        let found: Vec<_> =
            check(&tree).iter().map(|it| (it.rule.id, it.path(&tree), it.message.clone())).collect();
        let message = "the copy in infra/.terraform/modules/m reads a key here, the first of 2".to_owned();
        assert_eq!(found, [(RULE.id, "infra/.terraform/modules/m/a.tf".to_owned(), message)]);
        let slot = tree.slot_use(0, crate::model::Access::ReadWrite);
        assert_eq!(slot, crate::model::SlotUse::Only(crate::model::Slot::Primary));
    }
}
