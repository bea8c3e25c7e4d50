//! Maps whose entries are named in another way than an object's: instances behind a dot, and what `zipmap` makes.

use super::found;
use crate::model::{Access, Slot, SlotUse};
use crate::terraform::{Tree, flip, select};

const ACCOUNTS: &str = "resource \"azurerm_cosmosdb_account\" \"m\" {\n  for_each = toset([\"eu\", \"us\"])\n  name     = \"acme-${each.key}\"\n}\n";
const PRIMARY: SlotUse = SlotUse::Only(Slot::Primary);

fn uses(files: &[(&str, &str)], names: &[&str]) -> Vec<SlotUse> {
    let tree = Tree::read(files);
    let slot = |name: &&str| {
        let account = select(&tree, Some(name), Access::ReadWrite).unwrap();
        tree.slot_use(account, Access::ReadWrite)
    };
    names.iter().map(slot).collect()
}

/// Moves there and back; there, all of these words of the files are the other slot's.
#[track_caller]
fn moves(files: &[(&str, &str)], read: &str, moved: &str) {
    let there = flip(files, None, Access::ReadWrite, Slot::Secondary)
        .unwrap_or_else(|why| panic!("{files:#?} {why:?}"));
    let there: Vec<(String, String)> =
        there.into_iter().map(|(path, text)| (path, String::from_utf8(text).unwrap())).collect();
    let text = |path: &str| there.iter().find(|(other, _)| other == path).map(|(_, text)| text.as_str());
    let after: Vec<(&str, &str)> =
        files.iter().map(|(path, old)| (*path, text(path).unwrap_or(old))).collect();
    for ((_, old), (_, new)) in files.iter().zip(&after) {
        assert_eq!(*new, old.replace(read, moved));
    }
    assert_ne!(files, after);
    for (path, text) in flip(&after, None, Access::ReadWrite, Slot::Primary).unwrap() {
        let old = files.iter().find(|(other, _)| *other == path).unwrap().1;
        assert_eq!(String::from_utf8(text).unwrap(), old);
    }
}

#[test]
fn an_instance_behind_a_dot_is_that_instance() {
    let module = |code: &str| format!("{ACCOUNTS}{code}");
    let secret = |value: &str| {
        format!("resource \"azurerm_key_vault_secret\" \"s\" {{\n  name  = \"s\"\n  value = {value}\n}}\n")
    };
    let of = |more: &str, value: &str| vec![("a.tf", format!("{ACCOUNTS}{more}{}", secret(value)))];
    let local = "locals {\n  all = azurerm_cosmosdb_account.m\n}\n";
    for files in [
        of(local, "local.all.eu.primary_key"),
        of(local, "local.all[\"eu\"].primary_key"),
        of("locals {\n  all = { for k, a in azurerm_cosmosdb_account.m : k => a }\n}\n", "local.all.eu.primary_key"),
        of("locals {\n  all = azurerm_cosmosdb_account.m\n  eu  = local.all.eu\n}\n", "local.eu.primary_key"),
        of("locals {\n  all = azurerm_cosmosdb_account.m\n  eu  = local.all.eu.primary_key\n}\n", "local.eu"),
        vec![
            ("a.tf", format!("module \"db\" {{\n  source = \"./db\"\n}}\n{}", secret("module.db.accounts.eu.primary_key"))),
            ("db/a.tf", module("output \"accounts\" {\n  value = azurerm_cosmosdb_account.m\n}\n")),
        ],
        vec![
            ("a.tf", module("module \"app\" {\n  source   = \"./app\"\n  accounts = azurerm_cosmosdb_account.m\n}\n")),
            ("app/a.tf", format!("variable \"accounts\" {{}}\n{}", secret("var.accounts.eu.primary_key"))),
        ],
        vec![
            (
                "a.tf",
                format!(
                    "module \"db\" {{\n  for_each = toset([\"eu\", \"us\"])\n  source = \"./db\"\n  name = each.key\n}}\nlocals {{\n  dbs = module.db\n}}\n{}",
                    secret("local.dbs.eu.primary_key")
                ),
            ),
            (
                "db/a.tf",
                "variable \"name\" {}\nresource \"azurerm_cosmosdb_account\" \"m\" {\n  name = \"acme-${var.name}\"\n}\noutput \"primary_key\" {\n  value = azurerm_cosmosdb_account.m.primary_key\n}\noutput \"secondary_key\" {\n  value = azurerm_cosmosdb_account.m.secondary_key\n}\n".to_owned(),
            ),
        ],
    ] {
        let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
        assert!(Tree::read(&files).opaque.is_empty(), "{:#?}", found(&files));
        let whole = |name: &str| uses(&files, &[name])[0];
        assert_eq!(whole("acme-eu"), PRIMARY, "{files:#?}");
        let of_all = files.iter().any(|(_, text)| text.contains("for k, a"));
        assert_eq!(whole("acme-us") == SlotUse::None, !of_all, "{files:#?}");
        if !of_all && !files.iter().any(|(_, text)| text.contains("output \"secondary_key\"")) {
            moves(&files, "primary_key", "secondary_key");
        }
    }
}

