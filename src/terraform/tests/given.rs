//! Keys of code that is not here, which tells by what it is given that it makes an account.

use super::received::secret;
use super::{check, found};

#[test]
fn what_a_module_is_given_tells_that_it_makes_an_account() {
    let reads = secret("k", "module.db.primary_key") + &secret("kk", "module.db.key");
    let given = |arguments: &str| {
        let db = format!(
            "module \"db\" {{\n  source = \"git::https://example.invalid/db.git\"\n  {arguments}\n}}\n"
        );
        found(&[("a.tf", &(db + &reads))])
    };
    for arguments in [
        "cosmosdb_name = \"acme\"",
        "cosmosdb_account_name = \"${var.p}-db\"",
        "kind = \"GlobalDocumentDB\"",
        "cosmos_account_name = var.name",
    ] {
        let expected = ["a.tf:7 primary_key [primary_key] primary read-write Consumer", "a.tf:11 opaque"];
        assert_eq!(given(arguments), expected, "{arguments}");
    }
    for arguments in [
        "name = \"acme\"",
        "cosmos_endpoint = \"https://acme.documents.azure.com\"",
        "cosmosdb_account_name = azurerm_cosmosdb_account.x.name",
        "cosmosdb_account_name = module.cosmos.name",
        "cosmosdb_name = \"acme\"\n  search_service_name = \"acme\"",
    ] {
        assert!(given(arguments).is_empty(), "{arguments}");
    }
}

#[test]
fn a_dependency_goes_by_its_inputs_and_by_who_receives_its_outputs() {
    let app = "dependency \"db\" {\n  config_path = \"../db\"\n}\ninputs = {\n  k  = dependency.db.outputs.primary_key\n  k2 = dependency.db.outputs.key\n}\n";
    let db = |inputs: &str| {
        format!(
            "terraform {{\n  source = \"git::https://example.invalid/m.git//database?ref=v1\"\n}}\ninputs = {{\n  {inputs}\n}}\n"
        )
    };
    let key = "app/terragrunt.hcl:5 primary_key [primary_key] primary read-write Consumer";
    for (inputs, expected) in [
        (
            "cosmosdb_name = \"acme\"\n  kind = \"GlobalDocumentDB\"",
            &[key, "app/terragrunt.hcl:6 opaque"] as &[&str],
        ),
        ("name = \"acme\"", &[]),
        ("kind = \"GlobalDocumentDB\"\n  storage_account_name = \"acme\"", &[]),
    ] {
        check(&[("app/terragrunt.hcl", app), ("db/terragrunt.hcl", &db(inputs))], expected);
    }
    let outside = "dependency \"db\" {\n  config_path = \"../../elsewhere/db\"\n}\n";
    let one = format!(
        "{outside}inputs = {{\n  cosmosdb_primary_key = dependency.db.outputs.primary_key\n  cosmos_endpoint = dependency.db.outputs.endpoint\n}}\n"
    );
    let other = format!(
        "{outside}inputs = {{\n  k = dependency.db.outputs.secondary_key\n  search_key = dependency.db.outputs.primary_key\n}}\n"
    );
    check(
        &[("x/one/terragrunt.hcl", &one), ("x/other/terragrunt.hcl", &other)],
        &[
            "x/one/terragrunt.hcl:5 primary_key [primary_key] primary read-write Consumer",
            "x/other/terragrunt.hcl:5 secondary_key [secondary_key] secondary read-write Consumer",
        ],
    );
    let search = one.replace("elsewhere/db", "elsewhere/search");
    check(&[("x/one/terragrunt.hcl", &search)], &[]);
}

#[test]
fn a_key_that_is_handed_in_is_opaque_though_its_name_says_no_slot() {
    let root = |name: &str, value: &str| {
        format!(
            "variable \"{name}\" {{\n  validation {{\n    condition = length(var.{name}) > 10\n  }}\n}}\n{}",
            secret("k", value)
        )
    };
    for name in ["cosmosdb_key", "cosmos_account_key", "cosmos_connection_string", "cosmosdb_access_key"] {
        let value = format!("var.{name}");
        assert_eq!(found(&[("a.tf", &root(name, &value))]), ["a.tf:8 opaque"], "{name}");
        let object = format!("var.cosmos.{name}");
        assert_eq!(found(&[("a.tf", &root("cosmos", &object))]), ["a.tf:8 opaque"], "{name}");
        let through = root(name, "local.k") + &format!("locals {{\n  k = var.{name}\n}}\n");
        assert_eq!(found(&[("a.tf", &through)]), ["a.tf:8 opaque"], "{name}");
    }
    for name in [
        "cosmosdb_key_vault_name",
        "cosmos_partition_key",
        "cosmosdb_customer_managed_key",
        "cosmosdb_keys_enabled",
        "cosmosdb_eventhub_key",
        "cosmos_key_name",
        "key",
    ] {
        let value = format!("var.{name}");
        assert!(found(&[("a.tf", &root(name, &value))]).is_empty(), "{name}");
    }
    let module = [
        ("a.tf", "module \"m\" {\n  source = \"./m\"\n  cosmosdb_key = azurerm_cosmosdb_account.a.primary_key\n}\n".to_owned()),
        ("m/a.tf", root("cosmosdb_key", "var.cosmosdb_key")),
    ];
    let tree = super::Tree::read(&module);
    assert!(tree.opaque.is_empty(), "{:?}", tree.opaque);
}
