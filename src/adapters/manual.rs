//! A pipeline that keyslot neither sees nor starts.
//!
//! For teams whose release pipeline has no API that keyslot speaks: a person starts the run, and what the vaults
//! hold is the evidence.

use async_trait::async_trait;

use crate::model::{Blindness, BranchName, CommitId, RunView};
use crate::ports::{Effect, Fault, Pipeline, Started};

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
