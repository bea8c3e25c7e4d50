//! Answers as an API server gives them, refusals above all: status, `Status` body, headers.

use axum::response::{IntoResponse as _, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderName, HeaderValue, StatusCode};
use serde_json::{Value, json};

use super::resource::Names;

/// A refusal with its `Status` object.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Refused {
    pub code: u16,
    pub reason: &'static str,
    pub message: String,
    pub details: Option<Value>,
    /// A token to continue a list with after all.
    pub rest: Option<String>,
    /// Seconds.
    pub retry_after: Option<u64>,
}

impl Refused {
    pub fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Refused {
        Refused { code, reason, message: message.into(), details: None, rest: None, retry_after: None }
    }

    /// With the object that it is about.
    pub fn about(mut self, names: &Names, name: Option<&str>) -> Refused {
        let mut details = json!({ "kind": names.plural });
        if let Some(name) = name {
            details["name"] = json!(name);
        }
        if !names.group.is_empty() {
            details["group"] = json!(names.group);
        }
        self.details = Some(details);
        self
    }

    pub fn not_found(names: &Names, name: &str) -> Refused {
        Refused::new(404, "NotFound", format!("{} \"{name}\" not found", names.qualified()))
            .about(names, Some(name))
    }

    pub fn unauthorized() -> Refused {
        Refused::new(401, "Unauthorized", "Unauthorized")
    }

    /// `user` may not do `verb`.
    pub fn forbidden(user: &str, verb: &str, names: &Names, at: At<'_>) -> Refused {
        let subject = match at.name {
            Some(name) => format!("{} \"{name}\" is forbidden", names.qualified()),
            None => format!("{} is forbidden", names.qualified()),
        };
        let place = match at.namespace {
            Some(namespace) => format!("in the namespace \"{namespace}\""),
            None => "at the cluster scope".to_owned(),
        };
        let message = format!(
            "{subject}: User \"{user}\" cannot {verb} resource \"{}\" in API group \"{}\" {place}",
            names.plural, names.group
        );
        Refused::new(403, "Forbidden", message).about(names, at.name)
    }

    pub fn bad_request(message: impl Into<String>) -> Refused {
        Refused::new(400, "BadRequest", message)
    }

    /// 422 with its one cause.
    pub fn invalid(kind: &str, name: &str, field: &str, why: &str) -> Refused {
        let message = format!("{kind}.apps \"{name}\" is invalid: {field}: {why}");
        let mut refused = Refused::new(422, "Invalid", message);
        let causes = json!([{ "reason": "FieldValueInvalid", "message": why, "field": field }]);
        refused.details = Some(json!({"name": name, "group": "apps", "kind": kind, "causes": causes}));
        refused
    }

    /// The `Status` object; also what an ERROR event of a watch carries.
    pub fn status(&self) -> Value {
        let mut status = json!({
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
        });
        if let Some(rest) = &self.rest {
            status["metadata"]["continue"] = json!(rest);
        }
        if let Some(details) = &self.details {
            status["details"] = details.clone();
        }
        if let Some(seconds) = self.retry_after {
            status["details"]["retryAfterSeconds"] = json!(seconds);
        }
        status["code"] = json!(self.code);
        status
    }

    pub fn response(&self) -> Response {
        let status = StatusCode::from_u16(self.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = json_response(status, &self.status());
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// What a request is about.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct At<'a> {
    pub namespace: Option<&'a str>,
    pub name: Option<&'a str>,
}

/// A JSON answer with an API server's usual headers.
pub(super) fn json_response(status: StatusCode, value: &Value) -> Response {
    typed_response(status, "application/json", value.to_string())
}

pub(super) fn typed_response(status: StatusCode, content_type: &'static str, body: String) -> Response {
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache, private"));
    headers.insert(HeaderName::from_static("audit-id"), HeaderValue::from_static(AUDIT_ID));
    response
}

/// Every answer of a real server has an id of its own; nobody looks for it here.
const AUDIT_ID: &str = "00000000-0000-4000-8000-000000000000";

/// What a server says of a path that it does not know: no `Status` object.
pub(super) fn page_not_found() -> Response {
    typed_response(StatusCode::NOT_FOUND, "text/plain; charset=utf-8", "404 page not found\n".to_owned())
}

/// What a server says before it looks at a request: no `Status` object either.
pub(super) fn too_many_requests(seconds: u64) -> Response {
    let text = "Too many requests, please try again later.\n".to_owned();
    let mut response = typed_response(StatusCode::TOO_MANY_REQUESTS, "text/plain; charset=utf-8", text);
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    response
}
