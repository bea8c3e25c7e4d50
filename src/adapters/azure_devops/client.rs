//! Requests to Azure DevOps: sign-in, pages, delays.
//!
//! Azure DevOps slows callers down before it refuses them, and says so with `Retry-After` on answers of status 200:
//! the next request waits that long, or until the limit is reset where nothing is left of it. Writes are sent once, a
//! second apart.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use http::{Method, StatusCode};
use jiff::Timestamp;
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::Mutex;
use url::Url;

use super::refusal;
use super::{AzureDevOpsSettings, DevOpsCredential};
use crate::adapters::http::{Answer, Backoff, Http, ReadError, SendError};
use crate::adapters::taken::Taken;
use crate::model::Blindness;
use crate::ports::{Clock, Effect, Fault};

const API_VERSION: &str = "7.1";

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain");

/// The most that one page is asked for.
const PAGE: usize = 100;

/// A delay that the service asks for is slept through up to this long, the window in which Azure DevOps counts what somebody
/// uses. Of a longer one the caller is told, and nothing is sent until it is over.
const LONGEST_DELAY: Duration = Duration::from_secs(5 * 60);

/// Between two writes.
const APART: Duration = Duration::from_secs(1);

/// How this process behaves towards one organization, whatever it asks there: it is one caller to it.
#[derive(Default)]
pub struct Manners {
    /// What a delay was asked for until.
    not_before: Mutex<Option<Timestamp>>,
    /// When the last write left. Held while the next one waits for its turn.
    wrote: Mutex<Option<Timestamp>>,
}

pub(super) struct Client {
    http: Http,
    clock: Arc<dyn Clock>,
    credential: DevOpsCredential,
    /// Ends in `/_apis/`.
    apis: Result<Url, String>,
    pub(super) manners: Arc<Manners>,
    /// The token, by Azure DevOps.
    taken: Taken,
}

#[derive(Deserialize)]
struct Listed<T> {
    value: Vec<T>,
}

impl Client {
    pub(super) fn new(settings: &AzureDevOpsSettings, http: Http, clock: Arc<dyn Clock>) -> Client {
        let mut apis = settings.organization.clone();
        let extended = apis.path_segments_mut().map(|mut path| {
            path.pop_if_empty().push(&settings.project).push("_apis").push("");
        });
        let apis = extended.map(|()| apis).map_err(|()| format!("{} is no address", settings.organization));
        Client {
            http,
            clock,
            credential: settings.credential.clone(),
            apis,
            manners: Arc::default(),
            taken: Taken::default(),
        }
    }

