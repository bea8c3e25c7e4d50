//! Keys that are only compared, counted or asked for: no key goes anywhere from there.

use super::{check, check_one, found};
use crate::model::{Access, Slot, SlotUse};
use crate::terraform::{Tree, flip};

const TESTED: &str = "a.tf:2 primary_key [primary_key] primary read-write Tested";
const TAKEN: &str = "a.tf:2 primary_key [primary_key] primary read-write Consumer";

#[test]
fn what_comes_of_a_comparison_holds_no_key() {
    for expression in [
        "azurerm_cosmosdb_account.a.primary_key == \"\" ? 1 : 2",
        "null != azurerm_cosmosdb_account.a.primary_key",
        "length(azurerm_cosmosdb_account.a.primary_key) > 0",
        "length(nonsensitive(azurerm_cosmosdb_account.a.primary_key))",
        "!azurerm_cosmosdb_account.a.primary_key",
        "can(azurerm_cosmosdb_account.a.primary_key)",
        "startswith(azurerm_cosmosdb_account.a.primary_key, \"x\") ? 1 : 2",
        "[for x in var.all : x if x != azurerm_cosmosdb_account.a.primary_key]",
        "\"%{ if azurerm_cosmosdb_account.a.primary_key != \"\" }x%{ endif }\"",
        "var.on && azurerm_cosmosdb_account.a.primary_key != \"\"",
    ] {
        check_one(expression, &[TESTED]);
    }
    for expression in [
        "true ? azurerm_cosmosdb_account.a.primary_key : null",
        "coalesce(azurerm_cosmosdb_account.a.primary_key, \"x\")",
        "\"%{ if var.on }${azurerm_cosmosdb_account.a.primary_key}%{ endif }\"",
        "[for x in [azurerm_cosmosdb_account.a.primary_key] : x if x != \"\"]",
    ] {
        check_one(expression, &[TAKEN]);
    }
}

#[test]
fn conditions_and_counts_hold_no_key() {
    let read = "can(regex(\"x\", azurerm_cosmosdb_account.a.primary_key))";
    let text = format!(
        "resource \"a_b\" \"c\" {{\n  count = tobool({read}) ? 1 : 0\n  lifecycle {{\n    precondition {{\n      condition = \
         startswith(azurerm_cosmosdb_account.a.primary_key, \"x\")\n      error_message = \
         azurerm_cosmosdb_account.a.primary_key\n    }}\n  }}\n}}\ncheck \"k\" {{\n  assert {{\n    condition = {read}\n  }}\n}}\nresource \
         \"azurerm_role_assignment\" \"r\" {{\n  condition = azurerm_cosmosdb_account.a.secondary_key\n}}\n"
    );
    check(
        &[("a.tf", &text)],
        &[
            "a.tf:2 primary_key [primary_key] primary read-write Tested",
            "a.tf:5 primary_key [primary_key] primary read-write Tested",
            "a.tf:6 primary_key [primary_key] primary read-write Consumer",
            "a.tf:12 primary_key [primary_key] primary read-write Tested",
            "a.tf:16 secondary_key [secondary_key] secondary read-write Consumer",
        ],
    );
    let json = "{\"resource\": {\"a_b\": {\"c\": {\"count\": \"${tonumber(azurerm_cosmosdb_account.a.primary_key)}\",\n\"lifecycle\": {\"precondition\": [{\"condition\": \"${startswith(azurerm_cosmosdb_account.a.primary_key, \\\"x\\\")}\"}]}}}}}\n";
    let tested = |line| format!("a.tf.json:{line} primary_key [primary_key] primary read-write Tested");
    assert_eq!(found(&[("a.tf.json", json)]), [tested(1), tested(2)]);
}

