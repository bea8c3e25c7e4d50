//! The `Pipeline` port over Azure DevOps.
//!
//! Runs are read as builds (they can be filtered and paged; a run's id is its build's id), stages from the build's
//! timeline. What a stage does to the world is not Azure DevOps' to say: the settings declare it by stage name. Who may
//! approve is asked only while a stage waits for it, what a failed stage printed only for the newest runs.

mod approvals;
mod arrivals;
mod builds;
mod client;
mod filters;
mod origin;
mod preview;
mod refusal;
mod start;
mod templates;
mod timeline;
mod triggers;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::{Mutex, OnceCell};
use url::Url;

use approvals::Approval;
use builds::Build;
use client::Client;
pub use client::Manners;
pub use origin::PresentNames;
use timeline::Timeline;

use super::http::Http;
use super::log_tail;
use super::runs::{self, Listing};
use super::token::TokenSource;
use crate::model::{
    Blindness, BranchName, CommitId, PullHead, RunResult, RunState, RunView, StageEffect, StageFailure,
    StageView,
};
use crate::ports::{Arrival, Clock, Code, Effect, Fault, Pipeline, Started, Validation};

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
    /// Whether it validates pull requests: then nothing dangerous can be accepted.
    pub validates: bool,
    /// The release pipeline, where this one validates and may be the very same: in its project. It is never started as a
    /// validation.
    pub release: Option<PipelineRef>,
    /// Stages that move traffic or destroy a unit, and may run all the same.
    pub accepted: Vec<String>,
    /// What a run is given besides, by the names of the pipeline's parameters.
    pub parameters: BTreeMap<String, String>,
    /// The repository on GitHub that the code is in: `owner/name`.
    pub repository: String,
    /// How many runs back a look goes, unless none of them has moved traffic; runs that are still going are seen however old.
    pub recent: usize,
    /// How many runs back it is looked for the one that moved traffic last.
    pub look_back: usize,
}

fn moves_traffic(effect: &StageEffect) -> bool {
    *effect == StageEffect::SwitchesTraffic
}

/// States of builds that are not over, in the order in which one goes through them: what moves on while they are asked for
/// is in a later list.
const GOING: [&str; 4] = ["postponed", "notStarted", "inProgress", "cancelling"];

/// The adapter. Cheap to clone.
#[derive(Clone)]
pub struct AzureDevOps {
    client: Arc<Client>,
    /// Where the pipeline's YAML is read as it is at a commit.
    code: Arc<dyn Code>,
    settings: Arc<AzureDevOpsSettings>,
    /// What the repositories are called by now.
    names: Option<Arc<dyn PresentNames>>,
    pipeline: Arc<OnceCell<u32>>,
    /// Stages of runs that are over, by run and time of last change: they are not asked for again, unless what one
    /// printed is still to be read.
    finished: Arc<Mutex<Finished>>,
    /// How often what they printed was asked for.
    tries: Arc<log_tail::Tries<Change>>,
}

/// A run, and its last change.
type Change = (u64, String);

type Finished = BTreeMap<Change, Vec<StageView>>;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Definition {
    id: u32,
    name: String,
    #[serde(default)]
    path: String,
    #[serde(default)]
    queue_status: String,
    #[serde(default)]
    triggers: Vec<triggers::Trigger>,
    #[serde(default)]
    process: arrivals::Process,
    #[serde(default)]
    repository: origin::Origin,
}

/// It has never been found: its name is wrong as likely as a right is missing, and is told at once.
fn never_found(fault: Fault) -> Fault {
    match fault.kind {
        Blindness::Missing => Fault { kind: Blindness::Misconfigured, ..fault },
        _ => fault,
    }
}

impl AzureDevOps {
    /// `code`: of the repository that the pipeline builds.
    pub fn new(
        settings: AzureDevOpsSettings,
        code: Arc<dyn Code>,
        http: &Http,
        clock: Arc<dyn Clock>,
    ) -> AzureDevOps {
        let client = Client::new(&settings, http.clone(), clock);
        AzureDevOps {
            client: Arc::new(client),
            code,
            settings: Arc::new(settings),
            names: None,
            pipeline: Arc::default(),
            finished: Arc::default(),
            tries: Arc::default(),
        }
    }

    /// Beside others that ask the same organization: the delays that one is told bind all of them.
    pub fn sharing(mut self, manners: &Arc<Manners>) -> AzureDevOps {
        if let Some(client) = Arc::get_mut(&mut self.client) {
            client.manners = Arc::clone(manners);
        }
        self
    }

