//! What a whole `keyslot propose` asks of GitHub and of the pipeline, counted where it arrives.

use std::fs;

use keyslot::sim::WorldConfig;
use keyslot::sim::wire::{azure_devops, github};
use serde_json::Value;
use tempfile::TempDir;

use crate::follow::{run, with_workflow};
use crate::live::Live;
use crate::sandbox::Sandbox;

/// Everything that a proposal asks of GitHub, in the order of time, “not modified” included. What the base branch demands
/// and what was reported about the head are looked at once; “/labels” goes with the one that says how it stands; what the
/// pull request looks like is in GitHub's answers to what is done to it.
const WHOLE: [&str; 12] = [
    "GET /repos/afmc/platform/pulls?",
    "POST /repos/afmc/platform/pulls ",
    "GET /repos/afmc/platform/rules/branches/main",
    "GET /repos/afmc/platform/branches/main",
    "GET /repos/afmc/platform/commits/HEAD/check-runs",
    "GET /repos/afmc/platform/commits/HEAD/status",
    "POST /repos/afmc/platform/issues/1/labels",
    "POST /repos/afmc/platform/pulls/1/requested_reviewers",
    "POST /repos/afmc/platform/issues/1/assignees",
    "POST /graphql",
    "POST /repos/afmc/platform/issues/1/comments",
    "POST /repos/afmc/platform/statuses/HEAD",
];

#[test]
fn a_proposal_with_everything_takes_twelve_requests_in_all() {
    let folder = TempDir::new().unwrap();
    let transcript = folder.path().join("asked.jsonl");
    // What is remembered for half a minute must not be forgotten on a slow machine.
    let sandbox = Sandbox::telling(&folder.path().join("world"), &transcript, "2");
    let file = folder.path().join("world/keyslot.toml");
    let plain = fs::read_to_string(&file).unwrap();
    let dressed = [("labels", "hotfix"), ("reviewers", "ada"), ("teams", "sre"), ("assignees", "ada")]
        .iter()
        .fold(plain, |text, (what, who)| {
            text.replace(&format!("\n{what} = []"), &format!("\n{what} = [\"{who}\"]"))
        });
    assert!(dressed.contains("reviewers = [\"ada\"]"));
    fs::write(&file, dressed).unwrap();
    let said =
        sandbox.run(env!("CARGO_BIN_EXE_keyslot"), &["propose", "--retire", "primary", "--auto-merge"]);
    assert!(said.contains("0 of 1 reviews, asked of ada, afmc/sre"), "{said}");
    let lines = fs::read_to_string(&transcript).unwrap();
    let asked: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told_at = |host: &str| -> Vec<String> {
        let there = asked.iter().filter(|asked| asked["host"] == host);
        let told = there.map(|asked| {
            let word = |name: &str| asked[name].as_str().unwrap().to_owned();
            without_commits(&format!("{} {} {}", word("method"), word("path"), asked["status"]))
        });
        told.collect()
    };
    let (told, pipeline) = (told_at(github::HOST), told_at(azure_devops::HOST));
    // Which one it is, and what would start it; whether it runs, is a look.
    let (pipeline, runs): (Vec<_>, Vec<_>) =
        pipeline.into_iter().partition(|told| !told.contains("/build/builds"));
    assert!(
        pipeline.len() == 2 && pipeline.iter().all(|told| told.contains("/build/definitions")),
        "{pipeline:#?}"
    );
    let looks = told.iter().filter(|told| told.starts_with("GET ") && !told.contains("/pulls?")).count();
    assert!(told.len() + pipeline.len() - looks <= 12, "besides looks, {} of runs", runs.len());
    let as_told = |(told, expected): (&String, &&str)| told.starts_with(expected);
    assert!(told.len() == WHOLE.len() && told.iter().zip(&WHOLE).all(as_told), "{told:#?}");
}

/// Which branch is the default one matters to few workflows.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_workflow_in_place_of_the_pipeline_asks_nothing_more_of_github() {
    let live = Live::set(WorldConfig::default().with_stamps(1).with_workflow(), 4.0);
    with_workflow(&live);
    let (code, out, talk) = run(&live, &["propose"]).await;
    assert_eq!(code, 0, "{out}\n{talk}");
    let asked = live.stage.simulation.wire.transcript().entries();
    let asked = asked.iter().filter(|asked| asked.host == github::HOST);
    let asked: Vec<String> = asked.map(|asked| format!("{} {}", asked.method, asked.path)).collect();
    assert!(asked.iter().any(|told| told == "POST /repos/afmc/platform/pulls"), "{asked:#?}");
    assert!(!asked.iter().any(|told| told == "GET /repos/afmc/platform"), "{asked:#?}");
}

/// The ids of commits as `HEAD`: a proposal has one.
fn without_commits(told: &str) -> String {
    let is_id = |part: &&str| part.len() == 40 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    let id = told.split(['/', ' ']).find(is_id);
    id.map_or_else(|| told.to_owned(), |id| told.replace(id, "HEAD"))
}
