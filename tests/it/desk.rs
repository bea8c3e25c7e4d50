//! A desk with everything of the release procedure on it: a world, its repository on disk, GitHub and Azure DevOps
//! over TLS, keyslot's three adapters, and a record of all that was said.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use keyslot::adapters::azure_devops::{AzureDevOps, AzureDevOpsSettings, DevOpsCredential, PipelineRef};
use keyslot::adapters::git::{Git, GitSettings, Identity};
use keyslot::adapters::github::actions::{Actions, ActionsSettings};
use keyslot::adapters::github::{GitHub, GitHubSettings};
use keyslot::adapters::http::Http;
use keyslot::adapters::token::FixedToken;
use keyslot::model::{BranchName, CommitId, StageEffect};
use keyslot::ports::{Code, CommitText, Effect, Expect, FileEdit};
use keyslot::sim::wire::azure_devops::{self, DevOpsAccess};
use keyslot::sim::wire::github::{self, App, GitHubAccess, enterprise};
use keyslot::sim::wire::{Wire, WireBuilder, WireOptions};
use keyslot::sim::{World, WorldConfig};
use serde_json::Value;
use url::form_urlencoded;

use crate::git_face::Place;
use crate::wire_core;

pub const GITHUB_TOKEN: &str = "ghp_CANARY-github";
pub const PAT: &str = "CANARY-azure-devops";

/// One request and its answer, bodies included.
#[derive(Clone, Debug)]
pub struct Exchange {
    pub method: String,
    pub path: String,
    /// Its parameters, decoded.
    pub query: Vec<(String, String)>,
    pub status: u16,
    pub asked: Option<Value>,
    pub answered: Option<Value>,
}

pub type Record = Arc<Mutex<Vec<Exchange>>>;

pub struct Desk {
    pub place: Place,
    pub wire: Wire,
    pub http: Http,
    /// What was said, by host.
    pub said: BTreeMap<&'static str, Record>,
}

impl Desk {
    pub fn new(config: WorldConfig, speed: f64) -> Desk {
        Desk::with_limit(config, speed, 5_000)
    }

    /// With another limit of requests an hour on GitHub.
    pub fn with_limit(config: WorldConfig, speed: f64, limit: u32) -> Desk {
        Desk::with_access(config, speed, |access| access.limit(limit))
    }

    /// With another way in on GitHub.
    pub fn with_access(
        config: WorldConfig,
        speed: f64,
        change: impl FnOnce(GitHubAccess) -> GitHubAccess,
    ) -> Desk {
        let place = Place::new(config.with_workflow(), speed);
        let builder = WireBuilder::new(place.shared.clock().clone(), WireOptions::default()).unwrap();
        let access = change(GitHubAccess::new(GITHUB_TOKEN.into(), "keyslot-bot").app(App::of_the_world()));
        let devops = DevOpsAccess::new("afmc", "platform", PAT.into(), "keyslot-bot")
            .bearer(Arc::new(|headers| headers["authorization"] == "Bearer entra"));
        let said: BTreeMap<&'static str, Record> =
            [github::HOST, enterprise::HOST, azure_devops::HOST].map(|host| (host, Record::default())).into();
        let github::Routers { api, web } = github::routers(place.shared.clone(), access);
        let own_server = recorded(enterprise::router(api.clone()), &said[enterprise::HOST]);
        let builder = builder
            .face(enterprise::host(), own_server)
            .face(github::host(), recorded(api, &said[github::HOST]))
            .face(github::web_host(), web)
            .face(
                azure_devops::host(),
                recorded(azure_devops::router(place.shared.clone(), devops), &said[azure_devops::HOST]),
            );
        let builder =
            builder.face(github::actions::logs_host(), github::actions::logs_router(place.shared.clone()));
        let turning = place.shared.clone().run(builder.stopped());
        builder.spawn(turning);
        let wire = builder.start().unwrap();
        let http = wire_core::client(&wire);
        Desk { place, wire, http, said }
    }

    pub fn with<T>(&self, act: impl FnOnce(&mut World) -> T) -> T {
        self.place.shared.with(act)
    }

    pub fn clock(&self) -> Arc<dyn keyslot::ports::Clock> {
        Arc::new(self.place.shared.clock().clone())
    }

    pub fn github(&self) -> GitHub {
        self.github_with(GITHUB_TOKEN, |_| {})
    }

    pub fn github_with(&self, token: &str, change: impl FnOnce(&mut GitHubSettings)) -> GitHub {
        let mut settings = GitHubSettings {
            api: "https://api.github.com".parse().unwrap(),
            owner: "afmc".to_owned(),
            repository: "platform".to_owned(),
            token: Arc::new(FixedToken::new(token.to_owned())),
            validation: Vec::new(),
            board: false,
        };
        change(&mut settings);
        GitHub::new(settings, &self.http, self.clock())
    }

