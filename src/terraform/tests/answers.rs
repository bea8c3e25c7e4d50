//! What an azapi action hands on of its answer, under which names, and what the other slot is called there.

use super::{check, flip};
use crate::model::{Access, Slot};

fn answered(exported: &str, read: &str) -> String {
    format!(
        "data \"azapi_resource_action\" \"k\" {{\n  type = \"Microsoft.DocumentDB/databaseAccounts@2024-08-15\"\n  resource_id = azurerm_cosmosdb_account.a.id\n  action = \"listKeys\"\n  {exported}\n}}\nresource \"azurerm_key_vault_secret\" \"e\" {{\n  value = data.azapi_resource_action.k.{read}\n}}\n"
    )
}

/// The expression after a flip to the secondary slot; the refusal's words where it is refused.
fn flipped(exported: &str, read: &str) -> String {
    let text = answered(exported, read);
    match flip(&[("a.tf", text.as_str())], None, Access::ReadWrite, Slot::Secondary) {
        Ok(files) => {
            let text = String::from_utf8(files[0].1.clone()).unwrap();
            let line = text.lines().find(|line| line.contains("value = data")).unwrap();
            line.trim_start_matches("  value = data.azapi_resource_action.k.").to_owned()
        }
        Err(refusals) => refusals.iter().map(ToString::to_string).collect(),
    }
}

fn flipped_read_only(exported: &str, read: &str) -> String {
    let text = answered(exported, read);
    let refusals = flip(&[("a.tf", text.as_str())], None, Access::ReadOnly, Slot::Secondary).unwrap_err();
    refusals.iter().map(ToString::to_string).collect()
}

#[test]
fn a_map_of_paths_says_what_the_answer_is() {
    let map = "response_export_values = { keys = \"@\", two = \"{a: primaryMasterKey}\", three = \"[primaryMasterKey]\", key = \"primaryMasterKey\", read = \"@.secondaryReadonlyMasterKey\", one = var.path }";
    for (read, expected) in [
        (
            "output.keys.primaryMasterKey",
            "a.tf:8 primaryMasterKey [primaryMasterKey] primary read-write Consumer",
        ),
        ("output.key", "a.tf:8 key [key] primary read-write Consumer"),
        ("output.read", "a.tf:8 read [read] secondary read-only Consumer"),
        ("output.keys", "a.tf:8 opaque"),
        ("output.two.a", "a.tf:8 opaque"),
        ("output.three[0]", "a.tf:8 opaque"),
        ("output.one", "a.tf:8 opaque"),
    ] {
        check(&[("a.tf", &answered(map, read))], &[expected]);
    }
    check(&[("a.tf", &answered("response_export_values = { where = \"location\" }", "output.where"))], &[]);
}

#[test]
fn the_sensitive_answer_has_paths_of_its_own() {
    let read = "sensitive_output.key";
    let map = "sensitive_response_export_values = { key = \"primaryMasterKey\" }";
    check(&[("a.tf", &answered(map, read))], &["a.tf:8 key [key] primary read-write Consumer"]);
    check(&[("a.tf", &answered(&map.replace("sensitive_", ""), read))], &[]);
    let list = "sensitive_response_export_values = [\"primaryMasterKey\"]";
    let refused = flipped(list, "sensitive_output.primaryMasterKey");
    let expected = "`sensitive_response_export_values` at a.tf:5 does not hold `secondaryMasterKey`";
    assert!(refused.ends_with(expected), "{refused}");
    let both = list.replace(']', ", \"secondaryMasterKey\"]");
    assert_eq!(flipped(&both, "sensitive_output.primaryMasterKey"), "sensitive_output.secondaryMasterKey");
}

