//! Keys of code that is not here, whose names say nothing of their service: what else says Cosmos DB, and what does not.

use super::{check, found};
use crate::model::{Access, Slot, SlotUse};
use crate::terraform::{Tree, flip};

const DB: &str = "module \"db\" {\n  source = \"git::https://example.invalid/db.git\"\n}\n";

pub(super) fn secret(name: &str, value: &str) -> String {
    format!(
        "resource \"azurerm_key_vault_secret\" \"s{}\" {{\n  name  = \"{name}\"\n  value = {value}\n}}\n",
        name.len()
    )
}

/// What stands behind the module.
#[track_caller]
fn of_module(text: &str, expected: &[&str]) {
    check(&[("a.tf", &format!("{DB}{text}"))], expected);
}

#[test]
fn one_output_that_no_other_service_has_tells_of_the_others() {
    let text = secret("a", "module.db.primary_readonly_mongodb_connection_string")
        + &secret("bb", "module.db.primary_key")
        + &secret("ccc", "module.db.admin_password")
        + &secret("dddd", "module.db.connection_strings[1]");
    of_module(
        &text,
        &[
            "a.tf:6 primary_readonly_mongodb_connection_string [primary_readonly_mongodb_connection_string] primary read-only Consumer",
            "a.tf:10 primary_key [primary_key] primary read-write Consumer",
            "a.tf:18 connection_strings[1] [1] secondary read-write Consumer",
        ],
    );
    // The same of another module tells nothing.
    let other = "module \"other\" {\n  source = \"git::https://example.invalid/other.git\"\n}\n";
    let text =
        secret("a", "module.other.primary_master_key") + &secret("bb", "module.db.primary_key") + other;
    of_module(&text, &["a.tf:6 primary_master_key [primary_master_key] primary read-write Consumer"]);
}

#[test]
fn a_name_under_which_it_is_received_tells() {
    let key = "primary_key [primary_key] primary read-write Consumer";
    for (text, line) in [
        (secret("CosmosDb-ApiKey", "module.db.primary_key"), 6),
        (secret("${var.prefix}-cosmos", "module.db.primary_key"), 6),
        (secret("x", "module.db.primary_key").replace("\"s1\"", "\"cosmosdb\""), 6),
        ("locals {\n  secrets = {\n    \"CosmosDb-ApiKey\" = module.db.primary_key\n  }\n}\n".to_owned(), 6),
        ("module \"app\" {\n  source = \"git::https://example.invalid/app.git\"\n  cosmos = module.db.primary_key\n}\n".to_owned(), 6),
        ("output \"cosmos_key\" {\n  value = module.db.primary_key\n}\n".to_owned(), 5),
        (
            "resource \"azurerm_linux_web_app\" \"x\" {\n  app_settings = {\n    COSMOS_KEY = \"x${module.db.primary_key}\"\n  }\n}\n".to_owned(),
            6,
        ),
        (
            "resource \"azurerm_data_factory_linked_service_cosmosdb\" \"x\" {\n  account_key = module.db.primary_key\n}\n".to_owned(),
            5,
        ),
    ] {
        of_module(&text, &[&format!("a.tf:{line} {key}")]);
    }
    let json = "{\"module\": {\"db\": {\"source\": \"git::https://example.invalid/db.git\"}}, \"locals\":\n{\"cosmos_key\": \"${module.db.primary_key}\"}}\n";
    check(&[("a.tf.json", json)], &[&format!("a.tf.json:2 {key}")]);
}

