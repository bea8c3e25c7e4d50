//! Refusals, in the two shapes that they have.

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use http::header::RETRY_AFTER;
use serde_json::json;

use super::super::answers::{TurnedAway, lost, with_header};
use super::Arm;
use crate::model::AccountId;
use crate::sim::Refusal;

/// What ARM says to a call that did not reach the resource provider.
pub(super) fn turned_away(turned: TurnedAway, changed: bool) -> Response {
    match turned {
        TurnedAway::Throttled(retry_after) => with_header(
            nested(StatusCode::TOO_MANY_REQUESTS, "SubscriptionRequestsThrottled", "Too many requests."),
            RETRY_AFTER,
            &retry_after.as_secs().max(1).to_string(),
        ),
        TurnedAway::Forbidden | TurnedAway::Firewalled => not_authorized(),
        TurnedAway::NoAnswer => lost(changed),
    }
}

/// What ARM says where no role of the caller allows it.
pub fn not_authorized() -> Response {
    nested(
        StatusCode::FORBIDDEN,
        "AuthorizationFailed",
        "The client does not have authorization to perform the action over the scope.",
    )
}

/// Whether the path is of the account, and somebody deleted that.
pub(super) fn is_gone(arm: &Arm, account: &AccountId, path: &str) -> bool {
    let of_account = path.to_lowercase().contains(&account.resource_id().to_lowercase());
    of_account && arm.world.with(|world| world.account().is_deleted())
}

pub(super) fn account_not_found(account: &AccountId) -> Response {
    let AccountId { resource_group, name, .. } = account;
    let message = format!(
        "The Resource 'Microsoft.DocumentDB/databaseAccounts/{name}' under resource group '{resource_group}' was not found. \
         For more details please go to https://aka.ms/ARMResourceNotFoundFix"
    );
    nested(StatusCode::NOT_FOUND, "ResourceNotFound", &message)
}

pub(super) fn refused(refusal: &Refusal) -> Response {
    match refusal {
        Refusal::Busy(name) => flat(
            StatusCode::PRECONDITION_FAILED,
            "PreconditionFailed",
            // Their spelling.
            &format!(
                "There is already an operation in progress which requires exlusive lock on this service \
                 {name}. Please retry the operation after sometime."
            ),
        ),
        Refusal::KeyInUse => {
            flat(StatusCode::PRECONDITION_FAILED, "PreconditionFailed", &refusal.to_string())
        }
        other => flat(StatusCode::BAD_REQUEST, "BadRequest", &other.to_string()),
    }
}

pub fn nested(status: StatusCode, code: &str, message: &str) -> Response {
    (status, Json(json!({ "error": { "code": code, "message": message } }))).into_response()
}

pub(super) fn flat(status: StatusCode, code: &str, message: &str) -> Response {
    (status, Json(json!({ "code": code, "message": message }))).into_response()
}
