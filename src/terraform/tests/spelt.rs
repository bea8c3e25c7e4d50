//! What hides behind a spelling: names that are Terraform's own elsewhere, escapes of JSON, names that tell the service.

use super::{check, check_one};
use crate::model::{Access, Slot};
use crate::terraform::{AllowedOpaque, Refusal, Tree, every, flip};

const KEY: &str = "azurerm_cosmosdb_account.a.primary_key";

#[test]
fn names_that_order_terraforms_work_are_free_where_they_give_a_value() {
    for (before, name, after) in [
        ("locals {", "provider", "}"),
        ("locals {", "depends_on", "}"),
        ("locals {", "ignore_changes", "}"),
        ("resource \"a_b\" \"c\" { config {", "provider", "}}"),
        ("resource \"a_b\" \"c\" { lifecycle { settings {", "ignore_changes", "}}}"),
        ("module \"m\" {", "provider", "}"),
        ("output \"o\" {", "provider", "}"),
    ] {
        let text = format!("{}\n{name} = {KEY}\n{}\n", before.replace('{', "{\n"), after.replace('}', "}\n"));
        let line = text.lines().position(|line| line.contains(KEY)).map_or(0, |at| at + 1);
        check(
            &[("a.tf", &text)],
            &[&format!("a.tf:{line} primary_key [primary_key] primary read-write Consumer")],
        );
    }
    for (kind, name) in [("resource", "depends_on"), ("data", "provider"), ("ephemeral", "depends_on")] {
        check(
            &[("a.tf", &format!("{kind} \"a\" \"b\" {{\n  {name} = [azurerm_cosmosdb_account.a]\n}}\n"))],
            &[],
        );
    }
}

#[test]
fn the_same_holds_for_json() {
    let key = "${azurerm_cosmosdb_account.a.primary_key}";
    let read = "a.tf.json:2 primary_key [primary_key] primary read-write Consumer";
    for (path, expected) in [
        ("{\"locals\": {\"provider\":\n\"KEY\"}}", &[read][..]),
        ("{\"locals\": {\"m\": {\"depends_on\":\n\"KEY\"}}}", &[read]),
        ("{\"resource\": {\"a\": {\"b\": {\"depends_on\":\n[\"KEY\"]}}}}", &[]),
        ("{\"resource\": {\"a\": {\"b\": {\"lifecycle\": {\"ignore_changes\":\n[\"KEY\"]}}}}}", &[]),
        // The name of a property within a value is a template.
        ("{\"locals\": {\"m\": {\n\"KEY\": 1}}}", &[read]),
    ] {
        check(&[("a.tf.json", &path.replace("KEY", key))], expected);
    }
}

