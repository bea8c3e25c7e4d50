//! A name that stands for one account or another, by a condition.

use crate::model::{Access, Slot, SlotUse};
use crate::terraform::{Refusal, Tree, flip};

fn root(create: &str, local: &str, more: &str) -> String {
    format!(
        "variable \"create\" {{\n  default = {create}\n}}\nresource \"azurerm_cosmosdb_account\" \"m\" {{\n  count = var.create ? 1 : 0\n  \
         name  = \"acme-new\"\n}}\ndata \"azurerm_cosmosdb_account\" \"m\" {{\n  count = var.create ? 0 : 1\n  name  = \"acme-existing\"\n}}\n\
         locals {{\n  cosmos = {local}\n}}\nresource \"azurerm_key_vault_secret\" \"s\" {{\n  name  = \"s\"\n  value = \
         local.cosmos.primary_key\n}}\n{more}"
    )
}

const CONDITION: &str = "var.create ? azurerm_cosmosdb_account.m[0] : data.azurerm_cosmosdb_account.m[0]";
const DENIED: &str = "!var.create ? data.azurerm_cosmosdb_account.m[0] : azurerm_cosmosdb_account.m[0]";

fn uses(tree: &Tree) -> Vec<(String, SlotUse)> {
    let accounts = tree.accounts.iter().enumerate();
    accounts.map(|(at, account)| (account.key.to_string(), tree.slot_use(at, Access::ReadWrite))).collect()
}

#[test]
fn the_account_that_a_known_condition_picks_is_read() {
    for (create, picked, other) in
        [("false", "acme-existing", "acme-new"), ("true", "acme-new", "acme-existing")]
    {
        for local in [CONDITION, DENIED] {
            let text = root(create, local, "");
            let tree = Tree::read(&[("a.tf", &text)]);
            let uses = uses(&tree);
            let of = |name: &str| uses.iter().find(|(it, _)| it == name).map(|(_, used)| used);
            assert_eq!(of(picked), Some(&SlotUse::Only(Slot::Primary)), "{create} {local}: {uses:?}");
            assert!(matches!(of(other), None | Some(SlotUse::None)), "{create} {local}: {uses:?}");
            let files = [("a.tf", text.as_str())];
            let changed = flip(&files, Some(picked), Access::ReadWrite, Slot::Secondary).unwrap();
            let changed = String::from_utf8(changed[0].1.clone()).unwrap();
            assert_eq!(changed, text.replace("local.cosmos.primary_key", "local.cosmos.secondary_key"));
            let back = flip(&[("a.tf", changed.as_str())], Some(picked), Access::ReadWrite, Slot::Primary);
            assert_eq!(back.unwrap()[0].1, text.as_bytes());
            assert!(flip(&files, Some(other), Access::ReadWrite, Slot::Secondary).is_err());
        }
    }
}

#[test]
fn a_condition_that_is_not_known_leaves_both_open() {
    for (create, local) in [
        ("null", CONDITION.to_owned()),
        ("true", CONDITION.replace("var.create", "length(var.names) > 0")),
        ("true", CONDITION.replace("var.create", "var.create && var.b")),
    ] {
        let text = root(create, &local, "");
        let tree = Tree::read(&[("a.tf", &text)]);
        let uses = uses(&tree);
        assert!(
            uses.iter().all(|(_, used)| *used == SlotUse::Unknown) && uses.len() == 2,
            "{local}: {uses:?}"
        );
        for account in ["acme-new", "acme-existing"] {
            let files = [("a.tf", text.as_str())];
            let refused = flip(&files, Some(account), Access::ReadWrite, Slot::Secondary).unwrap_err();
            assert!(matches!(refused[..], [Refusal::Opaque { .. }, ..]), "{local}: {refused:?}");
        }
    }
}

#[test]
fn one_account_by_two_names_is_one() {
    let text = root("null", CONDITION, "").replace("acme-existing", "acme-new");
    let tree = Tree::read(&[("a.tf", &text)]);
    assert_eq!(uses(&tree), [("acme-new".to_owned(), SlotUse::Only(Slot::Primary))]);
}

#[test]
fn one_of_a_list_of_accounts_is_not_told() {
    for local in [
        "concat(azurerm_cosmosdb_account.m, data.azurerm_cosmosdb_account.m)[0]",
        "coalescelist(azurerm_cosmosdb_account.m, data.azurerm_cosmosdb_account.m)[0]",
        "element(concat(azurerm_cosmosdb_account.m[*], data.azurerm_cosmosdb_account.m[*]), 0)",
        "[for a in concat(azurerm_cosmosdb_account.m, data.azurerm_cosmosdb_account.m) : a][0]",
    ] {
        for name in ["acme-existing", "acme-new"] {
            let text = root("true", local, "").replace("acme-existing", name);
            let tree = Tree::read(&[("a.tf", &text)]);
            let uses = uses(&tree);
            assert!(uses.iter().all(|(_, used)| *used == SlotUse::Unknown), "{local}: {uses:?}");
            let files = [("a.tf", text.as_str())];
            let refused = flip(&files, Some("acme-new"), Access::ReadWrite, Slot::Secondary).unwrap_err();
            assert!(matches!(refused[..], [Refusal::Opaque { .. }, ..]), "{local}: {refused:?}");
        }
    }
}

#[test]
fn other_forms_of_a_condition_between_accounts_are_one_too() {
    for local in [
        "length(azurerm_cosmosdb_account.m) > 0 ? azurerm_cosmosdb_account.m[0] : data.azurerm_cosmosdb_account.m[0]",
        "var.create ? one(azurerm_cosmosdb_account.m) : one(data.azurerm_cosmosdb_account.m)",
        "var.create ? { a = azurerm_cosmosdb_account.m[0] }.a : { a = data.azurerm_cosmosdb_account.m[0] }.a",
    ] {
        let text = root("false", local, "");
        let tree = Tree::read(&[("a.tf", &text)]);
        let uses = uses(&tree);
        let of_new = uses.iter().find(|(name, _)| name == "acme-new").map(|(_, used)| *used);
        assert!(matches!(of_new, None | Some(SlotUse::None | SlotUse::Unknown)), "{local}: {uses:?}");
        let refused = flip(&[("a.tf", text.as_str())], Some("acme-new"), Access::ReadWrite, Slot::Secondary);
        assert!(refused.is_err(), "{local}");
    }
}
