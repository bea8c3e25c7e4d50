//! The `Pipeline` port over GitHub Actions.
//!
//! A run of one workflow is a run of the pipeline, and its jobs are the stages: the parts of a matrix and the jobs of a
//! workflow that it calls count as the one job that has them. GitHub lists a job when its turn has come, so a declared
//! one that is not listed yet is still ahead. What GitHub cannot do is told apart: a run starts at a branch's head and at
//! no other commit, and jobs are left out only where the workflow has an input for that.

mod arrivals;
mod condition;
mod deployments;
mod dispatch;
mod jobs;
mod last_statuses;
mod log;
mod pushes;
mod run;
mod set_off;
mod workflow;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use jiff::Timestamp;
use serde::Deserialize;
use tokio::sync::Mutex;
use url::Url;

use super::GitHub;
use super::client::{Client, segment};
use crate::adapters::http::Http;
use crate::adapters::log_tail;
use crate::adapters::runs::{self, Listing};
use crate::adapters::token::TokenSource;
use crate::model::{
    BranchName, CommitId, DeploymentView, PullHead, RunResult, RunState, RunView, StageEffect, StageHold,
    StageView,
};
use crate::ports::{Arrival, Clock, Code, Effect, Fault, Pipeline, Started, Validation};
use deployments::Status;
use jobs::{Job, Pending};
use run::Run;

/// What the adapter must know.
#[derive(Clone)]
pub struct ActionsSettings {
    /// `https://api.github.com`, or `https://HOST/api/v3` on an own server.
    pub api: Url,
    pub owner: String,
    pub repository: String,
    /// The workflow's file name, or its id.
    pub workflow: String,
    pub token: Arc<dyn TokenSource>,
    /// What each job does, in the order of the configuration.
    pub stages: Vec<(String, Vec<StageEffect>)>,
    /// Whether it validates pull requests: then nothing dangerous can be accepted.
    pub validates: bool,
    /// The release workflow of the same repository, where this one validates: it is never started as a validation.
    pub release: Option<String>,
    /// Jobs that move traffic or destroy a unit, and may run all the same.
    pub accepted: Vec<String>,
    /// The workflow's input that takes the jobs to leave out.
    pub skip_input: Option<String>,
    /// The repository's environments that are deployed to.
    pub environments: Vec<String>,
    /// Further inputs.
    pub inputs: BTreeMap<String, String>,
    /// Whether keyslot starts runs; else the push does.
    pub dispatches: bool,
    /// How many runs back it is looked for the one that moved traffic last, in whole pages of a hundred.
    pub look_back: usize,
}

impl ActionsSettings {
    /// Whether a job that does this is to be left out, or accepted by name: of a validation, one that does anything.
    fn is_held(&self, effects: &[StageEffect]) -> bool {
        effects.iter().any(|effect| self.validates || effect.is_dangerous())
    }

    /// What to do about a job that is held, and would run.
    fn answer_for_harm(&self) -> &'static str {
        match self.validates {
            true => "add it to `skip`",
            false => "add it to `skip`, or to `accept` with `because`",
        }
    }
}

/// How many runs one look reads; of more, those that still go are asked for by their state.
const RECENT: usize = 100;

/// States of runs that are not over, in the order in which one goes through them: what moves on while they are asked for is
/// in a later list. A run in progress may come to wait again.
const GOING: [&str; 6] = ["requested", "pending", "waiting", "queued", "in_progress", "waiting"];

/// The adapter. Cheap to clone.
#[derive(Clone)]
pub struct Actions {
    client: Arc<Client>,
    http: Http,
    clock: Arc<dyn Clock>,
    /// Where the workflow is read as it is at a commit.
    code: Arc<dyn Code>,
    settings: Arc<ActionsSettings>,
    /// Stages of attempts that are over: they are not asked for again, unless what one printed is still to be read.
    finished: Arc<Mutex<Finished>>,
    /// How often what they printed was asked for.
    tries: Arc<log_tail::Tries<Attempt>>,
    /// The last status of deployments that have ended.
    deployed: Arc<Mutex<BTreeMap<u64, Status>>>,
    /// Environments that are known to be there.
    environments: Arc<Mutex<BTreeSet<String>>>,
}

