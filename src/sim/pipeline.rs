//! Runs of the release pipeline. A run applies the Terraform of the commit that it is pinned to.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::command::{DeploymentPatch, Reply};
use super::config::{Accepting, PipelineTrigger};
use super::events::Event;
use super::refusal::Refusal;
use super::repository::Lookup;
use super::secrets_map::{self, Part, Template};
use super::time::after;
use super::vault::SecretValue;
use super::world::World;
use crate::model::{BranchName, CommitId, KeyKind, KeyMaterial, RunId, RunResult, RunState, StageEffect};

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
    value: Option<SecretValue>,
}

impl StageRun {
    pub(super) fn queued(name: &str, effects: &[StageEffect]) -> StageRun {
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
    pub(super) fn asked_for(
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

fn run_id(number: u64) -> RunId {
    RunId::new(number.to_string())
}

/// From where its runs are seen to come, and as what.
const AGENTS: &str = "198.51.100.10";
const TERRAFORM: &str = "HashiCorp Terraform/1.9.8 (+https://www.terraform.io)";

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

    /// Begins the next stage that is not left out, or ends the run.
    fn begin_stage(&mut self, number: u64) {
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

    pub(super) fn approve_run(&mut self, id: &RunId) -> Result<Reply, Refusal> {
        let run = self.runs.iter().find(|run| &run.id() == id);
        let run = run.ok_or_else(|| Refusal::NotFound(format!("the run {id}")))?;
        let waits = run.stages.iter().position(|stage| stage.state == RunState::WaitsForApproval);
        let place = waits.ok_or_else(|| Refusal::Invalid(format!("the run {id} waits for no approval")))?;
        self.run_stage(run.number, place);
        Ok(Reply::Done)
    }

    /// A stage begins to run, unless it runs already.
    pub(super) fn run_stage(&mut self, number: u64, place: usize) {
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

    fn stage_takes(&self, number: u64, place: usize) -> Duration {
        let seed = self.seed.of("stage").at(number).at(place as u64);
        self.config.pipeline.stages.get(place).map(|stage| stage.takes.pick(seed)).unwrap_or_default()
    }

    fn stage_effects(&self, number: u64, place: usize) -> Vec<StageEffect> {
        let run = self.runs.iter().find(|run| run.number == number && !run.state.is_over());
        run.and_then(|run| run.stages.get(place)).map(|stage| stage.effects.clone()).unwrap_or_default()
    }

    /// A third into a stage: Terraform has read the account and begins to write; Helm begins to upgrade.
    pub(super) fn stage_acts(&mut self, number: u64, place: usize) {
        if self.is_to_fail(number, place) {
            return;
        }
        for effect in self.stage_effects(number, place) {
            match effect {
                StageEffect::WritesVaults => self.begin_apply(number, place),
                StageEffect::ChangesAccount => self.change_account(number, place),
                StageEffect::RollsPods => self.roll_pods(number),
                StageEffect::SwitchesTraffic | StageEffect::Destroys => {}
            }
        }
    }

    /// The account is at work until the stage ends; while a key is regenerated the stage is refused.
    fn change_account(&mut self, number: u64, place: usize) {
        let until = after(self.now, self.stage_takes(number, place).mul_f64(2.0 / 3.0));
        let changed = self.account.change(self.now, until);
        let Some(run) = self.live_run(number) else { return };
        if let Err(refusal) = changed {
            run.problem = Some(format!("Error: updating the account: 412 Precondition Failed: {refusal}"));
        }
    }

    fn begin_apply(&mut self, number: u64, place: usize) {
        let Some(run) = self.runs.iter().find(|run| run.number == number) else { return };
        let Some(commit) = self.repository.get(&run.commit) else { return };
        let root = self.config.repository.terraform_root.as_str();
        let value = secrets_map::evaluate(commit.tree(), root, &self.config.secret_name)
            .map(|template| self.fill(&template));
        let takes = self.stage_takes(number, place);
        let targets = self.targets(number);
        let seed = self.seed.of("apply").at(number);
        let Some(run) = self.live_run(number) else { return };
        match value {
            Ok(value) => run.value = Some(value),
            Err(problem) => {
                run.problem = Some(problem);
                return;
            }
        }
        // Each vault in its own time, all within the second third of the stage.
        let room = u64::try_from((takes / 3).as_millis()).unwrap_or(0);
        for stamp in targets {
            let wait = Duration::from_millis(seed.at(stamp as u64).below(room.max(1)));
            self.queue.push(after(self.now, wait), Event::VaultWrite(number, stamp));
        }
    }

    /// A template with the account's current keys.
    pub(super) fn fill(&self, template: &Template) -> SecretValue {
        if let [Part::Key(kind)] = template.as_slice()
            && let Some(key) = self.account.current(*kind)
        {
            return SecretValue::new(Arc::clone(&key.material), Some(key.id));
        }
        let mut used = None;
        let mut text = zeroize::Zeroizing::new(String::new());
        for part in template {
            match part {
                Part::Text(piece) => text.push_str(piece),
                Part::Key(kind) => {
                    if let Some(key) = self.account.current(*kind) {
                        text.push_str(key.material.expose());
                        used = used.or(Some(key.id));
                    }
                }
            }
        }
        SecretValue::new(Arc::new(KeyMaterial::new(text)), used)
    }

    /// Terraform makes no new version for a value that is already there.
    pub(super) fn vault_write(&mut self, number: u64, stamp: usize) {
        let Some(value) = self.live_run(number).and_then(|run| run.value.clone()) else { return };
        let current = self.stamp_at(stamp).and_then(|stamp| stamp.vault.current());
        let same = current.is_some_and(|version| version.value == value);
        // What stands beside the value is in the code, too.
        let beside = current.map(|version| version.beside.clone()).unwrap_or_default();
        if !beside.enabled {
            let problem =
                "Error: making Read request on Azure KeyVault Secret: 403 Forbidden: SecretDisabled";
            if let Some(run) = self.live_run(number) {
                run.problem = Some(problem.to_owned());
            }
            return;
        }
        // Terraform reads what is there, and again what it has written.
        let pipeline = super::audit::application(&self.config_arc().pipeline.identity);
        self.read_secret(stamp, &pipeline, AGENTS, TERRAFORM);
        if !same {
            self.write_secret(stamp, value, beside);
            self.read_secret(stamp, &pipeline, AGENTS, TERRAFORM);
        }
    }

    fn roll_pods(&mut self, number: u64) {
        for place in self.targets(number) {
            for workload in self.config_arc().all_workloads() {
                let app = workload.name.name.trim_end_matches("-deploy");
                let image = format!("afmcprdglobalcr.azurecr.io/{app}:{number}");
                let patch = DeploymentPatch { image: Some(image), ..DeploymentPatch::default() };
                let _ = self.patch(place, &workload.name, &patch);
            }
        }
    }

    pub(super) fn stage_ends(&mut self, number: u64, place: usize) {
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

    /// The unit that a run works on: the one built from its branch, else the one that takes traffic.
    fn own_unit(&self, number: u64) -> Option<usize> {
        let run = self.runs.iter().find(|run| run.number == number)?;
        let alive =
            |place: &usize| self.stamps().any(|stamp| stamp.unit == *place && stamp.destroyed.is_none());
        let units = self.units();
        (0..units.len())
            .filter(alive)
            .find(|place| units.get(*place).is_some_and(|unit| unit.branch == run.branch))
            .or_else(|| {
                (0..units.len())
                    .filter(alive)
                    .find(|place| units.get(*place).is_some_and(|unit| unit.traffic))
            })
    }

    /// The places of the stamps that a run works on.
    fn targets(&self, number: u64) -> Vec<usize> {
        let Some(unit) = self.own_unit(number) else { return Vec::new() };
        self.stamps()
            .enumerate()
            .filter(|(_, stamp)| stamp.unit == unit && stamp.destroyed.is_none())
            .map(|(place, _)| place)
            .collect()
    }

    fn switch_traffic(&mut self, number: u64) {
        if let Some(own) = self.own_unit(number) {
            self.set_traffic(own);
        }
    }

    fn destroy_others(&mut self, number: u64) {
        let Some(own) = self.own_unit(number) else { return };
        let others: Vec<usize> = self
            .stamps()
            .enumerate()
            .filter(|(_, stamp)| stamp.unit != own && stamp.destroyed.is_none())
            .map(|(place, _)| place)
            .collect();
        for place in others {
            self.destroy(place);
        }
    }
}

fn finish(run: &mut Run, result: RunResult, now: Timestamp) {
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
