//! Keys that are read from the state of another root.

use std::collections::BTreeSet;

use super::found;
use crate::model::{Access, Slot, SlotUse};
use crate::terraform::{SymbolKind, Tree};

#[test]
fn remote_state_of_a_root_in_the_tree_is_followed_into_it() {
    let db = "terraform {\n  backend \"azurerm\" {\n    container_name = \"state\"\n    key = \"db.tfstate\"\n  }\n}\noutput \"cosmos_primary_key\" {\n  value = azurerm_cosmosdb_account.a.primary_key\n}\noutput \"cosmos_secondary_key\" {\n  value = azurerm_cosmosdb_account.a.secondary_key\n}\n";
    let app = |config: &str| {
        format!(
            "data \"terraform_remote_state\" \"db\" {{\n  backend = \"{}\"\n  config = {{ {config} }}\n}}\nlocals {{\n  k = data.terraform_remote_state.db.outputs.cosmos_secondary_key\n}}\n",
            if config.contains("path") { "local" } else { "azurerm" }
        )
    };
    for (config, joined) in [
        ("key = \"db.tfstate\"", true),
        ("key = \"db.tfstate\", container_name = \"state\"", true),
        ("key = \"db.tfstate\", container_name = \"other\"", false),
        ("key = \"${var.x}.tfstate\"", false),
        ("path = \"../db/terraform.tfstate\"", true),
        ("path = \"../elsewhere/terraform.tfstate\"", false),
    ] {
        let tree = Tree::read(&[("app/a.tf", app(config).as_str()), ("db/a.tf", db)]);
        let reader = tree.references.iter().find(|reference| reference.attribute == "cosmos_secondary_key");
        let reader = reader.unwrap_or_else(|| panic!("{config}"));
        assert_eq!(reader.slot, Slot::Secondary);
        let accounts: BTreeSet<usize> = tree.references.iter().map(|reference| reference.account).collect();
        assert_eq!(accounts.len() == 1, joined, "{config}");
        assert_eq!(reader.crosses, Some(SymbolKind::RemoteState), "{config}");
    }
}

/// What is read of another root's state: the root's files, then the reader's `config`, and more of its code.
fn of_state(db: &[(&str, &str)], config: &str, more: &str) -> (Tree, Vec<String>) {
    let app = format!(
        "{more}\ndata \"terraform_remote_state\" \"db\" {{\n  backend = \"azurerm\"\n  config = {{ {config} }}\n}}\nresource \"x\" \"y\" {{\n  \
         k = data.terraform_remote_state.db.outputs.second\n}}\n"
    );
    let mut files = vec![("app/a.tf", app.as_str())];
    files.extend(db);
    let lines = found(&files).into_iter().filter(|line| line.starts_with("app/"));
    (Tree::read(&files), lines.map(|line| line.split_once(' ').unwrap().1.to_owned()).collect())
}

const OUTPUTS: &str = "output \"first\" {\n  value = azurerm_cosmosdb_account.a.primary_key\n}\noutput \"second\" {\n  value = azurerm_cosmosdb_account.a.secondary_key\n}\n";
const FOLLOWED: &str = "second [second] secondary read-write Consumer";

