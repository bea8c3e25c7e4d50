//! Accounts that are named as Azure names them: by an id, or by the words of an ARM template.

use super::Tree;
use crate::model::{Access, SlotUse};

/// The accounts by their names, and how many symbols each of them has.
fn accounts<P: AsRef<str>, T: AsRef<[u8]>>(files: &[(P, T)]) -> Vec<(String, usize)> {
    let tree = Tree::read(files);
    tree.accounts.iter().map(|it| (it.key.to_string(), it.symbols.len())).collect()
}

#[track_caller]
fn check(text: &str, expected: &[(&str, usize)]) {
    let expected: Vec<(String, usize)> =
        expected.iter().map(|(name, symbols)| ((*name).to_owned(), *symbols)).collect();
    assert_eq!(accounts(&[("a.tf", text)]), expected, "{text}");
}

const TYPE: &str = "Microsoft.DocumentDB/databaseAccounts";

/// What lists the keys of the account with an id, and a read of one of them.
fn action(name: &str, id: &str, slot: &str) -> String {
    format!(
        "data \"azapi_resource_action\" \"{name}\" {{\n  type        = \"{TYPE}@2023-04-15\"\n  resource_id = {id}\n  action      = \
         \"listKeys\"\n}}\nlocals {{\n  {name} = data.azapi_resource_action.{name}.output.{slot}MasterKey\n}}\n"
    )
}

fn both(id: &str) -> String {
    action("k1", id, "primary") + &action("k2", id, "secondary")
}

fn looked_up(name: &str) -> String {
    format!(
        "data \"azurerm_cosmosdb_account\" \"x\" {{\n  name = {name}\n}}\nlocals {{\n  x = \
         data.azurerm_cosmosdb_account.x.secondary_key\n}}\n"
    )
}

fn block(kind: &str, arguments: &str) -> String {
    format!("resource \"azapi_resource\" \"acc\" {{\n  type = \"{kind}\"\n{arguments}}}\n")
}

fn named(name: &str) -> String {
    block(&format!("{TYPE}@2023-04-15"), &format!("  name = {name}\n"))
}

#[test]
fn the_same_id_is_the_same_account_whatever_it_is() {
    for id in [
        "azapi_resource.acc.id",
        "var.id",
        "local.id",
        "module.db.id",
        "data.azurerm_resources.all.resources[0].id",
        "\"${var.group}/providers/Microsoft.DocumentDB/databaseAccounts/${var.name}\"",
    ] {
        check(&both(id), &[("data.azapi_resource_action.k1", 2)]);
        let tree = Tree::read(&[("a.tf", both(id))]);
        assert_eq!(tree.slot_use(0, Access::ReadWrite), SlotUse::Mixed);
    }
    let two = action("k1", "var.one", "primary") + &action("k2", "var.other", "secondary");
    check(&two, &[("data.azapi_resource_action.k1", 1), ("data.azapi_resource_action.k2", 1)]);
    // The same words in another folder may mean another account.
    let files =
        [("a/a.tf", action("k1", "var.id", "primary")), ("b/b.tf", action("k1", "var.id", "secondary"))];
    assert_eq!(accounts(&files).len(), 2);
}

#[test]
fn an_id_and_a_name_of_an_account_that_azapi_makes_are_followed() {
    let acme = named("\"acme\"");
    check(&(acme.clone() + &both("azapi_resource.acc.id") + &looked_up("\"acme\"")), &[("acme", 3)]);
    check(
        &(acme.clone() + &both("azapi_resource.acc.id") + &looked_up("azapi_resource.acc.name")),
        &[("acme", 3)],
    );
    check(
        &(acme.clone()
            + &both("local.id")
            + "locals {\n  id = azapi_resource.acc.id\n}\n"
            + &looked_up("\"acme\"")),
        &[("acme", 3)],
    );
    check(
        &(acme.clone() + &both("azapi_resource.acc.id") + &looked_up("\"other\"")),
        &[("acme", 2), ("other", 1)],
    );
    let open = named("var.name") + &both("azapi_resource.acc.id") + &looked_up("var.name");
    check(&open, &[("data.azurerm_cosmosdb_account.x", 3)]);
    let found = named("\"acme\"").replace("resource \"azapi", "data \"azapi");
    check(&(found + &both("data.azapi_resource.acc.id") + &looked_up("\"acme\"")), &[("acme", 3)]);
    let by_id = block(TYPE, &format!("  resource_id = \"/x/providers/{TYPE}/acme\"\n"))
        .replace("resource \"azapi", "data \"azapi");
    check(&(by_id + &both("data.azapi_resource.acc.id") + &looked_up("\"acme\"")), &[("acme", 3)]);
}

#[test]
fn instances_of_what_azapi_makes_are_told_apart() {
    let each =
        named("\"db-${each.key}\"").replace("{\n  type", "{\n  for_each = toset([\"eu\", \"us\"])\n  type");
    let text = each
        + &action("k1", "azapi_resource.acc[\"eu\"].id", "primary")
        + &action("k2", "azapi_resource.acc[\"us\"].id", "secondary");
    check(&(text.clone() + &looked_up("\"db-eu\"")), &[("db-eu", 2), ("db-us", 1)]);
    let repeated = text
        .replacen("  type        =", "  for_each    = toset([\"eu\", \"us\"])\n  type        =", 1)
        .replace("acc[\"eu\"]", "acc[each.key]");
    check(&repeated, &[("db-eu", 1), ("db-us", 2)]);
}

