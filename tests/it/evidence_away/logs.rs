//! What tells of use and of other hands: logs, metrics, the vaults' audit, deployments. And what may be missing: it is told,
//! and holds nothing, for others carry the weight.

use std::time::Duration;

use keyslot::sim::World;
use keyslot::sim::config::LogsConfig;

use super::*;
use crate::follow::with_workflow;

/// Time in which the rows of this world come.
const DELAY: Duration = Duration::from_secs(5);
const MINUTE: Duration = Duration::from_secs(60);

const CASES: [Case; 9] = [
    Case {
        name: "the logs may not be read",
        away: |live| forbidden(live, Operation::ReadLogs),
        told: ["not-refused", "account", "blind", "Log Analytics Reader"],
    },
    Case {
        name: "the logs do not answer",
        away: |live| silent(live, Operation::ReadLogs),
        told: ["not-refused", "account", "blind", "no answer"],
    },
    Case {
        name: "the workspace is gone",
        away: another_workspace,
        told: ["not-refused", "account", "blind", "check `workspace` under [environment.NAME.logs]"],
    },
    Case {
        name: "no row comes to the workspace any more",
        away: |live| stalled(live, Trouble::LogsStall),
        told: ["key-quiet", "primary", "logs-behind", ""],
    },
    Case {
        name: "the metrics do not answer",
        away: |live| silent(live, Operation::ReadMetrics),
        told: ["not-refused", "account", "blind", ""],
    },
    Case {
        name: "something else answers for the workspace",
        away: |live| answer(live, "/v1/workspaces/", 404),
        told: ["not-refused", "account", "blind", ""],
    },
    Case {
        name: "who read the secret may not be asked",
        away: |live| forbidden(live, Operation::ReadAudit),
        told: ["readers", "account", "blind", ""],
    },
    Case {
        name: "nobody answers who read the secret",
        away: |live| silent(live, Operation::ReadAudit),
        told: ["readers", "account", "blind", ""],
    },
    Case {
        name: "nobody answers what is deployed",
        away: |live| silent(live, Operation::ReadDeployments),
        told: ["no-hazard", "", "blind", ""],
    },
];

/// Where nobody keeps logs.
const METRICS: [Case; 1] = [Case {
    name: "the metrics tell of no request any more",
    away: |live| stalled(live, Trouble::MetricsStall),
    told: ["not-refused", "", "metrics-silent", ""],
}];

fn world(logs: Option<LogsConfig>) -> World {
    let mut config = Scene { stamps: 2, seed: 3 }.config();
    config.logs = logs;
    config.pipeline.environment = Some("prod".to_owned());
    Scene::of(config.with_workflow())
}

/// With logs, metrics and deployments that are looked at.
fn scene(logs: Option<LogsConfig>) -> Live {
    let live = Live::of(world(logs), 120.0);
    set_policy(&live);
    with_workflow(&live);
    let path = live.stage.settings_path();
    let mut settings: toml::Table = std::fs::read_to_string(&path).unwrap().parse().unwrap();
    let environment = settings["environment"]["prod"].as_table_mut().unwrap();
    let policy = environment["policy"].as_table_mut().unwrap();
    for (name, span) in [("metrics_lag", "5m"), ("quiet_window", "1m"), ("log_lag", "6m")] {
        policy.insert(name.to_owned(), span.into());
    }
    policy["ages"].as_table_mut().unwrap().insert("regenerate".to_owned(), "15m".into());
    let environments = toml::Value::Array(vec!["prod".into()]);
    environment["release"]["pipeline"]
        .as_table_mut()
        .unwrap()
        .insert("environments".to_owned(), environments);
    std::fs::write(path, toml::to_string(&settings).unwrap()).unwrap();
    live
}

/// So much of the world's time: metrics of pods that are young are late, and not silent.
async fn pass(live: &Live, by: Duration) {
    let now = || live.stage.simulation.world.with(|world| world.now());
    let until = now() + by;
    while now() < until {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Nothing of the last half hour has come.
fn stalled(live: &Live, what: Trouble) -> Mend {
    let passed = live.stage.simulation.world.with(|world| world.now().duration_since(world.config().start));
    let from = Duration::try_from(passed).unwrap().saturating_sub(MINUTE * 30);
    befall(live, &[Fault::new(When::from(from), Target::any(), what)])
}

/// The configuration names a workspace that is not there.
fn another_workspace(live: &Live) -> Mend {
    let path = live.stage.settings_path();
    let whole = std::fs::read_to_string(&path).unwrap();
    let known = LogsConfig::default().workspace;
    let changed = whole.replace(&known, &known.replace('4', "5"));
    assert_ne!(changed, whole);
    std::fs::write(&path, changed).unwrap();
    Box::new(move |_| std::fs::write(path, whole).unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn logs_metrics_audit_and_deployments_that_are_missing_hold_until_they_are_back() {
    let live = scene(Some(LogsConfig { delay: DELAY, ..LogsConfig::default() }));
    only_unapproved(&live).await;
    pass(&live, MINUTE * 20).await;
    each(&live, &CASES);
    let mut process = live.keyslot(&["advance", "--approve"]);
    process.end().await;
    assert_eq!(regenerated(&live), 1, "it goes on: {}", process.talk());
}

/// Without logs, too: nothing but the pods and the vaults tells that the old key is unused.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_may_see_and_nothing_rests_on_alone_is_told_and_holds_nothing() {
    let live = scene(None);
    only_unapproved(&live).await;
    pass(&live, MINUTE * 20).await;
    each(&live, &METRICS);
    let away = |operation| Fault::new(When::Always, Target::operation(operation), Trouble::Forbidden);
    let operations = [Operation::ReadMetrics, Operation::ReadDeployments, Operation::ReadActivity];
    let mend = befall(&live, &operations.map(away));
    let terms = answer(&live, "/roleAssignmentScheduleInstances", 403);
    let holds = told(&live);
    assert!(holds.iter().all(|hold| hold[0] == "approved"), "{holds:?}");
    let explained = ran(&live, &["explain"], &[]).data;
    for words in
        ["its metrics do not tell", "whether something else deploys to the environment is not to be seen"]
    {
        assert!(explained.contains(words), "{words}: {explained}");
    }
    let mut process = live.keyslot(&["advance", "--approve"]);
    process.end().await;
    assert_eq!(regenerated(&live), 1, "{}", process.talk());
    mend(&live);
    terms(&live);
}
