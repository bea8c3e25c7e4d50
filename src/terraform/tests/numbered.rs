//! Pairs whose names say no slot, but a number.

use super::check;
use crate::model::{Access, Slot, SlotUse};
use crate::terraform::{Tree, plan};

const KEYS: [&str; 2] =
    ["azurerm_cosmosdb_account.a.connection_strings[0]", "azurerm_cosmosdb_account.a.connection_strings[1]"];

fn secrets(names: [&str; 2], keys: [&str; 2]) -> String {
    let secret =
        |at: usize| format!("  secret {{\n    name  = \"{}\"\n    value = {}\n  }}\n", names[at], keys[at]);
    format!("resource \"azurerm_container_app\" \"c\" {{\n{}{}}}\n", secret(0), secret(1))
}

/// The roles of both references, and whether a flip moves one of them.
fn offered(text: &str) -> bool {
    let tree = Tree::read(&[("a.tf", text)]);
    assert_eq!(tree.references.len(), 2, "{text}");
    let both = tree.slot_use(0, Access::ReadWrite) != SlotUse::Mixed;
    for to in Slot::ALL {
        let moved = plan(&tree, 0, Access::ReadWrite, to).is_ok_and(|flip| !flip.edits.is_empty());
        assert_eq!(moved, !both, "{text}");
    }
    both
}

#[test]
fn keys_that_are_numbered_are_a_pair() {
    for names in [
        ["mongo-connection-string-1", "mongo-connection-string-2"],
        ["mongo-connection-string-01", "mongo-connection-string-02"],
        ["cosmos_key_0", "cosmos_key_1"],
        ["COSMOS_KEY1", "COSMOS_KEY2"],
        ["cosmos-key-a", "cosmos-key-b"],
        ["CosmosKeyA", "CosmosKeyB"],
        ["cosmosdb-1", "cosmosdb-2"],
    ] {
        assert!(offered(&secrets(names, KEYS)), "{names:?}");
        let map = format!(
            "resource \"x\" \"y\" {{\n  settings = {{\n    \"{}\" = {}\n    \"{}\" = {}\n  }}\n}}\n",
            names[0], KEYS[0], names[1], KEYS[1]
        );
        assert!(offered(&map), "{names:?}");
    }
    let alone = "resource \"azurerm_key_vault_secret\" \"k\" {\n  name  = \"cosmos-connection-string-NN\"\n  value = VALUE\n}\n";
    let secret = |at: usize| {
        let text = alone.replace("\"k\"", &format!("\"k{at}\"")).replace("NN", &format!("0{}", at + 1));
        text.replace("VALUE", KEYS[at])
    };
    assert!(offered(&(secret(0) + &secret(1))));
}

#[test]
fn other_numbers_are_no_slots() {
    let resource = |at: usize| {
        let name = ["orders", "billing"][at];
        format!(
            "resource \"azurerm_key_vault_secret\" \"secret{at}\" {{\n  name  = \"{name}\"\n  value = {}\n}}\n",
            KEYS[at]
        )
    };
    assert!(
        !offered(&(resource(0) + &resource(1))),
        "what goes by the names of the code has names of its own"
    );
    for names in [
        // The other way round.
        ["cosmos-key-2", "cosmos-key-1"],
        ["cosmos-key-1", "cosmos-key-3"],
        ["cosmos-key-1", "cosmos-secret-2"],
        // Who reads it is numbered, not the key.
        ["app1", "app2"],
        ["orders-1", "orders-2"],
        ["cosmos-key-data", "cosmos-key-datb"],
        ["app-1-cosmos-key", "app-2-cosmos-key"],
    ] {
        assert!(!offered(&secrets(names, KEYS)), "{names:?}");
    }
}

#[test]
fn whoever_reads_a_numbered_key_is_moved() {
    let outputs = format!(
        "output \"cosmos_key_1\" {{\n  value = {}\n}}\noutput \"cosmos_key_2\" {{\n  value = {}\n}}\n",
        KEYS[0], KEYS[1]
    );
    let root =
        "module \"m\" {\n  source = \"./m\"\n}\nresource \"x\" \"y\" {\n  k = module.m.cosmos_key_1\n}\n";
    let files = [("a.tf", root), ("m/o.tf", outputs.as_str())];
    check(
        &files,
        &[
            "a.tf:5 cosmos_key_1 [cosmos_key_1] primary read-write Consumer",
            "m/o.tf:2 connection_strings[0] [0] primary read-write Definition",
            "m/o.tf:5 connection_strings[1] [1] secondary read-write Definition",
        ],
    );
    let flip = plan(&Tree::read(&files), 0, Access::ReadWrite, Slot::Secondary).unwrap();
    assert_eq!(flip.edits.iter().map(|edit| edit.new.as_str()).collect::<Vec<_>>(), ["cosmos_key_2"]);
}
