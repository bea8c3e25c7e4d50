//! `keyslot check` through the program itself.

use snapbox::{assert_data_eq, str};

use crate::tool::Folder;

const SECRETS: &str = "src/infra/releaseunit/modules/stamp/keyvault-secrets.tf";

#[test]
fn the_example_stands_on_primary_with_one_reference() {
    let folder = Folder::example();
    let ran = folder.run(&["check", "--output", "json"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    let report = ran.json();
    assert_eq!(report["version"], 1);
    assert_eq!(report["findings"], serde_json::json!([]));
    let account = &report["accounts"][0];
    assert_eq!(account["slot"], "primary");
    assert_eq!(account["by_access"], serde_json::json!({"read_write": "primary", "read_only": "none"}));
    assert_eq!(report["references"].as_array().unwrap().len(), 1);
    let reference = &report["references"][0];
    assert_eq!(reference["file"], SECRETS);
    assert_eq!(reference["account"], account["id"]);
    let bytes = folder.get(SECRETS);
    let span = |name: &str| usize::try_from(reference[name].as_u64().unwrap()).unwrap();
    assert_eq!(&bytes[span("start")..span("end")], b"primary_key");
    let line = String::from_utf8(bytes).unwrap().lines().nth(span("line") - 1).unwrap().to_owned();
    assert_eq!(line.find("primary_key"), Some(span("column") - 1));
}

#[test]
fn people_see_the_account_its_slot_and_the_place() {
    let ran = Folder::example().run(&["check", "src/infra/releaseunit/modules/stamp"]);
    assert_data_eq!(
        ran.stdout,
        str![[r#"
data.azurerm_cosmosdb_account.global
  read-write  primary
    src/infra/releaseunit/modules/stamp/keyvault-secrets.tf:14:78  primary_key  in locals.secrets.CosmosDb-ApiKey
  read-only   not read

"#]]
    );
}

#[test]
fn mixed_slots_are_shown_with_their_lines() {
    let folder = Folder::of(&[(
        "a.tf",
        "locals {\n  a = azurerm_cosmosdb_account.x.primary_key\n  b = azurerm_cosmosdb_account.x.secondary_key\n}\n",
    )]);
    let ran = folder.run(&["check"]);
    assert_eq!(ran.code, 1);
    assert_data_eq!(
        ran.stdout,
        str![[r#"
error[mixed-slots]: the read-write key of azurerm_cosmosdb_account.x is read from both slots: secondary once, primary once
 --> a.tf:3:34
  |
3 |   b = azurerm_cosmosdb_account.x.secondary_key
  |                                  ^^^^^^^^^^^^^
  |
 ::: a.tf:2:34
  |
2 |   a = azurerm_cosmosdb_account.x.primary_key
  |                                  ----------- reads primary here
  |
  = help: Move all of them to one slot: `keyslot flip --to primary --account 'azurerm_cosmosdb_account.x'`, or `--to secondary`. Where both are read on purpose, declare such places under `[check]` in keyslot.toml: `mirrors = [":locals.b", ":locals.a"]`.

azurerm_cosmosdb_account.x
  read-write  mixed
    a.tf:2:34  primary_key  in locals.a
    a.tf:3:34  secondary_key  in locals.b
  read-only   not read

1 error

"#]]
    );
    let report = folder.run(&["check", "--output", "json"]).json();
    assert_eq!(report["accounts"][0]["slot"], "mixed");
    assert_eq!(report["findings"][0]["rule"], "mixed-slots");
    assert_eq!(report["findings"][0]["severity"], "error");
    assert_eq!((&report["findings"][0]["line"], &report["findings"][0]["column"]), (&3.into(), &34.into()));
}

#[test]
fn a_file_that_does_not_parse_is_a_finding_with_its_place() {
    let folder = Folder::example();
    folder.put("src/infra/globalresources/broken.tf", b"locals {\n  a = [1,\n}\n");
    let ran = folder.run(&["check", "--output", "json"]);
    assert_eq!(ran.code, 1);
    let report = ran.json();
    let finding = &report["findings"][0];
    assert_eq!(finding["rule"], "parse-error");
    assert_eq!(finding["file"], "src/infra/globalresources/broken.tf");
    assert_eq!(finding["line"], 3);
    assert_eq!(report["accounts"][0]["slot"], "unknown");
}

#[test]
fn an_account_handed_on_whole_is_a_finding() {
    let folder = Folder::example();
    folder.put(
        "src/infra/globalresources/export.tf",
        b"output \"db\" {\n  value     = azurerm_cosmosdb_account.main\n  sensitive = true\n}\n",
    );
    let ran = folder.run(&["check", "--output", "json"]);
    assert_eq!(ran.code, 1);
    assert_eq!(ran.json()["findings"][0]["rule"], "opaque-read");
}

#[test]
fn terraform_without_cosmos_db_is_fine() {
    let ran =
        Folder::of(&[("a.tf", "locals {\n  a = azurerm_search_service.x.primary_key\n}\n")]).run(&["check"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, ""));
    assert_eq!(ran.stderr, "no Cosmos DB account occurs in 1 file\n");
}

#[test]
fn what_git_ignores_and_what_terraform_installed_is_passed_over() {
    let both = "locals {\n  a = azurerm_cosmosdb_account.x.primary_key\n}\n";
    let folder = Folder::of(&[
        (".gitignore", "generated/\n"),
        ("generated/a.tf", both),
        (".terraform/modules/m/a.tf", both),
        (".ci/a.tf", both),
    ]);
    let report = folder.run(&["check", "--output", "json"]).json();
    let files: Vec<&str> =
        report["references"].as_array().unwrap().iter().map(|it| it["file"].as_str().unwrap()).collect();
    assert_eq!(files, [".ci/a.tf"]);
}

#[test]
fn ignored_values_that_may_choose_the_slot_are_named_and_not_read() {
    let chosen = "variable \"slot\" {\n  default = \"primary\"\n}\nlocals {\n  k = var.slot == \"primary\" ? \
                  azurerm_cosmosdb_account.x.primary_key : azurerm_cosmosdb_account.x.secondary_key\n}\n";
    let folder = Folder::of(&[
        (".gitignore", "*.auto.tfvars\n"),
        ("infra/a.tf", chosen),
        ("infra/mine.auto.tfvars", "slot = \"secondary\"\n"),
        ("other/a.tf", "locals {}\n"),
        ("other/mine.auto.tfvars", "slot = \"secondary\"\n"),
    ]);
    let ran = folder.run(&["check"]);
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    let said = "infra/mine.auto.tfvars is ignored by git and was not read: a value in it may decide";
    assert!(ran.stderr.contains(said), "{}", ran.stderr);
    assert!(folder.run(&["flip", "--to", "secondary"]).stderr.contains(said), "a flip may be without effect");
    assert_eq!(folder.run(&["check", "--quiet"]).stderr, "");
    folder.put("infra/a.tf", b"locals {\n  k = azurerm_cosmosdb_account.x.primary_key\n}\n");
    assert_eq!(folder.run(&["check"]).stderr, "");
}

#[cfg(unix)]
#[test]
fn links_are_not_followed_and_said() {
    let outside = Folder::of(&[("a.tf", "locals {\n  a = azurerm_cosmosdb_account.x.primary_key\n}\n")]);
    let folder = Folder::of(&[("b.tf", "locals {}\n")]);
    std::os::unix::fs::symlink(outside.path().join("a.tf"), folder.path().join("a.tf")).unwrap();
    let ran = folder.run(&["check", "--output", "json"]);
    assert_eq!(ran.json()["references"], serde_json::json!([]));
    assert!(ran.stderr.contains("a.tf is a link"), "{}", ran.stderr);
}

#[test]
fn what_cannot_be_done_as_typed_ends_with_two_and_says_why() {
    let folder = Folder::of(&[("notes.md", "no Terraform\n")]);
    for (arguments, said) in [
        (&["check", "nowhere"][..], "there is no such file or folder"),
        (&["check"][..], "there is no Terraform here"),
        (&["check", "notes.md"][..], "this file is no Terraform"),
        (&["check", "--output", "yaml"][..], "invalid value"),
        (&["chek"][..], "similar subcommands exist: 'schema', 'check'"),
    ] {
        let ran = folder.run(arguments);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{arguments:?}");
        assert!(ran.stderr.contains(said), "{arguments:?}: {}", ran.stderr);
    }
    let missing = folder.run(&["check", "nowhere"]);
    assert_data_eq!(
        missing.stderr,
        str![[r#"
error: there is no such file or folder
  where: nowhere
hint: paths are taken from the folder that the command runs in

"#]]
    );
}

#[test]
fn no_escape_reaches_a_pipe_unless_asked_for() {
    let folder = Folder::example();
    assert!(!folder.run(&["check"]).stdout.contains('\u{1b}'));
    assert!(folder.run(&["check", "--color", "always"]).stdout.contains('\u{1b}'));
}

#[test]
fn json_syntax_is_read_too() {
    let folder =
        Folder::of(&[("a.tf.json", r#"{"locals": {"a": "${azurerm_cosmosdb_account.x.secondary_key}"}}"#)]);
    let report = folder.run(&["check", "--output", "json"]).json();
    assert_eq!(report["accounts"][0]["slot"], "secondary");
}

#[test]
fn a_rule_is_explained_with_its_example() {
    let ran = Folder::of::<&str, &str>(&[]).run(&["check", "--explain", "mixed-slots"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    assert_data_eq!(
        ran.stdout,
        str![[r#"
mixed-slots (error)

Keys of one account are read from both slots.

A key can be regenerated only when nothing reads it. While some places read the primary and others
the secondary key, regenerating either one breaks something.

Move all of them to one slot: `keyslot flip --to primary --account NAME` or `--to secondary`. Places
that read both on purpose are declared as `mirrors` under `[check]` in keyslot.toml.

Before
    locals {
      api_key    = azurerm_cosmosdb_account.orders.primary_key
      worker_key = azurerm_cosmosdb_account.orders.secondary_key
    }

After
    locals {
      api_key    = azurerm_cosmosdb_account.orders.primary_key
      worker_key = azurerm_cosmosdb_account.orders.primary_key
    }

"#]]
    );
}

#[test]
fn a_rule_that_is_not_there_leads_to_the_nearest() {
    let folder = Folder::of::<&str, &str>(&[]);
    let ran = folder.run(&["check", "--explain", "mixed-slot"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
    assert!(ran.stderr.contains("the nearest name is `mixed-slots`"), "{}", ran.stderr);
    let rules = folder.run(&["check", "--rules"]);
    assert_eq!(rules.code, 0);
    assert!(rules.stdout.contains("parse-error"), "{}", rules.stdout);
}

#[test]
fn nothing_is_said_of_accounts_where_files_cannot_be_read() {
    let broken = Folder::of(&[("a.tf", "locals {\n  a = \n}\n"), ("b.tf", "locals {}\n")]);
    let ran = broken.run(&["check"]);
    assert_eq!(ran.code, 1);
    let said = "whether a Cosmos DB account occurs in 2 files is not known: 1 file could not be read";
    assert!(ran.stderr.contains(said) && !ran.stderr.contains("no Cosmos DB account"), "{}", ran.stderr);
    let whole = Folder::of(&[("b.tf", "locals {}\n")]).run(&["check"]);
    assert!(whole.stderr.contains("no Cosmos DB account occurs in 1 file"), "{}", whole.stderr);
}
