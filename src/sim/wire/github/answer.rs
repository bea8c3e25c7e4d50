//! Error bodies as GitHub writes them, and the world's refusals as GitHub's.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::header::RETRY_AFTER;
use http::{HeaderValue, StatusCode};
use serde_json::{Value, json};

use crate::sim::Refusal;
use crate::sim::wire::{Changed, Lost};

/// By these words alone a secondary limit is known.
pub(super) const SECONDARY: &str =
    "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.";

const DOCUMENTATION: &str = "https://docs.github.com/rest";

pub(super) fn error(status: StatusCode, message: &str) -> Response {
    let body = json!({ "message": message, "documentation_url": DOCUMENTATION, "status": status.as_u16().to_string() });
    (status, Json(body)).into_response()
}

pub(super) fn not_found() -> Response {
    error(StatusCode::NOT_FOUND, "Not Found")
}

/// 422 with one complaint. Without a field it carries a message, with code `custom`.
pub(super) fn invalid(field: Option<&str>, detail: &str) -> Response {
    let complaint = match field {
        Some(field) => json!({ "resource": "PullRequest", "field": field, "code": detail }),
        None => json!({ "resource": "PullRequest", "code": "custom", "message": detail }),
    };
    let body = json!({
        "message": "Validation Failed", "errors": [complaint], "documentation_url": DOCUMENTATION, "status": "422",
    });
    (StatusCode::UNPROCESSABLE_ENTITY, Json(body)).into_response()
}

/// A deed that was done, with its body.
pub(super) fn done(status: StatusCode, body: Value) -> Response {
    let mut response = (status, Json(body)).into_response();
    response.extensions_mut().insert(Changed);
    response
}

/// How GraphQL says a limit: with a success.
pub(super) fn limited(retry_after: Option<u64>) -> Response {
    let complaint = json!({ "type": "RATE_LIMITED", "message": "API rate limit exceeded for user ID 1." });
    let mut response = Json(json!({ "data": null, "errors": [complaint] })).into_response();
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// How GitHub says a refusal that does not depend on what was asked for.
pub(super) fn refused(refusal: &Refusal) -> Response {
    match refusal {
        Refusal::NotFound(_) => not_found(),
        Refusal::Firewalled => error(
            StatusCode::FORBIDDEN,
            "Although you appear to have the correct authorization credentials, the organization has an IP allow list \
             enabled, and your IP address is not permitted to access this resource.",
        ),
        Refusal::Forbidden => {
            let mut response =
                error(StatusCode::FORBIDDEN, "Resource not accessible by personal access token");
            let lacks = HeaderValue::from_static("contents=write; pull_requests=write");
            response.headers_mut().insert("x-accepted-github-permissions", lacks);
            response
        }
        Refusal::Throttled { retry_after } => {
            let mut response = error(StatusCode::FORBIDDEN, SECONDARY);
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(retry_after.as_secs()));
            response
        }
        // The request never arrives; the connection ends either way.
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
        Refusal::AlreadyExists(_)
        | Refusal::NotFastForward { .. }
        | Refusal::Conflict(_)
        | Refusal::Busy(_)
        | Refusal::KeyInUse
        | Refusal::Invalid(_)
        | Refusal::Gone { .. } => invalid(None, &refusal.to_string()),
    }
}
