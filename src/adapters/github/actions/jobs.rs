//! The jobs of a run as stages, and what holds them.

use jiff::Timestamp;
use serde::Deserialize;

use super::run::result;
use crate::model::{HoldKind, RunResult, RunState, StageEffect, StageHold, StageView};

#[derive(Deserialize)]
pub(super) struct Job {
    pub(super) id: u64,
    name: String,
    status: Option<String>,
    conclusion: Option<String>,
    run_attempt: Option<u32>,
    started_at: Option<Timestamp>,
    completed_at: Option<Timestamp>,
    steps: Option<Vec<Step>>,
}

#[derive(Deserialize)]
struct Step {
    #[serde(default)]
    name: String,
    conclusion: Option<String>,
}

/// An environment that waits for its protection rules.
#[derive(Deserialize)]
pub(super) struct Pending {
    environment: Environment,
    #[serde(default)]
    wait_timer: u64,
    #[serde(default)]
    reviewers: Vec<Reviewer>,
}

#[derive(Deserialize)]
struct Environment {
    name: Option<String>,
}

#[derive(Deserialize)]
struct Reviewer {
    #[serde(rename = "type")]
    kind: Option<String>,
    reviewer: Option<Reviewing>,
}

#[derive(Deserialize)]
struct Reviewing {
    login: Option<String>,
    name: Option<String>,
}

impl Pending {
    pub(super) fn hold(self, url: &str) -> StageHold {
        let who: Vec<String> = self.reviewers.into_iter().filter_map(Reviewer::name).collect();
        let kind = match (who.is_empty(), self.wait_timer) {
            (false, _) => HoldKind::Approval,
            (true, 1..) => HoldKind::Timer,
            (true, 0) => HoldKind::Check,
        };
        let name = self.environment.name.unwrap_or_default();
        StageHold { kind, name: format!("environment {name}"), who, url: url.to_owned() }
    }
}

impl Reviewer {
    fn name(self) -> Option<String> {
        let reviewing = self.reviewer?;
        match self.kind.as_deref() {
            Some("Team") => reviewing.name.map(|name| format!("team {name}")),
            _ => reviewing.login.or(reviewing.name),
        }
    }
}

impl Job {
    /// The configured name that it goes by: its own, or that of the job whose matrix or called workflow it is part of.
    fn stage<'a>(&'a self, declared: &[(String, Vec<StageEffect>)]) -> &'a str {
        stage_of(&self.name, declared)
    }

    pub(super) fn waits(&self) -> bool {
        self.state() == RunState::WaitsForApproval
    }

    fn state(&self) -> RunState {
        match self.status.as_deref() {
            Some("completed") => RunState::Completed(result(self.conclusion.as_deref())),
            Some("waiting") => RunState::WaitsForApproval,
            Some("in_progress") => RunState::Running,
            _ => RunState::Queued,
        }
    }

    fn failed_step(&self) -> String {
        let mut steps = self.steps.iter().flatten();
        let failed = steps.find(|step| result(step.conclusion.as_deref()) == RunResult::Failed);
        failed.map_or_else(|| self.name.clone(), |step| step.name.clone())
    }
}

/// The stage of a job with this name.
pub(super) fn stage_of<'a>(whole: &'a str, declared: &[(String, Vec<StageEffect>)]) -> &'a str {
    let is_declared = |name: &str| declared.iter().any(|(known, _)| known == name);
    let caller = whole.split_once(" / ").map_or(whole, |(caller, _)| caller);
    let bare = caller.split_once(" (").map_or(caller, |(bare, _)| bare);
    [whole, caller].into_iter().find(|name| is_declared(name)).unwrap_or(bare)
}

/// The job of a stage that failed, and its step that did.
pub(super) fn failed<'a>(
    jobs: &'a [Job],
    declared: &[(String, Vec<StageEffect>)],
    stage: &str,
) -> Option<(&'a Job, String)> {
    let failed = RunState::Completed(RunResult::Failed);
    let mut of_stage = jobs.iter().filter(|job| job.stage(declared) == stage && job.state() == failed);
    of_stage.next().map(|job| (job, job.failed_step()))
}

