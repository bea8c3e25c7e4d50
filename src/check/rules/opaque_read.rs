//! `opaque-read`: a key is read, or may be, and the text does not tell which.

use crate::check::{Place, Rule, Severity};
use crate::terraform::{Role, Tree};

pub const RULE: Rule = Rule {
    id: "opaque-read",
    severity: Severity::Error,
    summary: "A key may be read here, and the text does not tell which slot.",
    why: "keyslot cannot say which key is in use here, so it claims nothing of the account and refuses to flip: a use \
          that was overlooked is an outage when the key is regenerated.",
    remedy: "Name the attribute where it is used, so that its slot can be seen and changed.",
    before: r#"output "account" {
  value     = azurerm_cosmosdb_account.orders
  sensitive = true
}
"#,
    after: r#"output "account_primary_key" {
  value     = azurerm_cosmosdb_account.orders.primary_key
  sensitive = true
}

output "account_secondary_key" {
  value     = azurerm_cosmosdb_account.orders.secondary_key
  sensitive = true
}
"#,
    look,
};

fn look(tree: &Tree) -> Vec<Place> {
    let opaque = tree.opaque.iter().map(|read| Place::new(read.file, read.span.clone(), read.why.as_str()));
    let choices =
        tree.references.iter().filter(|reference| reference.role == Role::Choice).map(|reference| {
            let message = format!("whether `{}` is read depends on a value at run time", reference.attribute);
            Place::new(reference.file, reference.span.clone(), message)
        });
    opaque.chain(choices).collect()
}

#[cfg(test)]
mod tests {
    use crate::check::tests::check_text;

    #[test]
    fn whole_objects_and_choices_are_found() {
        check_text("locals {\n  a = [azurerm_cosmosdb_account.x]\n}\n", &[("opaque-read", 2)]);
        check_text(
            "locals {\n  a = (var.s ?\n    azurerm_cosmosdb_account.x.primary_key :\n    \
             azurerm_cosmosdb_account.x.secondary_key)\n}\n",
            &[("opaque-read", 3), ("opaque-read", 4)],
        );
    }

    #[test]
    fn a_named_attribute_is_not() {
        check_text("locals {\n  a = [azurerm_cosmosdb_account.x.primary_key]\n}\n", &[]);
    }
}