    pub fn actions(&self) -> Actions {
        self.actions_with(|_| {})
    }

    /// keyslot's adapter for the world's pipeline as a workflow.
    pub fn actions_with(&self, change: impl FnOnce(&mut ActionsSettings)) -> Actions {
        let stages = self.with(|world| {
            let stages = world.config().pipeline.stages.iter();
            stages.map(|stage| (stage.name.clone(), stage.effects.clone())).collect()
        });
        let mut settings = ActionsSettings {
            api: "https://api.github.com".parse().unwrap(),
            owner: "afmc".to_owned(),
            repository: "platform".to_owned(),
            workflow: "release.yml".to_owned(),
            token: Arc::new(FixedToken::new(GITHUB_TOKEN.to_owned())),
            stages,
            validates: false,
            release: None,
            environments: Vec::new(),
            accepted: Vec::new(),
            skip_input: Some("skip".to_owned()),
            inputs: BTreeMap::new(),
            dispatches: true,
            look_back: 400,
        };
        change(&mut settings);
        Actions::new(settings, Arc::new(self.code()), &self.http, self.clock())
    }

    pub fn devops(&self) -> AzureDevOps {
        self.devops_with(|_| {})
    }

    pub fn devops_with(&self, change: impl FnOnce(&mut AzureDevOpsSettings)) -> AzureDevOps {
        let stages = self.with(|world| {
            let stages = world.config().pipeline.stages.iter();
            stages.map(|stage| (stage.name.clone(), stage.effects.clone())).collect()
        });
        let mut settings = devops_settings(stages);
        change(&mut settings);
        let devops = AzureDevOps::new(settings, Arc::new(self.code()), &self.http, self.clock());
        devops.beside(Arc::new(self.github()))
    }

    pub fn code(&self) -> Git {
        self.place.code()
    }

    /// A commit of keyslot's on a new branch, pushed.
    pub async fn propose(&self, branch: &str) -> CommitId {
        let code = self.code();
        let base = code.fetch().await.unwrap()[&BranchName::from("main")].clone();
        let edit = FileEdit { path: format!("{}.txt", branch.replace('/', "-")), bytes: b"x".to_vec() };
        let text =
            CommitText { message: "Proposal\n".to_owned(), at: "2026-11-22T10:00:00Z".parse().unwrap() };
        let commit = code.commit(&base, &[edit], &text).await.unwrap();
        let pushed = code.push(&commit, &BranchName::from(branch), &Expect::Absent).await;
        assert_eq!(pushed, Effect::Applied(()));
        commit
    }

    pub fn exchanges(&self, host: &str) -> Vec<Exchange> {
        self.said[host].lock().unwrap().clone()
    }
}

/// A repository without a branch: for adapters that learn nothing from it.
pub fn no_code() -> Arc<dyn Code> {
    const EMPTY: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/empty.git");
    let made = std::process::Command::new("git").args(["init", "--quiet", "--bare", EMPTY]).status().unwrap();
    assert!(made.success());
    let identity = Identity { name: "keyslot".to_owned(), email: "keyslot@example.com".to_owned() };
    let mirror = format!("{EMPTY}.mirror");
    Arc::new(Git::new(GitSettings::new(mirror, EMPTY, identity)))
}

pub fn devops_settings(stages: BTreeMap<String, Vec<StageEffect>>) -> AzureDevOpsSettings {
    AzureDevOpsSettings {
        organization: "https://dev.azure.com/afmc".parse().unwrap(),
        project: "platform".to_owned(),
        pipeline: PipelineRef::Name("release".to_owned()),
        credential: DevOpsCredential::Pat(Arc::new(FixedToken::new(PAT.to_owned()))),
        stages,
        validates: false,
        release: None,
        accepted: Vec::new(),
        parameters: BTreeMap::new(),
        repository: "afmc/platform".to_owned(),
        recent: 50,
        look_back: 400,
    }
}

fn recorded(router: Router, record: &Record) -> Router {
    router.layer(from_fn_with_state(Arc::clone(record), note))
}

async fn note(State(record): State<Record>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let asked = to_bytes(body, usize::MAX).await.unwrap();
    let (method, path) = (parts.method.to_string(), parts.uri.path().to_owned());
    let query =
        form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
    let response = next.run(Request::from_parts(parts, Body::from(asked.clone()))).await;
    let (parts, body) = response.into_parts();
    let answered = to_bytes(body, usize::MAX).await.unwrap();
    record.lock().unwrap().push(Exchange {
        method,
        path,
        query,
        status: parts.status.as_u16(),
        asked: serde_json::from_slice(&asked).ok(),
        answered: serde_json::from_slice(&answered).ok(),
    });
    Response::from_parts(parts, Body::from(answered))
}
