//! Slots that the elements of a collection choose: each element's is known, and a flip moves what the elements say.

use super::found;
use crate::model::{Access, Slot, SlotUse};
use crate::terraform::{Refusal, Role, Tree, flip};

const X: &str = "data \"azurerm_cosmosdb_account\" \"x\" {\n  name = \"acme\"\n}\n";
const P: &str = "data.azurerm_cosmosdb_account.x.primary_key";
const S: &str = "data.azurerm_cosmosdb_account.x.secondary_key";

/// A secret for every element of a collection.
fn secrets(collection: &str, value: &str) -> String {
    let value = value.replace("$P", P).replace("$S", S).replace("$X", "data.azurerm_cosmosdb_account.x");
    format!(
        "{X}resource \"azurerm_key_vault_secret\" \"s\" {{\n  for_each = {collection}\n  name     = each.key\n  \
         value    = {value}\n}}\n"
    )
}

/// The slots that are read, by element.
fn slots(files: &[(&str, &str)]) -> Vec<(String, Slot)> {
    let tree = Tree::read(files);
    let taken = tree.references.iter().filter(|it| it.role == Role::Chosen);
    let mut slots: Vec<_> = taken.map(|it| (it.element.clone().unwrap_or_default(), it.slot)).collect();
    slots.sort();
    assert!(tree.opaque.is_empty(), "{:#?}", found(files));
    slots
}

/// There, where every element says the other slot, and back.
#[track_caller]
fn flips(files: &[(&str, &str)]) {
    let there = flip(files, None, Access::ReadWrite, Slot::Secondary).unwrap();
    let there: Vec<(String, String)> =
        there.into_iter().map(|(path, text)| (path, String::from_utf8(text).unwrap())).collect();
    let changed = |path: &str| there.iter().find(|(other, _)| other == path).map(|(_, text)| text.as_str());
    let after: Vec<(&str, &str)> =
        files.iter().map(|(path, text)| (*path, changed(path).unwrap_or(text))).collect();
    for ((path, old), (_, new)) in files.iter().zip(&after) {
        let moved = old.replace("slot = \"primary\"", "slot = \"secondary\"");
        let moved = moved.replace("attribute = \"primary_key\"", "attribute = \"secondary_key\"");
        assert_eq!(*new, moved, "{path}");
    }
    assert_ne!(files, after);
    for (path, text) in flip(&after, None, Access::ReadWrite, Slot::Primary).unwrap() {
        let old = files.iter().find(|(other, _)| *other == path).unwrap().1;
        assert_eq!(String::from_utf8(text).unwrap(), old);
    }
}

const READS: [&str; 7] = [
    "each.value.slot == \"primary\" ? $P : $S",
    "$X[\"${each.value.slot}_key\"]",
    "$X[format(\"%s_key\", each.value.slot)]",
    "{ primary = $P, secondary = $S }[each.value.slot]",
    "lookup({ primary = $P, secondary = $S }, each.value.slot)",
    "local.keys[each.value.slot]",
    "$X[each.value.attribute]",
];

fn elements(a: &str, b: &str) -> String {
    format!(
        "{{\n    a = {{ slot = \"{a}\", attribute = \"{a}_key\" }} # one\n    b = {{ attribute = \"{b}_key\", slot = \"{b}\" }}\n  }}"
    )
}

/// The files in which a collection is written and read.
fn ways(collection: &str, read: &str) -> Vec<Vec<(&'static str, String)>> {
    let keys = format!("locals {{\n  keys = {{ primary = {P}, secondary = {S} }}\n}}\n");
    let code = |name: &str| ("a.tf", secrets(name, read) + &keys);
    vec![
        vec![code(collection)],
        vec![code("local.apps"), ("b.tf", format!("locals {{\n  apps = {collection}\n}}\n"))],
        vec![code("var.apps"), ("b.tf", format!("variable \"apps\" {{\n  default = {collection}\n}}\n"))],
        vec![
            code("var.apps"),
            ("b.tf", "variable \"apps\" {}\n".to_owned()),
            ("terraform.tfvars", format!("apps = {collection}\n")),
        ],
        vec![
            code("local.apps"),
            ("b.tf", "variable \"apps\" {}\nlocals {\n  apps = var.apps\n}\n".to_owned()),
            ("terraform.tfvars", format!("apps = {collection}\r\n")),
        ],
    ]
}

