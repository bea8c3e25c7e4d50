//! The Kubernetes adapter against an API server that says what a script tells it to say.

mod between;
mod classes;
mod credentials;
mod kinds;
mod lists;
mod mounts;
mod namespaces;
mod restart;
mod rights;
mod streams;
mod watches;

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
    Blindness, ClassFate, CronJobView, Extent, Fingerprint, Holding, LostClass, Manager, OtherMount, PodView,
    Right, RightView, RotationId, Salt, SecretVersion, Seen, StampName, Strategy, VaultView, WorkloadKind,
    WorkloadName,
};
use keyslot::ports::{Clock, Clusters, Effect, Glance, Happening, Permit, Recall, RestartMark};
use keyslot::sim::wire::kubernetes::{Kubeconfig, User};
use keyslot::sim::wire::{Trouble, Which, Wire, WireBuilder, WireClock, WireFault, WireOptions};
use serde_json::{Value, json};
use tokio::sync::watch;

const TOKEN: &str = "canary-token-0123456789";
const KEY: &[u8] = b"canary-key-material==";

/// At the end of a path: what is asked for is an object's metadata alone.
pub const METADATA: &str = "#metadata";

/// What the server says to one request. What a review asks for stands behind its path.
pub enum Say {
    Json(u16, Value),
    Text(u16, &'static str),
    /// Lines of a watch, then silence until the client leaves.
    Lines(Vec<String>),
    /// The same, once it may speak.
    Later(watch::Receiver<bool>, Vec<String>),
}

type Script = Arc<dyn Fn(&str, &str, &str) -> Say + Send + Sync>;

/// One that sends lists with watches, or as most servers before 1.34 does not.
fn server(script: Script, streams: bool) -> Router {
    let handle = move |request: axum::extract::Request| {
        let script = script.clone();
        async move {
            let path = request.uri().path_and_query().unwrap().to_string();
            if path.contains("sendInitialEvents") && !streams {
                let refused = json!({"kind": "Status", "reason": "Invalid", "code": 422});
                return Response::builder().status(422).body(Body::from(refused.to_string())).unwrap();
            }
            let method = request.method().to_string();
            let accept = request.headers().get("accept").unwrap().to_str().unwrap();
            let path = match accept.contains("as=PartialObjectMetadata") {
                true => format!("{path}{METADATA}"),
                false => path,
            };
            let bearer = request.headers().get("authorization").unwrap().to_str().unwrap().to_owned();
            let path = match path.ends_with("selfsubjectaccessreviews") {
                true => {
                    let asked = axum::body::to_bytes(request.into_body(), usize::MAX).await.unwrap();
                    let asked: Value = serde_json::from_slice(&asked).unwrap();
                    format!("{path}#{}", asked["spec"]["resourceAttributes"])
                }
                false => path,
            };
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
    set_up(namespaces, server(Arc::new(script), false))
}

/// Where ten minutes of the world must not pass while the machine stalls.
pub fn slow_setup(
    namespaces: &[&str],
    script: impl Fn(&str, &str, &str) -> Say + Send + Sync + 'static,
) -> Setup {
    set_up_at(60.0, namespaces, server(Arc::new(script), false))
}

fn set_up(namespaces: &[&str], router: Router) -> Setup {
    set_up_at(1000.0, namespaces, router)
}

fn set_up_at(speed: f64, namespaces: &[&str], router: Router) -> Setup {
    let clock = WireClock::start("2026-11-20T09:00:00Z".parse().unwrap(), speed);
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

pub fn mark() -> RestartMark {
    RestartMark { restarted_at: "2026-11-20T09:15:00Z".into(), rotation: RotationId::new("r-1") }
}

/// What a server says that took the patch.
pub fn taken() -> Say {
    let annotations = json!({"kubectl.kubernetes.io/restartedAt": mark().restarted_at});
    let spec =
        json!({"restartAt": mark().restarted_at, "template": {"metadata": {"annotations": annotations}}});
    Say::Json(200, json!({"metadata": {"generation": 8}, "spec": spec}))
}

fn permit(clock: &dyn Clock, seconds: i64) -> Permit {
    Permit {
        subject: "restart orders".into(),
        evidence: "e".into(),
        wall_deadline: clock.now() + SignedDuration::from_secs(seconds),
        monotonic_deadline: clock.monotonic() + Duration::from_secs(86_400),
        lease: None,
        recall: Recall::default(),
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

    /// When every watch is open.
    pub async fn followed(&self) {
        while !self.clusters.follows(&stamp()) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
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

/// What is watched.
fn watches(setup: &Setup) -> Vec<String> {
    let entries = setup.wire.transcript().entries();
    let watched =
        entries.iter().filter(|entry| entry.path.contains("watch=true") && entry.status == Some(200));
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

/// The Deployment after its restart, when its controller has come to that.
pub fn restarted(observed: i64) -> Value {
    let mut after = deployment();
    after["metadata"]["generation"] = json!(8);
    after["spec"]["template"]["metadata"]["annotations"]["kubectl.kubernetes.io/restartedAt"] =
        json!(mark().restarted_at);
    after["metadata"]["resourceVersion"] = json!("1001");
    after["status"]["observedGeneration"] = json!(observed);
    after
}

/// A vault whose version is younger than the pods that are there at first.
pub fn vault(version: &str) -> VaultView {
    VaultView {
        version: SecretVersion::new(version),
        created: "2026-11-20T08:30:00Z".parse().unwrap(),
        expires: None,
        valid_from: None,
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
    setup.followed().await;
    assert!(matches!(setup.restart().await, Effect::Applied(8)));
    let before = asked(&setup).len();
    speak.send(true).unwrap();
    let mut heard = BTreeSet::new();
    while !wanted.iter().all(|one| heard.contains(one)) {
        heard.extend(setup.clusters.changed().await.into_iter().map(|changed| changed.what));
    }
    (setup, before)
}
