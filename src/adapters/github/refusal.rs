//! GitHub's “no”: what it means and how long it lasts.
//!
//! 403 is a missing right, a primary limit or a secondary one; only headers and words tell. 404 also stands for “you
//! may not know”. (GitHub's documentation, “Rate limits for the REST API” and “Troubleshooting the REST API”.)

use std::error::Error;
use std::time::Duration;

use http::header::{CONTENT_TYPE, LOCATION};
use http::{HeaderMap, HeaderName, StatusCode};
use jiff::Timestamp;
use serde::Deserialize;

use super::client::{About, Reply};
use crate::adapters::http::without_pages;
use crate::model::Blindness;
use crate::ports::Fault;

#[derive(Deserialize, Default)]
#[serde(default)]
struct Body {
    message: String,
    errors: Vec<Detail>,
}

/// One complaint; a bare string in some answers.
#[derive(Deserialize)]
#[serde(untagged)]
enum Detail {
    Words(String),
    Object {
        #[serde(default)]
        resource: String,
        #[serde(default)]
        field: Option<String>,
        #[serde(default)]
        code: String,
        #[serde(default)]
        message: Option<String>,
    },
}

impl Detail {
    fn words(&self) -> String {
        match self {
            Detail::Words(words) => words.clone(),
            Detail::Object { message: Some(message), .. } => message.clone(),
            Detail::Object { resource, field, code, .. } => {
                format!("{resource}.{}: {code}", field.as_deref().unwrap_or("?"))
            }
        }
    }
}

/// An answer that is no success.
pub(super) struct Refusal {
    status: StatusCode,
    words: String,
    /// What the token lacks, where GitHub says so.
    lacks: Option<String>,
    /// When a limit ends.
    until: Option<Timestamp>,
}

impl Refusal {
    pub(super) fn of(reply: &Reply) -> Refusal {
        let body: Body = reply.json().unwrap_or_default();
        let mut words = vec![body.message.clone()];
        words.extend(body.errors.iter().map(Detail::words));
        let words = words.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(": ");
        let lacks = reply.header("x-accepted-github-permissions").map(str::to_owned);
        Refusal { status: reply.status, until: reply.limited, words: shortened(&words), lacks }
    }

    /// Whether the refusal of a new pull request says that there is one. Only the text tells.
    pub(super) fn says_exists(&self) -> bool {
        self.status == StatusCode::UNPROCESSABLE_ENTITY && self.words.contains("pull request already exists")
    }

    pub(super) fn status(&self) -> StatusCode {
        self.status
    }

    /// Whether GitHub's own words hold these.
    pub(super) fn says(&self, words: &str) -> bool {
        self.words.to_lowercase().contains(&words.to_lowercase())
    }

    /// How long to wait for a limit to end, if it is one.
    pub(super) fn wait(&self, now: Timestamp) -> Option<Duration> {
        let until = self.until?;
        Some(until.duration_since(now).try_into().unwrap_or(Duration::ZERO))
    }

    pub(super) fn fault(&self, what: &str, subject: &str) -> Fault {
        let words = match self.words.is_empty() {
            true => format!("GitHub answered {}", self.status),
            false => format!("GitHub answered {}: {}", self.status.as_u16(), self.words),
        };
        let fault = |kind, remedy: String| Fault::new(kind, what, subject, &words).remedy(remedy);
        if let Some(until) = self.until {
            return fault(Blindness::Throttled, limit_ends(until));
        }
        match self.status {
            StatusCode::UNAUTHORIZED => fault(
                Blindness::Forbidden,
                "the token is not accepted (expired, revoked, or of another server): give another one".into(),
            ),
            StatusCode::FORBIDDEN => fault(
                Blindness::Forbidden,
                match &self.lacks {
                    Some(lacks) => format!("the token lacks a permission; accepted here: {lacks}"),
                    None => {
                        "the token may not do this; an organization's single sign-on may have to authorize it"
                            .into()
                    }
                },
            ),
            StatusCode::NOT_FOUND => fault(
                Blindness::Missing,
                "check owner and name; GitHub also answers 404 where the token has no permission".into(),
            ),
            StatusCode::GONE => {
                fault(Blindness::Unintelligible, "this API version is retired: update keyslot".into())
            }
            status if status.is_redirection() => fault(
                Blindness::Missing,
                "the repository has moved: write its new name into the configuration".into(),
            ),
            status if status.is_server_error() => fault(Blindness::Unreachable, String::new()),
            _ => fault(Blindness::Unintelligible, String::new()),
        }
    }
}

/// Until when a limit lasts, for people.
pub(in crate::adapters) fn limit_ends(until: Timestamp) -> String {
    format!("the limit ends at {until}; keyslot looks again after that")
}

