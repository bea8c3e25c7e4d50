//! What wakes, what does not, and where a watch goes on.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::super::api::DEPLOYMENTS;
use super::super::look::Subject;
use super::super::workloads::view_in_event;
use super::*;
use crate::model::WorkloadKind;

fn watch(kind: Kind) -> Watch {
    let (kept, newest) = (Arc::default(), Arc::default());
    Watch { kind, version: "1".into(), known: HashMap::new(), kept, newest }
}

fn deployment(version: &str, generation: i64, status: Value) -> Vec<u8> {
    let metadata = json!({"uid": "u", "resourceVersion": version, "generation": generation});
    json!({"type": "MODIFIED", "object": {"metadata": metadata, "spec": {"replicas": 3}, "status": status}})
        .to_string()
        .into_bytes()
}

fn counts(observed: i64, updated: i64) -> Value {
    json!({"observedGeneration": observed, "replicas": 3, "updatedReplicas": updated, "availableReplicas": 3,
        "conditions": [{"type": "Available", "status": "True"}]})
}

#[test]
fn only_what_a_wait_can_end_on_wakes() {
    let mut watch = watch(DEPLOYMENTS);
    assert_eq!(watch.take(&deployment("2", 2, counts(1, 3))), Took::Nothing, "patched");
    assert_eq!(watch.take(&deployment("3", 2, counts(2, 0))), Took::Nothing, "observed");
    assert_eq!(watch.take(&deployment("4", 2, counts(2, 1))), Took::Nothing, "one of three");
    assert_eq!(watch.take(&deployment("5", 2, counts(2, 3))), Took::Change(Happening::Rollout), "complete");
    assert_eq!(watch.version, "5");
}

#[test]
fn numbers_that_wake_nobody_are_kept_for_whoever_looks() {
    let mut watch = watch(DEPLOYMENTS);
    watch.kept.know(Vec::new(), BTreeSet::new(), Subject::default());
    watch.kept.expect(1);
    watch.kept.opened();
    let event = |updated: i64| {
        let metadata = json!({"uid": "u", "name": "d", "namespace": "n", "generation": 2});
        let spec = json!({"replicas": 3, "selector": {}, "template": {}});
        let status = counts(2, updated);
        json!({"type": "MODIFIED", "object": {"metadata": metadata, "spec": spec, "status": status}})
            .to_string()
            .into_bytes()
    };
    let known = view_in_event(WorkloadKind::Deployment, &event(0), &Subject::default(), &[]).unwrap();
    for updated in 0..3 {
        assert_eq!(watch.take(&event(updated)), Took::Nothing);
        let told = watch.kept.told_of(std::slice::from_ref(&known)).unwrap();
        assert_eq!(i64::from(told[0].updated), updated);
    }
}

#[test]
fn sets_wake_when_they_are_complete() {
    let mut watch = watch(super::super::api::STATEFUL_SETS);
    let event = |version: &str, status: Value| {
        let metadata = json!({"uid": "s", "resourceVersion": version, "generation": 2});
        json!({"type": "MODIFIED", "object": {"metadata": metadata, "spec": {"replicas": 3}, "status": status}})
            .to_string()
            .into_bytes()
    };
    let stateful = |current: &str, updated: i64| {
        json!({"observedGeneration": 2, "replicas": 3, "updatedReplicas": updated, "readyReplicas": 3,
            "availableReplicas": 3, "currentRevision": current, "updateRevision": "b"})
    };
    assert_eq!(watch.take(&event("2", stateful("a", 0))), Took::Nothing, "begun");
    assert_eq!(watch.take(&event("3", stateful("a", 3))), Took::Nothing, "the status has not caught up");
    assert_eq!(watch.take(&event("4", stateful("b", 3))), Took::Change(Happening::Rollout), "complete");
    // Another one.
    watch.known.clear();
    let daemon = |updated: i64| {
        json!({"observedGeneration": 2, "desiredNumberScheduled": 5, "currentNumberScheduled": 5,
            "updatedNumberScheduled": updated, "numberAvailable": 5})
    };
    assert_eq!(watch.take(&event("5", daemon(4))), Took::Nothing);
    assert_eq!(watch.take(&event("6", daemon(3))), Took::Nothing);
    assert_eq!(watch.take(&event("7", daemon(5))), Took::Change(Happening::Rollout), "complete");
}

/// From Kubernetes 1.20, which counts no available pods of a StatefulSet.
#[test]
fn recorded_sets_wake_once_when_the_last_pod_is_ready() {
    let recorded: [(&str, Kind, &str); 2] = [
        (
            "statefulsets",
            super::super::api::STATEFUL_SETS,
            include_str!("../../../../fixtures/recordings/sets/statefulset-healthy.jsonl"),
        ),
        (
            "daemonsets",
            super::super::api::DAEMON_SETS,
            include_str!("../../../../fixtures/recordings/sets/daemonset-healthy.jsonl"),
        ),
    ];
    for (resource, kind, text) in recorded {
        let mut watch = watch(kind);
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let events: Vec<Value> = lines.filter(|line| line["resource"] == resource).collect();
        let woken: Vec<usize> = (0..events.len())
            .filter(|place| {
                let event = events[*place]["event"].to_string();
                watch.take(event.as_bytes()) != Took::Nothing
            })
            .collect();
        assert_eq!(woken, [events.len() - 1], "{resource}");
    }
}

