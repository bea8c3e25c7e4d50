//! Trees on disk, read with shortcuts although they are small.

mod one_file;

use std::fs;

use tempfile::TempDir;

use super::*;
use crate::check::check;
use crate::render::check_json::check_json;

const SMALL_TREES_TOO: Shortcuts = Shortcuts { taken: true, small: 0 };
const ACCOUNT: &str = "locals {\n  pair = {\n    primary = azurerm_cosmosdb_account.x.primary_key\n    \
                       secondary = azurerm_cosmosdb_account.x.secondary_key\n  }\n}\n";
const USE: &str = "resource \"a\" \"b\" {\n  value = local.pair.secondary\n}\n";

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn report(tree: &Tree) -> String {
    serde_json::to_string_pretty(&check_json(tree, &check(tree))).unwrap()
}

fn paths(tree: &Tree) -> Vec<&str> {
    tree.sources.iter().map(|source| source.path()).collect()
}

#[test]
fn files_that_cannot_matter_are_left_out_and_nothing_else_changes() {
    let folder = folder(&[
        ("a.tf", ACCOUNT),
        ("b.tf", USE),
        ("c.tf", "locals {\n  x = 1\n}\n"),
        ("d/b.tf", USE),
        ("e.tf", "locals {\n  x = = 1\n}\n"),
    ]);
    let part = discover(folder.path(), SMALL_TREES_TOO).unwrap().1;
    let whole = discover(folder.path(), Shortcuts { taken: false, small: 0 }).unwrap().1;
    assert_eq!(paths(&part), ["a.tf", "b.tf"]);
    assert_eq!(paths(&whole), ["a.tf", "b.tf", "c.tf", "d/b.tf"]);
    assert_eq!((part.files, whole.files), (5, 5));
    assert_eq!(report(&part), report(&whole));
    assert_eq!(part.references.len(), 3);
}

#[test]
fn in_a_small_tree_everything_that_does_not_parse_counts() {
    let folder = folder(&[("a.tf", ACCOUNT), ("e.tf", "locals {\n  x = = 1\n}\n")]);
    for shortcuts in [Shortcuts::TAKEN, Shortcuts::OFF] {
        assert_eq!(discover(folder.path(), shortcuts).unwrap().1.unparsed.len(), 1);
    }
}

#[test]
fn a_file_that_has_changed_when_it_is_wanted_is_unread() {
    let folder = folder(&[("a.tf", ACCOUNT), ("b.tf", USE)]);
    let root = folder.path();
    for change in ["longer than before: local.pair.secondary is read here, and here, and again here\n", ""] {
        let Gathered { seen, unread, .. } = walk::folder(root, SMALL_TREES_TOO);
        match change {
            "" => fs::remove_file(root.join("b.tf")).unwrap(),
            text => fs::write(root.join("b.tf"), text).unwrap(),
        }
        let tree = read(root, None, seen, unread, Links::default(), Failures::ThatMatter);
        let unread: Vec<(&str, &str)> =
            tree.unread.iter().map(|it| (tree.sources[it.file].path(), it.why.as_str())).collect();
        let why = if change.is_empty() { "No such file" } else { "it changed while" };
        assert!(matches!(unread.as_slice(), [("b.tf", said)] if said.starts_with(why)), "{unread:?}");
        fs::write(root.join("b.tf"), USE).unwrap();
    }
}

#[test]
fn many_files_are_looked_into_by_several_threads() {
    let mut files: Vec<(String, String)> = (0..200)
        .map(|number| (format!("use-{number}.tf"), USE.replace("\"b\"", &format!("\"b{number}\""))))
        .collect();
    files.push(("a.tf".to_owned(), ACCOUNT.to_owned()));
    let borrowed: Vec<(&str, &str)> =
        files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let folder = folder(&borrowed);
    let tree = discover(folder.path(), SMALL_TREES_TOO).unwrap().1;
    assert_eq!(tree.references.len(), 202);
}

#[test]
fn templates_in_files_of_their_own_are_read_within_the_tree_alone() {
    const TEMPLATE: &str =
        r#"{"outputs": {"k": {"value": "[listKeys(variables('id'), '2021-04-15').primaryMasterKey]"}}}"#;
    let code = "resource \"azurerm_resource_group_template_deployment\" \"x\" {\n  template_content = file(\"x.json\")\n}\nlocals \
                {\n  k = jsondecode(azurerm_resource_group_template_deployment.x.output_content).k.value\n}\n";
    let whole = folder(&[("in/a.tf", code), ("in/x.json", TEMPLATE), ("out.json", TEMPLATE)]);
    for shortcuts in [SMALL_TREES_TOO, Shortcuts::OFF] {
        let (_, tree) = discover(&whole.path().join("in"), shortcuts).unwrap();
        assert_eq!(tree.references.len(), 1);
        assert_eq!(tree.templates().collect::<Vec<_>>(), ["x.json"]);
    }
    #[cfg(unix)]
    {
        fs::remove_file(whole.path().join("in/x.json")).unwrap();
        std::os::unix::fs::symlink("../out.json", whole.path().join("in/x.json")).unwrap();
        let (_, tree) = discover(&whole.path().join("in"), SMALL_TREES_TOO).unwrap();
        assert_eq!((tree.references.len(), tree.templates().count()), (0, 0));
    }
}

