//! Slots that terragrunt configurations take from the files that they read.

use crate::model::{Access, Slot, SlotUse};
use crate::terraform::{Refusal, Tree, plan};

const CODE: &str = "variable \"slot\" {\n  default = \"secondary\"\n}\ndata \"azurerm_cosmosdb_account\" \"x\" {\n  name = \"orders\"\n}\n\
                    resource \"azurerm_key_vault_secret\" \"s\" {\n  name  = \"db\"\n  value = var.slot == \"primary\" ? \
                    data.azurerm_cosmosdb_account.x.primary_key : data.azurerm_cosmosdb_account.x.secondary_key\n}\n";
const ROOT: &str =
    "locals {\n  slot = \"primary\"\n  deep = { slot = \"primary\" }\n  other = local.slot\n}\n";

fn unit(head: &str, inputs: &str) -> String {
    format!("{head}terraform {{\n  source = \"${{get_repo_root()}}/modules/app\"\n}}\ninputs = {inputs}\n")
}

/// A module, and a configuration that runs it, beside further files.
fn files<'f>(unit: &'f str, more: &[(&'f str, &'f str)]) -> Vec<(&'f str, &'f str)> {
    [&[("modules/app/a.tf", CODE), ("live/app/terragrunt.hcl", unit)], more].concat()
}

/// What a flip of such files changes, by file; or why it does not.
fn flipped(files: &[(&str, &str)]) -> Result<Vec<(String, String)>, Vec<Refusal>> {
    let tree = Tree::read(files);
    assert!(tree.unparsed.is_empty(), "{:?}", tree.unparsed);
    let flip = plan(&tree, 0, Access::ReadWrite, Slot::Secondary)?;
    assert_eq!(tree.slot_use(0, Access::ReadWrite), SlotUse::Only(Slot::Primary));
    Ok(flip.files.into_iter().map(|(path, text)| (path, String::from_utf8(text).unwrap())).collect())
}

const INCLUDE: &str =
    "include \"root\" {\n  path = find_in_parent_folders(\"root.hcl\")\n  expose = true\n}\n";
const READ: &str = "locals {\n  env = read_terragrunt_config(find_in_parent_folders(\"env.hcl\"))\n  slot = local.env.locals.slot\n}\n";

#[test]
fn the_literal_moves_wherever_it_is_written() {
    let once = |text: &str| text.replacen("\"primary\"", "\"secondary\"", 1);
    let env = ("live/env.hcl", ROOT);
    let root = ("root.hcl", ROOT);
    for (head, inputs, file, deep) in [
        (INCLUDE, "{ slot = include.root.locals.slot }", root, false),
        (INCLUDE, "{ slot = include.root.locals[\"slot\"] }", root, false),
        (INCLUDE, "{ slot = include.root.locals.other }", root, false),
        (INCLUDE, "{ slot = include.root.locals.deep.slot }", root, true),
        (INCLUDE, "{ \"slot\" = include.root.locals.slot, name = \"x\" }", root, false),
        (INCLUDE, "merge({ slot = \"x\" }, { slot = include.root.locals.slot }, { name = 1 })", root, false),
        (INCLUDE, "merge({ slot = \"x\" }, include.root.locals)", root, false),
        (
            "",
            "{ slot = read_terragrunt_config(find_in_parent_folders(\"env.hcl\")).locals.slot }",
            env,
            false,
        ),
        ("", "{ slot = read_terragrunt_config(\"../env.hcl\").locals.slot }", env, false),
        ("", "read_terragrunt_config(\"../env.hcl\").locals", env, false),
        (READ, "{ slot = local.env.locals.slot }", env, false),
        (READ, "{ slot = local.slot }", env, false),
        (READ, "local.env.locals", env, false),
        (READ, "{ slot = local.env.locals.deep.slot }", env, true),
    ] {
        let unit = unit(head, inputs);
        let files = files(&unit, &[file]);
        let expected = match deep {
            true => file.1.replace("{ slot = \"primary\" }", "{ slot = \"secondary\" }"),
            false => once(file.1),
        };
        assert_eq!(flipped(&files), Ok(vec![(file.0.to_owned(), expected)]), "{head}{inputs}");
    }
    // Where the configuration itself says it, or what it includes hands over.
    let unit_of = |slot: &str| unit("", &format!("{{ name = 1, slot = \"{slot}\" }}"));
    let changed = |path: &str, text: String| Ok(vec![(path.to_owned(), text)]);
    assert_eq!(
        flipped(&files(&unit_of("primary"), &[])),
        changed("live/app/terragrunt.hcl", unit_of("secondary"))
    );
    let root = |slot: &str| format!("inputs = {{\n  slot = \"{slot}\"\n}}\n");
    let bare = unit(INCLUDE, "{ name = 1 }");
    assert_eq!(
        flipped(&files(&bare, &[("root.hcl", &root("primary"))])),
        changed("root.hcl", root("secondary"))
    );
    // What it says itself outranks that.
    assert_eq!(
        flipped(&files(&unit(INCLUDE, "{ slot = \"primary\" }"), &[("root.hcl", &root("secondary"))])),
        changed("live/app/terragrunt.hcl", unit(INCLUDE, "{ slot = \"secondary\" }"))
    );
    // A configuration beside the code outranks the default.
    let beside = |slot: &str| format!("inputs = {{\n  slot = \"{slot}\"\n}}\n");
    let files = [("app/a.tf", CODE), ("app/terragrunt.hcl", &beside("primary"))];
    assert_eq!(flipped(&files), changed("app/terragrunt.hcl", beside("secondary")));
}

