//! The Kubernetes adapter against an API server that says what a script tells it to say.

use std::collections::{BTreeMap, BTreeSet};

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use axum::routing::any;
use futures::{FutureExt as _, StreamExt as _};
use jiff::{SignedDuration, Timestamp};
use keyslot::adapters::http::{Hosts, HttpSettings, Proxies, Turns};
use keyslot::adapters::kubernetes::{ClusterPlace, KubeconfigPlace, Kubernetes, StampCluster};
use keyslot::model::{
    Blindness, ClassFate, CronJobView, Extent, Fingerprint, Holding, LostClass, Manager, PodView, RotationId,
    Salt, SecretVersion, Seen, StampName, Strategy, VaultView, WorkloadKind, WorkloadName,
};
use keyslot::ports::{Clock, Clusters, Effect, Glance, Happening, Permit, RestartMark};
use keyslot::sim::wire::kubernetes::{Kubeconfig, User};
use keyslot::sim::wire::{Trouble, Which, Wire, WireBuilder, WireClock, WireFault, WireOptions};
use serde_json::{Value, json};
use tokio::sync::watch;

const TOKEN: &str = "canary-token-0123456789";
const KEY: &[u8] = b"canary-key-material==";

/// At the end of a path: what is asked for is an object's metadata alone.
pub const METADATA: &str = "#metadata";

/// What the server says to one request.
pub enum Say {
    Json(u16, Value),
    Text(u16, &'static str),
    /// Lines of a watch, then silence until the client leaves.
    Lines(Vec<String>),
    /// The same, once it may speak.
    Later(watch::Receiver<bool>, Vec<String>),
}

type Script = Arc<dyn Fn(&str, &str, &str) -> Say + Send + Sync>;

fn server(script: Script) -> Router {
    let handle = move |request: axum::extract::Request| {
        let script = script.clone();
        async move {
            let path = request.uri().path_and_query().unwrap().to_string();
            let method = request.method().to_string();
            let accept = request.headers().get("accept").unwrap().to_str().unwrap();
            let path = match accept.contains("as=PartialObjectMetadata") {
                true => format!("{path}{METADATA}"),
                false => path,
            };
            let bearer = request.headers().get("authorization").unwrap().to_str().unwrap().to_owned();
            let (status, kind, body) = match script(&method, &path, &bearer) {
                Say::Json(status, value) => (status, "application/json", Body::from(value.to_string())),
                Say::Text(status, text) => (status, "text/plain", Body::from(text)),
                Say::Lines(lines) => (200, "application/json", told(async {}, lines)),
                Say::Later(mut may, lines) => {
                    let until = async move { may.wait_for(|may| *may).await.map(drop).unwrap_or_default() };
                    (200, "application/json", told(until, lines))
                }
            };
            Response::builder().status(status).header("content-type", kind).body(body).unwrap()
        }
    };
    Router::new().fallback(any(handle))
}

/// The lines of a watch, from a moment on.
fn told(from: impl Future<Output = ()> + Send + 'static, lines: Vec<String>) -> Body {
    let text: String = lines.into_iter().map(|line| line + "\n").collect();
    let text = futures::stream::once(from.map(|()| Ok::<_, std::io::Error>(text)));
    Body::from_stream(text.chain(futures::stream::pending()))
}

pub struct Setup {
    pub wire: Wire,
    pub clusters: Kubernetes,
    pub clock: Arc<WireClock>,
    kubeconfig: PathBuf,
    _dir: tempfile::TempDir,
}

fn write_kubeconfig(path: &Path, wire: &Wire, token: &str) {
    let server = format!("https://{}", wire.listeners()["stamp"]);
    let config = Kubeconfig {
        name: "stamp",
        server: &server,
        ca_pem: wire.ca_pem(),
        user: User::Token(token),
        namespace: "shop",
    };
    std::fs::write(path, config.render()).unwrap();
}

pub fn setup(namespaces: &[&str], script: impl Fn(&str, &str, &str) -> Say + Send + Sync + 'static) -> Setup {
    let clock = WireClock::start("2026-11-20T09:00:00Z".parse().unwrap(), 1000.0);
    let router = server(Arc::new(script));
    let wire = WireBuilder::new(clock.clone(), WireOptions::default())
        .unwrap()
        .listener("stamp", |_| router)
        .unwrap()
        .start()
        .unwrap();
    let dir = tempfile::tempdir().unwrap();
    let kubeconfig = dir.path().join("kubeconfig");
    write_kubeconfig(&kubeconfig, &wire, TOKEN);
    let clock = Arc::new(clock);
    let clusters = clusters(&kubeconfig, namespaces, clock.clone());
    Setup { wire, clusters, clock, kubeconfig, _dir: dir }
}

fn clusters(kubeconfig: &Path, namespaces: &[&str], clock: Arc<WireClock>) -> Kubernetes {
    let cluster = StampCluster {
        place: ClusterPlace::Kubeconfig(KubeconfigPlace { path: kubeconfig.to_owned(), context: None }),
        vault: Some("KV-stamp".into()),
        namespaces: namespaces.iter().map(|name| (*name).to_owned()).collect(),
    };
    let settings = HttpSettings { proxies: Proxies::Off, hosts: Hosts::default(), ..HttpSettings::default() };
    Kubernetes::new("CosmosDb-ApiKey", BTreeMap::from([(stamp(), cluster)]), settings, clock)
}

pub fn stamp() -> StampName {
    StampName::new("eastus")
}

pub fn workload() -> WorkloadName {
    WorkloadName::new("shop", "orders-deploy")
}

fn mark() -> RestartMark {
    RestartMark { restarted_at: "2026-11-20T09:15:00Z".into(), rotation: RotationId::new("r-1") }
}

fn permit(clock: &dyn Clock, seconds: i64) -> Permit {
    Permit {
        subject: "restart orders".into(),
        evidence: "e".into(),
        wall_deadline: clock.now() + SignedDuration::from_secs(seconds),
        monotonic_deadline: clock.monotonic() + Duration::from_secs(86_400),
        lease: None,
    }
}

impl Setup {
    pub async fn restart(&self) -> Effect<i64> {
        let permit = permit(self.clock.as_ref(), 86_400);
        self.clusters.restart(&stamp(), &workload(), &mark(), &permit).await
    }

    pub async fn look(&self) -> Result<keyslot::model::ClusterView, keyslot::ports::Fault> {
        self.clusters.look(&stamp(), &Salt::new("5a17")).await
    }
}

pub fn status(code: u16, reason: &str, message: &str) -> Say {
    Say::Json(
        code,
        json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "message": message,
            "code": code}),
    )
}

pub fn list(items: Value) -> Say {
    Say::Json(200, json!({"metadata": {"resourceVersion": "1000"}, "items": items}))
}

pub fn deployment() -> Value {
    json!({
        "metadata": {"name": "orders-deploy", "namespace": "shop", "uid": "d", "generation": 7},
        "spec": {"replicas": 2, "selector": {}, "template": {
            "metadata": {"annotations": {"keyslot.dev/rotation": "r-0"}},
            "spec": {"containers": [{"name": "c"}], "volumes": [{"name": "s", "csi": {
                "driver": "secrets-store.csi.k8s.io", "volumeAttributes": {"secretProviderClass": "kv"}}}]}}},
        "status": {"observedGeneration": 7, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2},
    })
}

