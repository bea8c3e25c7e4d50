//! What a whole `keyslot propose` asks of GitHub, counted where it arrives.

use std::fs;

use serde_json::Value;
use tempfile::TempDir;

use crate::sandbox::Sandbox;

/// What is asked again with every look while a pull request waits: itself, and what may hold it. What has not changed
/// since the look before is answered with 304, and counts for nothing at GitHub.
const LOOK: [&str; 6] =
    ["/pulls/1 ", "/pulls/1/reviews", "/rules/branches/", "/platform/branches/", "/check-runs", "/status?"];

/// What is asked once for a proposal, in the order of time; “/labels” with the one that says how it stands.
const ONCE: [&str; 8] = [
    "GET /repos/afmc/platform/pulls?",
    "POST /repos/afmc/platform/pulls ",
    "POST /repos/afmc/platform/issues/1/labels",
    "POST /repos/afmc/platform/pulls/1/requested_reviewers",
    "POST /repos/afmc/platform/issues/1/assignees",
    "POST /graphql",
    "POST /repos/afmc/platform/issues/1/comments",
    "POST /repos/afmc/platform/statuses/",
];

#[test]
fn a_proposal_with_everything_takes_eight_requests_besides_its_looks_and_each_of_them_once() {
    let folder = TempDir::new().unwrap();
    let transcript = folder.path().join("asked.jsonl");
    // What is remembered for half a minute must not be forgotten on a slow machine.
    let sandbox = Sandbox::telling(&folder.path().join("world"), &transcript, "4");
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
    let told: Vec<String> = fs::read_to_string(&transcript)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .filter(|asked: &Value| asked["host"] == "api.github.com" && asked["status"] != 304)
        .map(|asked: Value| {
            let word = |name: &str| asked[name].as_str().unwrap().to_owned();
            format!("{} {} {}", word("method"), word("path"), asked["status"])
        })
        .collect();
    let is_look = |told: &&String| told.starts_with("GET") && LOOK.iter().any(|path| told.contains(path));
    let (looks, once): (Vec<&String>, Vec<&String>) = told.iter().partition(is_look);
    assert_eq!(once.len(), ONCE.len(), "{once:#?}");
    let as_told = |(told, expected): (&&String, &&str)| told.starts_with(expected);
    assert!(once.iter().zip(&ONCE).all(as_told), "{once:#?}");
    // One look at everything; the pull request itself changes with what is asked for it, and is read once more.
    let count = |path: &str| looks.iter().filter(|told| told.contains(path)).count();
    assert_eq!(LOOK.map(count), [2, 1, 1, 1, 1, 1], "{looks:#?}");
    // With what the base branch demands, which changes once in a blue moon, as part of the proposal.
    assert!(once.len() + count("/rules/branches/") + count("/platform/branches/") <= 12, "{told:#?}");
    assert_eq!(told.len(), 15, "{told:#?}");
}
