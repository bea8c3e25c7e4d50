//! What somebody does to a simulated cluster besides restarts: rolls back, runs a Job or a bare pod, deletes a class; and
//! what keyslot sees of it.

use std::time::Duration;

use keyslot::model::{ClusterView, Holding, PodView};
use keyslot::sim::WorldConfig;
use serde_json::{Value, json};

use crate::kubernetes_face::{Setup, kubectl_is_here, setup};

const CLASSES: &str = "/apis/secrets-store.csi.x-k8s.io/v1/namespaces/workload/secretproviderclasses";
const JOBS: &str = "/apis/batch/v1/namespaces/workload/jobs";
const PODS: &str = "/api/v1/namespaces/workload/pods";

fn pod_spec(class: Option<&str>) -> Value {
    let mut spec = json!({"restartPolicy": "Never",
        "containers": [{"name": "main", "image": "busybox", "command": ["sleep", "36000"]}]});
    if let Some(class) = class {
        spec["volumes"] = json!([{"name": "s", "csi": {"driver": "secrets-store.csi.k8s.io", "readOnly": true,
            "volumeAttributes": {"secretProviderClass": class}}}]);
    }
    spec
}

async fn post(setup: &Setup, path: &str, body: &Value) -> (u16, Value) {
    let mut request = setup.request("POST", path, Some(&setup.token));
    request.headers_mut().insert("content-type", "application/json".parse().unwrap());
    *request.body_mut() = Some(body.to_string().into());
    setup.send(request).await
}

async fn looked(setup: &Setup, wanted: impl Fn(&ClusterView) -> bool) -> ClusterView {
    for _ in 0..200 {
        let view = setup.look(&setup.adapter()).await;
        if wanted(&view) {
            return view;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{:?}", setup.look(&setup.adapter()).await);
}

fn of_job<'a>(view: &'a ClusterView, name: &str) -> Option<&'a PodView> {
    view.pods.iter().find(|pod| pod.above.as_ref().is_some_and(|above| above.to_string().contains(name)))
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_and_bare_pods_that_somebody_makes_are_seen_where_they_get_the_secret_and_go_when_deleted() {
    let setup = setup(WorldConfig::seeded(7), 60.0);
    let class = Some("catalogservice-keyvault");
    let job = json!({"metadata": {"name": "long"}, "spec": {"template": {"spec": pod_spec(class)}}});
    assert_eq!(post(&setup, JOBS, &job).await.0, 201);
    let (code, status) = post(&setup, JOBS, &job).await;
    assert_eq!((code, &status["reason"]), (409, &json!("AlreadyExists")));
    for (name, class) in [("by-hand", class), ("plain", None)] {
        let pod = json!({"metadata": {"name": name}, "spec": pod_spec(class)});
        let (code, made) = post(&setup, PODS, &pod).await;
        assert_eq!((code, &made["metadata"]["ownerReferences"]), (201, &Value::Null));
    }
    let view = looked(&setup, |view| {
        let bare = view.pods.iter().find(|pod| pod.name == "by-hand");
        of_job(view, "long").is_some_and(|pod| pod.ready) && bare.is_some_and(|pod| pod.ready)
    })
    .await;
    let bare = view.pods.iter().find(|pod| pod.name == "by-hand").unwrap();
    assert!(bare.workload.is_none() && bare.above.is_none() && bare.mounted.is_some(), "{bare:?}");
    assert!(of_job(&view, "long").is_some_and(|pod| pod.gets_secret() && pod.mounted.is_some()));
    assert!(!view.pods.iter().any(|pod| pod.name == "plain"), "it gets no secret");
    let (code, _) = setup.raw("DELETE", &format!("{JOBS}/long")).await;
    assert_eq!(code, 200);
    assert_eq!(setup.raw("GET", &format!("{JOBS}/long")).await.0, 404);
    assert_eq!(setup.raw("DELETE", &format!("{JOBS}/long")).await.0, 404);
    let ends = |view: &ClusterView| of_job(view, "long").is_none_or(|pod| pod.deleting.is_some());
    looked(&setup, ends).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_class_that_somebody_deletes_is_missed() {
    let setup = setup(WorldConfig::seeded(7), 60.0);
    let lacks = |view: &ClusterView| view.workloads.iter().filter(|one| one.lacks.is_some()).count();
    assert_eq!(lacks(&setup.look(&setup.adapter()).await), 0);
    assert_eq!(setup.raw("DELETE", &format!("{CLASSES}/healthservice-keyvault?dryRun=All")).await.0, 200);
    assert_eq!(setup.raw("DELETE", &format!("{CLASSES}/healthservice-keyvault")).await.0, 200);
    let view = setup.look(&setup.adapter()).await;
    assert_eq!(lacks(&view), 1, "{:?}", view.workloads);
    let of = view.pods.iter().filter(|pod| pod.name.starts_with("healthservice"));
    let holdings: Vec<&Holding> = of.map(|pod| &pod.holding).collect();
    assert_eq!(holdings.len(), 3);
    assert!(holdings.iter().all(|holding| **holding == Holding::Mounted), "{holdings:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn kubectl_rolls_a_restart_back_and_makes_what_a_file_says() {
    if !kubectl_is_here() {
        return;
    }
    let setup = setup(WorldConfig::seeded(7), 60.0);
    let deployment = "deployment/catalogservice-deploy";
    let restarted_at = |view: &ClusterView| view.workloads.iter().any(|one| one.restarted_at.is_some());
    setup.ok(&["-n", "workload", "rollout", "restart", deployment]).await;
    looked(&setup, restarted_at).await;
    setup.ok(&["-n", "workload", "rollout", "status", deployment]).await;
    setup.ok(&["-n", "workload", "rollout", "undo", deployment]).await;
    let view = setup.look(&setup.adapter()).await;
    assert!(!restarted_at(&view), "{:?}", view.workloads);
    let history = setup.ok(&["-n", "workload", "rollout", "history", deployment]).await;
    let revisions: Vec<&str> = history.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(revisions[2..], ["2", "3"], "{history}");
    let file = setup.kubeconfig().with_file_name("pod.json");
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "by-hand"},
        "spec": pod_spec(Some("catalogservice-keyvault"))});
    std::fs::write(&file, pod.to_string()).unwrap();
    let made = setup.ok(&["-n", "workload", "apply", "-f", file.to_str().unwrap()]).await;
    assert_eq!(made.trim(), "pod/by-hand created");
    let deleted = setup.ok(&["-n", "workload", "delete", "pod", "by-hand"]).await;
    assert!(deleted.contains("deleted"), "{deleted}");
}
