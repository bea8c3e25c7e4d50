//! Error bodies as Azure DevOps writes them, and the world's refusals as its.

use axum::Json;
use axum::response::{Html, IntoResponse, Response};
use http::header::RETRY_AFTER;
use http::{HeaderValue, StatusCode};
use serde_json::{Value, json};

use crate::sim::Refusal;
use crate::sim::wire::{Changed, Lost};

pub(super) fn error(status: StatusCode, type_key: &str, message: &str) -> Response {
    let body = json!({
        "$id": "1", "innerException": null, "message": message, "errorCode": 0, "eventId": 3000, "typeKey": type_key,
        "typeName": format!("Microsoft.TeamFoundation.{type_key}, Microsoft.TeamFoundation"),
    });
    (status, Json(body)).into_response()
}

/// What a browser would get.
pub(super) fn sign_in() -> Response {
    let page = "<!DOCTYPE html><html><head><title>Azure DevOps Services | Sign In</title></head><body></body></html>";
    (StatusCode::NON_AUTHORITATIVE_INFORMATION, Html(page)).into_response()
}

pub(super) fn no_page() -> Response {
    (StatusCode::NOT_FOUND, Html("<html><body>The page you are looking for does not exist.</body></html>"))
        .into_response()
}

pub(super) fn no_build(id: &str) -> Response {
    error(
        StatusCode::NOT_FOUND,
        "BuildNotFoundException",
        &format!("The requested build {id} could not be found."),
    )
}

pub(super) fn no_pipeline(id: u32) -> Response {
    let message = format!("Pipeline with ID {id} is not found.");
    error(StatusCode::NOT_FOUND, "PipelineNotFoundException", &message)
}

/// A list in its wrapping.
pub(super) fn list(items: Vec<Value>) -> Response {
    Json(json!({ "count": items.len(), "value": items })).into_response()
}

/// A deed that was done, with its body.
pub(super) fn done(body: Value) -> Response {
    let mut response = Json(body).into_response();
    response.extensions_mut().insert(Changed);
    response
}

pub(super) fn refused(refusal: &Refusal) -> Response {
    match refusal {
        Refusal::Forbidden | Refusal::Firewalled => error(
            StatusCode::FORBIDDEN,
            "AccessDeniedException",
            "Access denied. The user needs Queue builds permissions.",
        ),
        Refusal::Throttled { retry_after } => {
            let message = "TF400733: The request has been canceled: Request was blocked due to exceeding usage of resource.";
            let mut response = error(StatusCode::TOO_MANY_REQUESTS, "RequestBlockedException", message);
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(retry_after.as_secs()));
            response
        }
        Refusal::Unreachable => {
            let mut response = StatusCode::BAD_GATEWAY.into_response();
            response.extensions_mut().insert(Lost);
            response
        }
        Refusal::AnswerLost => {
            let mut response = StatusCode::BAD_GATEWAY.into_response();
            response.extensions_mut().insert(Lost);
            response.extensions_mut().insert(Changed);
            response
        }
        Refusal::NotFound(_)
        | Refusal::AlreadyExists(_)
        | Refusal::NotFastForward { .. }
        | Refusal::Conflict(_)
        | Refusal::Busy(_)
        | Refusal::KeyInUse
        | Refusal::Invalid(_)
        | Refusal::Gone { .. } => error(
            StatusCode::BAD_REQUEST,
            "PipelineValidationException",
            &format!("/azure-pipelines.yml: {refusal}"),
        ),
    }
}
