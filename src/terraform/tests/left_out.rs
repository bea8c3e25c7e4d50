//! What a call leaves out of an object has the default that the variable's type gives, or is not known.

use crate::model::{Access, Slot};
use crate::terraform::{Refusal, Tree, flip};

const ACCOUNT: &str = "resource \"azurerm_cosmosdb_account\" \"c\" {\n  name = \"acme\"\n}\n";

fn call(name: &str, config: &str) -> String {
    format!(
        "module \"{name}\" {{\n  source  = \"./m\"\n  config  = {config}\n  account = azurerm_cosmosdb_account.c\n}}\n"
    )
}

/// A module that takes its slot from a part of what it is given.
fn module(declared: &str, slot: &str) -> String {
    format!(
        "variable \"account\" {{}}\nvariable \"config\" {{\n  type = {declared}\n}}\nresource \"azurerm_key_vault_secret\" \"s\" {{\n  \
         name  = \"s\"\n  value = {slot} == \"primary\" ? var.account.primary_key : var.account.secondary_key\n}}\n"
    )
}

fn there_and_back(files: &[(&str, &str)]) -> Vec<(String, String)> {
    let changed = flip(files, None, Access::ReadWrite, Slot::Secondary).unwrap();
    let changed: Vec<(String, String)> =
        changed.into_iter().map(|(path, bytes)| (path, String::from_utf8(bytes).unwrap())).collect();
    let new = |path: &str, text: &str| {
        changed.iter().find(|(it, _)| it == path).map_or(text.to_owned(), |(_, new)| new.clone())
    };
    let there: Vec<(&str, String)> = files.iter().map(|(path, text)| (*path, new(path, text))).collect();
    let there: Vec<(&str, &str)> = there.iter().map(|(path, text)| (*path, text.as_str())).collect();
    let back = flip(&there, None, Access::ReadWrite, Slot::Primary).unwrap();
    for (path, bytes) in back {
        let before = files.iter().find(|(it, _)| *it == path).unwrap().1;
        assert_eq!(String::from_utf8(bytes).unwrap(), before, "{path}");
    }
    changed
}

#[test]
fn what_is_left_out_is_the_default_of_the_type() {
    for (declared, slot, given, left_out) in [
        (
            "object({ name = string, slot = optional(string, \"primary\") })",
            "var.config.slot",
            "{ name = \"b\", slot = \"primary\" }",
            "{ name = \"a\" }",
        ),
        (
            "object({ db = optional(object({ slot = optional(string, \"primary\") }), {}) })",
            "var.config.db.slot",
            "{ db = { slot = \"primary\" } }",
            "{}",
        ),
    ] {
        let module = module(declared, slot);
        for (one, other) in [(given, left_out), (left_out, left_out)] {
            let root = format!("{ACCOUNT}{}{}", call("a", one), call("b", other));
            let changed = there_and_back(&[("main.tf", &root), ("m/main.tf", &module)]);
            let text = |path: &str| changed.iter().find(|(it, _)| it == path).map(|(_, text)| text.as_str());
            let said = text("m/main.tf").unwrap();
            assert!(said.contains("optional(string, \"secondary\")"), "{declared}: {said}");
            let given = if one == given { Some(root.replace("\"primary\"", "\"secondary\"")) } else { None };
            assert_eq!(text("main.tf"), given.as_deref(), "{declared}");
        }
    }
}

#[test]
fn a_slot_of_a_local_value_is_one_with_the_default() {
    let locals = "locals {\n  b = { name = \"b\", slot = \"primary\" }\n}\n";
    let root = format!("{ACCOUNT}{locals}{}{}", call("a", "{ name = \"a\" }"), call("b", "local.b"));
    let module = module("object({ name = string, slot = optional(string, \"primary\") })", "var.config.slot");
    assert_eq!(there_and_back(&[("main.tf", &root), ("m/main.tf", &module)]).len(), 2);
}

#[test]
fn what_is_left_out_and_has_no_default_is_not_known() {
    for (declared, slot) in [
        ("object({ name = string, slot = optional(string) })", "var.config.slot"),
        ("any", "var.config.slot"),
        ("object({ name = string, slot = optional(string, local.slot) })", "var.config.slot"),
        ("object({ name = string, slot = optional(string, \"secondary\") })", "var.config.slot"),
        // The type puts it there: nothing else is tried.
        ("object({ name = string, slot = optional(string) })", "try(var.config.slot, \"primary\")"),
    ] {
        let root = format!(
            "{ACCOUNT}{}{}",
            call("a", "{ name = \"a\" }"),
            call("b", "{ name = \"b\", slot = \"primary\" }")
        );
        let module = module(declared, slot);
        let files = [("main.tf", root.as_str()), ("m/main.tf", &module)];
        let refused = flip(&files, None, Access::ReadWrite, Slot::Secondary).unwrap_err();
        assert!(matches!(refused[..], [Refusal::ChosenElsewhere { .. }, ..]), "{declared}: {refused:?}");
        assert!(Tree::read(&files).choosers.is_empty(), "{declared}");
    }
}

#[test]
fn elements_that_one_caller_fills_and_another_does_not_are_not_known() {
    let root = format!(
        "{ACCOUNT}{}{}",
        call("a", "{ web = { name = \"a\" } }"),
        call("b", "{ web = { name = \"b\", slot = \"primary\" } }")
    );
    let module = "variable \"account\" {}\nvariable \"config\" {}\nresource \"azurerm_key_vault_secret\" \"s\" {\n  for_each = var.config\n  \
                  name     = each.value.name\n  value    = each.value.slot == \"primary\" ? var.account.primary_key : var.account.secondary_key\n}\n";
    let files = [("main.tf", root.as_str()), ("m/main.tf", module)];
    let refused = flip(&files, None, Access::ReadWrite, Slot::Secondary).unwrap_err();
    assert!(matches!(refused[..], [Refusal::ChosenElsewhere { .. }, ..]), "{refused:?}");
}

#[test]
fn what_one_caller_leaves_to_a_map_beneath_is_not_known() {
    let root = |other: &str| format!("{ACCOUNT}{}{}", call("a", "{ name = \"a\" }"), call("b", other));
    for (merged, slot) in [
        ("merge({ slot = \"primary\" }, var.config)", "local.c.slot"),
        ("merge(local.d, var.config)", "local.c.slot"),
        ("merge({ slot = \"primary\" }, var.config, {})", "local.c[\"slot\"]"),
        ("merge({}, var.config)", "lookup(local.c, \"slot\", \"primary\")"),
    ] {
        let module =
            format!("{}locals {{\n  d = {{ slot = \"primary\" }}\n  c = {merged}\n}}\n", module("any", slot));
        let said = root("{ name = \"b\", slot = \"primary\" }");
        let files = [("main.tf", said.as_str()), ("m/main.tf", &module)];
        let refused = flip(&files, None, Access::ReadWrite, Slot::Secondary).unwrap_err();
        assert!(matches!(refused[..], [Refusal::ChosenElsewhere { .. }, ..]), "{merged}: {refused:?}");
        // Where all of them leave it out, it is what stands beneath.
        let silent = root("{ name = \"b\" }");
        if slot.starts_with("lookup") {
            continue;
        }
        assert_eq!(there_and_back(&[("main.tf", &silent), ("m/main.tf", &module)]).len(), 1, "{merged}");
    }
}
