//! The `Pipeline` port over Azure DevOps.
//!
//! Runs are read as builds (they can be filtered and paged; a run's id is its build's id), stages from the build's
//! timeline. A run is started once, pinned to a commit, and the answer's commit is compared with the one that was
//! asked for. What a stage does to the world is not Azure DevOps' to say: the settings declare it by stage name.

mod builds;
mod client;
mod refusal;
mod timeline;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::{Mutex, OnceCell};
use url::Url;

use builds::Build;
use client::Client;

use super::http::Http;
use super::token::TokenSource;
use crate::model::{Blindness, BranchName, CommitId, RunId, RunView, StageEffect, StageView};
use crate::ports::{Clock, Effect, Fault, Pipeline};

/// Which pipeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PipelineRef {
    Id(u32),
    /// By its exact name, with its folder where the name alone is not unique: `\release\prod`.
    Name(String),
}

/// How to sign in.
#[derive(Clone)]
pub enum DevOpsCredential {
    /// A personal access token, sent as basic authorization.
    Pat(Arc<dyn TokenSource>),
    /// An Entra token, or a pipeline job's `System.AccessToken`.
    Bearer(Arc<dyn TokenSource>),
}

/// What the adapter must know.
#[derive(Clone)]
pub struct AzureDevOpsSettings {
    /// `https://dev.azure.com/ORGANIZATION`, or a collection's address on an own server.
    pub organization: Url,
    pub project: String,
    pub pipeline: PipelineRef,
    pub credential: DevOpsCredential,
    /// What each stage does, by the stage's name in the YAML.
    pub stages: BTreeMap<String, Vec<StageEffect>>,
    /// How many runs back a look goes; runs that are still going are seen however old.
    pub recent: usize,
}

/// The adapter. Cheap to clone.
#[derive(Clone)]
pub struct AzureDevOps {
    client: Arc<Client>,
    settings: Arc<AzureDevOpsSettings>,
    pipeline: Arc<OnceCell<u32>>,
    /// Stages of runs that are over, by run and time of last change: they are not asked for again.
    finished: Arc<Mutex<Finished>>,
}

type Finished = BTreeMap<(u64, String), Vec<StageView>>;

#[derive(Deserialize)]
struct Definition {
    id: u32,
    name: String,
    #[serde(default)]
    path: String,
}

impl AzureDevOps {
    pub fn new(settings: AzureDevOpsSettings, http: &Http, clock: Arc<dyn Clock>) -> AzureDevOps {
        let client = Client::new(&settings, http.clone(), clock);
        AzureDevOps {
            client: Arc::new(client),
            settings: Arc::new(settings),
            pipeline: Arc::default(),
            finished: Arc::default(),
        }
    }

    fn subject(&self) -> String {
        let pipeline = match &self.settings.pipeline {
            PipelineRef::Id(id) => id.to_string(),
            PipelineRef::Name(name) => format!("“{name}”"),
        };
        format!("Azure DevOps pipeline {pipeline} of project {}", self.settings.project)
    }

    /// The pipeline's number; looked up by name once.
    async fn pipeline(&self) -> Result<u32, Fault> {
        let name = match &self.settings.pipeline {
            PipelineRef::Id(id) => return Ok(*id),
            PipelineRef::Name(name) => name,
        };
        self.pipeline.get_or_try_init(|| self.find(name)).await.copied()
    }

    async fn find(&self, name: &str) -> Result<u32, Fault> {
        let what = "find the pipeline by its name";
        let (folder, bare) =
            name.rsplit_once('\\').map_or((None, name), |(folder, bare)| (Some(folder), bare));
        let query = [("name", bare)];
        let found: Vec<Definition> =
            self.client.list(what, &self.subject(), "build/definitions", &query, usize::MAX).await?;
        let wanted = |definition: &&Definition| {
            let in_folder = |folder: &str| definition.path.trim_matches('\\') == folder.trim_matches('\\');
            definition.name.eq_ignore_ascii_case(bare) && folder.is_none_or(in_folder)
        };
        let matches: Vec<&Definition> = found.iter().filter(wanted).collect();
        match matches.as_slice() {
            [one] => Ok(one.id),
            [] => Err(Fault::new(Blindness::Missing, what, self.subject(), "there is none of that name")
                .remedy("check the name, or give the pipeline's number (definitionId in its address)")),
            several => {
                let numbers = several.iter().map(|definition| {
                    format!(
                        "{}\\{} = {}",
                        definition.path.trim_end_matches('\\'),
                        definition.name,
                        definition.id
                    )
                });
                let numbers = numbers.collect::<Vec<_>>().join(", ");
                Err(Fault::new(
                    Blindness::Unintelligible,
                    what,
                    self.subject(),
                    format!("several have it: {numbers}"),
                )
                .remedy("give the folder too, or the number"))
            }
        }
    }

