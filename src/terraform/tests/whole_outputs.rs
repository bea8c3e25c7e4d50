//! Outputs of dependencies and of remote states that are handed on with all that is in them.

use super::found;
use crate::model::{Access, Slot, SlotUse};
use crate::terraform::{Refusal, Tree, plan};

const DB: &str = "variable \"name\" {}\nresource \"azurerm_cosmosdb_account\" \"a\" {\n  name = \"orders\"\n}\noutput \"cosmos\" {\n  value = {\n    primary_key = azurerm_cosmosdb_account.a.primary_key\n    secondary_key = azurerm_cosmosdb_account.a.secondary_key\n  }\n}\n\
                  output \"primary_key\" {\n  value = azurerm_cosmosdb_account.a.primary_key\n}\noutput \"secondary_key\" {\n  value = azurerm_cosmosdb_account.a.secondary_key\n}\n";
const RUNS_DB: &str = "terraform {\n  source = \"../../modules/db\"\n}\n";

fn app(value: &str) -> String {
    format!(
        "variable \"cosmos\" {{}}\nresource \"azurerm_key_vault_secret\" \"s\" {{\n  name  = \"db\"\n  value = {value}\n}}\n"
    )
}

fn unit(inputs: &str) -> String {
    format!(
        "terraform {{\n  source = \"../../modules/app\"\n}}\ndependency \"db\" {{\n  config_path = \"../db\"\n}}\ninputs = {inputs}\n"
    )
}

fn flipped(files: &[(&str, &str)]) -> Result<Vec<(String, String)>, Vec<Refusal>> {
    let tree = Tree::read(files);
    let account =
        tree.accounts.iter().position(|it| tree.references.iter().any(|at| tree.accounts[at.account] == *it));
    let account = account.unwrap();
    let flip = plan(&tree, account, Access::ReadWrite, Slot::Secondary)?;
    assert_eq!(tree.slot_use(account, Access::ReadWrite), SlotUse::Only(Slot::Primary));
    Ok(flip.files.into_iter().map(|(path, text)| (path, String::from_utf8(text).unwrap())).collect())
}

#[test]
fn all_outputs_of_a_dependency_are_followed_into_the_code_that_takes_them() {
    for (inputs, value) in [
        ("{ cosmos = dependency.db.outputs }", "var.cosmos.primary_key"),
        ("{ cosmos = dependency.db.outputs }", "var.cosmos[\"primary_key\"]"),
        ("{ cosmos = dependency.db.outputs }", "var.cosmos.cosmos.primary_key"),
        ("{ cosmos = dependency.db.outputs.cosmos }", "var.cosmos.primary_key"),
        ("{ cosmos = dependency.db.outputs[\"cosmos\"] }", "\"k=${var.cosmos.primary_key}\""),
        ("{ cosmos = dependency.db.outputs.cosmos, x = 1 }", "var.cosmos[\"primary_key\"]"),
    ] {
        let (unit, app) = (unit(inputs), app(value));
        let with_code = [
            ("live/app/terragrunt.hcl", unit.as_str()),
            ("live/db/terragrunt.hcl", RUNS_DB),
            ("modules/app/a.tf", &app),
            ("modules/db/a.tf", DB),
        ];
        let expected = vec![("modules/app/a.tf".to_owned(), app.replace("primary", "secondary"))];
        assert_eq!(flipped(&with_code).as_ref(), Ok(&expected), "{inputs} {value}");
        // Where the owner's code is not here, they go by their names.
        let elsewhere = RUNS_DB.replace("../../modules/db", "git::https://example.com/cosmosdb.git");
        let files = [with_code[0], ("live/db/terragrunt.hcl", &elsewhere), with_code[2]];
        assert_eq!(flipped(&files), Ok(expected), "{inputs} {value}");
    }
}

#[test]
fn what_takes_them_without_a_name_is_refused_by_place() {
    for (inputs, value, place) in [
        ("dependency.db.outputs", "var.cosmos.primary_key", "live/app/terragrunt.hcl:7"),
        ("merge(dependency.db.outputs, {})", "var.cosmos.primary_key", "live/app/terragrunt.hcl:7"),
        (
            "{ cosmos = { all = dependency.db.outputs } }",
            "var.cosmos.all.primary_key",
            "live/app/terragrunt.hcl:7",
        ),
        ("{ cosmos = dependency.db.outputs }", "jsonencode(var.cosmos)", "modules/app/a.tf:4"),
        ("{ cosmos = dependency.db.outputs.cosmos }", "values(var.cosmos)[0]", "modules/app/a.tf:4"),
        ("{ cosmos = dependency.db.outputs.cosmos }", "var.cosmos[var.which]", "modules/app/a.tf:4"),
        ("{ cosmos = jsonencode(dependency.db.outputs) }", "var.cosmos", "live/app/terragrunt.hcl:7"),
    ] {
        let (unit, app) = (unit(inputs), app(value));
        let files = [
            ("live/app/terragrunt.hcl", unit.as_str()),
            ("live/db/terragrunt.hcl", RUNS_DB),
            ("modules/app/a.tf", &app),
            ("modules/db/a.tf", DB),
        ];
        let refused = flipped(&files).unwrap_err();
        let told = |it: &Refusal| matches!(it, Refusal::Opaque { place: at, .. } if at.starts_with(place));
        assert!(refused.iter().any(told), "{inputs} {value}: {refused:?}");
    }
}

