//! What is handed on under another name: as an entry of something larger, and by callers that name different things.

use crate::model::{Access, Slot, SlotUse};
use crate::terraform::{Tree, flip};

const ACCOUNTS: &str = "data \"azurerm_cosmosdb_account\" \"a\" {\n  name = \"acme\"\n}\ndata \"azurerm_cosmosdb_account\" \"b\" {\n  name = \"beta\"\n}\n";
const PAIR: &str = "{ primary = data.azurerm_cosmosdb_account.a.primary_key, secondary = data.azurerm_cosmosdb_account.a.secondary_key }";

fn secret(symbol: &str, value: &str) -> String {
    format!(
        "resource \"azurerm_key_vault_secret\" \"{symbol}\" {{\n  name  = \"{symbol}\"\n  value = {value}\n}}\n"
    )
}

fn call(name: &str, given: &str) -> String {
    format!("module \"{name}\" {{\n  source = \"./m\"\n  in     = {given}\n}}\n")
}

fn module(local: &str) -> String {
    format!("variable \"in\" {{}}\nlocals {{\n  v = {local}\n}}\noutput \"out\" {{\n  value = local.v\n}}\n")
}

fn used(files: &[(&str, &str)]) -> Vec<SlotUse> {
    let tree = Tree::read(files);
    (0..tree.accounts.len()).map(|at| tree.slot_use(at, Access::ReadWrite)).collect()
}

#[test]
fn a_pair_within_something_larger_is_read_by_the_names_that_lead_there() {
    for (local, read) in [
        ("{ out = var.in }", "module.m.out.out.primary"),
        ("{ out = var.in }", "module.m.out[\"out\"][\"primary\"]"),
        ("{ a = { b = var.in }, name = \"x\" }", "module.m.out.a.b.primary"),
        ("[var.in]", "module.m.out[0].primary"),
        ("{ out = var.in }", "try(module.m.out.out.primary, \"\")"),
    ] {
        let root = ACCOUNTS.to_owned() + &call("m", PAIR) + &secret("s", read);
        let module = module(local);
        let files = [("a.tf", root.as_str()), ("m/a.tf", module.as_str())];
        assert_eq!(used(&files)[0], SlotUse::Only(Slot::Primary), "{local} {read}");
        let changed = flip(&files, Some("acme"), Access::ReadWrite, Slot::Secondary).unwrap();
        let changed = String::from_utf8(changed[0].1.clone()).unwrap();
        assert_eq!(changed, root.replace(read, &read.replace("primary", "secondary")), "{local} {read}");
        let back = [("a.tf", changed.as_str()), files[1]];
        let back = flip(&back, Some("acme"), Access::ReadWrite, Slot::Primary).unwrap();
        assert_eq!(back[0].1, root.as_bytes(), "{local} {read}");
    }
}

#[test]
fn whoever_takes_it_otherwise_keeps_it_unknown() {
    let read = secret("s", "module.m.out.out.primary");
    for (more, inner) in [
        (secret("j", "jsonencode(module.m.out)"), ""),
        (secret("j", "jsonencode(module.m)"), ""),
        (secret("j", "[for x in module.m.out : x.primary][0]"), ""),
        (secret("j", "module.m.out[var.which].primary"), ""),
        (secret("j", "values(module.m.out)[0].primary"), ""),
        ("locals {\n  z = module.m.out\n}\n".to_owned() + &secret("j", "jsonencode(local.z)"), ""),
        ("output \"o\" {\n  value = module.m.out\n}\n".to_owned(), ""),
        (String::new(), "output \"all\" {\n  value = jsonencode(local.v)\n}\n"),
    ] {
        let root = ACCOUNTS.to_owned() + &call("m", PAIR) + &read + &more;
        let module = module("{ out = var.in }") + inner;
        let files = [("a.tf", root.as_str()), ("m/a.tf", module.as_str())];
        assert_eq!(used(&files)[0], SlotUse::Unknown, "{more} {inner}");
        assert!(flip(&files, Some("acme"), Access::ReadWrite, Slot::Secondary).is_err(), "{more} {inner}");
    }
}