    /// The newest runs, and those that are still going however old they are.
    async fn builds(&self, pipeline: u32) -> Result<Vec<Build>, Fault> {
        let (what, subject, pipeline) = ("list the runs", self.subject(), pipeline.to_string());
        let newest = [("definitions", pipeline.as_str()), ("queryOrder", "queueTimeDescending")];
        let mut builds: Vec<Build> =
            self.client.list(what, &subject, "build/builds", &newest, self.settings.recent).await?;
        let going = [("definitions", pipeline.as_str()), ("statusFilter", "inProgress")];
        builds.extend(self.client.list::<Build>(what, &subject, "build/builds", &going, usize::MAX).await?);
        // The same run may be in both lists; then the second one was read later.
        let by_id: BTreeMap<u64, Build> = builds.into_iter().map(|build| (build.id, build)).collect();
        Ok(by_id.into_values().rev().collect())
    }

    async fn stages(&self, build: &Build) -> Result<Vec<StageView>, Fault> {
        let key = (build.id, build.changed());
        if let Some(known) = self.finished.lock().await.get(&key) {
            return Ok(known.clone());
        }
        let what = format!("read the stages of run {}", build.id);
        let path = format!("build/builds/{}/timeline", build.id);
        let timeline: Option<Value> = self.client.read_if_there(&what, &self.subject(), &path).await?;
        let stages = match timeline {
            Some(timeline) => timeline::stages(timeline, &self.settings.stages)
                .map_err(|why| Fault::new(Blindness::Unintelligible, &what, self.subject(), why))?,
            None => Vec::new(),
        };
        if build.state().is_over() {
            self.finished.lock().await.insert(key, stages.clone());
        }
        Ok(stages)
    }

    /// Whether the run that was just started is the one that was asked for.
    async fn confirm(&self, run: u64, answered: Option<String>, commit: &CommitId) -> Effect<RunId> {
        let what = format!("run the pipeline at {}", commit.short());
        let started = match answered {
            Some(version) => Ok(version),
            None => {
                let path = format!("build/builds/{run}");
                self.client
                    .read::<Build>(&what, &self.subject(), &path, &[])
                    .await
                    .map(|build| build.source_version)
            }
        };
        match started {
            Ok(version) if version.eq_ignore_ascii_case(commit.as_str()) => {
                Effect::Applied(RunId::new(run.to_string()))
            }
            Ok(version) => Effect::Unknown(
                Fault::new(
                    Blindness::Unintelligible,
                    what,
                    self.subject(),
                    format!("run {run} was started, but on commit “{version}”"),
                )
                .remedy(format!(
                    "cancel run {run}, and find out why the pipeline does not run the commit that it is given"
                )),
            ),
            Err(fault) => Effect::Unknown(fault),
        }
    }
}

#[async_trait]
impl Pipeline for AzureDevOps {
    async fn runs(&self) -> Result<Vec<RunView>, Fault> {
        let pipeline = self.pipeline().await?;
        let mut branches = BTreeSet::new();
        let mut runs = Vec::new();
        for build in self.builds(pipeline).await? {
            let newest_of_branch = branches.insert(build.source_branch.clone());
            let stages = match newest_of_branch || !build.state().is_over() {
                true => self.stages(&build).await?,
                false => Vec::new(),
            };
            runs.push(build.view(stages));
        }
        Ok(runs)
    }

    async fn start(&self, branch: &BranchName, commit: &CommitId, skip: &[String]) -> Effect<RunId> {
        let what = format!("run the pipeline on {branch} at {}", commit.short());
        let pipeline = match self.pipeline().await {
            Ok(pipeline) => pipeline,
            Err(fault) => return Effect::NotSent(fault),
        };
        let itself = json!({ "refName": format!("refs/heads/{branch}"), "version": commit.as_str() });
        let body = json!({ "resources": { "repositories": { "self": itself } }, "stagesToSkip": skip });
        let path = format!("pipelines/{pipeline}/runs");
        match self.client.write(&what, &self.subject(), &path, &body).await {
            Effect::Applied(run) => match run.get("id").and_then(Value::as_u64) {
                Some(id) => {
                    let version = run.pointer("/resources/repositories/self/version").and_then(Value::as_str);
                    self.confirm(id, version.map(str::to_owned), commit).await
                }
                None => Effect::Unknown(Fault::new(
                    Blindness::Unintelligible,
                    what,
                    self.subject(),
                    "the answer to the start of a run names no run",
                )),
            },
            Effect::Refused(fault) => Effect::Refused(fault),
            Effect::NotSent(fault) => Effect::NotSent(fault),
            Effect::Unknown(fault) => Effect::Unknown(fault),
        }
    }
}
