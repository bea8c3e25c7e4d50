//! Runs of the release pipeline and the effects of their stages.
//!
//! A stage is what the pipeline service lets one leave out, approve and retry as a whole: a stage in Azure DevOps, a
//! job in GitHub Actions. What a stage does to the world is the configuration's word; of one that it does not name
//! nothing is known, so it may do anything.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{BranchName, CommitId, RunId};

/// What a stage does to the world, as the configuration declares it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StageEffect {
    /// Applies Terraform: the vaults get what the code says.
    WritesVaults,
    /// Applies Terraform to the account itself. Azure does one thing at a time with an account: it refuses a regeneration
    /// meanwhile, and this while a key is made anew.
    ChangesAccount,
    /// Replaces pods.
    RollsPods,
    /// Moves traffic to the run's own release unit.
    SwitchesTraffic,
    /// Destroys the release unit behind.
    Destroys,
}

impl StageEffect {
    /// As the configuration writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            StageEffect::WritesVaults => "writes-vaults",
            StageEffect::ChangesAccount => "changes-account",
            StageEffect::RollsPods => "rolls-pods",
            StageEffect::SwitchesTraffic => "switches-traffic",
            StageEffect::Destroys => "destroys",
        }
    }

    /// Whether no run that keyslot starts may have it, unless a person has accepted the stage by name.
    pub fn is_dangerous(self) -> bool {
        match self {
            StageEffect::SwitchesTraffic | StageEffect::Destroys => true,
            StageEffect::WritesVaults | StageEffect::ChangesAccount | StageEffect::RollsPods => false,
        }
    }
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

    /// Succeeded, though a step that was allowed to fail may have.
    pub fn went_through(self) -> bool {
        matches!(self, RunState::Completed(RunResult::Succeeded | RunResult::PartiallySucceeded))
    }
}

/// What kind of thing holds a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HoldKind {
    /// Somebody has to approve.
    Approval,
    /// Another run holds the exclusive lock.
    Lock,
    /// A timer runs.
    Timer,
    /// Another check: branch control, business hours, a function, …
    Check,
}

/// One thing that holds a stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StageHold {
    pub kind: HoldKind,
    /// As the service calls it.
    pub name: String,
    /// Who may open it, as far as the service says.
    pub who: Vec<String>,
    /// Where that is done.
    pub url: String,
}

/// What went wrong in a stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StageFailure {
    /// The job or step that failed.
    pub step: String,
    /// The last lines that it printed, with everything that looks like a key struck out.
    pub lines: Vec<String>,
}

/// One stage of a run, in its newest attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StageView {
    pub name: String,
    pub state: RunState,
    /// `None`: the configuration does not declare the stage.
    pub effects: Option<Vec<StageEffect>>,
    /// Counts from 1; a retry makes one more.
    pub attempt: u32,
    pub started: Option<Timestamp>,
    pub finished: Option<Timestamp>,
    pub holds: Vec<StageHold>,
    pub failure: Option<StageFailure>,
}

impl StageView {
    pub fn new(name: impl Into<String>, state: RunState, effects: Option<Vec<StageEffect>>) -> StageView {
        StageView {
            name: name.into(),
            state,
            effects,
            attempt: 1,
            started: None,
            finished: None,
            holds: Vec::new(),
            failure: None,
        }
    }

    /// Whether it is declared to have this effect.
    pub fn has(&self, effect: StageEffect) -> bool {
        self.effects.as_ref().is_some_and(|effects| effects.contains(&effect))
    }

    /// Whether it has this effect, or nobody says what it does.
    pub fn may_have(&self, effect: StageEffect) -> bool {
        self.effects.as_ref().is_none_or(|effects| effects.contains(&effect))
    }

    /// When it came to the state that it is in.
    pub fn since(&self) -> Option<Timestamp> {
        self.finished.or(self.started)
    }
}

/// One run of the pipeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunView {
    pub id: RunId,
    pub url: String,
    pub branch: BranchName,
    pub commit: CommitId,
    /// Who asked for it, as the service calls them; empty where it does not say.
    pub by: String,
    pub state: RunState,
    pub started: Timestamp,
    pub finished: Option<Timestamp>,
    /// Empty where only the list was read.
    pub stages: Vec<StageView>,
    /// Older runs were left unread, though none of those that were read has moved traffic. Of the oldest of a list alone.
    pub more_before: bool,
}