/// A run, which attempt of it, and its last change.
type Attempt = (u64, u32, Option<Timestamp>);

type Finished = BTreeMap<Attempt, Vec<StageView>>;

#[derive(Deserialize)]
struct Runs {
    workflow_runs: Vec<Run>,
}

impl Actions {
    /// `code`: of the repository that the workflow is in.
    pub fn new(
        settings: ActionsSettings,
        code: Arc<dyn Code>,
        http: &Http,
        clock: Arc<dyn Clock>,
    ) -> Actions {
        let client = Client::new(settings.api.clone(), settings.token.clone(), http, Arc::clone(&clock));
        Actions {
            client: Arc::new(client),
            http: http.clone(),
            clock,
            code,
            settings: Arc::new(settings),
            finished: Arc::default(),
            tries: Arc::default(),
            deployed: Arc::default(),
            environments: Arc::default(),
        }
    }

    /// With the client of a forge that has the same token: what the one writes and what limits it meets bind the other.
    pub fn beside(mut self, forge: &GitHub) -> Actions {
        self.client = Arc::clone(&forge.client);
        self
    }

    fn path(&self, rest: &str) -> String {
        format!("/repos/{}/{}/{rest}", self.settings.owner, self.settings.repository)
    }

    fn workflow_path(&self, rest: &str) -> String {
        self.path(&format!("actions/workflows/{}{rest}", segment(&self.settings.workflow)))
    }

    fn subject(&self) -> String {
        let ActionsSettings { owner, repository, workflow, .. } = &*self.settings;
        format!("workflow {workflow} of GitHub repository {owner}/{repository}")
    }

    async fn list(&self, query: &[(&str, &str)]) -> Result<Vec<Run>, Fault> {
        let mut query = query.to_vec();
        let count = RECENT.to_string();
        query.push(("per_page", &count));
        let (subject, path) = (self.subject(), self.workflow_path("/runs"));
        let runs: Result<Runs, Fault> = self.client.read("list the runs", &subject, &path, &query).await;
        runs.map(|runs| runs.workflow_runs).map_err(|fault| self.client.of_all(fault))
    }

    /// The newest runs, and those that still go however old they are; and whether there may be older ones. The one that began
    /// last comes first: a run that was started again keeps its number.
    async fn newest(&self) -> Result<(Vec<Run>, bool), Fault> {
        let mut runs = self.list(&[]).await?;
        let more = runs.len() >= RECENT;
        if more {
            let (subject, path) = (self.subject(), self.workflow_path("/runs"));
            for state in GOING {
                let query = [("status", state)];
                let all = |_: &[Run]| false;
                let going = (&query[..], "workflow_runs");
                runs.extend(self.client.pages_until("list the runs", &subject, &path, going, all).await?);
            }
        }
        // The same run may be in several lists; the later one was read later.
        let by_id: BTreeMap<u64, Run> = runs.into_iter().map(|run| (run.id, run)).collect();
        let mut runs: Vec<Run> = by_id.into_values().collect();
        runs.sort_by_key(|run| std::cmp::Reverse((run.began(), run.id)));
        Ok((runs, more))
    }

    /// As many runs as are looked back at, and whether there may be older ones.
    async fn older(&self) -> Result<(Vec<Run>, bool), Fault> {
        let (subject, path) = (self.subject(), self.workflow_path("/runs"));
        let seen = AtomicUsize::new(0);
        let enough = |page: &[Run]| {
            seen.fetch_add(page.len(), Ordering::Relaxed) + page.len() >= self.settings.look_back
        };
        let mut runs: Vec<Run> =
            self.client.pages_until("list the runs", &subject, &path, (&[], "workflow_runs"), enough).await?;
        runs.sort_by_key(|run| std::cmp::Reverse((run.began(), run.id)));
        let more = runs.len() >= self.settings.look_back;
        Ok((runs, more))
    }

