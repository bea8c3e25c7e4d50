//! Lists that come in pages, read to the last one.

use http::header::LINK;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{About, Client, Reply, if_allowed, unreadable, with_query};
use crate::model::Blindness;
use crate::ports::Fault;

/// Entries of a whole page, as asked for: the most that GitHub gives.
const PAGE: usize = 100;

/// More pages than any list that keyslot reads can honestly have.
const MOST_PAGES: usize = 30;

impl Client {
    /// Reads a list to its last page. `member` names the array in an answer that is an object.
    pub async fn pages<T: DeserializeOwned>(
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
    pub async fn pages_until<T: DeserializeOwned>(
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

    /// Like [`Client::pages`], where “not found” and “not allowed” are answers too.
    pub async fn pages_if_allowed<T: DeserializeOwned>(
        &self,
        what: &str,
        subject: &str,
        path: &str,
    ) -> Result<Option<Vec<T>>, Fault> {
        if_allowed(self.pages(what, subject, path, "").await)
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
