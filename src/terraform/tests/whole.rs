//! Pairs and accounts that are handed on without naming which key is meant.

use super::{check, found};
use crate::terraform::Tree;

const PAIR: &str = "output \"primary_key\" {\n  value = azurerm_cosmosdb_account.a.primary_key\n}\noutput \"secondary_key\" {\n  value = azurerm_cosmosdb_account.a.secondary_key\n}\n";
const OFFERED: [&str; 2] = [
    "db/a.tf:2 primary_key [primary_key] primary read-write Definition",
    "db/a.tf:5 secondary_key [secondary_key] secondary read-write Definition",
];

fn root(expression: &str) -> String {
    format!("module \"db\" {{\n  source = \"./db\"\n}}\nlocals {{\n  x = [{expression}]\n}}\n")
}

#[test]
fn a_module_that_is_named_without_an_output_is_opaque() {
    for expression in [
        "module.db",
        "values(module.db)[0]",
        "module.db[\"${\"primary\"}_key\"]",
        "module.db[var.name]",
        "jsonencode(module.db)",
        "merge(module.db, {})",
        "lookup(module.db, var.name)",
    ] {
        let code = root(expression);
        let expected: Vec<&str> = ["a.tf:5 opaque"].into_iter().chain(OFFERED).collect();
        check(&[("a.tf", &code), ("db/a.tf", PAIR)], &expected);
    }
}

#[test]
fn an_output_by_its_name_is_not() {
    for expression in ["module.db.secondary_key", "module.db[\"secondary_key\"]"] {
        let code = root(expression);
        let read = "a.tf:5 secondary_key [secondary_key] secondary read-write Consumer";
        let expected: Vec<&str> = [read].into_iter().chain(OFFERED).collect();
        check(&[("a.tf", &code), ("db/a.tf", PAIR)], &expected);
    }
    for expression in ["length(module.db)", "[for name, value in module.db : name]"] {
        let code = root(expression);
        check(&[("a.tf", &code), ("db/a.tf", PAIR)], &OFFERED);
    }
}

#[test]
fn an_instance_of_a_repeated_module_is_not_an_output() {
    let code = "module \"db\" {\n  source = \"./db\"\n  for_each = toset([\"eu\"])\n}\nlocals {\n  x = module.db[\"eu\"].primary_key\n  y = [module.db[\"eu\"]]\n}\n";
    let read = "a.tf:6 primary_key [primary_key] primary read-write Consumer";
    let expected: Vec<&str> = [read, "a.tf:7 opaque"].into_iter().chain(OFFERED).collect();
    check(&[("a.tf", code), ("db/a.tf", PAIR)], &expected);
}

#[test]
fn a_module_under_another_name_is_followed() {
    let root = "module \"db\" {\n  source = \"./db\"\n}\nmodule \"app\" {\n  source = \"./app\"\n  db = module.db\n}\n";
    let app = "variable \"db\" {}\nlocals {\n  k = [var.db.secondary_key]\n}\n";
    let read = "app/a.tf:3 secondary_key [secondary_key] secondary read-write Consumer";
    let expected: Vec<&str> = [read].into_iter().chain(OFFERED).collect();
    check(&[("a.tf", root), ("app/a.tf", app), ("db/a.tf", PAIR)], &expected);
    let unread = "variable \"db\" {}\nlocals {\n  k = [jsonencode(var.db)]\n}\n";
    let expected: Vec<&str> = ["app/a.tf:3 opaque"].into_iter().chain(OFFERED).collect();
    check(&[("a.tf", root), ("app/a.tf", unread), ("db/a.tf", PAIR)], &expected);
}

#[test]
fn a_module_that_hands_an_account_out_is_opaque_as_a_whole() {
    let account = "output \"account\" {\n  value = azurerm_cosmosdb_account.a\n}\n";
    check(&[("a.tf", &root("jsonencode(module.db)")), ("db/a.tf", account)], &["a.tf:5 opaque"]);
    let read = "a.tf:5 primary_key [primary_key] primary read-write Consumer";
    check(&[("a.tf", &root("module.db.account.primary_key")), ("db/a.tf", account)], &[read]);
}

#[test]
fn the_outputs_of_a_dependency_that_are_handed_on_whole_are_opaque() {
    let app = "dependency \"db\" {\n  config_path = \"../db\"\n}\ninputs = dependency.db.outputs\n";
    let expected: Vec<&str> = ["app/terragrunt.hcl:4 opaque"].into_iter().chain(OFFERED).collect();
    check(&[("app/terragrunt.hcl", app), ("db/a.tf", PAIR)], &expected);
}

