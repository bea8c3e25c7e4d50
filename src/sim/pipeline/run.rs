//! Runs and their stages, as they are recorded.

use jiff::Timestamp;

use super::super::vault::SecretValue;
use crate::model::{BranchName, CommitId, RunId, RunState, StageEffect};

/// One stage of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StageRun {
    pub name: String,
    pub effects: Vec<StageEffect>,
    pub state: RunState,
    pub started: Option<Timestamp>,
    pub finished: Option<Timestamp>,
    /// Counts from 1.
    pub attempt: u32,
}

/// One run.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    pub number: u64,
    pub branch: BranchName,
    pub commit: CommitId,
    pub skip: Vec<String>,
    pub by: String,
    /// Whether a push started it.
    pub pushed: bool,
    /// Whether it is one of the validation pipeline.
    pub validates: bool,
    pub queued: Timestamp,
    pub started: Option<Timestamp>,
    pub finished: Option<Timestamp>,
    pub state: RunState,
    pub stages: Vec<StageRun>,
    /// Why it failed, if it did.
    pub problem: Option<String>,
    /// What its Terraform said when the stage that writes vaults read the account.
    pub(super) value: Option<SecretValue>,
}

impl StageRun {
    pub(in crate::sim) fn queued(name: &str, effects: &[StageEffect]) -> StageRun {
        StageRun {
            name: name.to_owned(),
            effects: effects.to_vec(),
            state: RunState::Queued,
            started: None,
            finished: None,
            attempt: 1,
        }
    }
}

impl Run {
    /// One without stages.
    pub(in crate::sim) fn asked_for(
        number: u64,
        branch: &BranchName,
        commit: &CommitId,
        by: &str,
        queued: Timestamp,
    ) -> Run {
        Run {
            number,
            branch: branch.clone(),
            commit: commit.clone(),
            skip: Vec::new(),
            by: by.to_owned(),
            pushed: false,
            validates: false,
            queued,
            started: None,
            finished: None,
            state: RunState::Queued,
            stages: Vec::new(),
            problem: None,
            value: None,
        }
    }

    /// As the pipeline service writes it.
    pub fn id(&self) -> RunId {
        run_id(self.number)
    }

    /// How often it was begun: a retry begins it again.
    pub fn attempt(&self) -> u32 {
        self.stages.iter().map(|stage| stage.attempt).max().unwrap_or(1)
    }

    /// When anything of it last changed.
    pub fn changed(&self) -> Timestamp {
        let stages = self.stages.iter().flat_map(|stage| [stage.started, stage.finished]);
        let times = stages.chain([self.started, self.finished, Some(self.queued)]);
        times.flatten().max().unwrap_or(self.queued)
    }
}

pub(super) fn run_id(number: u64) -> RunId {
    RunId::new(number.to_string())
}
