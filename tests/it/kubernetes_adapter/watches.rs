//! Watches that go on, end and wake.

use super::*;

fn event(kind: &str, version: &str, generation: i64) -> String {
    let status = json!({"observedGeneration": generation, "replicas": 1, "updatedReplicas": 1,
        "availableReplicas": 1});
    json!({"type": kind, "object": {"metadata": {"uid": "d", "resourceVersion": version,
        "generation": generation}, "status": status}})
    .to_string()
}

#[tokio::test]
async fn a_watch_goes_on_after_it_expired_and_ends_with_the_adapter() {
    let gone = json!({"type": "ERROR", "object": {"kind": "Status", "status": "Failure", "reason": "Expired",
        "code": 410}})
    .to_string();
    let setup = setup(&["shop"], move |_, path, _| {
        let deployments = path.contains("/deployments?watch=true");
        match path {
            // The list's own version is too old already, told within a 200 answer.
            _ if deployments && path.contains("resourceVersion=1000&") => Say::Lines(vec![gone.clone()]),
            "/apis/apps/v1/namespaces/shop/deployments?limit=1" => {
                Say::Json(200, json!({"metadata": {"resourceVersion": "2000"}, "items": []}))
            }
            // So is the next, told by the answer itself.
            _ if deployments && path.contains("resourceVersion=2000&") => {
                status(410, "Expired", "too old resource version")
            }
            _ => cluster(path),
        }
    });
    setup.look().await.unwrap();
    setup.clusters.changed().await;
    let expired = |path: &str| setup.wire.transcript().count("GET", path);
    while expired("watch=true&allowWatchBookmarks=true&resourceVersion=2000") == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    setup.clusters.changed().await;

    let transcript = setup.wire.transcript().clone();
    drop(setup.clusters);
    tokio::time::sleep(Duration::from_millis(100)).await;
    let before = transcript.entries().len();
    tokio::time::sleep(Duration::from_millis(600)).await;
    // One may have been on its way; a watch would have begun again and again.
    assert!(transcript.entries().len() <= before + 1, "nobody watches any more");
}

#[tokio::test]
async fn what_a_watch_brings_wakes_once() {
    let setup = setup(&["shop"], |_, path, _| {
        if path.contains("/deployments?watch=true") {
            let lines =
                [event("ADDED", "1001", 8), event("MODIFIED", "1002", 8), event("BOOKMARK", "1005", 8)];
            return Say::Lines(lines.to_vec());
        }
        cluster(path)
    });
    setup.look().await.unwrap();
    setup.clusters.changed().await;
    let again = tokio::time::timeout(Duration::from_millis(300), setup.clusters.changed()).await;
    assert!(again.is_err(), "both events were reported by one waking");
}