#[test]
fn what_azapi_makes_that_is_no_account_is_not_followed() {
    for kind in [
        "Microsoft.Storage/storageAccounts@2023-01-01",
        "Microsoft.DocumentDB/databaseAccounts/sqlDatabases@2023-04-15",
    ] {
        let text =
            block(kind, "  name = \"acme\"\n") + &both("azapi_resource.acc.id") + &looked_up("\"acme\"");
        check(&text, &[("acme", 1), ("data.azapi_resource_action.k1", 2)]);
    }
}

#[test]
fn an_id_names_its_account_whatever_stands_around_the_name() {
    for id in [
        "\"/subscriptions/x/resourceGroups/r/providers/Microsoft.DocumentDB/databaseAccounts/acme\"",
        "\"/subscriptions/x/resourceGroups/r/providers/microsoft.documentdb/databaseaccounts/acme/sqlDatabases/d\"",
        "\"${azurerm_resource_group.r.id}/providers/Microsoft.DocumentDB/databaseAccounts/acme\"",
        "\"${data.azurerm_cosmosdb_account.x.id}\"",
    ] {
        check(&(both(id) + &looked_up("\"acme\"")), &[("acme", 3)]);
    }
    let other = "\"/subscriptions/x/providers/Microsoft.DocumentDB/databaseAccounts/acme2\"";
    check(&(both(other) + &looked_up("\"acme\"")), &[("acme", 1), ("acme2", 2)]);
}

/// A deployment whose output is the key of the account with an id, in the template's own words.
fn deployed(id: &str, more: &str) -> String {
    format!(
        "resource \"azurerm_template_deployment\" \"t\" {{\n  template_body = <<E\n{{\"parameters\": {{\"n\": {{\"defaultValue\": \"acme\"}}}}, \
         \"outputs\": {{\"k\": {{\"type\": \"string\", \"value\": \"[listKeys({id}, '2015-04-08').primaryMasterKey]\"}}}}}}\nE\n{more}}}\nlocals \
         {{\n  k = azurerm_template_deployment.t.outputs[\"k\"]\n}}\n"
    )
}

#[test]
fn a_template_names_the_account_whose_keys_it_lists() {
    let id = |name: &str| format!("resourceId('{TYPE}', {name})");
    for (id, more) in [
        (id("'acme'"), ""),
        (id("parameters('n')"), ""),
        (id("parameters('n')"), "  parameters = {\n    other = \"x\"\n  }\n"),
        (id("parameters('m')"), "  parameters = {\n    m = \"acme\"\n  }\n"),
        (id("parameters('m')"), "  parameters_body = jsonencode({ m = { value = local.name } })\n"),
        (id("'${local.name}'"), ""),
        (id("'${data.azurerm_cosmosdb_account.x.name}'"), ""),
        ("'${data.azurerm_cosmosdb_account.x.id}'".to_owned(), ""),
    ] {
        let name = "locals {\n  name = \"acme\"\n}\n";
        let text = deployed(&id, more) + name + &looked_up("\"acme\"");
        check(&text, &[("acme", 2)]);
        let tree = Tree::read(&[("a.tf", &text)]);
        assert_eq!(tree.slot_use(0, Access::ReadWrite), SlotUse::Mixed);
        if !id.contains("azurerm") {
            let other = deployed(&id, more).replace("acme", "other") + &name.replace("acme", "other");
            check(&(other + &looked_up("\"acme\"")), &[("acme", 1), ("other", 1)]);
        }
    }
}

#[test]
fn an_account_that_a_template_works_out_is_none_that_is_known() {
    let id = |name: &str| format!("resourceId('{TYPE}', {name})");
    for (id, more) in [
        (id("concat('a', uniqueString('x'))"), ""),
        (id("parameters('n')"), "  parameters = var.parameters\n"),
        (id("parameters('n')"), "  parameters_body = file(\"x.json\")\n"),
        (id("parameters('m')"), ""),
        (id("'${random_id.x.hex}'"), ""),
    ] {
        let text = deployed(&id, more) + &looked_up("\"acme\"");
        check(&text, &[("acme", 1), ("azurerm_template_deployment.t", 1)]);
    }
    let file = "resource \"azurerm_template_deployment\" \"t\" {\n  template_body = templatefile(\"x.json\", { name = \"b\" })\n}\nlocals {\n  k = \
                azurerm_template_deployment.t.outputs[\"k\"]\n}\n";
    let template =
        "{\"outputs\": {\"k\": {\"value\": \"[listKeys('${name}', '2015-04-08').primaryMasterKey]\"}}}";
    let files = [("a.tf", file.to_owned() + &looked_up("\"acme\"")), ("x.json", template.to_owned())];
    assert_eq!(accounts(&files).len(), 2);
}
