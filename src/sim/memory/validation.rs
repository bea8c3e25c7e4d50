//! Runs of the validation pipeline.

use std::sync::Arc;

use async_trait::async_trait;

use super::super::command::{Command, Reply};
use super::super::fault::{Call, Operation};
use super::super::time::after;
use super::hub::{About, Hub};
use super::pipeline::view;
use crate::model::{BranchName, CommitId, PullHead, RunView};
use crate::ports::{Effect, Fault, Started, Validation};

pub(super) struct MemoryValidation(pub Arc<Hub>);

#[async_trait]
impl Validation for MemoryValidation {
    async fn runs_of(&self, head: &PullHead) -> Result<Vec<RunView>, Fault> {
        let about = About { what: "list the runs on a commit", subject: "the validation pipeline" };
        self.0
            .read(about, Call::of(Operation::ReadValidations), |world| {
                let lag = world.config().pipeline.list_lag;
                let listed = world
                    .validations()
                    .iter()
                    .rev()
                    .filter(|run| run.commit == head.commit && after(run.queued, lag) <= world.now());
                Ok(listed.map(|run| view(run, false)).collect())
            })
            .await
    }

    async fn start(&self, branch: &BranchName, commit: &CommitId, _: &[String]) -> Effect<Started> {
        let about = About { what: "start a validation", subject: branch.as_str() };
        let command = Command::StartValidation {
            branch: branch.clone(),
            commit: Some(commit.clone()),
            by: self.0.options.actor.clone(),
        };
        self.0
            .effect(about, Call::of(Operation::StartValidation), command, |reply| match reply {
                Reply::Run(run) => Some(Started { run, commit: None }),
                _ => None,
            })
            .await
    }
}