#[test]
fn the_settings_of_a_state_are_worked_out() {
    let db =
        format!("terraform {{\n  backend \"azurerm\" {{\n    key = \"prod/db.tfstate\"\n  }}\n}}\n{OUTPUTS}");
    let values = ("app/terraform.tfvars", "stage = \"prod\"\n");
    for (config, more, expected) in [
        ("key = \"${var.env}/db.tfstate\"", "variable \"env\" { default = \"prod\" }", FOLLOWED),
        ("key = \"${local.env}/db.tfstate\"", "locals { env = \"prod\" }", FOLLOWED),
        ("key = format(\"%s/db.tfstate\", var.stage)", "variable \"stage\" {}", FOLLOWED),
        ("key = \"prod/db.tfstate\", container_name = var.c", "variable \"c\" {}", FOLLOWED),
        ("key = \"${var.env}/db.tfstate\"", "variable \"env\" {}", "opaque"),
        ("key = \"${terraform.workspace}/db.tfstate\"", "", "opaque"),
        ("key = var.key", "variable \"key\" {}", "opaque"),
        // Nothing that stands for what is open could make these the same.
        ("key = \"${var.env}/app.tfstate\"", "variable \"env\" {}", ""),
        ("key = \"int/${var.what}\"", "variable \"what\" {}", ""),
        ("key = \"${var.env}/db.tfstate\"", "variable \"env\" { default = \"int\" }", ""),
    ] {
        let (_, lines) = of_state(&[("db/a.tf", &db), values], config, more);
        let lines: Vec<String> = lines.iter().map(|line| line.replace("app/a.tf", "")).collect();
        let expected: &[&str] = if expected.is_empty() { &[] } else { &[expected] };
        assert_eq!(lines, expected, "{config} {more}");
    }
}

#[test]
fn a_state_that_two_roots_may_have_written_is_unknown() {
    let root = |backend: &str| format!("terraform {{\n  backend \"azurerm\" {{{backend}}}\n}}\n{OUTPUTS}");
    let key = "\n    key = \"db.tfstate\"\n  ";
    for (one, two, expected) in [
        (key, "", FOLLOWED),
        (key, key, "opaque"),
        // Its settings are told on the command line.
        ("", "\n    key = \"other.tfstate\"\n  ", "opaque"),
        ("\n    key = \"x.tfstate\"\n  ", "\n    key = \"other.tfstate\"\n  ", ""),
    ] {
        let (one, two) = (root(one), root(two));
        let (tree, lines) = of_state(&[("a/a.tf", &one), ("b/b.tf", &two)], "key = \"db.tfstate\"", "");
        let expected: &[&str] = if expected.is_empty() { &[] } else { &[expected] };
        assert_eq!(lines, expected, "{one} {two}");
        if expected == ["opaque"] {
            assert_eq!(tree.slot_use(0, Access::ReadWrite), SlotUse::Unknown);
        }
    }
    // Of an output that is no key, nothing is said; of all outputs together it is.
    let partial = root("");
    let whole = |read: &str| {
        let app = format!(
            "data \"terraform_remote_state\" \"db\" {{\n  backend = \"azurerm\"\n  config = {{ key = \"k\" }}\n}}\nresource \"x\" \"y\" {{\n  k = {read}\n}}\n"
        );
        found(&[("app/a.tf", app.as_str()), ("db/a.tf", &partial)])
            .into_iter()
            .filter(|it| it.starts_with("app"))
            .count()
    };
    assert_eq!(whole("data.terraform_remote_state.db.outputs.endpoint"), 0);
    assert_eq!(whole("data.terraform_remote_state.db.outputs"), 1);
    assert_eq!(whole("data.terraform_remote_state.db"), 1);
}

