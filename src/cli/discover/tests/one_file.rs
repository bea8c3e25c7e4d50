//! One file that is named alone: what it uses is read with it, what lies beside it is not.

use super::*;
use crate::model::{Access, Slot, SlotUse};
use crate::terraform::{Role, plan};

const CALL: &str = "module \"c\" {\n  source = \"./modules/c\"\n}\nresource \"azurerm_key_vault_secret\" \"s\" {\n  name = \
                    \"db\"\n  value = module.c.one\n}\n";
const CODE: &str = "module \"d\" {\n  source = \"../d\"\n}\noutput \"one\" {\n  value = module.d.first\n}\noutput \"two\" \
                    {\n  value = module.d.second\n}\n";
const DEEP: &str = "data \"azurerm_cosmosdb_account\" \"x\" {\n  name = \"acme\"\n}\noutput \"first\" {\n  value = \
                    data.azurerm_cosmosdb_account.x.primary_key\n}\noutput \"second\" {\n  value = \
                    data.azurerm_cosmosdb_account.x.secondary_key\n}\n";
const OTHER: &str = "resource \"a\" \"b\" {\n  value = data.azurerm_cosmosdb_account.y.secondary_key\n}\n";

/// Where such a file lies, and its name.
fn arranged(top: &str, call: &str, code: &str) -> (TempDir, String) {
    let name = if call.starts_with('{') { "main.tf.json" } else { "main.tf" };
    let files: Vec<(String, &str)> = vec![
        (format!("{top}{name}"), call),
        (format!("{top}beside.tf"), OTHER),
        (format!("{top}modules/c/main.tf"), code),
        (format!("{top}modules/d/main.tf"), DEEP),
        (format!("{top}modules/unused/main.tf"), OTHER),
    ];
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), *text)).collect();
    (folder(&files), format!("{top}{name}"))
}

#[test]
fn the_modules_that_it_uses_are_read_with_it_and_nothing_else() {
    let json = r#"{"module": {"c": {"source": "./modules/c"}}, "resource": {"azurerm_key_vault_secret": {"s": {"name": "db", "value": "${module.c.one}"}}}}"#;
    for (call, within) in [(CALL, ""), (json, ""), (CALL, "infra/")] {
        let (whole, file) = arranged(within, call, CODE);
        for shortcuts in [SMALL_TREES_TOO, Shortcuts::TAKEN, Shortcuts::OFF] {
            let (found, tree) = discover(&whole.path().join(&file), shortcuts).unwrap();
            let read: BTreeSet<&str> = paths(&tree).into_iter().collect();
            let expected =
                BTreeSet::from([found.only.as_deref().unwrap(), "modules/c/main.tf", "modules/d/main.tf"]);
            assert_eq!(read, expected, "{file}");
            assert_eq!(tree.slot_use(0, Access::ReadWrite), SlotUse::Only(Slot::Primary), "{file}");
            assert_eq!((tree.accounts.len(), tree.accounts[0].key.as_str()), (1, "acme"), "{file}");
            let flip = plan(&tree, 0, Access::ReadWrite, Slot::Secondary).unwrap();
            let changed: Vec<String> = flip.files.into_iter().map(|(path, _)| path).collect();
            assert_eq!(changed, [found.only.unwrap()], "{file}");
        }
    }
}

#[test]
fn a_key_that_such_a_module_consumes_counts_and_is_not_edited() {
    let consumes = format!(
        "{DEEP}resource \"a\" \"b\" {{\n  value = data.azurerm_cosmosdb_account.x.secondary_key\n}}\n"
    );
    let (whole, file) = arranged("", &CALL.replace("module.c.one", "module.c.first"), &consumes);
    let (_, tree) = discover(&whole.path().join(file), Shortcuts::TAKEN).unwrap();
    assert_eq!(tree.slot_use(0, Access::ReadWrite), SlotUse::Mixed);
    let refused = plan(&tree, 0, Access::ReadWrite, Slot::Primary).unwrap_err();
    let refused: Vec<String> = refused.iter().map(ToString::to_string).collect();
    assert_eq!(refused.len(), 1, "{refused:?}");
    assert!(
        refused[0].contains("modules/c/main.tf:11:") && refused[0].contains("nothing is edited"),
        "{refused:?}"
    );
}

#[test]
fn modules_elsewhere_in_its_repository_are_read_and_those_out_of_it_are_told() {
    let call = CALL.replace("./modules/c", "../../modules/cosmos");
    for (head, references) in [(".git/HEAD", 5), ("live/.git/HEAD", 0)] {
        let files = [
            ("live/one/a.tf", call.as_str()),
            ("modules/cosmos/a.tf", CODE),
            ("modules/d/a.tf", DEEP),
            (head, "x"),
        ];
        let whole = folder(&files);
        let (_, tree) = discover(&whole.path().join("live/one/a.tf"), Shortcuts::TAKEN).unwrap();
        let read = tree.references.iter().filter(|it| it.role != Role::Relay).count();
        assert_eq!(read, references, "{head}");
        let told = check(&tree).iter().filter(|it| it.rule.id == "module-outside-tree").count();
        assert_eq!(told, usize::from(references == 0), "{head}");
    }
}

#[test]
fn the_configuration_of_a_terragrunt_unit_is_read_with_what_it_includes_and_runs() {
    let app = "include \"root\" {\n  path = find_in_parent_folders(\"root.hcl\")\n}\nterraform {\n  source = \
               \"./code\"\n}\ndependency \"db\" {\n  config_path = \"../db\"\n}\ninputs = {\n  k = \
               dependency.db.outputs.second\n}\n";
    let code = "variable \"k\" {}\nresource \"azurerm_key_vault_secret\" \"s\" {\n  name = \"db\"\n  value = var.k\n}\n";
    let whole = folder(&[
        (".git/HEAD", "x"),
        ("live/root.hcl", "locals {}\n"),
        ("live/app/terragrunt.hcl", app),
        ("live/app/code/a.tf", code),
        ("live/db/terragrunt.hcl", "terraform {\n  source = \"../../modules/d\"\n}\n"),
        ("modules/d/a.tf", DEEP),
    ]);
    let (_, tree) = discover(&whole.path().join("live/app/terragrunt.hcl"), Shortcuts::TAKEN).unwrap();
    assert_eq!(tree.slot_use(0, Access::ReadWrite), SlotUse::Only(Slot::Secondary));
    assert_eq!(tree.flows().last().unwrap().sink.name, "db");
    let missing = ["module-outside-tree", "path-not-found", "unreadable-file"];
    assert!(check(&tree).iter().all(|it| !missing.contains(&it.rule.id)), "{}", report(&tree));
}
