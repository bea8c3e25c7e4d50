//! Objects that have a key twice, which Terraform takes: the last one counts, and what stands before it is dead text.

use super::{PRIMARY, check, found};
use crate::check::check as findings;
use crate::model::{Access, Slot, SlotUse};
use crate::terraform::{Tree, claim, flip};

const SECRET: &str = "resource \"azurerm_key_vault_secret\" \"s\" {\n  name  = \"s\"\n  value = azurerm_cosmosdb_account.a.primary_key\n}\n";
const DEAD: &str = "a.tf:2 primary_key [primary_key] primary read-write Tested";

fn key(slot: &str) -> String {
    format!("azurerm_cosmosdb_account.a.{slot}_key")
}

/// An app that is given an object with these entries, `$1` and `$2` in them keys of these slots.
fn app(entries: &str, slots: [&str; 2]) -> String {
    let entries = entries.replace("$1", &key(slots[0])).replace("$2", &key(slots[1]));
    format!("resource \"azurerm_app\" \"a\" {{\n  settings = {{ {entries} }}\n}}\n")
}

/// Entries of one name, the first of them replaced by the second.
const TWICE: [&str; 12] = [
    "k = $1, k = $2",
    "k: $1, k: $2",
    "\"k\" = $1, \"k\" = $2",
    "\"k\" = $1, k = $2",
    "k = $1, (\"k\") = $2",
    "1 = $1, 1 = $2",
    "1 = $1, \"1\" = $2",
    "(var.x) = $1, (var.x) = $2",
    "( var.x ) = $1, (var.x) = $2",
    "\"${var.x}-k\" = $1, \"${var.x}-k\" = $2",
    "\"a b\" = $1, \"a b\" = $2",
    "\"/é\" = $1, \"/é\" = $2",
];

