//! What events and lists together come to, in whatever order they arrive.

use serde_json::json;

use super::*;

fn pod(uid: &str, version: &str, ends: bool) -> Pod {
    let mut pod = json!({"metadata": {"uid": uid, "name": uid, "namespace": "n", "resourceVersion": version,
        "creationTimestamp": "2026-11-22T19:00:00Z"},
        "spec": {"containers": [], "volumes": [{"name": "v", "csi": {"driver": "secrets-store.csi.k8s.io",
            "volumeAttributes": {"secretProviderClass": "c"}}}]}});
    if ends {
        pod["metadata"]["deletionTimestamp"] = json!("2026-11-22T19:10:00Z");
    }
    serde_json::from_value(pod).unwrap()
}

fn kept() -> Kept {
    let kept = Kept::default();
    let class = Class {
        namespace: "n".into(),
        name: "c".into(),
        edition: String::new(),
        vault: String::new(),
        delivers: true,
        elsewhere: false,
        changed: None,
        edited: true,
        fills: Vec::new(),
        synced: Vec::new(),
        pinned: Vec::new(),
    };
    let (secret, vault, namespaces) = ("s".into(), None, Vec::new());
    let subject = Subject { secret, vault, namespaces, ..Subject::default() };
    kept.know(vec![class], BTreeSet::new(), subject);
    kept.expect(1);
    kept.opened();
    kept
}

#[test]
fn the_last_terminating_pod_that_goes_is_told() {
    let kept = kept();
    for (uid, version) in [("a", "2"), ("b", "3")] {
        assert_eq!(kept.take(false, &pod(uid, version, true)), PodNews::Nothing);
    }
    kept.take(false, &pod("young", "4", false));
    assert_eq!(kept.take(true, &pod("a", "5", true)), PodNews::Nothing, "one is left");
    assert_eq!(kept.take(true, &pod("b", "6", true)), PodNews::LastGone);
    assert_eq!(kept.take(true, &pod("stranger", "7", true)), PodNews::Nothing, "nobody knew it");
    assert_eq!(kept.beside(&[]).unwrap().len(), 1);
}

#[test]
fn a_pod_that_cannot_start_is_told_once() {
    let kept = kept();
    let mut young = pod("a", "2", false);
    assert_eq!(kept.take(false, &young), PodNews::Nothing);
    let waiting = |reason: &str| {
        json!({"phase": "Pending", "containerStatuses": [{"name": "c", "image": "i", "imageID": "", "ready": false,
            "restartCount": 0, "state": {"waiting": {"reason": reason}}}]})
    };
    for (version, reason, told) in [
        ("3", "ContainerCreating", PodNews::Nothing),
        ("4", "ImagePullBackOff", PodNews::CannotStart),
        ("5", "ImagePullBackOff", PodNews::Nothing),
    ] {
        young.metadata.resource_version = Some(version.into());
        young.status = serde_json::from_value(waiting(reason)).unwrap();
        assert_eq!(kept.take(false, &young), told, "{version}");
    }
}

#[test]
fn a_list_is_newer_than_the_events_before_it_and_older_than_what_went_meanwhile() {
    let kept = kept();
    kept.take(false, &pod("a", "5", true));
    let seen: Vec<PodView> = kept.beside(&[]).unwrap();
    kept.listing();
    kept.take(true, &pod("a", "9", true));
    kept.listed(&seen, Some(8));
    assert!(kept.beside(&[]).unwrap().is_empty(), "it went while the list was under way");
    kept.take(false, &pod("late", "7", false));
    assert!(kept.beside(&[]).unwrap().is_empty(), "older than the list, which did not have it");
    kept.missed();
    assert_eq!(kept.beside(&[]), None);
}

fn event(name: &str, generation: i64, updated: i64) -> Vec<u8> {
    let spec = json!({"replicas": 1, "selector": {}, "template": {}});
    let status = json!({"observedGeneration": generation, "replicas": 1, "updatedReplicas": updated,
        "availableReplicas": 1});
    let metadata = json!({"uid": name, "name": name, "namespace": "n", "generation": generation});
    json!({"type": "MODIFIED", "object": {"metadata": metadata, "spec": spec, "status": status}})
        .to_string()
        .into_bytes()
}

#[test]
fn what_watches_told_of_workloads_counts_unless_the_view_knows_more_or_something_may_be_missing() {
    let kept = kept();
    let deployment = WorkloadKind::Deployment;
    let known = |generation| {
        vec![view_in_event(deployment, &event("a", generation, 0), &Subject::default(), &[]).unwrap()]
    };
    assert_eq!(kept.told_of(&known(2)), Some(known(2)), "nothing was told: it is as it was");
    kept.take_workload(deployment, &event("a", 2, 1));
    assert!(is_complete(&kept.told_of(&known(2)).unwrap()[0]));
    assert_eq!(kept.told_of(&known(3)), None, "the answer to our own patch is newer");
    kept.workload_gone();
    assert_eq!(kept.told_of(&known(2)), None);
    kept.listing_workloads();
    assert_eq!(kept.told_of(&known(2)), Some(known(2)), "what was told before the list is forgotten");
    kept.closed();
    assert_eq!(kept.told_of(&known(2)), None, "nobody watches");
}

#[test]
fn who_is_left_is_told_where_it_is_known_what_the_running_ones_mount() {
    let kept = kept();
    kept.take(false, &pod("old", "2", true));
    kept.take(false, &pod("young", "3", false));
    assert_eq!(kept.with_mounts(&[]).unwrap().len(), 2, "one is terminating yet");
    kept.take(true, &pod("old", "4", true));
    assert_eq!(kept.with_mounts(&[]).unwrap().len(), 1);
    let mut running = pod("late", "5", false);
    running.status.get_or_insert_default().phase = Some("Running".into());
    kept.take(false, &running);
    assert_eq!(kept.with_mounts(&[]), None, "nobody has seen what it mounts");
}
