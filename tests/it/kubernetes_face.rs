//! The simulated API server: under the real kubectl, under the production adapter, and against what was recorded
//! from a real control plane.
#![allow(clippy::print_stdout)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::StreamExt as _;
use keyslot::adapters::http::{self, Http, HttpSettings, Proxies};
use keyslot::adapters::kubernetes::{
    ClusterPlace, KubeconfigPlace, Kubernetes, StampCluster, parse_workload,
};
use keyslot::model::{
    ClusterView, Fingerprint, RotationId, Salt, StampName, Strategy, VaultView, WorkloadKind, WorkloadName,
};
use keyslot::ports::{Clock as _, Clusters, Effect, Glance, Happening, Permit, RestartMark};
use keyslot::rotation::rollout::{Rollout, rollout};
use keyslot::sim::config::{CronJobConfig, Flavour, KeySource};
use keyslot::sim::wire::{SharedWorld, Simulation, Trouble, Which, Wire, WireClock, WireFault, WireOptions};
use keyslot::sim::{self, Command, DeploymentPatch, Target, When, World, WorldConfig};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};

const CATALOG: &str = "catalogservice-deploy";

/// One stamp of a world on the wire.
pub struct Setup {
    wire: Wire,
    world: SharedWorld,
    stamp: StampName,
    pub token: String,
    dir: tempfile::TempDir,
}

pub fn setup(config: WorldConfig, speed: f64) -> Setup {
    let world = World::new(config.with_stamps(1));
    let simulation = Simulation::start(world, speed, WireOptions::default()).unwrap();
    let stamp = simulation.world.with(|world| world.stamps().next().unwrap().name.clone());
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("kubeconfig"), simulation.kubeconfig(&stamp).unwrap()).unwrap();
    let Simulation { wire, world, tickets, .. } = simulation;
    Setup { wire, world, stamp, token: tickets.kubernetes.expose_secret().to_owned(), dir }
}

impl Setup {
    pub fn kubeconfig(&self) -> PathBuf {
        self.dir.path().join("kubeconfig")
    }

    pub fn adapter(&self) -> Kubernetes {
        self.adapter_at(self.world.clock().clone())
    }

    fn adapter_at(&self, clock: WireClock) -> Kubernetes {
        let vault = self.world.with(|world| world.stamp(&self.stamp).unwrap().vault.name.clone());
        let cluster = StampCluster {
            place: ClusterPlace::Kubeconfig(KubeconfigPlace { path: self.kubeconfig(), context: None }),
            vault: Some(vault),
            namespaces: vec!["workload".into()],
        };
        let http = HttpSettings { proxies: Proxies::Off, ..HttpSettings::default() };
        let clock = Arc::new(clock);
        Kubernetes::new("CosmosDb-ApiKey", BTreeMap::from([(self.stamp.clone(), cluster)]), http, clock)
    }

    /// Lets so much of the world's time pass; it is then so late.
    pub fn pass(&self, time: Duration) -> jiff::Timestamp {
        self.world.with(|world| {
            world.advance_to(world.now() + time);
            world.now()
        })
    }

    fn http(&self) -> Http {
        http::client(&HttpSettings::rehearsal(self.wire.ca_pem(), http::Hosts::default())).unwrap()
    }

    pub fn request(&self, method: &str, path: &str, token: Option<&str>) -> reqwest::Request {
        let url = format!("https://{}{path}", self.wire.listeners()[self.stamp.as_str()]);
        let mut request = reqwest::Request::new(method.parse().unwrap(), url.parse().unwrap());
        if let Some(token) = token {
            request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
        }
        request
    }

    /// Status and body of a request that needs no particular headers.
    pub async fn raw(&self, method: &str, path: &str) -> (u16, Value) {
        self.send(self.request(method, path, Some(&self.token))).await
    }

    pub async fn send(&self, request: reqwest::Request) -> (u16, Value) {
        let answer = self.http().send(request, None).await.unwrap();
        let body = serde_json::from_slice(&answer.body)
            .unwrap_or_else(|_| json!(String::from_utf8_lossy(&answer.body)));
        (answer.status.as_u16(), body)
    }

    async fn patch(&self, name: &str, content_type: &str, body: &str) -> (u16, Value) {
        let mut request = self.request("PATCH", &deployment_path(name), Some(&self.token));
        request.headers_mut().insert("content-type", content_type.parse().unwrap());
        *request.body_mut() = Some(body.to_owned().into());
        self.send(request).await
    }

    fn permit(&self) -> Permit {
        let clock = self.world.clock();
        Permit {
            subject: "restart".into(),
            evidence: "e".into(),
            wall_deadline: clock.now() + jiff::SignedDuration::from_hours(1000),
            monotonic_deadline: clock.monotonic() + Duration::from_secs(3_600_000),
            lease: None,
        }
    }

    async fn restart(&self, adapter: &Kubernetes, at: &str) -> Effect<i64> {
        let mark = RestartMark { restarted_at: at.into(), rotation: RotationId::new("r-1") };
        adapter.restart(&self.stamp, &catalog(), &mark, &self.permit()).await
    }

    pub async fn look(&self, adapter: &Kubernetes) -> ClusterView {
        adapter.look(&self.stamp, &Salt::new("5a17")).await.unwrap()
    }

    pub fn raised(&self) -> i64 {
        self.world.with(|world| {
            world.stamp(&self.stamp).unwrap().cluster.deployment(&catalog()).unwrap().generation
        })
    }

    /// kubectl, with nothing of this machine's own configuration.
    fn kubectl(&self, args: &[&str]) -> tokio::process::Command {
        let mut command = tokio::process::Command::new("kubectl");
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", self.dir.path())
            .env("KUBECONFIG", self.kubeconfig())
            .args(args)
            .kill_on_drop(true);
        command
    }

    /// Exit code, standard output, standard error.
    pub async fn run(&self, args: &[&str]) -> (i32, String, String) {
        let output = self.kubectl(args).output().await.unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    }

    pub async fn ok(&self, args: &[&str]) -> String {
        let (code, out, err) = self.run(args).await;
        assert_eq!(code, 0, "kubectl {args:?}: {out}{err}");
        out
    }
}

