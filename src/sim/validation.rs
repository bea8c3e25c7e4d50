//! Runs of the pipeline that validates pull requests. It reports the check on the head that it runs on, and touches nothing.

use super::command::Reply;
use super::config::Accepting;
use super::events::Event;
use super::pipeline::Run;
use super::refusal::Refusal;
use super::time::after;
use super::world::World;
use crate::model::{BranchName, CommitId, PullNumber, RunId, RunResult, RunState};

/// The number of the first one.
const FIRST: u64 = 5001;

impl World {
    /// All runs of the validation pipeline, oldest first.
    pub fn validations(&self) -> &[Run] {
        &self.validations
    }

    pub(super) fn start_validation(
        &mut self,
        branch: &BranchName,
        commit: Option<&CommitId>,
        by: &str,
    ) -> Result<Reply, Refusal> {
        let head = self.repository.head(branch).cloned();
        let head = head.ok_or_else(|| Refusal::NotFound(format!("the branch {branch}")))?;
        let commit = commit.unwrap_or(&head).clone();
        if self.config.people.check.accepting == Accepting::Disabled {
            return Err(Refusal::Invalid("the pipeline is disabled".to_owned()));
        }
        let number = self.new_validation(branch, &commit, by, RunState::Queued);
        self.counters.validations_started += 1;
        let wait = self.config.people.check.queue.pick(self.seed.of("validation").at(number));
        self.queue.push(after(self.now, wait), Event::ValidationStarts(number));
        Ok(Reply::Run(RunId::new(number.to_string())))
    }

    fn new_validation(&mut self, branch: &BranchName, commit: &CommitId, by: &str, state: RunState) -> u64 {
        let number = FIRST + self.validations.len() as u64;
        let stages = self.config.people.check.stages.clone();
        let mut run = Run::asked_for(number, branch, commit, by, self.now);
        run.validates = true;
        run.stages = stages.iter().map(|name| super::pipeline::StageRun::queued(name, &[])).collect();
        run.state = state;
        run.started = (state == RunState::Running).then_some(self.now);
        self.validations.push(run);
        number
    }

    /// Its check begins on the pull requests that propose its commit.
    pub(super) fn validation_starts(&mut self, number: u64) {
        let now = self.now;
        let Some(run) = self.validations.iter_mut().find(|run| run.number == number) else { return };
        (run.state, run.started) = (RunState::Running, Some(now));
        let commit = run.commit.clone();
        let open = self.pulls.iter().filter(|pull| pull.is_open() && pull.head == commit);
        let open: Vec<PullNumber> = open.map(|pull| pull.number).collect();
        if open.is_empty() {
            self.validations_end(&commit, true);
        }
        for pull in open {
            let _ = self.start_check(pull);
        }
    }

    /// Somebody starts the check: by a run of the pipeline, unless one goes on.
    pub(super) fn validated_by_hand(&mut self, number: PullNumber) {
        let Some(pull) = self.pull(number) else { return };
        let (branch, head) = (pull.head_branch.clone(), pull.head.clone());
        if !self.validations.iter().any(|run| run.commit == head && !run.state.is_over()) {
            self.new_validation(&branch, &head, "ada", RunState::Running);
        }
    }

    /// The check has ended, and with it the runs that made it.
    pub(super) fn validations_end(&mut self, commit: &CommitId, passed: bool) {
        let result = if passed { RunResult::Succeeded } else { RunResult::Failed };
        let going = |run: &&mut Run| run.commit == *commit && run.state == RunState::Running;
        for run in self.validations.iter_mut().filter(going) {
            (run.state, run.finished) = (RunState::Completed(result), Some(self.now));
            for stage in &mut run.stages {
                (stage.state, stage.finished) = (RunState::Completed(result), Some(self.now));
            }
        }
    }
}