#[test]
fn a_name_of_another_service_or_of_nothing_tells_nothing() {
    for text in [
        secret("search-key", "module.db.primary_key"),
        secret("cosmos-backup-storage-key", "module.db.primary_key"),
        secret("cosmos-dumps", "module.db.primary_access_key"),
        secret("cosmos-encryption-key", "module.db.key"),
        secret("cosmos", "module.db.key"),
        secret("cosmos-endpoint", "module.db.endpoint"),
        secret("cosmos-key", "module.db.search_primary_key"),
        secret("k", "module.db.primary_key"),
        "locals {\n  cosmos = {\n    search_key = module.db.primary_key\n    all        = module.db\n  }\n}\n".to_owned(),
        "resource \"azurerm_linux_web_app\" \"cosmos_key\" {\n  name = \"cosmos\"\n  app_settings = {\n    API_KEY = module.db.primary_key\n  }\n}\n".to_owned(),
        "module \"cosmos_reader\" {\n  source = \"git::https://example.invalid/app.git\"\n  api_key = module.db.primary_key\n}\n".to_owned(),
        // What a postgres cluster is given is no key of an account.
        "resource \"azurerm_cosmosdb_postgresql_cluster\" \"x\" {\n  administrator_login_password = module.db.password\n}\n".to_owned(),
    ] {
        of_module(&text, &[]);
    }
    for (name, source) in [
        ("search", "git::https://example.invalid/m.git"),
        ("db", "Azure/search/azurerm"),
        ("keyvault", "git::https://example.invalid/m.git"),
    ] {
        let text = format!("module \"{name}\" {{\n  source = \"{source}\"\n}}\n")
            + &secret("cosmos-key", &format!("module.{name}.primary_key"));
        check(&[("a.tf", &text)], &[]);
    }
    let code = "module \"db\" {\n  source = \"./db\"\n}\n".to_owned()
        + &secret("cosmos-key", "module.db.primary_key");
    check(
        &[
            ("a.tf", &code),
            ("db/a.tf", "output \"primary_key\" {\n  value = azurerm_search_service.x.primary_key\n}\n"),
        ],
        &[],
    );
}

#[test]
fn what_one_reader_says_holds_for_all_readers_of_both_slots() {
    let text = secret("cosmos-primary-key", "module.db.primary_key")
        + &secret("k", "module.db.secondary_key")
        + &secret("search-key", "module.db.secondary_key");
    of_module(
        &text,
        &[
            "a.tf:6 primary_key [primary_key] primary read-write Consumer",
            "a.tf:10 secondary_key [secondary_key] secondary read-write Consumer",
        ],
    );
    let text = format!("{DB}{text}");
    let tree = Tree::read(&[("a.tf", &text)]);
    assert_eq!(tree.slot_use(0, Access::ReadWrite), SlotUse::Mixed);
    let flipped = flip(&[("a.tf", &text)], None, Access::ReadWrite, Slot::Secondary).unwrap();
    let after = String::from_utf8(flipped[0].1.clone()).unwrap();
    assert_eq!(after, text.replace("primary_key", "secondary_key"));
}

#[test]
fn an_output_whose_name_tells_no_slot_is_opaque_where_its_receiver_speaks_of_a_key() {
    of_module(&secret("CosmosDb-ApiKey", "module.db.key"), &["a.tf:6 opaque"]);
}

#[test]
fn names_in_between_are_followed() {
    let local = "locals {\n  k = module.db.primary_key\n}\n".to_owned();
    of_module(
        &(local.clone() + &secret("CosmosDb-ApiKey", "local.k")),
        &["a.tf:5 primary_key [primary_key] primary read-write Consumer"],
    );
    of_module(&(local + &secret("search-key", "local.k")), &[]);
    let root = format!("{DB}module \"app\" {{\n  source = \"./app\"\n  k = module.db.secondary_key\n}}\n");
    let app = "variable \"k\" {}\n".to_owned() + &secret("cosmos-key", "var.k");
    check(
        &[("a.tf", &root), ("app/a.tf", &app)],
        &[
            "a.tf:6 secondary_key [secondary_key] secondary read-write Consumer",
            "app/a.tf:4 k [k] secondary read-write Relay",
        ],
    );
}

#[test]
fn another_roots_state_goes_by_who_receives_its_outputs() {
    let state = |key: &str| {
        format!(
            "data \"terraform_remote_state\" \"shared\" {{\n  backend = \"azurerm\"\n  config = {{\n    key = \"{key}.tfstate\"\n  }}\n}}\n"
        )
    };
    let reads = secret("CosmosDb-ApiKey", "data.terraform_remote_state.shared.outputs.primary_key")
        + &secret("k", "data.terraform_remote_state.shared.outputs.search_primary_key")
        + &secret("kk", "data.terraform_remote_state.shared.outputs.other_primary_key");
    check(
        &[("a.tf", &(state("shared") + &reads))],
        &["a.tf:9 primary_key [primary_key] primary read-write Consumer"],
    );
    check(&[("a.tf", &(state("search") + &reads))], &[]);
    let tfe = secret("CosmosDb-ApiKey", "data.tfe_outputs.shared.values.primary_key");
    check(&[("a.tf", &tfe)], &["a.tf:3 primary_key [primary_key] primary read-write Consumer"]);
}

