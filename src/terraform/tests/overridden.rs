//! Files whose name says that they override others.

use super::Tree;
use crate::model::{Access, Slot, SlotUse};
use crate::terraform::plan;

#[test]
fn of_what_is_replaced_nobody_says_that_it_is_read() {
    let key = |slot: &str| format!("azurerm_cosmosdb_account.a.{slot}_key");
    let secret =
        |argument: &str| format!("resource \"azurerm_key_vault_secret\" \"s\" {{\n  {argument}\n}}\n");
    let local = |name: &str, slot: &str| format!("locals {{\n  {name} = {}\n}}\n", key(slot));
    let primary = secret(&format!("value = {}", key("primary")));
    for (file, base, over, read) in [
        ("override.tf", primary.clone(), secret(&format!("value = {}", key("secondary"))), SlotUse::Unknown),
        ("b_override.tf", primary.clone(), secret("value = \"\""), SlotUse::Unknown),
        ("override.tf", local("k", "primary"), local("k", "secondary"), SlotUse::Unknown),
        ("override.tf", local("k", "primary"), local("l", "primary"), SlotUse::Only(Slot::Primary)),
        ("override.tf", primary.clone(), secret("name = \"x\""), SlotUse::Only(Slot::Primary)),
        ("overrides.tf", local("k", "primary"), local("l", "secondary"), SlotUse::Mixed),
    ] {
        let tree = Tree::read(&[("a.tf", base.as_str()), (file, &over)]);
        assert_eq!(tree.slot_use(0, Access::ReadWrite), read, "{file} {base} {over}");
        let counted = tree.consumers(0, Access::ReadWrite).all(|it| tree.sources[it.file].path() != "a.tf");
        assert_eq!(counted, read == SlotUse::Unknown, "{file} {base} {over}");
        let refused = plan(&tree, 0, Access::ReadWrite, Slot::Secondary).is_err();
        assert_eq!(refused, read == SlotUse::Unknown, "{file} {base} {over}");
        let places: Vec<String> = tree.opaque.iter().map(|it| tree.place(it.file, it.span.start)).collect();
        assert!(places.iter().all(|place| place.starts_with("a.tf:2:")), "{places:?}");
    }
}
