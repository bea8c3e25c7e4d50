//! Between two restarts: what watches tell, and what is listed all the same.

use std::sync::atomic::{AtomicBool, Ordering};

use super::*;

/// Another Deployment beside the first, with one pod that is as old.
fn one_more(path: &str) -> Say {
    let collection = path.split('?').next().unwrap().rsplit('/').next().unwrap();
    match collection {
        _ if path.contains("watch=true") => Say::Lines(vec![]),
        "deployments" => {
            let mut other = deployment();
            (other["metadata"]["name"], other["metadata"]["uid"]) = (json!("billing-deploy"), json!("b"));
            other["spec"]["replicas"] = json!(1);
            other["status"] = json!({"observedGeneration": 7, "replicas": 1, "updatedReplicas": 1,
                "availableReplicas": 1});
            list(json!([deployment(), other]))
        }
        "pods" => {
            let other = pod_of("billing", "billing-deploy", "abc", "900");
            list(json!([pod("old", true), pod("new", false), other]))
        }
        _ => plain(path),
    }
}

#[tokio::test]
async fn where_both_watches_have_told_of_an_end_nothing_is_listed_while_there_is_more_to_restart() {
    let line = |kind: &str, object: Value| json!({"type": kind, "object": object}).to_string();
    let mut ends = pod("new", false);
    ends["metadata"]["deletionTimestamp"] = json!("2026-11-20T09:15:30Z");
    ends["metadata"]["resourceVersion"] = json!("1004");
    let pods = vec![
        line("ADDED", pod_of("next-a", "orders-deploy", "def", "1002")),
        line("ADDED", pod_of("next-b", "orders-deploy", "def", "1003")),
        line("MODIFIED", ends.clone()),
        line("DELETED", pod_of("old", "orders-deploy", "abc", "1005")),
        line("DELETED", pod_of("new", "orders-deploy", "abc", "1006")),
    ];
    let named = vec![workload(), WorkloadName::new("shop", "billing-deploy")];
    let wanted = [Happening::Rollout, Happening::PodsGone];
    let (setup, before) = ended(pods, one_more, named, &wanted).await;
    let told = Glance::Told(Happening::Rollout);
    let (view, _) = setup.clusters.glance(&stamp(), &Salt::new("5a17"), told).await.unwrap();
    assert_eq!(asked(&setup)[before..], [""; 0]);
    let mut pods: Vec<&str> = view.pods.iter().map(|pod| pod.name.as_str()).collect();
    pods.sort_unstable();
    assert_eq!(pods, ["billing", "next-a", "next-b"], "as they were told");
}

#[tokio::test]
async fn where_the_pods_watch_has_not_told_of_the_same_end_the_pods_are_listed() {
    let line = json!({"type": "MODIFIED", "object": restarted(8)}).to_string();
    let mut setup = setup(&["shop"], move |method, path, _| {
        if method == "PATCH" {
            return Say::Json(200, restarted(7));
        }
        match path.contains("/deployments?watch=true") {
            true => Say::Lines(vec![line.clone()]),
            false => plain(path),
        }
    });
    setup.clusters = setup.clusters.restarting([workload()]);
    // All of them are still to be replaced.
    let vault = vault("v2");
    setup.clusters.holders(&stamp(), &Salt::new("5a17"), Some(&vault)).await.unwrap();
    assert!(matches!(setup.restart().await, Effect::Applied(8)));
    setup.followed().await;
    setup.clusters.changed().await;
    let before = asked(&setup).len();
    let told = Glance::Told(Happening::Rollout);
    let (view, _) = setup.clusters.glance(&stamp(), &Salt::new("5a17"), told).await.unwrap();
    assert!(view.workloads[0].observed_generation == 8, "that much was told");
    assert_eq!(asked(&setup)[before..], ["pods", "secretproviderclasspodstatuses"]);
}

