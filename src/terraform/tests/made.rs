//! Collections that a `for`, or a function, makes of one that is written in place: their elements have other places.

use super::flows::flows;
use crate::model::{Access, Slot, SlotUse};
use crate::terraform::{Refusal, Tree, flip};

const ACCOUNT: &str = "resource \"azurerm_cosmosdb_account\" \"c\" {\n  name = \"acme\"\n}\n";

fn secret(symbol: &str, value: &str) -> String {
    format!(
        "resource \"azurerm_key_vault_secret\" \"{symbol}\" {{\n  name  = \"{symbol}\"\n  value = {value}\n}}\n"
    )
}

/// A root with a secret that reads `local.x` and one that reads the primary key plainly. `P` and `S` stand for the keys.
fn root(made: &str, read: &str) -> String {
    let made = made
        .replace('P', "azurerm_cosmosdb_account.c.primary_key")
        .replace('S', "azurerm_cosmosdb_account.c.secondary_key");
    let plain = secret("t", "azurerm_cosmosdb_account.c.primary_key");
    format!(
        "variable \"slot\" {{\n  default = \"secondary\"\n}}\n{ACCOUNT}locals {{\n  x = {made}\n}}\n{}{plain}",
        secret("s", read)
    )
}

const OBJECTS: &str = "[{ slot = \"primary\", key = P }, { slot = \"secondary\", key = S }]";

#[test]
fn which_of_both_keys_is_read_by_a_new_place_is_not_told() {
    let with = |text: &str| text.replace("OBJECTS", OBJECTS);
    for (made, read) in [
        // Some are left out.
        ("[for s in OBJECTS : s if s.slot == var.slot]", "local.x[0].key"),
        ("[for s in OBJECTS : s.key if s.slot == var.slot]", "local.x[0]"),
        ("[for k in [P, S] : k if k != P]", "local.x[0]"),
        ("[for i, s in [P, S] : s if i == 1]", "local.x[0]"),
        (
            "{ for k, s in { primary = P, secondary = S } : k => s if k == var.slot }",
            "local.x[\"secondary\"]",
        ),
        // Lists of those that go by one name.
        ("{ for s in OBJECTS : s.slot => s.key... }", "local.x[\"secondary\"][0]"),
        ("{ for s in OBJECTS : s.slot => s... }", "local.x[\"secondary\"][0].key"),
        ("{ for s in OBJECTS : s.slot => s.key... }", "one(local.x[\"secondary\"])"),
        // A list of a map.
        ("[for n, k in { primary = P, secondary = S } : k if n == var.slot]", "local.x[0]"),
        ("[for k, v in { primary = P, secondary = S } : v]", "local.x[0]"),
        ("values({ primary = P, secondary = S })", "local.x[0]"),
        ("values({ primary = { key = P }, secondary = { key = S } })", "local.x[0].key"),
        ("[for v in values({ primary = P, secondary = S }) : v]", "local.x[0]"),
        // Other names.
        ("[for k, v in { primary = P, secondary = S } : { name = k, key = v }]", "local.x[0].key"),
        ("[for k, v in { primary = { key = P }, secondary = { key = S } } : v.key]", "local.x[0]"),
        ("{ for v in OBJECTS : v.slot => { k = v.key } }", "local.x.primary.k"),
        (
            "{ for i, v in { a = { key = P }, b = { key = S } } : \"${i}_x\" => { v = v.key } }",
            "local.x[\"a_x\"].v",
        ),
        ("{ for s in OBJECTS : s.slot => s.key }", "local.x[\"secondary\"]"),
        // Whatever a function makes of them.
        ("matchkeys([P, S], [\"a\", \"b\"], [\"b\"])", "local.x[0]"),
        ("transpose({ a = [P], b = [S] })", "local.x[\"c\"][0]"),
        ("chunklist([P, S], 2)", "local.x[0][1]"),
        ("setproduct([\"w\", S], [P])", "local.x[1][0]"),
        ("formatlist(\"%s-%s\", [P, \"a\"], [\"b\", S])", "local.x[1]"),
        ("values({ primary = { key = P }, secondary = { key = S } })[*].key", "local.x[0]"),
    ] {
        let made = with(made);
        let text = root(&made, read);
        let tree = Tree::read(&[("a.tf", &text)]);
        assert_eq!(
            tree.slot_use(0, Access::ReadWrite),
            SlotUse::Unknown,
            "{made} {read}: {:#?}",
            tree.opaque
        );
        for to in [Slot::Primary, Slot::Secondary] {
            let refused = flip(&[("a.tf", text.as_str())], None, Access::ReadWrite, to).unwrap_err();
            assert!(
                matches!(refused[..], [Refusal::Opaque { .. }, ..] | [Refusal::ChosenElsewhere { .. }, ..]),
                "{made} {read}: {refused:?}"
            );
        }
    }
}

