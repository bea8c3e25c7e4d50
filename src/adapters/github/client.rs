//! Requests to GitHub's REST API and to GraphQL, through octocrab on the shared HTTP client.
//!
//! Owns the API version, the token, pages, addresses that have moved, what is known already (`kept`), how much may be
//! asked (`limits`), and which answers are worth asking again. Writes are sent once, one after the other, at least a
//! second apart. The token goes to the configured host and nowhere else, over https only.

mod kept;
pub(in crate::adapters) mod limits;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use http::header::{
    ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, IF_NONE_MATCH, LINK, LOCATION, USER_AGENT,
};
use http::{Method, StatusCode};
use jiff::{SignedDuration, Timestamp};
use octocrab::Octocrab;
use secrecy::ExposeSecret;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::OnceCell;
use url::Url;

use kept::Kept;
use limits::{Counter, Limits, Told};

use super::refusal::{self, Refusal};
use crate::adapters::http::{Backoff, Http, ReadError, SendError};
use crate::adapters::taken::Taken;
use crate::adapters::token::TokenSource;
use crate::adapters::token::github_app::API_VERSION;
use crate::model::Blindness;
use crate::ports::{Clock, Fault, Permit};

/// Entries of a whole page, as asked for: the most that GitHub gives.
const PAGE: usize = 100;

/// More pages than any list that keyslot reads can honestly have.
const MOST_PAGES: usize = 30;

/// Between two writes, says the documentation.
const BETWEEN_WRITES: SignedDuration = SignedDuration::from_secs(1);

/// A repository that was renamed leads to one other address.
const MOST_HOPS: usize = 3;

/// An answer with its whole body.
#[derive(Clone)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: String,
    /// It is a limit's refusal, which lasts until then.
    pub(super) limited: Option<Timestamp>,
}

/// One request.
struct Ask<'a> {
    method: Method,
    target: &'a str,
    body: Option<&'a Value>,
    /// Which limit it counts for.
    counter: Counter,
    /// Of the answer that is known.
    tag: Option<HeaderValue>,
    permit: Option<&'a Permit>,
    /// A 302 is the answer, and where it leads is not for the token.
    found: bool,
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

/// How a write ended.
pub(super) enum Sent {
    Done(Reply),
    Refused(Fault, Refusal),
    Unsent(Fault),
    Unknown(Fault),
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

/// One write.
pub(super) struct Write<'a> {
    pub(super) method: Method,
    pub(super) path: &'a str,
    pub(super) body: Option<&'a Value>,
    /// Checked when everything else is at hand, just before the bytes leave.
    pub(super) permit: Option<&'a Permit>,
}

impl<'a> Write<'a> {
    pub(super) fn post(path: &'a str, body: &'a Value) -> Write<'a> {
        Write { method: Method::POST, path, body: Some(body), permit: None }
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