#[test]
fn what_one_caller_names_says_nothing_of_what_another_hands_in() {
    let other = PAIR.replace("account.a.", "account.b.");
    let swapped = "{ primary = data.azurerm_cosmosdb_account.a.secondary_key, secondary = data.azurerm_cosmosdb_account.a.primary_key }";
    let [a, b] = ["a", "b"].map(|name| format!("data.azurerm_cosmosdb_account.{name}"));
    let inner = "\nmodule \"x\" {\n  source = \"./x\"\n}\n";
    for (one, two, [first, second], key) in [
        (a.as_str(), b.as_str(), ["local.a", "local.b"], "primary_key"),
        (a.as_str(), b.as_str(), ["module.x.a", "module.x.b"], "primary_key"),
        (PAIR, other.as_str(), ["local.a", "local.b"], "primary"),
        (PAIR, other.as_str(), ["module.x.a", "module.x.b"], "primary"),
        (PAIR, swapped, ["local.a", "local.b"], "primary"),
        (PAIR, other.as_str(), ["{ k = local.a }.k", "local.b"], "primary"),
        (PAIR, other.as_str(), ["merge(local.a, {})", "local.b"], "primary"),
        (PAIR, other.as_str(), ["var.x ? local.a : local.a", "local.b"], "primary"),
        (PAIR, other.as_str(), ["{ primary = \"x\" }", "local.b"], "primary"),
        (PAIR, other.as_str(), ["{ k = local.a }", "{ k = local.b }"], "k.primary"),
        (PAIR, other.as_str(), ["{ k = merge(local.a, {}) }", "{ k = local.b }"], "k.primary"),
        (a.as_str(), b.as_str(), ["merge(local.a, {})", "local.b"], "primary_key"),
        (
            a.as_str(),
            b.as_str(),
            ["{ k = local.a }", "{ k = data.azurerm_cosmosdb_account.b }"],
            "k.primary_key",
        ),
        (
            a.as_str(),
            b.as_str(),
            ["{ k = merge(local.a, {}) }", "{ k = data.azurerm_cosmosdb_account.b }"],
            "k.primary_key",
        ),
    ] {
        let locals = format!("locals {{\n  a = {one}\n  b = {two}\n}}\n");
        let outputs =
            format!("{ACCOUNTS}output \"a\" {{\n  value = {one}\n}}\noutput \"b\" {{\n  value = {two}\n}}\n");
        let root = match first.contains("module.x") {
            true => inner.to_owned(),
            false => ACCOUNTS.to_owned() + &locals,
        } + &call("m", first)
            + &call("n", second);
        let reader = "variable \"in\" {}\n".to_owned() + &secret("s", &format!("var.in.{key}"));
        let mut files = vec![("a.tf", root.as_str()), ("m/a.tf", reader.as_str())];
        files.extend(first.contains("module.x").then_some(("x/a.tf", outputs.as_str())));
        let used = used(&files);
        assert!(!used.contains(&SlotUse::Only(Slot::Primary)), "{first} {one} {two}: {used:?}");
        assert!(used.contains(&SlotUse::Unknown), "{first} {one} {two}: {used:?}");
        for account in ["acme", "beta"] {
            let refused = flip(&files, Some(account), Access::ReadWrite, Slot::Secondary);
            assert!(refused.is_err(), "{first} {one} {two}");
        }
    }
}

#[test]
fn what_all_callers_name_alike_is_that() {
    for (given, read) in [("local.a", "var.in.primary"), ("{ k = local.a }", "var.in.k.primary")] {
        let locals = format!("locals {{\n  a = {PAIR}\n}}\n");
        let root = ACCOUNTS.to_owned() + &locals + &call("m", given) + &call("n", given) + &call("o", "null");
        let reader = "variable \"in\" {}\n".to_owned() + &secret("s", read);
        let files = [("a.tf", root.as_str()), ("m/a.tf", reader.as_str())];
        assert_eq!(used(&files)[0], SlotUse::Only(Slot::Primary), "{given}");
        let changed = flip(&files, Some("acme"), Access::ReadWrite, Slot::Secondary).unwrap();
        assert_eq!(changed[0].1, reader.replace("primary", "secondary").as_bytes());
    }
}