#[test]
fn what_stands_beside_such_an_object_is_read() {
    for object in [
        "{ a = 1, a = 2 }",
        "{ a = 1, a = 2, a = 3 }",
        "{ \"a-b\" = 1, b = 2, \"a-b\" = 3, b = 4 }",
        "{\n    a = 1 # one\n    a = 2\n  }",
        "{ a: { b = 1, b = 2 }, a: { b = 1, b = 2 } }",
        "{ é = 1, a = 1, a = 1 }",
        "{ é = 1, é = 1 }",
        "{ 1 = 1, 1 = 2, 10 = 1, 10 = 2, 1.5 = 1, 1.5 = 2 }",
        "{ -1 = 1, -1 = 2 }",
        "{ (var.a) = 1, (var.a) = 2, (var.a) = 3 }",
        "{ (upper(\"a\")) = { (var.a) = 1, (var.a) = 2 }, (upper(\"a\")) = 2 }",
        "{ \"${var.a}\" = 1, \"${var.a}\" = 2, \"${ var.b }x\" = 1, \"${ var.b }x\" = 2 }",
        "{ \"a b\" = 1, \"a b\" = 2, \"*\" = 1, \"*\" = 2 }",
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
fn the_last_one_is_read_and_both_are_moved() {
    for entries in TWICE {
        let both = app(entries, ["primary", "primary"]);
        assert_eq!(found(&[("a.tf", &both)]), [DEAD, PRIMARY], "{entries}");
        let flipped = flip(&[("a.tf", &both)], None, Access::ReadWrite, Slot::Secondary).unwrap();
        assert_eq!(flipped[0].1, both.replace("primary_key", "secondary_key").into_bytes());
        let back = flip(&flipped, None, Access::ReadWrite, Slot::Primary).unwrap();
        assert_eq!(back[0].1, both.as_bytes());
    }
    // Three times: two of them are dead.
    let thrice = app("k = $1, k = $1, k = $2", ["primary", "primary"]);
    assert_eq!(found(&[("a.tf", &thrice)]), [DEAD, DEAD, PRIMARY]);
    // What is worked out anew each time is no name twice, and so are names that are not one.
    for entries in ["(uuid()) = $1, (uuid()) = $2", "k = $1, K = $2", "(var.x) = $1, (var.y) = $2"] {
        assert_eq!(found(&[("a.tf", &app(entries, ["primary", "primary"]))]), [PRIMARY; 2], "{entries}");
    }
}

#[test]
fn slots_that_are_not_read_are_mixed_with_none() {
    for entries in TWICE {
        for (slots, read) in
            [(["primary", "secondary"], Slot::Secondary), (["secondary", "primary"], Slot::Primary)]
        {
            let text = app(entries, slots);
            let tree = Tree::read(&[("a.tf", &text)]);
            assert_eq!(tree.slot_use(0, Access::ReadWrite), SlotUse::Only(read), "{entries}");
            assert!(findings(&tree).iter().all(|it| it.rule.id != "mixed-slots"), "{entries}");
            // On its own slot nothing changes; on the other one, all of it ends there.
            assert_eq!(flip(&[("a.tf", &text)], None, Access::ReadWrite, read), Ok(Vec::new()), "{entries}");
            let flipped = flip(&[("a.tf", &text)], None, Access::ReadWrite, read.other()).unwrap();
            let other = app(entries, [slots[0]; 2]);
            assert_eq!(flipped, [("a.tf".to_owned(), other.into_bytes())], "{entries}");
        }
    }
    // Where both count, they are mixed.
    let mixed = app("k = $1, l = $2", ["primary", "secondary"]);
    assert_eq!(claim(&[("a.tf", mixed)], None, Access::ReadWrite).reads, SlotUse::Mixed);
}

#[test]
fn dead_text_hides_nothing_and_stays_where_its_other_name_may_not_be_there() {
    let whole = app("k = azurerm_cosmosdb_account.a, k = $2", ["primary", "primary"]);
    check(&[("a.tf", &whole)], &[PRIMARY]);
    let module = "module \"m\" {\n  source = \"git::https://example.com/m.git\"\n}\n";
    let text = app("k = module.m.cosmos_primary_key, k = $2", ["primary", "primary"]) + module;
    let flipped = flip(&[("a.tf", &text)], None, Access::ReadWrite, Slot::Secondary).unwrap();
    assert_eq!(flipped[0].1, text.replace("a.primary_key", "a.secondary_key").into_bytes());
    // What it holds by itself, too, is dead.
    let nested = app("k = { a = $1 }, k = { b = $2 }", ["secondary", "primary"]);
    assert_eq!(claim(&[("a.tf", nested)], None, Access::ReadWrite).reads, SlotUse::Only(Slot::Primary));
    // Elements are those that are left.
    let each = "resource \"azurerm_key_vault_secret\" \"s\" {\n  for_each = { a = azurerm_cosmosdb_account.a, a = azurerm_cosmosdb_account.b }\n  name = \"s\"\n  value = each.value.primary_key\n}\n";
    let tree = Tree::read(&[("a.tf", each)]);
    let read: Vec<String> =
        tree.references.iter().map(|it| tree.accounts[it.account].key.to_string()).collect();
    assert!(read.len() == 1 && read[0].contains('b'), "{read:?}");
}

#[test]
fn the_last_one_is_what_its_name_reads() {
    let text = |first: &str, last: &str| {
        let keys = format!("k = {}, k = {}", key(first), key(last));
        format!("locals {{\n  keys = {{ {keys} }}\n  k = local.keys.k\n}}\n")
    };
    for (first, last, slot) in
        [("primary", "secondary", Slot::Secondary), ("secondary", "primary", Slot::Primary)]
    {
        let before = text(first, last);
        assert_eq!(
            claim(&[("a.tf", &before)], None, Access::ReadWrite).reads,
            SlotUse::Only(slot),
            "{before}"
        );
        let flipped = flip(&[("a.tf", &before)], None, Access::ReadWrite, slot.other()).unwrap();
        assert_eq!(flipped[0].1, text(first, first).into_bytes());
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
    for object in
        ["{ \"\" = 1, \"\" = 2 }", "{ \"\\n\" = 1, \"\\n\" = 2 }", &format!("{{ {} }}", "a = 1, ".repeat(40))]
    {
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