pub fn pod(name: &str, deleting: bool) -> Value {
    let mut pod = json!({
        "metadata": {"name": name, "namespace": "shop", "uid": format!("uid-{name}"),
            "creationTimestamp": "2026-11-20T08:00:00Z", "labels": {"pod-template-hash": "abc"},
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "orders-deploy-abc",
                "uid": "rs", "controller": true}]},
        "spec": {"containers": [{"name": "c"}], "volumes": [{"name": "s", "csi": {
            "driver": "secrets-store.csi.k8s.io", "volumeAttributes": {"secretProviderClass": "kv"}}}]},
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]},
    });
    if deleting {
        pod["metadata"]["deletionTimestamp"] = json!("2026-11-20T09:00:30Z");
    }
    pod
}

fn class() -> Value {
    json!({"metadata": {"name": "kv", "namespace": "shop"}, "spec": {
        "provider": "azure",
        "parameters": {"keyvaultName": "kv-stamp",
            "objects": "array:\n  - |\n    objectName: CosmosDb-ApiKey\n    objectType: secret\n"},
        "secretObjects": [{"secretName": "cosmos", "data": [{"objectName": "CosmosDb-ApiKey", "key": "k"}]}],
    }})
}

pub fn pod_status(name: &str, uid: &str) -> Value {
    json!({"metadata": {"name": "x", "namespace": "shop"}, "status": {
        "podName": name, "secretProviderClassName": "kv",
        "targetPath": format!("/var/lib/kubelet/pods/{uid}/volumes/kubernetes.io~csi/s/mount"),
        "objects": [{"id": "secret/CosmosDb-ApiKey", "version": "v2"}]}})
}

/// A cluster with two pods of one Deployment, one of them terminating, another pod that does not consume, and
/// a synced Secret.
pub fn cluster(path: &str) -> Say {
    let collection = path.split('?').next().unwrap().rsplit('/').next().unwrap();
    match collection {
        _ if path.contains("watch=true") => Say::Lines(vec![]),
        _ if path.strip_prefix("/api/v1/namespaces/").is_some_and(|name| !name.contains('/')) => {
            Say::Json(200, json!({"metadata": {"name": collection}}))
        }
        "deployments" => list(json!([deployment()])),
        "statefulsets" | "daemonsets" | "cronjobs" | "secrets" => list(json!([])),
        "pods" => {
            let mut other = pod("else", false);
            other["spec"]["volumes"] = json!([]);
            list(json!([pod("old", true), pod("new", false), other]))
        }
        "secretproviderclasses" => list(json!([class()])),
        "secretproviderclasspodstatuses" => {
            list(json!([pod_status("new", "uid-new"), pod_status("old", "uid-of-another-life")]))
        }
        "cosmos" => {
            let data = serde_json::to_value(k8s_openapi::ByteString(KEY.to_vec())).unwrap();
            Say::Json(200, json!({"metadata": {"name": "cosmos"}, "data": {"k": data}}))
        }
        _ => Say::Text(404, "404 page not found\n"),
    }
}

#[tokio::test]
async fn a_look_is_eight_lists_and_one_secret() {
    let setup = setup(&["shop"], |_, path, _| cluster(path));
    let view = setup.look().await.unwrap();

    let workload = view.workload(&workload()).unwrap();
    assert!(workload.consumes);
    assert_eq!(workload.rotation.as_deref(), Some("r-0"));
    let pods: Vec<_> = view
        .pods
        .iter()
        .map(|pod| (pod.name.as_str(), pod.deleting.is_some(), pod.mounted.clone(), pod.workload.is_some()))
        .collect();
    let mounted = Some(SecretVersion::new("v2"));
    assert_eq!(pods, [("old", true, None, true), ("new", false, mounted, true)]);
    assert_eq!(view.synced[0].fingerprint, Fingerprint::of(KEY, &Salt::new("5a17")));

    let lists = setup.wire.transcript().entries();
    let lists = lists.iter().filter(|entry| !entry.path.contains("watch=true")).count();
    assert_eq!(lists, 9);
    assert_eq!(setup.wire.transcript().count("GET", "argoproj.io"), 0, "no pod belongs to a Rollout");
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(watches(&setup), ["deployments", "pods"], "nothing of another kind gets the secret");
}

/// What is watched.
fn watches(setup: &Setup) -> Vec<String> {
    let entries = setup.wire.transcript().entries();
    let watched = entries.iter().filter(|entry| entry.path.contains("watch=true"));
    let mut kinds: Vec<String> = watched
        .map(|entry| entry.path.split('?').next().unwrap().rsplit('/').next().unwrap().to_owned())
        .collect();
    kinds.sort();
    kinds.dedup();
    kinds
}

fn owned(name: &str, api: &str, kind: &str, owner: &str) -> Value {
    let mut pod = pod(name, false);
    pod["metadata"]["ownerReferences"] =
        json!([{"apiVersion": api, "kind": kind, "name": owner, "uid": "o", "controller": true}]);
    pod
}

