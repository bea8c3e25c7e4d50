//! Azure DevOps, as much of it as running and following a pipeline needs.
//!
//! Definitions, builds, timelines, logs, approvals and runs of the world's one pipeline, API version 7.1. What trips naive
//! clients is kept: a sign-in page with status 203 for bad credentials, pages whose token is in a header, no timeline
//! until a run has begun, no way to start a run twice as one, answers of status 200 that ask to stay away. What runs do
//! is the world's.

mod answer;
mod approvals;
mod builds;
mod definitions;
mod door;
mod logs;
mod runs;
mod timeline;

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use http::HeaderMap;
use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::{Value, json};
use sha2::Digest as _;

use super::route::HostPattern;
use super::shared::SharedWorld;

/// The host that the face answers for.
pub const HOST: &str = "dev.azure.com";

/// The number of the world's pipeline.
pub const PIPELINE: u32 = 25;

/// The number of the one that validates pull requests.
pub const VALIDATION: u32 = 26;

/// Says whether a request carries a living Entra token for Azure DevOps.
pub type AdmitsBearer = Arc<dyn Fn(&HeaderMap) -> bool + Send + Sync>;

/// Where the pipeline lives, and who may ask.
pub struct DevOpsAccess {
    pub organization: String,
    pub project: String,
    /// A personal access token.
    pub pat: SecretString,
    /// Whom it belongs to.
    pub login: String,
    /// How other tokens are judged; without it none is good.
    pub bearer: Option<AdmitsBearer>,
    /// How many seconds every answer asks the caller to stay away, as the service does before it refuses.
    pub slowed: Option<u32>,
    /// When the personal access token ends.
    pub pat_ends: Option<Timestamp>,
}

impl DevOpsAccess {
    pub fn new(organization: &str, project: &str, pat: SecretString, login: &str) -> DevOpsAccess {
        DevOpsAccess {
            organization: organization.to_owned(),
            project: project.to_owned(),
            pat,
            login: login.to_owned(),
            bearer: None,
            slowed: None,
            pat_ends: None,
        }
    }

    pub fn bearer(mut self, admits: AdmitsBearer) -> DevOpsAccess {
        self.bearer = Some(admits);
        self
    }
}

/// The host to register the router for.
pub fn host() -> HostPattern {
    HostPattern::name(HOST)
}

/// The face.
pub fn router(shared: SharedWorld, access: DevOpsAccess) -> Router {
    let face = Face(Arc::new(Inner { shared, access }));
    let apis = Router::new()
        .route("/build/definitions", get(definitions::list))
        .route("/build/definitions/{id}", get(definitions::get))
        .route("/build/builds", get(builds::list))
        .route("/build/builds/{id}", get(builds::get).patch(builds::update))
        .route("/build/builds/{id}/timeline", get(timeline::get))
        .route("/build/builds/{id}/logs", get(logs::list))
        .route("/build/builds/{id}/logs/{log}", get(logs::get))
        .route("/pipelines/approvals", get(approvals::list))
        .route("/pipelines/{pipeline}/runs", get(runs::list).post(runs::start))
        .route("/pipelines/{pipeline}/runs/{id}", get(runs::get))
        .layer(from_fn_with_state(face.clone(), door::is_ours));
    Router::new()
        .nest("/{organization}/{project}/_apis", apis)
        .fallback(async || answer::no_page())
        .layer(from_fn_with_state(face.clone(), door::signed_in))
        .with_state(face)
}

#[derive(Clone)]
struct Face(Arc<Inner>);

struct Inner {
    shared: SharedWorld,
    access: DevOpsAccess,
}

impl Face {
    /// Where the project's own addresses begin.
    fn base(&self) -> String {
        let access = &self.0.access;
        format!("https://{HOST}/{}/{}", access.organization, access.project)
    }

    fn project(&self) -> Value {
        let access = &self.0.access;
        json!({
            "id": guid(&access.project), "name": access.project, "state": "wellFormed", "revision": 1,
            "visibility": "private", "lastUpdateTime": "2026-01-01T00:00:00Z",
            "url": format!("https://{HOST}/{}/_apis/projects/{}", access.organization, guid(&access.project)),
        })
    }

    fn person(&self, login: &str) -> Value {
        let id = guid(login);
        json!({
            "id": id, "displayName": login, "uniqueName": format!("{login}@example.com"), "descriptor": format!("aad.{id}"),
            "url": format!("https://spsprodweu1.vssps.visualstudio.com/_apis/Identities/{id}"),
            "imageUrl": format!("https://{HOST}/{}/_apis/GraphProfile/MemberAvatars/{id}", self.0.access.organization),
        })
    }
}

/// An id that is always the same for the same text.
fn guid(text: &str) -> String {
    let hex: String =
        sha2::Sha256::digest(text.as_bytes()).iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default().to_owned();
    [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
}

/// A time as Azure DevOps writes it: in ticks of 100 ns.
fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%7fZ").to_string()
}
