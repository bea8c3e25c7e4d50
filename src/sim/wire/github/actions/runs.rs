//! Runs of the workflow: lists with filters, one run, another attempt, cancelling.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use http::{StatusCode, Uri};
use serde_json::{Value, json};

use super::super::page::{named_page, parameter};
use super::super::repository::{base, page, person, repository};
use super::super::{Face, answer, node_id, stable_number, time};
use super::{VALIDATION, of_run, workflow};
use crate::model::{RunId, RunResult, RunState};
use crate::sim::time::after;
use crate::sim::{Call, Command, Operation, Refusal, Run, World};

pub(super) type OfRun = Path<(String, String, String)>;

pub(super) async fn of_workflow(
    State(face): State<Face>,
    Path((_, _, asked)): Path<(String, String, String)>,
    uri: Uri,
) -> Response {
    match face.0.shared.with(|world| workflow(world, &asked)) {
        Some(id) => listed(&face, &uri, Some(id)).await,
        None => answer::not_found(),
    }
}

pub(super) async fn list(State(face): State<Face>, uri: Uri) -> Response {
    listed(&face, &uri, None).await
}

async fn listed(face: &Face, uri: &Uri, only: Option<u64>) -> Response {
    let wanted = |name: &str, is: &str| parameter(uri, name).is_none_or(|wanted| wanted == is);
    let call = Call::of(match only {
        Some(VALIDATION) => Operation::ReadValidations,
        _ => Operation::ReadRuns,
    });
    let found = face.0.shared.call(&call, |world| {
        let lag = world.config().pipeline.list_lag;
        let mut all: Vec<&Run> = world.runs().iter().chain(world.validations()).collect();
        all.sort_by_key(|run| std::cmp::Reverse((run.queued, run.number)));
        let shown = all.into_iter().filter(|run| {
            let ours = only.is_none_or(|id| of_run(world, run).0 == id);
            let state =
                wanted("status", status(run.state)) || wanted("status", conclusion(run.state).unwrap_or(""));
            ours && after(run.queued, lag) <= world.now()
                && wanted("event", event(run))
                && wanted("branch", run.branch.as_str())
                && wanted("head_sha", run.commit.as_str())
                && state
        });
        shown.map(|run| body(world, run)).collect::<Vec<Value>>()
    });
    match found.await {
        Ok(all) => named_page(uri, "workflow_runs", all),
        Err(refusal) => answer::refused(&refusal),
    }
}

pub(super) async fn get(State(face): State<Face>, Path((_, _, id)): OfRun) -> Response {
    let call = Call::of(Operation::ReadRuns);
    let shown = face.0.shared.call(&call, |world| world.run(&RunId::new(&id)).map(|run| body(world, run)));
    match shown.await {
        Ok(Some(run)) => Json(run).into_response(),
        Ok(None) => answer::not_found(),
        Err(refusal) => answer::refused(&refusal),
    }
}

pub(super) async fn cancel(State(face): State<Face>, Path((_, _, id)): OfRun) -> Response {
    let over = face.0.shared.with(|world| world.run(&RunId::new(&id)).is_some_and(|run| run.state.is_over()));
    if over {
        return answer::error(StatusCode::CONFLICT, "Cannot cancel a workflow run that is completed.");
    }
    match face.0.shared.with(|world| world.apply(Command::CancelRun { run: RunId::new(&id) })) {
        Ok(_) => answer::done(StatusCode::ACCEPTED, json!({})),
        Err(Refusal::Invalid(why)) => answer::error(StatusCode::CONFLICT, &why),
        Err(refusal) => answer::refused(&refusal),
    }
}

fn event(run: &Run) -> &'static str {
    if run.pushed { "push" } else { "workflow_dispatch" }
}

pub(super) fn status(state: RunState) -> &'static str {
    match state {
        RunState::Queued => "queued",
        RunState::Running => "in_progress",
        RunState::WaitsForApproval => "waiting",
        RunState::Completed(_) => "completed",
    }
}

pub(super) fn conclusion(state: RunState) -> Option<&'static str> {
    match state {
        RunState::Completed(RunResult::Succeeded) => Some("success"),
        RunState::Completed(RunResult::PartiallySucceeded) => Some("neutral"),
        RunState::Completed(RunResult::Failed) => Some("failure"),
        RunState::Completed(RunResult::Canceled) => Some("cancelled"),
        RunState::Completed(RunResult::Skipped) => Some("skipped"),
        RunState::Queued | RunState::Running | RunState::WaitsForApproval => None,
    }
}

fn body(world: &World, run: &Run) -> Value {
    let (base, page, number) = (base(world), page(world), run.number);
    let own = format!("{base}/actions/runs/{number}");
    let suite = stable_number(&format!("suite {number}"));
    let began = run.started.filter(|_| run.attempt() > 1).unwrap_or(run.queued);
    let by = person(&run.by);
    let (workflow, name, path) = of_run(world, run);
    json!({
        "id": number, "node_id": node_id("WorkflowRun", number), "name": name,
        "display_title": name, "path": path,
        "head_branch": run.branch.as_str(), "head_sha": run.commit.as_str(), "head_commit": null,
        "run_number": number - 1_000, "run_attempt": run.attempt(), "event": event(run),
        "status": status(run.state), "conclusion": conclusion(run.state), "workflow_id": workflow,
        "check_suite_id": suite, "check_suite_node_id": node_id("CheckSuite", suite), "pull_requests": [],
        "created_at": time(run.queued), "updated_at": time(run.changed()), "run_started_at": time(began),
        "actor": by, "triggering_actor": by, "referenced_workflows": [], "url": own,
        "html_url": format!("{page}/actions/runs/{number}"), "jobs_url": format!("{own}/jobs"),
        "logs_url": format!("{own}/logs"), "check_suite_url": format!("{base}/check-suites/{suite}"),
        "artifacts_url": format!("{own}/artifacts"), "cancel_url": format!("{own}/cancel"),
        "rerun_url": format!("{own}/rerun"), "previous_attempt_url": null,
        "workflow_url": format!("{base}/actions/workflows/{workflow}"),
        "repository": repository(world), "head_repository": repository(world),
    })
}