/// By the workload alone nothing has happened in between: its rollout was over before, and is over again.
#[tokio::test]
async fn a_rollout_that_came_and_went_while_nobody_answered_is_an_end_all_the_same() {
    let sent = Arc::new(AtomicBool::new(false));
    let patched = Arc::clone(&sent);
    let mut setup = setup(&["shop"], move |method, path, _| {
        if method == "PATCH" {
            patched.store(true, Ordering::Relaxed);
            return Say::Text(200, "<html>please sign in</html>");
        }
        let collection = path.split('?').next().unwrap().rsplit('/').next().unwrap();
        match collection {
            // As many pods as are wanted, and all of them old: their watch tells late of what has come since.
            _ if path.contains("watch=true") => Say::Lines(Vec::new()),
            "pods" if !patched.load(Ordering::Relaxed) => list(json!([pod("old", false), pod("new", false)])),
            "pods" => list(json!([
                pod_of("next-a", "orders-deploy", "def", "1002"),
                pod_of("next-b", "orders-deploy", "def", "1003")
            ])),
            "deployments" if patched.load(Ordering::Relaxed) => list(json!([restarted(8)])),
            _ => plain(path),
        }
    });
    setup.clusters = setup.clusters.restarting([workload()]);
    setup.clusters.holders(&stamp(), &Salt::new("5a17"), Some(&vault("v2"))).await.unwrap();
    setup.followed().await;
    assert!(matches!(setup.restart().await, Effect::Unknown(_)));
    let (view, _) = setup.clusters.glance(&stamp(), &Salt::new("5a17"), Glance::Answer).await.unwrap();
    let pods: Vec<&str> = view.pods.iter().map(|pod| pod.name.as_str()).collect();
    assert_eq!(pods, ["next-a", "next-b"], "those that the ended rollout has made");
}

#[tokio::test]
async fn a_new_pod_that_cannot_start_is_told_of_while_its_rollout_goes_on() {
    let mut stuck = pod_of("next", "orders-deploy", "def", "1002");
    stuck["status"] = json!({"phase": "Pending", "containerStatuses": [{"name": "app", "image": "i", "imageID": "",
        "ready": false, "restartCount": 0, "state": {"waiting": {"reason": "ImagePullBackOff"}}}]});
    let line = json!({"type": "ADDED", "object": stuck}).to_string();
    let (speak, may) = watch::channel(false);
    let mut setup = setup(&["shop"], move |method, path, _| match path {
        _ if method == "PATCH" => Say::Json(200, restarted(7)),
        _ if path.contains("/pods?watch=true") => Say::Later(may.clone(), vec![line.clone()]),
        _ if path.contains("watch=true") => Say::Lines(Vec::new()),
        _ if path.contains("/namespaces/shop/events") => list(json!([{
            "metadata": {"name": "next.1", "namespace": "shop"}, "type": "Warning", "reason": "Failed",
            "message": "Failed to pull image: unauthorized", "count": 3,
            "involvedObject": {"kind": "Pod", "namespace": "shop", "name": "next"},
        }])),
        _ => plain(path),
    });
    setup.clusters = setup.clusters.restarting([workload()]);
    setup.clusters.holders(&stamp(), &Salt::new("5a17"), Some(&vault("v2"))).await.unwrap();
    setup.followed().await;
    assert!(matches!(setup.restart().await, Effect::Applied(8)));
    speak.send(true).unwrap();
    let heard = async {
        while !setup.clusters.changed().await.iter().any(|changed| changed.what == Happening::Rollout) {}
    };
    tokio::time::timeout(Duration::from_secs(10), heard).await.expect("nobody was woken");
    let told = Glance::Told(Happening::Rollout);
    let (view, _) = setup.clusters.glance(&stamp(), &Salt::new("5a17"), told).await.unwrap();
    let next = view.pods.iter().find(|pod| pod.name == "next").unwrap();
    assert!(next.trouble.as_ref().is_some_and(|trouble| trouble.hopeless), "{next:?}");
    assert_eq!(view.warnings.len(), 1, "and why: {:?}", view.warnings);
    assert!(view.warnings[0].message.contains("unauthorized"), "{:?}", view.warnings);
}