impl RunView {
    /// Whether the stages with this effect all went through; `None` where no stage is declared to have it, then the
    /// run's own end counts.
    pub fn effect_done(&self, effect: StageEffect) -> Option<bool> {
        let mut with_effect = self.stages.iter().filter(|stage| stage.has(effect)).peekable();
        with_effect.peek()?;
        Some(with_effect.all(|stage| stage.state.went_through()))
    }

    /// Whether it has moved traffic; `None` where nobody can tell: its stages were not read, one that moves traffic is about
    /// it or has ended on the way, or one has run of which nothing is declared.
    pub fn moved_traffic(&self) -> Option<bool> {
        let skipped = RunState::Completed(RunResult::Skipped);
        let begun = |stage: &&StageView| match stage.state {
            RunState::Queued | RunState::WaitsForApproval => false,
            RunState::Running => true,
            RunState::Completed(RunResult::Failed | RunResult::Canceled) => stage.started.is_some(),
            state => state != skipped,
        };
        if self.stages.is_empty() {
            return (self.state == RunState::Queued).then_some(false);
        }
        let mut may_have = self.stages.iter().filter(|stage| stage.may_have(StageEffect::SwitchesTraffic));
        match self.effect_done(StageEffect::SwitchesTraffic) {
            Some(true) => Some(true),
            _ => (!may_have.any(|stage| begun(&stage))).then_some(false),
        }
    }

    /// Whether a stage with this effect may still run.
    pub fn effect_ahead(&self, effect: StageEffect) -> bool {
        if self.state.is_over() {
            return false;
        }
        if self.stages.is_empty() {
            return true;
        }
        self.stages.iter().any(|stage| stage.may_have(effect) && !stage.state.is_over())
    }

    /// Whether a stage may still run that a regeneration and it would keep from each other, or that could undo it.
    pub fn meets_regeneration(&self) -> bool {
        self.effect_ahead(StageEffect::WritesVaults) || self.effect_ahead(StageEffect::ChangesAccount)
    }

    /// The stages that are declared to have this effect and that a run has not come to, or not got through, before it ended
    /// ill: they can be tried again, with whatever the stages before them have saved.
    pub fn left_undone(&self, effect: StageEffect) -> impl Iterator<Item = &StageView> {
        let ended_ill = self.state.is_over() && !self.state.went_through();
        self.stages.iter().filter(move |stage| ended_ill && stage.has(effect) && !stage.state.went_through())
    }

    /// When the last of the stages with this effect ended; where none is declared to have it, when the run did. A run
    /// that waits for something else has done with it all the same.
    pub fn effect_ended(&self, effect: StageEffect) -> Option<Timestamp> {
        let with_effect = self.stages.iter().filter(|stage| stage.has(effect));
        with_effect.filter_map(|stage| stage.finished).max().or(self.finished)
    }

    /// The first stage that failed or was cancelled.
    pub fn failed_stage(&self) -> Option<&StageView> {
        let of = |result| self.stages.iter().find(move |stage| stage.state == RunState::Completed(result));
        of(RunResult::Failed).or_else(|| of(RunResult::Canceled))
    }

    /// The stages that the configuration does not declare.
    pub fn undeclared(&self) -> Vec<String> {
        let unknown = self.stages.iter().filter(|stage| stage.effects.is_none());
        unknown.map(|stage| stage.name.clone()).collect()
    }

    /// The stages that are held, and who may let them go on.
    pub fn held(&self) -> impl Iterator<Item = &StageView> {
        self.stages.iter().filter(|stage| stage.state == RunState::WaitsForApproval)
    }

    /// Those of them that somebody has to let go on: a lock and a timer open by themselves.
    pub fn asks_somebody(&self) -> impl Iterator<Item = &StageView> {
        let by_itself = |hold: &StageHold| matches!(hold.kind, HoldKind::Lock | HoldKind::Timer);
        self.held().filter(move |stage| stage.holds.is_empty() || !stage.holds.iter().all(by_itself))
    }
}
