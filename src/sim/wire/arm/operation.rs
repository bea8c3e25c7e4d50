//! Operations that take their time: where they are asked for, and what they say.

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use http::header::RETRY_AFTER;
use serde_json::{Value, json};

use super::super::answers::with_header;
use super::refused::flat;
use crate::model::AccountId;
use crate::sim::{OperationStatus, World};

/// Seconds after which the service wants to be asked again.
pub(super) const POLL_SECONDS: u64 = 15;

const FAILED: &str = "The key could not be regenerated.";

/// The last group of a UUID carries an operation's number.
const OPERATION_PREFIX: &str = "7c0fe5aa-0000-4000-8000-";

pub(super) fn operation(world: &World, number: u64) -> Option<OperationStatus> {
    world.account().operation(number).map(|operation| operation.status(world.now()))
}

/// The answer of `operationsStatus`: always 200, the body decides.
pub(super) fn status(status: Option<OperationStatus>) -> Response {
    match status {
        None => no_operation(),
        Some(OperationStatus::Enqueued) => still_running(
            StatusCode::OK,
            // An empty error while running, as seen.
            json!({ "status": "Enqueued", "error": {} }),
        ),
        Some(OperationStatus::Dequeued) => still_running(StatusCode::OK, json!({ "status": "Dequeued" })),
        Some(OperationStatus::Succeeded) => Json(json!({ "status": "Succeeded" })).into_response(),
        Some(OperationStatus::Failed) => Json(json!({
            "status": "Failed",
            "error": { "code": "InternalServerError", "message": FAILED },
        }))
        .into_response(),
    }
}

/// The answer of `operationResults`: 202 until it is over, then what the synchronous call would have said.
pub(super) fn result(status: Option<OperationStatus>) -> Response {
    match status {
        None => no_operation(),
        Some(OperationStatus::Enqueued | OperationStatus::Dequeued) => {
            still_running(StatusCode::ACCEPTED, json!({ "status": "Dequeued" }))
        }
        Some(OperationStatus::Succeeded) => StatusCode::OK.into_response(),
        Some(OperationStatus::Failed) => {
            flat(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError", FAILED)
        }
    }
}

fn still_running(status: StatusCode, body: Value) -> Response {
    with_header((status, Json(body)).into_response(), RETRY_AFTER, &POLL_SECONDS.to_string())
}

/// Where an operation is asked for.
pub(super) struct Addresses {
    host: String,
    account: AccountId,
    region: String,
    version: String,
}

impl Addresses {
    pub(super) fn of(world: &World, version: &str) -> Addresses {
        let region = world.account().regions().first().map(|region| region.name.clone()).unwrap_or_default();
        let region = region.to_lowercase().replace(' ', "");
        Addresses {
            host: format!("https://{region}.management.azure.com"),
            account: world.account().config().id.clone(),
            region,
            version: version.to_owned(),
        }
    }

    pub(super) fn status(&self, number: u64) -> String {
        format!(
            "{}/subscriptions/{}/providers/Microsoft.DocumentDB/locations/{}/operationsStatus/{}?api-version={}",
            self.host,
            self.account.subscription,
            self.region,
            operation_id(number),
            self.version
        )
    }

    pub(super) fn result(&self, number: u64) -> String {
        format!(
            "{}{}/regenerateKey/operationResults/{}?api-version={}",
            self.host,
            self.account.resource_id(),
            operation_id(number),
            self.version
        )
    }
}

fn operation_id(number: u64) -> String {
    format!("{OPERATION_PREFIX}{number:012x}")
}

pub(super) fn operation_number(id: &str) -> Option<u64> {
    u64::from_str_radix(id.strip_prefix(OPERATION_PREFIX)?, 16).ok()
}

pub(super) fn no_operation() -> Response {
    flat(StatusCode::NOT_FOUND, "NotFound", "The operation is not known.")
}