    /// Reads one JSON value. Throttled, interrupted and failed reads are asked again, a few times.
    pub(super) async fn read<T: DeserializeOwned>(
        &self,
        what: &str,
        subject: &str,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<T, Fault> {
        let about = About { what, subject };
        let reply = self.get(about, &with_query(path, query)).await?;
        reply.json().map_err(|error| unreadable(about, &error))
    }

    /// Reads a list to its last page. `member` names the array in an answer that is an object.
    pub(super) async fn pages<T: DeserializeOwned>(
        &self,
        what: &str,
        subject: &str,
        path: &str,
        member: &str,
    ) -> Result<Vec<T>, Fault> {
        let first = with_query(path, &[("per_page", &PAGE.to_string())]);
        self.pages_from(About { what, subject }, first, member, |_| false).await
    }

    /// Reads a list to its last page, or to the first of which that is said.
    pub(super) async fn pages_until<T: DeserializeOwned>(
        &self,
        what: &str,
        subject: &str,
        path: &str,
        (query, member): (&[(&str, &str)], &str),
        last: impl Fn(&[T]) -> bool,
    ) -> Result<Vec<T>, Fault> {
        let size = PAGE.to_string();
        let query: Vec<_> = query.iter().copied().chain([("per_page", size.as_str())]).collect();
        self.pages_from(About { what, subject }, with_query(path, &query), member, last).await
    }

    async fn pages_from<T: DeserializeOwned>(
        &self,
        about: About<'_>,
        first: String,
        member: &str,
        last: impl Fn(&[T]) -> bool,
    ) -> Result<Vec<T>, Fault> {
        let mut all = Vec::new();
        let mut next = Some(first);
        for _ in 0..MOST_PAGES {
            let Some(target) = next else { return Ok(all) };
            let reply = self.get(about, &target).await?;
            let unreadable = |error: serde_json::Error| unreadable(about, &error);
            let mut value: Value = reply.json().map_err(unreadable)?;
            let list = match member {
                "" => value,
                _ => value.get_mut(member).map(Value::take).unwrap_or_default(),
            };
            let page = serde_json::from_value::<Vec<T>>(list).map_err(unreadable)?;
            let more = next_page(about, &target, &reply)?;
            if more.is_none() && page.len() >= PAGE {
                // With one more it is the same page, and not the last one.
                self.kept.forget(&target);
            }
            next = more.filter(|_| !last(&page));
            all.extend(page);
        }
        if next.is_none() {
            return Ok(all);
        }
        Err(about.fault(Blindness::Unintelligible, format!("more than {MOST_PAGES} pages")))
    }

    /// Like [`Client::read`], where “not found” and “not allowed” are answers too.
    pub(super) async fn read_if_allowed<T: DeserializeOwned>(
        &self,
        what: &str,
        subject: &str,
        path: &str,
    ) -> Result<Option<T>, Fault> {
        if_allowed(self.read(what, subject, path, &[]).await)
    }

    /// Like [`Client::pages`], where “not found” and “not allowed” are answers too.
    pub(super) async fn pages_if_allowed<T: DeserializeOwned>(
        &self,
        what: &str,
        subject: &str,
        path: &str,
    ) -> Result<Option<Vec<T>>, Fault> {
        if_allowed(self.pages(what, subject, path, "").await)
    }

    /// Asks GraphQL for something that changes nothing.
    pub(super) async fn query<T: DeserializeOwned>(
        &self,
        about: About<'_>,
        body: &Value,
    ) -> Result<T, Fault> {
        let target = self.graphql();
        let ask = || self.read_once(about, &target, Some(body));
        let reply = Backoff::default().read(self.clock.as_ref(), ask).await?;
        reply.json().map_err(|error| unreadable(about, &error))
    }

    /// Sends one mutation, once.
    pub(super) async fn mutate(&self, about: About<'_>, body: &Value) -> Sent {
        let target = self.graphql();
        self.write_counted(about, Write::post(&target, body), Counter::GraphQl).await
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

    async fn get(&self, about: About<'_>, target: &str) -> Result<Reply, Fault> {
        let ask = || self.read_once(about, target, None);
        Backoff::default().read(self.clock.as_ref(), ask).await
    }

    /// A question is GraphQL's; where there is none, the target itself is read.
    async fn read_once(
        &self,
        about: About<'_>,
        target: &str,
        question: Option<&Value>,
    ) -> Result<Reply, ReadError> {
        let (method, counter, tag) = match question {
            None => (Method::GET, Counter::Rest, self.kept.tag(target)),
            Some(_) => (Method::POST, Counter::GraphQl, None),
        };
        let known = tag.is_some();
        let ask = Ask { method, target, body: question, counter, tag, permit: None, found: false };
        let reply = self.send(about, ask).await.map_err(|failed| match failed {
            Failed::Before(fault) => ReadError::Final(fault),
            Failed::After(fault) => ReadError::Later(fault, None),
        })?;
        if let (true, StatusCode::NOT_MODIFIED, Some(again)) = (known, reply.status, self.kept.again(target))
        {
            return Ok(again);
        }
        if let Some(fault) = refusal::signed_out(reply.status, &reply.headers, about) {
            return Err(ReadError::Final(fault));
        }
        if reply.status.is_success() && reply.limited.is_none() {
            self.taken.note();
            if target.starts_with("/repos/") {
                self.shown.note();
            }
            if question.is_none() {
                self.kept.keep(target, &reply);
            }
            return Ok(reply);
        }
        let now = self.clock.now();
        let refusal = Refusal::of(&reply);
        let fault = self.placed(refusal.fault(about.what, about.subject), reply.status).await;
        match refusal.wait(now) {
            Some(wait) => Err(ReadError::Later(fault, Some(wait))),
            None if reply.status.is_server_error() => Err(ReadError::Later(fault, None)),
            None => Err(ReadError::Final(fault)),
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

    /// Where a thing is to be had by itself, without the token: what a 302 leads to.
    pub(super) async fn leads_to(&self, about: About<'_>, path: &str) -> Option<Url> {
        let (method, counter) = (Method::GET, Counter::Rest);
        let ask = Ask { method, target: path, body: None, counter, tag: None, permit: None, found: true };
        let reply = self.send(about, ask).await.ok().filter(|reply| reply.status == StatusCode::FOUND)?;
        reply.header(LOCATION.as_str())?.parse().ok()
    }

    /// Sends one write, once, and no sooner than a second after the one before.
    pub(super) async fn write(&self, about: About<'_>, write: Write<'_>) -> Sent {
        self.write_counted(about, write, Counter::Rest).await
    }

    async fn write_counted(&self, about: About<'_>, write: Write<'_>, counter: Counter) -> Sent {
        let Write { method, path, body, permit } = write;
        let mut wrote = self.wrote.lock().await;
        if let Some(due) = wrote.and_then(|last| last.checked_add(BETWEEN_WRITES).ok())
            && due > self.clock.now()
        {
            self.clock.sleep_until(due).await;
        }
        let ask = Ask { method, target: path, body, counter, tag: None, permit, found: false };
        let sent = self.send(about, ask).await;
        *wrote = Some(self.clock.now());
        match sent {
            Err(Failed::Before(fault)) => Sent::Unsent(fault),
            Err(Failed::After(fault)) => Sent::Unknown(fault),
            Ok(reply) => match refusal::signed_out(reply.status, &reply.headers, about) {
                Some(fault) => Sent::Refused(fault, Refusal::of(&reply)),
                None if reply.status.is_success() && reply.limited.is_none() => Sent::Done(reply),
                None => {
                    let refusal = Refusal::of(&reply);
                    let fault = self.placed(refusal.fault(about.what, about.subject), reply.status).await;
                    match reply.status {
                        status if status.is_server_error() => Sent::Unknown(fault),
                        // A token that was good has ended; nothing was done, and the next one may be good.
                        StatusCode::UNAUTHORIZED if fault.kind == Blindness::Forbidden => Sent::Unsent(fault),
                        _ => Sent::Refused(fault, refusal),
                    }
                }
            },
        }
    }

    /// Sends one request, and after it where GitHub says that the thing has moved: as long as that is on the same host.
    async fn send(&self, about: About<'_>, ask: Ask<'_>) -> Result<Reply, Failed> {
        let mut target = ask.target.to_owned();
        for _ in 0..MOST_HOPS {
            let reply = self.send_there(about, &ask, &target).await?;
            match moved_to(&self.api, &reply, &ask) {
                Some(there) => {
                    self.moved.fetch_or(reply.status != StatusCode::FOUND, Ordering::Relaxed);
                    target = there;
                }
                None => return Ok(reply),
            }
        }
        let why = format!("more than {MOST_HOPS} addresses, each of which leads to the next");
        Err(Failed::Before(about.fault(Blindness::Unintelligible, why)))
    }

    async fn send_there(&self, about: About<'_>, ask: &Ask<'_>, target: &str) -> Result<Reply, Failed> {
        if let Some(until) = self.limits.ahead(ask.counter, self.clock.now()) {
            return Err(Failed::Before(
                about
                    .fault(
                        Blindness::Throttled,
                        "GitHub's limit is reached, and nothing more is asked until it ends",
                    )
                    .remedy(refusal::limit_ends(until)),
            ));
        }
        let before = |why: String| Failed::Before(about.fault(Blindness::Unreachable, why));
        let octocrab =
            self.octocrab().await.map_err(|why| before(why).remedied("check the configured API address"))?;
        let token = self.token.token().await.map_err(Failed::Before)?;
        let request = request(ask, &self.below_api(target), token.expose_secret()).map_err(before)?;
        if let Some(permit) = ask.permit {
            permit.check(self.clock.as_ref()).map_err(before)?;
        }
        let response = octocrab.execute(request).await.map_err(|error| failed(&error, about))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = octocrab.body_to_string(response).await.map_err(|error| match failed(&error, about) {
            Failed::Before(fault) | Failed::After(fault) => Failed::After(fault),
        })?;
        let mut reply = Reply { status, headers, body, limited: None };
        let now = self.clock.now();
        let told = match ask.counter {
            Counter::Rest => Told::by(status, &reply.headers, &reply.body, now),
            Counter::GraphQl => Told::by_graphql(status, &reply.headers, &reply.body, now),
        };
        reply.limited = self.limits.note(ask.counter, told, now);
        Ok(reply)
    }

    async fn octocrab(&self) -> Result<&Octocrab, String> {
        if self.api.scheme() != "https" {
            return Err(format!("{} would be spoken to without encryption", self.api));
        }
        let make = async || {
            Octocrab::builder()
                .base_uri(self.api.origin().ascii_serialization())
                .map_err(|_| format!("{} is no address", self.api))?
                .add_header(USER_AGENT, concat!("keyslot/", env!("CARGO_PKG_VERSION")).to_owned())
                .build_with_reqwest(self.reqwest.clone())
                .map_err(|error| refusal::causes(&error))
        };
        self.octocrab.get_or_try_init(make).await
    }
}

/// The next page that the answer links to. Behind a gateway a server may name an address of its own that nobody else knows it
/// by, so the same list is asked where it was asked before: only the query is the server's.
fn next_page(about: About<'_>, target: &str, reply: &Reply) -> Result<Option<String>, Fault> {
    let links = reply.header(LINK.as_str()).unwrap_or_default();
    let Some((before, _)) = links.split_once("rel=\"next\"") else { return Ok(None) };
    let address =
        before.rsplit_once('<').and_then(|(_, rest)| rest.split_once('>')).map(|(address, _)| address);
    let Some((_, query)) = address.and_then(|address| address.split_once('?')) else {
        let why = "the list goes on at an address that cannot be read";
        return Err(about.fault(Blindness::Unintelligible, why));
    };
    let path = target.split_once('?').map_or(target, |(path, _)| path);
    Ok(Some(format!("{path}?{query}")))
}

fn if_allowed<T>(asked: Result<T, Fault>) -> Result<Option<T>, Fault> {
    match asked {
        Ok(value) => Ok(Some(value)),
        Err(fault) if fault.kind.is_refusal() => Ok(None),
        Err(fault) => Err(fault),
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

/// Where the answer says that the thing is now. A page on another host is none of GitHub's API.
fn moved_to(api: &Url, reply: &Reply, ask: &Ask<'_>) -> Option<String> {
    let reads = ask.method == Method::GET;
    let moved = match reply.status.as_u16() {
        307 | 308 => true,
        301 => reads,
        302 => reads && !ask.found,
        _ => false,
    };
    let there = api.join(reply.header(LOCATION.as_str())?).ok()?;
    (moved && there.origin() == api.origin()).then(|| there.to_string())
}

/// octocrab hides the HTTP client's error some layers down.
fn failed(error: &octocrab::Error, about: About<'_>) -> Failed {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(this) = cause {
        if let Some(error) = this.downcast_ref::<reqwest::Error>() {
            let error = SendError::of(error);
            let fault = error.fault(about.what, about.subject);
            return if error.nothing_was_sent() { Failed::Before(fault) } else { Failed::After(fault) };
        }
        cause = this.source();
    }
    Failed::After(about.fault(Blindness::Unreachable, refusal::causes(error)))
}

fn request(ask: &Ask<'_>, target: &str, token: &str) -> Result<http::Request<String>, String> {
    let mut authorization = HeaderValue::from_str(&format!("Bearer {token}"))
        .map_err(|_| "the token has characters that no token has".to_owned())?;
    authorization.set_sensitive(true);
    let mut request = http::Request::builder()
        .method(ask.method.clone())
        .uri(target)
        .header(AUTHORIZATION, authorization)
        .header(ACCEPT, "application/vnd.github+json")
        .header("x-github-api-version", API_VERSION);
    if ask.body.is_some() {
        request = request.header(CONTENT_TYPE, "application/json");
    }
    if let Some(tag) = &ask.tag {
        request = request.header(IF_NONE_MATCH, tag);
    }
    request.body(ask.body.map(Value::to_string).unwrap_or_default()).map_err(|error| error.to_string())
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
    fn a_log_of_the_same_origin_is_not_fetched_with_the_token_and_a_new_name_is_followed() {
        let api: Url = "https://ghe.acme.example/api/v3/".parse().unwrap();
        let leads = |status: u16, location: &str, found: bool| {
            let headers = HeaderMap::from_iter([(LOCATION, location.parse().unwrap())]);
            let status = StatusCode::from_u16(status).unwrap();
            let reply = Reply { status, headers, body: String::new(), limited: None };
            let (method, counter) = (Method::GET, Counter::Rest);
            let ask = Ask { method, target: "/x", body: None, counter, tag: None, permit: None, found };
            moved_to(&api, &reply, &ask).is_some()
        };
        let same = "https://ghe.acme.example/_logs/1?sig=x";
        assert!(!leads(302, same, true) && leads(302, same, false));
        assert!([301, 307, 308].into_iter().all(|status| leads(status, same, true)));
        assert!(![301, 302, 307, 308].into_iter().any(|status| leads(
            status,
            "https://other.example/x",
            true
        )));
    }

    #[test]
    fn a_name_is_one_segment_whatever_is_in_it() {
        assert_eq!(segment("my release+1.yml"), "my%20release%2B1.yml");
        assert_eq!(segment("release/ü"), "release%2F%C3%BC");
    }
}