#[test]
fn the_name_of_an_output_decides_only_where_no_root_that_may_have_written_it_says_otherwise() {
    let app = "variable \"env\" {}\ndata \"terraform_remote_state\" \"db\" {\n  backend = \"azurerm\"\n  config = { key = \"${var.env}/cosmos.tfstate\" }\n}\nresource \"x\" \"y\" {\n  k = data.terraform_remote_state.db.outputs.cosmos_primary_key\n}\n";
    let root = |key: &str, output: &str| {
        format!(
            "terraform {{\n  backend \"azurerm\" {{\n    key = \"{key}/cosmos.tfstate\"\n  }}\n}}\n{output}"
        )
    };
    let hands_out =
        |value: &str| root("prod", &format!("output \"cosmos_primary_key\" {{\n  value = {value}\n}}\n"));
    let account = "azurerm_cosmosdb_account.x";
    let agrees = hands_out(&format!("{account}.primary_key"));
    let other = hands_out(&format!("{account}.secondary_key"));
    for (db, known) in [
        (agrees.clone(), true),
        (root("prod", "output \"cosmos_url\" {\n  value = \"x\"\n}\n"), true),
        (other.clone(), false),
        (hands_out(&format!("{account}.primary_readonly_key")), false),
        (hands_out("var.key"), false),
        (hands_out(account), false),
        (hands_out(&format!("{{ a = {account}.primary_key, b = {account}.secondary_key }}")), false),
        (other.replace("cosmos.tfstate", "x.tfstate"), true),
    ] {
        let db = [("db/a.tf", db.as_str()), ("app/a.tf", app)];
        let opaque = found(&db).contains(&"app/a.tf:7 opaque".to_owned());
        assert_eq!(opaque, !known, "{db:?}");
        let name = |role: &str| {
            format!("app/a.tf:7 cosmos_primary_key [cosmos_primary_key] primary read-write {role}")
        };
        assert!(found(&db).contains(&name(if known { "Consumer" } else { "Relay" })), "{:#?}", found(&db));
        let tree = Tree::read(&db);
        let account = tree.references.iter().find(|it| it.symbol.kind == SymbolKind::RemoteState).unwrap();
        let expected = if known { SlotUse::Only(Slot::Primary) } else { SlotUse::Unknown };
        assert_eq!(tree.slot_use(account.account, Access::ReadWrite), expected, "{db:?}");
    }
    // One of two is enough.
    let both = [("one/a.tf", agrees.as_str()), ("two/a.tf", other.as_str()), ("app/a.tf", app)];
    assert!(found(&both).contains(&"app/a.tf:7 opaque".to_owned()), "{:#?}", found(&both));
    // A whole account tells its keys apart by their own names.
    let whole = root("prod", &format!("output \"cosmos\" {{\n  value = {account}\n}}\n"));
    let app = app.replace("cosmos_primary_key", "cosmos.primary_key");
    let tree = Tree::read(&[("db/a.tf", whole.as_str()), ("app/a.tf", app.as_str())]);
    assert!(tree.opaque.iter().all(|read| tree.sources[read.file].path() != "app/a.tf"), "{:?}", tree.opaque);
}

#[test]
fn terragrunts_remote_state_says_where_a_state_lies() {
    let root = "remote_state {\n  backend = \"azurerm\"\n  config = {\n    key = \"${path_relative_to_include()}/terraform.tfstate\"\n  }\n}\n";
    let unit = "include {\n  path = find_in_parent_folders()\n}\nterraform {\n  source = \"../../../modules/db\"\n}\n";
    let other = unit.replace("modules/db", "modules/other");
    let files = [
        ("live/prod/db/terragrunt.hcl", unit),
        ("live/prod/other/terragrunt.hcl", &other),
        ("live/terragrunt.hcl", root),
        ("modules/db/a.tf", OUTPUTS),
        ("modules/other/a.tf", "output \"second\" {\n  value = \"x\"\n}\n"),
    ];
    for (key, expected) in
        [("prod/db/terraform.tfstate", Some(FOLLOWED)), ("prod/other/terraform.tfstate", None), ("x", None)]
    {
        let (_, lines) = of_state(&files, &format!("key = \"{key}\""), "");
        assert_eq!(lines.first().map(String::as_str), expected, "{key}");
    }
}

