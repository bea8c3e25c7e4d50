//! The workflow, and how a run of it is asked for.

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use http::StatusCode;
use serde::Deserialize;
use serde_json::json;

use super::super::door::Caller;
use super::super::{Face, answer, repository};
use super::{VALIDATION, workflow as known, workflow_body};
use crate::model::BranchName;
use crate::sim::{Call, Command, Operation, Refusal, Reply};

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
    let skip = order.inputs.values().flat_map(|names| names.split(',')).map(str::trim);
    let (branch, commit, by) = (BranchName::new(named), None, login);
    let command = match validates {
        true => Command::StartValidation { branch, commit, by },
        false => {
            let skip = skip.filter(|name| !name.is_empty()).map(str::to_owned).collect();
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
