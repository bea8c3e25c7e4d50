//! What a job has printed: an address on another host, signed and good for a minute, that takes no token.

use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use http::header::{AUTHORIZATION, CONTENT_TYPE, LOCATION};
use http::{HeaderMap, StatusCode, Uri};
use jiff::Timestamp;

use super::super::page::parameter;
use super::super::{Face, answer, stable_number};
use super::jobs::job_id;
use crate::sim::World;
use crate::sim::wire::route::HostPattern;
use crate::sim::wire::shared::SharedWorld;

/// The host that keeps the logs.
pub const LOGS: &str = "results-receiver.actions.githubusercontent.com";

/// How long an address is good, in seconds of wall time, as tokens are.
const GOOD: i64 = 60;

/// The host to register the router of the logs for.
pub fn logs_host() -> HostPattern {
    HostPattern::name(LOGS)
}

/// The place of the logs.
pub fn logs_router(shared: SharedWorld) -> Router {
    Router::new().route("/logs/{job}", get(read)).with_state(shared)
}

fn signature(job: &str, end: i64) -> String {
    format!("s{}", stable_number(&format!("{job} until {end}")))
}

pub(super) async fn redirect(
    State(face): State<Face>,
    Path((_, _, job)): Path<(String, String, String)>,
) -> Response {
    let end = Timestamp::now().as_second() + GOOD;
    if face.0.shared.with(|world| log(world, &job)).is_none() {
        return answer::not_found();
    }
    let place = format!("https://{LOGS}/logs/{job}?se={end}&sig={}", signature(&job, end));
    (StatusCode::FOUND, [(LOCATION, place)]).into_response()
}

/// Who sends a token beside the signature is turned away, as blob stores do.
async fn read(
    State(shared): State<SharedWorld>,
    Path(job): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let end = parameter(&uri, "se").and_then(|end| end.parse::<i64>().ok()).unwrap_or_default();
    let signed = parameter(&uri, "sig").is_some_and(|given| given == signature(&job, end));
    if headers.contains_key(AUTHORIZATION) || !signed || end < Timestamp::now().as_second() {
        return (StatusCode::FORBIDDEN, "AuthenticationFailed").into_response();
    }
    match shared.with(|world| log(world, &job)) {
        Some(text) => (StatusCode::OK, [(CONTENT_TYPE, "text/plain")], text).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn log(world: &World, job: &str) -> Option<String> {
    let job: u64 = job.parse().ok()?;
    let all = world.runs().iter().flat_map(|run| {
        run.stages.iter().enumerate().map(move |(place, stage)| (run, job_id(run, place, stage), stage))
    });
    let (run, _, stage) = all.into_iter().find(|(_, id, stage)| *id == job && stage.started.is_some())?;
    let text = world.stage_log(&run.id(), &stage.name)?;
    Some(format!("{text}2026-01-01T00:00:00.0000000Z Post job cleanup.\n"))
}
