//! Lists that are the beginning of the watch which goes on from them
//! (<https://kubernetes.io/docs/reference/using-api/api-concepts/#streaming-lists>): one request instead of two, and a server
//! that tells what it keeps, object by object, instead of building one large answer.
//!
//! Such a list is no older than another one: the server marks its end only when it has told all that was stored as the
//! request came. Servers from 1.34 on do it, and those of 1.32; others refuse it with 422, by either of two parameters.
//! Whatever goes wrong, the list is asked for as ever, which then says what is wrong. Where a server does not know the
//! parameters, nobody is asked that again; any other refusal is one of what was asked for, and holds for that alone.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use reqwest::{Method, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::api::{Api, CALL_TIMEOUT, Kind, Listed, Partial};
use super::lines::Lines;
use super::newest::from_the_past;
use super::watch::SERVER_TIMEOUT;

/// The annotation of the bookmark after which everything that there was has been told.
const ALL_TOLD: &str = "k8s.io/initial-events-end";

/// Of one namespace, or of all.
type Collection = (Kind, Option<String>);

/// Whether one stamp's server is asked for it.
#[derive(Clone, Default)]
pub(super) struct Streams {
    /// That servers do not do it, for all stamps.
    unknown: Arc<AtomicBool>,
    /// The collections that this one refused.
    refused: Arc<Mutex<BTreeSet<Collection>>>,
}

impl Streams {
    /// Those of another stamp.
    pub fn of_another(&self) -> Streams {
        Streams { unknown: Arc::clone(&self.unknown), refused: Arc::default() }
    }

    /// What passes is no word on the question.
    fn note(&self, status: StatusCode, kind: Kind, namespace: Option<&str>) {
        match status.as_u16() {
            400 | 422 => self.give_up(),
            401 | 408 | 429 => {}
            400..500 => {
                self.refused().insert((kind, namespace.map(str::to_owned)));
            }
            _ => {}
        }
    }

    fn give_up(&self) {
        self.unknown.store(true, Ordering::Relaxed);
    }

    fn may_ask(&self, kind: Kind, namespace: Option<&str>) -> bool {
        let place = (kind, namespace.map(str::to_owned));
        !self.unknown.load(Ordering::Relaxed) && !self.refused().contains(&place)
    }

