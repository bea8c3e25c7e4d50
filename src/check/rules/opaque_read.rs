//! `opaque-read`: a key is read, or may be, and the text does not tell which.

use crate::check::{Place, Rule, Severity};
use crate::terraform::{OpaqueRead, Role, SymbolKind, Tree};

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
    let opaque = tree.opaque.iter().map(|read| {
        let place = Place::new(read.file, read.span.clone(), read.why.as_str());
        if is_handed_in(tree, read) { place.remedy(HANDED_IN) } else { place }
    });
    let choices =
        tree.references.iter().filter(|reference| reference.role == Role::Choice).map(|reference| {
            let message = format!("whether `{}` is read depends on a value at run time", reference.attribute);
            Place::new(reference.file, reference.span.clone(), message)
        });
    opaque.chain(choices).collect()
}

const HANDED_IN: &str = "Whoever calls this module decides which key that is: check it together with its callers, in a \
                         folder that holds both.";

/// Whether the key is what callers hand in who are not here.
fn is_handed_in(tree: &Tree, read: &OpaqueRead) -> bool {
    tree.references.iter().any(|it| {
        let here = it.file == read.file && read.span.contains(&it.span.start);
        here && it.role == Role::Relay && it.symbol.kind == SymbolKind::Variable
    })
}

#[cfg(test)]
mod tests {
    use crate::check::check;
    use crate::check::tests::check_text;
    use crate::terraform::Tree;

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
    fn what_callers_hand_in_is_told_with_its_whole_name() {
        for (read, message) in [
            (
                "var.cosmosdb_account.primary_key",
                "`var.cosmosdb_account.primary_key` is a key of what is handed in from elsewhere",
            ),
            (
                "var.cosmosdb_primary_key",
                "`var.cosmosdb_primary_key` is a key that is handed in from elsewhere",
            ),
        ] {
            let tree = Tree::read(&[("a.tf", format!("locals {{\n  k = {read}\n}}\n"))]);
            let [finding] = &check(&tree)[..] else { panic!("{read}") };
            assert_eq!(finding.message, message);
            assert!(finding.remedy().contains("check it together with its callers"), "{}", finding.remedy());
        }
        let whole = Tree::read(&[("a.tf", "locals {\n  a = [azurerm_cosmosdb_account.x]\n}\n")]);
        assert_eq!(check(&whole)[0].remedy(), super::RULE.remedy);
    }

    #[test]
    fn a_named_attribute_is_not() {
        check_text("locals {\n  a = [azurerm_cosmosdb_account.x.primary_key]\n}\n", &[]);
    }
}