/// A root that calls a module beside it, which calls another one that reads a key.
fn repository(more: &[(&str, &str)]) -> TempDir {
    let call = "module \"m\" {\n  source = \"../../modules/m\"\n}\n";
    let reads = "data \"azurerm_cosmosdb_account\" \"x\" {\n  name = \"orders\"\n}\nresource \"a\" \"b\" {\n  value = \
                 data.azurerm_cosmosdb_account.x.secondary_key\n}\n";
    let own = "data \"azurerm_cosmosdb_account\" \"y\" {\n  name = \"orders\"\n}\nresource \"a\" \"b\" {\n  value = \
               data.azurerm_cosmosdb_account.y.primary_key\n}\n";
    let mut files = vec![
        ("live/one/a.tf", call),
        ("live/one/own.tf", own),
        ("modules/m/a.tf", "module \"n\" {\n  source = \"../n\"\n}\n"),
        ("modules/n/a.tf", reads),
        ("modules/other/a.tf", reads),
    ];
    files.extend(more);
    folder(&files)
}

#[test]
fn modules_beside_the_folder_that_is_read_belong_to_it() {
    for call in
        [None, Some(("live/one/b.tf.json", "{\"module\": {\"o\": {\"source\": \"../../modules/other\"}}}"))]
    {
        let more: Vec<(&str, &str)> = [(".git/HEAD", "x")].into_iter().chain(call).collect();
        let repository = repository(&more);
        let root = repository.path().join("live/one");
        let trees =
            [SMALL_TREES_TOO, Shortcuts::TAKEN, Shortcuts::OFF].map(|it| discover(&root, it).unwrap().1);
        for tree in &trees {
            assert_eq!(report(tree), report(&trees[0]));
            let read: Vec<String> = tree.references.iter().map(|it| tree.shown(it.file)).collect();
            let mut expected = vec!["modules/n/a.tf", "live/one/own.tf"];
            expected.extend(call.map(|_| "modules/other/a.tf"));
            let mut expected: Vec<String> =
                expected.iter().map(|it| repository.path().join(it).to_string_lossy().into_owned()).collect();
            expected.sort_by_key(|path| (path.contains("/live/"), path.clone()));
            assert_eq!(read, expected);
            assert_eq!(tree.slot_use(0, crate::model::Access::ReadWrite), crate::model::SlotUse::Mixed);
            let moved = |to| crate::terraform::plan(tree, 0, crate::model::Access::ReadWrite, to);
            let refused: Vec<String> =
                moved(crate::model::Slot::Primary).unwrap_err().iter().map(ToString::to_string).collect();
            assert!(
                refused[0].contains("modules/n/a.tf:5:") && refused[0].contains("nothing is edited"),
                "{refused:?}"
            );
        }
    }
}

#[test]
fn modules_beside_the_repository_are_not_read() {
    for more in [&[][..], &[("live/.git/HEAD", "x")], &[("live/one/.git/HEAD", "x")]] {
        let repository = repository(more);
        for shortcuts in [SMALL_TREES_TOO, Shortcuts::OFF] {
            let (_, tree) = discover(&repository.path().join("live/one"), shortcuts).unwrap();
            assert_eq!(tree.references.len(), 1, "{more:?}");
        }
    }
}

/// A Terragrunt unit that includes a file of the repository, in which it depends on another unit and takes its key.
fn unit(include: &str, more: &[(&str, &str)]) -> TempDir {
    let app = format!("include \"common\" {{\n  path = {include}\n}}\n");
    let common = "dependency \"cosmos\" {\n  config_path = \"../cosmos\"\n}\ninputs = {\n  k = \
                  dependency.cosmos.outputs.secondary_key\n}\n";
    let mut files = vec![
        ("live/app/terragrunt.hcl", app.as_str()),
        ("live/_common/app.hcl", common),
        ("_common/app.hcl", common),
        ("live/_common/other.hcl", common),
    ];
    files.extend(more);
    folder(&files)
}

#[test]
fn what_a_terragrunt_configuration_includes_from_beside_the_folder_that_is_read_belongs_to_it() {
    for (include, included) in [
        ("\"../_common/app.hcl\"", "live/_common/app.hcl"),
        ("\"${get_terragrunt_dir()}/../_common/app.hcl\"", "live/_common/app.hcl"),
        ("\"${get_repo_root()}/_common/app.hcl\"", "_common/app.hcl"),
        ("find_in_parent_folders(\"_common/app.hcl\")", "live/_common/app.hcl"),
        ("\"${dirname(find_in_parent_folders(\"root.hcl\"))}/_common/app.hcl\"", "_common/app.hcl"),
    ] {
        let repository = unit(include, &[(".git/HEAD", "x"), ("root.hcl", "locals {}\n")]);
        let root = repository.path().join("live/app");
        let trees =
            [SMALL_TREES_TOO, Shortcuts::TAKEN, Shortcuts::OFF].map(|it| discover(&root, it).unwrap().1);
        for tree in &trees {
            assert_eq!(report(tree), report(&trees[0]), "{include}");
            let read: Vec<String> = tree.references.iter().map(|it| tree.shown(it.file)).collect();
            assert_eq!(read, [repository.path().join(included).to_string_lossy().into_owned()], "{include}");
            assert!(tree.unread.is_empty(), "{include}");
            let slot = tree.slot_use(0, crate::model::Access::ReadWrite);
            assert_eq!(slot, crate::model::SlotUse::Only(crate::model::Slot::Secondary), "{include}");
        }
    }
}