    /// Reads one JSON value. Throttled, interrupted and failed reads are asked again, a few times.
    pub(super) async fn read<T: DeserializeOwned>(
        &self,
        what: &str,
        subject: &str,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<T, Fault> {
        let answer = self.get(what, subject, path, query).await?;
        parse(what, subject, &answer)
    }

    /// Like [`Client::read`], where “not there (yet)” is an answer: no content, null, 404.
    pub(super) async fn read_if_there<T: DeserializeOwned>(
        &self,
        what: &str,
        subject: &str,
        path: &str,
    ) -> Result<Option<T>, Fault> {
        match self.get(what, subject, path, &[]).await {
            Ok(answer) if answer.status == StatusCode::NO_CONTENT || answer.body.is_empty() => Ok(None),
            Ok(answer) => parse(what, subject, &answer),
            Err(fault) if fault.kind == Blindness::Missing => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    /// Reads a text.
    pub(super) async fn text(
        &self,
        what: &str,
        subject: &str,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<String, Fault> {
        let look = || self.get_once(what, subject, path, query, TEXT);
        let answer = Backoff::default().read(self.clock.as_ref(), look).await?;
        Ok(String::from_utf8_lossy(&answer.body).into_owned())
    }

    /// Reads a list that has no pages.
    pub(super) async fn whole_list<T: DeserializeOwned>(
        &self,
        what: &str,
        subject: &str,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<Vec<T>, Fault> {
        let listed: Listed<T> = self.read(what, subject, path, query).await?;
        Ok(listed.value)
    }

    /// Reads a list, page by page, until it ends or there are `most`.
    pub(super) async fn list<T: DeserializeOwned>(
        &self,
        what: &str,
        subject: &str,
        path: &str,
        query: &[(&str, &str)],
        most: usize,
    ) -> Result<Vec<T>, Fault> {
        let mut all = Vec::new();
        let mut token: Option<String> = None;
        loop {
            let top = PAGE.min(most - all.len()).to_string();
            let mut query = query.to_vec();
            query.push(("$top", &top));
            if let Some(token) = &token {
                query.push(("continuationToken", token));
            }
            let answer = self.get(what, subject, path, &query).await?;
            let page: Listed<T> = parse(what, subject, &answer)?;
            let came = page.value.len();
            all.extend(page.value);
            let next =
                answer.header("x-ms-continuationtoken").filter(|token| !token.is_empty()).map(str::to_owned);
            // A token that does not move would be read for ever.
            if next.is_none() || next == token || came == 0 || all.len() >= most {
                all.truncate(most);
                return Ok(all);
            }
            token = next;
        }
    }

    async fn get(
        &self,
        what: &str,
        subject: &str,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<Answer, Fault> {
        Backoff::default().read(self.clock.as_ref(), || self.get_once(what, subject, path, query, JSON)).await
    }

    async fn get_once(
        &self,
        what: &str,
        subject: &str,
        path: &str,
        query: &[(&str, &str)],
        accept: HeaderValue,
    ) -> Result<Answer, ReadError> {
        self.admitted(what, subject).await.map_err(ReadError::Final)?;
        let mut request =
            self.request(Method::GET, what, subject, path, query).await.map_err(ReadError::Final)?;
        request.headers_mut().insert(ACCEPT, accept);
        let answer = self.send(request).await.map_err(|error| match error.nothing_was_sent() {
            true => ReadError::Final(error.fault(what, subject)),
            false => ReadError::Later(error.fault(what, subject), None),
        })?;
        match self.refused(&answer, what, subject).await {
            None => {
                self.taken.note();
                Ok(answer)
            }
            Some(fault) if fault.kind == Blindness::Throttled => {
                Err(ReadError::Later(fault, answer.retry_after()))
            }
            Some(fault) if answer.status.is_server_error() => {
                Err(ReadError::Later(fault, answer.retry_after()))
            }
            Some(fault) => Err(ReadError::Final(fault)),
        }
    }

    /// Sends one write, once, a second after the last one.
    pub(super) async fn write(&self, what: &str, subject: &str, path: &str, body: &Value) -> Effect<Value> {
        let mut wrote = self.manners.wrote.lock().await;
        if let Some(next) = wrote.map(|last| last + APART).filter(|next| *next > self.clock.now()) {
            self.clock.sleep_until(next).await;
        }
        let end = self.post(what, subject, path, body).await;
        *wrote = Some(self.clock.now());
        end
    }

    /// Sends one POST, once.
    pub(super) async fn post(&self, what: &str, subject: &str, path: &str, body: &Value) -> Effect<Value> {
        let admitted = self.admitted(what, subject).await;
        let request = match admitted {
            Ok(()) => self.request(Method::POST, what, subject, path, &[]).await,
            Err(fault) => Err(fault),
        };
        let mut request = match request {
            Ok(request) => request,
            Err(fault) => return Effect::NotSent(fault),
        };
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        *request.body_mut() = Some(body.to_string().into());
        let answer = match self.send(request).await {
            Ok(answer) => answer,
            Err(error) if error.nothing_was_sent() => return Effect::NotSent(error.fault(what, subject)),
            Err(error) => return Effect::Unknown(error.fault(what, subject)),
        };
        match self.refused(&answer, what, subject).await {
            Some(fault) if answer.status.is_server_error() => Effect::Unknown(fault),
            // A token that was good has ended; nothing was done, and the next one may be good.
            Some(fault) if fault.kind == Blindness::Forbidden && answer.status != StatusCode::FORBIDDEN => {
                Effect::NotSent(fault)
            }
            Some(fault) => Effect::Refused(fault),
            None => parse(what, subject, &answer).map_or_else(Effect::Unknown, Effect::Applied),
        }
    }

    /// What an answer refuses, if it does. A token that is refused is named by its place and looked for anew; one that was
    /// never taken is told at once.
    async fn refused(&self, answer: &Answer, what: &str, subject: &str) -> Option<Fault> {
        let fault = refusal::of(answer, what, subject)?;
        let signed_in = answer.status == StatusCode::FORBIDDEN;
        if fault.kind != Blindness::Forbidden || signed_in {
            if !answer.status.is_server_error() {
                self.taken.note();
            }
            return Some(fault);
        }
        let (DevOpsCredential::Pat(token) | DevOpsCredential::Bearer(token)) = &self.credential;
        let why = format!("{} (the token from {})", fault.why, token.place());
        token.forget().await;
        Some(self.taken.judge(Fault { why, ..fault }))
    }

    async fn request(
        &self,
        method: Method,
        what: &str,
        subject: &str,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<reqwest::Request, Fault> {
        let wrong = |why: String| {
            Fault::new(Blindness::Unreachable, what, subject, why)
                .remedy("check the configured organization's address")
        };
        let apis = self.apis.as_ref().map_err(|why| wrong(why.clone()))?;
        let mut url = apis.join(path).map_err(|error| wrong(error.to_string()))?;
        url.query_pairs_mut().extend_pairs(query).append_pair("api-version", API_VERSION);
        let mut request = reqwest::Request::new(method, url);
        let headers = request.headers_mut();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(AUTHORIZATION, self.authorization(what, subject).await?);
        Ok(request)
    }

    async fn authorization(&self, what: &str, subject: &str) -> Result<HeaderValue, Fault> {
        let text = match &self.credential {
            // The user name before the colon stays empty, as Azure DevOps documents for such tokens.
            DevOpsCredential::Pat(source) => {
                format!("Basic {}", STANDARD.encode(format!(":{}", source.token().await?.expose_secret())))
            }
            DevOpsCredential::Bearer(source) => format!("Bearer {}", source.token().await?.expose_secret()),
        };
        let mut value = HeaderValue::from_str(&text).map_err(|_| {
            Fault::new(Blindness::Forbidden, what, subject, "the token has characters that no token has")
        })?;
        value.set_sensitive(true);
        Ok(value)
    }

    /// Waits out the delay that the last answer asked for.
    async fn admitted(&self, what: &str, subject: &str) -> Result<(), Fault> {
        let (delayed, now) = (*self.manners.not_before.lock().await, self.clock.now());
        let Some(until) = delayed.filter(|until| *until > now) else { return Ok(()) };
        if until.duration_since(now).unsigned_abs() > LONGEST_DELAY {
            let why = format!("Azure DevOps asks to be left alone until {until}");
            return Err(Fault::new(Blindness::Throttled, what, subject, why)
                .remedy("nothing is asked before; keyslot looks again after that"));
        }
        self.clock.sleep_until(until).await;
        Ok(())
    }

    /// Sends one request, and notes the delay that the answer asks for.
    async fn send(&self, request: reqwest::Request) -> Result<Answer, SendError> {
        let answer = self.http.send(request, None).await?;
        let delay = asked_delay(&answer, self.clock.now());
        let until = delay.and_then(|delay| self.clock.now().checked_add(delay).ok());
        // An answer to what was asked before the delay was told comes after it.
        let mut not_before = self.manners.not_before.lock().await;
        *not_before = (*not_before).max(until);
        Ok(answer)
    }
}

/// How long the service wants us to stay away: what it says outright, else until the limit that is used up is reset.
fn asked_delay(answer: &Answer, now: Timestamp) -> Option<Duration> {
    let number = |name: &str| answer.header(name)?.trim().parse::<f64>().ok();
    let used_up = || number("x-ratelimit-remaining").filter(|left| *left <= 0.0);
    let reset = || {
        used_up()?;
        let reset = Timestamp::from_second(number("x-ratelimit-reset")? as i64).ok()?;
        reset.duration_since(now).try_into().ok()
    };
    answer.retry_after().or_else(reset)
}

fn parse<T: DeserializeOwned>(what: &str, subject: &str, answer: &Answer) -> Result<T, Fault> {
    serde_json::from_slice(&answer.body).map_err(|error| {
        Fault::new(Blindness::Unintelligible, what, subject, format!("the answer cannot be read: {error}"))
    })
}
