//! `propose`, `promote` and `follow` from the command line, with the world's pipeline as a workflow of GitHub Actions: what
//! is said on the way, and what is in the world at the end.

use std::time::Duration;

use keyslot::model::RunId;
use keyslot::sim::{Command, Holds, WorldConfig};

use crate::live::Live;
use crate::runs::infrastructure;

const SPEED: f64 = 600.0;

/// The laid-out configuration, with a workflow in place of the Azure DevOps pipeline.
pub fn with_workflow(live: &Live) {
    let path = live.stage.folder.join("keyslot.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let changed = text
        .replace("kind = \"azure-devops\"", "kind = \"github-actions\"\nskip_input = \"skip\"")
        .replace("pipeline = \"release\"", "pipeline = \"release.yml\"")
        .replace("tokens/azure-devops", "tokens/github");
    assert!(changed.contains("github-actions") && changed.contains("release.yml"), "{text}");
    std::fs::write(path, changed).unwrap();
}

pub async fn run(live: &Live, arguments: &[&str]) -> (i32, String, String) {
    let mut process = live.keyslot(arguments);
    (process.end().await, process.data(), process.talk())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_workflow_is_dispatched_once_and_followed_to_the_vaults() {
    let mut config = WorldConfig::default().with_stamps(1).with_workflow();
    infrastructure(&mut config).approved_after = Some(Duration::from_secs(15 * 60));
    let live = Live::set(config, SPEED);
    with_workflow(&live);
    let next =
        ["`keyslot promote`, or `keyslot rotate`, goes on", "`keyslot follow`, or `keyslot rotate`, goes on"];
    for (command, next) in [["propose", "--wait"], ["promote", "--wait"]].into_iter().zip(next) {
        let (code, out, talk) = run(&live, &command).await;
        assert_eq!(code, 0, "{command:?}: {out}\n{talk}");
        assert!(talk.contains(next) && !talk.contains("when it is merged"), "{talk}");
    }
    let (code, _, talk) = run(&live, &["propose"]).await;
    assert!(code == 0 && talk.contains(next[1]), "it is promoted: {talk}");
    let (code, out, talk) = run(&live, &["follow", "--output", "json"]).await;
    assert_eq!(code, 0, "{out}\n{talk}");
    for words in [
        "deploy-infrastructure: waits for approval",
        "Release managers",
        "deploy-infrastructure: runs",
        "/actions/runs/",
    ] {
        assert!(talk.contains(words), "{words}: {talk}");
    }
    let document: serde_json::Value = serde_json::from_str(&out).unwrap();
    let stages = document["run"]["stages"].as_array().unwrap();
    let stage = |name: &str| stages.iter().find(|stage| stage["name"] == name).unwrap();
    assert_eq!(stage("deploy-infrastructure")["effects"], serde_json::json!(["writes-vaults"]));
    assert_eq!(stage("deploy-infrastructure")["state"], "succeeded", "{document}");
    assert_ne!(stage("switch-traffic")["state"], "succeeded", "{document}");
    live.stage.simulation.world.with(|world| {
        assert_eq!(world.counters().runs_started, 1);
        let writes =
            world.runs()[0].stages.iter().find(|stage| stage.name == "deploy-infrastructure").unwrap();
        assert!(writes.state.succeeded(), "followed to its end: {writes:?}");
        assert!(world.outcome().stamps.iter().all(|stamp| stamp.vault_slot == Holds::Secondary));
        assert!(
            world.outcome().stamps.iter().all(|stamp| !stamp.restarted),
            "nothing but the vaults was touched"
        );
    });
    // Again: nothing is left to do, and nothing is started.
    let (code, out, talk) = run(&live, &["follow"]).await;
    assert_eq!(code, 0, "{talk}");
    assert!(out.contains("proposal  #1"), "{out}");
    assert_eq!(live.stage.simulation.world.with(|world| world.counters().runs_started), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stage_that_fails_halts_with_its_last_lines_and_no_key_and_a_retry_goes_on_from_there() {
    let mut config = WorldConfig::default().with_stamps(1).with_workflow();
    infrastructure(&mut config).fails = 1;
    let live = Live::set(config, SPEED);
    for command in [["propose", "--wait"], ["promote", "--wait"]] {
        assert_eq!(run(&live, &command).await.0, 0);
    }
    let (code, out, talk) = run(&live, &["follow"]).await;
    assert_eq!(code, 4, "{out}\n{talk}");
    for words in
        ["deploy-infrastructure failed", "409 Conflict", "AccountKey=***", "buildId=", "retry the stage"]
    {
        assert!(talk.contains(words) || out.contains(words), "{words}: {out}\n{talk}");
    }
    let keys: Vec<String> = live
        .stage
        .simulation
        .world
        .with(|world| world.all_secrets_ever().iter().map(|key| key.expose().to_owned()).collect());
    assert!(
        keys.iter().all(|key| !talk.contains(key.as_str()) && !out.contains(key.as_str())),
        "a key was shown"
    );
    // Without a person it stays so, and no second run is started.
    assert_eq!(run(&live, &["follow"]).await.0, 4);
    let id: RunId = live.stage.simulation.world.with(|world| {
        let id = world.runs()[0].id();
        world.apply(Command::RetryRun { run: id.clone() }).unwrap();
        id
    });
    let (code, out, talk) = run(&live, &["follow"]).await;
    assert_eq!(code, 0, "{out}\n{talk}");
    assert!(out.contains("(attempt 2)") || talk.contains("(attempt 2)"), "{out}\n{talk}");
    live.stage.simulation.world.with(|world| {
        assert_eq!((world.counters().runs_started, world.runs()[0].id()), (1, id));
        assert!(world.outcome().stamps.iter().all(|stamp| stamp.vault_slot == Holds::Secondary));
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pipeline_that_is_not_there_halts_by_name_and_the_right_one_is_followed() {
    let live = Live::set(WorldConfig::default().with_stamps(1).with_workflow(), SPEED);
    for command in [["propose", "--wait"], ["promote", "--wait"]] {
        let (code, out, talk) = run(&live, &command).await;
        assert_eq!(code, 0, "{command:?}: {out}\n{talk}");
    }
    live.configure("pipeline = \"release\"", "pipeline = 99");
    let (code, out, talk) = run(&live, &["follow"]).await;
    assert_eq!(code, 4, "{out}\n{talk}");
    assert!(
        talk.contains("pipeline 99") && talk.contains("check organization, project and pipeline"),
        "{talk}"
    );
    assert_eq!(live.stage.simulation.world.with(|world| world.counters().runs_started), 0);
    live.configure("pipeline = 99", "pipeline = \"release\"");
    let (code, out, talk) = run(&live, &["follow"]).await;
    assert_eq!(code, 0, "{out}\n{talk}");
    assert_eq!(live.stage.simulation.world.with(|world| world.counters().runs_started), 1);
}
