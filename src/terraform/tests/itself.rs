//! `self`: the block that it stands in.

use super::check;
use crate::model::{Access, Slot};
use crate::terraform::{Tree, flip};

/// A block that names itself in a provisioner and in a condition.
fn block(head: &str, one: &str, other: &str) -> String {
    format!(
        "{head} {{\n  provisioner \"local-exec\" {{\n    command = \"x ${{{one}}}\"\n  }}\n  lifecycle {{\n    postcondition {{\n      \
         condition     = {other} != \"\"\n      error_message = \"x\"\n    }}\n  }}\n}}\n"
    )
}

#[test]
fn a_block_that_names_itself_names_its_account() {
    let expected = [
        "a.tf:3 primary_key [primary_key] primary read-write Consumer",
        "a.tf:7 secondary_readonly_key [secondary_readonly_key] secondary read-only Tested",
    ];
    for head in ["resource \"azurerm_cosmosdb_account\" \"x\"", "data \"azurerm_cosmosdb_account\" \"x\""] {
        check(&[("a.tf", &block(head, "self.primary_key", "self.secondary_readonly_key"))], &expected);
    }
    let text = block("resource \"azurerm_cosmosdb_account\" \"x\"", "jsonencode(self)", "self.endpoint");
    check(&[("a.tf", &text)], &["a.tf:3 opaque"]);
}

#[test]
fn what_lists_keys_names_itself_too() {
    let action = "action = \"listKeys\"\n  depends_on";
    for (head, path) in [
        ("resource \"azapi_resource_action\" \"x\"", "self.output"),
        ("ephemeral \"azapi_resource_action\" \"x\"", "jsondecode(self.output)"),
        ("data \"external\" \"x\"", "self.result"),
    ] {
        let text = block(head, "self.id", &format!("{path}.primaryMasterKey"));
        let text = text.replacen("provisioner", &format!("{action} = []\n  provisioner"), 1);
        check(&[("a.tf", &text)], &["a.tf:9 primaryMasterKey [primaryMasterKey] primary read-write Tested"]);
    }
    let state = "data \"terraform_remote_state\" \"x\"";
    let state = block(state, "self.outputs.cosmos_primary_key", "self.outputs.primary_key");
    check(
        &[("a.tf", &state)],
        &["a.tf:3 cosmos_primary_key [cosmos_primary_key] primary read-write Consumer"],
    );
}

#[test]
fn blocks_of_other_types_that_name_themselves_are_nothing() {
    for kind in [
        "azurerm_search_service",
        "azurerm_cosmosdb_sql_database",
        "azurerm_storage_account",
        "azapi_resource",
    ] {
        let text =
            block(&format!("resource \"{kind}\" \"cosmos\""), "self.primary_key", "self.secondary_key");
        check(&[("a.tf", &text)], &[]);
    }
    let text = block(
        "resource \"azurerm_cosmosdb_account\" \"x\"",
        "join(\",\", [for self in azurerm_search_service.all : self.primary_key])",
        "azurerm_search_service.self.primary_key",
    );
    check(&[("a.tf", &text)], &[]);
    check(
        &[("a.tf", "locals {\n  x = self.primary_key\n}\nmodule \"m\" {\n  x = self.primary_key\n}\n")],
        &[],
    );
}

#[test]
fn a_json_block_names_itself() {
    let of = |kind: &str| {
        format!(
            "{{\"resource\": {{\"{kind}\": {{\"x\": {{\"provisioner\":\n[{{\"local-exec\": {{\"command\": \"x ${{self.primary_key}}\"}}}}]}}}}}}}}\n"
        )
    };
    check(
        &[("a.tf.json", &of("azurerm_cosmosdb_account"))],
        &["a.tf.json:2 primary_key [primary_key] primary read-write Consumer"],
    );
    check(&[("a.tf.json", &of("azurerm_search_service"))], &[]);
}

#[test]
fn each_instance_names_itself_and_a_flip_moves_them_with_the_others() {
    let text = block("resource \"azurerm_cosmosdb_account\" \"x\"", "self.primary_key", "self.endpoint")
        .replacen('{', "{\n  for_each = toset([\"eu\", \"us\"])\n  name     = \"db-${each.key}\"", 1)
        + "locals {\n  k = azurerm_cosmosdb_account.x[\"eu\"].primary_key\n}\n";
    let tree = Tree::read(&[("a.tf", &text)]);
    let reads: Vec<(&str, usize)> =
        tree.references.iter().map(|it| (tree.accounts[it.account].key.as_str(), it.position.line)).collect();
    assert_eq!(reads, [("db-eu", 5), ("db-us", 5), ("db-eu", 15)]);

    let one = text
        .replace("  for_each = toset([\"eu\", \"us\"])\n", "")
        .replace("-${each.key}", "")
        .replace("[\"eu\"]", "");
    let flipped = flip(&[("a.tf", &one)], None, Access::ReadWrite, Slot::Secondary).unwrap();
    let after = String::from_utf8(flipped[0].1.clone()).unwrap();
    assert_eq!(after, one.replace("primary_key", "secondary_key"));
}