/// The stages: those of the listed jobs in their order, then the declared ones whose turn has not come (or never did).
pub(super) fn stages(
    jobs: &[Job],
    declared: &[(String, Vec<StageEffect>)],
    over: bool,
    holds: &[StageHold],
) -> Vec<StageView> {
    let mut names: Vec<&str> = Vec::new();
    for job in jobs {
        let name = job.stage(declared);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let mut stages: Vec<StageView> = names
        .iter()
        .map(|name| {
            let parts: Vec<&Job> = jobs.iter().filter(|job| job.stage(declared) == *name).collect();
            stage(name, &parts, effects(declared, name), holds)
        })
        .collect();
    let ahead = if over { RunState::Completed(RunResult::Skipped) } else { RunState::Queued };
    for (name, effects) in declared.iter().filter(|(name, _)| !names.contains(&name.as_str())) {
        stages.push(StageView::new(name, ahead, Some(effects.clone())));
    }
    stages
}

fn effects(declared: &[(String, Vec<StageEffect>)], name: &str) -> Option<Vec<StageEffect>> {
    declared.iter().find(|(known, _)| known == name).map(|(_, effects)| effects.clone())
}

fn stage(name: &str, parts: &[&Job], effects: Option<Vec<StageEffect>>, holds: &[StageHold]) -> StageView {
    let state = together(parts);
    let finished = parts.iter().filter_map(|job| job.completed_at).max();
    StageView {
        attempt: parts.iter().filter_map(|job| job.run_attempt).max().unwrap_or(1),
        started: parts.iter().filter_map(|job| job.started_at).min(),
        finished: finished.filter(|_| state.is_over()),
        holds: if state == RunState::WaitsForApproval { holds.to_vec() } else { Vec::new() },
        ..StageView::new(name, state, effects)
    }
}

/// What the parts come to: over only when all are, and a success only when all went through.
fn together(parts: &[&Job]) -> RunState {
    let any = |state: RunState| parts.iter().any(|job| job.state() == state);
    let done = RunState::Completed;
    for state in [RunState::Running, RunState::WaitsForApproval, RunState::Queued] {
        if any(state) {
            return state;
        }
    }
    for result in [RunResult::Failed, RunResult::Canceled, RunResult::PartiallySucceeded] {
        if any(done(result)) {
            return done(result);
        }
    }
    match (any(done(RunResult::Succeeded)), any(done(RunResult::Skipped))) {
        (true, true) => done(RunResult::PartiallySucceeded),
        (true, false) => done(RunResult::Succeeded),
        (false, _) => done(RunResult::Skipped),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn job(name: &str, status: &str, conclusion: Option<&str>) -> Job {
        serde_json::from_value(
            json!({ "id": 1, "name": name, "status": status, "conclusion": conclusion, "run_attempt": 2 }),
        )
        .unwrap()
    }

    fn declared() -> Vec<(String, Vec<StageEffect>)> {
        ["infra", "traffic", "deploy (prod)"]
            .into_iter()
            .zip([StageEffect::WritesVaults, StageEffect::SwitchesTraffic, StageEffect::RollsPods])
            .map(|(name, effect)| (name.to_owned(), vec![effect]))
            .collect()
    }

    fn seen(jobs: &[Job], over: bool) -> Vec<(String, RunState, bool)> {
        let stages = stages(jobs, &declared(), over, &[]);
        stages.into_iter().map(|stage| (stage.name, stage.state, stage.effects.is_some())).collect()
    }

    #[test]
    fn parts_of_a_matrix_and_jobs_of_a_called_workflow_are_one_stage() {
        let done = RunState::Completed;
        let jobs = [
            job("infra / apply (eastus2)", "completed", Some("success")),
            job("infra / apply (northeurope)", "completed", Some("timed_out")),
            job("deploy (prod)", "in_progress", None),
            job("surprise (a)", "queued", None),
        ];
        let expected = [
            ("infra".to_owned(), done(RunResult::Failed), true),
            ("deploy (prod)".to_owned(), RunState::Running, true),
            ("surprise".to_owned(), RunState::Queued, false),
            ("traffic".to_owned(), RunState::Queued, true),
        ];
        assert_eq!(seen(&jobs, false), expected);
        assert_eq!(seen(&jobs, true)[3].1, done(RunResult::Skipped), "its turn never came");
    }

    #[test]
    fn a_stage_is_over_when_all_its_parts_are_and_went_through_when_all_did() {
        let done = RunState::Completed;
        let of = |conclusions: &[Option<&str>]| {
            let status =
                |conclusion: &Option<&str>| if conclusion.is_some() { "completed" } else { "queued" };
            let jobs: Vec<Job> = conclusions.iter().map(|it| job("infra (x)", status(it), *it)).collect();
            seen(&jobs, false)[0].1
        };
        assert_eq!(of(&[Some("success"), None]), RunState::Queued);
        assert_eq!(of(&[Some("success"), Some("skipped")]), done(RunResult::PartiallySucceeded));
        assert_eq!(of(&[Some("skipped"), Some("skipped")]), done(RunResult::Skipped));
        assert_eq!(of(&[Some("success"), Some("cancelled")]), done(RunResult::Canceled));
        assert_eq!(of(&[Some("success"), Some("something-new")]), done(RunResult::Failed));
    }

    #[test]
    fn an_environment_says_who_may_let_it_go_on() {
        let hold = |wait_timer: u64, reviewers: serde_json::Value| {
            let pending = json!({ "environment": { "name": "prod" }, "wait_timer": wait_timer, "reviewers": reviewers, "current_user_can_approve": false });
            serde_json::from_value::<Pending>(pending).unwrap().hold("https://run")
        };
        let people = json!([{ "type": "User", "reviewer": { "login": "ada" } }, { "type": "Team", "reviewer": { "name": "ops" } }]);
        let held = hold(30, people);
        assert_eq!(
            (held.kind, held.who),
            (HoldKind::Approval, vec!["ada".to_owned(), "team ops".to_owned()])
        );
        assert_eq!(held.name, "environment prod");
        assert_eq!(hold(30, json!([])).kind, HoldKind::Timer);
        assert_eq!(hold(0, json!([])).kind, HoldKind::Check);
    }
}