fn catalog() -> WorkloadName {
    WorkloadName::new("workload", CATALOG)
}

fn deployment_path(name: &str) -> String {
    format!("/apis/apps/v1/namespaces/workload/deployments/{name}")
}

pub fn kubectl_is_here() -> bool {
    let here = std::process::Command::new("kubectl").args(["version", "--client"]).output().is_ok();
    if !here {
        println!("skipped: there is no kubectl");
    }
    here
}

#[tokio::test]
async fn kubectl_lists_what_the_world_holds() {
    if !kubectl_is_here() {
        return;
    }
    let setup = setup(WorldConfig::default(), 1.0);
    let out = setup.ok(&["get", "deployments"]).await;
    let lines: Vec<Vec<&str>> = out.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[0], ["NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE"]);
    assert_eq!(lines[2], [CATALOG, "3/3", "3", "3", "20d"]);
    assert_eq!(lines.len(), 4);

    let wide = setup.ok(&["get", "deploy", CATALOG, "-o", "wide"]).await;
    assert!(wide.contains("CONTAINERS") && wide.contains("app=catalogservice"), "{wide}");
    let pods = setup.ok(&["get", "pods", "-l", "app=catalogservice", "-A"]).await;
    assert_eq!(pods.lines().count(), 4, "{pods}");
    assert!(pods.contains("1/1") && pods.contains("Running"), "{pods}");
    for (kind, count) in [("rs", 3), ("secretproviderclass", 3), ("secretproviderclasspodstatuses", 9)] {
        let out = setup.ok(&["get", kind, "-o", "name"]).await;
        assert_eq!(out.lines().count(), count, "{kind}: {out}");
    }
    assert!(setup.ok(&["get", "ns"]).await.contains("Active"));
    let json: Value =
        serde_json::from_str(&setup.ok(&["get", "deploy", CATALOG, "-o", "json"]).await).unwrap();
    assert_eq!(json["status"]["observedGeneration"], 1);
    assert!(setup.ok(&["version"]).await.contains("Server Version: v1.33"));

    let (code, _, err) = setup.run(&["get", "deploy", "nosuch"]).await;
    assert_eq!(
        (code, err.trim()),
        (1, "Error from server (NotFound): deployments.apps \"nosuch\" not found")
    );
}

