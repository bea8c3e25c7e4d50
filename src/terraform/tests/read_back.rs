//! Keys that are read back from the resource that they are given to.

use crate::terraform::Tree;

const PAIR: &str = "resource \"azurerm_key_vault_secret\" \"p\" {\n  name = \"cosmos-primary\"\n  value = azurerm_cosmosdb_account.x.primary_key\n}\nresource \"azurerm_key_vault_secret\" \"s\" {\n  name = \"cosmos-secondary\"\n  value = azurerm_cosmosdb_account.x.secondary_key\n}\n";

/// What is opaque of one more file, by its lines.
fn opaque(pair: &str, reader: &str) -> Vec<usize> {
    let tree = Tree::read(&[("a.tf", pair), ("b.tf", reader)]);
    tree.opaque.iter().map(|read| read.position.line).collect()
}

fn reads(expression: &str) -> String {
    format!("resource \"azurerm_linux_web_app\" \"w\" {{\n  app_settings = {{ K = {expression} }}\n}}\n")
}

#[test]
fn one_of_a_pair_that_is_read_back_is_opaque() {
    assert_eq!(opaque(PAIR, &reads("azurerm_key_vault_secret.p.value")), [2]);
    for other in ["azurerm_key_vault_secret.p.id", "azurerm_key_vault_secret.q.value", "x.p.value"] {
        assert_eq!(opaque(PAIR, &reads(other)), [0; 0], "{other}");
    }
    let one = PAIR.split_inclusive("}\n").next().unwrap();
    assert_eq!(opaque(one, &reads("azurerm_key_vault_secret.p.value")), [0; 0], "it moves with the secret");
    let account = "azurerm_cosmosdb_account.x";
    let data = format!(
        "resource \"terraform_data\" \"t\" {{\n  input = {{ primary = {account}.primary_key, secondary = {account}.secondary_key }}\n}}\nresource \"azurerm_iothub_endpoint_cosmosdb_account\" \"e\" {{\n  primary_key = {account}.primary_key\n  secondary_key = {account}.secondary_key\n}}\n"
    );
    for read in [
        "terraform_data.t.output.primary",
        "terraform_data.t.input.primary",
        "azurerm_iothub_endpoint_cosmosdb_account.e.primary_key",
    ] {
        assert_eq!(opaque(&data, &reads(read)), [2], "{read}");
    }
    for read in ["e.id", "e[0].name"] {
        let read = reads(&format!("azurerm_iothub_endpoint_cosmosdb_account.{read}"));
        assert_eq!(opaque(&data, &read), [0; 0], "every instance holds both: {read}");
    }
}

#[test]
fn an_instance_of_a_pair_that_is_picked_is_opaque() {
    let pair = "resource \"azurerm_key_vault_secret\" \"p\" {\n  for_each = { primary = azurerm_cosmosdb_account.x.primary_key, secondary = azurerm_cosmosdb_account.x.secondary_key }\n  name = \"cosmos-${each.key}\"\n  value = each.value\n}\n";
    let id = |index: &str| reads(&format!("\"@${{azurerm_key_vault_secret.p{index}.versionless_id}}\""));
    for index in ["[var.slot]", "[\"primary\"]"] {
        assert_eq!(opaque(pair, &id(index)), [2], "{index}");
    }
    for all in ["[each.key]", "[*]"] {
        assert_eq!(opaque(pair, &id(all)), [0; 0], "{all}");
    }
}
