//! Calls to one API server: one request each, and lists that come in pages.
//!
//! Reads that the server asks to repeat are repeated here, through the clock, and at once where their connection ended; writes
//! are sent once. Bodies are
//! wiped when they are dropped, and never logged: some of them hold Secrets.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use reqwest::{Method, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::time::Instant;

use super::super::http::{Answer, Backoff, Leave, ReadError, SendError, Turns};
use super::connect::Connection;
use super::failure::{Failure, Refusal};
use super::newest::from_the_past;
use super::stream::Streams;
use crate::model::{Blindness, WorkloadKind};
use crate::ports::{Clock, Fault};

/// For one request with its whole answer, in wall time. Watches have their own.
pub(super) const CALL_TIMEOUT: Duration = Duration::from_secs(30);

/// Objects a page. Pods take up to 20 KB each, and an answer must stay below the client's 16 MiB.
const PAGE: usize = 250;

/// As many pages as any list may have: 250,000 objects.
const MOST_PAGES: usize = 1000;

/// As many as are read of what only explains something.
const SOME_PAGES: usize = 8;

/// Whole objects.
const WHOLE: &str = "application/json";

/// The metadata of an object alone: whatever else it holds stays with the server.
const METADATA: &str = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io";
const METADATA_LIST: &str = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io";

/// What of a collection is listed, and how much of each object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ask {
    accept: &'static str,
    /// A label selector as it stands in a query; empty for all.
    labels: &'static str,
}

impl Ask {
    /// Everything there is.
    pub const WHOLE: Ask = Ask { accept: WHOLE, labels: "" };

    /// The metadata alone of what has these labels.
    pub const fn metadata_of(labels: &'static str) -> Ask {
        Ask { accept: METADATA_LIST, labels }
    }
}

/// A kind of object in the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Kind {
    /// `/api/v1` or `/apis/GROUP/VERSION`.
    pub group: &'static str,
    pub plural: &'static str,
}

pub(super) const DEPLOYMENTS: Kind = Kind { group: "/apis/apps/v1", plural: "deployments" };
pub(super) const STATEFUL_SETS: Kind = Kind { group: "/apis/apps/v1", plural: "statefulsets" };
pub(super) const DAEMON_SETS: Kind = Kind { group: "/apis/apps/v1", plural: "daemonsets" };
pub(super) const ROLLOUTS: Kind = Kind { group: "/apis/argoproj.io/v1alpha1", plural: "rollouts" };
pub(super) const CRON_JOBS: Kind = Kind { group: "/apis/batch/v1", plural: "cronjobs" };
pub(super) const REPLICA_SETS: Kind = Kind { group: "/apis/apps/v1", plural: "replicasets" };
pub(super) const NAMESPACES: Kind = Kind { group: "/api/v1", plural: "namespaces" };
pub(super) const NODES: Kind = Kind { group: "/api/v1", plural: "nodes" };
pub(super) const PODS: Kind = Kind { group: "/api/v1", plural: "pods" };
pub(super) const QUOTAS: Kind = Kind { group: "/api/v1", plural: "resourcequotas" };
pub(super) const AUTOSCALERS: Kind =
    Kind { group: "/apis/autoscaling/v2", plural: "horizontalpodautoscalers" };
pub(super) const BUDGETS: Kind = Kind { group: "/apis/policy/v1", plural: "poddisruptionbudgets" };
pub(super) const EVENTS: Kind = Kind { group: "/api/v1", plural: "events" };
pub(super) const SECRETS: Kind = Kind { group: "/api/v1", plural: "secrets" };
const CSI: &str = "/apis/secrets-store.csi.x-k8s.io/v1";
pub(super) const CLASSES: Kind = Kind { group: CSI, plural: "secretproviderclasses" };
pub(super) const POD_STATUSES: Kind = Kind { group: CSI, plural: "secretproviderclasspodstatuses" };

impl Kind {
    pub fn of(kind: WorkloadKind) -> Kind {
        match kind {
            WorkloadKind::Deployment => DEPLOYMENTS,
            WorkloadKind::StatefulSet => STATEFUL_SETS,
            WorkloadKind::DaemonSet => DAEMON_SETS,
            WorkloadKind::Rollout => ROLLOUTS,
        }
    }

    /// The kind of workload, where it is one that watches follow.
    pub fn workload(self) -> Option<WorkloadKind> {
        [WorkloadKind::Deployment, WorkloadKind::StatefulSet, WorkloadKind::DaemonSet]
            .into_iter()
            .find(|kind| Kind::of(*kind) == self)
    }

    /// The group alone, as roles name it; empty for the core.
    pub fn group_name(self) -> &'static str {
        self.group.strip_prefix("/apis/").and_then(|group| group.split('/').next()).unwrap_or_default()
    }

    /// The path of the collection; `None` for all namespaces.
    pub fn path(self, namespace: Option<&str>) -> String {
        match namespace {
            Some(namespace) => format!("{}/namespaces/{namespace}/{}", self.group, self.plural),
            None => format!("{}/{}", self.group, self.plural),
        }
    }
}