#[tokio::test]
async fn kubectl_restarts_and_calls_it_done_while_old_pods_still_terminate() {
    if !kubectl_is_here() {
        return;
    }
    let mut config = WorldConfig::default();
    let slow = config.workload_mut(&catalog()).unwrap();
    slow.ends_in = sim::Span::exactly(Duration::from_secs(24 * 3600));
    let setup = setup(config, 60.0);
    let out = setup.ok(&["rollout", "restart", "deployment", CATALOG]).await;
    assert_eq!(out.trim(), format!("deployment.apps/{CATALOG} restarted"));
    let out = setup.ok(&["rollout", "status", "deployment", CATALOG, "--timeout=150s"]).await;
    assert!(out.ends_with(&format!("deployment \"{CATALOG}\" successfully rolled out\n")), "{out}");
    assert!(out.contains("Waiting for deployment"), "{out}");
    let pods = setup.ok(&["get", "pods", "-l", "app=catalogservice"]).await;
    assert_eq!(pods.matches("Terminating").count(), 3, "{pods}");
    assert_eq!(pods.matches("Running").count(), 3, "{pods}");
    assert_eq!(setup.wire.transcript().changes().len(), 1);

    setup.ok(&["rollout", "pause", "deployment", CATALOG]).await;
    let (code, _, err) = setup.run(&["rollout", "restart", "deployment", CATALOG]).await;
    assert_eq!(code, 1);
    assert!(err.contains("can't restart paused deployment"), "{err}");
    setup.ok(&["rollout", "resume", "deployment", CATALOG]).await;
    setup.ok(&["scale", "deployment", CATALOG, "--replicas=4"]).await;
    setup.ok(&["set", "image", &format!("deployment/{CATALOG}"), "catalogservice=x:2"]).await;
    setup
        .ok(&["patch", "deployment", CATALOG, "--type=merge", "-p", r#"{"spec":{"minReadySeconds":1}}"#])
        .await;
    assert_eq!(setup.raised(), 7, "restart, pause, resume, scale, image, patch");
}

#[tokio::test]
async fn kubectl_restarts_sets_and_follows_them_to_their_end() {
    if !kubectl_is_here() {
        return;
    }
    let setup = setup(WorldConfig::default().with_sets(), 60.0);
    let out = setup.ok(&["get", "statefulsets"]).await;
    let lines: Vec<Vec<&str>> = out.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!((&lines[0][..], &lines[1][..2]), (&["NAME", "READY", "AGE"][..], &["orders-db", "3/3"][..]));
    let out = setup.ok(&["get", "ds"]).await;
    assert!(out.contains("UP-TO-DATE") && out.contains("relay-agent"), "{out}");
    assert!(setup.ok(&["get", "pods"]).await.contains("orders-db-2"));
    for (target, said) in [
        ("statefulset/orders-db", "partitioned roll out complete: 3 new pods have been updated"),
        ("daemonset/relay-agent", "daemon set \"relay-agent\" successfully rolled out"),
    ] {
        let restarted = setup.ok(&["rollout", "restart", target]).await;
        assert!(restarted.trim().ends_with("restarted"), "{restarted}");
        let out = setup.ok(&["rollout", "status", target, "--timeout=150s"]).await;
        assert!(out.contains(said), "{out}");
        assert!(out.contains("Waiting for"), "it was seen under way: {out}");
    }
    let merge = r#"{"spec":{"updateStrategy":{"rollingUpdate":{"partition":2}}}}"#;
    setup.ok(&["patch", "sts", "orders-db", "--type=merge", "-p", merge]).await;
    let name = WorkloadName::of_kind(WorkloadKind::StatefulSet, "workload", "orders-db");
    let view = setup.look(&setup.adapter()).await;
    assert_eq!(view.workload(&name).unwrap().strategy, Strategy::Ordinals { partition: 2 });
    let (code, _, err) = setup.run(&["rollout", "restart", "statefulset/nosuch"]).await;
    assert_eq!(code, 1, "{err}");
}

#[tokio::test]
async fn the_adapter_sees_sets_restarts_them_and_is_woken_when_they_are_done() {
    let setup = setup(WorldConfig::default().with_sets(), 600.0);
    let adapter = setup.adapter();
    let view = setup.look(&adapter).await;
    assert_eq!(view.workloads.len(), 5);
    assert!(view.workloads.iter().all(|workload| workload.consumes));
    assert!(view.pods.iter().all(|pod| pod.workload.is_some() && pod.mounted.is_some()));
    for kind in [WorkloadKind::StatefulSet, WorkloadKind::DaemonSet] {
        let name = view.workloads.iter().find(|workload| workload.name.kind == kind).unwrap().name.clone();
        assert_eq!(view.pods_of(&name).count(), 3, "{name}");
        let before: Vec<String> = view.pods_of(&name).map(|pod| pod.uid.clone()).collect();
        let mark =
            RestartMark { restarted_at: "2026-01-12T08:01:00Z".into(), rotation: RotationId::new("r-1") };
        let effect = adapter.restart(&setup.stamp, &name, &mark, &setup.permit()).await;
        assert_eq!(effect, Effect::Applied(2));
        loop {
            adapter.changed().await;
            let view = setup.look(&adapter).await;
            let workload = view.workload(&name).unwrap();
            if rollout(workload, 2).is_complete() {
                assert_eq!(workload.rotation.as_deref(), Some("r-1"));
                assert!(view.pods_of(&name).all(|pod| !before.contains(&pod.uid)), "nobody is left");
                break;
            }
        }
    }
    assert!(setup.wire.transcript().count("GET", "watch=true") <= 8, "four watches");
}

#[tokio::test]
async fn a_cron_job_and_its_running_job_are_seen_by_kubectl_and_by_the_adapter() {
    let mut config = WorldConfig::default();
    let hourly = CronJobConfig { every: 1, ..CronJobConfig::named("hourly") };
    config.cron_jobs = vec![hourly.reading("cosmos"), CronJobConfig::named("later")];
    config.cron_jobs[1].suspended = true;
    let setup = setup(config, 60.0);
    setup.world.with(|world| world.advance_to(world.now() + jiff::SignedDuration::from_secs(3700)));
    let view = setup.look(&setup.adapter()).await;
    let told: Vec<_> =
        view.cron_jobs.iter().map(|job| (job.name.as_str(), job.suspended, &job.reads[..])).collect();
    assert_eq!(told, [("hourly", false, &["cosmos".to_owned()][..]), ("later", true, &[])]);
    let jobs: Vec<_> = view.pods.iter().filter_map(|pod| pod.above.as_ref()).collect();
    assert_eq!(jobs.len(), 1, "{:?}", view.pods);
    assert!(jobs[0].is_job() && jobs[0].name.starts_with("hourly-"), "{jobs:?}");
    assert_eq!(view.synced.len(), 1);
    if !kubectl_is_here() {
        return;
    }
    let out = setup.ok(&["get", "cronjobs"]).await;
    let lines: Vec<Vec<&str>> = out.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[1][..9], ["hourly", "0", "*/1", "*", "*", "*", "<none>", "False", "1"]);
    assert!(lines[2].contains(&"True"), "{out}");
    let out = setup.ok(&["get", "jobs,pods", "-l", "app=hourly"]).await;
    assert!(out.contains("Running"), "{out}");
    let out = setup.ok(&["get", "jobs"]).await;
    assert!(out.contains("0/1"), "{out}");
}

#[tokio::test]
async fn kubectl_watches() {
    if !kubectl_is_here() {
        return;
    }
    let setup = setup(WorldConfig::default(), 600.0);
    let mut child =
        setup.kubectl(&["get", "pods", "-w"]).stdout(std::process::Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let header = lines.next_line().await.unwrap().unwrap();
    assert!(header.starts_with("NAME"), "{header}");
    let first = lines.next_line().await.unwrap().unwrap();
    let name = first.split_whitespace().next().unwrap().to_owned();
    setup.ok(&["delete", "pod", &name]).await;
    loop {
        let line = lines.next_line().await.unwrap().unwrap();
        if line.starts_with(&name) && line.contains("Terminating") {
            break;
        }
    }
    child.kill().await.unwrap();
}

#[tokio::test]
async fn the_adapter_sees_the_world_and_restarts_it_once() {
    let mut config = WorldConfig::default();
    let synced = WorkloadName::new("workload", "healthservice-deploy");
    config.workload_mut(&synced).unwrap().key = KeySource::SyncedSecret("cosmos".into());
    let setup = setup(config, 600.0);
    let adapter = setup.adapter();
    let view = setup.look(&adapter).await;
    assert!(view.workloads.iter().all(|workload| workload.consumes && workload.observed_generation == 1));
    assert_eq!(view.pods_of(&catalog()).count(), 3);
    let (version, key) = setup.world.with(|world| {
        let current = world.stamp(&setup.stamp).unwrap().vault.current().unwrap().clone();
        (current.id, current.value.text().fingerprint(&Salt::new("5a17")))
    });
    assert!(view.pods.iter().all(|pod| pod.mounted.as_ref() == Some(&version)), "{:?}", view.pods);
    assert_eq!((view.synced.len(), &view.synced[0].fingerprint), (1, &key));

    assert_eq!(setup.restart(&adapter, "2026-01-12T08:01:00Z").await, Effect::Applied(2));
    assert_eq!(setup.restart(&adapter, "2026-01-12T08:01:00Z").await, Effect::Applied(2));
    assert_eq!(setup.raised(), 2);
    assert_eq!(setup.wire.transcript().changes().len(), 1);
    let view = setup.look(&adapter).await;
    let workload = view.workload(&catalog()).unwrap();
    assert_eq!(workload.rotation.as_deref(), Some("r-1"));
    assert_eq!(workload.restarted_at.as_deref(), Some("2026-01-12T08:01:00Z"));
}

#[tokio::test]
async fn a_watch_leads_to_the_end_of_a_rollout_and_of_its_old_pods() {
    let mut config = WorldConfig::default();
    // Much longer than a rollout takes.
    config.workload_mut(&catalog()).unwrap().ends_in = sim::Span::exactly(Duration::from_secs(900));
    let setup = setup(config, 600.0);
    let adapter = setup.adapter();
    setup.look(&adapter).await;
    // The API tells creation times in whole seconds, rounded down.
    let restarted = jiff::Timestamp::from_second(setup.world.clock().now().as_second()).unwrap();
    assert_eq!(setup.restart(&adapter, "2026-01-12T08:01:00Z").await, Effect::Applied(2));
    let mut seen_complete_with_old_pods = false;
    loop {
        adapter.changed().await;
        let view = setup.look(&adapter).await;
        let complete = rollout(view.workload(&catalog()).unwrap(), 2).is_complete();
        let old = view.pods_of(&catalog()).filter(|pod| pod.created < restarted).count();
        seen_complete_with_old_pods |= complete && old > 0;
        if complete && old == 0 {
            break;
        }
    }
    assert!(seen_complete_with_old_pods);
    assert!(setup.wire.transcript().count("GET", "watch=true") <= 4, "two watches, hardly ever begun again");
}

#[tokio::test]
async fn an_answer_lost_on_either_side_is_unknown_and_the_generation_is_raised_once() {
    let fault =
        sim::Fault::new(When::First(1), Target::operation(sim::Operation::Restart), sim::Trouble::LoseAnswer);
    let setup = setup(WorldConfig::default().with_fault(fault), 1.0);
    let adapter = setup.adapter();
    // The first answer is lost in the world, the second on the wire.
    setup.wire.faults().add(WireFault::once(Which { skip: 1, ..Which::default() }, Trouble::DropAnswer));
    assert!(matches!(setup.restart(&adapter, "2026-01-12T08:01:00Z").await, Effect::Unknown(_)));
    assert!(matches!(setup.restart(&adapter, "2026-01-12T08:01:00Z").await, Effect::Unknown(_)));
    assert_eq!(setup.restart(&adapter, "2026-01-12T08:01:00Z").await, Effect::Applied(2));
    assert_eq!(setup.raised(), 2);
    assert_eq!(setup.wire.transcript().changes().len(), 1);
}

#[tokio::test]
async fn the_worlds_own_faults_are_spoken_in_kubernetes() {
    use sim::{Fault, Operation, Trouble};
    let read = |n, what| Fault::new(When::Nth(n), Target::operation(Operation::ReadCluster), what);
    let config = WorldConfig::default()
        .with_fault(read(1, Trouble::Forbidden))
        .with_fault(read(2, Trouble::Throttle { retry_after: Duration::from_secs(7) }))
        .with_fault(read(3, Trouble::Unreachable));
    let setup = setup(config, 1.0);
    let list = "/apis/apps/v1/namespaces/workload/deployments";
    let (code, body) = setup.raw("GET", list).await;
    assert_eq!((code, &body["reason"]), (403, &json!("Forbidden")));
    let message = r#"deployments.apps is forbidden: User "keyslot" cannot list resource "deployments" in API group "apps" in the namespace "workload""#;
    assert_eq!(body["message"], message);
    let answer = setup.http().send(setup.request("GET", list, Some(&setup.token)), None).await.unwrap();
    assert_eq!((answer.status.as_u16(), answer.retry_after()), (429, Some(Duration::from_secs(7))));
    assert!(setup.http().send(setup.request("GET", list, Some(&setup.token)), None).await.is_err());
    assert_eq!(setup.raw("GET", list).await.0, 200);
}

#[tokio::test]
async fn refusals_are_those_of_a_real_server() {
    let setup = setup(WorldConfig::default(), 1.0);
    let name = deployment_path(CATALOG);
    for (path, code, message) in [
        (deployment_path("nosuch"), 404, "deployments.apps \"nosuch\" not found"),
        (
            deployment_path("CatalogService-deploy"),
            404,
            "deployments.apps \"CatalogService-deploy\" not found",
        ),
        ("/apis/apps/v1/namespaces/nosuch/deployments/x".to_owned(), 404, "deployments.apps \"x\" not found"),
        ("/api/v1/namespaces/nosuch".to_owned(), 404, "namespaces \"nosuch\" not found"),
        (
            "/apis/apps/v1/deployments?resourceVersion=1&resourceVersionMatch=Exact".to_owned(),
            410,
            "The resourceVersion for the provided list is too old.",
        ),
    ] {
        let (got, body) = setup.raw("GET", &path).await;
        assert_eq!(
            (got, &body["message"], &body["kind"]),
            (code, &json!(message), &json!("Status")),
            "{path}"
        );
    }
    let (code, body) = setup.raw("GET", "/apis/nosuch.example/v1/things").await;
    assert_eq!((code, body), (404, json!("404 page not found\n")));
    let (code, body) = setup.raw("GET", "/apis/apps/v1/namespaces/nosuch/deployments").await;
    assert_eq!((code, &body["items"]), (200, &json!([])));
    assert_eq!(setup.raw("POST", "/apis/apps/v1/namespaces/workload/deployments").await.0, 405);
    assert_eq!(setup.send(setup.request("GET", &name, Some("wrong"))).await.0, 401);
    let (code, body) = setup.send(setup.request("GET", &name, None)).await;
    assert_eq!(code, 403);
    assert!(body["message"].as_str().unwrap().contains("system:anonymous"), "{body}");

    let restart = r#"{"spec":{"template":{"metadata":{"annotations":{"a":"b"}}}}}"#;
    assert_eq!(setup.patch(CATALOG, "application/json", restart).await.0, 415);
    let merge = "application/merge-patch+json";
    let conflict = r#"{"metadata":{"resourceVersion":"1","annotations":{"a":"b"}}}"#;
    let (code, body) = setup.patch(CATALOG, merge, conflict).await;
    assert_eq!((code, &body["reason"]), (409, &json!("Conflict")));
    let dry = format!("{name}?dryRun=All");
    let mut request = setup.request("PATCH", &dry, Some(&setup.token));
    request.headers_mut().insert("content-type", merge.parse().unwrap());
    *request.body_mut() = Some(restart.into());
    assert_eq!(setup.send(request).await.1["metadata"]["generation"], 2);
    assert_eq!(setup.raised(), 1, "a dry run changes nothing");
    assert!(setup.wire.transcript().changes().is_empty());
}

#[tokio::test]
async fn permissions_can_be_asked_for() {
    let setup = setup(WorldConfig::default(), 1.0);
    for (verb, resource, allowed) in
        [("patch", "deployments", true), ("delete", "deployments", false), ("list", "nodes", false)]
    {
        let attributes =
            json!({"verb": verb, "group": "apps", "resource": resource, "namespace": "workload"});
        let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
        let mut request = setup.request("POST", path, Some(&setup.token));
        *request.body_mut() = Some(json!({"spec": {"resourceAttributes": attributes}}).to_string().into());
        let (code, body) = setup.send(request).await;
        assert_eq!((code, &body["status"]["allowed"]), (201, &json!(allowed)), "{verb} {resource}");
    }
}

#[tokio::test]
async fn a_body_in_another_format_is_answered_as_a_real_server_answers_one_that_it_does_not_know() {
    let setup = setup(WorldConfig::default(), 1.0);
    let jobs = "/apis/batch/v1/namespaces/workload/jobs";
    for content_type in ["application/vnd.kubernetes.protobuf", "application/jsonlines; charset=utf-8"] {
        let mut request = setup.request("POST", jobs, Some(&setup.token));
        request.headers_mut().insert("content-type", content_type.parse().unwrap());
        *request.body_mut() = Some(b"k8s\0\x0a".to_vec().into());
        let (code, body) = setup.send(request).await;
        assert_eq!(code, 415, "{content_type}: {body}");
        let told = ["kind", "apiVersion", "status", "reason", "code"].map(|member| body[member].clone());
        let status =
            [json!("Status"), json!("v1"), json!("Failure"), json!("UnsupportedMediaType"), json!(415)];
        assert_eq!(told, status, "{body}");
        let message = body["message"].as_str().unwrap();
        let known = "the body of the request was in an unknown format - accepted media types include: application/json";
        assert!(message.starts_with(known), "{message}");
        assert!(message.contains("kubectl create -f"), "{message}");
    }
    let (_, list) = setup.raw("GET", jobs).await;
    assert_eq!(list["items"], json!([]), "nothing was made");
}

#[tokio::test]
async fn recorded_refusals_are_answered_alike() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/recordings/errors.jsonl");
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("skipped: {} is not at hand", path.display());
        return;
    };
    let setup = setup(WorldConfig::default(), 1.0);
    let mut compared = 0;
    for line in text.lines() {
        let recorded: Value = serde_json::from_str(line).unwrap();
        let (name, method) = (recorded["name"].as_str().unwrap(), recorded["method"].as_str().unwrap());
        // Nothing can be created or replaced here, and one token may do everything.
        let other_user = !matches!(recorded["identity"].as_str(), Some("admin" | "none"));
        if matches!(method, "POST" | "PUT") || other_user || name.contains("anonymous") {
            continue;
        }
        let token = if name == "token-401" { "wrong" } else { setup.token.as_str() };
        let mut request = setup.request(method, recorded["path"].as_str().unwrap(), Some(token));
        if let Some(content_type) = recorded["content_type"].as_str() {
            request.headers_mut().insert("content-type", content_type.parse().unwrap());
        }
        if let Some(body) = recorded["request_body"].as_str() {
            *request.body_mut() = Some(body.to_owned().into());
        }
        let (code, body) = setup.send(request).await;
        let body = body
            .as_str()
            .map_or(body.clone(), |text| serde_json::from_str(text.trim()).unwrap_or_else(|_| json!(text)));
        let expected: Value = recorded["response_body"]
            .as_str()
            .map(|text| serde_json::from_str(text.trim()).unwrap_or_else(|_| json!(text)))
            .unwrap();
        assert_eq!(json!(code), recorded["http_status"], "{name}: {body}");
        for member in ["kind", "status", "reason", "code", "type"] {
            assert_eq!(body[member], expected[member], "{name}: {member}: {body}");
        }
        if matches!(code, 401 | 404 | 415) {
            assert_eq!(body["message"], expected["message"], "{name}");
            assert_eq!(body["details"], expected["details"], "{name}");
        }
        compared += 1;
    }
    assert!(compared >= 15, "{compared}");
}

