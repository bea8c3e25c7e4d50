//! Stages, one after the other.

use jiff::Timestamp;

use super::super::command::Reply;
use super::super::events::Event;
use super::super::refusal::Refusal;
use super::super::time::after;
use super::super::world::World;
use super::run::Run;
use crate::model::{RunId, RunResult, RunState, StageEffect};

impl World {
    /// Begins the next stage that is not left out, or ends the run.
    pub(super) fn begin_stage(&mut self, number: u64) {
        let now = self.now;
        let config = self.config_arc();
        let Some(run) = self.live_run(number) else { return };
        let next = run.stages.iter().position(|stage| stage.state == RunState::Queued);
        let Some(place) = next else {
            finish(run, RunResult::Succeeded, now);
            return;
        };
        let approval = config.pipeline.stages.get(place).and_then(|stage| stage.approved_after);
        let Some(delay) = approval else {
            self.run_stage(number, place);
            return;
        };
        run.state = RunState::WaitsForApproval;
        if let Some(stage) = run.stages.get_mut(place) {
            stage.state = RunState::WaitsForApproval;
        }
        self.queue.push(after(now, delay), Event::StageApproved(number, place));
    }

    pub(in crate::sim) fn approve_run(&mut self, id: &RunId) -> Result<Reply, Refusal> {
        let run = self.runs.iter().find(|run| &run.id() == id);
        let run = run.ok_or_else(|| Refusal::NotFound(format!("the run {id}")))?;
        let waits = run.stages.iter().position(|stage| stage.state == RunState::WaitsForApproval);
        let place = waits.ok_or_else(|| Refusal::Invalid(format!("the run {id} waits for no approval")))?;
        self.run_stage(run.number, place);
        Ok(Reply::Done)
    }

    /// A stage begins to run, unless it runs already.
    pub(in crate::sim) fn run_stage(&mut self, number: u64, place: usize) {
        let now = self.now;
        let Some(run) = self.live_run(number) else { return };
        let Some(stage) = run.stages.get_mut(place) else { return };
        if !matches!(stage.state, RunState::Queued | RunState::WaitsForApproval) {
            return;
        }
        stage.state = RunState::Running;
        stage.started = Some(now);
        run.state = RunState::Running;
        let takes = self.stage_takes(number, place);
        self.queue.push(after(now, takes / 3), Event::StageActs(number, place));
        self.queue.push(after(now, takes), Event::StageEnds(number, place));
    }

    pub(in crate::sim) fn stage_ends(&mut self, number: u64, place: usize) {
        let now = self.now;
        let effects = self.stage_effects(number, place);
        let fails = self.is_to_fail(number, place);
        let Some(run) = self.live_run(number) else { return };
        if !run.stages.get(place).is_some_and(|stage| stage.state == RunState::Running) {
            return;
        }
        if fails {
            run.problem = Some("Error: the apply was refused: 409 Conflict".to_owned());
        }
        let failed = run.problem.is_some();
        if let Some(stage) = run.stages.get_mut(place) {
            let result = if failed { RunResult::Failed } else { RunResult::Succeeded };
            stage.state = RunState::Completed(result);
            stage.finished = Some(now);
        }
        if failed {
            finish(run, RunResult::Failed, now);
            return;
        }
        for effect in effects {
            match effect {
                StageEffect::SwitchesTraffic => self.switch_traffic(number),
                StageEffect::Destroys => self.destroy_others(number),
                StageEffect::WritesVaults | StageEffect::ChangesAccount | StageEffect::RollsPods => {}
            }
        }
        self.begin_stage(number);
    }
}

pub(super) fn finish(run: &mut Run, result: RunResult, now: Timestamp) {
    run.state = RunState::Completed(result);
    run.finished = Some(now);
    for stage in &mut run.stages {
        match stage.state {
            RunState::Queued => stage.state = RunState::Completed(RunResult::Skipped),
            RunState::Running | RunState::WaitsForApproval => {
                stage.state = RunState::Completed(result);
                stage.finished = Some(now);
            }
            RunState::Completed(_) => {}
        }
    }
}
