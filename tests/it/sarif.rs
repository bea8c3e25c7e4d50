//! `--output sarif`, held against the official schema.
//!
//! `serde-sarif` ships it among its sources. Cargo writes beside this test's program where the sources of every
//! dependency lie, so the file is found wherever cargo keeps them.

use std::fs;
use std::path::{Path, PathBuf};

use jsonschema::{Draft, Validator};
use serde_json::{Value, json};

use crate::tool::Folder;

fn official() -> Validator {
    let text = fs::read(schema_file()).unwrap();
    let mut schema: Value = serde_json::from_slice(&text).unwrap();
    assert_eq!(schema["title"], "Static Analysis Results Format (SARIF) Version 2.1.0 JSON Schema");
    // A pattern with a bracket that nothing opens, which no strict reader takes. We write no `language`.
    for definition in ["run", "toolComponent"] {
        let language = format!("/definitions/{definition}/properties/language");
        let language = schema.pointer_mut(&language).unwrap().as_object_mut().unwrap();
        assert!(language.remove("pattern").is_some());
    }
    jsonschema::options().with_draft(Draft::Draft7).should_validate_formats(true).build(&schema).unwrap()
}

/// `target/debug/deps/serde_sarif-HASH.d` lists the sources that the crate was built of.
fn schema_file() -> PathBuf {
    let program = std::env::current_exe().unwrap();
    let beside = program.parent().unwrap();
    let lists = fs::read_dir(beside).unwrap().map(|entry| entry.unwrap().path()).filter(|path| {
        let name = path.file_name().unwrap().to_string_lossy();
        name.starts_with("serde_sarif-") && name.ends_with(".d")
    });
    let found = lists.filter_map(|list| schema_beside(&fs::read_to_string(list).unwrap())).next();
    found.unwrap_or_else(|| panic!("{} tells nothing of serde-sarif", beside.display()))
}

fn schema_beside(list: &str) -> Option<PathBuf> {
    let line = list.lines().find(|line| line.contains("lib.rs"))?;
    // Spaces within a path are written with a backslash before them.
    let (_, sources) = line.split_once(": ")?;
    let sources = sources.replace("\\ ", "\0");
    let root = sources.split(' ').find(|source| source.ends_with("lib.rs"))?.replace('\0', " ");
    Some(Path::new(&root).with_file_name("schema.json")).filter(|schema| schema.exists())
}

fn errors(document: &Value) -> Vec<String> {
    official().iter_errors(document).map(|error| format!("{error} at {}", error.instance_path())).collect()
}

fn sample() -> Folder {
    Folder::of(&[
        (
            "infra/a b.tf",
            "locals {\n  é = azurerm_cosmosdb_account.x.primary_key\n  b = azurerm_cosmosdb_account.x.secondary_key\n  \
             # keyslot:ignore opaque-read because the module takes it whole\n  c = [azurerm_cosmosdb_account.y]\n  \
             d = azurerm_cosmosdb_account.x.primary_master_key\n}\n",
        ),
        ("infra/broken.tf", "locals {\n"),
        ("infra/c.tf.json", "{\"locals\": {\"a\": [\"${azurerm_cosmosdb_account.z}\"]}}"),
    ])
}

#[test]
fn what_is_written_is_valid_and_says_what_was_found() {
    let folder = sample();
    folder.run(&[
        "check",
        "infra/c.tf.json",
        "--write-baseline",
        "known.json",
        "--because",
        "JSON has no comments",
    ]);
    let ran = folder.run(&["check", "--output", "sarif", "--baseline", "known.json"]);
    assert_eq!(ran.code, 1);
    let log = ran.json();
    assert_eq!(errors(&log), [""; 0]);

    let driver = &log["runs"][0]["tool"]["driver"];
    assert_eq!(
        (&driver["name"], &driver["semanticVersion"]),
        (&json!("keyslot"), &json!(env!("CARGO_PKG_VERSION")))
    );
    let results = log["runs"][0]["results"].as_array().unwrap();
    let told: Vec<(&str, &str)> = results
        .iter()
        .map(|result| (result["ruleId"].as_str().unwrap(), result["level"].as_str().unwrap()))
        .collect();
    assert_eq!(
        told,
        [
            ("mixed-slots", "error"),
            ("opaque-read", "error"),
            ("deprecated-attribute", "warning"),
            ("parse-error", "error"),
            ("opaque-read", "error"),
        ]
    );
    for result in results {
        let rule = &driver["rules"][usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
        assert_eq!(rule["id"], result["ruleId"]);
    }
    let place = &results[0]["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"], json!({"uri": "infra/a%20b.tf", "uriBaseId": "%SRCROOT%"}));
    assert_eq!(place["region"], json!({"startLine": 3, "startColumn": 34, "endLine": 3, "endColumn": 47}));
    assert_eq!(results[0]["relatedLocations"][0]["physicalLocation"]["region"]["startLine"], 2);
    assert_eq!(results[0]["suppressions"], json!([]));
    assert_eq!(
        results[1]["suppressions"],
        json!([{"kind": "inSource", "status": "accepted", "justification": "the module takes it whole"}])
    );
    assert_eq!(results[4]["suppressions"][0]["kind"], "external");
}

#[test]
fn every_rule_comes_with_help() {
    let log = Folder::example().run(&["check", "--output", "sarif"]).json();
    assert_eq!(errors(&log), [""; 0]);
    let rules = log["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
    assert!(rules.len() > 5);
    for rule in rules {
        for text in ["/shortDescription/text", "/fullDescription/text", "/help/text", "/help/markdown"] {
            assert!(!rule.pointer(text).unwrap().as_str().unwrap().is_empty(), "{rule}");
        }
        assert!(rule["properties"]["tags"].as_array().unwrap().len() <= 10);
    }
    assert_eq!(log["runs"][0]["results"], json!([]));
}

#[test]
fn fingerprints_stay_when_lines_move() {
    let folder = sample();
    let prints = |folder: &Folder| -> Vec<Value> {
        let log = folder.run(&["check", "--output", "sarif"]).json();
        let results = log["runs"][0]["results"].as_array().unwrap().clone();
        results.iter().map(|result| result["partialFingerprints"]["keyslot/v1"].clone()).collect()
    };
    let before = prints(&folder);
    let text = folder.get("infra/a b.tf");
    folder.put("infra/a b.tf", &[b"# moved\n\n", text.as_slice()].concat());
    assert_eq!(prints(&folder), before);
    assert!(before.iter().all(|print| print.as_str().is_some_and(|hex| hex.len() == 32)));
}

#[test]
fn the_schema_refuses_what_is_wrong() {
    let mut log = sample().run(&["check", "--output", "sarif"]).json();
    log["runs"][0]["results"][0]["level"] = json!("fatal");
    log["runs"][0]["results"][1]["locations"][0]["physicalLocation"]["region"]["startLine"] = json!(0);
    log["runs"][0]["columnKind"] = json!("bytes");
    assert_eq!(errors(&log).len(), 3);
}
