//! Runs of the release pipeline.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;

use super::super::command::{Command, Reply};
use super::super::deployment::Deployment;
use super::super::fault::{Call, Operation};
use super::super::pipeline::Run;
use super::hub::{About, Hub};
use crate::model::{
    BranchName, CommitId, DeploymentState, DeploymentView, RunResult, RunState, RunView, StageFailure,
    StageView,
};
use crate::ports::{Effect, Fault, Pipeline, Started};

pub(super) struct MemoryPipeline(pub Arc<Hub>);

#[async_trait]
impl Pipeline for MemoryPipeline {
    async fn runs(&self) -> Result<Vec<RunView>, Fault> {
        let about = About { what: "list the runs", subject: "the release pipeline" };
        self.0
            .read(about, Call::of(Operation::ReadRuns), |world| {
                let (mut branches, mut moved) = (BTreeSet::new(), false);
                let view = |run: &Run| {
                    let newest = branches.insert(run.branch.clone());
                    let view = view(run, newest || !run.state.is_over() || !moved);
                    moved |= view.moved_traffic() == Some(true);
                    view
                };
                Ok(world.runs().iter().rev().map(view).collect())
            })
            .await
    }

    async fn deployments(&self) -> Result<Vec<DeploymentView>, Fault> {
        let about = About { what: "list the deployments", subject: "the environment" };
        self.0
            .read(about, Call::of(Operation::ReadDeployments), |world| {
                Ok(world.deployments().into_iter().rev().map(deployment).collect())
            })
            .await
    }

    async fn start(&self, branch: &BranchName, commit: &CommitId, skip: &[String]) -> Effect<Started> {
        let about = About { what: "start a run", subject: branch.as_str() };
        let command = Command::StartRun {
            branch: branch.clone(),
            commit: Some(commit.clone()),
            skip: skip.to_vec(),
            by: self.0.options.actor.clone(),
        };
        self.0
            .effect(about, Call::of(Operation::StartRun), command, |reply| match reply {
                // Which commit it is of, the list tells.
                Reply::Run(run) => Some(Started { run, commit: None }),
                _ => None,
            })
            .await
    }
}

fn deployment(one: Deployment) -> DeploymentView {
    let (state, since) = one.statuses.last().cloned().unwrap_or_default();
    DeploymentView {
        state: match state.as_str() {
            "success" => DeploymentState::Succeeded,
            "failure" | "error" => DeploymentState::Failed,
            "inactive" => DeploymentState::Inactive,
            "in_progress" => DeploymentState::Running,
            _ => DeploymentState::Waiting,
        },
        since,
        environment: one.environment,
        of: one.branch,
        commit: one.commit,
        by: one.by,
        url: "https://github.com/afmc/platform/deployments".to_owned(),
    }
}

pub(super) fn view(run: &Run, with_stages: bool) -> RunView {
    let failed = RunState::Completed(RunResult::Failed);
    let stages = run.stages.iter().filter(|_| with_stages).map(|stage| StageView {
        attempt: stage.attempt,
        started: stage.started,
        finished: stage.finished,
        failure: (stage.state == failed)
            .then(|| StageFailure { step: stage.name.clone(), lines: run.problem.iter().cloned().collect() }),
        ..StageView::new(stage.name.clone(), stage.state, Some(stage.effects.clone()))
    });
    RunView {
        id: run.id(),
        url: format!("https://dev.azure.com/afmc/platform/_build/results?buildId={}", run.number),
        branch: run.branch.clone(),
        commit: run.commit.clone(),
        by: run.by.clone(),
        state: run.state,
        started: run.started.unwrap_or(run.queued),
        finished: run.finished,
        stages: stages.collect(),
        more_before: false,
    }
}