#[tokio::test]
async fn pages_make_up_the_list_and_an_old_token_expires() {
    let mut config = WorldConfig::default();
    config.kubernetes.ring = 8;
    let setup = setup(config, 600.0);
    let all = setup.raw("GET", "/api/v1/namespaces/workload/pods").await.1;
    let names = |list: &Value| -> Vec<String> {
        let items = list["items"].as_array().unwrap().iter();
        items.map(|item| item["metadata"]["name"].as_str().unwrap().to_owned()).collect()
    };
    let (mut seen, mut token) = (Vec::new(), String::new());
    loop {
        let path = format!("/api/v1/namespaces/workload/pods?limit=4&continue={token}");
        let (code, page) = setup.raw("GET", &path).await;
        assert_eq!(code, 200);
        assert_eq!(page["metadata"]["resourceVersion"], all["metadata"]["resourceVersion"]);
        seen.extend(names(&page));
        match page["metadata"]["continue"].as_str() {
            Some(rest) => token = url::form_urlencoded::byte_serialize(rest.as_bytes()).collect(),
            None => break,
        }
    }
    assert_eq!(seen, names(&all));

    let first = setup.raw("GET", "/api/v1/namespaces/workload/pods?limit=4").await.1;
    setup.world.with(|world| {
        world
            .apply(Command::Patch {
                stamp: setup.stamp.clone(),
                workload: catalog(),
                patch: DeploymentPatch::annotate("a", "b"),
            })
            .unwrap();
        // Within a minute more has happened than this cluster remembers.
        world.advance_to(world.now() + jiff::SignedDuration::from_mins(1));
    });
    let token: String =
        url::form_urlencoded::byte_serialize(first["metadata"]["continue"].as_str().unwrap().as_bytes())
            .collect();
    let (code, body) =
        setup.raw("GET", &format!("/api/v1/namespaces/workload/pods?limit=4&continue={token}")).await;
    assert_eq!((code, &body["reason"]), (410, &json!("Expired")));
    assert!(body["metadata"]["continue"].is_string(), "a token to go on with");

    let version = &all["metadata"]["resourceVersion"].as_str().unwrap();
    let watch = format!("/api/v1/namespaces/workload/pods?watch=1&resourceVersion={version}");
    let answer = setup.http().send(setup.request("GET", &watch, Some(&setup.token)), None).await.unwrap();
    assert_eq!(answer.status.as_u16(), 200, "the error is in the stream");
    let event: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!((&event["type"], &event["object"]["code"]), (&json!("ERROR"), &json!(410)));
}

