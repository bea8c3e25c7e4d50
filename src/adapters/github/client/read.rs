//! Reads: of REST, which may be known already, and of GraphQL. What is throttled or interrupted is asked again.

use http::header::LOCATION;
use http::{Method, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use super::super::refusal::{self, Refusal};
use super::limits::Counter;
use super::send::{Ask, Failed};
use super::{About, Client, Reply, if_allowed, unreadable, with_query};
use crate::adapters::http::{Backoff, ReadError};
use crate::ports::Fault;

impl Client {
    /// Reads one JSON value. Throttled, interrupted and failed reads are asked again, a few times.
    pub async fn read<T: DeserializeOwned>(
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

    /// Like [`Client::read`], where “not found” and “not allowed” are answers too.
    pub async fn read_if_allowed<T: DeserializeOwned>(
        &self,
        what: &str,
        subject: &str,
        path: &str,
    ) -> Result<Option<T>, Fault> {
        if_allowed(self.read(what, subject, path, &[]).await)
    }

    /// Asks GraphQL for something that changes nothing.
    pub async fn query<T: DeserializeOwned>(&self, about: About<'_>, body: &Value) -> Result<T, Fault> {
        let target = self.graphql();
        let ask = || self.read_once(about, &target, Some(body));
        let reply = Backoff::default().read(self.clock.as_ref(), ask).await?;
        reply.json().map_err(|error| unreadable(about, &error))
    }

    pub(super) async fn get(&self, about: About<'_>, target: &str) -> Result<Reply, Fault> {
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

    /// Where a thing is to be had by itself, without the token: what a 302 leads to.
    pub async fn leads_to(&self, about: About<'_>, path: &str) -> Option<Url> {
        let (method, counter) = (Method::GET, Counter::Rest);
        let ask = Ask { method, target: path, body: None, counter, tag: None, permit: None, found: true };
        let reply = self.send(about, ask).await.ok().filter(|reply| reply.status == StatusCode::FOUND)?;
        reply.header(LOCATION.as_str())?.parse().ok()
    }
}
