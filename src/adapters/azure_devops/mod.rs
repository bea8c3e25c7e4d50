//! The `Pipeline` port over Azure DevOps.
//!
//! Runs are read as builds (they can be filtered and paged; a run's id is its build's id), stages from the build's
//! timeline. What a stage does to the world is not Azure DevOps' to say: the settings declare it by stage name. Who may
//! approve is asked only while a stage waits for it, what a failed stage printed only for the newest runs.

mod approvals;
mod arrivals;
mod builds;
mod client;
mod definition;
mod filters;
mod listing;
mod origin;
mod preview;
mod refusal;
mod settings;
mod stages;
mod start;
mod templates;
mod timeline;
mod triggers;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::{Mutex, OnceCell};

use self::definition::Definition;
use self::listing::Builds;
use self::settings::moves_traffic;
pub use self::settings::{AzureDevOpsSettings, DevOpsCredential, PipelineRef};
use super::http::Http;
use super::log_tail;
use super::runs;
use crate::model::{BranchName, CommitId, PullHead, RunView, StageView};
use crate::ports::{Arrival, Clock, Code, Effect, Fault, Pipeline, Started, Validation};
use builds::Build;
use client::Client;
pub use client::Manners;
pub use origin::PresentNames;

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
