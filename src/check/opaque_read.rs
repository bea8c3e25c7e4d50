//! `opaque-read`: a key is read, or may be, and the text does not tell which.

use super::{Place, Rule, Severity};
use crate::terraform::{Role, Tree};

pub const RULE: Rule = Rule {
    id: "opaque-read",
    severity: Severity::Error,
    summary: "A key may be read here, and the text does not tell which slot.",
    remedy: "Name the attribute where it is used, so that its slot can be seen and changed.",
    look,
};

fn look(tree: &Tree) -> Vec<Place> {
    let opaque = tree.opaque.iter().map(|read| Place {
        file: read.file,
        span: read.span.clone(),
        message: read.why.clone(),
        related: Vec::new(),
    });
    let choices =
        tree.references.iter().filter(|reference| reference.role == Role::Choice).map(|reference| {
            let message = format!("whether `{}` is read depends on a value at run time", reference.attribute);
            Place { file: reference.file, span: reference.span.clone(), message, related: Vec::new() }
        });
    opaque.chain(choices).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::check_text;

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
