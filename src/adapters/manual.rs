//! A pipeline that keyslot neither sees nor starts.
//!
//! For teams whose release pipeline has no API that keyslot speaks: a person starts the run, and what the vaults
//! hold is the evidence.

use async_trait::async_trait;

use crate::model::{Blindness, BranchName, CommitId, PullHead, RunView};
use crate::ports::{Effect, Fault, Pipeline, Started, Validation};

pub struct ManualPipeline;

#[async_trait]
impl Pipeline for ManualPipeline {
    async fn runs(&self) -> Result<Vec<RunView>, Fault> {
        Ok(Vec::new())
    }

    async fn start(&self, branch: &BranchName, commit: &CommitId, skip: &[String]) -> Effect<Started> {
        let without = match skip {
            [] => String::new(),
            _ => format!(", without the stages {}", skip.join(", ")),
        };
        let fault = Fault::new(
            Blindness::Forbidden,
            format!("run the release pipeline on {branch} at {}", commit.short()),
            "pipeline of kind “manual”",
            "it is started by hand",
        );
        Effect::NotSent(fault.remedy(format!(
            "start it on branch {branch} at commit {commit}{without}; keyslot goes on when the vaults hold the new slot"
        )))
    }
}

/// Of a validation pipeline that nobody has described: none is looked for, and none is started.
pub struct ManualValidation;

#[async_trait]
impl Validation for ManualValidation {
    async fn runs_of(&self, _: &PullHead) -> Result<Vec<RunView>, Fault> {
        Ok(Vec::new())
    }

    async fn start(&self, branch: &BranchName, commit: &CommitId, _: &[String]) -> Effect<Started> {
        let fault = Fault::new(
            Blindness::Forbidden,
            format!("run the validation pipeline on {branch} at {}", commit.short()),
            "validation pipeline",
            "the configuration names none",
        );
        Effect::NotSent(fault.remedy("start it by hand; keyslot goes on when its check has passed"))
    }
}
