//! Requests to GitHub's REST API and to GraphQL, through octocrab on the shared HTTP client.
//!
//! Owns the API version, the token, pages, addresses that have moved, what is known already (`kept`), how much may be
//! asked (`limits`), and which answers are worth asking again. Writes are sent once, one after the other, at least a
//! second apart. The token goes to the configured host and nowhere else, over https only.

mod kept;
pub(in crate::adapters) mod limits;
mod pages;
mod read;
mod send;
mod write;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use http::StatusCode;
use http::header::HeaderMap;
use jiff::Timestamp;
use octocrab::Octocrab;
use serde::de::DeserializeOwned;
use tokio::sync::OnceCell;
use url::Url;

pub(super) use self::write::{Sent, Write};
use crate::adapters::http::Http;
use crate::adapters::taken::Taken;
use crate::adapters::token::TokenSource;
use crate::model::Blindness;
use crate::ports::{Clock, Fault};
use kept::Kept;
use limits::Limits;
#[cfg(test)]
use limits::{Counter, Told};

/// An answer with its whole body.
#[derive(Clone)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: String,
    /// It is a limit's refusal, which lasts until then.
    pub(super) limited: Option<Timestamp>,
}

impl Reply {
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(&self.body)
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// With what a client that has met no limit before makes of it.
    #[cfg(test)]
    pub(super) fn noted(mut self, now: Timestamp) -> Reply {
        let told = Told::by(self.status, &self.headers, &self.body, now);
        self.limited = Limits::default().note(Counter::Rest, told, now);
        self
    }
}

/// What is asked for, for whom it is told.
#[derive(Clone, Copy)]
pub(in crate::adapters) struct About<'a> {
    pub(in crate::adapters) what: &'a str,
    pub(in crate::adapters) subject: &'a str,
}

impl About<'_> {
    pub(in crate::adapters) fn fault(self, kind: Blindness, why: impl Into<String>) -> Fault {
        Fault::new(kind, self.what, self.subject, why)
    }
}

pub(super) struct Client {
    api: Url,
    token: Arc<dyn TokenSource>,
    reqwest: reqwest::Client,
    clock: Arc<dyn Clock>,
    /// Made at the first request: octocrab needs a running runtime.
    octocrab: OnceCell<Octocrab>,
    kept: Kept,
    limits: Limits,
    /// When the last write was answered. Writes go one after the other.
    wrote: tokio::sync::Mutex<Option<Timestamp>>,
    /// The token, by GitHub.
    taken: Taken,
    /// The repository, to whoever has the token.
    shown: Taken,
    /// Whether GitHub has led to another address for good.
    moved: AtomicBool,
}

impl Client {
    pub(super) fn new(api: Url, token: Arc<dyn TokenSource>, http: &Http, clock: Arc<dyn Clock>) -> Client {
        Client {
            api,
            token,
            reqwest: http.reqwest().clone(),
            clock,
            octocrab: OnceCell::new(),
            kept: Kept::default(),
            limits: Limits::default(),
            wrote: tokio::sync::Mutex::default(),
            taken: Taken::default(),
            shown: Taken::default(),
            moved: AtomicBool::default(),
        }
    }

    /// Whether something that was asked for has another address by now: the repository has another name, or owner.
    pub(super) fn has_moved(&self) -> bool {
        self.moved.load(Ordering::Relaxed)
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// GraphQL lies beside the REST API: `/graphql`, and `/api/graphql` beside `/api/v3` on an own server.
    fn graphql(&self) -> String {
        let mut url = self.api.clone();
        let path = url.path().trim_end_matches('/').trim_end_matches("/v3").to_owned();
        url.set_path(&format!("{path}/graphql"));
        url.to_string()
    }

    /// The target below the API's own path. octocrab would put that before a whole address as well, which
    /// `/api/graphql` beside `/api/v3` does not survive: it is given the origin alone.
    fn below_api(&self, target: &str) -> String {
        match target.starts_with('/') {
            true => format!("{}{target}", self.api.path().trim_end_matches('/')),
            false => target.to_owned(),
        }
    }

    /// The fault of a list that every repository has. Where nothing of this one was ever shown, the name or the token is
    /// another's, and that is told at once.
    pub(super) fn of_all(&self, fault: Fault) -> Fault {
        match fault.kind {
            Blindness::Missing => {
                let why = format!("{} (the token from {})", fault.why, self.token.place());
                self.shown.judge(Fault { why, ..fault })
            }
            _ => fault,
        }
    }

    /// A token that is not accepted is named by its place and looked for anew. One that never was is told at once.
    async fn placed(&self, fault: Fault, status: StatusCode) -> Fault {
        if status != StatusCode::UNAUTHORIZED {
            if !status.is_server_error() {
                self.taken.note();
            }
            return fault;
        }
        let why = format!("{} (the token from {})", fault.why, self.token.place());
        self.token.forget().await;
        self.taken.judge(Fault { why, ..fault })
    }
}

fn if_allowed<T>(asked: Result<T, Fault>) -> Result<Option<T>, Fault> {
    match asked {
        Ok(value) => Ok(Some(value)),
        Err(fault) if fault.kind.is_refusal() => Ok(None),
        Err(fault) => Err(fault),
    }
}

fn unreadable(about: About<'_>, error: &serde_json::Error) -> Fault {
    about
        .fault(Blindness::Unintelligible, format!("GitHub's answer cannot be read: {error}"))
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

/// A name as one segment of a path. There, other than in a form, a plus sign is a plus sign.
pub(super) fn segment(name: &str) -> String {
    url::form_urlencoded::byte_serialize(name.as_bytes()).collect::<String>().replace('+', "%20")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_segment_whatever_is_in_it() {
        assert_eq!(segment("my release+1.yml"), "my%20release%2B1.yml");
        assert_eq!(segment("release/ü"), "release%2F%C3%BC");
    }
}