#[test]
fn the_other_slot_is_what_its_entry_is_called() {
    let map = "response_export_values = { one = \"primaryMasterKey\", two = \"secondaryMasterKey\" }";
    assert_eq!(flipped(map, "output.one"), "output.two");
    let several = map
        .replace("one", "key_primary")
        .replace("two = \"", "two = \"secondaryMasterKey\", key_secondary = \"");
    assert_eq!(flipped(&several, "output.key_primary"), "output.key_secondary");
    let alone = map.replace("secondary", "primaryReadonly");
    assert!(
        flipped(&alone, "output.one")
            .ends_with("`response_export_values` at a.tf:5 does not hold `secondaryMasterKey`")
    );
    let read_only = flipped_read_only(
        "response_export_values = [\"primaryReadonlyMasterKey\"]",
        "output.primaryReadonlyMasterKey",
    );
    assert!(read_only.ends_with("does not hold `secondaryReadonlyMasterKey`"), "{read_only}");
}

/// A list that may hold it, or does, is not to blame.
#[test]
fn a_key_that_the_list_holds_is_not_told_to_be_missing_there() {
    for map in [
        "response_export_values = { one = \"primaryMasterKey\", two = var.path }",
        "response_export_values = { one = \"primaryMasterKey\", two = \"{a: secondaryMasterKey}\" }",
    ] {
        let refused = flipped(map, "output.one");
        assert!(!refused.is_empty() && !refused.contains("does not hold"), "{map}: {refused}");
    }
    // It is one of two calls that has not the other slot to hand in.
    let key = |slot: &str| format!("data.azapi_resource_action.k.output.{slot}MasterKey");
    let call = |name: &str, secondary: &str| {
        let (primary, secondary) = (key("primary"), key(secondary));
        format!(
            "module \"{name}\" {{\n  source = \"./app\"\n  primary = {primary}\n  secondary = {secondary}\n}}\n"
        )
    };
    let app = "variable \"primary\" {}\nvariable \"secondary\" {}\nresource \"azurerm_key_vault_secret\" \"s\" {\n  value = var.primary\n}\n";
    let exported = "response_export_values = [\"primaryMasterKey\", \"secondaryMasterKey\"]";
    let action = answered(exported, "output.primaryMasterKey");
    let (action, _) = action.split_once("resource \"azurerm_key_vault_secret\"").unwrap();
    let refused = |other: &str| {
        let root = action.to_owned() + &call("even", "secondary") + &call("uneven", other);
        let files = [("a.tf", root.as_str()), ("app/a.tf", app)];
        let flipped = flip(&files, None, Access::ReadWrite, Slot::Secondary);
        flipped.err().map(|refusals| refusals.iter().map(ToString::to_string).collect::<String>())
    };
    assert_eq!(refused("secondary"), None);
    let told = refused("primary").unwrap();
    assert!(told.contains("module.uneven") && !told.contains("does not hold"), "{told}");
}

#[test]
fn the_other_slot_of_a_template_is_the_output_that_differs_in_the_key_alone() {
    let list = |account: &str, key: &str| format!("[listKeys('${{{account}}}','2021-04-15').{key}]");
    let a = "azurerm_cosmosdb_account.a.id";
    let flipped = |other: &str, kind: &str| {
        let text = format!(
            "resource \"azurerm_resource_group_template_deployment\" \"t\" {{\n  template_content = <<T\n{{\"outputs\": {{\"k\": {{\"type\":\"string\",\"value\":\"{}\"}},\n \"k2\": {{\"type\":\"{kind}\",\"value\":\"{other}\"}}}}}}\nT\n}}\nresource \"x\" \"y\" {{\n  v = jsondecode(azurerm_resource_group_template_deployment.t.output_content).k.value\n}}\n",
            list(a, "primaryMasterKey")
        );
        let flipped = flip(&[("a.tf", text.as_str())], None, Access::ReadWrite, Slot::Secondary);
        flipped.is_ok_and(|files| {
            String::from_utf8(files[0].1.clone()).unwrap().contains("output_content).k2.value")
        })
    };
    assert!(flipped(&list(a, "secondaryMasterKey"), "string"));
    assert!(!flipped(&list(a, "secondaryMasterKey"), "securestring"), "which no output holds");
    assert!(!flipped(&list(a, "secondaryReadonlyMasterKey"), "string"));
    assert!(!flipped(&list("azurerm_cosmosdb_account.b.id", "secondaryMasterKey"), "string"));
}
