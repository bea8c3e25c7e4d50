//! The workflow, and how a run of it is asked for.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::door::Caller;
use super::super::{Face, answer, repository};
use super::expression::{Told, lets_run};
use super::{VALIDATION, workflow as known, workflow_body};
use crate::model::BranchName;
use crate::sim::{Call, Command, Operation, Refusal, Reply, World};

type OfWorkflow = Path<(String, String, String)>;

#[derive(Deserialize)]
pub(super) struct Order {
    #[serde(rename = "ref")]
    reference: String,
    #[serde(default)]
    inputs: BTreeMap<String, String>,
    #[serde(default)]
    return_run_details: Option<bool>,
}

pub(super) async fn workflow(State(face): State<Face>, Path((_, _, asked)): OfWorkflow) -> Response {
    let shown = face.0.shared.with(|world| known(world, &asked).map(|id| workflow_body(world, id)));
    shown.map_or_else(answer::not_found, |body| Json(body).into_response())
}

/// The release workflow as it is at the branch's head.
fn file(world: &World, branch: &BranchName) -> Option<String> {
    let head = world.repository().head(branch)?;
    let blob = world.repository().get(head)?.tree().get(&world.config().pipeline.workflow_path())?.clone();
    String::from_utf8(blob.bytes().to_vec()).ok()
}

/// The jobs whose `if` lets them have no turn, by the names that are shown. A job stands below those that it needs.
fn without_turn(
    text: &str,
    inputs: &BTreeMap<String, String>,
    reference: &str,
) -> Result<Vec<String>, String> {
    let whole: Value =
        serde_saphyr::from_str(text).map_err(|error| format!("Invalid workflow file: {error}"))?;
    if !whole.get("on").is_some_and(|on| on.to_string().contains("workflow_dispatch")) {
        return Err("Workflow does not have 'workflow_dispatch' trigger".to_owned());
    }
    let (mut ids, mut names) = (BTreeSet::new(), Vec::new());
    let mut left: Vec<(&String, &Value)> =
        whole.get("jobs").and_then(Value::as_object).into_iter().flatten().collect();
    while !left.is_empty() {
        let waiting: BTreeSet<&String> = left.iter().map(|(id, _)| *id).collect();
        let ready = |job: &Value| needs(job).all(|need| !waiting.iter().any(|id| *id == need));
        let (now, later): (Vec<_>, Vec<_>) = left.iter().partition(|(_, job)| ready(job));
        if now.is_empty() {
            return Err("Invalid workflow file: its jobs need each other".to_owned());
        }
        for (id, job) in now {
            let condition = match job.get("if") {
                Some(Value::String(text)) => text.clone(),
                Some(other) => other.to_string(),
                None => String::new(),
            };
            let success = needs(job).all(|need| !ids.contains(need));
            let told = Told { inputs, reference, success };
            match lets_run(&condition, &told) {
                Some(true) => {}
                Some(false) => {
                    ids.insert(id.as_str());
                    names.push(job.get("name").and_then(Value::as_str).unwrap_or(id).to_owned());
                }
                None => return Err(format!("Invalid workflow file: the `if` of {id}: {condition}")),
            }
        }
        left = later;
    }
    Ok(names)
}

fn needs(job: &Value) -> impl Iterator<Item = &str> {
    let needs = job.get("needs");
    let several = needs.and_then(Value::as_array).into_iter().flatten();
    several.chain(needs).filter_map(Value::as_str)
}

/// A run at the head of the branch; there is no other.
pub(super) async fn dispatch(
    State(face): State<Face>,
    Path((_, _, asked)): OfWorkflow,
    Extension(Caller(login)): Extension<Caller>,
    Json(order): Json<Order>,
) -> Response {
    let (found, input) =
        face.0.shared.with(|world| (known(world, &asked), world.config().pipeline.skip_input.clone()));
    let Some(id) = found else { return answer::not_found() };
    let validates = id == VALIDATION;
    let stages: Vec<String> = face
        .0
        .shared
        .with(|world| world.config().pipeline.stages.iter().map(|stage| stage.name.clone()).collect());
    let input = input.filter(|_| !validates);
    if let Some(unknown) = order.inputs.keys().find(|name| Some(*name) != input.as_ref()) {
        let message = format!("Unexpected inputs provided: [\"{unknown}\"]");
        return answer::error(StatusCode::UNPROCESSABLE_ENTITY, &message);
    }
    if order.return_run_details.is_some() && face.0.access.names_no_runs {
        let message = "Invalid request.\n\n\"return_run_details\" is not a permitted key.";
        return answer::error(StatusCode::UNPROCESSABLE_ENTITY, message);
    }
    let named = order.reference.strip_prefix("refs/heads/").unwrap_or(&order.reference);
    let (branch, commit, by) = (BranchName::new(named), None, login);
    let written = face.0.shared.with(|world| file(world, &branch));
    let skip = match written.filter(|_| !validates) {
        Some(text) => match without_turn(&text, &order.inputs, named) {
            Ok(skip) => skip,
            Err(why) => return answer::error(StatusCode::UNPROCESSABLE_ENTITY, &why),
        },
        None => Vec::new(),
    };
    let command = match validates {
        true => Command::StartValidation { branch, commit, by },
        false => {
            let is_stage = |name: &String| stages.contains(name);
            let skip = skip.into_iter().filter(is_stage).collect();
            Command::StartRun { branch, commit, skip, by }
        }
    };
    let call = Call::of(if validates { Operation::StartValidation } else { Operation::StartRun });
    let started = face.0.shared.call(&call, |world| match world.apply(command)? {
        Reply::Run(id) => Ok((id, repository::base(world), repository::page(world))),
        _ => Err(Refusal::Invalid("no run".to_owned())),
    });
    match started.await {
        Ok(Ok((id, base, page))) if order.return_run_details == Some(true) => answer::done(
            StatusCode::OK,
            json!({
                "workflow_run_id": id.as_str().parse::<u64>().unwrap_or_default(),
                "run_url": format!("{base}/actions/runs/{id}"), "html_url": format!("{page}/actions/runs/{id}"),
            }),
        ),
        Ok(Ok(_)) => {
            let mut response = StatusCode::NO_CONTENT.into_response();
            response.extensions_mut().insert(crate::sim::wire::Changed);
            response
        }
        Ok(Err(Refusal::NotFound(_))) => {
            let message = format!("No ref found for: {named}");
            answer::error(StatusCode::UNPROCESSABLE_ENTITY, &message)
        }
        Ok(Err(Refusal::Invalid(why))) => answer::error(StatusCode::UNPROCESSABLE_ENTITY, &why),
        Ok(Err(refusal)) | Err(refusal) => answer::refused(&refusal),
    }
}
