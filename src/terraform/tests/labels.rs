//! Blocks and objects beside each other that call themselves by a slot.

use crate::model::{Access, Slot, SlotUse};
use crate::terraform::{Role, Tree, flip};

const DATA: &str = "data \"azurerm_cosmosdb_account\" \"d\" {\n  name = \"acme\"\n}\n";
const KEY: &str = "data.azurerm_cosmosdb_account.d";

fn of_app(names: [&str; 2]) -> String {
    let secret = |name: &str, slot: &str| {
        format!("  secret {{\n    name  = \"{name}\"\n    value = {KEY}.{slot}_key\n  }}\n")
    };
    let secrets = secret(names[0], "primary") + &secret(names[1], "secondary");
    format!("{DATA}resource \"azurerm_container_app\" \"c\" {{\n{secrets}}}\n")
}

fn roles(path: &str, text: &str) -> Vec<Role> {
    Tree::read(&[(path, text)]).references.iter().map(|reference| reference.role).collect()
}

#[test]
fn blocks_that_call_themselves_by_a_slot_are_a_pair() {
    let pair = of_app(["primary-key", "secondary-key"]);
    assert_eq!(roles("a.tf", &pair), [Role::Definition; 2]);
    let one = pair + &format!("locals {{\n  k = {KEY}.primary_key\n}}\n");
    let changed = flip(&[("a.tf", &one)], None, Access::ReadWrite, Slot::Secondary).unwrap();
    assert_eq!(
        String::from_utf8_lossy(&changed[0].1),
        one.replace(
            "k = data.azurerm_cosmosdb_account.d.primary",
            "k = data.azurerm_cosmosdb_account.d.secondary"
        )
    );
}

#[test]
fn blocks_that_are_called_otherwise_move_one_by_one() {
    let text = of_app(["shop-key", "search-key"]);
    assert_eq!(Tree::read(&[("a.tf", &text)]).slot_use(0, Access::ReadWrite), SlotUse::Mixed);
    let changed = flip(&[("a.tf", &text)], None, Access::ReadWrite, Slot::Secondary).unwrap();
    assert_eq!(String::from_utf8_lossy(&changed[0].1), text.replace("primary_key", "secondary_key"));
    // A name that says the slot which it does not hold is no sign of a pair.
    let crossed = of_app(["secondary-key", "other-key"]);
    assert_eq!(roles("a.tf", &crossed), [Role::Consumer; 2]);
}

#[test]
fn objects_in_a_list_and_secrets_of_a_vault_go_by_what_they_call_themselves() {
    let entry = |slot: &str| format!("{{ name = \"{slot}\", value = {KEY}.{slot}_key }}");
    let (one, other) = (entry("primary"), entry("secondary"));
    let secret = |label: &str, slot: &str| {
        format!(
            "resource \"azurerm_key_vault_secret\" \"{label}\" {{\n  name  = \"cosmos-{slot}-key\"\n  value = {KEY}.{slot}_key\n}}\n"
        )
    };
    for text in [
        format!("{DATA}resource \"x\" \"y\" {{\n  env = [{one}, {other}]\n}}\n"),
        format!("{DATA}resource \"x\" \"y\" {{\n  a {{\n    env = jsonencode([{other}, {one}])\n  }}\n}}\n"),
        format!("{DATA}{}{}", secret("one", "primary"), secret("two", "secondary")),
    ] {
        assert_eq!(roles("a.tf", &text), [Role::Definition; 2], "{text}");
    }
    // Modules and other resources are not called by what they are given as a name.
    let call = |name: &str, slot: &str| {
        format!("resource \"a_b\" \"{name}\" {{\n  name = \"{slot}-region\"\n  key = {KEY}.{slot}_key\n}}\n")
    };
    let text = format!("{DATA}{}{}", call("one", "primary"), call("two", "secondary"));
    assert_eq!(roles("a.tf", &text), [Role::Consumer; 2]);
}

#[test]
fn json_says_the_same() {
    let secret =
        |name: &str, slot: &str| format!(r#"{{"name": "{name}", "value": "${{{KEY}.{slot}_key}}"}}"#);
    let app = |names: [&str; 2]| {
        let secrets = [secret(names[0], "primary"), secret(names[1], "secondary")].join(", ");
        format!(r#"{{"resource": {{"azurerm_container_app": {{"c": {{"secret": [{secrets}]}}}}}}}}"#)
    };
    assert_eq!(roles("a.tf.json", &app(["primary-key", "secondary-key"])), [Role::Definition; 2]);
    assert_eq!(roles("a.tf.json", &app(["shop-key", "search-key"])), [Role::Consumer; 2]);
}

#[test]
fn what_a_workload_is_called_says_nothing_of_what_it_is_given() {
    let container = |slot: &str| {
        format!(
            "  container {{\n    name = \"{slot}-api\"\n    env {{\n      name  = \"DB_KEY\"\n      value = {KEY}.{slot}_key\n    }}\n  }}\n"
        )
    };
    let text = format!(
        "{DATA}resource \"azurerm_container_group\" \"c\" {{\n{}{}}}\n",
        container("primary"),
        container("secondary")
    );
    assert_eq!(roles("a.tf", &text), [Role::Consumer; 2]);
    assert_eq!(Tree::read(&[("a.tf", &text)]).slot_use(0, Access::ReadWrite), SlotUse::Mixed);
}

#[test]
fn secrets_of_different_vaults_are_no_pair() {
    let secret = |slot: &str, vault: &str| {
        format!(
            "resource \"azurerm_key_vault_secret\" \"{slot}\" {{\n  name = \"{slot}-region-cosmos\"\n  key_vault_id = {vault}\n  value = {KEY}.{slot}_key\n}}\n"
        )
    };
    for (one, other, role) in [
        ("azurerm_key_vault.one.id", "azurerm_key_vault.two.id", Role::Consumer),
        ("azurerm_key_vault.one.id", "azurerm_key_vault.one.id", Role::Definition),
        ("azurerm_key_vault.primary.id", "azurerm_key_vault.primary.id", Role::Definition),
        ("\"/v/1\"", "\"/v/2\"", Role::Consumer),
    ] {
        let labels =
            |text: &str| text.replace("\"primary\" {", "\"a\" {").replace("\"secondary\" {", "\"b\" {");
        let text =
            format!("{DATA}{}{}", labels(&secret("primary", one)), labels(&secret("secondary", other)));
        assert_eq!(roles("a.tf", &text), [role; 2], "{one} {other}");
    }
    let json = |vault: &str| {
        format!(
            "{{\"data\": {{\"azurerm_cosmosdb_account\": {{\"d\": {{\"name\": \"acme\"}}}}}}, \"resource\": {{\"azurerm_key_vault_secret\": {{\"a\": {{\"name\": \"primary-x\", \"key_vault_id\": \"/v/1\", \"value\": \"${{{KEY}.primary_key}}\"}}, \"b\": {{\"name\": \"secondary-x\", \"key_vault_id\": \"{vault}\", \"value\": \"${{{KEY}.secondary_key}}\"}}}}}}}}"
        )
    };
    assert_eq!(roles("a.tf.json", &json("/v/2")), [Role::Consumer; 2]);
    assert_eq!(roles("a.tf.json", &json("/v/1")), [Role::Definition; 2]);
}