    fn subject(&self) -> String {
        let pipeline = match &self.settings.pipeline {
            PipelineRef::Id(id) => id.to_string(),
            PipelineRef::Name(name) => format!("“{name}”"),
        };
        format!("Azure DevOps pipeline {pipeline} of project {}", self.settings.project)
    }

    /// The pipeline's number; looked up once. A number that no pipeline has would give an empty list of runs, which says
    /// that nothing is under way.
    async fn pipeline(&self) -> Result<u32, Fault> {
        let look = async || match &self.settings.pipeline {
            PipelineRef::Id(id) => self.definition(*id).await.map(|definition| definition.id),
            PipelineRef::Name(name) => self.find(name).await,
        };
        self.pipeline.get_or_try_init(look).await.copied().map_err(never_found)
    }

    /// The pipeline's definition as it is now, with its number.
    async fn defined(&self) -> Result<(u32, Definition), Fault> {
        let number = match (self.pipeline.get(), &self.settings.pipeline) {
            // Whoever looks whether there is one of that number has it.
            (None, PipelineRef::Id(id)) => *id,
            _ => self.pipeline().await?,
        };
        let definition = self.definition(number).await;
        let definition = definition
            .map_err(|fault| if self.pipeline.initialized() { fault } else { never_found(fault) })?;
        Ok((*self.pipeline.get_or_init(async || definition.id).await, definition))
    }

    async fn definition(&self, id: u32) -> Result<Definition, Fault> {
        let path = format!("build/definitions/{id}");
        self.client.read("look the pipeline up", &self.subject(), &path, &[]).await
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

    /// The newest runs, and whether there may be older ones.
    async fn newest(&self, pipeline: u32, most: usize) -> Result<(Vec<Build>, bool), Fault> {
        let pipeline = pipeline.to_string();
        let query = [("definitions", pipeline.as_str()), ("queryOrder", "queueTimeDescending")];
        let builds: Vec<Build> =
            self.client.list("list the runs", &self.subject(), "build/builds", &query, most).await?;
        let more = builds.len() >= most;
        Ok((builds, more))
    }

    /// The newest runs, and those that are still going however old they are; and whether there may be older ones.
    async fn builds(&self, pipeline: u32) -> Result<(Vec<Build>, bool), Fault> {
        let (mut builds, more) = self.newest(pipeline, self.settings.recent).await?;
        let (what, subject, pipeline) = ("list the runs", self.subject(), pipeline.to_string());
        // One that was queued while the pipeline was paused may wait for weeks, and then run.
        for state in GOING.iter().filter(|_| more) {
            let going = [("definitions", pipeline.as_str()), ("statusFilter", *state)];
            builds
                .extend(self.client.list::<Build>(what, &subject, "build/builds", &going, usize::MAX).await?);
        }
        // The same run may be in several lists; the later one was read later.
        let by_id: BTreeMap<u64, Build> = builds.into_iter().map(|build| (build.id, build)).collect();
        Ok((by_id.into_values().rev().collect(), more))
    }

    /// The runs on one commit: those of its branch, and those that the pull request itself has started, which are of a
    /// merge that is nobody's branch and name the commit beside it.
    async fn builds_of(&self, head: &PullHead) -> Result<Vec<Build>, Fault> {
        let pipeline = self.pipeline().await?.to_string();
        let (what, subject) = (format!("list the runs on {}", head.commit.short()), self.subject());
        let mut found = BTreeMap::new();
        for branch in [format!("refs/heads/{}", head.branch), format!("refs/pull/{}/merge", head.pull.0)] {
            let query = [
                ("definitions", pipeline.as_str()),
                ("branchName", &branch),
                ("queryOrder", "queueTimeDescending"),
            ];
            let builds: Vec<Build> =
                self.client.list(&what, &subject, "build/builds", &query, self.settings.recent).await?;
            found.extend(
                builds.into_iter().filter(|build| build.is_of(&head.commit)).map(|one| (one.id, one)),
            );
        }
        Ok(found.into_values().rev().collect())
    }

    async fn stages(&self, build: &Build, explain: bool) -> Result<Vec<StageView>, Fault> {
        let key = (build.id, build.changed());
        let known = self.finished.lock().await.get(&key).cloned();
        let is_told = |known: &Vec<StageView>| log_tail::is_told(known) || self.tries.are_up(&key);
        if let Some(known) = known.filter(|known| !explain || is_told(known)) {
            return Ok(known);
        }
        let what = format!("read the stages of run {}", build.id);
        let path = format!("build/builds/{}/timeline", build.id);
        let timeline: Option<Value> = self.client.read_if_there(&what, &self.subject(), &path).await?;
        let timeline = Timeline::parse(timeline.unwrap_or_default())
            .map_err(|why| Fault::new(Blindness::Unintelligible, &what, self.subject(), why))?;
        let approvals = self.approvals(&timeline, build).await;
        let mut stages = timeline.stages(&self.settings.stages, &approvals, build.url());
        let failed = RunState::Completed(RunResult::Failed);
        if explain && let Some(stage) = stages.iter_mut().find(|stage| stage.state == failed) {
            stage.failure = self.failure(build, &timeline, &stage.name).await;
            if build.state().is_over() {
                self.tries.note(key.clone());
            }
        }
        if build.state().is_over() {
            self.finished.lock().await.insert(key, stages.clone());
        }
        Ok(stages)
    }

    /// Who may approve. Where that cannot be read, the stage waits all the same.
    async fn approvals(&self, timeline: &Timeline, build: &Build) -> BTreeMap<String, Approval> {
        let open = timeline.open_approvals();
        if open.is_empty() || build.state().is_over() {
            return BTreeMap::new();
        }
        let ids = open.join(",");
        let query = [("approvalIds", ids.as_str()), ("$expand", "steps")];
        let what = "read who may approve";
        let read = self.client.whole_list(what, &self.subject(), "pipelines/approvals", &query).await;
        read.map(approvals::by_id).unwrap_or_default()
    }

    /// What the failed step printed last. It helps and decides nothing, so it may be missing.
    async fn failure(&self, build: &Build, timeline: &Timeline, stage: &str) -> Option<StageFailure> {
        let failed = timeline.failed(stage)?;
        let text = match failed.log {
            Some(log) => self.log(build, log).await.unwrap_or_default(),
            None => String::new(),
        };
        let printed = log_tail::tail(&text);
        let lines = if printed.is_empty() { log_tail::tail(&failed.noted.join("\n")) } else { printed };
        Some(StageFailure { step: failed.step, lines })
    }

    /// The end of a log: how long it is, stands in the list of logs.
    async fn log(&self, build: &Build, log: u64) -> Option<String> {
        const LINES: u64 = 40;
        let what = "read the log of a failed step";
        let path = format!("build/builds/{}/logs", build.id);
        let logs: Vec<builds::Log> = self.client.whole_list(what, &self.subject(), &path, &[]).await.ok()?;
        let count = logs.iter().find(|listed| listed.id == log)?.line_count;
        let from = count.saturating_sub(LINES).to_string();
        self.client.text(what, &self.subject(), &format!("{path}/{log}"), &[("startLine", &from)]).await.ok()
    }
}

#[async_trait]
impl Validation for AzureDevOps {
    async fn runs_of(&self, head: &PullHead) -> Result<Vec<RunView>, Fault> {
        let builds = self.builds_of(head).await?;
        Ok(builds.into_iter().map(|build| build.view(Vec::new())).collect())
    }

