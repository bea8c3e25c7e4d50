//! `misleading-name`: a name says one slot and holds the other.
//!
//! What counts is the innermost name around the reference that says a slot, and only where it speaks of a key: the
//! primary region, or the primary stamp, is none of this rule's business.

use crate::check::{Place, Rule, Severity};
use crate::model::Slot;
use crate::terraform::{Reference, Role, SinkKind, Tree};

pub const RULE: Rule = Rule {
    id: "misleading-name",
    severity: Severity::Warning,
    summary: "A name says one slot and holds the key of the other.",
    why: "Whoever reads the name believes it: the next rotation then retires the key that is in use. It often comes \
          of a flip that left the name as it was.",
    remedy: "Take the slot out of the name, which can then stay through every rotation; or make name and key agree.",
    before: r#"locals {
  secrets = {
    "CosmosDb-PrimaryKey" = azurerm_cosmosdb_account.orders.secondary_key
  }
}
"#,
    after: r#"locals {
  secrets = {
    "CosmosDb-Key" = azurerm_cosmosdb_account.orders.secondary_key
  }
}
"#,
    look,
};

/// Words that a name of a key holds beside its slot.
const OF_KEYS: [&str; 10] =
    ["key", "conn", "cosmos", "secret", "password", "token", "credential", "auth", "db", "master"];

fn look(tree: &Tree) -> Vec<Place> {
    let by_binding = tree.references.iter();
    let by_binding = by_binding.filter(|it| !matches!(it.role, Role::Choice | Role::Tested));
    let by_binding = by_binding.filter_map(|reference| {
        let name = names(reference).into_iter().rev().find(|name| said(name).is_some())?;
        (said(name)? != reference.slot).then(|| place(reference, name))
    });
    by_binding.chain(secrets(tree)).collect()
}

/// Secrets of Key Vaults that say a slot, where no name on the way does.
fn secrets(tree: &Tree) -> impl Iterator<Item = Place> {
    tree.flows().iter().filter(|flow| flow.sink.kind == SinkKind::KeyVaultSecret).filter_map(|flow| {
        let reference = &tree.references[flow.reference];
        let told = names(reference).into_iter().any(|name| said(name).is_some());
        let wrong = matches!(reference.role, Role::Consumer | Role::Definition)
            && said(&flow.sink.name).is_some_and(|slot| slot != reference.slot);
        let place = || place(reference, &flow.sink.name);
        (wrong && !told)
            .then(|| place().related(flow.sink.file, flow.sink.span.clone(), "becomes this secret"))
    })
}

fn place(reference: &Reference, name: &str) -> Place {
    let message = format!("`{name}` holds the {} key", reference.slot);
    Place::new(reference.file, reference.span.clone(), message)
}

/// The names that people chose for the value, without the words of the language and the types of resources.
fn names(reference: &Reference) -> Vec<&str> {
    let chosen = match reference.binding.first().map(String::as_str) {
        Some("resource" | "data" | "dynamic") => 2,
        _ => 1,
    };
    reference.binding.iter().skip(chosen).map(String::as_str).collect()
}

/// The slot that a name says, if it speaks of a key and says just one.
fn said(name: &str) -> Option<Slot> {
    let name = name.to_ascii_lowercase();
    let slot = match (name.contains("primary"), name.contains("secondary")) {
        (true, false) => Slot::Primary,
        (false, true) => Slot::Secondary,
        (true, true) | (false, false) => return None,
    };
    let alone = name == slot.as_str();
    (alone || OF_KEYS.iter().any(|word| name.contains(word))).then_some(slot)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::tests::check_rule;

    #[test]
    fn names_of_keys_say_a_slot_and_others_do_not() {
        for (name, slot) in [
            ("CosmosDb-PrimaryKey", Some(Slot::Primary)),
            ("SECONDARY_CONNECTION_STRING", Some(Slot::Secondary)),
            ("primary", Some(Slot::Primary)),
            ("primary_region", None),
            ("primary_or_secondary_key", None),
            ("cosmos_key", None),
        ] {
            assert_eq!(said(name), slot, "{name}");
        }
    }

    #[test]
    fn outputs_locals_arguments_and_settings_are_looked_at() {
        let key = "azurerm_cosmosdb_account.x.secondary_key";
        for text in [
            format!("output \"cosmos_primary_key\" {{\n  value = {key}\n}}\n"),
            format!("locals {{\n  primary_key = {key}\n}}\n"),
            format!("module \"m\" {{\n  primary_key = {key}\n}}\n"),
            format!("resource \"x\" \"y\" {{\n  settings = {{ COSMOS_PRIMARY = {key} }}\n}}\n"),
            format!("resource \"azurerm_key_vault_secret\" \"cosmos_primary\" {{\n  value = {key}\n}}\n"),
        ] {
            check_rule(RULE.id, &text, &[2]);
            check_rule(RULE.id, &text.replace("primary", "other").replace("PRIMARY", "OTHER"), &[]);
            check_rule(RULE.id, &text.replace("secondary_key", "primary_key"), &[]);
        }
    }

    #[test]
    fn the_name_of_the_secret_counts_where_no_other_says_a_slot() {
        let text = "locals {\n  k = azurerm_cosmosdb_account.x.secondary_key\n}\n\
             resource \"azurerm_key_vault_secret\" \"s\" {\n  name  = \"cosmos-primary-key\"\n  value = local.k\n}\n";
        check_rule(RULE.id, text, &[2]);
        check_rule(RULE.id, &text.replace("cosmos-primary-key", "cosmos-key"), &[]);
        check_rule(RULE.id, &text.replace("secondary_key", "primary_key"), &[]);
    }

    #[test]
    fn the_innermost_name_counts() {
        check_rule(
            RULE.id,
            "locals {\n  primary_keys = {\n    secondary_key = azurerm_cosmosdb_account.x.secondary_key\n  }\n}\n",
            &[],
        );
    }

    #[test]
    fn a_pair_that_is_crossed_is_found_twice() {
        check_rule(
            RULE.id,
            "output \"primary_key\" {\n  value = azurerm_cosmosdb_account.x.secondary_key\n}\n\
             output \"secondary_key\" {\n  value = azurerm_cosmosdb_account.x.primary_key\n}\n",
            &[2, 5],
        );
    }
}
