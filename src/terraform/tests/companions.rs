//! What changes with a slot beside the references.

use crate::model::{Access, Slot};
use crate::terraform::{AllowedOpaque, Refusal, Tree, claim, flip, plan, plan_allowing};

type Files<'f> = &'f [(&'f str, &'f str)];

/// The changed files, there.
#[track_caller]
fn flipped(files: Files<'_>, to: Slot) -> Vec<(String, String)> {
    let changed = flip(files, None, Access::ReadWrite, to).unwrap();
    changed.into_iter().map(|(path, bytes)| (path, String::from_utf8(bytes).unwrap())).collect()
}

const CHOICES: [&str; 3] = [
    "var.slot == \"primary\" ? azurerm_cosmosdb_account.x.primary_key : azurerm_cosmosdb_account.x.secondary_key",
    "{ primary = azurerm_cosmosdb_account.x.primary_key, secondary = azurerm_cosmosdb_account.x.secondary_key }[var.slot]",
    "lookup({ primary = azurerm_cosmosdb_account.x.primary_key, secondary = azurerm_cosmosdb_account.x.secondary_key }, var.slot)",
];

#[test]
fn a_variable_that_chooses_is_changed_instead_of_the_branches() {
    for choice in CHOICES {
        let code =
            format!("variable \"slot\" {{\n  default = \"primary\"\n}}\nlocals {{\n  k = {choice}\n}}\n");
        let files = [("a.tf", code.as_str())];
        assert_eq!(
            claim(&files, None, Access::ReadWrite).reads,
            crate::model::SlotUse::Only(Slot::Primary),
            "{choice}"
        );
        let there = flipped(&files, Slot::Secondary);
        assert_eq!(
            there,
            [("a.tf".to_owned(), code.replace("default = \"primary\"", "default = \"secondary\""))]
        );
        let back = flipped(&[("a.tf", &there[0].1)], Slot::Primary);
        assert_eq!(back[0].1, code);
    }
}

#[test]
fn every_place_that_gives_the_variable_its_value_changes() {
    let code = format!("variable \"slot\" {{}}\nlocals {{\n  k = {}\n}}\n", CHOICES[0]);
    let files = [
        ("a.tf", code.as_str()),
        ("env/int.tfvars", "slot = \"primary\"\n"),
        ("env/prod.tfvars.json", "{\"slot\": \"primary\"}\n"),
    ];
    let changed = flipped(&files, Slot::Secondary);
    assert_eq!(
        changed,
        [
            ("env/int.tfvars".to_owned(), "slot = \"secondary\"\n".to_owned()),
            ("env/prod.tfvars.json".to_owned(), "{\"slot\": \"secondary\"}\n".to_owned()),
        ]
    );
}

#[test]
fn values_that_differ_or_are_not_written_out_refuse() {
    let code = format!("variable \"slot\" {{}}\nlocals {{\n  k = {}\n}}\n", CHOICES[0]);
    for more in [("b.tfvars", ""), ("b.tfvars", "slot = local.x\n")] {
        assert!(
            flip(&[("a.tf", code.as_str()), more], None, Access::ReadWrite, Slot::Secondary).is_err(),
            "{more:?}"
        );
    }
    let differ = [
        ("a.tf", code.as_str()),
        ("int.tfvars", "slot = \"primary\"\n"),
        ("prod.tfvars", "slot = \"secondary\"\n"),
    ];
    assert!(flip(&differ, None, Access::ReadWrite, Slot::Secondary).is_err());
}

#[test]
fn versions_of_write_only_values_are_raised() {
    let code = "resource \"azurerm_key_vault_secret\" \"s\" {\n  name             = \"db\"\n  value_wo_version = 9\n  value_wo         = azurerm_cosmosdb_account.x.primary_key\n}\n";
    let changed = flipped(&[("a.tf", code)], Slot::Secondary);
    assert_eq!(changed[0].1, code.replace("= 9", "= 10").replace("primary_key", "secondary_key"));
    let computed = code.replace("= 9", "= var.version");
    let missing = code.replace("  value_wo_version = 9\n", "");
    for (code, said) in
        [(missing, "and there is none"), (computed, "where `var.version` gets its value is not known")]
    {
        let refused = flip(&[("a.tf", code)], None, Access::ReadWrite, Slot::Secondary).unwrap_err();
        assert!(refused[0].to_string().contains(said), "{}", refused[0]);
    }
    assert!(flip(&[("a.tf", code)], None, Access::ReadWrite, Slot::Primary).unwrap().is_empty());
}

