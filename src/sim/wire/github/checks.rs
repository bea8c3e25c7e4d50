//! Check runs and statuses on a commit.
//!
//! The world's one check reports as a check run; statuses are what somebody reported, and the combined status of none
//! is “pending”, as on GitHub.

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use http::{StatusCode, Uri};
use serde::Deserialize;
use serde_json::{Value, json};

use super::door::Caller;
use super::page::{named_page, parameter};
use super::repository::{base, page, person, repository};
use super::{Face, answer, node_id, stable_number, time};
use crate::model::{BranchName, CommitId};
use crate::sim::{Call, CheckState, Command, CommitStatus, Operation, Pull, World};

type OfCommit = Path<(String, String, String)>;

pub(super) async fn runs(State(face): State<Face>, Path((_, _, reference)): OfCommit, uri: Uri) -> Response {
    let only = parameter(&uri, "check_name");
    let found = face.0.shared.with(|world| {
        let commit = resolve(world, &reference)?;
        let newest = world.pulls().iter().rev().find(|pull| pull.head == commit);
        let run = newest.and_then(|pull| run(world, pull));
        Some(run.into_iter().filter(|run| only.as_deref().is_none_or(|name| run["name"] == name)).collect())
    });
    match found {
        Some(runs) => named_page(&uri, "check_runs", runs),
        None => no_commit(&reference),
    }
}

#[derive(Deserialize)]
pub(super) struct Report {
    state: String,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    context: Option<String>,
}

/// A status on a commit; each report is one more.
pub(super) async fn report(
    State(face): State<Face>,
    Extension(Caller(login)): Extension<Caller>,
    Path((_, _, commit)): OfCommit,
    Json(report): Json<Report>,
) -> Response {
    let call = Call::of(Operation::MarkPull);
    let done = face.0.shared.call(&call, |world| {
        let status = CommitStatus {
            commit: CommitId::from(commit.as_str()),
            context: report.context.unwrap_or_else(|| "default".to_owned()),
            state: report.state,
            description: report.description.unwrap_or_default(),
            by: login,
            at: world.now(),
        };
        match world.apply(Command::ReportStatus(status.clone())) {
            Ok(_) => {
                let mut body = show_status(world, &status);
                body["creator"] = person(&status.by);
                answer::done(StatusCode::CREATED, body)
            }
            Err(_) => no_commit(&commit),
        }
    });
    match done.await {
        Ok(response) => response,
        Err(refusal) => answer::refused(&refusal),
    }
}

fn show_status(world: &World, status: &CommitStatus) -> Value {
    let own = format!("{}/statuses/{}", base(world), status.commit);
    let id = stable_number(&format!("{own}{}{}{}", status.context, status.description, status.at));
    json!({
        "id": id, "node_id": node_id("Status", id), "url": own, "state": status.state,
        "description": status.description, "context": status.context, "target_url": null,
        "avatar_url": "https://avatars.githubusercontent.com/u/1", "created_at": time(status.at),
        "updated_at": time(status.at),
    })
}

/// The newest of each context.
fn newest<'a>(world: &'a World, commit: &CommitId) -> Vec<&'a CommitStatus> {
    let mut found: Vec<&CommitStatus> = Vec::new();
    for status in world.statuses().iter().rev().filter(|status| status.commit == *commit) {
        if found.iter().all(|known| known.context != status.context) {
            found.push(status);
        }
    }
    found
}

/// Of all of them, as GitHub sums them up; “pending” where there are none.
fn summed(statuses: &[&CommitStatus]) -> &'static str {
    let any = |states: &[&str]| statuses.iter().any(|status| states.contains(&status.state.as_str()));
    if any(&["failure", "error"]) {
        "failure"
    } else if statuses.is_empty() || any(&["pending"]) {
        "pending"
    } else {
        "success"
    }
}

pub(super) async fn combined(State(face): State<Face>, Path((_, _, reference)): OfCommit) -> Response {
    let found = face.0.shared.with(|world| {
        let commit = resolve(world, &reference)?;
        let own = format!("{}/commits/{commit}", base(world));
        let newest = newest(world, &commit);
        let statuses: Vec<Value> = newest.iter().map(|status| show_status(world, status)).collect();
        Some(json!({
            "state": summed(&newest), "statuses": statuses, "sha": commit.as_str(), "total_count": newest.len(),
            "repository": repository(world), "commit_url": own, "url": format!("{own}/status"),
        }))
    });
    match found {
        Some(body) => Json(body).into_response(),
        None => no_commit(&reference),
    }
}

fn no_commit(reference: &str) -> Response {
    answer::error(StatusCode::UNPROCESSABLE_ENTITY, &format!("No commit found for SHA: {reference}"))
}

/// A commit by its id or by a branch that stands on it.
fn resolve(world: &World, reference: &str) -> Option<CommitId> {
    let id = CommitId::from(reference);
    match world.repository().get(&id) {
        Some(_) => Some(id),
        None => world.repository().head(&BranchName::from(reference)).cloned(),
    }
}

fn run(world: &World, pull: &Pull) -> Option<Value> {
    let (status, conclusion) = match pull.check {
        CheckState::NotStarted => return None,
        CheckState::Running => ("in_progress", None),
        CheckState::Passed => ("completed", Some("success")),
        CheckState::Failed => ("completed", Some("failure")),
    };
    let name = &world.config().people.check.name;
    let id = stable_number(&format!("{name}@{}", pull.head));
    let (base, page) = (base(world), page(world));
    let own = format!("{base}/check-runs/{id}");
    let ended = conclusion.is_some().then(|| time(pull.check_changed));
    Some(json!({
        "id": id, "node_id": node_id("CheckRun", id), "name": name, "head_sha": pull.head.as_str(),
        "external_id": "", "url": own, "html_url": format!("{page}/runs/{id}"),
        "details_url": format!("{page}/actions/runs/{id}"), "status": status, "conclusion": conclusion,
        "started_at": time(pull.check_changed), "completed_at": ended, "check_suite": { "id": 5 }, "app": null,
        "output": {
            "title": null, "summary": null, "text": null, "annotations_count": 0,
            "annotations_url": format!("{own}/annotations"),
        },
        "pull_requests": [],
    }))
}
