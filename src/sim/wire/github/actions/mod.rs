//! GitHub Actions, as much of it as running and following one workflow needs.
//!
//! The world's pipeline as a workflow: its runs, its stages as jobs, environments that wait, logs. What trips naive
//! clients is kept: a dispatch that names no run unless it is asked to, runs that are on no list for some seconds,
//! jobs that are listed when their turn has come and not before, an input that no workflow has, logs on another host
//! under an address that is signed and takes no token. What runs do is the world's.

mod dispatch;
mod jobs;
mod logs;
mod runs;

use axum::Router;
use axum::routing::{get, post};
use serde_json::{Value, json};

pub use logs::{LOGS, logs_host, logs_router};

use super::{Face, time};
use crate::sim::World;
use crate::sim::config::Accepting;

/// The number of the world's workflow.
const WORKFLOW: u64 = 161_335;

pub(super) fn routes() -> Router<Face> {
    let own = |rest: &str| format!("/repos/{{owner}}/{{repository}}/actions{rest}");
    Router::new()
        .route(&own("/workflows/{workflow}"), get(dispatch::workflow))
        .route(&own("/workflows/{workflow}/dispatches"), post(dispatch::dispatch))
        .route(&own("/workflows/{workflow}/runs"), get(runs::of_workflow))
        .route(&own("/runs"), get(runs::list))
        .route(&own("/runs/{run}"), get(runs::get))
        .route(&own("/runs/{run}/jobs"), get(jobs::list))
        .route(&own("/runs/{run}/pending_deployments"), get(jobs::pending))
        .route(&own("/runs/{run}/cancel"), post(runs::cancel))
        .route(&own("/jobs/{job}/logs"), get(logs::redirect))
}

/// Where the workflow's file lies.
fn file(world: &World) -> String {
    format!("{}.yml", world.config().pipeline.name)
}

/// Whether this is the workflow's file or number.
fn is_workflow(world: &World, asked: &str) -> bool {
    asked == file(world) || asked == WORKFLOW.to_string()
}

fn workflow_body(world: &World) -> Value {
    let (base, page) = (super::repository::base(world), super::repository::page(world));
    let (file, born) = (file(world), time(world.config().start));
    let state = match world.config().pipeline.accepting {
        Accepting::Enabled | Accepting::Paused => "active",
        Accepting::Disabled => "disabled_manually",
    };
    json!({
        "id": WORKFLOW, "node_id": super::node_id("Workflow", WORKFLOW), "name": world.config().pipeline.name,
        "path": world.config().pipeline.workflow_path(), "state": state, "created_at": born, "updated_at": born,
        "url": format!("{base}/actions/workflows/{WORKFLOW}"),
        "html_url": format!("{page}/blob/main/.github/workflows/{file}"),
        "badge_url": format!("{page}/workflows/release/badge.svg"),
    })
}
