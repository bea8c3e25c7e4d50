//! `rehearse` as a user runs it: what keyslot and what the written runbook do to the same world.

use std::path::Path;

use keyslot::sim::{World, WorldConfig};
use serde_json::Value;
use tempfile::TempDir;

use crate::schema::schema_errors;
use crate::tool::with_programs;

/// Runs it in a folder of its own, at a speed that suits tests; returns the object on stdout.
fn rehearse(folder: &Path, arguments: &[&str]) -> Value {
    let output = with_programs(folder, &["rehearse", "--speed", "600", "--seed", "1", "--output", "json"])
        .args(arguments)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["version"], 1);
    assert_eq!(schema_errors("rehearse", &told), [""; 0]);
    assert_eq!(told["rotation"]["state"], "done", "{told:#}");
    // Whoever drives, it is this world.
    let world = World::new(WorldConfig::seeded(1).with_stamps(3));
    assert_eq!(told["world_digest"], world.digest());
    assert!(told["outage"]["served_after_regeneration"].as_u64() > Some(1_000), "{told:#}");
    assert_eq!(told["account"]["regenerated"].as_array().map(Vec::len), Some(1), "{told:#}");
    assert_eq!(told["account"]["regenerated"][0]["kind"], "primary");
    told
}

/// Method and path of every request that changed the world.
fn changes(transcript: &Path) -> Vec<String> {
    std::fs::read_to_string(transcript)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|entry| entry["changed"] == true)
        .map(|entry| format!("{} {}", entry["method"].as_str().unwrap(), entry["path"].as_str().unwrap()))
        .collect()
}

#[test]
fn keyslot_rotates_the_default_world_and_nothing_is_refused() {
    let folder = TempDir::new().unwrap();
    let told = rehearse(folder.path(), &["--transcript", "transcript.jsonl", "--report", "report.html"]);
    assert_eq!(told["outage"]["refused"], 0, "{told:#}");
    assert_eq!(told["outage"]["first_refused_at"], Value::Null);
    let stamps = told["stamps"].as_array().unwrap();
    assert_eq!(stamps.len(), 3);
    for stamp in stamps {
        assert_eq!(
            (&stamp["vault_slot"], &stamp["pods_slot"], &stamp["restarted"]),
            (&"secondary".into(), &"secondary".into(), &true.into())
        );
    }
    let changes = changes(&folder.path().join("transcript.jsonl"));
    let count = |method: &str, path: &str| {
        changes.iter().filter(|change| change.starts_with(method) && change.contains(path)).count()
    };
    assert_eq!(count("PATCH", "/deployments/"), 9, "{changes:#?}");
    assert_eq!(count("POST", "/regenerateKey"), 1, "{changes:#?}");
    assert!(std::fs::read_to_string(folder.path().join("report.html")).unwrap().contains("<html"));
}

#[test]
fn the_written_runbook_refuses_requests_in_the_same_world() {
    let folder = TempDir::new().unwrap();
    let told = rehearse(folder.path(), &["--runbook"]);
    assert!(told["outage"]["refused"].as_u64() > Some(0), "{told:#}");
}

#[test]
fn a_runbook_that_waits_until_old_pods_are_gone_refuses_nothing() {
    let folder = TempDir::new().unwrap();
    let told = rehearse(folder.path(), &["--runbook", "--patient"]);
    assert_eq!(told["outage"]["refused"], 0, "{told:#}");
}