/// The verdicts of the rollout predicate over a watch of the catalog service, begun before `deed`, until one of
/// them is the last.
async fn verdicts(setup: &Setup, last: &str, deed: DeploymentPatch) -> Vec<&'static str> {
    let before = setup.raw("GET", "/apis/apps/v1/namespaces/workload/deployments").await.1;
    let version = before["metadata"]["resourceVersion"].as_str().unwrap();
    let path = format!(
        "/apis/apps/v1/namespaces/workload/deployments?watch=1&allowWatchBookmarks=true\
         &fieldSelector=metadata.name%3D{CATALOG}&resourceVersion={version}"
    );
    let response = setup.http().open(setup.request("GET", &path, Some(&setup.token)), None).await.unwrap();
    let ours = setup.world.with(|world| {
        let (stamp, workload) = (setup.stamp.clone(), catalog());
        match world.apply(Command::Patch { stamp, workload, patch: deed }).unwrap() {
            sim::Reply::Patched { generation, .. } => generation,
            other => panic!("{other:?}"),
        }
    });
    let mut words: Vec<&'static str> = Vec::new();
    let mut rest = Vec::new();
    let mut body = response.bytes_stream();
    while let Some(chunk) = body.next().await {
        rest.extend_from_slice(&chunk.unwrap());
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = rest.drain(..=end).collect();
            let event: Value = serde_json::from_slice(&line).unwrap();
            if event["type"] == "BOOKMARK" {
                continue;
            }
            let view = parse_workload(event["object"].to_string().as_bytes(), true).unwrap();
            let word = match rollout(&view, ours) {
                Rollout::NotYetObserved { .. } => "unseen",
                Rollout::Progressing(_) => "progressing",
                Rollout::Complete => "complete",
                Rollout::DeadlineExceeded { .. } => "deadline",
                Rollout::Paused(_) => "paused",
                Rollout::Scaling(_) => "scaling",
            };
            if words.last() != Some(&word) {
                words.push(word);
            }
            if word == last {
                return words;
            }
        }
    }
    panic!("the watch ended after {words:?}")
}