#[test]
fn an_escape_of_json_hides_nothing() {
    let read = "a.tf.json:2 primary_key [primary_key] primary read-write Consumer";
    let opaque = "a.tf.json:2 opaque";
    for (text, expected) in [
        (r"\u0024{azurerm_cosmosdb_account.a.primary_key}", &[opaque][..]),
        (r"$\u007Bazurerm_cosmosdb_account.a.primary_key}", &[opaque]),
        (r"${azurerm_cosmosdb_account.a.prim\u0061ry_key}", &[opaque]),
        (r#"${replace(azurerm_cosmosdb_account.a.primary_key, \"\\\"\", \"\")}"#, &[opaque]),
        (r#"${replace(azurerm_search_service.a.primary_key, \"\\\"\", \"\")}"#, &[]),
        (r#"${a.b \u0026\u0026 c.d \u003e= 1 ? azurerm_cosmosdb_account.a.primary_key : \"\"}"#, &[read]),
        (r"\u0024\u0024{azurerm_cosmosdb_account.a.primary_key}", &[]),
    ] {
        check(&[("a.tf.json", &format!("{{\"locals\": {{\"x\":\n\"{text}\"}}}}"))], expected);
    }
}

#[test]
fn an_output_of_a_free_name_is_seen_behind_escapes() {
    let outputs = "output \"key\" {\n  value = azurerm_cosmosdb_account.a.primary_key\n}\n\
                   output \"spare\" {\n  value = azurerm_cosmosdb_account.a.secondary_key\n}\n";
    let root = r#"{"module": {"db": {"source": "./db"}}, "locals": {"x": "${replace(module.db.key, \"\\\"\", \"\")}", "y": "${module.db.spare}"}}"#;
    let flipped = flip(&[("a.tf.json", root), ("db/a.tf", outputs)], None, Access::ReadWrite, Slot::Primary);
    let refused = flipped.as_ref().err().and_then(|refusals| refusals.first());
    assert!(matches!(refused, Some(Refusal::Opaque { .. })), "{flipped:?}");
}

#[test]
fn names_that_no_other_service_has_tell_a_key_wherever_they_come_from() {
    let module = |name: &str| {
        format!(
            "module \"x\" {{\n  source = \"git::https://a.invalid/x\"\n}}\nlocals {{\n  k = module.x.{name}\n}}\n"
        )
    };
    for name in ["primary_mongodb_connection_string", "primary_master_key", "primary_sql_connection_string"] {
        let line = format!("a.tf:5 {name} [{name}] primary read-write Consumer");
        check(&[("a.tf", &module(name))], &[&line]);
    }
    for name in ["primary_key", "primary_connection_string", "master_key", "sql_connection_string"] {
        check(&[("a.tf", &module(name))], &[]);
    }
    check_one(
        "var.x.primary_readonly_key",
        &["a.tf:2 opaque", "a.tf:2 primary_readonly_key [primary_readonly_key] primary read-only Relay"],
    );
}

#[test]
fn an_instance_of_a_module_may_name_its_output_in_brackets() {
    let root = "module \"db\" {\n  for_each = toset([\"eu\"])\n  source   = \"./db\"\n}\nlocals {\n  k = module.db[\"eu\"][\"primary_key\"]\n}\n";
    let outputs = "output \"primary_key\" {\n  value = azurerm_cosmosdb_account.a.primary_key\n}\n\
                   output \"secondary_key\" {\n  value = azurerm_cosmosdb_account.a.secondary_key\n}\n";
    check(
        &[("a.tf", root), ("db/a.tf", outputs)],
        &[
            "a.tf:6 primary_key [primary_key] primary read-write Consumer",
            "db/a.tf:2 primary_key [primary_key] primary read-write Definition",
            "db/a.tf:5 secondary_key [secondary_key] secondary read-write Definition",
        ],
    );
}

#[test]
fn every_account_is_one_that_may_be_read() {
    let text = "locals {\n  a = azurerm_cosmosdb_account.a.primary_key\n  b = [azurerm_cosmosdb_account.b]\n}\noutput \"c\" {\n  value = azurerm_cosmosdb_account.c.name\n}\n";
    let tree = Tree::read(&[("a.tf", text)]);
    let named = |accounts: Vec<usize>| -> Vec<String> {
        accounts.iter().map(|at| tree.accounts[*at].key.to_string()).collect()
    };
    let allowed = |place: &str| AllowedOpaque(vec![place.to_owned()]);
    let every = |tree: &Tree, allowed| every(tree, Access::ReadWrite, &allowed);
    assert_eq!(every(&tree, allowed("a.tf:3")), Ok(vec![0]), "what a person vouches for is no reader");
    let read = every(&tree, allowed("a.tf:2")).map(named);
    assert_eq!(read, Ok(vec!["azurerm_cosmosdb_account.a".into(), "azurerm_cosmosdb_account.b".into()]));
    assert_eq!(every(&Tree::read(&[("a.tf", "")]), allowed("a.tf:2")), Err(vec![Refusal::NoAccount]));
}

#[test]
fn a_name_behind_an_escape_is_worked_out() {
    let text = r#"{"variable": {"x": {"default": "real"}}, "data": {"azurerm_cosmosdb_account": {
        "a": {"name": "\u0024{var.x}"}, "b": {"name": "${var.x}"}}},
        "locals": {"k": "${data.azurerm_cosmosdb_account.a.primary_key}"}}"#;
    let tree = Tree::read(&[("a.tf.json", text)]);
    assert_eq!(tree.accounts.len(), 1, "{:?}", tree.accounts);
}
