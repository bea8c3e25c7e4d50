//! Where else than into the secret of a rotation the key goes.

use std::collections::BTreeMap;

use super::{Question, Tree};
use crate::model::{Access, Delivery, Slot, example_tree};

const KEY: &str = "azurerm_cosmosdb_account.a.primary_key";

/// What is told of one account's read-write key beside the secret `db-key`, one line each.
fn told<P: AsRef<str>, B: AsRef<[u8]>>(files: &[(P, B)]) -> Vec<String> {
    let secrets = BTreeMap::from([(Access::ReadWrite, "db-key".to_owned())]);
    let question = Question { secrets, ..Question::default() };
    let claim = question.claim(&Tree::read(files), Access::ReadWrite);
    let line = |it: &Delivery| {
        let slot = it.slot.map(|slot: Slot| format!(" {slot} alone")).unwrap_or_default();
        format!("{:?} {} [{}] {}{slot}", it.taker, it.name, it.arguments.join(" "), it.files.join(" "))
    };
    claim.elsewhere.iter().map(line).collect()
}

fn of(text: &str) -> Vec<String> {
    told(&[("a.tf", text)])
}

fn secret(address: &str, name: &str, value: &str) -> String {
    format!(
        "resource \"azurerm_key_vault_secret\" \"{address}\" {{\n  name = {name}\n  value = {value}\n}}\n"
    )
}

fn app(value: &str) -> String {
    format!("resource \"azurerm_linux_web_app\" \"w\" {{\n  app_settings = {{\n    KEY = {value}\n  }}\n}}\n")
}

const NOBODY: [&str; 0] = [];

#[test]
fn the_secret_itself_is_nobody_else_in_any_case_module_or_instance() {
    assert_eq!(of(&secret("s", "\"DB-Key\"", KEY)), NOBODY);
    let map = format!(
        "locals {{\n  all = {{ db-key = {KEY}, other = var.x }}\n}}\nresource \"azurerm_key_vault_secret\" \"s\" {{\n  for_each = local.all\n  name = each.key\n  value = each.value\n}}\n"
    );
    assert_eq!(of(&map), NOBODY);
    let regions = format!(
        "resource \"azurerm_key_vault_secret\" \"s\" {{\n  for_each = toset([\"eu\", \"us\"])\n  name = \"db-key\"\n  key_vault_id = azurerm_key_vault.v[each.key].id\n  value = {KEY}\n}}\n"
    );
    assert_eq!(of(&regions), NOBODY);
    let module = secret("s", "var.name", "var.value") + "variable \"name\" {}\nvariable \"value\" {}\n";
    let call = |name: &str, secret: &str| {
        format!(
            "module \"{name}\" {{\n  source = \"./m\"\n  for_each = toset(var.regions)\n  name = \"{secret}\"\n  value = {KEY}\n}}\n"
        )
    };
    let calls = call("one", "db-key") + &call("two", "Db-Key");
    assert_eq!(told(&[("a.tf", &calls), ("m/a.tf", &module)]), NOBODY);
    let calls = call("one", "db-key") + &call("two", "db-conn");
    assert_eq!(told(&[("a.tf", &calls), ("m/a.tf", &module)]), ["Secret db-conn [] m/a.tf"]);
    let example = example_tree();
    let secrets = BTreeMap::from([(Access::ReadWrite, "cosmosdb-apikey".to_owned())]);
    let question = Question { secrets, ..Question::default() };
    assert_eq!(question.claim(&Tree::read(&example), Access::ReadWrite).elsewhere, []);
}

