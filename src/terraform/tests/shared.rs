//! Places that several calls or elements share, of which some do not hand in the same pair.

use super::Tree;
use crate::model::{Access, Slot};
use crate::terraform::{Refusal, plan};

const APP: &str = "variable \"primary\" {}\nvariable \"secondary\" {\n  default = \"\"\n}\nresource \"azurerm_key_vault_secret\" \"s\" {\n  \
                   name = \"s\"\n  value = var.primary\n}\n";

fn key(account: &str, slot: &str) -> String {
    format!("azurerm_cosmosdb_account.{account}.{slot}_key")
}

/// A call of the module, with what it hands in.
fn call(name: &str, arguments: &[(&str, &str)]) -> String {
    let arguments: String = arguments.iter().map(|(name, value)| format!("  {name} = {value}\n")).collect();
    format!("module \"{name}\" {{\n  source = \"./app\"\n{arguments}}}\n")
}

#[track_caller]
fn check(files: &[(&str, &str)], flips: bool) {
    let tree = Tree::read(files);
    let account = tree
        .references
        .iter()
        .filter(|it| it.symbol.name == "a" && it.access == Access::ReadWrite)
        .map(|it| it.account)
        .next()
        .unwrap();
    let planned = plan(&tree, account, Access::ReadWrite, Slot::Secondary);
    match planned {
        Ok(flip) => assert!(flips, "{files:#?} {:?}", flip.edits),
        Err(refusals) => {
            assert!(!flips, "{files:#?} {refusals:?}");
            assert!(refusals.iter().all(Refusal::is_finding), "{refusals:?}");
        }
    }
}

#[test]
fn a_name_that_a_caller_does_not_fill_with_the_other_key_is_not_read_in_its_place() {
    let (a1, a2, b1) = (key("a", "primary"), key("a", "secondary"), key("b", "primary"));
    let pair = call("x", &[("primary", &a1), ("secondary", &a2)]);
    for (other, flips) in [
        (call("y", &[("primary", &a1), ("secondary", &a2)]), true),
        (call("y", &[("primary", &a1)]), false),
        (call("y", &[("primary", &a2)]), false),
        (call("y", &[("primary", &b1)]), false),
        (call("y", &[("primary", &b1), ("secondary", "\"\"")]), false),
        (call("y", &[("primary", "azurerm_search_service.b.primary_key")]), false),
        (call("y", &[]), false),
        (String::new(), true),
    ] {
        check(&[("a.tf", &(pair.clone() + &other)), ("app/a.tf", APP)], flips);
    }
}

#[test]
fn nor_is_an_entry_of_an_object_that_a_caller_leaves_out() {
    let (a1, a2, b1) = (key("a", "primary"), key("a", "secondary"), key("b", "primary"));
    let app = "variable \"c\" {}\nresource \"azurerm_key_vault_secret\" \"s\" {\n  name = \"s\"\n  value = var.c.key\n}\n";
    let object = |key: &str, spare: &str| format!("{{ key = {key}, spare = {spare} }}");
    let pair = call("x", &[("c", &object(&a1, &a2))]);
    for (other, flips) in [
        (object(&a1, &a2), true),
        (object(&b1, "\"\""), false),
        (object(&b1, &b1), false),
        (format!("{{ key = {a1} }}"), false),
        ("local.c".to_owned(), false),
    ] {
        let root = pair.clone() + &call("y", &[("c", &other)]);
        check(&[("a.tf", &root), ("app/a.tf", app)], flips);
    }
}

#[test]
fn nor_what_an_element_of_a_collection_does_not_have() {
    let pair = |account: &str| {
        format!("{{ primary = {}, secondary = {} }}", key(account, "primary"), key(account, "secondary"))
    };
    let one = format!("{{ primary = {}, secondary = \"\" }}", key("b", "primary"));
    let reader = |each: &str| {
        format!(
            "resource \"azurerm_key_vault_secret\" \"s\" {{\n  for_each = {each}\n  name = each.key\n  value = each.value.primary\n}}\n"
        )
    };
    for (elements, flips) in [
        (format!("{{ x = {}, y = {} }}", pair("a"), pair("a")), true),
        (format!("{{ x = {} }}", pair("a")), true),
        (format!("{{ (var.x) = {} }}", pair("a")), true),
        (format!("{{ for x in var.xs : upper(x) => {} }}", pair("a")), true),
        (format!("merge({{ x = {} }}, {{ y = {} }})", pair("a"), pair("a")), true),
        (format!("{{ x = {}, y = {one} }}", pair("a")), false),
        (format!("{{ x = {}, y = local.more }}", pair("a")), false),
        (format!("merge({{ x = {} }}, {{ y = {one} }})", pair("a")), false),
        (format!("merge({{ x = {} }}, var.more)", pair("a")), false),
    ] {
        check(&[("a.tf", &reader(&elements))], flips);
        check(&[("a.tf", &format!("locals {{\n  xs = {elements}\n}}\n{}", reader("local.xs")))], flips);
        let module = format!(
            "module \"m\" {{\n  source = \"./app\"\n  for_each = {elements}\n  primary = each.value.primary\n  secondary = \
             each.value.secondary\n}}\n"
        );
        check(&[("a.tf", &module), ("app/a.tf", APP)], flips);
    }
}