#[test]
fn a_version_is_raised_where_it_gets_its_number() {
    let secret = "resource \"azurerm_key_vault_secret\" \"s\" {\n  name             = \"db\"\n  value_wo_version = NAME\n  value_wo         = azurerm_cosmosdb_account.x.primary_key\n}\n";
    let variable = "variable \"v\" {\n  default = 9\n}\n";
    for (name, more, tfvars, raised) in [
        ("var.v", variable, "", Some("a.tf")),
        ("local.v", "locals {\n  v = 9\n}\n", "", Some("a.tf")),
        ("var.v", "variable \"v\" {}\n", "v = 9\n", Some("terraform.tfvars")),
        ("var.v", variable, "v = 9\n", Some("terraform.tfvars")),
        ("local.v", "locals {\n  v = var.v\n}\n", "v = 9\n", None),
        ("var.v", "variable \"v\" {}\n", "", None),
        ("var.v", "variable \"v\" {\n  default = 9\n}\noutput \"v\" {\n  value = var.v\n}\n", "", None),
    ] {
        let code = format!("{}{more}", secret.replace("NAME", name));
        let files = [("a.tf", code.as_str()), ("terraform.tfvars", tfvars)];
        let planned = flip(&files, None, Access::ReadWrite, Slot::Secondary);
        let Some(raised) = raised else {
            assert!(matches!(planned.unwrap_err()[0], Refusal::VersionNotRaised { .. }), "{name} {more}");
            continue;
        };
        for (path, bytes) in planned.unwrap() {
            let old =
                files.iter().find(|(known, _)| *known == path).unwrap().1.replace("primary", "secondary");
            let expected = if path == raised { old.replace("= 9", "= 10") } else { old };
            assert_eq!(String::from_utf8(bytes).unwrap(), expected, "{name} {more}");
        }
    }
    let two = [
        ("a.tf", &*(secret.replace("NAME", "var.v") + "variable \"v\" {}\n")),
        ("int.tfvars", "v = 9\n"),
        ("prod.tfvars", "v = 9\n"),
    ];
    let changed = flipped(&two, Slot::Secondary);
    let raised = changed[1..].iter().map(|(path, text)| (path.as_str(), text.as_str()));
    assert!(raised.eq([("int.tfvars", "v = 10\n"), ("prod.tfvars", "v = 10\n")]), "{changed:?}");
}

#[test]
fn a_version_of_two_secrets_is_raised_once() {
    let secret = |name: &str| {
        format!(
            "resource \"azurerm_key_vault_secret\" \"{name}\" {{\n  name             = \"{name}\"\n  value_wo_version = local.v\n  \
             value_wo         = azurerm_cosmosdb_account.x.primary_key\n}}\n"
        )
    };
    let code = format!("locals {{\n  v = 9\n}}\n{}{}", secret("a"), secret("b"));
    let changed = flipped(&[("a.tf", &code)], Slot::Secondary);
    assert_eq!(changed[0].1, code.replace("= 9", "= 10").replace("primary_key", "secondary_key"));
}

#[test]
fn opaque_places_are_allowed_one_by_one() {
    let code =
        "locals {\n  k = azurerm_cosmosdb_account.x.primary_key\n  w = [azurerm_cosmosdb_account.x]\n}\n";
    let tree = Tree::read(&[("a.tf", code)]);
    assert!(plan(&tree, 0, Access::ReadWrite, Slot::Secondary).is_err());
    for (allowed, ok) in
        [("a.tf:3", true), ("a.tf:3:8", true), ("a.tf:2", false), ("a.tf", false), ("a.tf:30", false)]
    {
        let allowed = AllowedOpaque(vec![allowed.to_owned()]);
        assert_eq!(
            plan_allowing(&tree, &[0], Access::ReadWrite, Slot::Secondary, &allowed).is_ok(),
            ok,
            "{allowed:?}"
        );
        assert_eq!(allowed.unused(&tree).is_empty(), ok);
    }
}

#[test]
fn what_other_providers_call_a_revision_is_raised_too() {
    for (kind, argument, value) in [
        ("kubernetes_secret_v1", "data_wo", "{ key = azurerm_cosmosdb_account.x.primary_key }"),
        ("helm_release", "set_wo", "[{ name = \"k\", value = azurerm_cosmosdb_account.x.primary_key }]"),
    ] {
        let code =
            format!("resource \"{kind}\" \"s\" {{\n  {argument} = {value}\n  {argument}_revision = 3\n}}\n");
        let there = flipped(&[("a.tf", code.as_str())], Slot::Secondary);
        let expected = code.replace("primary_key", "secondary_key").replace("revision = 3", "revision = 4");
        assert_eq!(there, [("a.tf".to_owned(), expected)]);
    }
}
