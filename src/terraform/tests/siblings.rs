//! Two places beside each other, one a slot, whose names are those of a pair: no flip puts one key into both.

use crate::model::{Access, Slot};
use crate::terraform::{AllowedOpaque, Refusal, Tree, flip, plan_allowing};

const ACME: &str = "data \"azurerm_cosmosdb_account\" \"x\" {\n  name = \"acme\"\n}\n";

fn secret(symbol: &str, name: &str, slot: &str, vault: &str) -> String {
    format!(
        "resource \"azurerm_key_vault_secret\" \"{symbol}\" {{\n  name         = \"{name}\"\n  key_vault_id = {vault}\n  value        = data.azurerm_cosmosdb_account.x.{slot}_key\n}}\n"
    )
}

fn two(one: (&str, &str), other: (&str, &str), vault: &str) -> String {
    format!("{ACME}{}{}", secret("a", one.0, one.1, "local.vault"), secret("b", other.0, other.1, vault))
}

#[test]
fn a_pair_that_only_names_tell_is_not_put_onto_one_slot() {
    for (one, other) in [
        ("cosmos-key", "cosmos-key-secondary"),
        ("cosmos-key", "cosmos-key-2"),
        ("cosmos-key", "cosmos-key2"),
        ("cosmos-key", "cosmos-key-backup"),
        ("cosmos-key", "cosmos-key-old"),
        ("CosmosKey", "CosmosKeyBackup"),
        ("cosmos-blue-key", "cosmos-green-key"),
        ("cosmos-key-old", "cosmos-key-new"),
        ("cosmos-key-2", "cosmos-key-1"),
        ("cosmos_key_b", "cosmos_key_a"),
    ] {
        let text = two((one, "primary"), (other, "secondary"), "local.vault");
        let files = [("a.tf", text.as_str())];
        for (to, line) in [(Slot::Secondary, 7), (Slot::Primary, 12)] {
            let refused = flip(&files, None, Access::ReadWrite, to).unwrap_err();
            assert!(matches!(refused[..], [Refusal::PairCollapses { .. }]), "{one} {other}: {refused:?}");
            assert_eq!(refused[0].place(), Some(format!("a.tf:{line}:50").as_str()), "{one} {other}");
            // A person may say that they are none.
            let tree = Tree::read(&files);
            let allowed = AllowedOpaque(vec![format!("a.tf:{line}")]);
            assert!(allowed.unused(&tree).is_empty());
            let moved = plan_allowing(&tree, &[0], Access::ReadWrite, to, &allowed).unwrap();
            assert_eq!(moved.edits.len(), 1, "{one} {other}");
        }
    }
}

#[test]
fn settings_of_one_app_are_beside_each_other_too() {
    let app = |one: &str, other: &str| {
        format!(
            "{ACME}resource \"azurerm_linux_web_app\" \"w\" {{\n  app_settings = {{\n    {one} = data.azurerm_cosmosdb_account.x.primary_key\n    {other} = data.azurerm_cosmosdb_account.x.secondary_key\n  }}\n}}\n"
        )
    };
    let moved = |text: String| flip(&[("a.tf", text)], None, Access::ReadWrite, Slot::Secondary);
    let refused = moved(app("CosmosKey", "CosmosKeyFallback")).unwrap_err();
    assert!(matches!(refused[..], [Refusal::PairCollapses { .. }]), "{refused:?}");
    assert!(moved(app("OrdersKey", "CartsKey")).is_ok());
}

#[test]
fn what_is_no_pair_moves() {
    for (one, other, vault) in [
        // Other names, another vault, one slot.
        (("orders-key", "primary"), ("carts-key", "secondary"), "local.vault"),
        (("cosmos-key", "primary"), ("cosmos-keyring", "secondary"), "local.vault"),
        (("cosmos-key-1", "secondary"), ("cosmos-key-7", "primary"), "local.vault"),
        (("cosmos-key", "primary"), ("cosmos-key-old", "secondary"), "local.other"),
        (("cosmos-key", "primary"), ("cosmos-key-old", "primary"), "local.vault"),
    ] {
        let text = two(one, other, vault);
        assert!(flip(&[("a.tf", text.as_str())], None, Access::ReadWrite, Slot::Secondary).is_ok(), "{text}");
    }
}