const NAMED: &str =
    "locals {\n  n   = \"slot\"\n  all = merge({ slot = \"primary\" }, { (local.n) = \"secondary\" })\n}\n";

#[test]
fn a_collection_that_is_merged_deeply_is_not_what_one_file_says() {
    let code = CODE.replace("\"slot\"", "\"db\"").replace("var.slot", "var.db.slot");
    let code = code.replace("default = \"secondary\"", "default = { slot = \"secondary\" }");
    let root = "inputs = {\n  db = { slot = \"secondary\" }\n}\n";
    let used = |strategy: &str, inputs: &str| {
        let include = INCLUDE.replace("expose = true", &format!("merge_strategy = {strategy}"));
        let unit = unit(&include, inputs);
        let files =
            [("modules/app/a.tf", code.as_str()), ("live/app/terragrunt.hcl", &unit), ("root.hcl", root)];
        Tree::read(&files).slot_use(0, Access::ReadWrite)
    };
    let own = "{ db = { slot = \"primary\" } }";
    for strategy in ["\"shallow\"", "\"no_merge\""] {
        assert_eq!(used(strategy, own), SlotUse::Only(Slot::Primary), "{strategy}");
    }
    for strategy in ["\"deep\"", "\"deep_map_only\"", "local.strategy"] {
        assert_eq!(used(strategy, own), SlotUse::Unknown, "{strategy}");
    }
    // One value has nothing to be merged with.
    let unit = unit(&INCLUDE.replace("expose = true", "merge_strategy = \"deep\""), "{ slot = \"primary\" }");
    let root = ("root.hcl", "inputs = {\n  slot = \"secondary\"\n}\n");
    assert!(flipped(&files(&unit, &[root])).is_ok());
}

#[test]
fn what_is_not_followed_chooses_nothing() {
    let env = ("live/env.hcl", ROOT);
    let root = ("root.hcl", ROOT);
    let yaml = "locals {\n  env = yamldecode(file(\"env.yaml\"))\n}\n";
    let no_merge = INCLUDE.replace("expose = true", "merge_strategy = \"no_merge\"");
    let extra = |argument: &str| {
        format!("{READ}terraform {{\n  extra_arguments \"x\" {{\n    {argument}\n  }}\n}}\n")
    };
    for (head, inputs) in [
        (yaml, "{ slot = local.env.slot }"),
        ("", "{ slot = yamldecode(file(\"env.yaml\")).slot }"),
        ("", "{ slot = get_env(\"SLOT\", \"primary\") }"),
        ("", "{ slot = read_terragrunt_config(\"none.hcl\").locals.slot }"),
        ("", "{ slot = read_terragrunt_config(\"../env.hcl\").locals.none }"),
        ("", "merge(yamldecode(file(\"env.yaml\")), { name = 1 })"),
        // A name that is worked out may be this one.
        (NAMED, "{ slot = \"primary\", (local.n) = \"secondary\" }"),
        (NAMED, "merge({ slot = \"primary\" }, { (local.n) = \"secondary\" })"),
        (NAMED, "{ slot = local.all.slot }"),
        ("", "merge({ slot = \"primary\" }, yamldecode(file(\"env.yaml\")))"),
        ("include {\n  path = \"${get_env(\"X\")}/root.hcl\"\n}\n", "{ name = 1 }"),
        (extra("required_var_files = [\"a.tfvars\"]").as_str(), "{ slot = local.slot }"),
        (extra("arguments = [\"-var\", \"slot=secondary\"]").as_str(), "{ slot = local.slot }"),
        (extra("env_vars = { TF_VAR_slot = \"secondary\" }").as_str(), "{ slot = local.slot }"),
    ] {
        let unit = unit(head, inputs);
        let refused = flipped(&files(&unit, &[env, root])).unwrap_err();
        assert!(matches!(refused[..], [Refusal::ChosenElsewhere { .. }, ..]), "{head}{inputs}: {refused:?}");
    }
    // What does not concern the variable, does not.
    for argument in ["arguments = [\"-lock-timeout=20m\"]", "env_vars = { TF_VAR_other = \"x\" }"] {
        assert!(
            flipped(&files(&unit(&extra(argument), "{ slot = local.slot }"), &[env])).is_ok(),
            "{argument}"
        );
    }
    // What is included and merged with nothing hands nothing over.
    let root = ("root.hcl", "inputs = {\n  slot = \"primary\"\n}\n");
    let tree = Tree::read(&files(&unit(&no_merge, "{ name = 1 }"), &[root]));
    assert_eq!(tree.slot_use(0, Access::ReadWrite), SlotUse::Only(Slot::Secondary));
    // Values that Terraform loads by itself outrank those.
    let loaded = ("modules/app/terraform.tfvars", "slot = \"secondary\"\n");
    assert!(flipped(&files(&unit(READ, "{ slot = local.slot }"), &[env, loaded])).is_err());
}