#[test]
fn outputs_of_a_repeated_module_go_by_their_own_names_and_not_by_that_of_an_instance() {
    let repeated = |text: String| {
        let db = DB.replace("{\n", "{\n  for_each = toset([\"eu\"])\n");
        found(&[("a.tf", &(db + &text))])
    };
    let read = |name: &str| format!("module.db[\"eu\"].{name}");
    for (secret, line) in [
        (
            secret("k", &read("cosmos_primary_key")),
            "cosmos_primary_key [cosmos_primary_key] primary read-write Consumer",
        ),
        (
            secret("cosmos-key", &read("primary_connection_string")),
            "primary_connection_string [primary_connection_string] primary read-write Consumer",
        ),
    ] {
        assert_eq!(repeated(secret), [format!("a.tf:7 {line}")]);
    }
    for text in [
        secret("k", &read("primary_key")),
        secret("search-key", &read("primary_key")),
        secret("cosmos-key", &read("search_primary_key")),
    ] {
        assert!(repeated(text).is_empty());
    }
}

#[test]
fn a_name_of_two_services_is_about_the_last_of_them() {
    let module = |name: &str, source: &str| {
        let source = if source.is_empty() { "git::https://example.invalid/m.git" } else { source };
        format!("module \"{name}\" {{\n  source = \"{source}\"\n}}\n")
    };
    for (name, source, read) in [
        ("cosmosdb_eventhub", "", false),
        ("cosmosdb_servicebus", "", false),
        ("cosmos_storage_account", "", false),
        ("cosmosdb-signalr", "", false),
        ("eventhub_cosmosdb", "", true),
        ("cosmosdb_for_search", "", true),
        ("x", "git::https://example.invalid/cosmosdb.git//eventhub", false),
        ("cosmosdb", "git::https://example.invalid/cosmosdb_eventhub.git", false),
        // Something else says Cosmos DB.
        ("cosmosdb_eventhub", "git::https://example.invalid/cosmosdb.git", true),
    ] {
        let text = module(name, source) + &secret("k", &format!("module.{name}.primary_key"));
        let expected: &[&str] =
            if read { &["a.tf:6 primary_key [primary_key] primary read-write Consumer"] } else { &[] };
        check(&[("a.tf", &text)], expected);
    }
    let read = "module.cosmosdb_eventhub.primary_key";
    for text in [
        module("cosmosdb_eventhub", "") + &secret("CosmosDb-ApiKey", read),
        module("cosmosdb_eventhub", "").replace("\"\n}", "\"\n  cosmosdb_account_name = \"a\"\n}")
            + &secret("k", read),
        module("cosmosdb_eventhub", "") + &secret("k", &read.replace("primary_key", "primary_readonly_key")),
    ] {
        assert_eq!(found(&[("a.tf", &text)]).len(), 1, "{text}");
    }
    let reads = |name: &str| {
        secret("k", &format!("data.terraform_remote_state.{name}.outputs.primary_key"))
            + &secret("kk", &format!("data.terraform_remote_state.shared.outputs.{name}_primary_key"))
            + &secret("kkk", &format!("var.{name}.primary_key"))
    };
    check(&[("a.tf", &reads("cosmos_eventhub"))], &[]);
    assert_eq!(found(&[("a.tf", &reads("eventhub_cosmos"))]).len(), 4);
}