#[test]
fn a_name_that_a_root_which_may_be_meant_does_not_hand_out_is_not_written() {
    let root = |slots: &[&str]| {
        let output = |slot: &&str| {
            format!("output \"cosmos_{slot}_key\" {{\n  value = azurerm_cosmosdb_account.a.{slot}_key\n}}\n")
        };
        let outputs: String = slots.iter().map(output).collect();
        format!("terraform {{\n  backend \"azurerm\" {{\n    key = \"db\"\n  }}\n}}\n{outputs}")
    };
    let app = "data \"terraform_remote_state\" \"db\" {\n  backend = \"azurerm\"\n  config = { key = var.state }\n}\nlocals {\n  k = data.terraform_remote_state.db.outputs.cosmos_primary_key\n}\n";
    let flipped = |slots: &[&str]| {
        let tree = Tree::read(&[("app/a.tf", app), ("db/a.tf", &root(slots))]);
        let named = "data.terraform_remote_state.db";
        let account = crate::terraform::select(&tree, Some(named), Access::ReadWrite).unwrap();
        crate::terraform::plan(&tree, account, Access::ReadWrite, Slot::Secondary)
            .map(|flip| flip.edits.len())
    };
    let refusals = flipped(&["primary"]).unwrap_err();
    let told: Vec<String> = refusals.iter().map(ToString::to_string).collect();
    assert!(told[0].ends_with("and a root that may have written its state does not"), "{told:?}");
    assert_eq!(flipped(&["primary", "secondary"]).unwrap(), 1);
    assert_eq!(flipped(&[]).unwrap(), 1, "nobody here is known to have written it");
}

/// A state that a repeated block reads: what every instance reads is one root's, or it is not known whose.
#[test]
fn a_repeated_state_is_that_of_one_root_where_all_instances_read_it() {
    let root = |key: &str| {
        format!("terraform {{\n  backend \"azurerm\" {{\n    key = \"{key}.tfstate\"\n  }}\n}}\n{OUTPUTS}")
    };
    let (db, eu) = (root("db"), root("eu"));
    let set = "for_each = toset([\"db\", \"eu\"])";
    let map = "for_each = { a = { key = \"db.tfstate\" }, b = { key = \"db.tfstate\" } }";
    for (repeated, config, index, expected) in [
        ("count = 1", "key = \"db.tfstate\"", "[0]", FOLLOWED),
        ("count = var.on ? 1 : 0", "key = \"db.tfstate\"", "[0]", FOLLOWED),
        ("count = var.on ? 1 : 0", "key = \"db.tfstate\"", ".0", FOLLOWED),
        (set, "key = \"db.tfstate\"", "[\"eu\"]", FOLLOWED),
        (set, "key = \"db.tfstate\"", "[each.key]", FOLLOWED),
        (set, "key = \"db.tfstate\"", "[each.value]", FOLLOWED),
        ("for_each = var.x", "key = \"db.tfstate\"", "[var.y]", FOLLOWED),
        (map, "key = each.value.key", "[\"a\"]", FOLLOWED),
        ("for_each = toset([\"db\"])", "key = \"${each.key}.tfstate\"", "[\"db\"]", FOLLOWED),
        (set, "key = \"${each.key}.tfstate\"", "[\"eu\"]", "opaque"),
        (set, "key = \"${each.key}.tfstate\"", "[each.key]", "opaque"),
        (set, "key = \"db.tfstate\", container_name = each.key", "[\"eu\"]", FOLLOWED),
        ("for_each = var.x", "key = \"${each.key}.tfstate\"", "[\"eu\"]", "opaque"),
        ("for_each = var.x", "key = \"${each.value.name}.tfstate\"", "[\"eu\"]", "opaque"),
        ("count = 2", "key = \"${var.keys[count.index]}.tfstate\"", "[1]", "opaque"),
        ("count = 2", "key = \"${count.index}.tfstate\"", "[1]", ""),
        (set, "key = \"${each.key}-x.tfstate\"", "[\"eu\"]", ""),
    ] {
        let app = format!(
            "variable \"x\" {{}}\nvariable \"keys\" {{}}\ndata \"terraform_remote_state\" \"s\" {{\n  {repeated}\n  backend = \"azurerm\"\n  \
             config = {{ {config} }}\n}}\nresource \"x\" \"y\" {{\n  k = data.terraform_remote_state.s{index}.outputs.second\n}}\n"
        );
        let files = [("app/a.tf", app.as_str()), ("db/a.tf", &db), ("eu/a.tf", &eu)];
        let lines = found(&files).into_iter().filter(|line| line.starts_with("app/"));
        let lines: Vec<String> = lines.map(|line| line.split_once(' ').unwrap().1.to_owned()).collect();
        let expected: &[&str] = if expected.is_empty() { &[] } else { &[expected] };
        assert_eq!(lines, expected, "{repeated} {config} {index}");
    }
}

