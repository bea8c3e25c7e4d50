//! `keyslot schema`: the schemas stay as they are, and what is written is what they say.

use std::path::Path;

use jsonschema::Draft;
use serde_json::{Value, json};
use snapbox::{Data, assert_data_eq};

use crate::tool::{Folder, keyslot};

/// What is wrong with a document by the schema of a command.
pub fn schema_errors(name: &str, document: &Value) -> Vec<String> {
    let schema = keyslot(Path::new("."), &["schema", name]).json();
    let validator = jsonschema::options().with_draft(Draft::Draft202012).build(&schema).unwrap();
    validator.iter_errors(document).map(|error| format!("{error} at {}", error.instance_path())).collect()
}

#[test]
fn schemas_are_those_that_were_published() {
    for name in [
        "age",
        "census",
        "check",
        "explain",
        "flip",
        "plan",
        "preflight",
        "procedure",
        "rehearse",
        "status",
        "verify",
    ] {
        let ran = keyslot(Path::new("."), &["schema", name]);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
        let published = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("fixtures/schemas/{name}-1.json"));
        // Fields may be added, and nothing else: whatever reads version 1 today reads it tomorrow.
        assert_data_eq!(ran.stdout, Data::read_from(&published, None).raw());
    }
    let unknown = keyslot(Path::new("."), &["schema", "chek"]);
    assert_eq!(unknown.code, 2);
    assert!(unknown.stderr.contains("check"), "{}", unknown.stderr);
}

#[test]
fn what_check_writes_is_what_its_schema_says() {
    let folder = Folder::of(&[(
        "a.tf",
        "locals {\n  a = azurerm_cosmosdb_account.x.primary_master_key\n  b = azurerm_cosmosdb_account.x.secondary_key\n  \
         c = [azurerm_cosmosdb_account.y] # keyslot:ignore opaque-read because it is mine\n}\n",
    )]);
    let report = folder.run(&["check", "--output", "json"]).json();
    assert_eq!(schema_errors("check", &report), [""; 0]);
    for list in ["accounts", "references", "findings", "silenced"] {
        assert!(!report[list].as_array().unwrap().is_empty(), "{list} is tried");
    }
    let fixes = report["findings"].as_array().unwrap().iter().filter(|finding| !finding["fix"].is_null());
    assert_eq!(fixes.count(), 1);

    let mut wrong = report;
    wrong["findings"][0]["severity"] = json!("fatal");
    wrong["accounts"][0].as_object_mut().unwrap().remove("by_access");
    assert_eq!(schema_errors("check", &wrong).len(), 2);
}

#[test]
fn what_flip_writes_is_what_its_schema_says() {
    let folder = Folder::of(&[(
        "a.tf",
        "variable \"slot\" {\n  default = \"primary\"\n}\nlocals {\n  a = azurerm_cosmosdb_account.x.primary_key\n  \
         b = var.slot == \"primary\" ? azurerm_cosmosdb_account.x.primary_key : azurerm_cosmosdb_account.x.secondary_key\n  \
         c = module.x.cosmos_primary_key\n}\nmodule \"x\" {\n  source = \"git::https://a.invalid/x\"\n}\n",
    )]);
    let all = ["flip", "--to", "secondary", "--account", "all", "--output", "json"];
    let planned = folder.run(&all);
    assert_eq!(planned.code, 0, "{}", planned.stderr);
    let planned = planned.json();
    assert_eq!(schema_errors("flip", &planned), [""; 0]);
    assert_eq!(
        (&planned["outcome"], planned["accounts"].as_array().map(Vec::len)),
        (&json!("planned"), Some(2))
    );
    let told = |edit: &Value| {
        (
            edit["line"].clone(),
            edit["column"].clone(),
            edit["old"].clone(),
            edit["new"].clone(),
            edit["assumed"].clone(),
        )
    };
    assert_eq!(
        planned["edits"].as_array().unwrap().iter().map(told).collect::<Vec<_>>(),
        [
            (json!(2), json!(14), json!("primary"), json!("secondary"), json!(false)),
            (json!(5), json!(34), json!("primary_key"), json!("secondary_key"), json!(false)),
            (json!(7), json!(16), json!("cosmos_primary_key"), json!("cosmos_secondary_key"), json!(true)),
        ]
    );

    let written = folder.run(&[&all[..], &["--write"]].concat()).json();
    assert_eq!((&written["outcome"], &written["edits"]), (&json!("written"), &planned["edits"]));
    let settled = folder.run(&all).json();
    assert_eq!((&settled["outcome"], &settled["edits"]), (&json!("nothing"), &json!([])));
    assert_eq!(settled["accounts"][0]["settled"], json!(true));
}

#[test]
fn what_flip_refuses_is_said_with_its_places() {
    let folder = Folder::of(&[(
        "a.tf",
        "locals {\n  a = azurerm_cosmosdb_account.x.primary_key\n  b = [azurerm_cosmosdb_account.x]\n}\n",
    )]);
    let ran = folder.run(&["flip", "--to", "secondary", "--output", "json"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    let refused: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(schema_errors("flip", &refused), [""; 0]);
    assert_eq!((&refused["outcome"], &refused["edits"]), (&json!("refused"), &json!([])));
    let refusal = &refused["refusals"][0];
    assert_eq!((&refusal["reason"], &refusal["file"]), (&json!("opaque"), &json!("a.tf")));
    assert_eq!((&refusal["line"], &refusal["column"]), (&json!(3), &json!(8)));
    assert!(refusal["message"].as_str().unwrap().contains("handed on whole"), "{refusal}");
    assert!(!refusal["remedies"].as_array().unwrap().is_empty());

    let none = folder.run(&["flip", "--to", "secondary", "--output", "json", "--account", "nowhere"]);
    assert_eq!(none.code, 2);
    let none: Value = serde_json::from_str(&none.stdout).unwrap();
    assert_eq!(
        (&none["refusals"][0]["reason"], &none["refusals"][0]["file"]),
        (&json!("unknown_account"), &json!(null))
    );
}