/// A page where an answer should be: somebody wants a person to sign in. (203 is how some gateways say it.)
pub(in crate::adapters) fn signed_out(
    status: StatusCode,
    headers: &HeaderMap,
    about: About<'_>,
) -> Option<Fault> {
    let header = |name: HeaderName| headers.get(name)?.to_str().ok();
    let page = header(CONTENT_TYPE).is_some_and(|kind| kind.starts_with("text/html"));
    let signs_in = status == StatusCode::NON_AUTHORITATIVE_INFORMATION;
    let elsewhere = header(LOCATION).filter(|_| status.is_redirection());
    if !(signs_in || elsewhere.is_some() || (page && status.is_success())) {
        return None;
    }
    let why = match elsewhere {
        Some(address) => format!("the answer leads to another address ({})", host_of(address)),
        None => format!("the answer ({}) is a page for people, not data", status.as_u16()),
    };
    Some(about.fault(Blindness::Forbidden, why).remedy(
        "not signed in: see that the token is GitHub's and not expired, that `api` is the API's address, and that no \
         proxy in between wants somebody to sign in",
    ))
}

/// Neither path nor query: sign-in pages carry secrets in them.
fn host_of(address: &str) -> String {
    url::Url::parse(address)
        .ok()
        .and_then(|address| address.host_str().map(str::to_owned))
        .unwrap_or_else(|| "unreadable".to_owned())
}

fn shortened(words: &str) -> String {
    const CHARACTERS: usize = 300;
    words.chars().take(CHARACTERS).collect()
}

/// An error with its causes, without repetition: octocrab's own words are often just “GitHub”.
pub(super) fn causes(error: &dyn Error) -> String {
    let mut parts = vec![first_line(error)];
    let mut cause = error.source();
    while let Some(this) = cause {
        let text = first_line(this);
        if parts.last() != Some(&text) {
            parts.push(text);
        }
        cause = this.source();
    }
    parts.join(": ")
}

/// Some of octocrab's texts carry a backtrace.
fn first_line(error: &dyn Error) -> String {
    without_pages(error.to_string().lines().next().unwrap_or_default()).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16, headers: &[(&'static str, &str)], body: &str) -> Reply {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().unwrap());
        }
        Reply {
            status: StatusCode::from_u16(status).unwrap(),
            headers: map,
            body: body.to_owned(),
            limited: None,
        }
    }

    fn now() -> Timestamp {
        Timestamp::from_second(1_800_000_000).unwrap()
    }

    #[test]
    fn limits_are_told_from_missing_rights_and_say_until_when() {
        let cases = [
            (
                reply(
                    403,
                    &[
                        ("retry-after", "30"),
                        ("x-ratelimit-remaining", "0"),
                        ("x-ratelimit-reset", "1800009999"),
                    ],
                    "{}",
                ),
                Some(30),
            ),
            (
                reply(403, &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1800000090")], "{}"),
                Some(90),
            ),
            (reply(429, &[], "{}"), Some(60)),
            (
                reply(
                    403,
                    &[("x-ratelimit-remaining", "12")],
                    r#"{"message":"You have exceeded a secondary rate limit."}"#,
                ),
                Some(60),
            ),
            (
                reply(
                    403,
                    &[("x-ratelimit-remaining", "12")],
                    r#"{"message":"Resource not accessible by integration"}"#,
                ),
                None,
            ),
        ];
        for (reply, expected) in cases {
            let refusal = Refusal::of(&reply.noted(now()));
            assert_eq!(refusal.wait(now()).map(|wait| wait.as_secs()), expected);
            let kind = if expected.is_some() { Blindness::Throttled } else { Blindness::Forbidden };
            assert_eq!(refusal.fault("look", "x").kind, kind);
        }
    }

    #[test]
    fn an_existing_pull_request_is_known_by_its_words_alone() {
        let exists = r#"{"message":"Validation Failed","errors":[{"resource":"PullRequest","code":"custom","message":"A pull request already exists for octo:fix/a."}]}"#;
        assert!(Refusal::of(&reply(422, &[], exists)).says_exists());
        let other = r#"{"message":"Validation Failed","errors":[{"resource":"PullRequest","field":"head","code":"invalid"}]}"#;
        let refusal = Refusal::of(&reply(422, &[], other));
        assert!(!refusal.says_exists());
        assert!(refusal.fault("open", "x").why.contains("PullRequest.head: invalid"));
        let strings = r#"{"message":"Validation Failed","errors":["No commits between main and fix/a"]}"#;
        assert!(Refusal::of(&reply(422, &[], strings)).fault("open", "x").why.contains("No commits"));
    }

    #[test]
    fn a_404_says_that_it_may_be_a_missing_permission() {
        let fault = Refusal::of(&reply(404, &[], r#"{"message":"Not Found"}"#)).fault("look", "x");
        assert_eq!(fault.kind, Blindness::Missing);
        assert!(fault.remedy.contains("permission"));
    }

    #[test]
    fn a_page_for_people_is_not_signed_in() {
        let about = About { what: "look", subject: "x" };
        let cases = [
            (203, vec![("content-type", "text/html; charset=utf-8")], true),
            (200, vec![("content-type", "text/html")], true),
            (302, vec![("location", "https://sign-in.example/?secret=1")], true),
            (200, vec![("content-type", "application/json")], false),
            // A gateway that is out of order says so in a page, too: that is for later.
            (502, vec![("content-type", "text/html")], false),
        ];
        for (status, headers, expected) in cases {
            let reply = reply(status, &headers, "<html>");
            let fault = signed_out(reply.status, &reply.headers, about);
            assert_eq!(fault.is_some(), expected, "{status}");
            assert!(
                fault.is_none_or(|fault| fault.kind == Blindness::Forbidden && !fault.why.contains("secret"))
            );
        }
    }
}
