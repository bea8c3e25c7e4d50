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

#[test]
fn one_account_or_another_is_not_the_first_of_them() {
    let third = "data \"azurerm_cosmosdb_account\" \"z\" {\n  name = \"acme-z\"\n}\n";
    let nested = format!("var.b ? data.azurerm_cosmosdb_account.z : ({CONDITION})");
    for (local, read) in [
        ("null".to_owned(), format!("({CONDITION}).primary_key")),
        ("null".to_owned(), format!("try(({CONDITION}).primary_key, null)")),
        ("null".to_owned(), format!("[for a in [{CONDITION}] : a.primary_key][0]")),
        (format!("try({CONDITION}, null)"), "local.cosmos.primary_key".to_owned()),
        (format!("coalesce({CONDITION}, null)"), "local.cosmos.primary_key".to_owned()),
        (format!("{{ eu = {CONDITION} }}"), "local.cosmos.eu.primary_key".to_owned()),
        (
            format!("{{ eu = {CONDITION} }}"),
            "{ for k, a in local.cosmos : k => a.primary_key }[\"eu\"]".to_owned(),
        ),
        (format!("[{CONDITION}]"), "local.cosmos[0].primary_key".to_owned()),
        (nested, "local.cosmos.primary_key".to_owned()),
    ] {
        for create in ["false", "true"] {
            let text = root(create, &local, third).replace("local.cosmos.primary_key", &read);
            let tree = Tree::read(&[("a.tf", &text)]);
            let uses = uses(&tree);
            let of = |name: &str| uses.iter().find(|(it, _)| it == name).map(|(_, used)| *used);
            for name in ["acme-new", "acme-existing"] {
                assert_eq!(of(name), Some(SlotUse::Unknown), "{name} {local} {read}: {uses:?}");
                let refused =
                    flip(&[("a.tf", text.as_str())], Some(name), Access::ReadWrite, Slot::Secondary);
                assert!(refused.is_err(), "{local} {read}");
            }
        }
    }
    // A block that is repeated over them, and a string of a file in JSON.
    let each = format!(
        "{{\n  for_each = {{ eu = {CONDITION} }}\n  name  = \"s\"\n  value = each.value.primary_key\n}}\n"
    );
    let text = root("false", "null", "")
        .replace("{\n  name  = \"s\"\n  value = local.cosmos.primary_key\n}\n", &each);
    assert!(text.contains("for_each"));
    let json = root("false", "null", "").replace("locals {\n  cosmos = null\n}\n", "");
    let local = format!("{{\"locals\": {{\"cosmos\": \"${{{CONDITION}}}\"}}}}");
    for files in [vec![("a.tf", text.as_str())], vec![("a.tf", json.as_str()), ("b.tf.json", local.as_str())]]
    {
        let tree = Tree::read(&files);
        let uses = uses(&tree);
        assert!(
            uses.len() == 2 && uses.iter().all(|(_, used)| *used == SlotUse::Unknown),
            "{files:?}: {uses:?}"
        );
    }
}

#[test]
fn instances_of_one_account_by_a_condition_are_that_account() {
    let either = "var.create ? azurerm_cosmosdb_account.m[0] : azurerm_cosmosdb_account.m[0]";
    for read in ["local.cosmos.primary_key".to_owned(), format!("({either}).primary_key")] {
        let text = root("true", either, "").replace("local.cosmos.primary_key", &read);
        let changed = flip(&[("a.tf", text.as_str())], Some("acme-new"), Access::ReadWrite, Slot::Secondary);
        let changed = String::from_utf8(changed.unwrap().remove(0).1).unwrap();
        assert_eq!(changed, text.replace("primary_key", "secondary_key"));
    }
}
