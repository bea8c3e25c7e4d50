//! Blocks that speak of addresses: of an import, its id is a value.

use super::check;

#[test]
fn the_id_of_an_import_is_read_and_its_address_is_not() {
    let account = "azurerm_cosmosdb_account.x.primary_key";
    let text = format!(
        "import {{\n  to = azurerm_key_vault_secret.h[{account}]\n  id = \"x-${{{account}}}\"\n}}\nmoved {{\n  from = {account}\n  to = {account}\n}}\n"
    );
    check(&[("a.tf", &text)], &["a.tf:3 primary_key [primary_key] primary read-write Consumer"]);
    let json = format!(
        "{{\"import\": [{{\"to\": \"azurerm_key_vault_secret.h\",\n\"id\": \"x-${{{account}}}\"}}], \"moved\": [{{\"from\": \"${{{account}}}\"}}]}}"
    );
    check(&[("a.tf.json", &json)], &["a.tf.json:2 primary_key [primary_key] primary read-write Consumer"]);
}
