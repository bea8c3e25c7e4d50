//! One request, sent at most once, and what is known when it fails.
//!
//! The three ways to fail are kept apart, because an effect that was *not sent* may be tried again and one that
//! was sent without an answer may not.

use std::error::Error;
use std::time::Duration;

use http::header::{AUTHORIZATION, HeaderMap, RETRY_AFTER};
use http::{HeaderName, StatusCode};
use zeroize::Zeroizing;

use super::{Http, private};
use crate::model::Blindness;
use crate::ports::{Clock, Fault, Permit};

/// No answer that keyslot reads is near this size; more is not an answer that we understand.
const BODY_LIMIT: usize = 16 * 1024 * 1024;

/// The only address elsewhere that may be spoken to without TLS: the instance metadata service of Azure's machines.
const IMDS: std::net::Ipv4Addr = std::net::Ipv4Addr::new(169, 254, 169, 254);

/// Headers whose values are never to be shown by anything below.
const SENSITIVE: [HeaderName; 3] = [
    AUTHORIZATION,
    HeaderName::from_static("x-ms-authorization-auxiliary"),
    HeaderName::from_static("x-identity-header"),
];

/// A permit and the clock that it is checked against, at the last moment before the bytes leave.
#[derive(Clone, Copy)]
pub struct Leave<'a> {
    pub permit: &'a Permit,
    pub clock: &'a dyn Clock,
}

/// A whole answer. The body is wiped on drop: it may hold keys.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Zeroizing<Vec<u8>>,
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answer").field("status", &self.status).finish_non_exhaustive()
    }
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// `Retry-After` in seconds. (Azure sends no dates here; a date counts as absent.)
    pub fn retry_after(&self) -> Option<Duration> {
        self.header(RETRY_AFTER.as_str())?.trim().parse().ok().map(Duration::from_secs)
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The permit has run out. Nothing was sent.
    #[error("not sent: {0}")]
    NotPermitted(String),
    /// An address that may not be contacted, or one without https. Nothing was sent.
    #[error("not sent: {0}")]
    Forbidden(String),
    /// No connection was made (name, network, TLS). Nothing was sent.
    #[error("no connection: {0}")]
    NoConnection(String),
    /// The same, and the address is one of a private network. Nothing was sent.
    #[error("no connection: {0}")]
    PrivateEndpoint(String),
    /// The request may have arrived; there is no answer to tell.
    #[error("no answer: {0}")]
    NoAnswer(String),
}

impl SendError {
    /// Whether it is certain that nothing reached the service.
    pub fn nothing_was_sent(&self) -> bool {
        match self {
            SendError::NotPermitted(_)
            | SendError::Forbidden(_)
            | SendError::NoConnection(_)
            | SendError::PrivateEndpoint(_) => true,
            SendError::NoAnswer(_) => false,
        }
    }

    /// As a fault of the world.
    pub fn fault(&self, what: impl Into<String>, subject: impl Into<String>) -> Fault {
        let fault = Fault::new(Blindness::Unreachable, what, subject, self.to_string());
        match self {
            SendError::NotPermitted(_) => fault.remedy("look again and decide again"),
            SendError::Forbidden(_) => fault.remedy("check the configured endpoint"),
            SendError::NoConnection(_) => {
                fault.remedy("check name resolution, firewall, proxy and the trusted certificates")
            }
            SendError::PrivateEndpoint(_) => fault.remedy(PRIVATE),
            SendError::NoAnswer(_) => fault,
        }
    }

    /// What an error of the HTTP client means.
    pub(in crate::adapters) fn of(error: &reqwest::Error) -> SendError {
        if error.is_connect() || error.is_builder() {
            SendError::NoConnection(causes(error))
        } else {
            SendError::NoAnswer(causes(error))
        }
    }
}

const PRIVATE: &str = "it is reached from its own network only: run keyslot there (an agent or a job of the pipeline beside \
                       the workloads), or connect this machine to that network";

