//! Terragrunt's files that are read as part of others: what stands in them counts as written there.

use super::{check, found};
use crate::model::{Access, Slot, SlotUse};
use crate::terraform::{AllowedOpaque, Refusal, SinkKind, Tree, plan, plan_allowing};

const DB: (&str, &str) = (
    "modules/db/a.tf",
    "variable \"name\" {}\nresource \"azurerm_cosmosdb_account\" \"a\" {\n  name = var.name\n}\n\
     output \"main_primary\" {\n  value = azurerm_cosmosdb_account.a.primary_key\n}\n\
     output \"main_secondary\" {\n  value = azurerm_cosmosdb_account.a.secondary_key\n}\n",
);
const RUNS_DB: &str =
    "terraform {\n  source = \"../../modules//db\"\n}\ninputs = {\n  name = \"orders\"\n}\n";

/// What is read where `live/app` includes a file by some path, and this one depends on `live/db` by another.
fn read_by_including(path: &str, config_path: &str, included: &str) -> Vec<String> {
    let app = format!("include \"x\" {{\n  path = {path}\n}}\n");
    let reads = format!(
        "locals {{\n  up = \"..\"\n}}\ndependency \"d\" {{\n  config_path = {config_path}\n}}\ninputs = {{\n  k = \
         dependency.d.outputs.main_secondary\n}}\n"
    );
    let mut files = vec![
        (included, reads.as_str()),
        ("live/app/terragrunt.hcl", &app),
        ("live/db/terragrunt.hcl", RUNS_DB),
        DB,
    ];
    files.extend((!included.ends_with("root.hcl")).then_some(("live/root.hcl", "locals {}\n")));
    found(&files)
}

#[test]
fn a_dependency_in_an_included_file_is_that_of_the_including_one() {
    for (path, config_path, included) in [
        ("find_in_parent_folders()", "\"../db\"", "live/terragrunt.hcl"),
        ("find_in_parent_folders()", "\"../db\"", "root.hcl"),
        ("find_in_parent_folders(\"common.hcl\")", "\"../db\"", "live/common.hcl"),
        ("find_in_parent_folders(\"none.hcl\", \"../common.hcl\")", "\"../db\"", "live/common.hcl"),
        ("\"../common.hcl\"", "\"../db/terragrunt.hcl\"", "live/common.hcl"),
        ("\"${get_repo_root()}/_env/common.hcl\"", "\"${local.up}/db\"", "_env/common.hcl"),
        ("\"${get_terragrunt_dir()}/../../_env/common.hcl\"", "\"../db\"", "_env/common.hcl"),
        ("\"${dirname(find_in_parent_folders(\"root.hcl\"))}/common.hcl\"", "\"../db\"", "live/common.hcl"),
        ("find_in_parent_folders()", "\"${get_parent_terragrunt_dir()}/db\"", "live/terragrunt.hcl"),
        (
            "find_in_parent_folders()",
            "\"${get_parent_terragrunt_dir()}/${path_relative_to_include()}/../db\"",
            "live/terragrunt.hcl",
        ),
        ("find_in_parent_folders()", "\"${path_relative_from_include()}/db\"", "live/terragrunt.hcl"),
        ("\"../common.hcl\"", "\"${get_repo_root()}/live/db\"", "live/common.hcl"),
    ] {
        let read = format!("{included}:8 main_secondary [main_secondary] secondary read-write Consumer");
        let lines = read_by_including(path, config_path, included);
        assert!(lines.contains(&read), "{path} {config_path}: {lines:#?}");
    }
    // Where the path is not known, or leads to no configuration of the tree, nothing is made up.
    for config_path in ["\"../${uuid()}\"", "\"../../db\"", "\"/live/db\""] {
        let lines = read_by_including("\"../common.hcl\"", config_path, "live/common.hcl");
        assert!(!lines.iter().any(|line| line.starts_with("live/common.hcl")), "{config_path}: {lines:#?}");
    }
}

#[test]
fn code_and_inputs_may_stand_in_different_files() {
    let files = [
        (
            "live/common.hcl",
            "terraform {\n  source = \"${get_parent_terragrunt_dir()}/../modules//app\"\n}\n",
        ),
        (
            "live/app/terragrunt.hcl",
            "include {\n  path = \"../common.hcl\"\n}\ndependency \"d\" {\n  config_path = \"../db\"\n}\ninputs = {\n  \
             k = dependency.d.outputs.main_primary\n}\n",
        ),
        ("live/db/terragrunt.hcl", RUNS_DB),
        (
            "modules/app/a.tf",
            "variable \"k\" {}\nresource \"azurerm_key_vault_secret\" \"s\" {\n  name  = \"db\"\n  value = var.k\n}\n",
        ),
        DB,
    ];
    let tree = Tree::read(&files);
    let flow = tree
        .flows()
        .iter()
        .find(|flow| tree.sources[tree.references[flow.reference].file].path() == "live/app/terragrunt.hcl");
    let sink = &flow.unwrap().sink;
    assert_eq!((sink.kind, sink.name.as_str()), (SinkKind::KeyVaultSecret, "db"));
}

