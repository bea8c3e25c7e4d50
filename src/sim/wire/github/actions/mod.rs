//! GitHub Actions, as much of it as running and following one workflow needs.
//!
//! The world's pipeline as a workflow: its runs, its stages as jobs, environments that wait, logs. What trips naive
//! clients is kept: a dispatch that names no run unless it is asked to, runs that are on no list for some seconds,
//! jobs that are listed when their turn has come and not before, an input that no workflow has, logs on another host
//! under an address that is signed and takes no token. What runs do is the world's.

mod dispatch;
mod expression;
mod jobs;
mod logs;
mod runs;

use axum::Router;
use axum::routing::{get, post};
use serde_json::{Value, json};

pub use logs::{LOGS, logs_host, logs_router};

use super::{Face, time};
use crate::sim::config::Accepting;
use crate::sim::{Run, World};

/// The number of the world's workflow.
pub const WORKFLOW: u64 = 161_335;

/// The number of the one that validates pull requests.
const VALIDATION: u64 = 161_336;

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

/// The numbers of the workflows, with where their files lie and whether they take runs.
fn workflows(world: &World) -> [(u64, String, Accepting); 2] {
    let (pipeline, check) = (&world.config().pipeline, &world.config().people.check);
    [
        (WORKFLOW, pipeline.workflow_path(), pipeline.accepting),
        (VALIDATION, check.workflow_path(), check.accepting),
    ]
}

/// The number of the workflow that is asked for by its file or number.
fn workflow(world: &World, asked: &str) -> Option<u64> {
    let all = workflows(world).into_iter();
    let named = |(id, path, _): &(u64, String, Accepting)| {
        path.rsplit('/').next() == Some(asked) || id.to_string() == asked
    };
    all.filter(named).map(|(id, ..)| id).next()
}

/// The number of the workflow that it is a run of, its name and its file.
fn of_run(world: &World, run: &Run) -> (u64, String, String) {
    let id = if run.validates { VALIDATION } else { WORKFLOW };
    let path = workflows(world).into_iter().find(|(known, ..)| *known == id).map(|(_, path, _)| path);
    (id, name(world, id), path.unwrap_or_default())
}

fn name(world: &World, id: u64) -> String {
    match id {
        VALIDATION => world.config().people.check.name.clone(),
        _ => world.config().pipeline.name.clone(),
    }
}

fn workflow_body(world: &World, id: u64) -> Value {
    let (base, page) = (super::repository::base(world), super::repository::page(world));
    let born = time(world.config().start);
    let known = workflows(world).into_iter().find(|(known, ..)| *known == id);
    let (_, path, accepting) = known.unwrap_or_default();
    let state = match accepting {
        Accepting::Enabled | Accepting::Paused => "active",
        Accepting::Disabled => "disabled_manually",
    };
    json!({
        "id": id, "node_id": super::node_id("Workflow", id), "name": name(world, id),
        "path": path, "state": state, "created_at": born, "updated_at": born,
        "url": format!("{base}/actions/workflows/{id}"), "html_url": format!("{page}/blob/main/{path}"),
        "badge_url": format!("{page}/workflows/{}/badge.svg", name(world, id)),
    })
}
