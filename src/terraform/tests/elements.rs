//! Pairs of several accounts in one collection: whoever reads all of its elements reads each of its own account.

use super::Tree;
use crate::model::{Access, Slot, SlotUse};
use crate::terraform::{AllowedOpaque, Refusal, SharedBy, plan_allowing};

const PRIMARY: SlotUse = SlotUse::Only(Slot::Primary);

/// Two accounts, and a module that is given what `keys` says of them.
fn tree(keys: &str, app: &str) -> Tree {
    let account = |name: &str| {
        format!("data \"azurerm_cosmosdb_account\" \"{name}\" {{\n  name = \"acct-{name}\"\n}}\n")
    };
    let keys = keys
        .replace("EU.", "data.azurerm_cosmosdb_account.eu.")
        .replace("US.", "data.azurerm_cosmosdb_account.us.");
    let root =
        format!("{}{}module \"app\" {{\n  source = \"./app\"\n  {keys}\n}}\n", account("eu"), account("us"));
    Tree::read(&[("a.tf", root.as_str()), ("app/a.tf", app)])
}

fn app(inside: &str) -> String {
    format!(
        "variable \"keys\" {{}}\nresource \"azurerm_key_vault_secret\" \"s\" {{\n  name = \"s\"\n  {inside}\n}}\n"
    )
}

const MAP: &str = "keys = {\n    eu = { primary = EU.primary_key, secondary = EU.secondary_key }\n    us = { primary = \
                   US.primary_key, secondary = US.secondary_key }\n  }";
const LIST: &str = "keys = [\n    { primary = EU.primary_key, secondary = EU.secondary_key },\n    { primary = \
                    US.primary_key, secondary = US.secondary_key },\n  ]";

const EACH: [(&str, &str); 8] = [
    (MAP, "for_each = var.keys\n  value = each.value.primary"),
    (MAP, "for_each = var.keys\n  value = var.keys[each.key].primary"),
    (MAP, "for_each = toset(keys(var.keys))\n  value = var.keys[each.key].primary"),
    (MAP, "value = join(\",\", [for k, v in var.keys : v.primary])"),
    (MAP, "value = jsonencode({ for k, v in var.keys : k => v.primary })"),
    (MAP, "value = join(\",\", values(var.keys)[*].primary)"),
    (LIST, "count = length(var.keys)\n  value = var.keys[count.index].primary"),
    (LIST, "value = join(\",\", var.keys[*].primary)"),
];

fn moved(tree: &Tree, accounts: &[usize]) -> Result<Vec<(String, Vec<u8>)>, Vec<Refusal>> {
    plan_allowing(tree, accounts, Access::ReadWrite, Slot::Secondary, &AllowedOpaque::default())
        .map(|flip| flip.files)
}

#[test]
fn each_element_is_read_for_its_own_account_and_all_of_them_move() {
    for (keys, inside) in EACH {
        let tree = tree(keys, &app(inside));
        assert!(tree.opaque.is_empty(), "{inside}: {:?}", tree.opaque);
        for account in [0, 1] {
            assert_eq!(tree.slot_use(account, Access::ReadWrite), PRIMARY, "{inside}");
        }
        let refused = moved(&tree, &[0]).unwrap_err();
        assert!(
            matches!(refused[..], [Refusal::ReadForAnother { by: SharedBy::Elements, .. }]),
            "{inside}: {refused:?}"
        );
        let expected = app(&inside.replace(".primary", ".secondary")).into_bytes();
        assert_eq!(moved(&tree, &[0, 1]).unwrap(), [("app/a.tf".to_owned(), expected)]);
    }
}

#[test]
fn a_call_that_is_repeated_over_accounts_hands_each_its_own_pair_in() {
    let calls = "for_each = { eu = data.azurerm_cosmosdb_account.eu, us = data.azurerm_cosmosdb_account.us }\n  keys = { \
                 primary = each.value.primary_key, secondary = each.value.secondary_key }";
    let tree = tree(calls, &app("value = var.keys.primary"));
    assert!(tree.opaque.is_empty(), "{:?}", tree.opaque);
    assert_eq!([0, 1].map(|account| tree.slot_use(account, Access::ReadWrite)), [PRIMARY; 2]);
    let expected = app("value = var.keys.secondary").into_bytes();
    assert_eq!(moved(&tree, &[0, 1]).unwrap(), [("app/a.tf".to_owned(), expected)]);
}

#[test]
fn one_of_them_that_is_not_told_is_opaque() {
    for inside in [
        "value = var.keys[var.region].primary",
        "value = [for k, v in var.keys : v.primary][0]",
        "value = join(\",\", [for k, v in var.keys : v.primary if k != \"us\"])",
        "value = one([for k, v in var.keys : v.primary])",
        "for_each = toset([\"eu\"])\n  value = var.keys[each.key].primary",
        "count = 1\n  value = var.keys[count.index].primary",
    ] {
        let tree = tree(MAP, &app(inside));
        for account in [0, 1] {
            assert_eq!(tree.slot_use(account, Access::ReadWrite), SlotUse::Unknown, "{inside}");
        }
        assert!(moved(&tree, &[0, 1]).is_err(), "{inside}");
    }
    // One account or the other, by a condition.
    let either = "keys = var.dr ? { primary = EU.primary_key, secondary = EU.secondary_key } : { primary = \
                  US.primary_key, secondary = US.secondary_key }";
    let tree = tree(either, &app("value = var.keys.primary"));
    assert_eq!([0, 1].map(|account| tree.slot_use(account, Access::ReadWrite)), [SlotUse::Unknown; 2]);
}

#[test]
fn an_element_that_has_not_both_slots_refuses_the_flip() {
    let odd = MAP.replace("US.secondary_key", "\"\"");
    let tree = tree(&odd, &app(EACH[0].1));
    assert!(moved(&tree, &[0, 1]).is_err());
    let turned = MAP
        .replace("US.primary_key", "US.other")
        .replace("US.secondary_key", "US.primary_key")
        .replace("US.other", "US.secondary_key");
    let tree = self::tree(&turned, &app(EACH[0].1));
    assert_eq!(tree.slot_use(0, Access::ReadWrite), PRIMARY);
    assert_ne!(tree.slot_use(1, Access::ReadWrite), PRIMARY);
    assert!(moved(&tree, &[0, 1]).is_err());
}