#[test]
fn what_else_the_literal_decides_is_told() {
    let env = ("live/env.hcl", ROOT);
    let own = unit(READ, "{ slot = local.slot }");
    let name = "variable \"name\" {}\nresource \"azurerm_resource_group\" \"x\" {\n  name = var.name\n}\n";
    let runs_name = |inputs: &str| {
        format!("{READ}terraform {{\n  source = \"../../modules/name\"\n}}\ninputs = {inputs}\n")
    };
    for (inputs, what) in [
        ("{ name = local.slot }", "modules/name/a.tf:3"),
        ("{ name = local.env.locals.other }", "modules/name/a.tf:3"),
        ("merge({ name = local.env.locals.slot }, {})", "modules/name/a.tf:3"),
        ("{ name = \"x-${local.slot}\" }", "live/name/terragrunt.hcl:8"),
        ("{ name = upper(local.env.locals.slot) }", "live/name/terragrunt.hcl:8"),
    ] {
        let other = runs_name(inputs);
        let more = [env, ("modules/name/a.tf", name), ("live/name/terragrunt.hcl", &other)];
        let refused = flipped(&files(&own, &more)).unwrap_err();
        let told = |it: &Refusal| matches!(it, Refusal::AlsoDecides { place, .. } if place.starts_with(what));
        assert!(refused.iter().all(told), "{inputs}: {refused:?}");
    }
    // A name of it that nothing reads, and another value of that file, decide nothing.
    for inputs in ["{ none = local.slot }", "{ name = local.env.locals.deep.slot }", "{ name = \"x\" }"] {
        let other = runs_name(inputs);
        let more = [env, ("modules/name/a.tf", name), ("live/name/terragrunt.hcl", &other)];
        assert!(flipped(&files(&own, &more)).is_ok(), "{inputs}");
    }
    // Code that is not here may make anything of it.
    let other = format!(
        "{READ}terraform {{\n  source = \"git::https://example.com/x.git\"\n}}\ninputs = {{ name = local.slot }}\n"
    );
    let refused = flipped(&files(&own, &[env, ("live/name/terragrunt.hcl", &other)])).unwrap_err();
    assert!(refused[0].to_string().contains("also decides `inputs`"), "{refused:?}");
}

#[test]
fn one_literal_of_two_accounts_moves_them_together() {
    let code = CODE.replace("\"orders\"", "\"carts\"");
    let own = unit(READ, "{ slot = local.slot }");
    let other = own.replace("modules/app", "modules/carts");
    let files = files(
        &own,
        &[("live/env.hcl", ROOT), ("modules/carts/a.tf", &code), ("live/carts/terragrunt.hcl", &other)],
    );
    let tree = Tree::read(&files);
    assert_eq!(tree.accounts.len(), 2);
    let refused = plan(&tree, 0, Access::ReadWrite, Slot::Secondary).unwrap_err();
    assert!(matches!(refused[..], [Refusal::AlsoDecides { .. }]), "{refused:?}");
    let both = crate::terraform::plan_allowing(
        &tree,
        &[0, 1],
        Access::ReadWrite,
        Slot::Secondary,
        &crate::terraform::AllowedOpaque::default(),
    );
    assert_eq!(both.unwrap().edits.len(), 1);
}