#[test]
fn a_question_beside_a_value_mixes_nothing_and_is_left_by_a_flip() {
    let text = "resource \"azurerm_key_vault_secret\" \"s\" {\n  count = azurerm_cosmosdb_account.a.primary_key != \"\" ? 1 : 0\n  name  = \"k\"\n  value = azurerm_cosmosdb_account.a.primary_key\n}\n";
    let flipped = flip(&[("a.tf", text)], None, Access::ReadWrite, Slot::Secondary).unwrap();
    let after = String::from_utf8(flipped[0].1.clone()).unwrap();
    assert_eq!(
        after,
        text.replace(
            "value = azurerm_cosmosdb_account.a.primary",
            "value = azurerm_cosmosdb_account.a.secondary"
        )
    );
    let tree = Tree::read(&[("a.tf", &after)]);
    assert_eq!(tree.slot_use(0, Access::ReadWrite), SlotUse::Only(Slot::Secondary));
    let back = flip(&[("a.tf", &after)], None, Access::ReadWrite, Slot::Primary).unwrap();
    assert_eq!(back[0].1, text.as_bytes());
}

#[test]
fn what_is_asked_of_names_is_no_read_of_a_key() {
    let db = (
        "db/a.tf",
        "output \"p\" {\n  value = azurerm_cosmosdb_account.a.primary_key\n}\noutput \"s\" {\n  value = azurerm_cosmosdb_account.a.secondary_key\n}\noutput \"has_secondary\" {\n  value = azurerm_cosmosdb_account.a.secondary_key != \"\"\n}\n",
    );
    let root = "module \"db\" {\n  source = \"./db\"\n}\nresource \"a_b\" \"c\" {\n  count = module.db.s != \"\" ? 1 : 0\n  k = module.db.p\n}\n";
    check(
        &[("a.tf", root), db],
        &[
            "a.tf:5 s [s] secondary read-write Tested",
            "a.tf:6 p [p] primary read-write Consumer",
            "db/a.tf:2 primary_key [primary_key] primary read-write Definition",
            "db/a.tf:5 secondary_key [secondary_key] secondary read-write Definition",
            "db/a.tf:8 secondary_key [secondary_key] secondary read-write Tested",
        ],
    );
    // A key that is handed in, or one of a pair that is picked by a value: nothing is hidden by a question.
    for text in [
        "resource \"a_b\" \"c\" {\n  count = var.cosmosdb_primary_key != \"\" ? 1 : 0\n}\n",
        "locals {\n  keys = { p = azurerm_cosmosdb_account.a.primary_key, s = azurerm_cosmosdb_account.a.secondary_key }\n}\nresource \"a_b\" \"c\" {\n  count = local.keys[var.slot] != \"\" ? 1 : 0\n  k = local.keys.p\n}\n",
        "resource \"a_b\" \"c\" {\n  count = azurerm_cosmosdb_account.a.connection_strings[var.n] != \"\" ? 1 : 0\n}\n",
    ] {
        assert!(!found(&[("a.tf", text)]).iter().any(|line| line.contains("opaque")), "{text}");
    }
}

#[test]
fn a_choice_that_is_asked_too_is_turned_with_its_value() {
    let text = "variable \"slot\" {\n  default = \"p\"\n}\nlocals {\n  keys = { p = azurerm_cosmosdb_account.a.primary_key, s = azurerm_cosmosdb_account.a.secondary_key }\n}\nresource \"a_b\" \"c\" {\n  count = local.keys[var.slot] != \"\" ? 1 : 0\n  k = local.keys[var.slot]\n}\n";
    let flipped = flip(&[("a.tf", text)], None, Access::ReadWrite, Slot::Secondary).unwrap();
    assert_eq!(flipped[0].1, text.replace("default = \"p\"", "default = \"s\"").as_bytes());
}

#[test]
fn a_question_ends_where_it_stands() {
    let text = "locals {\n  has = azurerm_cosmosdb_account.a.primary_key != \"\"\n  key = azurerm_cosmosdb_account.a.primary_key\n}\nresource \"azurerm_key_vault_secret\" \"s\" {\n  count = local.has ? 1 : 0\n  name = local.key != \"\" ? \"k\" : \"l\"\n  value = local.key\n  content_type = local.has\n}\n";
    let tree = Tree::read(&[("a.tf", text)]);
    let ends: Vec<(usize, String)> =
        tree.flows().iter().map(|flow| (flow.hops.len(), flow.sink.binding.join("."))).collect();
    assert_eq!(
        ends,
        [(0, "locals.has".to_owned()), (1, "resource.azurerm_key_vault_secret.s.value".to_owned())]
    );
}
