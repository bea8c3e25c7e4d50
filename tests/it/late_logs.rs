//! A workspace that was connected a short time ago: what was before its first row is unknown, of use and of refusals, until it
//! is long enough ago; over the wire.

use std::time::Duration;

use jiff::Timestamp;
use keyslot::sim::config::LogsConfig;
use keyslot::sim::{Command, DeploymentPatch, World};
use serde_json::Value;

use crate::alone::ran;
use crate::fleet::scene::{NAMESPACE, Scene, WORKLOADS};
use crate::fleet::set_policy;
use crate::live::Live;

const MINUTE: Duration = Duration::from_secs(60);

/// Vaults are written at 0 minutes, somebody replaces all pods at 10, the workspace is connected at 15, and keyslot comes at 20.
fn world() -> World {
    let mut config = Scene { stamps: 2, seed: 4 }.config();
    let connected = Some(MINUTE * 15);
    config.logs = Some(LogsConfig { delay: Duration::from_secs(5), connected, ..LogsConfig::default() });
    let mut world = Scene::of(config);
    let stamps: Vec<_> = world.stamps().map(|stamp| stamp.name.clone()).collect();
    for stamp in stamps {
        for name in WORKLOADS {
            let patch =
                DeploymentPatch::annotate("kubectl.kubernetes.io/restartedAt", "2026-01-12T08:10:00Z");
            let workload = keyslot::model::WorkloadName::new(NAMESPACE, name);
            world.apply(Command::Patch { stamp: stamp.clone(), workload, patch }).unwrap();
        }
    }
    world.advance_to(world.now() + MINUTE * 10);
    world
}

fn scene(metrics: bool) -> Live {
    let live = Live::of(world(), 120.0);
    set_policy(&live);
    let path = live.stage.settings_path();
    let mut settings: toml::Table = std::fs::read_to_string(&path).unwrap().parse().unwrap();
    let policy = settings["environment"]["prod"]["policy"].as_table_mut().unwrap();
    let lag = if metrics { "5m" } else { "0s" };
    for (name, span) in
        [("metrics_lag", lag), ("quiet_window", "90m"), ("log_lag", "3m"), ("census_window", "0s")]
    {
        policy.insert(name.to_owned(), span.into());
    }
    policy["ages"].as_table_mut().unwrap().insert("regenerate".to_owned(), "15m".into());
    std::fs::write(path, toml::to_string(&settings).unwrap()).unwrap();
    live
}

/// Gate, subject and words of what holds because the logs begin late.
fn young(live: &Live) -> Vec<(String, String, String)> {
    let ran = ran(live, &["explain", "--output", "json"], &[]);
    let json: Value = serde_json::from_str(&ran.data).unwrap_or_else(|_| panic!("{} {}", ran.data, ran.talk));
    let holds = json["gates"].as_array().unwrap().iter().flat_map(|gate| gate["holds"].as_array().unwrap());
    let text = |one: &Value, key: &str| one[key].as_str().unwrap_or_default().to_owned();
    holds
        .filter(|one| one["kind"] == "logs-young")
        .map(|one| (text(one, "gate"), text(one, "subject"), text(one, "why")))
        .collect()
}

fn regenerated(live: &Live) -> Option<Timestamp> {
    live.stage.simulation.world.with(|world| world.outcome().regenerated.first().map(|one| one.at))
}

/// It begins, comes to what the logs hold, and is stopped there: what that is.
async fn begun(live: &Live) -> Vec<(String, String, String)> {
    let mut process = live.keyslot(&["rotate", "--retire", "primary"]);
    let mut told = Vec::new();
    while told.is_empty() {
        assert_eq!(process.ended(), None, "{}", process.talk());
        tokio::time::sleep(Duration::from_millis(100)).await;
        if !live.newest_record().is_empty() {
            told = young(live);
        }
    }
    process.signal("INT");
    process.end().await;
    told
}

/// A person accepts that who used the key is not known for so long, and approves.
fn accepted(live: &Live) {
    let why = ["--because", "nobody else has it", "--until", "2099-01-01T00:00:00Z"];
    let accepted = ran(live, &[&["advance", "--accept", "key-quiet:primary"][..], &why].concat(), &[]);
    assert_ne!(accepted.code, 2, "{}", accepted.talk);
    let approved = ran(live, &["advance", "--approve"], &[]);
    assert_ne!(approved.code, 2, "{}", approved.talk);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn before_the_first_row_nobody_knows_who_used_the_key_nor_who_was_refused_until_it_is_long_ago() {
    let live = scene(false);
    let start = live.stage.simulation.world.with(|world| world.config().start);
    let told = begun(&live).await;
    assert!(told.iter().any(|(gate, ..)| gate == "key-quiet"), "{told:?}");
    accepted(&live);
    assert_eq!(regenerated(&live), None, "whom the account refused is not accepted by that");
    let told = young(&live);
    let [(gate, subject, why)] = &told[..] else { panic!("{told:?}") };
    assert_eq!((gate.as_str(), subject.as_str()), ("not-refused", "northeurope"));
    assert!(why.contains("08:15:0") && why.contains("has refused since"), "{why}");
    let mut process = live.keyslot(&["rotate"]);
    let code = process.end().await;
    assert_eq!(code, 0, "{}", process.talk());
    let at = regenerated(&live).unwrap();
    assert!(at >= start + MINUTE * 105, "the quiet window, from the first row on: {at}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metrics_that_counted_from_before_know_whom_the_account_refused_and_not_who_used_the_key() {
    let live = scene(true);
    let told = begun(&live).await;
    assert!(told.iter().all(|(gate, ..)| gate == "key-quiet"), "{told:?}");
    assert!(told[0].2.contains("08:15:0") && told[0].1 == "primary", "{told:?}");
    let held = ran(&live, &["advance", "--approve"], &[]);
    assert!(held.code != 0 && regenerated(&live).is_none(), "{}", held.talk);
    accepted(&live);
    assert!(regenerated(&live).is_some(), "{:?}", young(&live));
}