    fn refused(&self) -> MutexGuard<'_, BTreeSet<Collection>> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// As much of an event as is needed before its object is read.
#[derive(Deserialize)]
struct Head {
    #[serde(rename = "type")]
    kind: String,
    object: Partial,
}

#[derive(Deserialize)]
struct Event<T> {
    object: T,
}

/// Lists a kind, and what the server goes on to tell of it. `None` where the list is to be asked for in the other way.
pub(super) async fn list<T: DeserializeOwned>(
    api: &Api,
    streams: &Streams,
    kind: Kind,
    namespace: Option<&str>,
) -> Option<(Listed<T>, Lines)> {
    if !streams.may_ask(kind, namespace) {
        return None;
    }
    let path = format!(
        "{}?watch=true&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan\
         &timeoutSeconds={SERVER_TIMEOUT}",
        kind.path(namespace)
    );
    let floor = api.connection.newest.floor(kind);
    let told = api.turns.take(tokio::time::timeout(CALL_TIMEOUT, async {
        let request = api.request(Method::GET, &path, None).await.ok()?;
        let sent_at = api.clock.now();
        let response = api.connection.http.open(request, None).await.ok()?;
        api.connection.skew.note(response.headers(), sent_at, api.clock.now());
        if !response.status().is_success() {
            streams.note(response.status(), kind, namespace);
            return None;
        }
        let mut lines = Lines::of(response);
        Some((collect(&mut lines).await?, lines))
    }));
    let Ok(told) = told.await else {
        // It took the question, and does not say when it is through: one in between may keep what is to come.
        streams.give_up();
        return None;
    };
    let (listed, lines): (Listed<T>, Lines) = told?;
    if from_the_past(&listed.version, floor).is_some() {
        return None;
    }
    api.connection.newest.note(kind, &listed.version);
    Some((listed, lines))
}

/// Everything up to the bookmark that ends it, in the order of a list.
async fn collect<T: DeserializeOwned>(lines: &mut Lines) -> Option<Listed<T>> {
    let mut items = BTreeMap::new();
    loop {
        let line = lines.next().await.ok()??;
        let Head { kind, object: Partial { metadata } } = serde_json::from_slice(line).ok()?;
        let key = (metadata.namespace, metadata.name);
        match kind.as_str() {
            // What changes meanwhile is told as it is then.
            "ADDED" | "MODIFIED" => {
                let Event { object } = serde_json::from_slice::<Event<T>>(line).ok()?;
                items.insert(key, object);
            }
            "DELETED" => {
                items.remove(&key);
            }
            "BOOKMARK"
                if metadata
                    .annotations
                    .is_some_and(|all| all.get(ALL_TOLD).is_some_and(|it| it == "true")) =>
            {
                let version = metadata.resource_version?;
                return Some(Listed { items: items.into_values().collect(), version });
            }
            "BOOKMARK" => {}
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::Pod;
    use serde_json::{Value, json};

    use super::*;

    fn event(kind: &str, name: &str, version: &str, phase: &str) -> Value {
        let metadata = json!({ "namespace": "n", "name": name, "resourceVersion": version });
        json!({ "type": kind, "object": { "apiVersion": "v1", "kind": "Pod", "metadata": metadata,
            "status": { "phase": phase } } })
    }

    fn bookmark(version: &str, all: bool) -> Value {
        let annotations = if all { json!({ ALL_TOLD: "true" }) } else { Value::Null };
        let mut metadata = json!({ "resourceVersion": version, "creationTimestamp": null });
        if all {
            metadata["annotations"] = annotations;
        }
        json!({ "type": "BOOKMARK", "object": { "apiVersion": "v1", "kind": "Pod", "metadata": metadata } })
    }

    async fn collected(events: &[Value]) -> Option<(String, Vec<(String, String)>, Lines)> {
        let text: String = events.iter().map(|event| format!("{event}\n")).collect();
        let mut lines = Lines::of(http::Response::new(text).into());
        let listed = collect::<Pod>(&mut lines).await?;
        let pods = listed.items.into_iter().map(|pod| {
            (
                pod.metadata.name.unwrap_or_default(),
                pod.status.and_then(|status| status.phase).unwrap_or_default(),
            )
        });
        let pods = pods.collect();
        Some((listed.version, pods, lines))
    }

    #[tokio::test]
    async fn what_changes_before_the_mark_is_listed_as_it_is_by_then_and_what_comes_after_it_is_left() {
        let (version, pods, mut lines) = collected(&[
            event("ADDED", "b", "3", "Running"),
            event("ADDED", "c", "4", "Running"),
            event("ADDED", "a", "5", "Pending"),
            bookmark("5", false),
            event("DELETED", "c", "6", "Running"),
            event("MODIFIED", "a", "7", "Running"),
            bookmark("9", true),
            event("MODIFIED", "b", "10", "Failed"),
        ])
        .await
        .unwrap();
        assert_eq!(version, "9");
        let running = |name: &str| (name.to_owned(), "Running".to_owned());
        assert_eq!(pods, [running("a"), running("b")]);
        let next: Value = serde_json::from_slice(lines.next().await.unwrap().unwrap()).unwrap();
        assert_eq!(next["object"]["metadata"]["resourceVersion"], "10", "for the watch");
    }

    /// As Kubernetes 1.36 encodes them: an empty object of the kind, without a time.
    #[tokio::test]
    async fn bookmarks_are_empty_objects_of_their_kind() {
        let line = r#"{"type":"BOOKMARK","object":{"kind":"Pod","apiVersion":"v1","metadata":{"resourceVersion":"123","annotations":{"k8s.io/initial-events-end":"true"}},"spec":{"containers":null},"status":{}}}"#;
        let mark: Value = serde_json::from_str(line).unwrap();
        let (version, pods, _) = collected(&[mark]).await.unwrap();
        assert_eq!((version.as_str(), pods.len()), ("123", 0), "an empty list");
    }

    /// Word for word from Kubernetes 1.36, within an answer that is a 200.
    #[tokio::test]
    async fn what_a_server_says_instead_of_the_mark_is_no_list() {
        for said in [
            r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"Timeout: Too large resource version: 9, current: 5","reason":"Timeout","details":{"causes":[{"reason":"ResourceVersionTooLarge","message":"Too large resource version"}],"retryAfterSeconds":1},"code":504}"#,
            r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"a watch stream was requested by the client but the required storage feature RequestWatchProgress is disabled","reason":"InternalError","code":500}"#,
        ] {
            let error = json!({ "type": "ERROR", "object": serde_json::from_str::<Value>(said).unwrap() });
            assert!(collected(&[error]).await.is_none(), "{said}");
        }
    }

    #[tokio::test]
    async fn without_its_mark_it_is_no_list() {
        let pod = || event("ADDED", "a", "3", "Running");
        assert!(collected(&[pod()]).await.is_none(), "cut off");
        assert!(collected(&[pod(), bookmark("5", false)]).await.is_none());
        let error = json!({ "type": "ERROR", "object": { "kind": "Status", "code": 410 } });
        assert!(collected(&[pod(), error]).await.is_none());
        let other = json!({ "type": "ADDED", "object": { "metadata": { "name": "a" }, "status": 7 } });
        assert!(collected(&[other, bookmark("5", true)]).await.is_none(), "no pod");
    }
}