/// The same Deployment's pods, and consumers of other kinds beside it.
fn many_kinds(path: &str) -> Say {
    let collection = path.split('?').next().unwrap().rsplit('/').next().unwrap();
    let mut template = deployment()["spec"]["template"].clone();
    template["metadata"] = json!({});
    match collection {
        _ if path.contains("watch=true") => cluster(path),
        "statefulsets" => list(json!([{
            "metadata": {"name": "orders-db", "namespace": "shop", "uid": "s", "generation": 3,
                "labels": {"kustomize.toolkit.fluxcd.io/name": "apps"}},
            "spec": {"replicas": 2, "selector": {}, "serviceName": "x", "template": template,
                "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}},
            "status": {"observedGeneration": 3, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2,
                "currentRevision": "a", "updateRevision": "a"},
        }])),
        "daemonsets" => {
            template["spec"]["volumes"] = json!([]);
            list(json!([{
                "metadata": {"name": "agent", "namespace": "shop", "uid": "a", "generation": 1},
                "spec": {"selector": {}, "template": template},
                "status": {"observedGeneration": 1, "desiredNumberScheduled": 2, "currentNumberScheduled": 2,
                    "numberMisscheduled": 0, "numberReady": 2, "updatedNumberScheduled": 2, "numberAvailable": 2},
            }]))
        }
        "cronjobs" => {
            let from = json!({"containers": [{"name": "c", "envFrom": [{"secretRef": {"name": "cosmos"}}]}]});
            let job = |name: &str, spec: &Value, suspend: bool| {
                json!({"metadata": {"name": name, "namespace": "shop"}, "spec": {"schedule": "0 3 * * *",
                    "suspend": suspend, "jobTemplate": {"spec": {"template": {"spec": spec}}}}})
            };
            let other = json!({"containers": [{"name": "c"}]});
            list(json!([
                job("nightly", &from, false),
                job("mounts", &template["spec"], true),
                job("other", &other, false)
            ]))
        }
        "pods" => {
            let mut bare = pod("bare", false);
            bare["metadata"].as_object_mut().unwrap().remove("ownerReferences");
            let set = owned("orders-db-0", "apps/v1", "StatefulSet", "orders-db");
            let job = owned("nightly-28-x", "batch/v1", "Job", "nightly-28");
            let rollout = owned("canary-1-x", "apps/v1", "ReplicaSet", "canary-1");
            list(json!([pod("new", false), set, job, rollout, bare]))
        }
        "replicasets" => {
            let mut set = owned("canary-1", "argoproj.io/v1alpha1", "Rollout", "canary");
            set["metadata"]["uid"] = json!("o");
            set["spec"] = json!({"selector": {}});
            set["status"] = json!({"replicas": 1});
            list(json!([set]))
        }
        "rollouts" => list(json!([{
            "metadata": {"name": "canary", "namespace": "shop", "uid": "c", "generation": 2},
            "spec": {"replicas": 1, "workloadRef": {"kind": "Deployment", "name": "canary"}},
            "status": {"observedGeneration": "2", "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1},
        }])),
        "secretproviderclasses" => {
            let mut class = class();
            class["spec"]["parameters"]["objects"] =
                json!("array:\n  - |\n    objectName: CosmosDb-ApiKey\n    objectVersion: v1\n");
            list(json!([class]))
        }
        _ => cluster(path),
    }
}

#[tokio::test]
async fn consumers_of_every_kind_are_found_and_what_is_above_a_pod_is_told() {
    let setup = setup(&["shop"], |_, path, _| many_kinds(path));
    let view = setup.look().await.unwrap();
    let workloads: Vec<_> =
        view.workloads.iter().map(|workload| (workload.name.to_string(), workload.consumes)).collect();
    let expected = [
        ("shop/orders-deploy", true),
        ("shop/statefulset/orders-db", true),
        ("shop/daemonset/agent", false),
        ("shop/rollout/canary", true),
    ];
    assert_eq!(workloads, expected.map(|(name, consumes)| (name.to_owned(), consumes)));
    let set = &view.workloads[1];
    assert_eq!(set.strategy, Strategy::Ordinals { partition: 1 });
    assert_eq!(set.manager, Some(Manager::FluxKustomization("apps".into())));
    assert_eq!(set.pinned, Some(SecretVersion::new("v1")));

    let above = |pod: &PodView| match (&pod.workload, &pod.above) {
        (Some(workload), None) => workload.to_string(),
        (None, Some(object)) => object.to_string(),
        (None, None) => String::new(),
        (Some(_), Some(_)) => panic!("{pod:?}"),
    };
    let pods: Vec<_> = view.pods.iter().map(|pod| (pod.name.as_str(), above(pod))).collect();
    let expected = [
        ("new", "shop/orders-deploy"),
        ("orders-db-0", "shop/statefulset/orders-db"),
        ("nightly-28-x", "shop/job/nightly-28"),
        ("canary-1-x", "shop/rollout/canary"),
        ("bare", ""),
    ];
    assert_eq!(pods, expected.map(|(pod, above)| (pod, above.to_owned())));

    let pinned = Some(SecretVersion::new("v1"));
    let job = |name: &str, suspended, mounts, reads: &[&str]| CronJobView {
        namespace: "shop".into(),
        name: name.into(),
        suspended,
        mounts,
        reads: reads.iter().map(|name| (*name).to_owned()).collect(),
        pinned: pinned.clone(),
        left: None,
    };
    assert_eq!(
        view.cron_jobs,
        [job("nightly", false, false, &["cosmos"]), job("mounts", true, true, &[])],
        "a CronJob is found when no pod of it is there"
    );
    assert_eq!(view.synced.len(), 1);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(watches(&setup), ["deployments", "pods", "statefulsets"]);
}

#[tokio::test]
async fn a_configured_rollout_without_a_pod_is_there_and_a_cluster_without_argo_has_none() {
    let named = WorkloadName::of_kind(WorkloadKind::Rollout, "shop", "canary");
    let look = async |installed: bool| {
        let mut setup = setup(&["shop"], move |_, path, _| match path.contains("/rollouts?limit") {
            true if installed => list(json!([{
                "metadata": {"name": "canary", "namespace": "shop", "uid": "c", "generation": 2},
                "spec": {"replicas": 0, "template": deployment()["spec"]["template"]},
                "status": {"observedGeneration": "2"},
            }])),
            _ => cluster(path),
        });
        setup.clusters = setup.clusters.restarting([named.clone()]);
        setup.look().await.unwrap().workload(&named).map(|workload| (workload.desired, workload.consumes))
    };
    assert_eq!(look(true).await, Some((0, true)));
    assert_eq!(look(false).await, None);
}

pub fn asked(setup: &Setup) -> Vec<String> {
    let entries = setup.wire.transcript().entries();
    let asked = entries.iter().filter(|entry| !entry.path.contains("watch=true"));
    asked.map(|entry| entry.path.split('?').next().unwrap().rsplit('/').next().unwrap().to_owned()).collect()
}

/// The Deployment's own pods, where nothing is synced or pinned, and what else the server says of some path.
pub fn plain(path: &str) -> Say {
    let collection = path.split('?').next().unwrap().rsplit('/').next().unwrap();
    match collection {
        "secretproviderclasses" => {
            let mut class = class();
            class["spec"].as_object_mut().unwrap().remove("secretObjects");
            list(json!([class]))
        }
        _ => cluster(path),
    }
}

async fn holders(mut setup: Setup) -> (keyslot::model::ClusterView, Vec<String>) {
    setup.clusters = setup.clusters.restarting([workload()]);
    let view = setup.clusters.holders(&stamp(), &Salt::new("5a17"), None).await.unwrap();
    (view, asked(&setup))
}

#[tokio::test]
async fn kinds_that_nobody_restarts_and_that_no_pod_belongs_to_are_not_listed_where_they_can_hold_nothing() {
    let five = ["secretproviderclasses", "secrets", "deployments", "pods", "secretproviderclasspodstatuses"];
    let (view, asked) = holders(setup(&["shop"], |_, path, _| plain(path))).await;
    assert_eq!((view.workloads.len(), view.pods.len()), (1, 3), "every pod of what is restarted");
    assert_eq!(asked, five);

    let (view, asked) = holders(setup(&["shop"], |_, path, _| many_kinds(path))).await;
    assert_eq!(
        (view.workloads.len(), view.cron_jobs.len()),
        (4, 2),
        "a pinned class: whoever may start with it"
    );
    assert!(asked.contains(&"daemonsets".to_owned()), "{asked:?}");

    let of_set = |path: &str| {
        let collection = path.split('?').next().unwrap().rsplit('/').next().unwrap();
        match collection {
            "pods" if !path.contains("watch=true") => list(json!([
                owned("orders-db-0", "apps/v1", "StatefulSet", "orders-db"),
                owned("nightly-28-x", "batch/v1", "Job", "nightly-28")
            ])),
            "secretproviderclasses" => plain(path),
            _ => many_kinds(path),
        }
    };
    let (view, asked) = holders(setup(&["shop"], move |_, path, _| of_set(path))).await;
    assert_eq!(asked[5..], ["statefulsets", "cronjobs"], "what the pods belong to");
    assert!(view.workloads.iter().any(|one| one.name.kind == WorkloadKind::StatefulSet && one.consumes));

    let (view, asked) = holders(setup(&["shop"], |_, path, _| cluster(path))).await;
    assert_eq!(view.synced.len(), 1);
    assert!(
        asked.contains(&"cronjobs".to_owned()),
        "who reads a synced Secret next is told by name: {asked:?}"
    );
}

/// The Deployment after its restart, when its controller has come to that.
pub fn restarted(observed: i64) -> Value {
    let mut after = deployment();
    after["metadata"]["generation"] = json!(8);
    after["metadata"]["resourceVersion"] = json!("1001");
    after["status"]["observedGeneration"] = json!(observed);
    after
}

/// A vault whose version is younger than the pods that are there at first.
pub fn vault(version: &str) -> VaultView {
    VaultView {
        version: SecretVersion::new(version),
        created: "2026-11-20T08:30:00Z".parse().unwrap(),
        enabled: true,
        expires: None,
        fingerprint: Fingerprint::of(KEY, &Salt::new("5a17")),
    }
}

/// A pod of a generation, by the hash of its template.
pub fn pod_of(name: &str, deployment: &str, hash: &str, version: &str) -> Value {
    let mut pod = pod(name, false);
    pod["metadata"]["labels"]["pod-template-hash"] = json!(hash);
    pod["metadata"]["ownerReferences"][0]["name"] = json!(format!("{deployment}-{hash}"));
    pod["metadata"]["resourceVersion"] = json!(version);
    pod
}

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

/// A stamp is restarted, both watches tell of the end, and these happenings were heard; with how much had been asked by
/// then.
pub async fn ended(
    pods: Vec<String>,
    others: impl Fn(&str) -> Say + Send + Sync + 'static,
    named: Vec<WorkloadName>,
    wanted: &[Happening],
) -> (Setup, usize) {
    let (speak, may) = watch::channel(false);
    let end = json!({"type": "MODIFIED", "object": restarted(8)}).to_string();
    let mut setup = setup(&["shop"], move |method, path, _| match path {
        _ if method == "PATCH" => Say::Json(200, restarted(7)),
        _ if path.contains("/deployments?watch=true") => Say::Later(may.clone(), vec![end.clone()]),
        _ if path.contains("/pods?watch=true") => Say::Later(may.clone(), pods.clone()),
        _ => others(path),
    });
    setup.clusters = setup.clusters.restarting(named);
    setup.clusters.holders(&stamp(), &Salt::new("5a17"), Some(&vault("v2"))).await.unwrap();
    while !setup.clusters.follows(&stamp()) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(matches!(setup.restart().await, Effect::Applied(8)));
    let before = asked(&setup).len();
    speak.send(true).unwrap();
    let mut heard = BTreeSet::new();
    while !wanted.iter().all(|one| heard.contains(one)) {
        heard.extend(setup.clusters.changed().await.into_iter().map(|changed| changed.what));
    }
    (setup, before)
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
    setup.clusters.changed().await;
    let before = asked(&setup).len();
    let told = Glance::Told(Happening::Rollout);
    let (view, _) = setup.clusters.glance(&stamp(), &Salt::new("5a17"), told).await.unwrap();
    assert!(view.workloads[0].observed_generation == 8, "that much was told");
    assert_eq!(asked(&setup)[before..], ["pods", "secretproviderclasspodstatuses"]);
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
        _ => plain(path),
    });
    setup.clusters = setup.clusters.restarting([workload()]);
    setup.clusters.holders(&stamp(), &Salt::new("5a17"), Some(&vault("v2"))).await.unwrap();
    while !setup.clusters.follows(&stamp()) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
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
}

