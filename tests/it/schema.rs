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
    for name in ["age", "census", "check", "explain", "plan", "procedure", "rehearse", "status", "verify"] {
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
