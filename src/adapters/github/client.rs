//! Requests to GitHub's REST API, through octocrab on the shared HTTP client.
//!
//! Owns the API version, the token, pages, and which answers are worth asking again. Writes are sent once. The
//! token goes to the configured host and nowhere else, over https only.

use std::sync::Arc;

use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, LINK, USER_AGENT};
use http::{Method, StatusCode};
use octocrab::Octocrab;
use secrecy::ExposeSecret;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::OnceCell;
use url::Url;

use super::refusal::{self, Refusal};
use crate::adapters::http::{Backoff, Http, ReadError, SendError};
use crate::adapters::token::TokenSource;
use crate::model::Blindness;
use crate::ports::{Clock, Fault};

/// The version that still has `merge_commit_sha`; 2026-03-10 drops it.
pub(super) const API_VERSION: &str = "2022-11-28";

/// More pages than any list that keyslot reads can honestly have.
const MOST_PAGES: usize = 30;

/// An answer with its whole body.
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: String,
}

impl Reply {
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(&self.body)
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// How a write ended.
pub(super) enum Sent {
    Done(Reply),
    Refused(Fault, Refusal),
    Unsent(Fault),
    Unknown(Fault),
}

pub(super) struct Client {
    api: Url,
    token: Arc<dyn TokenSource>,
    reqwest: reqwest::Client,
    clock: Arc<dyn Clock>,
    /// Made at the first request: octocrab needs a running runtime.
    octocrab: OnceCell<Octocrab>,
}

impl Client {
    pub(super) fn new(api: Url, token: Arc<dyn TokenSource>, http: &Http, clock: Arc<dyn Clock>) -> Client {
        Client { api, token, reqwest: http.reqwest().clone(), clock, octocrab: OnceCell::new() }
    }