#[test]
fn other_secrets_settings_outputs_and_code_that_is_not_here_are_named() {
    let own = secret("s", "\"db-key\"", KEY);
    let also = |more: &str| of(&(own.clone() + more));
    let conn = "azurerm_cosmosdb_account.a.primary_sql_connection_string";
    assert_eq!(also(&secret("c", "\"db-conn\"", conn)), ["Secret db-conn [] a.tf"]);
    assert_eq!(also(&app(KEY)), ["Resource azurerm_linux_web_app.w [app_settings.KEY] a.tf"]);
    let output = format!("output \"key\" {{\n  value = {KEY}\n  sensitive = true\n}}\n");
    assert_eq!(also(&output), NOBODY, "a module hands it out, and nobody takes it");
    assert_eq!(also(&(output + "provider \"azurerm\" {}\n")), ["Output output.key [] a.tf"]);
    let call = format!("module \"m\" {{\n  source = \"acme/app/azurerm\"\n  key = {KEY}\n}}\n");
    assert_eq!(also(&call), ["Code module.m [key] a.tf"]);
    assert_eq!(also(&secret("p", "\"${var.p}-key\"", KEY)), ["Secret ${var.p}-key [] a.tf"]);
    let read = "azurerm_cosmosdb_account.a.primary_readonly_key";
    assert_eq!(also(&app(read)), NOBODY, "the key of the other access is another rotation's");
    for harmless in [
        format!("provider \"p\" {{\n  key = {KEY}\n}}\n"),
        format!("locals {{\n  x = {KEY}\n}}\n"),
        format!("resource \"terraform_data\" \"t\" {{\n  triggers_replace = sha256({KEY})\n}}\n"),
    ] {
        assert_eq!(also(&harmless), NOBODY, "{harmless}");
    }
}

#[test]
fn a_single_way_out_whose_end_the_text_does_not_tell_is_taken_for_the_way_to_the_secret() {
    let unnamed = secret("s", "var.name", KEY);
    assert_eq!(of(&unnamed), NOBODY);
    assert_eq!(of(&(unnamed.clone() + &app(KEY))).len(), 1, "the setting is none");
    let call = format!("module \"m\" {{\n  source = \"acme/app/azurerm\"\n  key = {KEY}\n}}\n");
    assert_eq!(of(&call), NOBODY);
    assert_eq!(of(&(unnamed + &call)).len(), 2, "either may be it");
    let named =
        format!("module \"m\" {{\n  source = \"acme/kv/azurerm\"\n  secrets = {{ Db-Key = {KEY} }}\n}}\n");
    assert_eq!(of(&(named + &call.replace("\"m\"", "\"n\""))), ["Code module.n [key] a.tf"]);
    assert_eq!(
        of(&secret("s", "\"other\"", KEY)),
        ["Secret other [] a.tf"],
        "another name is another secret"
    );
}

#[test]
fn who_reads_the_secret_back_keeps_what_it_was_at_its_apply() {
    let own = secret("s", "\"db-key\"", KEY);
    let back = app("azurerm_key_vault_secret.s.value");
    assert_eq!(of(&(own + &back)), ["Resource azurerm_linux_web_app.w [app_settings.KEY] a.tf"]);
    let map = format!(
        "locals {{\n  all = {{ db-key = {KEY}, other = var.x }}\n}}\nresource \"azurerm_key_vault_secret\" \"s\" {{\n  for_each = local.all\n  name = each.key\n  value = each.value\n}}\n"
    );
    let read = |key: &str| of(&(map.clone() + &app(&format!("azurerm_key_vault_secret.s[\"{key}\"].value"))));
    assert_eq!(read("db-key").len(), 1);
    assert_eq!(read("other"), NOBODY);
}

#[test]
fn a_pair_on_offer_takes_each_slot_whatever_the_rest_reads() {
    let own = secret("s", "\"db-key\"", KEY);
    let pair = secret("p", "\"db-primary\"", KEY)
        + &secret("q", "\"db-secondary\"", "azurerm_cosmosdb_account.a.secondary_key");
    assert_eq!(
        of(&(own + &pair)),
        ["Secret db-primary [] a.tf primary alone", "Secret db-secondary [] a.tf secondary alone"]
    );
}
