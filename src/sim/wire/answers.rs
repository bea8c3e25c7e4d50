//! What the Azure faces have in common when they answer.

use std::time::Duration;

use axum::response::{IntoResponse as _, Response};
use http::{HeaderName, HeaderValue, StatusCode};

use super::{Changed, Lost};
use crate::sim::Refusal;

/// How a call ended that the world's faults did not let through.
pub(super) enum TurnedAway {
    Throttled(Duration),
    Forbidden,
    /// By where the call came from.
    Firewalled,
    /// No answer: the call did not arrive, or its answer got lost.
    NoAnswer,
}

impl From<Refusal> for TurnedAway {
    fn from(refusal: Refusal) -> TurnedAway {
        match refusal {
            Refusal::Throttled { retry_after } => TurnedAway::Throttled(retry_after),
            Refusal::Forbidden => TurnedAway::Forbidden,
            Refusal::Firewalled => TurnedAway::Firewalled,
            Refusal::Unreachable | Refusal::AnswerLost => TurnedAway::NoAnswer,
            // Deeds are refused in their own replies; a call as such never ends so.
            Refusal::NotFound(_)
            | Refusal::AlreadyExists(_)
            | Refusal::NotFastForward { .. }
            | Refusal::Conflict(_)
            | Refusal::Busy(_)
            | Refusal::KeyInUse
            | Refusal::Invalid(_)
            | Refusal::Gone { .. } => TurnedAway::NoAnswer,
        }
    }
}

/// An answer that never arrives: the connection ends instead. `changed` where the deed is done all the same.
pub(super) fn lost(changed: bool) -> Response {
    let mut response = StatusCode::SERVICE_UNAVAILABLE.into_response();
    response.extensions_mut().insert(Lost);
    if changed { with_change(response) } else { response }
}

/// An answer to a request that changed the world.
pub(super) fn with_change(mut response: Response) -> Response {
    response.extensions_mut().insert(Changed);
    response
}

pub(super) fn is_change(response: &Response) -> bool {
    response.extensions().get::<Changed>().is_some()
}

pub(super) fn with_header(mut response: Response, name: HeaderName, value: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
    response
}
