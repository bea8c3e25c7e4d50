//! What every request passes: user agent, API version, token, limits, a former name; and every answer: limits, ETag.

use std::sync::PoisonError;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use base64::Engine as _;
use http::header::{AUTHORIZATION, ETAG, IF_NONE_MATCH, LINK, LOCATION, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use sha2::Digest as _;

use super::{Face, answer};
use crate::ports::Clock as _;
use crate::sim::Refusal;

const VERSION: &str = "2022-11-28";

/// Who asks.
#[derive(Clone)]
pub(super) struct Caller(pub String);

/// What a token may do with the repository.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Right {
    Write,
    Read,
    /// It is a good token, and the repository is not there for it.
    Nothing,
}

/// Whose a token is.
#[derive(Clone)]
pub(super) struct Holder {
    pub login: String,
    pub right: Right,
}

/// The current hour of the primary limit.
#[derive(Default)]
pub(super) struct Window {
    used: u32,
    reset: Option<Timestamp>,
}

pub(super) async fn door(State(face): State<Face>, mut request: Request, next: Next) -> Response {
    let known = request.headers().get(IF_NONE_MATCH).cloned();
    let method = request.method().clone();
    let counter = match request.uri().path() == "/graphql" {
        true => Counter::GraphQl,
        false => Counter::Rest,
    };
    let response = match face.turned_away(counter, &mut request) {
        None => next.run(request).await,
        Some(refused) => refused,
    };
    let response = match method == Method::GET && response.status() == StatusCode::OK {
        true => tagged(response, known.as_ref()).await,
        false => response,
    };
    if response.status() == StatusCode::NOT_MODIFIED {
        face.count(counter, -1);
    }
    face.with_limits(counter, response)
}

/// Which of the two counters a request is of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Counter {
    Rest,
    GraphQl,
}

impl Face {
    /// The refusal, if it is one; else the request knows its caller and has been counted.
    fn turned_away(&self, counter: Counter, request: &mut Request) -> Option<Response> {
        let headers = request.headers();
        if !headers.contains_key(USER_AGENT) {
            return Some(
                (StatusCode::FORBIDDEN, "Request forbidden by administrative rules. No User-Agent.")
                    .into_response(),
            );
        }
        let version = headers.get("x-github-api-version").map_or(VERSION.as_bytes(), HeaderValue::as_bytes);
        if version != VERSION.as_bytes() {
            return Some(answer::error(
                StatusCode::BAD_REQUEST,
                "The API version is not supported by this world.",
            ));
        }
        let ours = request.uri().path().starts_with("/repos/");
        let caller = match self.caller(headers) {
            Some(Some(Holder { right: Right::Nothing, .. })) if ours => return Some(answer::not_found()),
            Some(Some(Holder { right: Right::Read, .. })) if ours && request.method() != Method::GET => {
                return Some(answer::refused(&Refusal::Forbidden));
            }
            Some(Some(holder)) => Caller(holder.login),
            Some(None) => return Some(answer::error(StatusCode::UNAUTHORIZED, "Bad credentials")),
            // Who does not sign in does not learn that a private repository exists.
            None if ours => return Some(answer::not_found()),
            None => return Some(answer::error(StatusCode::UNAUTHORIZED, "Requires authentication")),
        };
        request.extensions_mut().insert(caller);
        if request.uri().path() != "/rate_limit" && !self.count(counter, 1) {
            return Some(match counter {
                Counter::Rest => answer::error(StatusCode::FORBIDDEN, "API rate limit exceeded."),
                Counter::GraphQl => answer::limited(None),
            });
        }
        if counter == Counter::Rest && request.method() != Method::GET && !self.may_write() {
            // As GitHub does it: in words alone.
            return Some(answer::error(StatusCode::FORBIDDEN, answer::SECONDARY));
        }
        self.led_on(request)
    }

    /// Writes of the last minute; false where they are too many.
    fn may_write(&self) -> bool {
        let now = self.0.shared.clock().now();
        let mut writes = self.0.writes.lock().unwrap_or_else(PoisonError::into_inner);
        let minute = now.checked_sub(SignedDuration::from_secs(60)).unwrap_or(now);
        writes.retain(|at| *at > minute);
        writes.push_back(now);
        writes.len() <= self.0.access.writes
    }