#[tokio::test]
async fn the_worlds_rollouts_are_judged_as_the_recorded_ones() {
    let restart = || DeploymentPatch::annotate("kubectl.kubernetes.io/restartedAt", "2026-01-12T08:01:00Z");
    let healthy = setup(WorldConfig::default(), 600.0);
    assert_eq!(verdicts(&healthy, "complete", restart()).await, ["unseen", "progressing", "complete"]);

    let hang = sim::Fault::new(When::Always, Target::workload(catalog()), sim::Trouble::NeverReady);
    let stuck = setup(WorldConfig::default().with_fault(hang), 1200.0);
    assert_eq!(verdicts(&stuck, "deadline", restart()).await, ["unseen", "progressing", "deadline"]);

    let mut config = WorldConfig::default();
    config.workload_mut(&catalog()).unwrap().flavour = Flavour::Recreate;
    let recreate = setup(config, 600.0);
    assert_eq!(verdicts(&recreate, "complete", restart()).await, ["unseen", "progressing", "complete"]);

    let mut paused = restart();
    paused.paused = Some(true);
    let resumed = setup(WorldConfig::default(), 600.0);
    assert_eq!(verdicts(&resumed, "paused", paused).await, ["unseen", "paused"]);
    let resume = DeploymentPatch::pause(false);
    assert_eq!(verdicts(&resumed, "complete", resume).await, ["unseen", "progressing", "complete"]);

    let none = setup(WorldConfig::default(), 600.0);
    assert_eq!(
        verdicts(&none, "complete", DeploymentPatch::scale(0)).await,
        ["unseen", "scaling", "complete"]
    );
    assert_eq!(verdicts(&none, "complete", restart()).await, ["unseen", "complete"]);
}