fn all<'w>(files: &'w [(&'static str, String)]) -> Vec<(&'w str, &'w str)> {
    files.iter().map(|(path, text)| (*path, text.as_str())).collect()
}

#[test]
fn each_element_says_its_own_slot() {
    for read in READS {
        for files in ways(&elements("primary", "secondary"), read) {
            let told = [("a".to_owned(), Slot::Primary), ("b".to_owned(), Slot::Secondary)];
            assert_eq!(slots(&all(&files)), told, "{files:#?}");
            assert_eq!(Tree::read(&all(&files)).slot_use(0, Access::ReadWrite), SlotUse::Mixed);
        }
    }
}

#[test]
fn a_flip_moves_what_the_elements_say() {
    for read in READS {
        for files in ways(&elements("primary", "primary"), read) {
            // What names the attribute goes one way, what names the slot the other.
            let files: Vec<_> = files
                .into_iter()
                .map(|(path, text)| {
                    let text = match read.contains("attribute") {
                        true => text.replace("slot = \"primary\"", "slot = \"p\""),
                        false => text.replace("attribute = \"primary_key\"", "attribute = \"p\""),
                    };
                    (path, text)
                })
                .collect();
            flips(&all(&files));
        }
    }
}

#[test]
fn a_loop_reads_for_every_element() {
    let code = |apps: &str| {
        format!(
            "{X}locals {{\n  apps = {apps}\n  keys = {{ for k, v in local.apps : k => v.slot == \"primary\" ? {P} : {S} }}\n}}\n\
             resource \"x\" \"y\" {{\n  v = local.keys\n}}\n"
        )
    };
    let mixed = code("{ a = { slot = \"primary\" }, b = { slot = \"secondary\" } }");
    let told = [("a".to_owned(), Slot::Primary), ("b".to_owned(), Slot::Secondary)];
    assert_eq!(slots(&[("a.tf", &mixed)]), told);
    flips(&[("a.tf", &code("[{ slot = \"primary\" }, { slot = \"primary\" }]"))]);
}

#[test]
fn what_an_element_does_not_say_is_not_known() {
    for (collection, read) in [
        ("{ a = { slot = \"primary\" }, b = {} }", READS[0]),
        ("{ a = { slot = \"primary\" }, b = { slot = var.open } }", READS[0]),
        ("{ a = { slot = \"primary\" }, (var.open) = { slot = \"primary\" } }", READS[0]),
        ("{ for k, v in local.apps : k => v if v.on }", READS[0]),
        ("local.apps", "each.value.name == \"primary\" ? $P : $S"),
        ("merge(local.apps, var.open)", READS[0]),
        ("concat(local.apps, var.open)", READS[0]),
        ("var.open", READS[0]),
    ] {
        let more = "variable \"open\" {}\nlocals {\n  apps = { a = { slot = \"primary\", on = true } }\n}\n";
        let text = secrets(collection, read) + more;
        let tree = Tree::read(&[("a.tf", &text)]);
        assert_eq!(tree.slot_use(0, Access::ReadWrite), SlotUse::Unknown, "{collection}");
        assert!(flip(&[("a.tf", text)], None, Access::ReadWrite, Slot::Secondary).is_err(), "{collection}");
    }
}

#[test]
fn what_else_an_element_decides_keeps_it_as_it_is() {
    let apps = "variable \"apps\" {\n  default = { a = { slot = \"primary\", name = \"n\" } }\n}\n";
    for (more, free) in [
        ("output \"o\" {\n  value = [for a in var.apps : a.name]\n}\n", true),
        ("output \"o\" {\n  value = length(var.apps)\n}\n", true),
        ("resource \"t\" \"t\" {\n  for_each = var.apps\n  v = each.value.name\n}\n", true),
        ("output \"o\" {\n  value = [for a in var.apps : a.slot]\n}\n", false),
        ("output \"o\" {\n  value = var.apps[\"a\"].slot\n}\n", false),
        ("output \"o\" {\n  value = var.apps\n}\n", false),
        ("resource \"t\" \"t\" {\n  for_each = var.apps\n  v = each.value.slot\n}\n", false),
        ("resource \"t\" \"t\" {\n  for_each = var.apps\n  v = jsonencode(each.value)\n}\n", false),
    ] {
        let text = secrets("var.apps", READS[0]) + apps + more;
        match flip(&[("a.tf", text)], None, Access::ReadWrite, Slot::Secondary) {
            Ok(_) => assert!(free, "{more}"),
            Err(refusals) => {
                assert!(!free, "{more}: {refusals:?}");
                assert!(matches!(refusals[0], Refusal::AlsoDecides { .. }), "{refusals:?}");
            }
        }
    }
}