/// Everything of one kind in one place, and the version of the collection that it was.
pub(super) struct Listed<T> {
    pub items: Vec<T>,
    pub version: String,
}

#[derive(Deserialize)]
struct Page<T> {
    #[serde(default)]
    kind: String,
    metadata: PageMeta,
    items: Option<Vec<T>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageMeta {
    #[serde(default)]
    resource_version: String,
    #[serde(default, rename = "continue")]
    rest: String,
}

/// An object of which only the metadata was asked for.
#[derive(Deserialize)]
pub(super) struct Partial {
    pub metadata: ObjectMeta,
}

/// One API server.
#[derive(Clone)]
pub(super) struct Api {
    pub connection: Connection,
    pub clock: Arc<dyn Clock>,
    /// Shared with all other servers.
    pub turns: Turns,
    /// Whether lists may come with the watches that follow them. Nothing where watches are open.
    pub streams: Option<Streams>,
    /// As “cluster of stamp eastus”.
    pub subject: String,
}

impl Api {
    /// One request. Anything but 200 and 201 is a refusal.
    pub async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<(&'static str, Vec<u8>)>,
        leave: Option<Leave<'_>>,
    ) -> Result<Answer, Failure> {
        self.call_for(WHOLE, method, path, body, leave).await
    }

    async fn call_for(
        &self,
        accept: &'static str,
        method: Method,
        path: &str,
        body: Option<(&'static str, Vec<u8>)>,
        leave: Option<Leave<'_>>,
    ) -> Result<Answer, Failure> {
        let call = async {
            let is_read = method == Method::GET;
            let request = self.request(method, path, body).await?;
            let credentials = request.headers().clone();
            let answer = self.sent(accept, request, leave).await?;
            if answer.status == StatusCode::UNAUTHORIZED && self.connection.refused(&credentials) && is_read {
                let request = self.request(Method::GET, path, None).await?;
                if request.headers().get(AUTHORIZATION) != credentials.get(AUTHORIZATION) {
                    return success(self.sent(accept, request, leave).await?);
                }
            }
            success(answer)
        };
        // Whoever waits here has sent nothing, and a permit is checked after it.
        self.turns.take(call).await
    }

    async fn sent(
        &self,
        accept: &'static str,
        mut request: reqwest::Request,
        leave: Option<Leave<'_>>,
    ) -> Result<Answer, Failure> {
        request.headers_mut().insert(ACCEPT, HeaderValue::from_static(accept));
        let sent_at = self.clock.now();
        let sent = self.connection.http.send(request, leave);
        let answer = match tokio::time::timeout(CALL_TIMEOUT, sent).await {
            Ok(answer) => answer.map_err(Failure::Silence)?,
            Err(_) => {
                let why = format!("no whole answer within {} s", CALL_TIMEOUT.as_secs());
                return Err(Failure::Silence(SendError::NoAnswer(why)));
            }
        };
        self.connection.skew.note(&answer.headers, sent_at, self.clock.now());
        Ok(answer)
    }

    /// A request with credentials, ready to be sent.
    pub async fn request(
        &self,
        method: Method,
        path: &str,
        body: Option<(&'static str, Vec<u8>)>,
    ) -> Result<reqwest::Request, Failure> {
        let address = format!("{}{path}", self.connection.base.as_str().trim_end_matches('/'));
        let url = address.parse().map_err(|error| {
            let why = format!("{address} is no address: {error}");
            Failure::Before(Fault::new(Blindness::Unintelligible, "make a request", &self.subject, why))
        })?;
        let credentials = self.connection.credentials().await.map_err(|(kind, why)| {
            let fault = Fault::new(kind, "get credentials", &self.subject, why);
            Failure::Before(match kind {
                Blindness::Forbidden => {
                    fault.remedy("log in again (az login, kubelogin) or renew the kubeconfig")
                }
                _ => fault,
            })
        })?;
        let mut request = reqwest::Request::new(method, url);
        *request.headers_mut() = credentials;
        request.headers_mut().insert(ACCEPT, HeaderValue::from_static(WHOLE));
        if let Some((content_type, bytes)) = body {
            request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
            *request.body_mut() = Some(bytes.into());
        }
        Ok(request)
    }

    /// Reads one object, patiently.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        self.get_as(WHOLE, path).await
    }

    /// The same, of the object's metadata alone.
    pub async fn metadata(&self, path: &str) -> Result<ObjectMeta, Failure> {
        let Partial { metadata } = self.get_as(METADATA, path).await?;
        Ok(metadata)
    }

    async fn get_as<T: DeserializeOwned>(&self, accept: &'static str, path: &str) -> Result<T, Failure> {
        // Backoff speaks in faults; the failure itself is kept aside for the caller's own judgement.
        let last = Mutex::new(None);
        let keep = |failure| *last.lock().unwrap_or_else(PoisonError::into_inner) = Some(failure);
        let read = Backoff::default()
            .read(self.clock.as_ref(), || async {
                self.read(accept, path).await.map_err(|failure: Failure| {
                    let note = Fault::new(Blindness::Unreachable, "", "", "");
                    let later = failure.refusal().filter(|no| matches!(no.status, 429 | 503));
                    let error = match later {
                        Some(refusal) => ReadError::Later(note, refusal.retry_after),
                        None => ReadError::Final(note),
                    };
                    keep(failure);
                    error
                })
            })
            .await;
        match (read, last.into_inner().unwrap_or_else(PoisonError::into_inner)) {
            (Ok(answer), _) => {
                serde_json::from_slice(&answer.body).map_err(|error| Failure::Garbled(position(&error)))
            }
            (Err(_), Some(failure)) => Err(failure),
            (Err(fault), None) => Err(Failure::Before(fault)),
        }
    }

    /// One read; a second one at once where its connection ended. One that was kept open may have been closed by the server
    /// in the very moment in which it is used again, and that tells nothing of the server.
    async fn read(&self, accept: &'static str, path: &str) -> Result<Answer, Failure> {
        let begun = Instant::now();
        match self.call_for(accept, Method::GET, path, None, None).await {
            Err(Failure::Silence(SendError::NoAnswer(_))) if begun.elapsed() < CALL_TIMEOUT => {
                self.call_for(accept, Method::GET, path, None, None).await
            }
            other => other,
        }
    }

    /// Lists a kind, page by page. A list that expires between two pages is begun again, once.
    pub async fn list<T: DeserializeOwned>(
        &self,
        kind: Kind,
        namespace: Option<&str>,
    ) -> Result<Listed<T>, Failure> {
        self.list_as(Ask::WHOLE, kind, namespace).await
    }

    /// The same, of less.
    pub async fn list_as<T: DeserializeOwned>(
        &self,
        ask: Ask,
        kind: Kind,
        namespace: Option<&str>,
    ) -> Result<Listed<T>, Failure> {
        match self.pages(ask, kind, namespace).await {
            Err(failure) if failure.refusal().is_some_and(Refusal::expired) => {
                self.pages(ask, kind, namespace).await
            }
            other => other,
        }
    }

    /// What a field selector leaves of a kind in one namespace, as far as some pages go; and whether that is all.
    pub async fn some<T: DeserializeOwned>(
        &self,
        kind: Kind,
        namespace: &str,
        fields: &str,
    ) -> Result<(Vec<T>, bool), Failure> {
        let fields: String = url::form_urlencoded::byte_serialize(fields.as_bytes()).collect();
        let first = format!("{}?limit={PAGE}&fieldSelector={fields}", kind.path(Some(namespace)));
        let (mut items, mut path) = (Vec::new(), first.clone());
        for _ in 0..SOME_PAGES {
            let page: Page<T> = self.get(&path).await?;
            items.extend(page.items.unwrap_or_default());
            if page.metadata.rest.is_empty() {
                return Ok((items, true));
            }
            let rest: String = url::form_urlencoded::byte_serialize(page.metadata.rest.as_bytes()).collect();
            path = format!("{first}&continue={rest}");
        }
        Ok((items, false))
    }

    /// The version that a collection has now.
    pub async fn version(&self, kind: Kind, namespace: Option<&str>) -> Result<String, Failure> {
        let path = format!("{}?limit=1", kind.path(namespace));
        let page: Page<serde::de::IgnoredAny> = self.get(&path).await?;
        Ok(page.metadata.resource_version)
    }

    async fn pages<T: DeserializeOwned>(
        &self,
        ask: Ask,
        kind: Kind,
        namespace: Option<&str>,
    ) -> Result<Listed<T>, Failure> {
        let labels = match ask.labels {
            "" => String::new(),
            some => format!("&labelSelector={some}"),
        };
        let first = format!("{}?limit={PAGE}{labels}", kind.path(namespace));
        let mut path = first.clone();
        let mut items = Vec::new();
        let newest = &self.connection.newest;
        let floor = newest.floor(kind);
        for _ in 0..MOST_PAGES {
            let page: Page<T> = self.get_as(ask.accept, &path).await?;
            if !page.kind.is_empty() && !page.kind.ends_with("List") {
                return Err(Failure::Garbled("the answer is an object and no list".to_owned()));
            }
            if let Some(version) = from_the_past(&page.metadata.resource_version, floor) {
                return Err(Failure::Past { version, floor });
            }
            newest.note(kind, &page.metadata.resource_version);
            items.extend(page.items.unwrap_or_default());
            if page.metadata.rest.is_empty() {
                return Ok(Listed { items, version: page.metadata.resource_version });
            }
            let rest: String = url::form_urlencoded::byte_serialize(page.metadata.rest.as_bytes()).collect();
            path = format!("{first}&continue={rest}");
        }
        let why = format!("the list of {} has more than {MOST_PAGES} pages", kind.plural);
        Err(Failure::Garbled(why))
    }
}

fn success(answer: Answer) -> Result<Answer, Failure> {
    if answer.status.is_success() { Ok(answer) } else { Err(Failure::Refused(Refusal::of(&answer))) }
}

/// Where a body stopped making sense. Serde's own text may quote a value, which may be secret.
fn position(error: &serde_json::Error) -> String {
    format!("the answer is not what was expected (line {}, column {})", error.line(), error.column())
}
