//! Objects that have a key twice, which Terraform takes: the last one counts, and both are read.

use super::{PRIMARY, check, found};
use crate::check::check as findings;
use crate::model::{Access, Slot, SlotUse};
use crate::terraform::{Tree, claim, flip};

const SECRET: &str = "resource \"azurerm_key_vault_secret\" \"s\" {\n  name  = \"s\"\n  value = azurerm_cosmosdb_account.a.primary_key\n}\n";

#[test]
fn what_stands_beside_such_an_object_is_read() {
    for object in [
        "{ a = 1, a = 2 }",
        "{ a = 1, a = 2, a = 3 }",
        "{ \"a-b\" = 1, b = 2, \"a-b\" = 3, b = 4 }",
        "{\n    a = 1 # one\n    a = 2\n  }",
        "{ a: { b = 1, b = 2 }, a: { b = 1, b = 2 } }",
        "{ é = 1, a = 1, a = 1 }",
    ] {
        let text = format!("locals {{\n  tags = {object}\n}}\n{SECRET}");
        let line = text.lines().position(|line| line.contains("primary_key")).unwrap() + 1;
        let expected = PRIMARY.replace(":2 ", &format!(":{line} "));
        check(&[("a.tf", &text)], &[&expected]);
        let flipped = flip(&[("a.tf", &text)], None, Access::ReadWrite, Slot::Secondary).unwrap();
        assert_eq!(flipped[0].1, text.replace("primary_key", "secondary_key").into_bytes());
    }
}

#[test]
fn both_of_them_are_read() {
    let object = "{ k = azurerm_cosmosdb_account.a.primary_key, k = azurerm_cosmosdb_account.a.primary_key }";
    let text = format!("resource \"azurerm_app\" \"a\" {{\n  settings = {object}\n}}\n");
    assert_eq!(found(&[("a.tf", &text)]), [PRIMARY; 2]);
    let flipped = flip(&[("a.tf", &text)], None, Access::ReadWrite, Slot::Secondary).unwrap();
    assert_eq!(flipped[0].1, text.replace("primary_key", "secondary_key").into_bytes());
    let mixed = text.replacen("primary_key", "secondary_key", 1);
    assert_eq!(claim(&[("a.tf", mixed)], None, Access::ReadWrite).reads, SlotUse::Mixed);
}

#[test]
fn the_last_one_is_what_its_name_reads() {
    let text = |keys: &str| format!("locals {{\n  keys = {{ {keys} }}\n  k = local.keys.k\n}}\n");
    let [primary, secondary] =
        ["primary", "secondary"].map(|slot| format!("k = azurerm_cosmosdb_account.a.{slot}_key"));
    for (keys, slot) in [
        (format!("{primary}, {secondary}"), Slot::Secondary),
        (format!("{secondary}, {primary}"), Slot::Primary),
    ] {
        let text = text(&keys);
        assert_eq!(claim(&[("a.tf", &text)], None, Access::ReadWrite).reads, SlotUse::Only(slot), "{text}");
        // The one before it has no name that could be put in its place.
        assert!(flip(&[("a.tf", &text)], None, Access::ReadWrite, slot.other()).is_err(), "{text}");
    }
}

#[test]
fn names_of_instances_are_those_of_the_last() {
    let text = "data \"azurerm_cosmosdb_account\" \"x\" {\n  for_each = { a = \"one\", b = \"two\", a = \"three\" }\n  name = each.value\n}\nlocals {\n  k = data.azurerm_cosmosdb_account.x[\"a\"].primary_key\n  l = data.azurerm_cosmosdb_account.x[\"b\"].primary_key\n}\n";
    let tree = Tree::read(&[("a.tf", text)]);
    let accounts: Vec<String> = tree.accounts.iter().map(|it| it.key.to_string()).collect();
    assert_eq!(accounts, ["three", "two"]);
}

#[test]
fn what_cannot_be_told_apart_is_told() {
    for object in [
        "{ 1 = 1, 1 = 2 }",
        "{ (var.a) = 1, (var.a) = 2 }",
        "{ \"${var.a}\" = 1, \"${var.a}\" = 2 }",
        "{ \"a b\" = 1, \"a b\" = 2 }",
        &format!("{{ {} }}", "a = 1, ".repeat(40)),
    ] {
        let text = format!("locals {{\n  tags = {object}\n}}\n{SECRET}");
        let tree = Tree::read(&[("a.tf", &text)]);
        let messages: Vec<String> = findings(&tree).iter().map(|it| it.message.clone()).collect();
        assert!(messages.len() == 1 && messages[0].contains("has this key twice"), "{object}: {messages:?}");
    }
    // Another mistake is told where it is.
    let text = format!("locals {{\n  tags = {{ a = 1, a = 2 }}\n  x = = 1\n}}\n{SECRET}");
    let tree = Tree::read(&[("a.tf", &text)]);
    assert_eq!(tree.unparsed.len(), 1);
    let finding = &findings(&tree)[0];
    assert_eq!(finding.source(&tree).position(finding.span.start).line, 3, "{}", finding.message);
}