    /// To where the repository is now, for whoever uses its former name.
    pub(super) fn led_on(&self, request: &Request) -> Option<Response> {
        let (owner, name) = self.0.access.formerly.as_ref()?;
        let former = format!("/repos/{owner}/{name}");
        let target = request.uri().path_and_query()?.as_str();
        let rest =
            target.strip_prefix(&former).filter(|rest| rest.is_empty() || rest.starts_with(['/', '?']))?;
        let (owner, name) = self.0.shared.with(|world| {
            let repository = &world.config().repository;
            (repository.owner.clone(), repository.name.clone())
        });
        let there = format!("{}/repos/{owner}/{name}{rest}", super::API);
        let status = match *request.method() == Method::GET {
            true => StatusCode::MOVED_PERMANENTLY,
            false => StatusCode::TEMPORARY_REDIRECT,
        };
        let body = json!({ "message": "Moved Permanently", "url": there, "documentation_url": "https://docs.github.com" });
        let mut response = (status, Json(body)).into_response();
        response.headers_mut().insert(LOCATION, HeaderValue::from_str(&there).ok()?);
        Some(response)
    }

    /// Who is behind the token: nothing without a token, nobody for a wrong one.
    pub(super) fn caller(&self, headers: &HeaderMap) -> Option<Option<Holder>> {
        let (scheme, value) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
        let token = match scheme.to_ascii_lowercase().as_str() {
            "basic" => {
                let decoded = base64::engine::general_purpose::STANDARD.decode(value).unwrap_or_default();
                let text = String::from_utf8(decoded).unwrap_or_default();
                text.split_once(':').map(|(_, password)| password.to_owned()).unwrap_or_default()
            }
            _ => value.to_owned(),
        };
        let mut people = self.0.access.people.iter();
        let person =
            people.find(|(known, _)| known.expose_secret() == token).map(|(_, holder)| holder.clone());
        Some(person.or_else(|| self.0.access.apps.holder(&token, self.0.shared.clock().now())))
    }

    /// Counts a request; false where the limit is reached.
    fn count(&self, counter: Counter, by: i32) -> bool {
        let now = self.0.shared.clock().now();
        let mut windows = self.0.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let [rest, graph_ql] = &mut *windows;
        let window = if counter == Counter::Rest { rest } else { graph_ql };
        if window.reset.is_none_or(|reset| reset <= now) {
            *window = Window { used: 0, reset: now.checked_add(SignedDuration::from_hours(1)).ok() };
        }
        if by > 0 && window.used >= self.0.access.limit {
            return false;
        }
        window.used = window.used.saturating_add_signed(by);
        true
    }

    fn limits(&self, counter: Counter) -> [(&'static str, i64); 4] {
        let windows = self.0.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let [rest, graph_ql] = &*windows;
        let window = if counter == Counter::Rest { rest } else { graph_ql };
        let reset = window.reset.unwrap_or_else(|| self.0.shared.clock().now());
        let limit = self.0.access.limit;
        [
            ("limit", i64::from(limit)),
            ("remaining", i64::from(limit.saturating_sub(window.used))),
            ("used", i64::from(window.used)),
            ("reset", reset.as_second()),
        ]
    }

    fn with_limits(&self, counter: Counter, mut response: Response) -> Response {
        let headers = response.headers_mut();
        for (name, value) in self.limits(counter) {
            if let Ok(name) = HeaderName::from_bytes(format!("x-ratelimit-{name}").as_bytes()) {
                headers.insert(name, HeaderValue::from(value));
            }
        }
        let links = headers.get(LINK).and_then(|links| links.to_str().ok());
        let own =
            links.map(|links| HeaderValue::from_str(&links.replace(super::API, self.0.access.own_address)));
        if let Some(Ok(own)) = own {
            headers.insert(LINK, own);
        }
        let resource = if counter == Counter::Rest { "core" } else { "graphql" };
        headers.insert("x-ratelimit-resource", HeaderValue::from_static(resource));
        headers.insert("x-github-media-type", HeaderValue::from_static("github.v3; format=json"));
        headers.insert("x-github-api-version-selected", HeaderValue::from_static(VERSION));
        response
    }
}

/// The answer with an entity tag, or “not modified” where the caller has it already.
async fn tagged(response: Response, known: Option<&HeaderValue>) -> Response {
    let (mut parts, body) = response.into_parts();
    let Ok(bytes) = axum::body::to_bytes(body, usize::MAX).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let digest: String = sha2::Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    let Ok(tag) = HeaderValue::from_str(&format!("W/\"{digest}\"")) else {
        return Response::from_parts(parts, Body::from(bytes));
    };
    let same = known == Some(&tag);
    parts.headers.insert(ETAG, tag);
    match same {
        true => {
            parts.status = StatusCode::NOT_MODIFIED;
            Response::from_parts(parts, Body::from(Bytes::new()))
        }
        false => Response::from_parts(parts, Body::from(bytes)),
    }
}

pub(super) async fn rate_limit(State(face): State<Face>, _: Extension<Caller>) -> Json<Value> {
    let core: serde_json::Map<String, Value> =
        face.limits(Counter::Rest).into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
    Json(json!({ "resources": { "core": core, "search": core }, "rate": core }))
}
