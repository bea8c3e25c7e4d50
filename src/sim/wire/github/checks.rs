//! Check runs and statuses on a commit.
//!
//! The world's one check reports as a check run; nobody reports statuses, and the combined status of none is
//! “pending”, as on GitHub.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use http::{StatusCode, Uri};
use serde_json::{Value, json};

use super::page::{named_page, parameter};
use super::repository::{base, page, repository};
use super::{Face, answer, node_id, stable_number, time};
use crate::model::{BranchName, CommitId};
use crate::sim::{CheckState, Pull, World};

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

pub(super) async fn combined(State(face): State<Face>, Path((_, _, reference)): OfCommit) -> Response {
    let found = face.0.shared.with(|world| {
        let commit = resolve(world, &reference)?;
        let own = format!("{}/commits/{commit}", base(world));
        Some(json!({
            "state": "pending", "statuses": [], "sha": commit.as_str(), "total_count": 0,
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
