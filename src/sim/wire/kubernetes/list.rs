//! Lists, in pages and at versions.
//!
//! A page is cut from the collection as it is when it is asked for, under the version of the first page: a watch
//! from that version replays whatever changed in between. Versions that the world no longer remembers are
//! answered 410, ones that do not exist yet 504, as a real server does.

use k8s_openapi::ByteString;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::answer::Refused;
use super::kubeconfig::base64;
use super::objects::{Item, Wanted};
use super::query::Query;
use crate::sim::{Stamp, World};

/// What stands in a continue token.
#[derive(Deserialize, Serialize)]
struct Token {
    v: String,
    /// -1 for “whatever there is now”.
    rv: i64,
    /// After this namespace and name.
    start: String,
}

/// A page and its `metadata`.
pub(super) struct Page {
    pub items: Vec<Item>,
    pub metadata: Value,
}

pub(super) fn page(wanted: &Wanted, query: &Query, world: &World, stamp: &Stamp) -> Result<Page, Refused> {
    let now = world.resource_version();
    let token = query.rest.as_deref().map(decode).transpose()?;
    let (version, start) = match &token {
        Some(token) => (continued(token, stamp, now)?, token.start.clone()),
        None => (asked_version(query, now)?, String::new()),
    };
    let mut items = wanted.list(stamp);
    items.retain(|item| item.place() > start);
    let mut metadata = json!({ "resourceVersion": version.to_string() });
    if let Some(limit) = query.limit.filter(|limit| *limit > 0 && *limit < items.len()) {
        let remaining = items.split_off(limit);
        if let Some(last) = items.last() {
            let rv = i64::try_from(version).unwrap_or(i64::MAX);
            metadata["continue"] = json!(encode(rv, &last.place()));
            metadata["remainingItemCount"] = json!(remaining.len());
        }
    }
    Ok(Page { items, metadata })
}

fn continued(token: &Token, stamp: &Stamp, now: u64) -> Result<u64, Refused> {
    let Ok(version) = u64::try_from(token.rv) else { return Ok(now) };
    if stamp.cluster.changes_since(version).is_ok() {
        return Ok(version);
    }
    let message = "The provided continue parameter is too old to display a consistent list result. You can \
                   start a new list without the continue parameter, or use the continue token in this response \
                   to retrieve the remainder of the results. Continuing with the provided token results in an \
                   inconsistent list - objects that were created, modified, or deleted between the time the first \
                   chunk was returned and now may show up in the list.";
    let mut refused = Refused::new(410, "Expired", message);
    refused.rest = Some(encode(-1, &token.start));
    Err(refused)
}

/// The version that a list without a token shall be of. Only the newest can be given.
fn asked_version(query: &Query, now: u64) -> Result<u64, Refused> {
    let Some(asked) = query.resource_version.filter(|version| *version > 0) else { return Ok(now) };
    if asked > now {
        return Err(not_yet(asked, now));
    }
    if query.exact() && asked != now {
        return Err(Refused::new(410, "Expired", "The resourceVersion for the provided list is too old."));
    }
    Ok(now)
}

/// What is said of a version that does not exist yet.
pub(super) fn not_yet(asked: u64, now: u64) -> Refused {
    let message = format!("Timeout: Too large resource version: {asked}, current: {now}");
    let mut refused = Refused::new(504, "Timeout", message);
    refused.retry_after = Some(1);
    let cause = json!({"reason": "ResourceVersionTooLarge", "message": "Too large resource version"});
    refused.details = Some(json!({ "causes": [cause] }));
    refused
}

/// In the alphabet for URLs and without padding, as a real server writes them.
fn encode(rv: i64, start: &str) -> String {
    let token = Token { v: "meta.k8s.io/v1".to_owned(), rv, start: start.to_owned() };
    let text = base64(serde_json::to_string(&token).unwrap_or_default().as_bytes());
    text.trim_end_matches('=').replace('+', "-").replace('/', "_")
}

fn decode(text: &str) -> Result<Token, Refused> {
    let mut text = text.trim_end_matches('=').replace('-', "+").replace('_', "/");
    text.push_str(&"=".repeat((4 - text.len() % 4) % 4));
    let bytes: Option<ByteString> = serde_json::from_value(json!(text)).ok();
    bytes
        .and_then(|bytes| serde_json::from_slice(&bytes.0).ok())
        .ok_or_else(|| Refused::bad_request("continue key is not valid"))
}
