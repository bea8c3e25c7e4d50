//! What a whole `keyslot propose` asks of GitHub, counted where it arrives.

use std::fs;

use serde_json::Value;
use tempfile::TempDir;

use crate::sandbox::Sandbox;

/// What is asked again and again while a pull request waits: what holds it.
const POLLED: [&str; 5] = ["/reviews", "/rules/", "/branches/", "/check-runs", "/status?"];

#[test]
fn a_proposal_with_everything_takes_twelve_requests_at_most_besides_what_it_waits_for() {
    let folder = TempDir::new().unwrap();
    let transcript = folder.path().join("asked.jsonl");
    let sandbox = Sandbox::telling(&folder.path().join("world"), &transcript);
    let file = folder.path().join("world/keyslot.toml");
    let plain = fs::read_to_string(&file).unwrap();
    let dressed = [("labels", "hotfix"), ("reviewers", "ada"), ("teams", "sre"), ("assignees", "ada")]
        .iter()
        .fold(plain, |text, (what, who)| {
            text.replace(&format!("\n{what} = []"), &format!("\n{what} = [\"{who}\"]"))
        });
    assert!(dressed.contains("reviewers = [\"ada\"]"));
    fs::write(&file, dressed).unwrap();
    sandbox.run(env!("CARGO_BIN_EXE_keyslot"), &["propose", "--retire", "primary", "--auto-merge"]);
    let asked: Vec<Value> = fs::read_to_string(&transcript)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        // What has not changed costs nothing of the limit.
        .filter(|asked: &Value| asked["host"] == "api.github.com" && asked["status"] != 304)
        .collect();
    let told: Vec<String> = asked
        .iter()
        .map(|asked| {
            let word = |name: &str| asked[name].as_str().unwrap().to_owned();
            format!("{} {} {}", word("method"), word("path"), asked["status"])
        })
        .collect();
    let polled = |told: &&String| told.starts_with("GET") && POLLED.iter().any(|path| told.contains(path));
    let (_, rest): (Vec<&String>, Vec<&String>) = told.iter().partition(polled);
    assert!(rest.iter().any(|told| told.starts_with("POST") && told.contains("/pulls 201")), "{told:#?}");
    let graphql = |told: &&String| told.starts_with("POST /graphql");
    assert!(told.iter().any(|told| graphql(&told)), "it is asked to merge: {told:#?}");
    for written in ["/labels", "/requested_reviewers", "/assignees", "/comments 201", "/statuses/"] {
        assert!(told.iter().any(|told| told.starts_with("POST") && told.contains(written)), "{told:#?}");
    }
    assert!(rest.len() <= 12, "{} of {}: {told:#?}", rest.len(), told.len());
    // With the first look at everything that it waits for.
    assert!(told.len() <= 16, "{}: {told:#?}", told.len());
}