#[test]
fn a_local_state_whose_path_is_not_told_may_be_that_of_any_root_it_fits() {
    for (path, more, expected) in [
        ("../${var.d}/terraform.tfstate", "variable \"d\" {}", "opaque"),
        ("${path.module}/../${var.d}/terraform.tfstate", "variable \"d\" {}", "opaque"),
        ("${var.d}", "variable \"d\" {}", "opaque"),
        ("../${var.d}/terraform.tfstate", "variable \"d\" { default = \"db\" }", FOLLOWED),
        ("../${var.d}/other.tfstate", "variable \"d\" {}", ""),
        ("../x/${var.d}/terraform.tfstate", "variable \"d\" {}", ""),
    ] {
        let app = format!(
            "{more}\ndata \"terraform_remote_state\" \"s\" {{\n  backend = \"local\"\n  config = {{ path = \"{path}\" }}\n}}\nresource \"x\" \"y\" {{\n  \
             k = data.terraform_remote_state.s.outputs.second\n}}\n"
        );
        let files = [("live/app/a.tf", app.as_str()), ("live/db/a.tf", OUTPUTS)];
        let lines = found(&files).into_iter().filter(|line| line.starts_with("live/app/"));
        let lines: Vec<String> = lines.map(|line| line.split_once(' ').unwrap().1.to_owned()).collect();
        let expected: &[&str] = if expected.is_empty() { &[] } else { &[expected] };
        assert_eq!(lines, expected, "{path}");
    }
}

#[test]
fn a_key_of_a_repeated_state_moves_there_and_back() {
    use crate::terraform::flip;
    let db = format!("terraform {{\n  backend \"azurerm\" {{\n    key = \"db.tfstate\"\n  }}\n}}\n{OUTPUTS}");
    for index in ["[0]", "[\"eu\"]", "[each.key]", "[each.value]", "[*]"] {
        let app = format!(
            "data \"terraform_remote_state\" \"s\" {{\r\n  for_each = toset([\"eu\"])\r\n  backend = \"azurerm\"\r\n  config = {{ key = \"db.tfstate\" }}\r\n}}\r\n\
             resource \"x\" \"y\" {{\r\n  k = data.terraform_remote_state.s{index}.outputs.first\r\n}}"
        );
        let there =
            flip(&[("app/a.tf", &app), ("db/a.tf", &db)], None, Access::ReadWrite, Slot::Secondary).unwrap();
        let moved = app.replace("outputs.first", "outputs.second");
        assert_eq!(there, [("app/a.tf".to_owned(), moved.clone().into_bytes())]);
        let back =
            flip(&[("app/a.tf", &moved), ("db/a.tf", &db)], None, Access::ReadWrite, Slot::Primary).unwrap();
        assert_eq!(back, [("app/a.tf".to_owned(), app.into_bytes())]);
    }
}

#[test]
fn a_path_from_the_top_of_the_machine_is_none_below_the_code() {
    for (path, opaque) in [
        ("mnt/${var.x}/terraform.tfstate", true),
        ("/mnt/${var.x}/terraform.tfstate", false),
        ("/mnt/db/terraform.tfstate", false),
    ] {
        let app = format!(
            "variable \"x\" {{}}\ndata \"terraform_remote_state\" \"db\" {{\n  backend = \"local\"\n  config = {{ path = \"{path}\" }}\n}}\n\
             resource \"x\" \"y\" {{\n  k = data.terraform_remote_state.db.outputs.second\n}}\n"
        );
        let tree = Tree::read(&[("app/a.tf", app.as_str()), ("app/mnt/db/a.tf", OUTPUTS)]);
        assert_eq!(!tree.opaque.is_empty(), opaque, "{path}: {:#?}", tree.opaque);
    }
}
