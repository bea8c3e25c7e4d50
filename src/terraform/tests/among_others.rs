//! Collections that hold accounts beside other things.

use super::check;
use crate::model::{Access, Slot};
use crate::terraform::{Tree, plan};

const BLOCKS: &str = "resource \"azurerm_cosmosdb_account\" \"db\" {\n  name = \"acme\"\n}\nresource \"azurerm_search_service\" \"s\" {\n  name = \"s\"\n}\n";
const COSMOS: &str = "azurerm_cosmosdb_account.db";
const SEARCH: &str = "azurerm_search_service.s";

const READS: [&str; 4] = [
    "for_each = local.keys\n  value = each.value.primary_key",
    "value = { for k, v in local.keys : k => v.primary_key }",
    "value = values(local.keys)[*].primary_key",
    "value = local.keys[var.which].primary_key",
];

fn tree(keys: &str, read: &str) -> Tree {
    let text = format!(
        "{BLOCKS}locals {{\n  other = {SEARCH}\n  keys = {keys}\n}}\nresource \"azurerm_key_vault_secret\" \"k\" {{\n  {read}\n}}\n"
    );
    Tree::read(&[("a.tf", text)])
}

#[test]
fn what_is_read_of_another_resource_too_is_opaque() {
    for keys in [
        format!("{{ cosmos = {COSMOS}, search = {SEARCH} }}"),
        format!("{{ search = {SEARCH}, cosmos = {COSMOS} }}"),
        format!("{{ cosmos = {COSMOS}, search = local.other }}"),
        format!("{{ cosmos = {COSMOS}, search = {SEARCH}[0] }}"),
        format!("{{ cosmos = {COSMOS}, search = data.{SEARCH} }}"),
        format!("{{ cosmos = {COSMOS}, x = {{ primary_key = \"\" }} }}"),
    ] {
        for read in READS {
            let tree = tree(&keys, read);
            assert_eq!(tree.references.len(), 0, "{keys} {read}");
            let [opaque] = &tree.opaque[..] else { panic!("{keys} {read}: {:?}", tree.opaque) };
            assert!(
                opaque.why.starts_with("`primary_key` is read of ") && opaque.why.ends_with(" too"),
                "{}",
                opaque.why
            );
            assert_eq!(opaque.account, Some(0), "{keys} {read}");
            assert!(plan(&tree, 0, Access::ReadWrite, Slot::Secondary).is_err(), "{keys} {read}");
        }
    }
    let list =
        tree(&format!("[{COSMOS}, {SEARCH}]"), "count = 2\n  value = local.keys[count.index].primary_key");
    assert_eq!((list.references.len(), list.opaque.len()), (0, 1));
}

#[test]
fn what_is_read_of_accounts_alone_is_a_reference() {
    for keys in [
        format!("{{ cosmos = {COSMOS} }}"),
        format!("{{ cosmos = {COSMOS}, none = null }}"),
        format!("[{COSMOS}]"),
    ] {
        for read in READS {
            let tree = tree(&keys, read);
            assert_eq!((tree.references.len(), tree.opaque.len()), (1, 0), "{keys} {read}");
        }
    }
    let keys = format!("{{ cosmos = {COSMOS}, search = {SEARCH} }}");
    let named = tree(&keys, "value = local.keys.cosmos.primary_key");
    assert_eq!((named.references.len(), named.opaque.len()), (1, 0));
    let asked = tree(&keys, "count = length(local.keys)\n  value = local.keys.cosmos.primary_key");
    assert_eq!((asked.references.len(), asked.opaque.len()), (1, 0));
}

#[test]
fn what_a_module_is_handed_counts_as_well() {
    let module = "variable \"keys\" {}\nresource \"azurerm_key_vault_secret\" \"k\" {\n  for_each = var.keys\n  value = each.value.primary_key\n}\n";
    let root = |keys: &str| format!("{BLOCKS}module \"m\" {{\n  source = \"./m\"\n  keys = {keys}\n}}\n");
    let mixed = root(&format!("{{ cosmos = {COSMOS}, search = {SEARCH} }}"));
    check(&[("a.tf", mixed.as_str()), ("m/a.tf", module)], &["m/a.tf:4 opaque"]);
    let second = root(&format!("{{ cosmos = {COSMOS} }}"))
        + &format!("module \"n\" {{\n  source = \"./m\"\n  keys = {{ cosmos = {SEARCH} }}\n}}\n");
    check(&[("a.tf", second.as_str()), ("m/a.tf", module)], &["a.tf:9 opaque", "m/a.tf:4 opaque"]);
    let own = root(&format!("{{ cosmos = {COSMOS} }}"));
    check(
        &[("a.tf", own.as_str()), ("m/a.tf", module)],
        &["m/a.tf:4 primary_key [primary_key] primary read-write Consumer"],
    );
}