/// The chain of causes in one line. reqwest's own Display repeats the URL, whose query may be sensitive, so the
/// chain starts below it.
fn causes(error: &reqwest::Error) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut cause = error.source();
    while let Some(this) = cause {
        let text = without_pages(&this.to_string()).to_owned();
        if parts.last() != Some(&text) {
            parts.push(text);
        }
        cause = this.source();
    }
    if error.is_timeout() {
        parts.insert(0, "timed out".to_owned());
    }
    if parts.is_empty() { "the HTTP client gives no reason".to_owned() } else { parts.join(": ") }
}

/// The TLS library's words without the address of its manual.
pub(in crate::adapters) fn without_pages(words: &str) -> &str {
    words.split(": https://docs.rs/").next().unwrap_or(words)
}

impl Http {
    /// Sends one request and reads the whole answer, whatever its status.
    ///
    /// # Errors
    /// As [`SendError`] tells apart.
    pub async fn send(
        &self,
        request: reqwest::Request,
        leave: Option<Leave<'_>>,
    ) -> Result<Answer, SendError> {
        let mut response = self.open(request, leave).await?;
        let status = response.status();
        let headers = std::mem::take(response.headers_mut());
        let mut body = Zeroizing::new(Vec::new());
        while let Some(chunk) = response.chunk().await.map_err(|error| SendError::NoAnswer(causes(&error)))? {
            if body.len() + chunk.len() > BODY_LIMIT {
                return Err(SendError::NoAnswer(format!("the answer is larger than {BODY_LIMIT} bytes")));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status, headers, body })
    }

    /// Sends one request and returns as soon as the answer's head is there.
    ///
    /// # Errors
    /// As [`SendError`] tells apart.
    pub async fn open(
        &self,
        mut request: reqwest::Request,
        leave: Option<Leave<'_>>,
    ) -> Result<reqwest::Response, SendError> {
        self.check_address(request.url())?;
        for name in SENSITIVE {
            if let Some(value) = request.headers_mut().get_mut(name) {
                value.set_sensitive(true);
            }
        }
        if let Some(Leave { permit, clock }) = leave {
            permit.check(clock).map_err(SendError::NotPermitted)?;
        }
        // Neither query nor headers: both carry what opens doors.
        let (method, url) = (request.method().clone(), request.url().clone());
        let (host, path) = (url.host_str().unwrap_or_default(), url.path());
        tracing::debug!(%method, host, path, "asks");
        let plain = self.plain.as_ref().filter(|plain| plain.is(&url));
        let client = plain.map_or(&self.client, |plain| &plain.client);
        let answered = match client.execute(request).await.map_err(|error| SendError::of(&error)) {
            Err(SendError::NoConnection(why)) => match private::endpoint(&self.hosts, host).await {
                Some(private) => Err(SendError::PrivateEndpoint(format!("{private} ({why})"))),
                None => Err(SendError::NoConnection(why)),
            },
            answered => answered,
        };
        match &answered {
            Ok(response) => {
                tracing::debug!(%method, host, path, status = response.status().as_u16(), "answered")
            }
            Err(error) => tracing::debug!(%method, host, path, %error, "no answer"),
        }
        answered
    }

    fn check_address(&self, url: &url::Url) -> Result<(), SendError> {
        let host = url.host().ok_or_else(|| SendError::Forbidden("the address has no host".to_owned()))?;
        let is_identity = self.plain.as_ref().is_some_and(|plain| plain.is(url));
        let plain_allowed = is_identity || matches!(host, url::Host::Ipv4(IMDS));
        if url.scheme() != "https" && !plain_allowed {
            return Err(SendError::Forbidden(format!(
                "{host} would be spoken to over {} without encryption",
                url.scheme()
            )));
        }
        if !self.hosts.allows(&host) {
            return Err(SendError::Forbidden(format!(
                "{host} is not part of the simulated world, and nothing else may be contacted"
            )));
        }
        Ok(())
    }
}
