//! Conditions of which one denies the other, with a slot under each.

use super::{check, found};
use crate::model::{Access, Slot, SlotUse};
use crate::terraform::{Refusal, Tree, flip};

const P: &str = "azurerm_cosmosdb_account.a.primary_key";
const S: &str = "azurerm_cosmosdb_account.a.secondary_key";

/// What the tree claims, and whether a flip to each slot is refused.
fn claims(text: &str) -> (SlotUse, [bool; 2]) {
    let tree = Tree::read(&[("a.tf", text)]);
    let refused = |to| flip(&[("a.tf", text)], None, Access::ReadWrite, to).is_err();
    (tree.slot_use(0, Access::ReadWrite), Slot::ALL.map(refused))
}

fn secret(name: &str, repeated: &str, value: &str) -> String {
    format!("resource \"azurerm_key_vault_secret\" \"{name}\" {{\n  {repeated}\n  value = {value}\n}}\n")
}

#[test]
fn two_conditions_of_one_value_are_one_choice() {
    for value in [
        format!("coalesce(var.c ? {P} : null, !var.c ? {S} : null)"),
        format!("coalesce(var.c ? {P} : \"\", var.c ? \"\" : {S})"),
        format!("coalesce(var.c == \"x\" ? {P} : \"\", (var.c != \"x\") ? {S} : \"\")"),
        format!("coalesce(var.c == \"x\" ? {P} : \"\", var.c == \"y\" ? {S} : \"\")"),
        format!("coalesce(var.a && var.b ? {P} : \"\", !(var.a&&var.b) ? {S} : \"\")"),
        format!("\"%{{ if var.c }}${{{P}}}%{{ endif }}%{{ if !var.c }}${{{S}}}%{{ endif }}\""),
        format!("[for k in var.all : k == \"x\" ? {P} : k != \"x\" ? {S} : \"\"]"),
    ] {
        let text = format!("locals {{\n  k = {value}\n}}\n");
        assert_eq!(claims(&text), (SlotUse::Unknown, [true, true]), "{value}");
    }
}

#[test]
fn a_value_that_is_known_says_which_of_the_two_holds() {
    let text = format!(
        "variable \"c\" {{\n  default = false\n}}\nlocals {{\n  k = coalesce(var.c ? {P} : null, !var.c ? {S} : null)\n}}\n"
    );
    check(
        &[("a.tf", &text)],
        &[
            "a.tf:5 primary_key [primary_key] primary read-write Unchosen",
            "a.tf:5 secondary_key [secondary_key] secondary read-write Chosen",
        ],
    );
    let refused = flip(&[("a.tf", &text)], None, Access::ReadWrite, Slot::Primary).unwrap_err();
    assert!(refused.iter().all(|refusal| matches!(refusal, Refusal::AlsoDecides { .. })), "{refused:?}");
}

#[test]
fn blocks_of_which_one_is_there_are_one_choice() {
    for (one, other) in [
        ("count = var.c ? 1 : 0", "count = var.c ? 0 : 1"),
        ("count = var.c ? 1 : 0", "count = (!var.c ? 2 : 0)"),
        ("count = var.s == \"p\" ? 1 : 0", "count = var.s == \"s\" ? 1 : 0"),
        ("for_each = var.c ? toset([\"x\"]) : toset([])", "for_each = var.c ? {} : { x = 1 }"),
    ] {
        let text = secret("s", one, P) + &secret("t", other, S);
        assert_eq!(claims(&text), (SlotUse::Unknown, [true, true]), "{one}, {other}");
        // So it is where they stand in two files.
        let files = [("a.tf", secret("s", one, P)), ("b.tf", secret("t", other, S))];
        assert_eq!(Tree::read(&files).slot_use(0, Access::ReadWrite), SlotUse::Unknown, "{one}, {other}");
    }
    let dynamic = |condition: &str, key: &str| {
        format!(
            "  dynamic \"x\" {{\n    for_each = {condition}\n    content {{\n      k = {key}\n    }}\n  }}\n"
        )
    };
    let text = dynamic("var.c ? [1] : []", P) + &dynamic("var.c ? [] : [1]", S);
    assert_eq!(claims(&format!("resource \"a_b\" \"c\" {{\n{text}}}\n")).0, SlotUse::Unknown);
}

