//! `takes-both-slots`: both keys of an account go on together, under names of their own.

use crate::check::{Place, Rule, Severity};
use crate::terraform::{TakesBoth, Tree};

pub const RULE: Rule = Rule {
    id: "takes-both-slots",
    severity: Severity::Warning,
    summary: "Both keys of an account are handed on together.",
    why: "Whoever reads them decides which one is used, and nothing in Terraform says so: a flip leaves the place as it is, \
          no restart moves it from one slot to the other, and neither slot is free to be regenerated as long as the reader \
          does not go on with the other key.",
    remedy: "Hand on the one key that is used. Where a reader does fall back to the other key by itself, say so beside a \
             silence of this finding.",
    before: r#"locals {
  cosmos = {
    PRIMARY_KEY   = azurerm_cosmosdb_account.orders.primary_key
    SECONDARY_KEY = azurerm_cosmosdb_account.orders.secondary_key
  }
}

resource "azurerm_key_vault_secret" "cosmos" {
  name  = "cosmos-keys"
  value = jsonencode(local.cosmos)
}
"#,
    after: r#"resource "azurerm_key_vault_secret" "cosmos" {
  name  = "cosmos-key"
  value = azurerm_cosmosdb_account.orders.primary_key
}
"#,
    look,
};

fn look(tree: &Tree) -> Vec<Place> {
    tree.both.iter().map(|taken| place(tree, taken)).collect()
}

fn place(tree: &Tree, taken: &TakesBoth) -> Place {
    let account = &tree.accounts[taken.account].key;
    let message = format!("`{}` hands on both {} keys of {account}", taken.name, taken.access);
    Place::new(taken.file, taken.span.clone(), message)
}

#[cfg(test)]
mod tests {
    use crate::check::tests::check_text;

    #[test]
    fn what_takes_both_is_found_and_what_takes_one_is_not() {
        let locals = "locals {\n  c = {\n    primary = azurerm_cosmosdb_account.x.primary_key\n    secondary = azurerm_cosmosdb_account.x.secondary_key\n  }\n}\n";
        let reads = |value: &str| format!("{locals}resource \"a_b\" \"c\" {{\n  settings = {value}\n}}\n");
        check_text(&reads("local.c"), &[("takes-both-slots", 8)]);
        check_text(&reads("values(local.c)"), &[("opaque-read", 8)]);
        check_text(&reads("local.c.primary"), &[("bypasses-key-vault", 8)]);
    }
}
