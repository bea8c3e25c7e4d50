//! Runs of the release pipeline and the effects of their stages.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{BranchName, CommitId, RunId};

/// What a stage does to the world, as the configuration declares it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StageEffect {
    /// Applies Terraform: the vaults get what the code says.
    WritesVaults,
    /// Replaces pods.
    RollsPods,
    /// Moves traffic to the run's own release unit.
    SwitchesTraffic,
    /// Destroys the release unit behind.
    Destroys,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunResult {
    Succeeded,
    PartiallySucceeded,
    Failed,
    Canceled,
    Skipped,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunState {
    Queued,
    Running,
    /// Held by an approval or another check.
    WaitsForApproval,
    Completed(RunResult),
}

impl RunState {
    pub fn is_over(self) -> bool {
        matches!(self, RunState::Completed(_))
    }

    pub fn succeeded(self) -> bool {
        self == RunState::Completed(RunResult::Succeeded)
    }
}

/// One stage of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StageView {
    pub name: String,
    pub state: RunState,
    pub effects: Vec<StageEffect>,
}

/// One run of the pipeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunView {
    pub id: RunId,
    pub url: String,
    pub branch: BranchName,
    pub commit: CommitId,
    pub state: RunState,
    pub started: Timestamp,
    pub finished: Option<Timestamp>,
    /// Empty where only the list was read.
    pub stages: Vec<StageView>,
}

impl RunView {
    /// Whether the stages with this effect all ran to success; `None` where no stage is declared to have it,
    /// then the run's own end counts.
    pub fn effect_done(&self, effect: StageEffect) -> Option<bool> {
        let mut with_effect = self.stages.iter().filter(|stage| stage.effects.contains(&effect)).peekable();
        with_effect.peek()?;
        Some(with_effect.all(|stage| stage.state.succeeded()))
    }

    /// Whether a stage with this effect may still run.
    pub fn effect_ahead(&self, effect: StageEffect) -> bool {
        if self.state.is_over() {
            return false;
        }
        if self.stages.is_empty() {
            return true;
        }
        self.stages.iter().any(|stage| stage.effects.contains(&effect) && !stage.state.is_over())
    }
}