#[test]
fn what_is_included_from_elsewhere_and_cannot_be_read_is_told() {
    for (include, more) in [
        ("\"../_common/app.hcl\"", &[][..]),
        ("\"../_common/app.hcl\"", &[("live/app/.git/HEAD", "x")]),
        ("\"../_common/none.hcl\"", &[(".git/HEAD", "x")]),
    ] {
        let repository = unit(include, more);
        for shortcuts in [SMALL_TREES_TOO, Shortcuts::OFF] {
            let (_, tree) = discover(&repository.path().join("live/app"), shortcuts).unwrap();
            assert_eq!((tree.references.len(), tree.unread.len()), (0, 1), "{include} {more:?}");
        }
    }
}

/// Terragrunt units that run code of the repository, and depend on each other; one of them is read alone.
#[test]
fn code_and_dependencies_beside_the_folder_that_is_read_belong_to_it() {
    let app = |source: &str, config: &str| {
        format!(
            "terraform {{\n  source = \"{source}\"\n}}\ndependency \"db\" {{\n  config_path = \"{config}\"\n}}\ninputs = {{\n  k = \
             dependency.db.outputs.second\n}}\n"
        )
    };
    let outputs = "output \"first\" {\n  value = azurerm_cosmosdb_account.a.primary_key\n}\noutput \"second\" {\n  value = \
                   azurerm_cosmosdb_account.a.secondary_key\n}\n";
    let code = "variable \"k\" {}\nresource \"azurerm_key_vault_secret\" \"s\" {\n  name = \"db\"\n  value = var.k\n}\n";
    for (source, config) in [
        ("../../modules//app", "../db"),
        ("${get_repo_root()}/modules/app", "../db/terragrunt.hcl"),
        ("${get_path_to_repo_root()}//modules/app", "${get_repo_root()}/live/db"),
        ("${dirname(find_in_parent_folders(\"root.hcl\"))}/modules/app", "${get_terragrunt_dir()}/../db"),
    ] {
        let app = app(source, config);
        let files = [
            ("root.hcl", "locals {}\n"),
            ("live/app/terragrunt.hcl", app.as_str()),
            ("live/db/terragrunt.hcl", "terraform {\n  source = \"${get_repo_root()}/modules/db\"\n}\n"),
            ("live/other/terragrunt.hcl", "terraform {\n  source = \"../../modules/db\"\n}\n"),
            ("modules/app/a.tf", code),
            ("modules/db/a.tf", outputs),
        ];
        let whole = folder(&[&files[..], &[(".git/HEAD", "x")]].concat());
        for shortcuts in [SMALL_TREES_TOO, Shortcuts::TAKEN, Shortcuts::OFF] {
            let (_, tree) = discover(&whole.path().join("live/app"), shortcuts).unwrap();
            let read: Vec<(&str, &str, crate::terraform::Role)> = (tree.references.iter())
                .map(|it| (tree.sources[it.file].path(), it.attribute.as_str(), it.role))
                .collect();
            let expected = [
                ("../../modules/app/a.tf", "k", crate::terraform::Role::Relay),
                ("../../modules/db/a.tf", "primary_key", crate::terraform::Role::Definition),
                ("../../modules/db/a.tf", "secondary_key", crate::terraform::Role::Definition),
                ("terragrunt.hcl", "second", crate::terraform::Role::Consumer),
            ];
            assert_eq!(read, expected, "{source} {config}");
            assert!(paths(&tree).iter().all(|path| !path.contains("other")), "{source} {config}");
            assert_eq!(tree.flows().last().unwrap().sink.name, "db", "{source} {config}");
            let flip = crate::terraform::plan(
                &tree,
                0,
                crate::model::Access::ReadWrite,
                crate::model::Slot::Primary,
            );
            let changed: Vec<String> = flip.unwrap().files.into_iter().map(|(path, _)| path).collect();
            assert_eq!(changed, ["terragrunt.hcl"], "{source} {config}");
        }
        // Without a repository around it nothing beside the folder is read, and that is told.
        let alone = folder(&files);
        let (_, tree) = discover(&alone.path().join("live/app"), Shortcuts::TAKEN).unwrap();
        assert!(tree.references.is_empty(), "{source} {config}");
        let told = check(&tree).into_iter().filter(|it| it.rule.id == "path-not-found").count();
        assert_eq!(told, usize::from(source.contains("find_in")), "{source} {config}");
    }
}