#[test]
fn what_is_picked_right_there_of_what_is_left_is_not_told() {
    for read in [
        "[for k in [P, S] : k if k != P][0]",
        "one([for s in OBJECTS : s.key if s.slot == var.slot])",
        "[for i, s in [P, S] : s if i == 1][0]",
    ] {
        let read = read.replace("OBJECTS", OBJECTS);
        let text = root(&read, "local.x");
        let tree = Tree::read(&[("a.tf", &text)]);
        assert_eq!(tree.slot_use(0, Access::ReadWrite), SlotUse::Unknown, "{read}");
        assert!(
            flip(&[("a.tf", text.as_str())], None, Access::ReadWrite, Slot::Secondary).is_err(),
            "{read}"
        );
    }
}

#[test]
fn a_place_that_stays_is_read_and_turned() {
    for (made, read, turned) in [
        ("[for k in [P, S] : k]", "local.x[0]", "local.x[1]"),
        ("[for s in OBJECTS : s]", "local.x[0].key", "local.x[1].key"),
        ("[for s in OBJECTS : s.key]", "local.x[0]", "local.x[1]"),
        ("[for s in OBJECTS : { name = s.slot, k = s.key }]", "local.x[0].k", "local.x[1].k"),
        ("{ for k, v in { primary = P, secondary = S } : k => v }", "local.x.primary", "local.x.secondary"),
        (
            "{ for k, v in { primary = { key = P }, secondary = { key = S } } : k => v.key }",
            "local.x[\"primary\"]",
            "local.x[\"secondary\"]",
        ),
        (
            "{ for k, v in { primary = { key = P }, secondary = { key = S } } : k => { n = k, value = v.key } }",
            "local.x.primary.value",
            "local.x.secondary.value",
        ),
    ] {
        let made = made.replace("OBJECTS", OBJECTS);
        let text = root(&made, read);
        let changed = flip(&[("a.tf", text.as_str())], None, Access::ReadWrite, Slot::Secondary);
        let changed = String::from_utf8(changed.unwrap().remove(0).1).unwrap();
        let plain = secret("t", "azurerm_cosmosdb_account.c.secondary_key");
        assert!(changed.contains(&secret("s", turned)) && changed.contains(&plain), "{made}: {changed}");
        let back = flip(&[("a.tf", changed.as_str())], None, Access::ReadWrite, Slot::Primary).unwrap();
        assert_eq!(String::from_utf8(back[0].1.clone()).unwrap(), text, "{made}");
    }
}

#[test]
fn one_key_goes_where_it_is_put() {
    for (made, read) in [
        ("[for s in [{ slot = \"a\", key = P }] : s if s.slot == \"a\"]", "local.x[0].key"),
        ("{ for s in [{ slot = \"a\", key = P }] : s.slot => s.key... }", "local.x[\"a\"][0]"),
        ("[for s in [{ slot = \"a\", key = P }] : { k = s.key }]", "local.x[0].k"),
        ("merge([for s in [{ slot = \"a\", key = P }] : { (s.slot) = s.key }]...)", "local.x.a"),
        ("merge([{ KEY = P }, { B = \"2\" }]...)", "local.x.KEY"),
        ("merge([{ KEY = P }, { B = \"2\" }, { C = \"3\" }]...)", "local.x[\"KEY\"]"),
        ("flatten([for s in [{ keys = [P] }] : s.keys])", "local.x[0]"),
        ("values({ a = { key = P } })", "local.x[0].key"),
    ] {
        let text = root(made, read);
        let found = flows(&[("a.tf", &text)]);
        let ends = found.iter().filter(|flow| flow.contains("KeyVaultSecret s")).count();
        assert_eq!(ends, 1, "{made}: {found:#?}");
        assert!(flip(&[("a.tf", text.as_str())], None, Access::ReadWrite, Slot::Secondary).is_ok(), "{made}");
    }
}

