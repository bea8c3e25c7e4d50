//! Signed requests to one endpoint of the data plane.
//!
//! Knows the headers, the clock's offset and what is worth asking twice; judges nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use http::StatusCode;
use jiff::fmt::rfc2822;
use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use reqwest::header::{AUTHORIZATION, DATE, HeaderMap, HeaderName, HeaderValue};
use url::Url;

use super::signature::Signed;
use super::verdict::{describe, is_passing};
use crate::adapters::http::{Answer, Backoff, Http, ReadError};
use crate::model::{Blindness, KeyMaterial};
use crate::ports::{Clock, Fault};

/// The newest version that the documentation lists; without the header the service takes its newest.
const VERSION: &str = "2018-12-31";

/// Nearer to the service's clock than this, a refusal is not the clock's doing.
const SKEW: Duration = Duration::from_secs(5 * 60);

/// Probes ask thrice at most, a second or two apart: a proof is worth a little patience, not a lot.
const PATIENCE: Backoff =
    Backoff { attempts: 3, first: Duration::from_secs(1), longest: Duration::from_secs(10) };

/// One request: path segments are the link's own, or the link and a last segment for a list.
pub(super) struct Ask {
    pub verb: Method,
    pub resource_type: &'static str,
    /// What is signed.
    pub link: String,
    /// The path, as raw segments.
    pub segments: Vec<String>,
    pub headers: HeaderMap,
}

impl Ask {
    /// Reads one resource.
    pub(super) fn get(resource_type: &'static str, link: &str) -> Ask {
        let segments = link.split('/').map(str::to_owned).collect();
        Ask { verb: Method::GET, resource_type, link: link.to_owned(), segments, headers: HeaderMap::new() }
    }

    /// Lists what lies under a parent (`""` for databases).
    pub(super) fn list(resource_type: &'static str, parent: &str) -> Ask {
        let mut ask = Ask::get(resource_type, parent);
        ask.segments.retain(|segment| !segment.is_empty());
        ask.segments.push(resource_type.to_owned());
        ask
    }

    pub(super) fn header(mut self, name: &'static str, value: &str) -> Ask {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(HeaderName::from_static(name), value);
        }
        self
    }
}

/// An answer and the string that was signed for it.
pub(super) struct Asked {
    pub answer: Answer,
    pub payload: String,
}

pub(super) struct DataPlane {
    http: Http,
    clock: Arc<dyn Clock>,
    /// Seconds by which the service's clock is ahead of ours, once it has been found to matter.
    offset: AtomicI64,
}

impl DataPlane {
    pub(super) fn new(http: Http, clock: Arc<dyn Clock>) -> DataPlane {
        DataPlane { http, clock, offset: AtomicI64::new(0) }
    }

    /// Asks one endpoint.
    ///
    /// # Errors
    /// When there is no answer, or none but “later”; in words for a verdict of no evidence.
    pub(super) async fn ask(&self, endpoint: &str, key: &KeyMaterial, ask: &Ask) -> Result<Asked, Fault> {
        PATIENCE
            .read(self.clock.as_ref(), || async {
                let mut asked = self.once(endpoint, key, ask).await?;
                if self.learns_offset(&asked.answer) {
                    asked = self.once(endpoint, key, ask).await?;
                }
                if is_passing(&asked.answer) {
                    let fault = fault(Blindness::Throttled, endpoint, describe(&asked.answer));
                    return Err(ReadError::Later(fault, retry_after(&asked.answer)));
                }
                Ok(asked)
            })
            .await
    }

    async fn once(&self, endpoint: &str, key: &KeyMaterial, ask: &Ask) -> Result<Asked, ReadError> {
        let refuse = |why: &str| ReadError::Final(fault(Blindness::Unintelligible, endpoint, why));
        let date = self.date().ok_or_else(|| refuse("the date cannot be written"))?;
        let signed = Signed {
            verb: ask.verb.as_str(),
            resource_type: ask.resource_type,
            link: &ask.link,
            date: &date,
        };
        let authorization = signed
            .authorization(key)
            .and_then(|text| HeaderValue::from_str(&text).ok())
            .ok_or_else(|| refuse("the key is no base64 text"))?;
        let date = HeaderValue::from_str(&date).map_err(|_| refuse("the date cannot be sent"))?;
        let url = address(endpoint, &ask.segments).ok_or_else(|| refuse("the endpoint is no address"))?;

        let mut request = reqwest::Request::new(ask.verb.clone(), url);
        let headers = request.headers_mut();
        headers.extend(ask.headers.clone());
        headers.insert(AUTHORIZATION, authorization);
        headers.insert("x-ms-date", date);
        headers.insert("x-ms-version", HeaderValue::from_static(VERSION));
        let answer = self
            .http
            .send(request, None)
            .await
            .map_err(|error| ReadError::Final(error.fault("ask the data plane", endpoint)))?;
        Ok(Asked { answer, payload: signed.payload() })
    }

    /// `x-ms-date`, by the clock and what was learnt of the service's.
    fn date(&self) -> Option<String> {
        let offset = SignedDuration::from_secs(self.offset.load(Ordering::Relaxed));
        let at = self.clock.now().checked_add(offset).ok()?;
        rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&at).ok()
    }

    /// Whether a refusal may be our clock's fault. The answer's `Date` tells; the offset is then kept.
    fn learns_offset(&self, answer: &Answer) -> bool {
        if !matches!(answer.status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
            return false;
        }
        let Some(theirs) = answer.header(DATE.as_str()).and_then(parse_date) else { return false };
        let offset = theirs.duration_since(self.clock.now());
        let known = SignedDuration::from_secs(self.offset.load(Ordering::Relaxed));
        if (offset - known).unsigned_abs() < SKEW {
            return false;
        }
        self.offset.store(offset.as_secs(), Ordering::Relaxed);
        true
    }
}

fn parse_date(text: &str) -> Option<Timestamp> {
    rfc2822::DateTimeParser::new().parse_timestamp(text).ok()
}

fn address(endpoint: &str, segments: &[String]) -> Option<Url> {
    let mut url = Url::parse(endpoint).ok()?;
    url.path_segments_mut().ok()?.clear().extend(segments);
    Some(url)
}

fn retry_after(answer: &Answer) -> Option<Duration> {
    let millis = answer.header("x-ms-retry-after-ms")?.trim().parse().ok()?;
    Some(Duration::from_millis(millis))
}

fn fault(kind: Blindness, endpoint: &str, why: impl Into<String>) -> Fault {
    Fault::new(kind, "ask the data plane", endpoint, why)
}
