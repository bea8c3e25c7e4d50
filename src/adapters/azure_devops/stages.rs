//! Stages of a run: what they wait for, and what a failed one printed.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::log_tail;
use super::AzureDevOps;
use super::approvals::{self, Approval};
use super::builds::{self, Build};
use super::timeline::Timeline;
use crate::model::{Blindness, RunResult, RunState, StageFailure, StageView};
use crate::ports::Fault;

impl AzureDevOps {
    pub(super) async fn stages(&self, build: &Build, explain: bool) -> Result<Vec<StageView>, Fault> {
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
    pub(super) async fn approvals(&self, timeline: &Timeline, build: &Build) -> BTreeMap<String, Approval> {
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
    pub(super) async fn log(&self, build: &Build, log: u64) -> Option<String> {
        const LINES: u64 = 40;
        let what = "read the log of a failed step";
        let path = format!("build/builds/{}/logs", build.id);
        let logs: Vec<builds::Log> = self.client.whole_list(what, &self.subject(), &path, &[]).await.ok()?;
        let count = logs.iter().find(|listed| listed.id == log)?.line_count;
        let from = count.saturating_sub(LINES).to_string();
        self.client.text(what, &self.subject(), &format!("{path}/{log}"), &[("startLine", &from)]).await.ok()
    }
}