#[test]
fn what_a_for_leaves_of_its_elements_holds_no_key() {
    let made = "[for s in OBJECTS : s.slot]".replace("OBJECTS", OBJECTS);
    let text = root(&made, "local.x[0]");
    let found = flows(&[("a.tf", &text)]);
    assert!(!found.iter().any(|flow| flow.contains("KeyVaultSecret s")), "{found:#?}");
}

#[test]
fn the_entries_of_a_list_that_is_merged_are_read_by_their_names() {
    let list = "merge(local.list...)\n  list = [{ KEY = P }, { B = \"2\" }]";
    let text = root(list, "local.x.KEY");
    let found = flows(&[("a.tf", &text)]);
    assert!(found.iter().any(|flow| flow.contains("KeyVaultSecret s")), "{found:#?}");
    assert!(flip(&[("a.tf", text.as_str())], None, Access::ReadWrite, Slot::Secondary).is_ok());
}

#[test]
fn what_two_lists_make_in_a_call_is_read_by_its_names() {
    let root = format!(
        "{ACCOUNT}module \"m\" {{\n  source = \"./m\"\n  in     = zipmap([\"cosmos\"], [azurerm_cosmosdb_account.c.primary_key])\n}}\n{}",
        secret("s", "module.m.out[\"cosmos\"]")
    );
    let module = "variable \"in\" {}\noutput \"out\" {\n  value = var.in\n}\n";
    let found = flows(&[("main.tf", root.as_str()), ("m/main.tf", module)]);
    assert!(found.iter().any(|flow| flow.contains("KeyVaultSecret s")), "{found:#?}");
}

#[test]
fn what_a_function_makes_of_a_key_is_read_wherever_it_goes() {
    for (made, read) in [
        ("[for p in setproduct([\"web\"], [{ key = P }]) : p[1].key]", "local.x[0]"),
        ("{ for p in setproduct([\"web\"], [{ key = P }]) : p[0] => p[1].key }", "local.x.web"),
        ("[for c in yamldecode(templatefile(\"c.tftpl\", { k = P })) : c.key]", "local.x[0]"),
        ("[for c in (jsondecode(\"[{\\\"k\\\": \\\"${P}\\\"}]\")) : c.k]", "local.x[0]"),
        ("[for c in chunklist([{ key = P }], 1) : c[0].key]", "local.x[0]"),
        ("flatten([for c in chunklist([{ key = P }], 1) : c[0].key])", "local.x[0]"),
        ("[for c in true ? chunklist([{ key = P }], 1) : [] : c[0].key]", "local.x[0]"),
        ("[for c in [for d in chunklist([{ key = P }], 1) : d] : c[0].key]", "local.x[0]"),
        // What is picked right there.
        ("[for c in { a = { db = [{ key = P }] } }.a.db : c.key]", "local.x[0]"),
        (
            "{ for k, a in { t = { db = azurerm_cosmosdb_account.c } }.t.db : k => { key = a.primary_key } }",
            "local.x.a.key",
        ),
    ] {
        let made = made.replace('P', "azurerm_cosmosdb_account.c.primary_key");
        let text = format!("{ACCOUNT}locals {{\n  x = {made}\n}}\n{}", secret("s", read));
        let tree = Tree::read(&[("a.tf", &text)]);
        assert_ne!(tree.slot_use(0, Access::ReadWrite), SlotUse::None, "{made} {read}: {tree:#?}");
    }
}

#[test]
fn no_name_that_is_worked_out_is_written() {
    for value in [
        "{ (var.other) = P, secondary = S }[var.slot]",
        "{ \"${var.other}\" = P, secondary = S }[var.slot]",
        "lookup({ (var.other) = P, secondary = S }, var.slot)",
        "zipmap([var.other, \"secondary\"], [P, S])[var.slot]",
        "zipmap(var.others, [P, S])[var.slot]",
        "merge({ (var.other) = P }, { secondary = S })[var.slot]",
    ] {
        let text = root(value, "local.x") + "variable \"other\" {}\nvariable \"others\" {}\n";
        let changed = flip(&[("a.tf", text.as_str())], None, Access::ReadWrite, Slot::Primary);
        let text = changed.as_ref().ok().map(|files| String::from_utf8_lossy(&files[0].1).into_owned());
        assert!(text.as_ref().is_none_or(|text| !text.contains('…')), "{value}: {text:?}");
        assert!(changed.is_err(), "{value}: {text:?}");
    }
}