    async fn start(&self, branch: &BranchName, commit: &CommitId, skip: &[String]) -> Effect<Started> {
        self.start_run(branch, commit, skip).await
    }
}

/// The runs of the pipeline of this number.
struct Builds<'a>(&'a AzureDevOps, u32);

#[async_trait]
impl Listing for Builds<'_> {
    type Run = Build;
    type Order = u64;

    async fn newest(&self) -> Result<(Vec<Build>, bool), Fault> {
        self.0.builds(self.1).await
    }

    async fn older(&self) -> Result<(Vec<Build>, bool), Fault> {
        self.0.newest(self.1, self.0.settings.look_back).await
    }

    async fn stages(&self, run: &Build, explain: bool) -> Result<Vec<StageView>, Fault> {
        self.0.stages(run, explain).await
    }

    fn order(&self, run: &Build) -> u64 {
        run.id
    }

    fn keeps_place(&self) -> bool {
        true
    }

    fn view(&self, run: &Build, stages: Vec<StageView>) -> RunView {
        run.view(stages)
    }
}

#[async_trait]
impl Pipeline for AzureDevOps {
    async fn runs(&self) -> Result<Vec<RunView>, Fault> {
        let listing = Builds(self, self.pipeline().await?);
        let looks_back = self.settings.stages.values().flatten().any(moves_traffic);
        runs::back_to_traffic(&listing, self.settings.recent, self.settings.look_back, looks_back).await
    }

    async fn may_be_pushed(&self, arrival: &Arrival<'_>) -> Effect<()> {
        self.judged_for_push(arrival).await
    }

    async fn start(&self, branch: &BranchName, commit: &CommitId, skip: &[String]) -> Effect<Started> {
        self.start_run(branch, commit, skip).await
    }
}
