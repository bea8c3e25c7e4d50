//! `keyslot check --plan` through the program itself: on plans made up for the example, and on what the `terraform`
//! program itself prints.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use keyslot::terraform::outputs::{STAMP_PROPERTIES, read_stamps};
use serde_json::Value;
use snapbox::{assert_data_eq, str};

use crate::schema::schema_errors;
use crate::tool::{Folder, Ran};

/// Every value in the plans that would be a secret begins so.
const CANARY: &str = "CANARY";

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/plans").join(name)
}

/// Checks one of the plans, in a folder with the example; whatever is printed holds no value of it.
#[track_caller]
fn check(plan: &str, arguments: &[&str]) -> Ran {
    let folder = Folder::example();
    let path = fixture(plan);
    let ran = folder.run(&[&["check", "--plan", path.to_str().unwrap()][..], arguments].concat());
    assert!(!ran.stdout.contains(CANARY) && !ran.stderr.contains(CANARY), "{}{}", ran.stdout, ran.stderr);
    ran
}

#[test]
fn a_plan_that_only_moves_the_secrets_passes() {
    for arguments in
        [&["src/infra"][..], &["--secret", "cosmosdb-apikey"], &["src", "--secret", "CosmosDb-ApiKey"]]
    {
        let ran = check("rotation.json", arguments);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{arguments:?}: {}", ran.stdout);
    }
    assert_data_eq!(
        check("rotation.json", &["src/infra"]).stdout,
        str![[r#"
this plan changes 2 expected secrets and nothing else
expected    module.stamp["eastus2"].azurerm_key_vault_secret.stamp["CosmosDb-ApiKey"]  update: value (known after apply)
expected    module.stamp["northeurope"].azurerm_key_vault_secret.stamp["CosmosDb-ApiKey"]  update: id (known after apply), value, version (known after apply)
read        module.stamp["eastus2"].data.azurerm_cosmosdb_account.global  while applying
output      api_key  gets another sensitive value
drift       azurerm_cosmosdb_account.main  update: secondary_key  changed outside of Terraform

"#]]
    );
}

#[test]
fn everything_else_that_a_plan_touches_is_named() {
    let ran = check("beside.json", &["src/infra"]);
    assert_eq!(ran.code, 1);
    assert_data_eq!(
        ran.stdout,
        str![[r#"
this plan touches 9 things that no rotation changes
unexpected  module.stamp["northeurope"].azurerm_key_vault_secret.stamp["CosmosDb-ApiKey"]  replace (delete, then create): id (known after apply), value, version (known after apply)  goes away, and its id with it
unexpected  module.stamp["eastus2"].azurerm_key_vault_secret.stamp["Api-Key"]  update: value  is not among the expected secrets
unexpected  module.stamp["westeurope"].azurerm_key_vault_secret.stamp["CosmosDb-ApiKey"]  update: tags.owner, value  is more than a new value
unexpected  azurerm_linux_web_app.api  update: app_settings.COSMOS_KEY, site_config[0].always_on  is no secret
unexpected  azurerm_kubernetes_cluster.stamp  replace (create, then delete): dns_prefix, id (known after apply), kube_config (known after apply)  is no secret
unexpected  azurerm_storage_account.old  delete  is no secret
unexpected  azurerm_resource_group.kept  stays as it is, moved from azurerm_resource_group.named_before  changes what the state says
unexpected  output.endpoint  update  is no sensitive output that only gets a new value
unexpected  action.azurerm_virtual_machine_power.off  invoke  does whatever the provider makes of it
expected    module.stamp["eastus2"].azurerm_key_vault_secret.stamp["CosmosDb-ApiKey"]  update: value
output      api_key  gets another sensitive value

"#]]
    );
    let report = check("beside.json", &["src/infra", "--output", "json"]).json();
    assert_eq!(schema_errors("plan", &report), [""; 0]);
    assert_eq!((&report["kind"], &report["version"]), (&"plan".into(), &1.into()));
    assert_eq!(report["clean"], false);
    assert_eq!(report["expected"].as_array().unwrap().len(), 1);
    assert_eq!(
        report["unexpected"][3],
        serde_json::json!({
            "address": "azurerm_linux_web_app.api",
            "actions": ["update"],
            "attributes": ["app_settings.COSMOS_KEY", "site_config[0].always_on"],
            "moved_from": null,
            "imported": false,
            "reason": "other-resource",
        })
    );
}

#[test]
fn without_a_word_on_which_secrets_are_meant_they_are_to_be_confirmed() {
    let nothing = Folder::of::<&str, &str>(&[]);
    let plan = fixture("rotation.json");
    let ran = nothing.run(&["check", "--plan", plan.to_str().unwrap()]);
    assert_eq!(ran.code, 1);
    assert!(ran.stdout.starts_with("this plan changes 2 secrets, and nobody said which"), "{}", ran.stdout);
    for said in ["there is no Terraform in this folder", "keyslot check PATH --plan FILE", "--secret NAME"] {
        assert!(ran.stderr.contains(said), "{said}: {}", ran.stderr);
    }
}

#[test]
fn without_a_path_the_code_in_this_folder_is_meant() {
    let plan = fixture("rotation.json");
    let arguments = ["check", "--plan", plan.to_str().unwrap()];
    let ran = Folder::example().run(&arguments);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{}", ran.stdout);
    let nothing = Folder::of::<&str, &str>(&[]);
    let named = nothing.run(&[&arguments[..], &["--secret", "CosmosDb-ApiKey"]].concat());
    assert_eq!((named.code, named.stderr.as_str()), (0, ""), "{}", named.stdout);
    // Whoever names a folder means it.
    let elsewhere = nothing.run(&[&arguments[..], &["--secret", "CosmosDb-ApiKey", "none"]].concat());
    assert_eq!(elsewhere.code, 2, "{}", elsewhere.stderr);
}

#[test]
fn code_that_names_no_secret_is_told_to_be_so() {
    let code =
        "resource \"azurerm_linux_web_app\" \"w\" {\n  k = azurerm_cosmosdb_account.a.primary_key\n}\n";
    let idle = r#"{"format_version":"1.2","complete":true,"resource_changes":[]}"#;
    let folder = Folder::of(&[("main.tf", code), ("idle.json", idle)]);
    let rotation = fixture("rotation.json");
    for (plan, code, verdict) in [
        (rotation.to_str().unwrap(), 1, "this plan touches 2 things that no rotation changes"),
        ("idle.json", 0, "this plan changes nothing, and no secret was expected to change"),
    ] {
        let ran = folder.run(&["check", "--plan", plan]);
        assert_eq!(ran.code, code, "{}", ran.stdout);
        assert!(ran.stdout.starts_with(verdict), "{}", ran.stdout);
        for said in ["no Key Vault secret takes the key of an account", "--secret NAME"] {
            assert!(ran.stderr.contains(said), "{said}: {}", ran.stderr);
        }
        let report = folder.run(&["check", "--plan", plan, "--output", "json"]).json();
        assert_eq!(schema_errors("plan", &report), [""; 0]);
        assert_eq!(report["nothing_expected"], true);
        let named = folder.run(&["check", "--plan", plan, "--secret", "CosmosDb-ApiKey"]);
        assert!(!named.stderr.contains("no Key Vault secret takes"), "{}", named.stderr);
        let quiet = folder.run(&["check", "--plan", plan, "--quiet"]);
        assert_eq!((quiet.code, quiet.stderr.as_str()), (code, ""));
    }
}

#[test]
fn a_write_only_value_moves_by_its_version() {
    let ran = check("write-only.json", &["--secret", "CosmosDb-ApiKey", "--secret", "other"]);
    assert_eq!(ran.code, 1, "a secret that was named has to change");
    assert!(ran.stdout.contains("update: value_wo_version\n"), "{}", ran.stdout);
    assert!(ran.stdout.contains("missing     other  was expected to change"), "{}", ran.stdout);
    assert_eq!(check("write-only.json", &["--secret", "CosmosDb-ApiKey"]).code, 0);
}

#[test]
fn a_plan_that_changes_none_of_the_expected_secrets_is_told() {
    let folder = Folder::example();
    folder.put("idle.json", br#"{"format_version":"1.2","complete":true,"resource_changes":[]}"#);
    let ran = folder.run(&["check", "src/infra", "--plan", "idle.json"]);
    assert_eq!(ran.code, 1);
    assert_data_eq!(
        ran.stdout,
        str![[r#"
this plan changes nothing, and 1 secret was expected to change
missing     CosmosDb-ApiKey  was expected to change

"#]]
    );
    assert!(ran.stderr.contains("see that the plan is of the code that was flipped"), "{}", ran.stderr);
    let report = folder.run(&["check", "src/infra", "--plan", "idle.json", "--output", "json"]).json();
    assert_eq!(schema_errors("plan", &report), [""; 0]);
    assert_eq!((&report["idle"], &report["clean"]), (&true.into(), &false.into()));
    assert_eq!(report["missed"], serde_json::json!(["CosmosDb-ApiKey"]));
    let quiet = folder.run(&["check", "src/infra", "--plan", "idle.json", "--quiet"]);
    assert_eq!((quiet.code, quiet.stdout.as_str(), quiet.stderr.as_str()), (1, "", ""));
    let alone = Folder::of(&[("idle.json", folder.get("idle.json"))]);
    assert_eq!(alone.run(&["check", "--plan", "idle.json"]).code, 0, "nothing was expected");
    assert_eq!(folder.run(&["check", "--plan", "idle.json", "--trace"]).code, 2);
}

#[test]
fn a_plan_that_is_not_whole_never_passes() {
    let ran = check("unfinished.json", &["src/infra", "--output", "json"]);
    assert_eq!(ran.code, 1);
    let report = ran.json();
    assert_eq!(report["unexpected"], serde_json::json!([]));
    assert_eq!(report["problems"][0]["problem"], "errored");
    assert_eq!(report["problems"][1]["problem"], "deferred");
    assert_eq!(report["problems"][1]["reason"], "instance_count_unknown");
}

#[test]
fn what_is_no_plan_is_refused_with_what_to_do_and_without_a_value() {
    let folder = Folder::example();
    let newer = std::fs::read_to_string(fixture("rotation.json")).unwrap();
    folder.put("newer.json", newer.replacen("\"1.2\"", "\"2.0\"", 1).as_bytes());
    let misplaced = newer.replacen("\"resource_changes\": [", "\"resource_changes\": [\"CANARY\",", 1);
    folder.put("misplaced.json", misplaced.as_bytes());
    folder.put("state.json", br#"{"format_version":"1.0","values":{"outputs":{"k":{"value":"CANARY"}}}}"#);
    folder.put("cut.json", &newer.as_bytes()[..newer.len() / 2]);
    for (file, said) in [
        ("newer.json", "its format is 2.0, which is not known here"),
        ("misplaced.json", "something is not as in a plan (line 23, column "),
        ("state.json", "it is a state, not a plan"),
        ("cut.json", "it is no JSON"),
        ("src", "`terraform show -json PLAN > FILE`"),
        ("nowhere.json", "there is no such file"),
    ] {
        let ran = folder.run(&["check", "--plan", file]);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{file}: {}", ran.stderr);
        assert!(ran.stderr.contains(said), "{file}: {}", ran.stderr);
        assert!(!ran.stderr.contains(CANARY), "{}", ran.stderr);
    }
    let sarif = folder.run(&["check", "--plan", "newer.json", "--output", "sarif"]);
    assert!(sarif.code == 2 && sarif.stderr.contains("as JSON only"), "{}", sarif.stderr);
    let ran = folder.run(&["check", "--secret", "x"]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
}

/// A folder with a configuration of what is built into Terraform, applied once; absent where there is no program.
fn applied(configuration: &str) -> Option<Folder> {
    if Command::new("terraform").arg("version").output().is_err() {
        println!("skipped: there is no terraform program");
        return None;
    }
    let folder = Folder::of(&[("main.tf", configuration)]);
    terraform(&folder, &["init", "-input=false"]);
    terraform(&folder, &["apply", "-input=false", "-auto-approve"]);
    Some(folder)
}

#[track_caller]
fn terraform(folder: &Folder, arguments: &[&str]) -> Vec<u8> {
    let ran = Command::new("terraform")
        .args(arguments)
        .current_dir(folder.path())
        .env("CHECKPOINT_DISABLE", "1")
        .env("TF_IN_AUTOMATION", "1")
        .output()
        .unwrap();
    assert!(ran.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&ran.stderr));
    ran.stdout
}

/// Plans the configuration as it is now, and gives the plan to keyslot over a pipe.
#[track_caller]
fn planned(folder: &Folder, arguments: &[&str]) -> Ran {
    terraform(folder, &[&["plan", "-input=false", "-out=saved"][..], arguments].concat());
    let shown = terraform(folder, &["show", "-json", "saved"]);
    let mut keyslot = Command::new(env!("CARGO_BIN_EXE_keyslot"))
        .args(["check", "--plan", "-", "--output", "json"])
        .current_dir(folder.path())
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut keyslot.stdin.take().unwrap(), &shown).unwrap();
    let output = keyslot.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let ran =
        Ran { code: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) };
    assert!(text(shown).contains(CANARY));
    assert!(!ran.stdout.contains(CANARY) && !ran.stderr.contains(CANARY), "{}{}", ran.stdout, ran.stderr);
    ran
}

const CONFIGURATION: &str = r#"
variable "key" {
  default   = "CANARY-1"
  sensitive = true
}
variable "size" {
  default = 1
}
resource "terraform_data" "kept" {
  input = { key = var.key, list = [1, { "odd name" = var.size }] }
}
resource "terraform_data" "remade" {
  triggers_replace = [var.size]
}
resource "terraform_data" "each" {
  for_each = toset(var.size == 1 ? ["a", "b"] : ["b", "c"])
  input    = each.key
}
output "key" {
  value     = terraform_data.kept.output.key
  sensitive = true
}
output "size" {
  value = var.size
}
"#;

#[test]
fn what_terraform_itself_prints_is_read_as_it_is_meant() {
    let Some(folder) = applied(CONFIGURATION) else { return };
    let idle = planned(&folder, &[]);
    assert_eq!(idle.code, 0, "{}", idle.stdout);
    assert_eq!(idle.json()["idle"], true);

    let changed = planned(&folder, &["-var=size=2", "-var=key=CANARY-2"]);
    assert_eq!(changed.code, 1);
    let report = changed.json();
    let found: Vec<Value> = report["unexpected"].as_array().unwrap().clone();
    let expected = [
        serde_json::json!({"address": "terraform_data.each[\"a\"]", "actions": ["delete"], "attributes": [],
            "imported": false, "moved_from": null, "reason": "other-resource"}),
        serde_json::json!({"address": "terraform_data.each[\"c\"]", "actions": ["create"], "attributes": [],
            "imported": false, "moved_from": null, "reason": "other-resource"}),
        serde_json::json!({"address": "terraform_data.kept", "actions": ["update"],
            "attributes": ["input.key", "input.list[1][\"odd name\"]", "output"], "imported": false, "moved_from": null,
            "reason": "other-resource"}),
        serde_json::json!({"address": "terraform_data.remade", "actions": ["delete", "create"],
            "attributes": ["id", "triggers_replace[0]"], "imported": false, "moved_from": null, "reason": "other-resource"}),
        serde_json::json!({"address": "output.size", "actions": ["update"], "attributes": [],
            "imported": false, "moved_from": null, "reason": "output"}),
    ];
    assert_eq!(found, expected);
    assert_eq!(report["sensitive_outputs"], serde_json::json!(["key"]));
    assert_eq!(report["problems"], serde_json::json!([]));
}

#[test]
fn a_targeted_plan_and_a_move_are_not_what_they_seem() {
    let Some(folder) = applied(CONFIGURATION) else { return };
    let targeted = planned(&folder, &["-var=key=CANARY-2", "-target=terraform_data.remade"]).json();
    assert_eq!(targeted["problems"][0]["problem"], "incomplete", "{targeted}");
    let moved = CONFIGURATION.replace("\"remade\"", "\"made_again\"")
        + "moved {\n  from = terraform_data.remade\n  to   = terraform_data.made_again\n}\n";
    folder.put("main.tf", moved.as_bytes());
    let moved = planned(&folder, &[]).json();
    assert_eq!(moved["unexpected"][0]["address"], "terraform_data.made_again");
    assert_eq!(moved["unexpected"][0]["moved_from"], "terraform_data.remade");
    assert_eq!(moved["unexpected"][0]["reason"], "state-only");
}

#[test]
fn the_outputs_that_terraform_prints_give_the_stamps_and_nothing_else() {
    let Some(folder) = applied(
        r#"
output "key" {
  value     = "CANARY-1"
  sensitive = true
}
output "stamp_properties" {
  value = [for location in ["eastus2", "northeurope"] : {
    location            = location
    resource_group_name = "rg-${location}"
    key_vault_name      = "kv-${location}"
    aks_cluster_id      = location == "eastus2" ? "/subscriptions/x/aks" : null
    aks_cluster_name    = "aks-${location}"
    api_key             = "CANARY-2"
  }]
}
"#,
    ) else {
        return;
    };
    let whole = terraform(&folder, &["output", "-json"]);
    let alone = terraform(&folder, &["output", "-json", STAMP_PROPERTIES]);
    let stamps = read_stamps(&whole, STAMP_PROPERTIES).unwrap();
    assert_eq!(read_stamps(&alone, STAMP_PROPERTIES).unwrap(), stamps);
    let found: Vec<(&str, Option<&str>)> =
        stamps.iter().map(|stamp| (stamp.key_vault_name.as_str(), stamp.aks_cluster_id.as_deref())).collect();
    assert_eq!(found, [("kv-eastus2", Some("/subscriptions/x/aks")), ("kv-northeurope", None)]);
    assert!(!format!("{stamps:?}").contains(CANARY));
}
