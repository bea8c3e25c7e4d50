//! `order-dependent-connection-strings`: the slot is a place in a list.

use crate::check::{Place, Rule, Severity};
use crate::terraform::{Reference, Tree};

pub const RULE: Rule = Rule {
    id: "order-dependent-connection-strings",
    severity: Severity::Warning,
    summary: "A connection string is picked from `connection_strings` by its place in the list.",
    why: "Which key a string holds is told by its index alone. Nothing in the provider's documentation promises the \
          order, above 3 it is unknown, and the whole attribute is gone since azurerm 4.0.",
    remedy: "Read the attribute that names slot, access and API, as `primary_sql_connection_string` or \
             `primary_readonly_mongodb_connection_string`.",
    before: r#"locals {
  connection = azurerm_cosmosdb_account.orders.connection_strings[0]
}
"#,
    after: r#"locals {
  connection = azurerm_cosmosdb_account.orders.primary_sql_connection_string
}
"#,
    look,
};

fn look(tree: &Tree) -> Vec<Place> {
    tree.references
        .iter()
        .filter(|reference| reference.attribute.starts_with("connection_strings["))
        .map(place)
        .collect()
}

fn place(reference: &Reference) -> Place {
    let Reference { attribute, slot, access, .. } = reference;
    let message =
        format!("`{attribute}` is the {access} string of the {slot} key by its place in the list alone");
    Place::new(reference.file, reference.span.clone(), message)
}

#[cfg(test)]
mod tests {
    use crate::check::tests::check_text;

    const ID: &str = "order-dependent-connection-strings";

    #[test]
    fn every_way_of_picking_by_place_is_found() {
        check_text(
            "locals {\n  a = azurerm_cosmosdb_account.x.connection_strings[3]\n  \
             b = element(azurerm_cosmosdb_account.x.connection_strings, 1)\n}\n",
            &[(ID, 2), (ID, 3)],
        );
    }

    #[test]
    fn a_place_of_unknown_order_is_opaque_instead() {
        check_text(
            "locals {\n  a = [azurerm_cosmosdb_account.x.connection_strings[4]]\n}\n",
            &[("opaque-read", 2)],
        );
    }
}
