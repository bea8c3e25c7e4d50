//! The stages of a run as jobs, and environments that wait.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use http::Uri;
use serde_json::{Value, json};

use super::super::page::named_page;
use super::super::repository::{base, page, person};
use super::super::show::team;
use super::super::{Face, answer, node_id, stable_number, time};
use super::runs::{OfRun, conclusion, status};
use crate::model::{RunId, RunState};
use crate::sim::{Call, Operation, Run, StageRun, World};

pub(super) async fn list(State(face): State<Face>, Path((_, _, id)): OfRun, uri: Uri) -> Response {
    let call = Call::of(Operation::ReadRuns);
    let found = face.0.shared.call(&call, |world| {
        let run = world.run(&RunId::new(&id))?;
        Some(listed(run).map(|(place, stage)| body(world, run, place, stage)).collect::<Vec<Value>>())
    });
    match found.await {
        Ok(Some(jobs)) => named_page(&uri, "jobs", jobs),
        Ok(None) => answer::not_found(),
        Err(refusal) => answer::refused(&refusal),
    }
}

/// Up to the first that is not over: what needs it has no job yet.
fn listed(run: &Run) -> impl Iterator<Item = (usize, &StageRun)> {
    let open = run.stages.iter().position(|stage| !stage.state.is_over());
    run.stages.iter().enumerate().take(open.map_or(usize::MAX, |place| place + 1))
}

/// A job of a later attempt is another job.
pub(super) fn job_id(run: &Run, place: usize, stage: &StageRun) -> u64 {
    run.number * 1_000 + place as u64 * 10 + u64::from(stage.attempt)
}

fn body(world: &World, run: &Run, place: usize, stage: &StageRun) -> Value {
    let (base, page, id) = (base(world), page(world), job_id(run, place, stage));
    let (status, conclusion) = (status(stage.state), conclusion(stage.state));
    let started = time(stage.started.or(stage.finished).unwrap_or_else(|| run.changed()));
    let ended = stage.state.is_over().then(|| time(stage.finished.unwrap_or_else(|| run.changed())));
    let ran = stage.started.is_some();
    let step = |number: u64, name: &str, conclusion: Option<&str>| json!({ "name": name, "status": status, "conclusion": conclusion, "number": number });
    let steps = match ran {
        true => {
            vec![step(1, "Set up job", conclusion.map(|_| "success")), step(2, "Terraform apply", conclusion)]
        }
        false => Vec::new(),
    };
    json!({
        "id": id, "run_id": run.number, "run_url": format!("{base}/actions/runs/{}", run.number),
        "run_attempt": stage.attempt, "node_id": node_id("CheckRun", id), "head_sha": run.commit.as_str(),
        "url": format!("{base}/actions/jobs/{id}"), "html_url": format!("{page}/actions/runs/{}/job/{id}", run.number),
        "status": status, "conclusion": conclusion, "created_at": time(run.queued), "started_at": started,
        "completed_at": ended, "name": stage.name, "steps": steps, "check_run_url": format!("{base}/check-runs/{id}"),
        "labels": ["ubuntu-latest"], "runner_id": null, "runner_name": null, "runner_group_id": null,
        "runner_group_name": null, "workflow_name": world.config().pipeline.name, "head_branch": run.branch.as_str(),
    })
}

/// The environment of the stage that waits, with its reviewers.
pub(super) async fn pending(State(face): State<Face>, Path((_, _, id)): OfRun) -> Response {
    let found = face.0.shared.with(|world| {
        let run = world.run(&RunId::new(&id))?;
        let waiting = run.stages.iter().filter(|stage| stage.state == RunState::WaitsForApproval);
        Some(waiting.map(|stage| environment(world, stage)).collect::<Vec<Value>>())
    });
    found.map_or_else(answer::not_found, |all| Json(all).into_response())
}

fn environment(world: &World, stage: &StageRun) -> Value {
    let (base, page) = (base(world), page(world));
    let name = format!("{}-gate", stage.name);
    let config = world.config().pipeline.stages.iter().find(|known| known.name == stage.name);
    let approvers = config.map(|known| known.approvers.clone()).unwrap_or_default();
    let reviewer = |name: &String| match name.contains(' ') {
        true => json!({ "type": "Team", "reviewer": team(world, name) }),
        false => json!({ "type": "User", "reviewer": person(name) }),
    };
    let reviewers: Vec<Value> = approvers.iter().map(reviewer).collect();
    let id = stable_number(&name);
    json!({
        "environment": {
            "id": id, "node_id": node_id("Environment", id), "name": name, "url": format!("{base}/environments/{name}"),
            "html_url": format!("{page}/deployments/activity_log?environments_filter={name}"),
        },
        "wait_timer": 0, "wait_timer_started_at": null, "current_user_can_approve": false, "reviewers": reviewers,
    })
}
