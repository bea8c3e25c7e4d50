//! One request on its way: to the configured host alone, with the token at hand only when the bytes leave, and after a
//! thing that has moved.

use std::sync::atomic::Ordering;

use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue, IF_NONE_MATCH, LOCATION, USER_AGENT};
use http::{Method, StatusCode};
use octocrab::Octocrab;
use secrecy::ExposeSecret;
use serde_json::Value;
use url::Url;

use super::super::refusal;
use super::limits::{Counter, Told};
use super::{About, Client, Reply};
use crate::adapters::http::SendError;
use crate::adapters::token::github_app::API_VERSION;
use crate::model::Blindness;
use crate::ports::{Fault, Permit};

/// A repository that was renamed leads to one other address.
const MOST_HOPS: usize = 3;

/// One request.
pub(super) struct Ask<'a> {
    pub(super) method: Method,
    pub(super) target: &'a str,
    pub(super) body: Option<&'a Value>,
    /// Which limit it counts for.
    pub(super) counter: Counter,
    /// Of the answer that is known.
    pub(super) tag: Option<HeaderValue>,
    pub(super) permit: Option<&'a Permit>,
    /// A 302 is the answer, and where it leads is not for the token.
    pub(super) found: bool,
}

impl Client {
    /// Sends one request, and after it where GitHub says that the thing has moved: as long as that is on the same host.
    pub(super) async fn send(&self, about: About<'_>, ask: Ask<'_>) -> Result<Reply, Failed> {
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

/// Why there is no answer: it never left, or it may have arrived.
pub(super) enum Failed {
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

#[cfg(test)]
mod tests {
    use super::*;
    use http::header::HeaderMap;

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
}
