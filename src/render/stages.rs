//! The run that a rotation follows, stage by stage: one line each, with the state, since when, and what holds it.

use jiff::Timestamp;

use super::span;
use crate::model::{
    DeploymentState, DeploymentView, HoldKind, RunResult, RunState, RunView, StageHold, StageView, World,
};

/// The newest run of the code that is deployed.
pub fn followed(world: &World) -> Option<&RunView> {
    let deployed = world.deployed()?;
    let runs = world.runs.as_ref()?.get()?;
    runs.iter().find(|run| deployed.is_run_by(run))
}

/// The run in one line.
pub fn run_line(run: &RunView) -> String {
    let by = if run.by.is_empty() { String::new() } else { format!(", asked for by {}", run.by) };
    let place = if run.url.is_empty() { String::new() } else { format!(": {}", run.url) };
    format!("run {} of {} at {} {}{by}{place}", run.id, run.branch, run.commit.short(), state(run.state))
}

/// The deployments of the code that is deployed, newest first.
pub fn deployments(world: &World) -> impl Iterator<Item = &DeploymentView> {
    let code = world.deployed().map(|code| &code.head);
    let all = world.deployments.as_ref().and_then(|seen| seen.get()).into_iter().flatten();
    all.filter(move |one| Some(&one.commit) == code)
}

/// A deployment in one line.
pub fn deployment_line(view: &DeploymentView) -> String {
    let said = match view.state {
        DeploymentState::Waiting => "has not begun",
        DeploymentState::Running => "is under way",
        DeploymentState::Succeeded => "succeeded",
        DeploymentState::Failed => "failed",
        DeploymentState::Inactive => "was replaced by another one",
    };
    let place = if view.url.is_empty() { String::new() } else { format!(": {}", view.url) };
    let (environment, commit, since) = (&view.environment, view.commit.short(), span::time(view.since));
    format!("deployment of {commit} to {environment} {said}, since {since}{place}")
}

/// A stage in one line, as it stands at `now`.
pub fn line(stage: &StageView, now: Timestamp) -> String {
    let attempt = if stage.attempt > 1 { format!(" (attempt {})", stage.attempt) } else { String::new() };
    let undeclared = if stage.effects.is_none() { ", not declared" } else { "" };
    format!("{}{attempt}: {}{undeclared}", stage.name, standing(stage, now))
}

fn standing(stage: &StageView, now: Timestamp) -> String {
    let said = state(stage.state);
    match stage.state {
        RunState::WaitsForApproval => {
            let holds: Vec<String> = stage.holds.iter().map(hold).collect();
            if holds.is_empty() { said.to_owned() } else { format!("waits for {}", holds.join(" and ")) }
        }
        RunState::Running => match stage.started {
            Some(at) => {
                format!("{said} since {} ({})", span::time(at), span::duration(span::between(at, now)))
            }
            None => said.to_owned(),
        },
        RunState::Completed(RunResult::Skipped) | RunState::Queued => said.to_owned(),
        RunState::Completed(_) => match stage.finished {
            Some(at) => format!("{said} at {}", span::time(at)),
            None => said.to_owned(),
        },
    }
}

/// What holds a stage, and who may open it.
pub fn hold(hold: &StageHold) -> String {
    let what = match hold.kind {
        HoldKind::Approval => "approval",
        HoldKind::Lock => "the exclusive lock",
        HoldKind::Timer => "a timer",
        HoldKind::Check => "a check",
    };
    let named = match hold.kind {
        HoldKind::Approval | HoldKind::Lock if !hold.name.contains(' ') => String::new(),
        _ => format!(" ({})", hold.name),
    };
    match hold.who.as_slice() {
        [] => format!("{what}{named}"),
        who => format!("{what}{named} by {}", who.join(" or ")),
    }
}

fn state(state: RunState) -> &'static str {
    match state {
        RunState::Queued => "has not begun",
        RunState::Running => "runs",
        RunState::WaitsForApproval => "waits for approval",
        RunState::Completed(RunResult::Succeeded) => "succeeded",
        RunState::Completed(RunResult::PartiallySucceeded) => "went through, with issues",
        RunState::Completed(RunResult::Failed) => "failed",
        RunState::Completed(RunResult::Canceled) => "was cancelled",
        RunState::Completed(RunResult::Skipped) => "left out",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{BranchName, CommitId, RunId};

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_stage_is_one_line_with_its_state_since_when_and_who_could_let_it_on() {
        let now = at("2026-11-27T10:30:00Z");
        let view = |state| StageView::new("infra", state, Some(Vec::new()));
        let running = StageView { started: Some(at("2026-11-27T10:21:00Z")), ..view(RunState::Running) };
        assert_eq!(line(&running, now), "infra: runs since 10:21:00Z (9m)");
        let held = StageHold {
            kind: HoldKind::Approval,
            name: "environment prod".to_owned(),
            who: vec!["Ada".to_owned(), "team ops".to_owned()],
            url: String::new(),
        };
        let lock = StageHold {
            kind: HoldKind::Lock,
            name: "ExclusiveLock".to_owned(),
            who: Vec::new(),
            ..held.clone()
        };
        let waiting = StageView { holds: vec![held, lock], attempt: 2, ..view(RunState::WaitsForApproval) };
        assert_eq!(
            line(&waiting, now),
            "infra (attempt 2): waits for approval (environment prod) by Ada or team ops and the exclusive lock"
        );
        let ended = RunState::Completed(RunResult::Failed);
        let failed = StageView { finished: Some(at("2026-11-27T10:25:00Z")), ..view(ended) };
        assert_eq!(line(&failed, now), "infra: failed at 10:25:00Z");
        assert_eq!(line(&view(RunState::Completed(RunResult::Skipped)), now), "infra: left out");
        assert_eq!(line(&view(RunState::WaitsForApproval), now), "infra: waits for approval");
        let undeclared = StageView::new("surprise", ended, None);
        assert_eq!(line(&undeclared, now), "surprise: failed, not declared");
    }

    #[test]
    fn a_run_is_named_with_its_commit_who_asked_for_it_and_its_page() {
        let run = RunView {
            id: RunId::new("7"),
            url: "https://pipelines.example/7".to_owned(),
            branch: BranchName::new("release/1"),
            commit: CommitId::new("c".repeat(40)),
            by: "ada".to_owned(),
            state: RunState::Running,
            started: Timestamp::UNIX_EPOCH,
            finished: None,
            stages: Vec::new(),
            more_before: false,
        };
        let said = run_line(&run);
        assert!(
            said.starts_with("run 7 of release/1 at cccc")
                && said.contains("runs, asked for by ada: https://"),
            "{said}"
        );
    }
}