#[tokio::test]
async fn events_are_listed_only_where_pods_do_not_come_up() {
    let crash = sim::Fault::new(When::Always, Target::workload(catalog()), sim::Trouble::CrashLoop);
    let setup = setup(WorldConfig::default().with_fault(crash), 600.0);
    let adapter = setup.adapter();
    let before = setup.look(&adapter).await;
    assert!(before.pods.iter().all(|pod| pod.trouble.is_none() && pod.node.is_some()), "{before:?}");
    assert_eq!(setup.wire.transcript().count("GET", "/events"), 0);
    assert!(matches!(setup.restart(&adapter, "2026-01-12T08:01:00Z").await, Effect::Applied(_)));
    let after = loop {
        let view = setup.look(&adapter).await;
        if view.pods.iter().any(|pod| pod.trouble.is_some()) {
            break view;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let failing = after.pods.iter().find(|pod| pod.trouble.is_some()).unwrap();
    let trouble = failing.trouble.as_ref().unwrap();
    assert!(trouble.hopeless, "{trouble:?}");
    assert_eq!(trouble.text, "container catalogservice: CrashLoopBackOff, restarted 4 times");
    let warning = &after.warnings[0];
    assert_eq!(
        (warning.object.as_str(), warning.reason.as_str()),
        (&*format!("Pod {}", failing.name), "BackOff")
    );
    assert!(setup.wire.transcript().count("GET", "/events?limit=250&fieldSelector=type%3DWarning") > 0);
    let why = keyslot::rotation::predicate::rollout_failed(
        after.workload(&catalog()).unwrap(),
        &after,
        setup.world.clock().now(),
    );
    assert!(format!("{why:?}").contains("Back-off restarting failed container"), "{why:?}");
}

#[tokio::test]
async fn watches_that_are_cut_off_are_begun_again_and_wake_all_the_same() {
    let setup = setup(WorldConfig::default(), 600.0);
    let which = Which { path: "watch=true".into(), ..Which::default() };
    let cut = setup.wire.faults().add(WireFault { which, what: Trouble::DropRequest, times: 4 });
    let adapter = setup.adapter();
    setup.look(&adapter).await;
    cut.struck().await;
    assert!(matches!(setup.restart(&adapter, "2026-01-12T08:01:00Z").await, Effect::Applied(2)));
    tokio::time::timeout(Duration::from_secs(20), adapter.changed()).await.expect("it wakes");
    assert!(cut.count() >= 2, "both watches were cut off");
}

#[tokio::test]
async fn a_clock_that_differs_from_the_servers_is_seen() {
    let setup = setup(WorldConfig::default(), 1.0);
    let ahead = |view: ClusterView| view.ahead.map(|ahead| ahead.as_secs());
    assert_eq!(ahead(setup.look(&setup.adapter()).await), Some(0));
    let behind = setup.world.clock().now() - jiff::SignedDuration::from_mins(10);
    let adapter = setup.adapter_at(WireClock::start(behind, 1.0));
    let seen = ahead(setup.look(&adapter).await).unwrap();
    assert!((590..=601).contains(&seen), "{seen}");
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
async fn neither_side_of_the_wire_logs_a_token_or_a_key() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let mut config = WorldConfig::default();
    config.workload_mut(&catalog()).unwrap().key = KeySource::SyncedSecret("cosmos".into());
    let setup = setup(config, 600.0);
    let adapter = setup.adapter();
    setup.look(&adapter).await;
    let effect = setup.restart(&adapter, "2026-01-12T08:01:00Z").await;
    adapter.changed().await;
    let view = setup.look(&adapter).await;

    let mut said = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(said.len() > 1000, "the libraries below do log");
    said.push_str(&format!("{effect:?} {view:?} {:?}", setup.wire.transcript().entries()));
    let keys: Vec<String> = setup
        .world
        .with(|world| world.all_secrets_ever().iter().map(|key| key.expose().to_owned()).collect());
    for secret in keys.iter().map(String::as_str).chain([setup.token.as_str()]) {
        assert!(!said.contains(secret), "a secret was logged");
    }
}

/// What a glance asks the API server for, by the last words of the paths.
async fn glance(setup: &Setup, adapter: &Kubernetes, glance: Glance) -> (ClusterView, Duration, Vec<String>) {
    let before = setup.wire.transcript().entries().len();
    let (view, age) = adapter.glance(&setup.stamp, &Salt::new("5a17"), glance).await.unwrap();
    let entries = setup.wire.transcript().entries();
    let asked = entries[before..].iter().filter(|entry| !entry.path.contains("watch=true"));
    let last = |path: &str| path.split('?').next().unwrap().rsplit('/').next().unwrap().to_owned();
    (view, age, asked.map(|entry| last(&entry.path)).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_glance_lists_only_what_is_named_and_is_no_younger_than_the_look_before_it() {
    let setup = setup(WorldConfig::default(), 600.0);
    let adapter = setup.adapter();
    setup.look(&adapter).await;
    while !adapter.follows(&setup.stamp) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let looked = std::time::Instant::now();
    // The API tells creation times in whole seconds, rounded down.
    let before = jiff::Timestamp::from_second(setup.world.clock().now().as_second()).unwrap();
    assert_eq!(setup.restart(&adapter, "2026-01-12T08:01:00Z").await, Effect::Applied(2));

    let (view, _, asked) = glance(&setup, &adapter, Glance::Answer).await;
    let restarted = view.workload(&catalog()).unwrap();
    assert_eq!((restarted.generation, asked), (2, vec![]), "the answer to the restart told it");
    assert!(!rollout(restarted, 2).is_complete());

    while !adapter.changed().await.iter().any(|changed| changed.what == Happening::Rollout) {}
    let (view, age, asked) = glance(&setup, &adapter, Glance::Workloads).await;
    assert!(rollout(view.workload(&catalog()).unwrap(), 2).is_complete(), "{view:?}");
    assert_eq!(asked[0], "deployments");
    // Where an event is late, the pods are listed too.
    let mounts = "secretproviderclasspodstatuses";
    assert!(asked.len() == 1 || asked[1..] == [mounts] || asked[1..] == ["pods", mounts], "{asked:?}");
    let name = catalog();
    let young = view.pods_of(&name).filter(|pod| pod.deleting.is_none() && pod.created >= before);
    assert_eq!(young.count(), 3, "{view:?}");
    let passed = setup.world.clock().now().duration_since(before).unsigned_abs();
    assert!(age >= passed.saturating_sub(Duration::from_secs(60)) && age > looked.elapsed(), "{age:?}");

    let (view, older, asked) = glance(&setup, &adapter, Glance::Pods).await;
    assert_eq!(asked, ["pods", "secretproviderclasspodstatuses"]);
    assert!(
        older >= age && view.pods_of(&catalog()).all(|pod| pod.mounted.is_some() || pod.deleting.is_some())
    );
}

/// Restarts one workload after the other, each when the watch has told of the end of the one before; what each end asked
/// of the API server.
async fn restart_all(setup: &Setup, adapter: &Kubernetes, workloads: &[WorkloadName]) -> Vec<Vec<String>> {
    let mut asked = Vec::new();
    for workload in workloads {
        let mark =
            RestartMark { restarted_at: "2026-01-12T08:01:00Z".into(), rotation: RotationId::new("r-1") };
        let effect = adapter.restart(&setup.stamp, workload, &mark, &setup.permit()).await;
        assert_eq!(effect, Effect::Applied(2));
        while !adapter.changed().await.iter().any(|changed| changed.what == Happening::Rollout) {}
        let (view, _, end) = glance(setup, adapter, Glance::Told(Happening::Rollout)).await;
        let restarted = view.workload(workload).unwrap();
        assert!(rollout(restarted, 2).is_complete(), "{restarted:?}");
        let alive = view.pods_of(workload).filter(|pod| pod.deleting.is_none());
        assert_eq!(alive.count(), restarted.desired as usize);
        asked.push(end);
    }
    asked
}

#[tokio::test(flavor = "multi_thread")]
async fn between_two_restarts_watches_tell_and_at_the_end_of_the_last_mounts_are_listed() {
    let setup = setup(WorldConfig::default(), 600.0);
    let workloads: Vec<WorkloadName> =
        setup.world.with(|world| world.config().all_workloads().map(|one| one.name.clone()).collect());
    let written = |people: &str| WorkloadName::new("Workload", people.to_uppercase());
    let adapter = setup.adapter().restarting(workloads.iter().map(|name| written(&name.name)));
    let now = setup.world.clock().now();
    let salt = Salt::new("5a17");
    let version = |world: &mut World| world.stamp(&setup.stamp).unwrap().vault.current().unwrap().id.clone();
    let vault = VaultView {
        version: setup.world.with(version),
        created: now,
        enabled: true,
        expires: None,
        fingerprint: Fingerprint::of(b"", &salt),
    };
    let counted = |from: usize| {
        let entries = setup.wire.transcript().entries();
        entries[from..].iter().filter(|entry| !entry.path.contains("watch=true")).count()
    };
    let view = adapter.holders(&setup.stamp, &salt, Some(&vault)).await.unwrap();
    assert!(view.pods.iter().all(|pod| pod.mounted.is_none()), "they hold an older key whatever they mount");
    assert_eq!(counted(0), 4, "classes, what the driver made of Secrets, Deployments, pods");
    while !adapter.follows(&setup.stamp) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let none: Vec<String> = Vec::new();
    let pods = ["pods", "secretproviderclasspodstatuses"].map(str::to_owned).to_vec();
    let mounts = pods[1..].to_vec();
    let ends = restart_all(&setup, &adapter, &workloads).await;
    let (between, last) = (&ends[..2], &ends[2]);
    // Where one watch is far behind the other, pods are listed too; that they need not be is shown by script.
    assert!(between.iter().all(|end| *end == none || *end == pods), "{ends:?}");
    assert!(*last == mounts || *last == pods, "{ends:?}");

    while !adapter.changed().await.iter().any(|changed| changed.what == Happening::PodsGone) {}
    let (view, _, asked) = glance(&setup, &adapter, Glance::Told(Happening::PodsGone)).await;
    assert_eq!(asked, none, "that the last one has gone was told");
    assert!(
        view.pods.iter().all(|pod| pod.deleting.is_none() && pod.created >= now && pod.mounted.is_some())
    );
    let (view, _, asked) = glance(&setup, &adapter, Glance::Pods).await;
    assert_eq!((view.pods.len(), asked.len()), (9, 2), "who asks for a list gets one");

    let before = setup.wire.transcript().entries().len();
    let view = adapter.holders(&setup.stamp, &salt, Some(&vault)).await.unwrap();
    assert!(view.pods.iter().all(|pod| pod.mounted.is_some()));
    // Ten minutes pass here in a second: what the driver made is asked again then.
    assert!(
        matches!(counted(before), 3 | 4),
        "classes, Deployments, pods: what these mount of the vault's version is known"
    );
    // However often it is looked meanwhile.
    let mut again = false;
    for _ in 0..200 {
        let before = setup.wire.transcript().entries().len();
        adapter.holders(&setup.stamp, &salt, Some(&vault)).await.unwrap();
        again |= counted(before) == 4;
        if again {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(again, "the answer about Secrets stands for ever");
    let view = adapter.look(&setup.stamp, &salt).await.unwrap();
    assert!(view.pods.iter().all(|pod| pod.mounted.as_ref() == Some(&vault.version)), "and it is so");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_was_looked_at_before_a_glance_is_a_whole_look() {
    let mut config = WorldConfig::default();
    config.workloads[0].key = KeySource::SyncedSecret("cosmos".to_owned());
    let setup = setup(config, 60.0);
    let adapter = setup.adapter();
    let (view, age, asked) = glance(&setup, &adapter, Glance::Pods).await;
    assert_eq!((view.workloads.len(), view.synced.len(), age), (3, 1, Duration::ZERO));
    assert!(asked.contains(&"secretproviderclasses".to_owned()) && asked.len() == 9, "{asked:?}");
    // Another salt, other fingerprints.
    let (_, age) = adapter.glance(&setup.stamp, &Salt::new("b0"), Glance::Answer).await.unwrap();
    assert_eq!(age, Duration::ZERO);
}

#[tokio::test]
async fn whoever_asks_for_metadata_alone_gets_no_byte_of_a_secret() {
    let mut config = WorldConfig::default();
    config.workloads[0].key = KeySource::SyncedSecret("cosmos".to_owned());
    let setup = setup(config, 60.0);
    let ask = async |name: &str, kind: &str| {
        let path = format!("/api/v1/namespaces/workload/secrets{name}");
        let mut request = setup.request("GET", &path, Some(&setup.token));
        let accept = format!("application/json;as={kind};v=v1;g=meta.k8s.io");
        request.headers_mut().insert("accept", accept.parse().unwrap());
        setup.send(request).await
    };
    let (status, whole) = setup.raw("GET", "/api/v1/namespaces/workload/secrets/cosmos").await;
    assert_eq!(status, 200);
    let (status, object) = ask("/cosmos", "PartialObjectMetadata").await;
    let partial = json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1",
        "metadata": whole["metadata"]});
    assert_eq!((status, &object), (200, &partial));
    assert_eq!(object["metadata"]["labels"]["secrets-store.csi.k8s.io/managed"], "true");
    let (status, list) = ask("", "PartialObjectMetadataList").await;
    assert_eq!((status, &list["kind"]), (200, &json!("PartialObjectMetadataList")));
    assert_eq!(list["items"], json!([partial]));
    let (status, gone) = ask("/nobody", "PartialObjectMetadata").await;
    assert_eq!((status, &gone["reason"]), (404, &json!("NotFound")));
}
