//! What every request passes: sign-in, organization, project, API version.

use std::collections::HashMap;

use axum::extract::{Path, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use base64::Engine as _;
use http::header::{AUTHORIZATION, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use jiff::Timestamp;
use secrecy::ExposeSecret as _;

use super::{Face, answer};
use crate::ports::Clock as _;

/// One parameter of a query.
pub(super) fn parameter(uri: &Uri, name: &str) -> Option<String> {
    let query = uri.query().unwrap_or_default();
    url::form_urlencoded::parse(query.as_bytes())
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

pub(super) async fn signed_in(State(face): State<Face>, request: Request, next: Next) -> Response {
    let now = face.0.shared.clock().now();
    match (face.knows(request.headers()), request.method()) {
        (true, _) if face.0.access.pat_ends.is_some_and(|end| end <= now) => {
            let message = "Access Denied: The Personal Access Token used has expired.";
            answer::error(StatusCode::UNAUTHORIZED, "UnauthorizedRequestException", message)
        }
        (true, _) => face.slowing(next.run(request).await, now),
        // Only PATCH says it plainly.
        (false, &Method::PATCH) => {
            let message = "TF400813: The user '' is not authorized to access this resource.";
            answer::error(StatusCode::UNAUTHORIZED, "UnauthorizedRequestException", message)
        }
        (false, _) => answer::sign_in(),
    }
}

pub(super) async fn is_ours(
    State(face): State<Face>,
    Path(path): Path<HashMap<String, String>>,
    request: Request,
    next: Next,
) -> Response {
    let access = &face.0.access;
    let is = |key: &str, known: &str| path.get(key).is_some_and(|asked| asked.eq_ignore_ascii_case(known));
    if !is("organization", &access.organization) {
        return answer::no_page();
    }
    if !is("project", &access.project) {
        let name = path.get("project").map(String::as_str).unwrap_or_default();
        let message = format!("TF200016: The following project does not exist: {name}.");
        return answer::error(StatusCode::NOT_FOUND, "ProjectDoesNotExistWithNameException", &message);
    }
    if request.method() != Method::GET && parameter(request.uri(), "api-version").is_none() {
        let message = "No api-version was supplied for the request.";
        return answer::error(StatusCode::BAD_REQUEST, "VssVersionNotSpecifiedException", message);
    }
    next.run(request).await
}

impl Face {
    /// The answer, with the wish to be left alone for a while.
    fn slowing(&self, mut response: Response, now: Timestamp) -> Response {
        let Some(seconds) = self.0.access.slowed else { return response };
        let headers = response.headers_mut();
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        headers.insert("x-ratelimit-resource", HeaderValue::from_static("Build"));
        headers.insert("x-ratelimit-delay", HeaderValue::from_static("0.100"));
        headers.insert("x-ratelimit-limit", HeaderValue::from_static("200"));
        headers.insert("x-ratelimit-remaining", HeaderValue::from_static("0"));
        headers.insert("x-ratelimit-reset", HeaderValue::from(now.as_second() + i64::from(seconds)));
        response
    }

    fn knows(&self, headers: &HeaderMap) -> bool {
        let value = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
        match value.split_once(' ') {
            Some((scheme, value)) if scheme.eq_ignore_ascii_case("basic") => {
                let decoded = base64::engine::general_purpose::STANDARD.decode(value).unwrap_or_default();
                let text = String::from_utf8(decoded).unwrap_or_default();
                text.split_once(':').is_some_and(|(_, token)| token == self.0.access.pat.expose_secret())
            }
            Some((scheme, value)) if scheme.eq_ignore_ascii_case("bearer") => {
                value == self.0.access.pat.expose_secret()
                    || self.0.access.bearer.as_ref().is_some_and(|admits| admits(headers))
            }
            _ => false,
        }
    }
}
