//! Blocks that are repeated over a collection which is written where they stand.

use super::flows::flows;
use crate::model::{Access, Slot};
use crate::terraform::flip;

const COLLECTIONS: [&str; 5] = [
    "local.s",
    "merge(local.s, { two = \"plain\" })",
    "{ for k, v in local.s : k => v }",
    "{ one = azurerm_cosmosdb_account.a.primary_key }",
    "true ? local.s : {}",
];

fn secrets(collection: &str) -> String {
    format!(
        "locals {{\n  s = {{ one = azurerm_cosmosdb_account.a.primary_key }}\n}}\nresource \"azurerm_key_vault_secret\" \"s\" {{\n  for_each = {collection}\n  name = each.key\n  value_wo = each.value\n  value_wo_version = 1\n}}\n"
    )
}

#[test]
fn an_element_ends_in_the_secret_that_is_made_for_it() {
    for collection in COLLECTIONS {
        let found = flows(&[("a.tf", secrets(collection))]);
        assert!(found.iter().any(|flow| flow.ends_with("KeyVaultSecret one")), "{collection}: {found:#?}");
    }
}

#[test]
fn a_flip_raises_the_version_whatever_the_collection_is() {
    for collection in COLLECTIONS {
        let code = secrets(collection);
        let changed = flip(&[("a.tf", &code)], None, Access::ReadWrite, Slot::Secondary).unwrap();
        let there = String::from_utf8(changed[0].1.clone()).unwrap();
        assert!(there.contains("value_wo_version = 2"), "{collection}: {there}");
    }
}

#[test]
fn the_name_of_a_renamed_element_is_not_made_up() {
    let found = flows(&[("a.tf", secrets("{ for k, v in local.s : upper(k) => v }"))]);
    assert!(
        found.iter().any(|flow| flow.ends_with("KeyVaultSecret azurerm_key_vault_secret.s")),
        "{found:#?}"
    );
}

#[test]
fn a_module_that_is_repeated_hands_its_elements_on() {
    let app = "variable \"key\" {}\nresource \"azurerm_key_vault_secret\" \"s\" {\n  name = \"db\"\n  value = var.key\n}\n";
    for collection in COLLECTIONS {
        let root = format!(
            "locals {{\n  s = {{ one = azurerm_cosmosdb_account.a.primary_key }}\n}}\nmodule \"app\" {{\n  source = \"./app\"\n  for_each = {collection}\n  key = each.value\n}}\n"
        );
        let found = flows(&[("a.tf", root.as_str()), ("app/a.tf", app)]);
        assert!(found.iter().any(|flow| flow.ends_with("KeyVaultSecret db")), "{collection}: {found:#?}");
    }
}

#[test]
fn nested_blocks_and_json_hand_their_elements_on() {
    let dynamic = "resource \"azurerm_linux_web_app\" \"w\" {\n  dynamic \"setting\" {\n    for_each = { one = azurerm_cosmosdb_account.a.primary_key }\n    content {\n      text = setting.value\n    }\n  }\n}\n";
    let found = flows(&[("a.tf", dynamic)]);
    assert!(
        found[0].ends_with("Argument azurerm_linux_web_app.w.dynamic.setting.content.text"),
        "{found:#?}"
    );
    let json = r#"{"resource": {"azurerm_key_vault_secret": {"s": {"for_each": "${merge({}, {\"one\" = azurerm_cosmosdb_account.a.primary_key})}",
        "name": "${each.key}", "value": "${each.value}"}}}}"#;
    let found = flows(&[("a.tf.json", json)]);
    assert!(found[0].ends_with("KeyVaultSecret one"), "{found:#?}");
}

#[test]
fn blocks_repeated_over_a_pair_that_a_module_is_given_deliver_both() {
    let root = "module \"kv\" {\n  source  = \"./kv\"\n  secrets = {\n    \"cosmos-primary-key\"   = azurerm_cosmosdb_account.a.primary_key\n    \"cosmos-secondary-key\" = azurerm_cosmosdb_account.a.secondary_key\n  }\n}\nlocals {\n  k = azurerm_cosmosdb_account.a.primary_key\n}\n";
    let module = |value: &str| {
        format!(
            "variable \"secrets\" {{}}\nresource \"azurerm_key_vault_secret\" \"s\" {{\n  for_each = var.secrets\n  name     = each.key\n  value    = {value}\n}}\n"
        )
    };
    let flipped = |value: &str| {
        let files = [("a.tf", root.to_owned()), ("kv/a.tf", module(value))];
        flip(&files, None, Access::ReadWrite, Slot::Secondary)
    };
    let changed = flipped("each.value").unwrap();
    assert_eq!(changed.len(), 1);
    let after = String::from_utf8(changed[0].1.clone()).unwrap();
    assert!(after.contains("k = azurerm_cosmosdb_account.a.secondary_key"), "{after}");
    assert!(after.contains("primary-key\"   = azurerm_cosmosdb_account.a.primary_key"), "{after}");
    for picks in ["values(var.secrets)[0]", "one([for k, v in var.secrets : v if k == var.slot])"] {
        assert!(flipped(picks).is_err(), "{picks}");
    }
}
