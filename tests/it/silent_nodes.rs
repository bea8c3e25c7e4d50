//! Nodes that do not answer, named as soon as the cluster knows it: the rules, the adapter against a script, both faces.

use std::time::Duration;

use jiff::Timestamp;
use keyslot::ports::Clusters as _;
use keyslot::rotation::Verdict;
use keyslot::sim::WorldConfig;
use keyslot::sim::fault::{Fault, Target, Trouble, When};
use serde_json::{Value, json};

use crate::kubernetes_adapter::{self, Say, Setup, cluster, list, pod, setup, status};
use crate::kubernetes_face;
use crate::stage::{Stage, at, holding};

#[test]
fn an_old_pod_on_a_node_that_is_not_ready_is_named_with_it_at_once_and_waited_for() {
    let mut stage = Stage::ready();
    let mut pod = stage.cluster_mut("east").pods[1].clone();
    (pod.created, pod.deleting) = (at(40), Some(at(100_000 + 20)));
    stage.cluster_mut("east").pods.push(pod);
    let told = |stage: &Stage| match stage.decide().verdict {
        Verdict::Wait { reasons, .. } => {
            reasons.iter().map(keyslot::render::reason::why).collect::<Vec<_>>().join("\n")
        }
        other => panic!("{other:?}"),
    };
    assert!(!told(&stage).contains("is not ready"), "{}", told(&stage));
    for (since, words) in [(Some(at(99_000)), " since "), (None, ", and 1 pod on it")] {
        stage.cluster_mut("east").silent = [("node-1".to_owned(), since)].into();
        let text = told(&stage);
        assert!(
            text.contains("node node-1 (east/node/node-1) is not ready") && text.contains(words),
            "{text}"
        );
        assert!(text.contains("catalogservice-deploy-1"), "{text}");
        assert_eq!(holding(&stage.decide()), [keyslot::rotation::Gate::OldPodsGone].into());
    }
    stage.cluster_mut("east").pods.pop();
    assert!(matches!(stage.decide().verdict, Verdict::Act { .. }), "young pods on it hold nothing");
}

/// A pod on a node, with the conditions `ContainersReady` and `Ready`, told to end then.
fn on(node: &str, conditions: [&str; 2], until: Option<&str>) -> Value {
    let mut pod = pod(&format!("on-{node}"), false);
    pod["spec"]["nodeName"] = json!(node);
    pod["status"]["conditions"] = json!([
        {"type": "ContainersReady", "status": conditions[0]}, {"type": "Ready", "status": conditions[1]}]);
    if let Some(until) = until {
        pod["metadata"]["deletionTimestamp"] = json!(until);
    }
    pod
}

const SINCE: &str = "2026-11-20T08:55:00Z";

fn node(ready: &str) -> Say {
    let condition = json!({"type": "Ready", "status": ready, "lastTransitionTime": SINCE});
    Say::Json(200, json!({"metadata": {"name": "n"}, "status": {"conditions": [condition]}}))
}

fn scene(pods: Value) -> Setup {
    setup(&["shop"], move |_, path, _| match path.strip_prefix("/api/v1/nodes/") {
        Some("cut-off") => node("Unknown"),
        Some("late") => node("False"),
        Some("well") => node("True"),
        Some("gone") => status(404, "NotFound", "nodes \"gone\" not found"),
        Some("hidden") => status(403, "Forbidden", "nodes is forbidden"),
        Some(other) => panic!("{other} was asked for"),
        None if path.contains("/pods?limit") => list(pods.clone()),
        None => cluster(path),
    })
}

#[tokio::test]
async fn a_node_is_asked_about_where_a_pod_gives_cause_and_not_otherwise() {
    let due = Some("2026-11-20T08:59:00Z");
    let setup = scene(json!([
        on("cut-off", ["True", "False"], None),
        on("late", ["True", "True"], due),
        on("well", ["True", "False"], due),
        on("gone", ["False", "False"], due),
        on("serves", ["True", "True"], None),
        on("begins", ["False", "False"], None),
        on("ends", ["True", "True"], Some("2027-11-20T08:59:00Z")),
    ]));
    let view = setup.look().await.unwrap();
    let since: Option<Timestamp> = Some(SINCE.parse().unwrap());
    let expected = [("cut-off", since), ("gone", None), ("late", since)];
    assert_eq!(view.silent, expected.map(|(name, since)| (name.to_owned(), since)).into());
    assert_eq!(setup.wire.transcript().count("GET", "/api/v1/nodes"), 4, "one each");
}

#[tokio::test]
async fn whoever_may_not_read_one_node_asks_for_no_other() {
    let setup = scene(json!([
        on("hidden", ["True", "False"], None),
        on("late", ["True", "False"], None),
        on("well", ["True", "False"], None),
    ]));
    let view = setup.look().await.unwrap();
    assert!(view.silent.is_empty(), "{:?}", view.silent);
    assert_eq!(setup.wire.transcript().count("GET", "/api/v1/nodes"), 1);
}

/// Pods that were deleted while it did not answer are no cause any more.
#[tokio::test]
async fn a_node_that_somebody_remembers_is_asked_about_without_any_pod_and_both_answers_are_told() {
    let setup = scene(json!([on("serves", ["True", "True"], None)]));
    assert_eq!(setup.wire.transcript().count("GET", "/api/v1/nodes"), 0);
    let names = ["cut-off", "well", "gone"].map(str::to_owned);
    setup.clusters.ask_about(&kubernetes_adapter::stamp(), names.into());
    let view = setup.look().await.unwrap();
    let since: Option<Timestamp> = Some(SINCE.parse().unwrap());
    assert_eq!(view.silent, [("cut-off".to_owned(), since), ("gone".to_owned(), None)].into());
    assert_eq!(view.heard, [("well".to_owned(), since)].into());
    setup.clusters.ask_about(&kubernetes_adapter::stamp(), [].into());
    let view = setup.look().await.unwrap();
    assert!(view.silent.is_empty() && view.heard.is_empty(), "{view:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_node_of_the_world_is_told_as_soon_as_it_is_lost() {
    let from = Duration::from_secs(60);
    let at = When::Window { from, until: Duration::from_secs(3600) };
    let lost = Fault::new(at, Target::stamp("northeurope"), Trouble::NodeLost { node: 1 });
    let mut config = WorldConfig::default().with_stamps(1).with_fault(lost);
    config.workloads[0].replicas = 6;
    let setup = kubernetes_face::setup(config, 1.0);
    let adapter = setup.adapter();
    assert!(setup.look(&adapter).await.silent.is_empty());
    let since = setup.pass(Duration::from_secs(90));
    let view = setup.look(&adapter).await;
    assert_eq!(view.silent.keys().collect::<Vec<_>>(), ["aks-workload-00000001"]);
    assert!(view.silent.values().all(|told| told.is_some_and(|told| told <= since)), "{:?}", view.silent);
    assert!(view.pods.iter().all(|pod| pod.deleting.is_none()), "long before anybody tells them to end");
}