#[tokio::test]
async fn the_workloads_alone_are_one_list_that_is_dated_by_itself() {
    let mut setup = setup(&["shop"], |_, path, _| match path.contains("watch=true") {
        true => Say::Lines(Vec::new()),
        false => plain(path),
    });
    setup.clusters = setup.clusters.restarting([workload()]);
    let whole = setup.look().await.unwrap();
    assert_eq!(whole.workloads_seen, None, "as the rest");
    while !setup.clusters.follows(&stamp()) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let (before, at) = (asked(&setup).len(), setup.clock.now());
    let (view, age) = setup.clusters.glance(&stamp(), &Salt::new("5a17"), Glance::Workloads).await.unwrap();
    assert_eq!(asked(&setup)[before..], ["deployments"]);
    assert!(view.workloads_seen.is_some_and(|seen| seen >= at && seen <= setup.clock.now()), "{view:?}");
    let seen = Seen::known(setup.clock.now() - SignedDuration::try_from(age).unwrap(), view);
    assert!(seen.workloads_at() >= at && seen.at <= at, "the rest is as old as it was");
}

#[tokio::test]
async fn a_kind_that_may_not_be_listed_is_never_taken_for_none_of_it() {
    const CSI: &str = "secrets-store.csi.x-k8s.io";
    for (plural, group) in [
        ("deployments", "apps"),
        ("statefulsets", "apps"),
        ("daemonsets", "apps"),
        ("replicasets", "apps"),
        ("rollouts", "argoproj.io"),
        ("cronjobs", "batch"),
        ("pods", ""),
        ("secretproviderclasses", CSI),
        ("secretproviderclasspodstatuses", CSI),
    ] {
        let setup = setup(&["shop"], move |_, path, _| {
            if path.contains(&format!("/{plural}?")) {
                let message = format!(
                    r#"{plural}.{group} is forbidden: User "ci" cannot list resource "{plural}" in API group "{group}""#
                );
                return status(403, "Forbidden", &message);
            }
            many_kinds(path)
        });
        let fault = setup.look().await.expect_err(plural);
        assert_eq!(fault.kind, Blindness::Forbidden, "{plural}");
        assert!(fault.to_string().contains(&format!(r#"cannot list resource "{plural}""#)), "{fault}");
        assert!(fault.remedy.contains("grant the right"), "{fault}");
    }
}

#[tokio::test]
async fn quotas_and_autoscalers_that_may_not_be_listed_are_unknown_and_the_rest_is_known() {
    let lists = |path: &str| {
        let quota = json!({"metadata": {"name": "team", "namespace": "shop"}, "spec": {"hard": {"pods": "4"}},
            "status": {"hard": {"pods": "4"}, "used": {"pods": "3"}}});
        match path.split('?').next().unwrap().rsplit('/').next().unwrap() {
            "resourcequotas" => list(json!([quota])),
            "horizontalpodautoscalers" => list(json!([])),
            _ => cluster(path),
        }
    };
    let whole = setup(&["shop"], move |_, path, _| lists(path));
    let room = whole.clusters.room(&stamp()).await.unwrap();
    assert_eq!(room.quotas.unwrap()[0].lines[0].resource, "pods");
    assert_eq!(whole.wire.transcript().entries().len(), 2, "one list each");
    for (refused, quotas, autoscalers) in
        [("resourcequotas", false, true), ("horizontalpodautoscalers", true, false)]
    {
        let setup = setup(&["shop"], move |_, path, _| match path.contains(refused) {
            true => status(403, "Forbidden", &format!("cannot list resource \"{refused}\"")),
            false => lists(path),
        });
        let room = setup.clusters.room(&stamp()).await.unwrap();
        assert_eq!((room.quotas.is_ok(), room.autoscalers.is_ok()), (quotas, autoscalers));
        let blind = room.quotas.err().or(room.autoscalers.err()).unwrap();
        assert!(blind.why.contains(refused) && blind.why.contains("grant the right"), "{}", blind.why);
    }
    let ill = setup(&["shop"], |_, _, _| status(500, "InternalError", "etcd is away"));
    assert!(ill.clusters.room(&stamp()).await.is_err(), "what may pass is asked for again");
}

#[tokio::test]
async fn each_kind_is_patched_where_it_lives() {
    for (kind, plural) in [
        (WorkloadKind::Deployment, "deployments"),
        (WorkloadKind::StatefulSet, "statefulsets"),
        (WorkloadKind::DaemonSet, "daemonsets"),
        (WorkloadKind::Rollout, "rollouts"),
    ] {
        let setup = setup(&["shop"], |_, _, _| Say::Json(200, json!({"metadata": {"generation": 8}})));
        let name = WorkloadName::of_kind(kind, "shop", "orders");
        let permit = permit(setup.clock.as_ref(), 86_400);
        let effect = setup.clusters.restart(&stamp(), &name, &mark(), &permit).await;
        assert_eq!(effect, Effect::Applied(8));
        let group = if kind == WorkloadKind::Rollout { "argoproj.io/v1alpha1" } else { "apps/v1" };
        let path = format!("/apis/{group}/namespaces/shop/{plural}/orders?fieldManager=kubectl-rollout");
        assert_eq!(setup.wire.transcript().count("PATCH", &path), 1);
    }
}

#[tokio::test]
async fn pages_are_followed_and_a_list_that_expires_is_begun_again() {
    let expired = Mutex::new(false);
    let setup = setup(&["shop"], move |_, path, _| match path {
        "/apis/apps/v1/namespaces/shop/deployments?limit=250" => Say::Json(
            200,
            json!({"metadata": {"resourceVersion": "9", "continue": "a+b/c="}, "items": [deployment()]}),
        ),
        "/apis/apps/v1/namespaces/shop/deployments?limit=250&continue=a%2Bb%2Fc%3D" => {
            if !std::mem::replace(&mut *expired.lock().unwrap(), true) {
                return status(410, "Expired", "The provided continue parameter is too old");
            }
            let mut second = deployment();
            second["metadata"]["name"] = json!("second-deploy");
            list(json!([second]))
        }
        _ => cluster(path),
    });
    let view = setup.look().await.unwrap();
    let names: Vec<_> = view.workloads.iter().map(|workload| workload.name.name.as_str()).collect();
    assert_eq!(names, ["orders-deploy", "second-deploy"]);
}

#[tokio::test]
async fn pages_without_an_end_are_no_list() {
    let setup = setup(&["shop"], move |_, path, _| match path.contains("/deployments?limit") {
        true => {
            Say::Json(200, json!({"metadata": {"resourceVersion": "9", "continue": "again"}, "items": []}))
        }
        false => cluster(path),
    });
    let fault = setup.look().await.unwrap_err();
    assert_eq!(fault.kind, Blindness::Unintelligible);
    assert!(fault.why.contains("the list of deployments has more than 1000 pages"), "{fault}");
}

#[tokio::test]
async fn a_server_that_has_moved_is_found_where_the_kubeconfig_says_it_is_now() {
    let setup = setup(&["shop"], |_, path, _| cluster(path));
    setup.look().await.unwrap();
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let there = std::fs::read_to_string(&setup.kubeconfig).unwrap();
    let server = setup.wire.listeners()["stamp"].to_string();
    std::fs::write(&setup.kubeconfig, there.replace(&server, &nobody.to_string())).unwrap();
    // Another process, or this one after its first failure.
    let moved = clusters(&setup.kubeconfig, &["shop"], setup.clock.clone());
    let fault = moved.look(&stamp(), &Salt::new("5a17")).await.unwrap_err();
    assert_eq!(fault.kind, Blindness::Unreachable, "{fault}");
    std::fs::write(&setup.kubeconfig, there).unwrap();
    assert!(moved.look(&stamp(), &Salt::new("5a17")).await.is_ok());
}

/// The driver refreshes files and status with what the class says by then; the process keeps what it has read.
#[tokio::test]
async fn pods_that_began_before_their_class_said_what_it_says_are_told() {
    let class_of = |changed: &str| {
        let mut class = class();
        class["metadata"]["generation"] = json!(2);
        class["metadata"]["creationTimestamp"] = json!("2026-11-01T08:00:00Z");
        class["metadata"]["managedFields"] =
            json!([{"time": changed, "fieldsV1": {"f:spec": {"f:parameters": {}}}}]);
        class
    };
    for (changed, overtaken) in [("2026-11-20T08:30:00Z", true), ("2026-11-01T09:00:00Z", false)] {
        let class = class_of(changed);
        let setup = setup(&["shop"], move |_, path, _| with_class(Some(class.clone()), path));
        let view = setup.look().await.unwrap();
        let at: Option<&Timestamp> = view.overtaken.values().next();
        assert_eq!(
            at.map(ToString::to_string),
            overtaken.then(|| changed.to_owned()),
            "{:?}",
            view.overtaken
        );
        let named = |uid: &String| view.pods.iter().any(|pod| pod.uid == *uid && pod.gets_secret());
        assert!(view.overtaken.keys().all(named), "{:?}", view.overtaken);
    }
}

#[tokio::test]
async fn without_the_drivers_api_pods_that_mount_its_volumes_are_not_taken_for_none() {
    let without = |path: &str| {
        if path.contains("secrets-store.csi.x-k8s.io") {
            Say::Text(404, "404 page not found\n")
        } else {
            cluster(path)
        }
    };
    let fault = setup(&["shop"], move |_, path, _| without(path)).look().await.unwrap_err();
    assert_eq!(fault.kind, Blindness::Unintelligible);
    assert!(fault.to_string().contains("2 of its pods mount volumes of that driver"), "{fault}");
    let nobody = setup(&["shop"], move |_, path, _| match path.contains("/pods?limit") {
        true => list(json!([])),
        false => without(path),
    });
    let view = nobody.look().await.unwrap();
    assert!(!view.workloads[0].consumes && view.pods.is_empty() && view.synced.is_empty());
    assert_eq!(view.workloads[0].lacks.as_deref(), Some("kv"), "a new pod could not start");
}

/// The cluster with another class in the place of the first.
fn with_class(class: Option<Value>, path: &str) -> Say {
    match path.split('?').next().unwrap().ends_with("/secretproviderclasses") {
        true => list(class.into_iter().collect()),
        false => cluster(path),
    }
}

async fn held(mut setup: Setup) -> Vec<(String, Holding)> {
    setup.clusters = setup.clusters.restarting([workload()]);
    let view = setup.clusters.holders(&stamp(), &Salt::new("5a17"), None).await.unwrap();
    view.pods.into_iter().map(|pod| (pod.name, pod.holding)).collect()
}

#[tokio::test]
async fn a_pod_holds_what_it_got_whatever_became_of_its_class() {
    let unclear = |fate| Holding::Unclear(LostClass { name: "kv".to_owned(), fate });
    let named = |holdings: [Holding; 3]| -> Vec<(String, Holding)> {
        ["old", "new", "else"].into_iter().map(str::to_owned).zip(holdings).collect()
    };
    // Of the terminating one there is only the status of an earlier pod.
    let gone = held(setup(&["shop"], |_, path, _| with_class(None, path))).await;
    assert_eq!(gone, named([unclear(ClassFate::Absent), Holding::Mounted, Holding::Named]));

    let edited = |at: &str, created: &str| {
        let mut class = class();
        class["spec"]["parameters"]["objects"] = json!("array:\n  - |\n    objectName: Other\n");
        class["metadata"]["generation"] = json!(2);
        class["metadata"]["creationTimestamp"] = json!(created);
        class["metadata"]["managedFields"] =
            json!([{"time": at, "fieldsV1": {"f:spec": {"f:parameters": {}}}}]);
        class
    };
    let since = edited("2026-11-20T08:30:00Z", "2026-11-01T08:00:00Z");
    let changed = held(setup(&["shop"], move |_, path, _| with_class(Some(since.clone()), path))).await;
    assert_eq!(changed, named([unclear(ClassFate::Changed), Holding::Mounted, Holding::Named]));

    let before = edited("2026-11-20T07:30:00Z", "2026-11-01T08:00:00Z");
    let began_with_it = setup(&["shop"], move |_, path, _| with_class(Some(before.clone()), path));
    let began_with_it = held(began_with_it).await;
    assert_eq!(began_with_it, named([Holding::Named, Holding::Named, Holding::Named]));

    let reads = edited("2026-11-20T07:30:00Z", "2026-11-01T08:00:00Z");
    let from_secret = setup(&["shop"], move |_, path, _| match path.contains("/pods?limit") {
        true => {
            let mut pod = pod("env", false);
            pod["metadata"].as_object_mut().unwrap().remove("ownerReferences");
            pod["spec"] =
                json!({"containers": [{"name": "c", "envFrom": [{"secretRef": {"name": "cosmos"}}]}]});
            list(json!([pod]))
        }
        false => with_class(Some(reads.clone()), path),
    });
    assert_eq!(held(from_secret).await, [("env".to_owned(), unclear(ClassFate::Filled))]);
}

#[tokio::test]
async fn a_namespace_that_does_not_exist_is_told_from_an_empty_one() {
    let empty = |_: &str, path: &str, _: &str| match path {
        "/api/v1/namespaces/shop" => Say::Json(200, json!({"metadata": {"name": "shop"}})),
        "/api/v1/namespaces/nosuch" => status(404, "NotFound", r#"namespaces "nosuch" not found"#),
        _ => list(json!([])),
    };
    assert!(setup(&["shop"], empty).look().await.unwrap().workloads.is_empty());
    let fault = setup(&["nosuch"], empty).look().await.unwrap_err();
    assert_eq!(fault.kind, Blindness::Missing);
    assert_eq!(fault.subject, "cluster of stamp eastus");
    assert!(fault.to_string().contains("find the namespace nosuch"), "{fault}");

    // Beside one that is there and full, too; and whoever may not ask is believed.
    for (named, may, missing) in [("nosuch", true, true), ("nosuch", false, false), ("empty", true, false)] {
        let beside = setup(&["shop", named], move |_, path, _| match path {
            "/api/v1/namespaces/nosuch" if may => status(404, "NotFound", r#"namespaces "nosuch" not found"#),
            "/api/v1/namespaces/empty" => Say::Json(200, json!({"metadata": {"name": "empty"}})),
            "/api/v1/namespaces/nosuch" => status(403, "Forbidden", "namespaces is forbidden"),
            "/api/v1/namespaces/shop" => panic!("somebody lives there"),
            _ => cluster(path),
        });
        let looked = beside.look().await;
        let kind = looked.as_ref().err().map(|fault| fault.kind);
        assert_eq!(kind, missing.then_some(Blindness::Missing), "{named} {may}: {looked:?}");
    }
}

#[tokio::test]
async fn several_namespaces_are_one_list_where_allowed_and_one_each_where_not() {
    let wide = setup(&["shop", "other"], |_, path, _| cluster(path));
    assert_eq!(wide.look().await.unwrap().workloads.len(), 1);
    assert_eq!(wide.wire.transcript().count("GET", "/apis/apps/v1/deployments?limit"), 1);
    assert_eq!(wide.wire.transcript().count("GET", "/namespaces/shop/deployments?limit"), 0);

    let narrow = setup(&["shop", "other"], |_, path, _| {
        if path.contains("/namespaces/other/") {
            list(json!([]))
        } else if path.contains("/namespaces/") {
            cluster(path)
        } else {
            status(403, "Forbidden", "cannot list at the cluster scope")
        }
    });
    assert_eq!(narrow.look().await.unwrap().pods.len(), 2);
    assert_eq!(narrow.wire.transcript().count("GET", "/namespaces/shop/deployments?limit"), 1);
}

/// A server that lists nothing for all namespaces at once, and of two that there are only one.
fn narrow(path: &str, namespaces: bool) -> Say {
    let (bare, _) = path.split_once('?').unwrap_or((path, ""));
    match bare {
        "/api/v1/namespaces" if namespaces => {
            let named = |name: &str| json!({"metadata": {"name": name}});
            list(json!([named("closed"), named("shop")]))
        }
        _ if bare.contains("/namespaces/shop/") => cluster(path),
        _ => status(403, "Forbidden", r#"pods is forbidden: User "ci" cannot list resource "pods""#),
    }
}

#[tokio::test]
async fn where_not_all_namespaces_may_be_listed_those_that_may_be_are_and_the_others_are_told() {
    let mut all = setup(&[], |_, path, _| narrow(path, true));
    all.clusters = all.clusters.restarting([workload()]);
    let view = all.look().await.unwrap();
    assert_eq!(view.pods.len(), 3);
    let extent = |refused: &[&str]| Extent {
        namespaces: vec!["shop".to_owned()],
        refused: refused.iter().map(|name| (*name).to_owned()).collect(),
    };
    assert_eq!(view.extent, Some(extent(&["closed"])));
    let glance = all.clusters.glance(&stamp(), &Salt::new("5a17"), Glance::Pods).await.unwrap();
    assert_eq!((glance.0.pods.len(), glance.0.extent), (3, Some(extent(&["closed"]))));

    // Where the namespaces may not be listed either, those of the configured workloads are.
    let mut own = setup(&[], |_, path, _| narrow(path, false));
    own.clusters = own.clusters.restarting([workload()]);
    assert_eq!(own.look().await.unwrap().extent, Some(extent(&[])));

    // A right that is missing where a configured workload is, is missing.
    let mut closed = setup(&[], |_, path, _| narrow(path, true));
    closed.clusters = closed.clusters.restarting([workload(), WorkloadName::new("closed", "billing")]);
    let fault = closed.look().await.unwrap_err();
    assert_eq!(fault.kind, Blindness::Forbidden);
    assert!(fault.remedy.contains("grant the right"), "{fault}");

    let configured = setup(&["shop"], |_, path, _| cluster(path)).look().await.unwrap();
    assert_eq!(configured.extent, Some(extent(&[])));
    assert_eq!(setup(&[], |_, path, _| cluster(path)).look().await.unwrap().extent, None);
}

#[tokio::test]
async fn a_missing_right_is_named_and_renewed_credentials_are_picked_up() {
    let setup = setup(&["shop"], |_, path, bearer| {
        if bearer != "Bearer renewed" {
            return status(401, "Unauthorized", "Unauthorized");
        }
        if path.starts_with("/api/v1/namespaces/shop/pods") {
            let message = r#"pods is forbidden: User "ci" cannot list resource "pods" in API group "" in the namespace "shop""#;
            return status(403, "Forbidden", message);
        }
        cluster(path)
    });
    let fault = setup.look().await.unwrap_err();
    assert_eq!(fault.kind, Blindness::Forbidden);
    assert!(fault.remedy.contains("new credentials"), "{fault}");

    write_kubeconfig(&setup.kubeconfig, &setup.wire, "renewed");
    let fault = setup.look().await.unwrap_err();
    assert_eq!(fault.kind, Blindness::Forbidden);
    assert!(fault.to_string().contains(r#"cannot list resource "pods""#), "{fault}");
}

#[tokio::test]
async fn credentials_that_end_between_two_restarts_are_read_anew_and_the_refusal_passes() {
    let setup = setup(&["shop"], |method, _, bearer| match (method, bearer) {
        ("PATCH", "Bearer renewed") => {
            Say::Json(200, json!({"kind": "Deployment", "metadata": {"generation": 8}}))
        }
        ("PATCH", _) => status(401, "Unauthorized", "Unauthorized"),
        other => panic!("{other:?}"),
    });
    let fault = crate::runs::refused(setup.restart().await);
    assert_eq!(fault.kind, Blindness::Throttled, "it is tried again: {fault}");
    assert!(fault.remedy.contains("new credentials"), "{fault}");
    write_kubeconfig(&setup.kubeconfig, &setup.wire, "renewed");
    assert_eq!(setup.restart().await, Effect::Applied(8));
    assert_eq!(setup.wire.transcript().count("PATCH", "orders-deploy"), 2);
}

#[tokio::test]
async fn a_restart_is_one_patch_whatever_comes_back() {
    type Expect = fn(&Effect<i64>) -> bool;
    let cases: [(u16, &str, Expect); 8] = [
        (200, "", |effect| matches!(effect, Effect::Applied(8))),
        (403, "Forbidden", |effect| matches!(effect, Effect::Refused(_))),
        (404, "NotFound", |effect| matches!(effect, Effect::Refused(_))),
        (409, "Conflict", |effect| matches!(effect, Effect::Refused(_))),
        (422, "Invalid", |effect| matches!(effect, Effect::Refused(_))),
        (500, "InternalError", |effect| matches!(effect, Effect::Unknown(_))),
        (503, "ServiceUnavailable", |effect| matches!(effect, Effect::Unknown(_))),
        (504, "Timeout", |effect| matches!(effect, Effect::Unknown(_))),
    ];
    for (code, reason, expected) in cases {
        let setup = setup(&["shop"], move |method, path, _| {
            assert_eq!(method, "PATCH");
            assert_eq!(
                path,
                "/apis/apps/v1/namespaces/shop/deployments/orders-deploy?fieldManager=kubectl-rollout"
            );
            if code == 200 {
                Say::Json(200, json!({"kind": "Deployment", "metadata": {"generation": 8}}))
            } else {
                status(code, reason, "no")
            }
        });
        let effect = setup.restart().await;
        assert!(expected(&effect), "{code}: {effect:?}");
        assert_eq!(setup.wire.transcript().entries().len(), 1, "{code} must not be repeated");
    }
}

#[tokio::test]
async fn what_is_not_known_to_have_arrived_is_not_called_sent_and_the_reverse() {
    let setup = setup(&["shop"], |_, _, _| Say::Json(200, json!({"metadata": {"generation": 8}})));
    let late = permit(setup.clock.as_ref(), -1);
    let effect = setup.clusters.restart(&stamp(), &workload(), &mark(), &late).await;
    assert!(matches!(&effect, Effect::NotSent(fault) if fault.why.contains("was good until")), "{effect:?}");
    assert!(setup.wire.transcript().entries().is_empty());

    for trouble in [Trouble::DropRequest, Trouble::DropAnswer] {
        setup.wire.faults().add(WireFault::once(Which::default(), trouble));
        let effect = setup.restart().await;
        assert!(matches!(effect, Effect::Unknown(_)), "{effect:?}");
    }

    let Setup { wire, clusters, clock, .. } = setup;
    wire.shutdown().await;
    let permit = permit(clock.as_ref(), 86_400);
    let effect = clusters.restart(&stamp(), &workload(), &mark(), &permit).await;
    assert!(matches!(&effect, Effect::NotSent(fault) if fault.kind == Blindness::Unreachable), "{effect:?}");
}

#[tokio::test]
async fn a_read_whose_connection_ended_is_repeated_once_and_at_once() {
    let setup = setup(&["shop"], |_, path, _| cluster(path));
    let classes = || Which { path: "/secretproviderclasses".to_owned(), ..Which::default() };
    let ends = || setup.wire.faults().add(WireFault::once(classes(), Trouble::DropRequest));
    ends();
    setup.look().await.expect("a server that closed a connection is not away");
    ends();
    ends();
    let fault = setup.look().await.unwrap_err();
    assert_eq!(fault.kind, Blindness::Unreachable, "twice is no accident: {fault}");
}

#[tokio::test]
async fn a_deployment_that_was_seen_paused_is_not_restarted() {
    let setup = setup(&["shop"], |_, path, _| {
        if path.contains("/deployments?limit") {
            let mut paused = deployment();
            paused["spec"]["paused"] = json!(true);
            return list(json!([paused]));
        }
        cluster(path)
    });
    setup.look().await.unwrap();
    let effect = setup.restart().await;
    assert!(matches!(&effect, Effect::Refused(fault) if fault.why.contains("paused")), "{effect:?}");
    assert_eq!(setup.wire.transcript().count("PATCH", ""), 0);
}

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
    assert_eq!(transcript.entries().len(), before, "nobody watches any more");
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

/// Collects what is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test(flavor = "current_thread")]
async fn neither_token_nor_key_is_ever_logged() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);

    let setup = setup(&["shop"], |method, path, _| match method {
        "PATCH" => status(403, "Forbidden", "no"),
        // A body that cannot be parsed must not be quoted either.
        _ if path.ends_with("/secrets/cosmos") => {
            let data = serde_json::to_value(k8s_openapi::ByteString(KEY.to_vec())).unwrap();
            Say::Json(200, json!({"metadata": 7, "data": {"k": data}}))
        }
        _ => cluster(path),
    });
    let fault = setup.look().await.unwrap_err();
    let effect = setup.restart().await;
    std::fs::write(&setup.kubeconfig, format!("users: [{{name: x, user: {{token: {TOKEN}}} ]: broken"))
        .unwrap();
    let broken = clusters(&setup.kubeconfig, &["shop"], setup.clock.clone());
    let unreadable = broken.look(&stamp(), &Salt::new("5a17")).await.unwrap_err();

    let mut said = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(said.len() > 1000, "the libraries below do log: {said}");
    said.push_str(&format!("{fault} {fault:?} {effect:?} {unreadable} {unreadable:?}"));
    let key = serde_json::to_value(k8s_openapi::ByteString(KEY.to_vec())).unwrap();
    for secret in [TOKEN, std::str::from_utf8(KEY).unwrap(), key.as_str().unwrap()] {
        let at = said.find(secret).map(|at| &said[at.saturating_sub(200)..at]);
        assert_eq!(at, None, "{secret} was logged");
    }
}

/// Plugins take secrets as arguments and variables, and kubeconfigs say which.
#[tokio::test]
async fn what_a_credential_plugin_says_is_told_and_never_how_it_was_called() {
    let setup = setup(&["shop"], |_, path, _| cluster(path));
    let good = std::fs::read_to_string(&setup.kubeconfig).unwrap();
    let token = good.lines().find(|line| line.contains("token:")).unwrap();
    let indent = &token[..token.len() - token.trim_start().len()];
    let plugin = format!(
        "{indent}exec: {{apiVersion: client.authentication.k8s.io/v1beta1, command: sh, interactiveMode: IfAvailable, \
         args: [\"-c\", \"echo boom >&2; exit 1\", CANARY-ARGUMENT], env: [{{name: P, value: CANARY-VARIABLE}}]}}"
    );
    std::fs::write(&setup.kubeconfig, good.replace(token, &plugin)).unwrap();
    let clusters = clusters(&setup.kubeconfig, &["shop"], setup.clock.clone());
    let fault = clusters.look(&stamp(), &Salt::new("5a17")).await.unwrap_err();
    assert!(fault.why.contains("boom"), "{fault}");
    assert!(!format!("{fault} {fault:?}").contains("CANARY"), "{fault:?}");
}

/// As one that opens a browser and waits.
#[tokio::test]
async fn a_credential_plugin_that_hangs_is_named_and_not_waited_for_longer_than_it_may_take() {
    use std::os::unix::fs::PermissionsExt as _;
    let setup = setup(&["shop"], |_, path, _| cluster(path));
    let program = setup.kubeconfig.with_file_name("corp-login");
    std::fs::write(&program, "#!/bin/sh\nexec sleep 3\n").unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let good = std::fs::read_to_string(&setup.kubeconfig).unwrap();
    let token = good.lines().find(|line| line.contains("token:")).unwrap();
    let indent = &token[..token.len() - token.trim_start().len()];
    let plugin = format!(
        "{indent}exec: {{apiVersion: client.authentication.k8s.io/v1beta1, command: {}, interactiveMode: Never, \
         args: [CANARY-ARGUMENT]}}",
        program.display()
    );
    std::fs::write(&setup.kubeconfig, good.replace(token, &plugin)).unwrap();
    let clusters = clusters(&setup.kubeconfig, &["shop"], setup.clock.clone());
    let clusters = clusters.waiting(Duration::from_millis(500));
    let fault = clusters.look(&stamp(), &Salt::new("5a17")).await.unwrap_err();
    assert_eq!(fault.kind, Blindness::Forbidden);
    // Waited for, it would have ended without credentials, and other words.
    assert!(fault.why.contains("plugin (corp-login) gave no answer within 0.5 s"), "{fault}");
    assert!(!format!("{fault} {fault:?}").contains("CANARY"), "{fault:?}");
}

#[tokio::test]
async fn kubeconfigs_that_cannot_be_used_say_why() {
    let setup = setup(&["shop"], |_, path, _| cluster(path));
    let good = std::fs::read_to_string(&setup.kubeconfig).unwrap();
    let cases = [
        (good.replace("current-context: stamp", ""), "no current context"),
        (good.replace("current-context: stamp", "current-context: nosuch"), "no context nosuch"),
        (good.replace("    cluster: stamp", "    cluster: nosuch"), "no cluster nosuch"),
        (
            good.replace("    server:", "    insecure-skip-tls-verify: true\n    server:"),
            "insecure-skip-tls-verify",
        ),
        (good.replace("    token:", "    client-certificate-data: AAAA\n    token:"), "needs both"),
        (good.replace("certificate-authority-data: ", "certificate-authority-data: x*"), "base64"),
    ];
    for (text, why) in cases {
        std::fs::write(&setup.kubeconfig, text).unwrap();
        let clusters = clusters(&setup.kubeconfig, &["shop"], setup.clock.clone());
        let fault = clusters.look(&stamp(), &Salt::new("5a17")).await.unwrap_err();
        assert!(fault.why.contains(why), "{why}: {fault}");
    }
    std::fs::remove_file(&setup.kubeconfig).unwrap();
    let clusters = clusters(&setup.kubeconfig, &["shop"], setup.clock.clone());
    let fault = clusters.look(&stamp(), &Salt::new("5a17")).await.unwrap_err();
    assert!(fault.to_string().contains("kubeconfig of cluster of stamp eastus"), "{fault}");
    assert!(setup.wire.transcript().entries().is_empty(), "nothing was sent");
}

/// Looks at three dozen clusters that take connections and say nothing, four calls at a time.
async fn wait_for_silence(held: Duration) -> Duration {
    let setup = setup(&["shop"], |_, _, _| Say::Text(404, "no"));
    let listeners: Vec<_> = (0..36).map(|_| std::net::TcpListener::bind("127.0.0.1:0").unwrap()).collect();
    let dir = tempfile::tempdir().unwrap();
    let mut stamps = BTreeMap::new();
    for (number, listener) in listeners.iter().enumerate() {
        let path = dir.path().join(format!("kubeconfig-{number}"));
        let server = format!("https://{}", listener.local_addr().unwrap());
        let config = Kubeconfig {
            name: "stamp",
            server: &server,
            ca_pem: setup.wire.ca_pem(),
            user: User::Token(TOKEN),
            namespace: "shop",
        };
        std::fs::write(&path, config.render()).unwrap();
        let place = ClusterPlace::Kubeconfig(KubeconfigPlace { path, context: None });
        let cluster = StampCluster { place, vault: None, namespaces: vec!["shop".to_owned()] };
        stamps.insert(StampName::new(format!("stamp-{number:02}")), cluster);
    }
    let names: Vec<StampName> = stamps.keys().cloned().collect();
    let settings = HttpSettings {
        proxies: Proxies::Off,
        connect_timeout: Duration::from_secs(1),
        ..HttpSettings::default()
    };
    let clusters =
        Kubernetes::new("CosmosDb-ApiKey", stamps, settings, setup.clock.clone()).taking(Turns::new(4, held));
    let salt = Salt::new("00");
    let begun = std::time::Instant::now();
    let looks = futures::future::join_all(names.iter().map(|name| clusters.look(name, &salt))).await;
    for (name, look) in names.iter().zip(looks) {
        assert_eq!(look.unwrap_err().kind, Blindness::Unreachable, "{name}");
    }
    begun.elapsed()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fleet_that_never_answers_is_waited_for_side_by_side() {
    let (side_by_side, in_batches) =
        tokio::join!(wait_for_silence(Duration::from_millis(50)), wait_for_silence(Duration::from_secs(60)));
    assert!(in_batches > Duration::from_secs(8), "nine batches of a second: {in_batches:?}");
    assert!(side_by_side < Duration::from_secs(5), "{side_by_side:?}");
}