/// What is no instance stays an attribute.
#[test]
fn an_attribute_of_one_account_is_no_instance() {
    for value in ["local.one.name", "local.one.endpoint", "one(azurerm_cosmosdb_account.m[*]).name"] {
        let text = format!(
            "resource \"azurerm_cosmosdb_account\" \"m\" {{\n  count = 1\n  name = \"acme\"\n}}\nlocals {{\n  one = one(azurerm_cosmosdb_account.m)\n}}\nresource \"x\" \"y\" {{\n  v = {value}\n}}\n"
        );
        assert!(Tree::read(&[("a.tf", &text)]).opaque.is_empty(), "{value} {:#?}", found(&[("a.tf", &text)]));
    }
}

const ACME: &str = "data \"azurerm_cosmosdb_account\" \"c\" {\n  name = \"acme\"\n}\n";
const PAIR: &str = "locals {\n  k = zipmap([\"primary\", \"secondary\"], [data.azurerm_cosmosdb_account.c.primary_key, data.azurerm_cosmosdb_account.c.secondary_key])\n}\n";

#[test]
fn what_zipmap_makes_has_names() {
    let secret = |value: &str| {
        format!("resource \"azurerm_key_vault_secret\" \"s\" {{\n  name  = \"s\"\n  value = {value}\n}}\n")
    };
    for (read, moved) in [
        ("local.k.primary", "local.k.secondary"),
        ("local.k[\"primary\"]", "local.k[\"secondary\"]"),
        ("lookup(local.k, \"primary\")", "lookup(local.k, \"secondary\")"),
    ] {
        let text = format!("{ACME}{PAIR}{}", secret(read));
        assert_eq!(uses(&[("a.tf", &text)], &["acme"]), [PRIMARY], "{:#?}", found(&[("a.tf", &text)]));
        moves(&[("a.tf", &text)], read, moved);
    }
    // Through a module that hands it back under a name of its own.
    let module = "variable \"in\" {}\noutput \"out\" {\n  value = { key = var.in }\n}\n";
    for (more, value) in [("", "module.m.out.key"), ("  for_each = module.m.out\n", "module.m.out[each.key]")]
    {
        let text = format!(
            "{ACME}{PAIR}module \"m\" {{\n  source = \"./m\"\n  in     = local.k.primary\n}}\nresource \"azurerm_key_vault_secret\" \"s\" {{\n{more}  name  = \"s\"\n  value = {value}\n}}\n"
        );
        let files = [("a.tf", text.as_str()), ("m/a.tf", module)];
        assert_eq!(uses(&files, &["acme"]), [PRIMARY], "{value} {:#?}", found(&files));
        moves(&files, "local.k.primary", "local.k.secondary");
        let tree = Tree::read(&files);
        assert!(tree.flows().iter().any(|flow| flow.sink.name == "s"), "{:#?}", tree.flows());
    }
}

#[test]
fn a_zipmap_whose_names_are_not_told_refuses_the_flip() {
    for names in ["var.names", "[var.a, \"secondary\"]", "keys(var.names)"] {
        let pair = PAIR.replace("[\"primary\", \"secondary\"]", names);
        for read in ["local.k.primary", "local.k[\"b\"]", "local.k[var.a]"] {
            let text = format!(
                "{ACME}{pair}variable \"names\" {{}}\nvariable \"a\" {{}}\nresource \"x\" \"y\" {{\n  v = {read}\n}}\n"
            );
            let files = [("a.tf", text.as_str())];
            assert_ne!(uses(&files, &["acme"]), [PRIMARY], "{text}{:#?}", found(&files));
            for to in [Slot::Primary, Slot::Secondary] {
                assert!(flip(&files, None, Access::ReadWrite, to).is_err(), "{text}");
            }
        }
    }
}