#[test]
fn what_is_gone_or_paused_and_lacks_pods_is_looked_at_whatever_is_waited_for() {
    let unsettled = Took::Change(Happening::Unsettled);
    let mut watch = watch(DEPLOYMENTS);
    watch.take(&deployment("2", 2, counts(2, 3)));
    let paused = |version: &str, available: i64| {
        let mut event: Value = serde_json::from_slice(&deployment(version, 2, counts(2, 3))).unwrap();
        event["object"]["spec"]["paused"] = json!(true);
        event["object"]["status"]["availableReplicas"] = json!(available);
        event.to_string().into_bytes()
    };
    assert_eq!(watch.take(&paused("3", 3)), Took::Change(Happening::Rollout));
    assert_eq!(watch.take(&paused("4", 2)), unsettled);
    let gone = deployment("5", 2, counts(2, 3));
    let gone = String::from_utf8(gone).unwrap().replace("MODIFIED", "DELETED");
    assert_eq!(watch.take(gone.as_bytes()), unsettled);
}

#[test]
fn what_was_through_and_lacks_pods_wakes_and_what_rolls_out_does_not() {
    let lacks = |available: i64| {
        let mut status = counts(2, 3);
        status["availableReplicas"] = json!(available);
        status
    };
    let unsettled = Took::Change(Happening::Unsettled);
    let mut late = watch(DEPLOYMENTS);
    assert_eq!(late.take(&deployment("2", 2, lacks(2))), unsettled, "all that is known of it");
    assert_eq!(late.take(&deployment("3", 2, lacks(1))), Took::Nothing, "said already");
    let mut watch = watch(DEPLOYMENTS);
    watch.take(&deployment("4", 2, counts(2, 3)));
    assert_eq!(watch.take(&deployment("5", 2, lacks(2))), unsettled);
    assert_eq!(watch.take(&deployment("6", 2, counts(2, 3))), Took::Change(Happening::Rollout));
    let evicted = counts(2, 2);
    assert_eq!(watch.take(&deployment("7", 2, evicted)), unsettled, "a pod went");
    watch.take(&deployment("8", 2, counts(2, 3)));
    assert_eq!(watch.take(&deployment("9", 3, counts(2, 3))), Took::Nothing, "restarted");
    assert_eq!(watch.take(&deployment("10", 3, counts(3, 0))), Took::Nothing);
    assert_eq!(watch.take(&deployment("11", 3, counts(3, 2))), Took::Nothing);
    let mut last = counts(3, 3);
    last["availableReplicas"] = json!(2);
    assert_eq!(watch.take(&deployment("12", 3, last)), Took::Nothing, "it was not over yet");
}

#[test]
fn a_stuck_and_a_paused_rollout_wake() {
    let mut watch = watch(DEPLOYMENTS);
    let mut stuck = counts(2, 1);
    stuck["conditions"] = json!([{"type": "Progressing", "reason": "ProgressDeadlineExceeded"}]);
    assert_eq!(watch.take(&deployment("2", 2, counts(2, 1))), Took::Nothing);
    assert_eq!(watch.take(&deployment("3", 2, stuck)), Took::Change(Happening::Rollout));
    let paused = json!({"type": "MODIFIED", "object": {"metadata": {"uid": "u", "generation": 3},
        "spec": {"replicas": 3, "paused": true}, "status": counts(2, 1)}});
    assert_eq!(watch.take(paused.to_string().as_bytes()), Took::Change(Happening::Rollout));
}

#[test]
fn pods_wake_nobody_by_being_there_and_bookmarks_only_move_the_version() {
    let mut watch = watch(PODS);
    let event = |kind: &str, version: &str| {
        json!({"type": kind, "object": {"metadata": {"uid": "p", "resourceVersion": version},
            "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}}})
        .to_string()
        .into_bytes()
    };
    assert_eq!(watch.take(&event("ADDED", "2")), Took::Nothing);
    assert_eq!(watch.take(&event("BOOKMARK", "7")), Took::Nothing);
    assert_eq!(watch.version, "7");
    assert_eq!(watch.take(&event("DELETED", "8")), Took::Nothing, "it does not get the secret");
}

/// As Kubernetes 1.36 encodes them: empty objects of their kind.
#[test]
fn bookmarks_of_workloads_only_move_the_version() {
    let meta = r#""metadata":{"resourceVersion":"123","annotations":{"k8s.io/initial-events-end":"true"}}"#;
    let template = r#""selector":null,"template":{"metadata":{},"spec":{"containers":null}}"#;
    for (kind, rest, status) in [
        (DEPLOYMENTS, r#""strategy":{}"#, ""),
        (
            super::super::api::STATEFUL_SETS,
            r#""serviceName":"","updateStrategy":{}"#,
            r#""replicas":0,"availableReplicas":0"#,
        ),
        (
            super::super::api::DAEMON_SETS,
            r#""updateStrategy":{}"#,
            r#""currentNumberScheduled":0,"numberMisscheduled":0,"desiredNumberScheduled":0,"numberReady":0"#,
        ),
    ] {
        let line = format!(
            r#"{{"type":"BOOKMARK","object":{{{meta},"spec":{{{template},{rest}}},"status":{{{status}}}}}}}"#
        );
        let mut watch = watch(kind);
        assert_eq!(watch.take(line.as_bytes()), Took::Nothing, "{line}");
        assert_eq!((watch.version.as_str(), watch.known.len()), ("123", 0), "{line}");
    }
}

#[test]
fn an_error_in_the_stream_ends_it_and_a_410_says_why() {
    // Word for word what a server sends for a version that it no longer keeps.
    let line = br#"{"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"too old resource version: 1 (1133)","reason":"Expired","code":410}}"#;
    assert_eq!(watch(PODS).take(line), Took::End(End::Expired));
    let other = br#"{"type":"ERROR","object":{"kind":"Status","status":"Failure","code":500}}"#;
    assert_eq!(watch(PODS).take(other), Took::End(End::Failed));
    assert_eq!(watch(PODS).take(b"<html>"), Took::End(End::Failed));
}
