//! A module that several accounts share, through the program itself.

use crate::tool::Folder;

const APP: &str = "variable \"primary\" {}\nvariable \"secondary\" {}\nresource \"azurerm_key_vault_secret\" \"s\" {\n  name  = \"cosmos\"\n  \
                   value = var.primary\n}\n";

fn root(name: &str, primary: &str, secondary: &str) -> String {
    let key = |slot: &str| format!("module.cosmos.{slot}_key");
    format!(
        "module \"cosmos\" {{\n  source = \"../cosmos\"\n  name   = \"{name}\"\n}}\nmodule \"app\" {{\n  source    = \"../app\"\n  primary   = \
         {}\n  secondary = {}\n}}\n",
        key(primary),
        key(secondary)
    )
}

const COSMOS: &str = "variable \"name\" {}\nresource \"azurerm_cosmosdb_account\" \"db\" {\n  name = var.name\n}\noutput \"primary_key\" {\n  \
                      value     = azurerm_cosmosdb_account.db.primary_key\n  sensitive = true\n}\noutput \"secondary_key\" {\n  value     = \
                      azurerm_cosmosdb_account.db.secondary_key\n  sensitive = true\n}\n";

fn folder(prod: &str) -> Folder {
    let dev = root("acme-dev", "primary", "secondary");
    let files = [
        ("app/main.tf", APP),
        ("cosmos/main.tf", COSMOS),
        ("dev/main.tf", dev.as_str()),
        ("prod/main.tf", prod),
    ];
    Folder::of(&files)
}

fn prod() -> String {
    root("acme-prod", "primary", "secondary")
}

#[test]
fn check_tells_a_consumer_for_each_account_and_the_trace_its_way() {
    let folder = folder(&prod());
    let ran = folder.run(&["check"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    let ran = folder.run(&["check", "--output", "json"]);
    let json = ran.json();
    let references = json["references"].as_array().unwrap();
    let consumers: Vec<_> = references.iter().filter(|it| it["role"] == "consumer").collect();
    assert_eq!(consumers.len(), 2, "{}", ran.stdout);
    for (consumer, account) in consumers.iter().zip(["acme-dev", "acme-prod"]) {
        assert_eq!(
            [&consumer["account"], &consumer["slot"], &consumer["other"]],
            [account, "primary", "secondary"]
        );
        assert_eq!(consumer["file"], "app/main.tf");
    }
    let ran = folder.run(&["check", "--trace"]);
    let (dev, prod) = ran.stdout.split_once("\nacme-prod").unwrap();
    for (trace, call) in [(dev, "dev:module.app"), (prod, "prod:module.app")] {
        let reader =
            format!("primary  in resource.azurerm_key_vault_secret.s.value  app/main.tf:5:15  of {call}\n");
        let (_, way) = trace.split_once(&reader).unwrap_or_else(|| panic!("{trace}"));
        assert!(way.lines().next().unwrap().contains("Key Vault secret cosmos"), "{trace}");
    }
    let ran = folder.run(&["check", "--output", "mermaid"]);
    assert!(ran.stdout.contains("acme-dev") && ran.stdout.contains("acme-prod"), "{}", ran.stdout);
}

#[test]
fn a_flip_moves_all_accounts_that_were_named_or_says_which_are_missing() {
    let folder = folder(&prod());
    let ran = folder.run(&["flip", "--to", "secondary", "--account", "acme-dev", "--write"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    let why = "app/main.tf:5:15: `primary` is read for acme-prod too, handed in by prod:module.app";
    assert!(ran.stderr.contains(why), "{}", ran.stderr);
    assert!(ran.stderr.contains("--account 'acme-prod' beside the account moves both"), "{}", ran.stderr);
    assert!(ran.stderr.contains("an input that says the slot"), "{}", ran.stderr);
    assert_eq!(folder.get("app/main.tf"), APP.as_bytes());
    let both = ["flip", "--account", "acme-dev", "--account", "acme-prod", "--write", "--to"];
    let ran = folder.run(&[&both[..], &["secondary"]].concat());
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(folder.get("app/main.tf"), APP.replace("var.primary", "var.secondary").as_bytes());
    let ran = folder.run(&["check", "--output", "json"]);
    let json = ran.json();
    let slots: Vec<_> =
        json["accounts"].as_array().unwrap().iter().map(|it| &it["by_access"]["read_write"]).collect();
    assert_eq!(slots, ["secondary", "secondary"], "{}", ran.stdout);
    let ran = folder.run(&[&both[..], &["primary"]].concat());
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(folder.get("app/main.tf"), APP.as_bytes());
}

#[test]
fn a_caller_that_fills_the_pair_otherwise_is_named() {
    for (primary, secondary) in [("secondary", "primary"), ("primary", "primary")] {
        let folder = folder(&root("acme-prod", primary, secondary));
        let ran = folder.run(&["flip", "--to", "secondary", "--account", "all"]);
        assert_eq!(ran.code, 1, "{}", ran.stderr);
        assert!(ran.stderr.contains("not for prod:module.app"), "{}", ran.stderr);
        assert!(ran.stderr.contains("hand both slots in by each call"), "{}", ran.stderr);
    }
}