/// An owner's root that hands out what its module does, and one that reads its state.
fn states<'f>(owner: &'f str, reader: &'f str, app: &'f str) -> Vec<(&'f str, &'f str)> {
    vec![("app/a.tf", reader), ("modules/app/a.tf", app), ("modules/db/a.tf", DB), ("owner/a.tf", owner)]
}

const BACKEND: &str = "terraform {\n  backend \"azurerm\" {\n    key = \"o\"\n    container_name = \"c\"\n    storage_account_name = \"s\"\n  }\n}\nmodule \"db\" {\n  source = \"../modules/db\"\n  name = \"x\"\n}\n";
const STATE: &str = "data \"terraform_remote_state\" \"o\" {\n  backend = \"azurerm\"\n  config = {\n    key = \"o\"\n    container_name = \"c\"\n    storage_account_name = \"s\"\n  }\n}\n";

#[test]
fn outputs_of_a_state_are_followed_into_the_module_that_takes_them() {
    let owner = format!("{BACKEND}output \"cosmos\" {{\n  value = module.db.cosmos\n}}\n");
    let all = format!("{BACKEND}output \"cosmos\" {{\n  value = module.db\n}}\n");
    let takes = |value: &str| {
        format!("{STATE}module \"account\" {{\n  source = \"../modules/app\"\n  cosmos = {value}\n}}\n")
    };
    let state = "data.terraform_remote_state.o.outputs";
    for (owner, taken, value) in [
        (&owner, format!("{state}.cosmos"), "var.cosmos.primary_key"),
        (&owner, state.to_owned(), "var.cosmos.cosmos.primary_key"),
        (&owner, format!("{state}[\"cosmos\"]"), "var.cosmos[\"primary_key\"]"),
    ] {
        let (reader, app) = (takes(&taken), app(value));
        let expected = vec![("modules/app/a.tf".to_owned(), app.replace("primary", "secondary"))];
        assert_eq!(flipped(&states(owner, &reader, &app)), Ok(expected), "{taken} {value}");
    }
    // All of a module is more than a pair.
    let (reader, app) = (takes(&format!("{state}.cosmos")), app("var.cosmos.primary_key"));
    let refused = flipped(&states(&all, &reader, &app)).unwrap_err();
    let told =
        |it: &Refusal| matches!(it, Refusal::Opaque { place, .. } if place.starts_with("owner/a.tf:13"));
    assert!(refused.iter().any(told), "{refused:?}");
}

#[test]
fn what_a_root_hands_out_is_not_lost_where_all_of_it_is_taken() {
    let owner = format!("{BACKEND}output \"cosmos\" {{\n  value = module.db.cosmos\n}}\n");
    let reads = |value: &str| format!("{STATE}resource \"a_b\" \"c\" {{\n  k = [{value}]\n}}\n");
    for value in [
        "jsonencode(data.terraform_remote_state.o.outputs)",
        "data.terraform_remote_state.o.outputs[var.x]",
        "values(data.terraform_remote_state.o.outputs.cosmos)[0]",
    ] {
        let reader = reads(value);
        let lines = found(&states(&owner, &reader, ""));
        assert!(lines.contains(&"app/a.tf:10 opaque".to_owned()), "{value}: {lines:#?}");
    }
    let both = reads("jsonencode(data.terraform_remote_state.o.outputs.cosmos)");
    assert_eq!(Tree::read(&states(&owner, &both, "")).both.len(), 1);
    // Nor where a module does.
    let wrapper =
        "module \"db\" {\n  source = \"../db\"\n}\noutput \"cosmos\" {\n  value = module.db.cosmos\n}\n";
    for (value, opaque) in
        [("jsonencode(module.w)", true), ("module.w[var.x]", true), ("module.w.cosmos.primary_key", false)]
    {
        let root = format!(
            "module \"w\" {{\n  source = \"./w\"\n}}\nresource \"a_b\" \"c\" {{\n  k = [{value}]\n}}\n"
        );
        let lines = found(&[("a.tf", &root), ("db/a.tf", DB), ("w/a.tf", wrapper)]);
        assert_eq!(lines.contains(&"a.tf:5 opaque".to_owned()), opaque, "{value}: {lines:#?}");
    }
}