#[test]
fn conditions_that_may_hold_together_choose_nothing() {
    for (one, other) in [
        ("count = var.c ? 1 : 0", "count = var.c ? 1 : 0"),
        ("count = var.c ? 1 : 0", "count = var.d ? 0 : 1"),
        ("count = var.c ? 1 : 2", "count = var.c ? 0 : 1"),
        ("count = var.s != \"p\" ? 1 : 0", "count = var.s != \"s\" ? 1 : 0"),
        // Each of them counts for itself.
        ("for_each = var.all\n  x = 1", "for_each = var.all\n  x = 2"),
    ] {
        let text = secret("s", one, P) + &secret("t", other, S);
        assert_eq!(claims(&text), (SlotUse::Mixed, [false, false]), "{one}, {other}");
    }
    let text = secret("s", "for_each = var.all", &format!("each.key == \"x\" ? {P} : \"\""))
        + &secret("t", "for_each = var.others", &format!("each.key != \"x\" ? {S} : \"\""));
    assert_eq!(claims(&text).0, SlotUse::Mixed);
    // Both slots under each of them: the account is made here, or it is read.
    let outputs = ["primary", "secondary"].map(|slot| {
        format!(
            "output \"{slot}\" {{\n  value = var.c ? azurerm_cosmosdb_account.a.{slot}_key : data.azurerm_cosmosdb_account.a.{slot}_key\n}}\n"
        )
    });
    let named = "resource \"azurerm_cosmosdb_account\" \"a\" {\n  name = \"x\"\n}\ndata \"azurerm_cosmosdb_account\" \"a\" {\n  name = \"x\"\n}\n";
    let found = found(&[("a.tf", &(outputs.concat() + named))]);
    assert_eq!(found.len(), 4);
    assert!(found.iter().all(|line| line.ends_with("Definition")), "{found:#?}");
    // One slot under both is no choice of a slot, and a flip changes both.
    let text = secret("s", "count = var.c ? 1 : 0", P) + &secret("t", "count = var.c ? 0 : 1", P);
    let flipped = flip(&[("a.tf", &text)], None, Access::ReadWrite, Slot::Secondary).unwrap();
    assert_eq!(flipped[0].1, text.replace("primary_key", "secondary_key").as_bytes());
}

#[test]
fn a_map_by_application_is_chosen_from_by_what_names_the_application() {
    let keys = format!("{{ app1 = {P}, app2 = {S} }}");
    for value in [
        format!("{keys}[var.app]"),
        format!("lookup({keys}, var.app)"),
        "lookup(local.keys, var.app)".to_owned(),
    ] {
        let text = format!("locals {{\n  keys = {keys}\n}}\n").repeat(usize::from(value.contains("local")))
            + &secret("s", "", &value);
        assert_eq!(claims(&text), (SlotUse::Unknown, [true, true]), "{value}");
        let known = "variable \"app\" {\n  default = \"app1\"\n}\n";
        assert_eq!(claims(&(text + known)).0, SlotUse::Only(Slot::Primary), "{value}");
    }
}

#[test]
fn what_decides_whether_one_slot_is_there_at_all_chooses_none() {
    let known = "variable \"d\" {\n  default = true\n}\nvariable \"e\" {\n  default = true\n}\n";
    let one = secret("one", "count = var.c ? 1 : 0", &format!("var.d ? {P} : \"\""));
    let other = secret("other", "count = var.c ? 0 : 1", &format!("var.e ? {S} : \"\""));
    assert_eq!(claims(&format!("{known}{one}{other}")), (SlotUse::Unknown, [true, true]));
}

#[test]
fn a_number_of_nodes_is_no_condition() {
    let pool = |condition: &str, key: &str| {
        format!(
            "resource \"x_cluster\" \"{condition}\" {{\n  pool {{\n    count = {condition}\n    key   = {key}\n  }}\n}}\n"
        )
    };
    let text = format!("{}{}", pool("var.c ? 1 : 0", P), pool("var.c ? 0 : 1", S));
    let tree = Tree::read(&[(
        "a.tf",
        text.replace("\"var.c ? 1 : 0\"", "\"a\"").replace("\"var.c ? 0 : 1\"", "\"b\"").as_str(),
    )]);
    assert_eq!(tree.slot_use(0, Access::ReadWrite), SlotUse::Mixed);
}
