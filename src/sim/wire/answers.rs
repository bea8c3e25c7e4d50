//! What the Azure faces have in common when they answer.

use axum::response::{IntoResponse as _, Response};
use http::{HeaderName, HeaderValue, StatusCode};

use super::{Changed, Lost};

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