    async fn stages(&self, run: &Run, explain: bool) -> Result<Vec<StageView>, Fault> {
        let (what, subject) = (format!("read the jobs of run {}", run.id), self.subject());
        let known = self.finished.lock().await.get(&run.version()).cloned();
        let is_told = |known: &Vec<StageView>| log_tail::is_told(known) || self.tries.are_up(&run.version());
        if let Some(known) = known.filter(|known| !explain || is_told(known)) {
            return Ok(known);
        }
        let path = self.path(&format!("actions/runs/{}/jobs", run.id));
        let jobs: Vec<Job> = self.client.pages(&what, &subject, &path, "jobs").await?;
        let waits = jobs.iter().any(Job::waits) || run.state() == RunState::WaitsForApproval;
        let holds = if waits { self.holds(run).await } else { Vec::new() };
        let mut stages = jobs::stages(&jobs, &self.settings.stages, run.state().is_over(), &holds);
        let failed = RunState::Completed(RunResult::Failed);
        if explain && let Some(stage) = stages.iter_mut().find(|stage| stage.state == failed) {
            stage.failure = self.failure(&jobs, &stage.name).await;
            if run.state().is_over() {
                self.tries.note(run.version());
            }
        }
        if run.state().is_over() {
            self.finished.lock().await.insert(run.version(), stages.clone());
        }
        Ok(stages)
    }

    /// The environments that wait, and for whom. Where that may not be read, the jobs wait all the same.
    async fn holds(&self, run: &Run) -> Vec<StageHold> {
        let path = self.path(&format!("actions/runs/{}/pending_deployments", run.id));
        let what = format!("read what run {} waits for", run.id);
        let pending: Result<Vec<Pending>, Fault> = self.client.read(&what, &self.subject(), &path, &[]).await;
        pending.unwrap_or_default().into_iter().map(|pending| pending.hold(&run.html_url)).collect()
    }
}

#[async_trait]
impl Validation for Actions {
    async fn runs_of(&self, head: &PullHead) -> Result<Vec<RunView>, Fault> {
        let own = format!("{}/{}", self.settings.owner, self.settings.repository);
        let mut runs = self.list(&[("head_sha", head.commit.as_str())]).await?;
        runs.sort_by_key(|run| std::cmp::Reverse((run.began(), run.id)));
        let view = |run: Run| {
            let branch = run.branch(&own);
            run.view(branch, Vec::new())
        };
        Ok(runs.into_iter().map(view).collect())
    }

    async fn start(&self, branch: &BranchName, commit: &CommitId, skip: &[String]) -> Effect<Started> {
        self.dispatch(branch, commit, skip).await
    }
}

/// The workflow's runs; with the repository's full name.
struct OwnRuns<'a>(&'a Actions, String);

#[async_trait]
impl Listing for OwnRuns<'_> {
    type Run = Run;
    type Order = (Timestamp, u64);

    async fn newest(&self) -> Result<(Vec<Run>, bool), Fault> {
        self.0.newest().await
    }

    async fn older(&self) -> Result<(Vec<Run>, bool), Fault> {
        self.0.older().await
    }

    async fn stages(&self, run: &Run, explain: bool) -> Result<Vec<StageView>, Fault> {
        self.0.stages(run, explain).await
    }

    fn order(&self, run: &Run) -> (Timestamp, u64) {
        (run.began(), run.id)
    }

    fn view(&self, run: &Run, stages: Vec<StageView>) -> RunView {
        run.view(run.branch(&self.1), stages)
    }
}

#[async_trait]
impl Pipeline for Actions {
    async fn runs(&self) -> Result<Vec<RunView>, Fault> {
        let listing = OwnRuns(self, format!("{}/{}", self.settings.owner, self.settings.repository));
        let mut declared = self.settings.stages.iter().flat_map(|(_, effects)| effects);
        let looks_back = declared.any(|effect| *effect == StageEffect::SwitchesTraffic);
        runs::back_to_traffic(&listing, RECENT, self.settings.look_back, looks_back).await
    }

    async fn may_be_pushed(&self, arrival: &Arrival<'_>) -> Effect<()> {
        self.judged_for_push(arrival).await
    }

    async fn deployments(&self) -> Result<Vec<DeploymentView>, Fault> {
        self.list_deployments().await
    }

    async fn start(&self, branch: &BranchName, commit: &CommitId, skip: &[String]) -> Effect<Started> {
        self.dispatch(branch, commit, skip).await
    }
}