#[test]
fn pairs_within_maps_of_maps_are_told_by_the_name_that_differs() {
    let code = |read: &str| {
        format!(
            "locals {{\n  s = {{\n    a = {{ primary = azurerm_cosmosdb_account.a.primary_key\n      secondary = azurerm_cosmosdb_account.a.secondary_key }}\n  }}\n  x = [{read}]\n}}\n"
        )
    };
    let defined = [
        "a.tf:3 primary_key [primary_key] primary read-write Definition",
        "a.tf:4 secondary_key [secondary_key] secondary read-write Definition",
    ];
    for read in [
        "local.s.a.secondary",
        "local.s[\"a\"].secondary",
        "local.s[*].secondary",
        "[for v in local.s : v.secondary]",
        "values(local.s)[*].secondary",
        "one(values(local.s)).secondary",
    ] {
        let found = "a.tf:6 secondary [secondary] secondary read-write Consumer";
        let expected: Vec<&str> = defined.into_iter().chain([found]).collect();
        check(&[("a.tf", &code(read))], &expected);
    }
}

#[test]
fn a_pair_of_local_values_is_read_by_its_names_wherever_it_comes_from() {
    let defined = "module \"m\" {\n  source = \"./m\"\n}\nlocals {\n  db = azurerm_cosmosdb_account.a\n}\n";
    let account = format!("{PAIR}output \"account\" {{\n  value = azurerm_cosmosdb_account.a\n}}\n");
    for object in [
        "azurerm_cosmosdb_account.a",
        "azurerm_cosmosdb_account.a[0]",
        "data.azurerm_cosmosdb_account.d",
        "local.db",
        "module.m",
        "module.m.account",
        "dependency.cosmos.outputs",
        "data.terraform_remote_state.cosmos.outputs",
        "one(azurerm_cosmosdb_account.a[*])",
    ] {
        for read in [
            "local.secondary",
            "\"k=${local.secondary}\"",
            "var.s == \"primary\" ? \"\" : local.secondary",
            "base64encode(local.secondary)",
            "try(local.secondary, \"\")",
            "format(\"%s\", local.secondary)",
            "[local.secondary][0]",
        ] {
            let pair = format!(
                "locals {{\n  primary = {object}.primary_key\n  secondary = {object}.secondary_key\n}}\n"
            );
            let reader = format!(
                "resource \"azurerm_key_vault_secret\" \"s\" {{\n  name = \"k\"\n  value = {read}\n}}\n"
            );
            let files = [("a.tf", defined), ("b.tf", &pair), ("c.tf", &reader), ("m/a.tf", &account)];
            let expected = "c.tf:3 secondary [secondary] secondary read-write Consumer".to_owned();
            assert!(found(&files).contains(&expected), "{object} {read}: {:#?}", found(&files));
        }
    }
}

#[test]
fn accounts_in_collections_are_followed_where_all_reads_name_one() {
    let collections = "locals {\n  by_name = { eu = azurerm_cosmosdb_account.eu, us = { account = azurerm_cosmosdb_account.us } }\n\n}\n";
    let reads = |read: &str| format!("{collections}resource \"a_b\" \"c\" {{\n  k = {read}\n}}\n");
    for (read, account) in [
        ("local.by_name.eu.primary_key", "eu"),
        ("local.by_name[\"eu\"].primary_key", "eu"),
        ("local.by_name.us.account.primary_key", "us"),
        ("lookup(local.by_name, \"eu\").primary_key", "eu"),
    ] {
        let text = reads(read);
        check(&[("a.tf", &text)], &["a.tf:6 primary_key [primary_key] primary read-write Consumer"]);
        let tree = Tree::read(&[("a.tf", &text)]);
        let key = tree.accounts[tree.references[0].account].key.to_string();
        assert_eq!(key, format!("azurerm_cosmosdb_account.{account}"), "{read}");
    }
    let list = "locals {\n  list = [azurerm_cosmosdb_account.eu]\n}\nresource \"a_b\" \"c\" {\n  k = local.list[0].primary_key\n}\n";
    check(&[("a.tf", list)], &["a.tf:5 primary_key [primary_key] primary read-write Consumer"]);
    for read in [
        "local.by_name[var.x].primary_key",
        "jsonencode(local.by_name)",
        "[for a in local.by_name : a.primary_key]",
    ] {
        let lines = found(&[("a.tf", &reads(read))]);
        assert!(lines.contains(&"a.tf:2 opaque".to_owned()), "{read}: {lines:?}");
    }
}

