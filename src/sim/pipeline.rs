//! Runs of the release pipeline. A run applies the Terraform of the commit that it is pinned to.

mod apply;
mod run;
mod stage;

use self::run::run_id;
pub use self::run::{Run, StageRun};
use self::stage::finish;
use super::command::Reply;
use super::config::{Accepting, PipelineTrigger};
use super::events::Event;
use super::refusal::Refusal;
use super::repository::Lookup;
use super::time::after;
use super::world::World;
use crate::model::{BranchName, CommitId, KeyKind, RunId, RunResult, RunState};

/// The pipeline at work.
impl World {
    pub(super) fn start_run(
        &mut self,
        branch: &BranchName,
        commit: Option<&CommitId>,
        skip: &[String],
        by: &str,
    ) -> Result<Reply, Refusal> {
        let head = self.repository.head(branch).cloned();
        let head = head.ok_or_else(|| Refusal::NotFound(format!("the branch {branch}")))?;
        let commit = commit.unwrap_or(&head).clone();
        if !self.repository.contains(&head, &commit) {
            return Err(Refusal::Invalid(format!("the commit {commit} is not on {branch}")));
        }
        let config = self.config_arc();
        if config.pipeline.accepting == Accepting::Disabled {
            return Err(Refusal::Invalid("the pipeline is disabled".to_owned()));
        }
        let before = || self.repository.get(&commit)?.parents().first().cloned();
        let commit = config.pipeline.runs_astray.then(before).flatten().unwrap_or_else(|| commit.clone());
        let stages = &config.pipeline.stages;
        if let Some(unknown) = skip.iter().find(|name| stages.iter().all(|stage| stage.name != **name)) {
            return Err(Refusal::Invalid(format!("the pipeline has no stage {unknown}")));
        }
        let number = 1001 + self.runs.len() as u64;
        let mut run = Run::asked_for(number, branch, &commit, by, self.now);
        run.skip = skip.to_vec();
        for stage in stages {
            let mut stage = StageRun::queued(&stage.name, &stage.effects);
            if skip.contains(&stage.name) {
                stage.state = RunState::Completed(RunResult::Skipped);
            }
            run.stages.push(stage);
        }
        self.runs.push(run);
        self.counters.runs_started += 1;
        let wait = config.pipeline.queue.pick(self.seed.of("queue").at(number));
        self.queue.push(after(self.now, wait), Event::RunStarts(number));
        Ok(Reply::Run(run_id(number)))
    }

    /// A push to the release branch starts a run, where the pipeline is set up so.
    pub(super) fn pushed_to(&mut self, branch: &BranchName, by: &str) {
        let config = self.config_arc();
        if config.pipeline.trigger != PipelineTrigger::Push || *branch != config.repository.release {
            return;
        }
        if self.start_run(branch, None, &[], by).is_ok()
            && let Some(run) = self.runs.last_mut()
        {
            run.pushed = true;
        }
    }

    /// The stages that failed, and what would have come after them, have their turn again.
    pub(super) fn retry_run(&mut self, id: &RunId) -> Result<Reply, Refusal> {
        let now = self.now;
        let run = self.runs.iter_mut().find(|run| &run.id() == id);
        let run = run.ok_or_else(|| Refusal::NotFound(format!("the run {id}")))?;
        if !matches!(run.state, RunState::Completed(RunResult::Failed | RunResult::Canceled)) {
            return Err(Refusal::Invalid(format!("the run {id} has nothing to retry")));
        }
        for stage in &mut run.stages {
            match stage.state {
                RunState::Completed(RunResult::Failed | RunResult::Canceled) => stage.attempt += 1,
                RunState::Completed(RunResult::Skipped) if !run.skip.contains(&stage.name) => {}
                _ => continue,
            }
            (stage.state, stage.started, stage.finished) = (RunState::Queued, None, None);
        }
        (run.state, run.started, run.finished, run.problem) = (RunState::Queued, Some(now), None, None);
        let number = run.number;
        self.queue.push(now, Event::RunStarts(number));
        Ok(Reply::Run(run_id(number)))
    }

    /// What a stage has printed. Pipelines print what they should not, too.
    pub fn stage_log(&self, id: &RunId, stage: &str) -> Option<String> {
        let run = self.run(id)?;
        let stage = run.stages.iter().find(|known| known.name == stage)?;
        let mut lines: Vec<String> =
            (1..=60).map(|line| format!("{}: step {line} of 60", stage.name)).collect();
        if stage.state == RunState::Completed(RunResult::Failed) {
            let kind = KeyKind::read_write(crate::model::Slot::Primary);
            if let Some(key) = self.account.current(kind) {
                lines.push(format!("debug: AccountKey={};", key.material.expose()));
            }
            lines.extend(run.problem.clone());
            lines.push("##[error]Bash exited with code '1'.".to_owned());
        }
        let at = stage.started.unwrap_or(run.queued).strftime("%Y-%m-%dT%H:%M:%S.%7fZ").to_string();
        Some(lines.iter().map(|line| format!("{at} {line}\n")).collect())
    }

    /// Whether this attempt of a stage fails before it does anything.
    fn is_to_fail(&self, number: u64, place: usize) -> bool {
        let fails = self.config.pipeline.stages.get(place).map_or(0, |stage| stage.fails);
        let run = self.runs.iter().find(|run| run.number == number);
        run.and_then(|run| run.stages.get(place)).is_some_and(|stage| stage.attempt <= fails)
    }

    pub(super) fn cancel_run(&mut self, id: &RunId) -> Result<Reply, Refusal> {
        let now = self.now;
        let run = self.runs.iter_mut().find(|run| &run.id() == id);
        let run = run.ok_or_else(|| Refusal::NotFound(format!("the run {id}")))?;
        if !run.state.is_over() {
            finish(run, RunResult::Canceled, now);
        }
        Ok(Reply::Done)
    }

    fn live_run(&mut self, number: u64) -> Option<&mut Run> {
        self.runs.iter_mut().find(|run| run.number == number && !run.state.is_over())
    }

    pub(super) fn run_starts(&mut self, number: u64) {
        let now = self.now;
        let Some(run) = self.live_run(number) else { return };
        run.state = RunState::Running;
        run.started = run.started.or(Some(now));
        self.begin_stage(number);
    }
}
