//! Runs as builds: lists with filters and pages, one build, cancelling.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use http::{HeaderValue, StatusCode, Uri};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::door::parameter;
use super::{Face, HOST, PIPELINE, VALIDATION, answer, guid, time};
use crate::model::{RunId, RunResult, RunState};
use crate::sim::{Call, Command, Operation, Run, World};

type OfBuild = Path<(String, String, String)>;

#[derive(Deserialize)]
pub(super) struct Change {
    status: Option<String>,
}

pub(super) async fn list(State(face): State<Face>, uri: Uri) -> Response {
    let filter = Filter::of(&uri);
    let validates = filter.definitions.as_deref() == Some(VALIDATION.to_string().as_str());
    let call = Call::of(if validates { Operation::ReadValidations } else { Operation::ReadRuns });
    let found = face.0.shared.call(&call, |world| {
        let all = world.runs().iter().chain(world.validations());
        let mut runs: Vec<&Run> = all.filter(|run| filter.takes(run)).collect();
        runs.sort_by_key(|run| (run.queued, run.number));
        if !filter.ascending {
            runs.reverse();
        }
        runs.into_iter().map(|run| face.build(world, run)).collect::<Vec<Value>>()
    });
    match found.await {
        Ok(all) => paged(&uri, all),
        Err(refusal) => answer::refused(&refusal),
    }
}

/// One page; the token of the next one is in a header, and is the place where it begins.
fn paged(uri: &Uri, all: Vec<Value>) -> Response {
    let number = |name: &str| parameter(uri, name).and_then(|text| text.parse::<usize>().ok());
    let (from, top) = (number("continuationToken").unwrap_or(0), number("$top").unwrap_or(1_000));
    let until = from.saturating_add(top);
    let more = until < all.len();
    let mut response = answer::list(all.into_iter().skip(from).take(top).collect());
    if more {
        response.headers_mut().insert("x-ms-continuationtoken", HeaderValue::from(until));
    }
    response
}

pub(super) async fn get(State(face): State<Face>, Path((_, _, id)): OfBuild) -> Response {
    let call = Call::of(Operation::ReadRuns);
    let shown = face
        .0
        .shared
        .call(&call, |world| world.run(&RunId::new(&id)).map(|run| face.build(world, run)))
        .await;
    match shown {
        Ok(Some(build)) => Json(build).into_response(),
        Ok(None) => answer::no_build(&id),
        Err(refusal) => answer::refused(&refusal),
    }
}

/// Cancelling and retrying are the changes that a build takes.
pub(super) async fn update(
    State(face): State<Face>,
    Path((_, _, id)): OfBuild,
    uri: Uri,
    Json(change): Json<Change>,
) -> Response {
    if parameter(&uri, "retry").is_some_and(|retry| retry == "true") {
        return retried(&face, &id);
    }
    if change.status.as_deref() != Some("cancelling") {
        let message = "The build cannot be updated so.";
        return answer::error(StatusCode::BAD_REQUEST, "InvalidBuildException", message);
    }
    face.0.shared.with(|world| {
        let run = RunId::new(&id);
        match world.apply(Command::CancelRun { run: run.clone() }) {
            Ok(_) => answer::done(world.run(&run).map(|run| face.build(world, run)).unwrap_or_default()),
            Err(_) => answer::no_build(&id),
        }
    })
}

fn retried(face: &Face, id: &str) -> Response {
    face.0.shared.with(|world| match world.apply(Command::RetryRun { run: RunId::new(id) }) {
        Ok(_) => {
            let build = world.run(&RunId::new(id)).map(|run| face.build(world, run));
            answer::done(build.unwrap_or_default())
        }
        Err(refusal) => answer::refused(&refusal),
    })
}

struct Filter {
    definitions: Option<String>,
    branch: Option<String>,
    status: Option<String>,
    min_time: Option<Timestamp>,
    ascending: bool,
}

impl Filter {
    fn of(uri: &Uri) -> Filter {
        let wanted = |name: &str| parameter(uri, name);
        Filter {
            definitions: wanted("definitions"),
            branch: wanted("branchName"),
            status: wanted("statusFilter"),
            min_time: wanted("minTime").and_then(|at| at.parse().ok()),
            ascending: wanted("queryOrder").is_some_and(|order| order.ends_with("Ascending")),
        }
    }

    fn takes(&self, run: &Run) -> bool {
        let own = pipeline(run).to_string();
        let is_ours = |text: &String| text.split(',').any(|id| id.trim() == own);
        self.definitions.as_ref().is_none_or(is_ours)
            && self.branch.as_ref().is_none_or(|branch| *branch == format!("refs/heads/{}", run.branch))
            && self.status.as_ref().is_none_or(|wanted| wanted == "all" || wanted == status(run.state))
            && self.min_time.is_none_or(|min| run.queued >= min)
    }
}

/// The number of the pipeline that it is a run of.
pub(super) fn pipeline(run: &Run) -> u32 {
    if run.validates { VALIDATION } else { PIPELINE }
}

fn status(state: RunState) -> &'static str {
    match state {
        RunState::Queued => "notStarted",
        RunState::Running | RunState::WaitsForApproval => "inProgress",
        RunState::Completed(_) => "completed",
    }
}

fn result(state: RunState) -> Option<&'static str> {
    match state {
        RunState::Completed(RunResult::Succeeded) => Some("succeeded"),
        RunState::Completed(RunResult::PartiallySucceeded) => Some("partiallySucceeded"),
        RunState::Completed(RunResult::Canceled) => Some("canceled"),
        RunState::Completed(RunResult::Failed | RunResult::Skipped) => Some("failed"),
        RunState::Queued | RunState::Running | RunState::WaitsForApproval => None,
    }
}

impl Face {
    fn build(&self, world: &World, run: &Run) -> Value {
        let (base, id) = (self.base(), run.number);
        let own = format!("{base}/_apis/build/Builds/{id}");
        let repository = &world.config().repository;
        let full_name = format!("{}/{}", repository.owner, repository.name);
        let person = self.person(&run.by);
        let mut build = json!({
            "id": id, "buildNumber": format!("{}.{id}", run.queued.strftime("%Y%m%d")), "status": status(run.state),
            "url": own, "uri": format!("vstfs:///Build/Build/{id}"), "queueTime": time(run.queued),
            "sourceBranch": format!("refs/heads/{}", run.branch), "sourceVersion": run.commit.as_str(),
            "priority": "normal", "reason": "manual", "requestedFor": person, "requestedBy": person,
            "lastChangedDate": time(run.changed()), "lastChangedBy": person, "keepForever": false,
            "definition": self.definition(world, pipeline(run)), "project": self.project(), "tags": [], "validationResults": [],
            "queue": { "id": 18, "name": "Azure Pipelines", "pool": null },
            "orchestrationPlan": { "planId": guid(&own) },
            "logs": { "id": 0, "type": "Container", "url": format!("{own}/logs") },
            "repository": { "id": full_name, "type": "GitHub", "name": full_name, "clean": null, "checkoutSubmodules": false },
            "_links": {
                "self": { "href": own }, "timeline": { "href": format!("{own}/Timeline") },
                "web": { "href": format!("https://{HOST}/{}/{}/_build/results?buildId={id}", self.0.access.organization, self.0.access.project) },
            },
        });
        if let Value::Object(members) = &mut build {
            let times = [("startTime", run.started), ("finishTime", run.finished)];
            members
                .extend(times.into_iter().filter_map(|(name, at)| Some((name.to_owned(), time(at?).into()))));
            members.extend(result(run.state).map(|result| ("result".to_owned(), result.into())));
        }
        build
    }
}