#[test]
fn the_name_of_a_nested_block_or_of_an_object_tells() {
    let key = "primary_key [primary_key] primary read-write Consumer";
    let read = "module.db.primary_key";
    let app = |inner: &str| format!("resource \"azurerm_container_app\" \"x\" {{\n{inner}}}\n");
    for (text, line) in [
        (app(&format!("  setting {{\n    name = \"CosmosDb__Key\"\n    value = {read}\n  }}\n")), 7),
        (app(&format!("  env {{\n    value = {read}\n    name = \"${{var.p}}-cosmos-key\"\n  }}\n")), 6),
        (app(&format!("  settings = [{{ name = \"COSMOS_KEY\", value = {read} }}]\n")), 5),
        (
            app(&format!("  settings = [{{ name = (upper(\"cosmos_${{var.p}}_key\")), value = {read} }}]\n")),
            5,
        ),
        (
            format!(
                "module \"app\" {{\n  source = \"git::https://example.invalid/app.git\"\n  env = [\n    {{ name = \"COSMOS_KEY\", value = {read} }}\n  ]\n}}\n"
            ),
            7,
        ),
        (
            format!(
                "resource \"helm_release\" \"x\" {{\n  set_sensitive {{\n    name = \"cosmos.key\"\n    value = {read}\n  }}\n}}\n"
            ),
            7,
        ),
    ] {
        of_module(&text, &[&format!("a.tf:{line} {key}")]);
    }
    for text in [
        app(&format!("  setting {{\n    name = \"SEARCH_KEY\"\n    value = {read}\n  }}\n")),
        // The name of the resource, and that of a block around, is no name of the value.
        app(&format!("  name = \"cosmos-app\"\n  setting {{\n    value = {read}\n  }}\n")),
        app(&format!(
            "  setting {{\n    name = \"cosmos\"\n    other {{\n      value = {read}\n    }}\n  }}\n"
        )),
        app(&format!(
            "  setting {{\n    name = \"cosmos\"\n  }}\n  setting {{\n    name = \"x\"\n    value = {read}\n  }}\n"
        )),
        app(&format!("  setting {{\n    name = \"cosmos\"\n    password = {read}\n  }}\n")),
        app(&format!(
            "  settings = [{{ name = \"COSMOS_KEY\", value = \"x\" }}, {{ name = \"Y\", value = {read} }}]\n"
        )),
    ] {
        of_module(&text, &[]);
    }
    let json = |name: &str| {
        format!(
            "{{\"module\": {{\"db\": {{\"source\": \"git::https://example.invalid/db.git\"}}}},\n\"resource\": {{\"a_b\": {{\"c\": {{\"setting\": [{{\"name\": \"{name}\",\n\"value\": \"${{module.db.primary_key}}\"}}]}}}}}}}}\n"
        )
    };
    check(&[("a.tf.json", &json("CosmosDb__Key"))], &[&format!("a.tf.json:3 {key}")]);
    check(&[("a.tf.json", &json("${var.cosmos}-key"))], &[]);
    // `name` goes before `key`, wherever they stand.
    let beside =
        |key: &str, name: &str| json(name).replace("{\"name\"", &format!("{{\"key\": \"{key}\", \"name\""));
    check(&[("a.tf.json", &beside("x", "COSMOS_KEY"))], &[&format!("a.tf.json:3 {key}")]);
    check(&[("a.tf.json", &beside("COSMOS_KEY", "x"))], &[]);
}

#[test]
fn a_text_with_the_endpoint_of_an_account_tells() {
    let key = "primary_key [primary_key] primary read-write Consumer";
    let read = "module.db.primary_key";
    for value in [
        format!("\"AccountEndpoint=${{var.url}};AccountKey=${{{read}}};\""),
        format!("\"https://x.documents.azure.com:443/ ${{{read}}}\""),
        format!("\"mongodb://x:${{{read}}}@x.mongo.cosmos.azure.com:10255\""),
        format!("format(\"AccountEndpoint=%s;AccountKey=%s;\", var.url, {read})"),
        format!("join(\";\", [\"AccountEndpoint=x\", {read}])"),
    ] {
        of_module(&format!("locals {{\n  x = {value}\n}}\n"), &[&format!("a.tf:5 {key}")]);
    }
    of_module(
        &format!("locals {{\n  k = {read}\n  x = \"AccountEndpoint=x;AccountKey=${{local.k}}\"\n}}\n"),
        &[&format!("a.tf:5 {key}")],
    );
    for value in [
        format!("[\"AccountEndpoint=x\", {read}]"),
        format!("\"Endpoint=x;AccountKey=${{{read}}};\""),
        "\"AccountEndpoint=x;X=${module.db.primary_access_key}\"".to_owned(),
        "\"AccountEndpoint=x;X=${module.db.name}\"".to_owned(),
        format!("<<-E\n    A=https://x.documents.azure.com\n    B=${{{read}}}\n  E"),
    ] {
        of_module(&format!("locals {{\n  x = {value}\n}}\n"), &[]);
    }
    let json = "{\"module\": {\"db\": {\"source\": \"git::https://example.invalid/db.git\"}}, \"locals\":\n{\"x\": \"AccountEndpoint=x;AccountKey=${module.db.primary_key}\"}}\n";
    check(&[("a.tf.json", json)], &[&format!("a.tf.json:2 {key}")]);
}