    /// Reads one JSON value. Throttled, interrupted and failed reads are asked again, a few times.
    pub(super) async fn read<T: DeserializeOwned>(
        &self,
        what: &str,
        subject: &str,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<T, Fault> {
        let reply = self.get(what, subject, &with_query(path, query)).await?;
        reply.json().map_err(|error| unreadable(what, subject, &error))
    }

    /// Reads a list to its last page. `member` names the array in an answer that is an object.
    pub(super) async fn pages<T: DeserializeOwned>(
        &self,
        what: &str,
        subject: &str,
        path: &str,
        member: &str,
    ) -> Result<Vec<T>, Fault> {
        let mut all = Vec::new();
        let mut next = Some(with_query(path, &[("per_page", "100")]));
        for _ in 0..MOST_PAGES {
            let Some(target) = next else { return Ok(all) };
            let reply = self.get(what, subject, &target).await?;
            let unreadable = |error: serde_json::Error| unreadable(what, subject, &error);
            let mut value: Value = reply.json().map_err(unreadable)?;
            let list = match member {
                "" => value,
                _ => value.get_mut(member).map(Value::take).unwrap_or_default(),
            };
            all.extend(serde_json::from_value::<Vec<T>>(list).map_err(unreadable)?);
            next = self.next_page(&reply);
        }
        Err(Fault::new(Blindness::Unintelligible, what, subject, format!("more than {MOST_PAGES} pages")))
    }

    /// Like [`Client::read`], where “not found” and “not allowed” are answers too.
    pub(super) async fn read_if_allowed<T: DeserializeOwned>(
        &self,
        what: &str,
        subject: &str,
        path: &str,
    ) -> Result<Option<T>, Fault> {
        match self.read(what, subject, path, &[]).await {
            Ok(value) => Ok(Some(value)),
            Err(fault) if matches!(fault.kind, Blindness::Missing | Blindness::Forbidden) => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    async fn get(&self, what: &str, subject: &str, target: &str) -> Result<Reply, Fault> {
        Backoff::default().read(self.clock.as_ref(), || self.get_once(what, subject, target)).await
    }

    async fn get_once(&self, what: &str, subject: &str, target: &str) -> Result<Reply, ReadError> {
        let reply =
            self.send(what, subject, Method::GET, target, None).await.map_err(|failed| match failed {
                Failed::Before(fault) => ReadError::Final(fault),
                Failed::After(fault) => ReadError::Later(fault, None),
            })?;
        if reply.status.is_success() {
            return Ok(reply);
        }
        let refusal = Refusal::of(&reply, self.clock.now());
        let fault = refusal.fault(what, subject);
        match refusal.wait(self.clock.now()) {
            Some(wait) => Err(ReadError::Later(fault, Some(wait))),
            None if reply.status.is_server_error() => Err(ReadError::Later(fault, None)),
            None => Err(ReadError::Final(fault)),
        }
    }

    /// Sends one write, once.
    pub(super) async fn write(&self, what: &str, subject: &str, path: &str, body: &Value) -> Sent {
        match self.send(what, subject, Method::POST, path, Some(body)).await {
            Err(Failed::Before(fault)) => Sent::Unsent(fault),
            Err(Failed::After(fault)) => Sent::Unknown(fault),
            Ok(reply) if reply.status.is_success() => Sent::Done(reply),
            Ok(reply) => {
                let refusal = Refusal::of(&reply, self.clock.now());
                let fault = refusal.fault(what, subject);
                match reply.status.is_server_error() {
                    true => Sent::Unknown(fault),
                    false => Sent::Refused(fault, refusal),
                }
            }
        }
    }

    async fn send(
        &self,
        what: &str,
        subject: &str,
        method: Method,
        target: &str,
        body: Option<&Value>,
    ) -> Result<Reply, Failed> {
        let before = |why: String| Failed::Before(Fault::new(Blindness::Unreachable, what, subject, why));
        let octocrab =
            self.octocrab().await.map_err(|why| before(why).remedied("check the configured API address"))?;
        let token = self.token.token().await.map_err(Failed::Before)?;
        let request = request(method, target, body, token.expose_secret()).map_err(before)?;
        let response = octocrab.execute(request).await.map_err(|error| failed(&error, what, subject))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body =
            octocrab.body_to_string(response).await.map_err(|error| match failed(&error, what, subject) {
                Failed::Before(fault) | Failed::After(fault) => Failed::After(fault),
            })?;
        Ok(Reply { status, headers, body })
    }

    async fn octocrab(&self) -> Result<&Octocrab, String> {
        if self.api.scheme() != "https" {
            return Err(format!("{} would be spoken to without encryption", self.api));
        }
        let make = async || {
            Octocrab::builder()
                .base_uri(self.api.as_str().trim_end_matches('/'))
                .map_err(|_| format!("{} is no address", self.api))?
                .add_header(USER_AGENT, concat!("keyslot/", env!("CARGO_PKG_VERSION")).to_owned())
                .build_with_reqwest(self.reqwest.clone())
                .map_err(|error| refusal::causes(&error))
        };
        self.octocrab.get_or_try_init(make).await
    }

    /// The next page that the answer links to, if it lies on the configured host.
    fn next_page(&self, reply: &Reply) -> Option<String> {
        let links = reply.header(LINK.as_str())?;
        let next = links.split(',').find(|link| link.contains("rel=\"next\""))?;
        let address = Url::parse(next.split_once('<')?.1.split_once('>')?.0).ok()?;
        (address.origin() == self.api.origin()).then(|| address.to_string())
    }
}

/// Why there is no answer: it never left, or it may have arrived.
enum Failed {
    Before(Fault),
    After(Fault),
}

impl Failed {
    fn remedied(self, remedy: &str) -> Failed {
        match self {
            Failed::Before(fault) => Failed::Before(fault.remedy(remedy)),
            Failed::After(fault) => Failed::After(fault.remedy(remedy)),
        }
    }
}

/// octocrab hides the HTTP client's error some layers down.
fn failed(error: &octocrab::Error, what: &str, subject: &str) -> Failed {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(this) = cause {
        if let Some(error) = this.downcast_ref::<reqwest::Error>() {
            let error = SendError::of(error);
            let fault = error.fault(what, subject);
            return if error.nothing_was_sent() { Failed::Before(fault) } else { Failed::After(fault) };
        }
        cause = this.source();
    }
    Failed::After(Fault::new(Blindness::Unreachable, what, subject, refusal::causes(error)))
}

fn request(
    method: Method,
    target: &str,
    body: Option<&Value>,
    token: &str,
) -> Result<http::Request<String>, String> {
    let mut authorization = HeaderValue::from_str(&format!("Bearer {token}"))
        .map_err(|_| "the token has characters that no token has".to_owned())?;
    authorization.set_sensitive(true);
    let mut request = http::Request::builder()
        .method(method)
        .uri(target)
        .header(AUTHORIZATION, authorization)
        .header(ACCEPT, "application/vnd.github+json")
        .header("x-github-api-version", API_VERSION);
    if body.is_some() {
        request = request.header(CONTENT_TYPE, "application/json");
    }
    request.body(body.map(Value::to_string).unwrap_or_default()).map_err(|error| error.to_string())
}

fn unreadable(what: &str, subject: &str, error: &serde_json::Error) -> Fault {
    Fault::new(Blindness::Unintelligible, what, subject, format!("GitHub's answer cannot be read: {error}"))
        .remedy("is the configured API address GitHub's, without a proxy's sign-in page in between?")
}

fn with_query(path: &str, query: &[(&str, &str)]) -> String {
    if query.is_empty() {
        return path.to_owned();
    }
    let mut text = url::form_urlencoded::Serializer::new(String::new());
    text.extend_pairs(query);
    format!("{path}?{}", text.finish())
}

/// A branch name as one segment of a path.
pub(super) fn segment(branch: &str) -> String {
    url::form_urlencoded::byte_serialize(branch.as_bytes()).collect()
}
