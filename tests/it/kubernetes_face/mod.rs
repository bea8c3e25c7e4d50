//! The simulated API server: under the real kubectl, under the production adapter, and against what was recorded
//! from a real control plane.
#![allow(clippy::print_stdout)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

mod adapter;
mod glance;
mod kubectl;
mod options;
mod recorded;

use futures::StreamExt as _;
use keyslot::adapters::http::{self, Http, HttpSettings, Proxies};
use keyslot::adapters::kubernetes::{
    ClusterPlace, KubeconfigPlace, Kubernetes, StampCluster, parse_workload,
};
use keyslot::model::{
    ClusterView, Fingerprint, RotationId, Salt, StampName, Strategy, VaultView, WorkloadKind, WorkloadName,
};
use keyslot::ports::{Clock as _, Clusters, Effect, Glance, Happening, Permit, Recall, RestartMark};
use keyslot::rotation::rollout::rollout;
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
            recall: Recall::default(),
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