/// Two environments that include one file, each with a database of its own.
fn environments(same: bool) -> Vec<(&'static str, String)> {
    let runs = |name: &str| {
        format!("terraform {{\n  source = \"../../modules//db\"\n}}\ninputs = {{\n  name = \"{name}\"\n}}\n")
    };
    let path = if same { "${get_repo_root()}/prod/db" } else { "../db" };
    let reads = format!(
        "dependency \"d\" {{\n  config_path = \"{path}\"\n}}\ninputs = {{\n  k = dependency.d.outputs.main_primary\n}}\n"
    );
    let includes = "include \"env\" {\n  path = \"${get_repo_root()}/_env/app.hcl\"\n}\n".to_owned();
    vec![
        ("_env/app.hcl", reads),
        ("int/app/terragrunt.hcl", includes.clone()),
        ("int/db/terragrunt.hcl", runs("orders-int")),
        ("prod/app/terragrunt.hcl", includes),
        ("prod/db/terragrunt.hcl", runs("orders-prod")),
        (DB.0, DB.1.to_owned()),
    ]
}

#[test]
fn what_two_configurations_include_is_read_for_both_of_their_accounts() {
    let tree = Tree::read(&environments(false));
    let consumers: Vec<(String, String)> = tree
        .references
        .iter()
        .filter(|it| tree.sources[it.file].path() == "_env/app.hcl")
        .map(|it| (tree.accounts[it.account].key.to_string(), it.position.line.to_string()))
        .collect();
    let expected = ["orders-int", "orders-prod"].map(|name| (name.to_owned(), "5".to_owned()));
    assert_eq!(consumers, expected);
    let accounts: Vec<usize> =
        ["orders-int", "orders-prod"].iter().flat_map(|it| tree.accounts_called(it)).collect();
    for account in &accounts {
        assert_eq!(tree.slot_use(*account, Access::ReadWrite), SlotUse::Only(Slot::Primary));
        // One place cannot move for one of them alone.
        let refused = plan(&tree, *account, Access::ReadWrite, Slot::Secondary).unwrap_err();
        assert!(matches!(refused.as_slice(), [Refusal::ReadForAnother { .. }]), "{refused:?}");
    }
    let allowed = AllowedOpaque::default();
    let both = plan_allowing(&tree, &accounts, Access::ReadWrite, Slot::Secondary, &allowed).unwrap();
    let edits: Vec<(&str, &str)> = both.edits.iter().map(|it| (it.path.as_str(), it.new.as_str())).collect();
    assert_eq!(edits, [("_env/app.hcl", "main_secondary")]);
}

#[test]
fn what_means_the_same_in_every_configuration_is_read_once() {
    let tree = Tree::read(&environments(true));
    let at = tree.accounts_called("orders-prod")[0];
    assert_eq!(tree.consumers(at, Access::ReadWrite).count(), 1);
    assert_eq!(tree.slot_use(at, Access::ReadWrite), SlotUse::Only(Slot::Primary));
    let flip = plan(&tree, at, Access::ReadWrite, Slot::Secondary).unwrap();
    assert_eq!(flip.edits.len(), 1);
}

#[test]
fn a_configuration_that_is_read_as_a_value_hands_on_its_dependencies() {
    for (read, key) in [
        ("locals {\n  env = read_terragrunt_config(\"../env/env.hcl\")\n}\n", "local.env"),
        (
            "locals {\n  env = read_terragrunt_config(find_in_parent_folders(\"env/env.hcl\"))\n}\n",
            "local.env",
        ),
    ] {
        let app = format!("{read}inputs = {{\n  k = {key}.dependency.d.outputs.main_secondary\n}}\n");
        let files = [
            ("live/app/terragrunt.hcl", app.as_str()),
            ("live/db/terragrunt.hcl", RUNS_DB),
            ("live/env/env.hcl", "dependency \"d\" {\n  config_path = \"../db\"\n}\n"),
            DB,
        ];
        let line = "live/app/terragrunt.hcl:5 main_secondary [main_secondary] secondary read-write Consumer";
        assert!(found(&files).contains(&line.to_owned()), "{read}: {:#?}", found(&files));
    }
    let exposed = "include \"x\" {\n  path = \"../x.hcl\"\n  expose = true\n}\ninputs = {\n  k = \
                   include.x.dependency.d.outputs.main_secondary\n}\n";
    let files = [
        ("live/app/terragrunt.hcl", exposed),
        ("live/db/terragrunt.hcl", RUNS_DB),
        ("live/x.hcl", "dependency \"d\" {\n  config_path = \"../db\"\n}\n"),
        DB,
    ];
    check(
        &files,
        &[
            "live/app/terragrunt.hcl:6 main_secondary [main_secondary] secondary read-write Consumer",
            "modules/db/a.tf:6 primary_key [primary_key] primary read-write Definition",
            "modules/db/a.tf:9 secondary_key [secondary_key] secondary read-write Definition",
        ],
    );
}

#[test]
fn files_that_include_each_other_end() {
    let includes = |path: &str| {
        format!(
            "include {{\n  path = \"{path}\"\n}}\nlocals {{\n  a = local.a\n}}\ndependency \"d\" {{\n  config_path = local.a\n}}\n"
        )
    };
    let (one, other) =
        (includes("../b/terragrunt.hcl"), includes("${get_parent_terragrunt_dir()}/../a/terragrunt.hcl"));
    assert_eq!(found(&[("a/terragrunt.hcl", one.as_str()), ("b/terragrunt.hcl", &other)]), [""; 0]);
}
