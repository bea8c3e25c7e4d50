//! Calls that hand in one name for the account are one account, although nobody here can spell it.

use super::Tree;
use crate::model::{Access, Slot, SlotUse, TreeClaim, example_tree};
use crate::terraform::{Declared, DeclaredAccount, Links, Question, plan};

const STAMP: &str = "variable \"cosmosdb_account_name\" {}\ndata \"azurerm_cosmosdb_account\" \"global\" {\n  name = \
                     var.cosmosdb_account_name\n}\nlocals {\n  secrets = {\n    \"CosmosDb-ApiKey\" = \
                     data.azurerm_cosmosdb_account.global.primary_key\n  }\n}\nresource \
                     \"azurerm_key_vault_secret\" \"secrets\" {\n  for_each = local.secrets\n  name     = each.key\n  value    = \
                     each.value\n}\n";

fn claimed<P: AsRef<str>, B: AsRef<[u8]>>(question: &Question, files: &[(P, B)]) -> TreeClaim {
    question.claim(&question.tree(files, Links::default()), Access::ReadWrite)
}

/// Only declared: who runs the code says what they are.
const VARIABLES: &str =
    "variable \"stamps\" {}\nvariable \"global_account_name\" {}\nvariable \"other\" {}\n";

fn call(name: &str, repeated: &str, account: &str) -> String {
    format!(
        "module \"{name}\" {{\n  source = \"./modules/stamp\"\n{repeated}  cosmosdb_account_name = {account}\n}}\n"
    )
}

/// What a rotation is told of the account, whether it knows its name or not.
#[track_caller]
fn check_one(root: &str) {
    let files = [("main.tf", root), ("modules/stamp/main.tf", STAMP)];
    let tree = Tree::read(&files);
    assert_eq!(tree.accounts.len(), 1, "{root}: {:?}", tree.accounts);
    for account in [None, Some("acme-cosmos".to_owned())] {
        let question = Question { account, ..Question::default() };
        let claim = claimed(&question, &files);
        assert_eq!((claim.reads, claim.references), (SlotUse::Only(Slot::Primary), 1), "{root}");
        assert_eq!(claim.problems, Vec::<String>::new(), "{root}");
        let flipped = question
            .flip(&question.tree(&files, Links::default()), Access::ReadWrite, Slot::Secondary)
            .unwrap();
        assert_eq!(flipped[0].1, STAMP.replace("primary_key", "secondary_key").into_bytes(), "{root}");
    }
}

#[test]
fn stamps_of_one_call_share_the_account_that_it_is_handed() {
    let stamps = "  for_each = toset(var.stamps)\n";
    let known = "  for_each = toset([\"northeurope\", \"eastus2\"])\n";
    let each = "  for_each = { eu = { account = var.other }, us = { account = var.other } }\n";
    for (repeated, account) in [
        (stamps, "var.global_account_name"),
        (known, "var.global_account_name"),
        ("  count = 3\n", "var.global_account_name"),
        (stamps, "\"${var.other}-cosmos\""),
        (known, "local.unknown"),
        (each, "each.value.account"),
        (known, "lookup({ northeurope = var.other, eastus2 = var.other }, each.key)"),
    ] {
        check_one(&(VARIABLES.to_owned() + &call("stamp", repeated, account)));
    }
}

#[test]
fn calls_that_hand_in_one_expression_share_an_account() {
    for account in [
        "var.global_account_name",
        "var.global.account_name",
        "var.names[\"cosmos\"]",
        "local.account_name",
        "module.global.account_name",
        "data.terraform_remote_state.global.outputs.account_name",
        "\"${random_id.suffix.hex}\"",
        "lower(var.global_account_name)",
        "coalesce(var.other, var.global_account_name)",
        "var.other == \"\" ? var.global_account_name : var.other",
    ] {
        let calls = call("first", "", account) + &call("second", "", account);
        check_one(&format!("{VARIABLES}locals {{\n  account_name = var.global_account_name\n}}\n{calls}"));
    }
    // By two names for one variable, too.
    let calls = call("first", "", "local.account_name") + &call("second", "", "var.global_account_name");
    check_one(&format!("{VARIABLES}locals {{\n  account_name = var.global_account_name\n}}\n{calls}"));
}

#[test]
fn a_name_that_is_handed_down_is_the_one_of_its_outermost_call() {
    let unit = VARIABLES.to_owned()
        + &call("stamp", "  for_each = toset(var.stamps)\n", "var.global_account_name")
            .replace("./modules", "../modules");
    let call = |name: &str, account: &str| {
        format!(
            "module \"{name}\" {{\n  source = \"./unit\"\n  stamps = []\n  global_account_name = {account}\n}}\n"
        )
    };
    let accounts = |first: &str, second: &str| {
        let root = call("a", first) + &call("b", second);
        let files = [("main.tf", root.as_str()), ("unit/a.tf", &unit), ("modules/stamp/a.tf", STAMP)];
        Tree::read(&files).accounts.len()
    };
    assert_eq!(accounts("var.x", "var.x"), 1);
    assert_eq!(accounts("var.x", "var.y"), 2);
}

#[test]
fn different_expressions_are_different_accounts() {
    let calls = call("first", "", "var.global_account_name") + &call("second", "", "var.other");
    let root = VARIABLES.to_owned() + &calls;
    let files = [("main.tf", root.as_str()), ("modules/stamp/main.tf", STAMP)];
    let claim = claimed(&Question::default(), &files);
    assert_eq!(claim.reads, SlotUse::Unknown);
    let tree = Tree::read(&files);
    assert_eq!(tree.accounts.len(), 2);
    assert!(plan(&tree, 0, Access::ReadWrite, Slot::Secondary).is_err());
}

#[test]
fn a_rotation_of_the_example_is_told_its_slot_whatever_the_account_is_called() {
    let files = example_tree();
    for account in [None, Some("acme-prod-cosmos".to_owned())] {
        let claim = claimed(&Question { account, ..Question::default() }, &files);
        assert_eq!((claim.reads, claim.references), (SlotUse::Only(Slot::Primary), 1));
        assert_eq!(claim.problems, Vec::<String>::new());
    }
}

#[test]
fn calls_from_different_folders_are_one_account_where_that_is_declared() {
    let call = VARIABLES.to_owned()
        + &call("stamp", "", "var.global_account_name").replace("./modules", "../../modules");
    let files = [("env/int/a.tf", call.as_str()), ("env/prod/a.tf", &call), ("modules/stamp/a.tf", STAMP)];
    let claim = claimed(&Question::default(), &files);
    assert_eq!(claim.reads, SlotUse::Unknown);
    assert!(claim.problems[0].starts_with("keys of 2 accounts are read"), "{claim:?}");
    let account = DeclaredAccount {
        name: "acme-cosmos".to_owned(),
        symbols: vec!["modules/stamp:data.azurerm_cosmosdb_account.global".to_owned()],
    };
    let declared = Declared { accounts: vec![account], ..Declared::default() };
    let question = Question { account: Some("acme-cosmos".to_owned()), declared, ..Question::default() };
    assert_eq!(claimed(&question, &files).reads, SlotUse::Only(Slot::Primary));
}