#[test]
fn accounts_in_maps_are_followed_through_outputs_and_inputs() {
    let db = "resource \"azurerm_cosmosdb_account\" \"a\" {\n  name = \"acme\"\n}\nmodule \"app\" {\n  source = \"../app\"\n  deps = { cosmos = azurerm_cosmosdb_account.a }\n}\noutput \"all\" {\n  value = { db = azurerm_cosmosdb_account.a, x = 1 }\n}\n";
    let app = "variable \"deps\" {}\nresource \"a_b\" \"c\" {\n  k = var.deps.cosmos.primary_key\n}\n";
    let root = |more: &str| {
        format!(
            "module \"db\" {{\n  source = \"./db\"\n}}\nresource \"a_b\" \"c\" {{\n  k = module.db.all.db.primary_key\n}}\n{more}"
        )
    };
    let read = |place: &str| format!("{place} primary_key [primary_key] primary read-write Consumer");
    check(
        &[("a.tf", &root("")), ("app/a.tf", app), ("db/a.tf", db)],
        &[&read("a.tf:5"), &read("app/a.tf:3")],
    );
    let whole = root("resource \"a_b\" \"d\" {\n  k = jsonencode(module.db)\n}\n");
    let lines = found(&[("a.tf", &whole), ("app/a.tf", app), ("db/a.tf", db)]);
    assert!(lines.iter().any(|line| line.ends_with("opaque")), "{lines:?}");
}

#[test]
fn entries_that_are_instances_are_the_instances() {
    let accounts = "resource \"azurerm_cosmosdb_account\" \"x\" {\n  for_each = toset([\"eu\", \"us\"])\n  name     = \"cosmos-${each.key}\"\n}\n";
    let of = |files: &[(&str, &str)]| -> Vec<String> {
        let tree = Tree::read(files);
        let keys = tree.references.iter().map(|it| tree.accounts[it.account].key.to_string());
        keys.collect()
    };
    let map = "locals {\n  m = { a = azurerm_cosmosdb_account.x[\"eu\"], b = azurerm_cosmosdb_account.x[\"us\"] }\n  k = local.m.b.primary_key\n}\n";
    assert_eq!(of(&[("a.tf", &format!("{accounts}{map}"))]), ["cosmos-us"]);
    // Callers that hand in different instances under one name are read for all of them.
    let app = "variable \"deps\" {}\nresource \"a_b\" \"c\" {\n  k = var.deps.cosmos.primary_key\n}\n";
    let call = |key: &str| {
        format!(
            "module \"{key}\" {{\n  source = \"./app\"\n  deps   = {{ cosmos = azurerm_cosmosdb_account.x[\"{key}\"] }}\n}}\n"
        )
    };
    let one = format!("{accounts}{}", call("us"));
    assert_eq!(of(&[("a.tf", &one), ("app/a.tf", app)]), ["cosmos-us"]);
    let both = one + &call("eu");
    assert_eq!(of(&[("a.tf", &both), ("app/a.tf", app)]), ["cosmos-eu", "cosmos-us"]);
}

#[test]
fn entries_that_callers_fill_in_differently_are_opaque_where_they_are_handed_on() {
    let app = "variable \"deps\" {}\nresource \"a_b\" \"c\" {\n  k = var.deps.cosmos.primary_key\n}\n";
    let call = |account: &str, deps: &str| {
        format!(
            "resource \"azurerm_cosmosdb_account\" \"{account}\" {{\n  name = \"{account}\"\n}}\nmodule \"{account}\" {{\n  source = \"../app\"\n  deps = {deps}\n}}\n"
        )
    };
    let cosmos = |account: &str| format!("{{ cosmos = azurerm_cosmosdb_account.{account} }}");
    let of = |first: &str, second: &str| {
        found(&[("x/a.tf", &call("a", first)), ("y/a.tf", &call("b", second)), ("app/a.tf", app)])
    };
    let both = vec!["x/a.tf:6 opaque".to_owned(), "y/a.tf:6 opaque".to_owned()];
    assert_eq!(of(&cosmos("a"), &cosmos("b")), both);
    assert_eq!(of(&cosmos("a"), "{ cosmos = { inner = azurerm_cosmosdb_account.b } }"), both);
    let more = format!("{}\n}}\nlocals {{\n  deps = {}", "local.deps", cosmos("b"));
    assert!(of(&cosmos("a"), &more).contains(&"x/a.tf:6 opaque".to_owned()));
}
