//! What a branch is said to read, and what a proposal changes: the same files as `keyslot check` and `keyslot flip` see.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use keyslot::adapters::git::{Git, GitSettings, Identity};
use keyslot::execute::Sources;
use keyslot::model::{Access, CommitId, Slot, SlotUse, TreeClaim};
use keyslot::ports::Code;
use keyslot::terraform::Syntax;
use tempfile::TempDir;

/// A bare repository with one commit of these files, and of links.
async fn committed(files: &[(&str, &str)], links: &[(&str, &str)]) -> (TempDir, Git, CommitId) {
    let folder = TempDir::new().unwrap();
    let git = |at: &Path, arguments: &[&str]| {
        let mut command = Command::new("git");
        command.current_dir(at).env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
        command.args(["-c", "user.name=Ada", "-c", "user.email=ada@example.com"]).args(arguments);
        assert!(command.status().unwrap().success(), "{arguments:?}");
    };
    git(folder.path(), &["init", "-q", "-b", "main", "work"]);
    let work = folder.path().join("work");
    for (path, text) in files {
        fs::create_dir_all(work.join(path).parent().unwrap()).unwrap();
        fs::write(work.join(path), text).unwrap();
    }
    for (path, target) in links {
        fs::create_dir_all(work.join(path).parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(target, work.join(path)).unwrap();
    }
    git(&work, &["add", "."]);
    git(&work, &["commit", "-q", "-m", "Start"]);
    let identity = Identity { name: "keyslot".to_owned(), email: "keyslot@example.com".to_owned() };
    let mut settings =
        GitSettings::new(folder.path().join("state.git"), work.display().to_string(), identity);
    settings.is_source = |path| Syntax::of(path).is_some();
    let code = Git::new(settings);
    let heads = code.fetch().await.unwrap();
    let head = heads.into_values().next().unwrap();
    (folder, code, head)
}

async fn read(root: &str, files: &[(&str, &str)], links: &[(&str, &str)]) -> (TreeClaim, BTreeSet<String>) {
    let (_folder, code, head) = committed(files, links).await;
    let sources = Sources { root: root.to_owned(), ..Sources::default() };
    let at = sources.at(&code, &head).await.unwrap();
    let flipped = at.flip(Access::ReadWrite, Slot::Secondary).unwrap();
    (at.claim(Access::ReadWrite), flipped.into_iter().map(|(path, _)| path).collect())
}

fn paths(paths: &[&str]) -> BTreeSet<String> {
    paths.iter().map(|path| (*path).to_owned()).collect()
}

#[tokio::test]
async fn what_a_change_would_bring_is_told_and_what_was_there_is_not() {
    let there = "resource \"azurerm_key_vault_secret\" \"a\" {\n  name  = \"a\"\n  value = azurerm_cosmosdb_account.a.primary_key\n  lifecycle {\n    ignore_changes = [value]\n  }\n}\n";
    let (_folder, code, head) = committed(&[("main.tf", there)], &[]).await;
    let sources = Sources::default();
    let at = sources.at(&code, &head).await.unwrap();
    assert_eq!(at.errors().len(), 1, "{:?}", at.errors());
    let flipped = |text: &str| vec![("main.tf".to_owned(), text.as_bytes().to_vec())];
    let same = there.replace("primary_key", "secondary_key");
    assert_eq!(at.errors_brought_by(&flipped(&same)), Vec::<String>::new());
    let twice = format!("{same}{}", same.replace("\"a\" {", "\"b\" {"));
    let brought = at.errors_brought_by(&flipped(&twice));
    assert!(
        matches!(&brought[..], [one] if one.contains("ignored-value") && one.starts_with("main.tf:")),
        "{brought:?}"
    );
}

#[tokio::test]
async fn a_baseline_of_the_commit_lets_known_findings_be_and_one_that_cannot_be_used_is_told() {
    let there = "resource \"azurerm_key_vault_secret\" \"a\" {\n  name  = \"a\"\n  value = azurerm_cosmosdb_account.a.primary_key\n  lifecycle {\n    ignore_changes = [value]\n  }\n}\n";
    let folder = crate::tool::Folder::of(&[("infra/main.tf", there)]);
    let written = folder.run(&[
        "check",
        "infra",
        "--write-baseline",
        "infra/known.json",
        "--because",
        "rotated by hand",
    ]);
    assert_eq!(written.code, 0, "{}", written.stderr);
    let known = fs::read_to_string(folder.path().join("infra/known.json")).unwrap();
    let told = async |baseline: &str, known: &str| {
        let files = [("infra/main.tf", there), ("infra/known.json", known)];
        let (_folder, code, head) = committed(&files, &[]).await;
        let (root, baseline) = ("infra".to_owned(), Some(baseline.to_owned()));
        let sources = Sources { root, baseline, ..Sources::default() };
        let at = sources.at(&code, &head).await.unwrap();
        assert_eq!(at.claim(Access::ReadWrite).reads, SlotUse::Only(Slot::Primary));
        at.errors()
    };
    assert_eq!(told("infra/known.json", &known).await, Vec::<String>::new());
    let ends: [(&str, String, &str); 4] = [
        ("infra/other.json", known.clone(), "there is no such file at this commit"),
        ("infra/known.json", "{".to_owned(), "cannot be used"),
        ("infra/known.json", known.replace("rotated by hand", ""), "1 of its entries gives no reason"),
        ("infra/known.json", known.replace("infra/", "other/").replace("main.tf", "x.tf"), "ignored-value"),
    ];
    for (baseline, known, why) in ends {
        let told = told(baseline, &known).await;
        assert!(told.iter().any(|one| one.contains(why)), "{why}: {told:?}");
    }
}

const PAIR: &str = "output \"one\" {\n  value = azurerm_cosmosdb_account.a.primary_key\n}\noutput \"two\" {\n  value = azurerm_cosmosdb_account.a.secondary_key\n}\n";

#[tokio::test]
async fn terragrunts_files_and_values_in_json_belong_to_a_proposal() {
    let files = [
        ("live/db/terragrunt.hcl", "terraform {\n  source = \"../../db\"\n}\n"),
        (
            "live/app/terragrunt.hcl",
            "dependency \"db\" {\n  config_path = \"../db\"\n}\ninputs = {\n  key = dependency.db.outputs.primary_key\n}\n",
        ),
        (
            "db/a.tf",
            "output \"primary_key\" {\n  value = azurerm_cosmosdb_account.a.primary_key\n}\noutput \"secondary_key\" {\n  value = azurerm_cosmosdb_account.a.secondary_key\n}\n",
        ),
    ];
    let (claim, changed) = read("", &files, &[]).await;
    assert_eq!(claim.reads, SlotUse::Only(Slot::Primary), "{claim:?}");
    assert_eq!(changed, paths(&["live/app/terragrunt.hcl"]));

    let chosen = [
        (
            "a.tf",
            "variable \"slot\" {\n  type = string\n}\nlocals {\n  k = var.slot == \"primary\" ? azurerm_cosmosdb_account.a.primary_key : azurerm_cosmosdb_account.a.secondary_key\n}\n",
        ),
        ("terraform.tfvars.json", "{ \"slot\": \"primary\" }\n"),
    ];
    assert_eq!(read("", &chosen, &[]).await.1, paths(&["terraform.tfvars.json"]));
}

#[tokio::test]
async fn modules_beside_the_configured_folder_are_brought() {
    let root = "module \"db\" {\n  source = \"../modules/db\"\n}\nresource \"azurerm_key_vault_secret\" \"k\" {\n  value = module.db.one\n}\n";
    let files = [("infra/a.tf", root), ("modules/db/a.tf", PAIR), ("other/a.tf", root)];
    let (claim, changed) = read("infra", &files, &[]).await;
    assert_eq!((claim.reads, claim.references), (SlotUse::Only(Slot::Primary), 1), "{claim:?}");
    assert_eq!(changed, paths(&["infra/a.tf"]), "what lies elsewhere is nobody's business here");
}

#[tokio::test]
async fn modules_behind_linked_folders_are_found() {
    let root = "module \"db\" {\n  source = \"./modules/db\"\n}\nresource \"azurerm_key_vault_secret\" \"k\" {\n  value = module.db.one\n}\n";
    let files = [("env/prod/a.tf", root), ("modules/db/a.tf", PAIR)];
    for folder in ["", "env"] {
        let (claim, changed) = read(folder, &files, &[("env/prod/modules", "../../modules")]).await;
        assert_eq!((claim.reads, claim.references), (SlotUse::Only(Slot::Primary), 1), "{folder}: {claim:?}");
        assert_eq!(changed, paths(&["env/prod/a.tf"]));
    }
}

#[tokio::test]
async fn templates_of_deployments_are_read() {
    let root = "resource \"azurerm_resource_group_template_deployment\" \"d\" {\n  template_content = file(\"${path.module}/arm/db.json\")\n}\nlocals {\n  k = jsondecode(azurerm_resource_group_template_deployment.d.output_content).one.value\n}\n";
    let template = |key: &str| {
        format!(
            "{{\"outputs\": {{\"one\": {{\"type\": \"string\", \"value\": \"[listKeys(resourceId('Microsoft.DocumentDB/databaseAccounts', 'a'), '2021-04-15').{key}]\"}}}}}}"
        )
    };
    for (key, reads) in [
        ("primaryMasterKey", SlotUse::Only(Slot::Primary)),
        ("secondaryMasterKey", SlotUse::Only(Slot::Secondary)),
    ] {
        let (_folder, code, head) = committed(&[("a.tf", root), ("arm/db.json", &template(key))], &[]).await;
        let sources = Sources::default();
        let claim = sources.at(&code, &head).await.unwrap().claim(Access::ReadWrite);
        assert_eq!(claim.reads, reads, "{claim:?}");
    }
}
