//! Deployments and their statuses.
//!
//! The order of statuses is not promised, and so it is the wrong one.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use http::Uri;
use serde_json::{Value, json};

use super::page::{page as paged, parameter};
use super::repository::{base, page, person};
use super::{Face, answer, node_id, time};
use crate::sim::{Call, Deployment, Operation, World};

pub(super) async fn list(State(face): State<Face>, uri: Uri) -> Response {
    let wanted = |name: &str, is: &str| parameter(&uri, name).is_none_or(|wanted| wanted == is);
    let call = Call::of(Operation::ReadDeployments);
    let found = face.0.shared.call(&call, |world| {
        let all = world.deployments().into_iter().rev();
        let shown = all.filter(|one| {
            wanted("environment", &one.environment)
                && wanted("sha", one.commit.as_str())
                && wanted("ref", one.branch.as_str())
        });
        shown.map(|one| body(world, &one)).collect::<Vec<Value>>()
    });
    match found.await {
        Ok(all) => paged(&uri, all),
        Err(refusal) => answer::refused(&refusal),
    }
}

pub(super) async fn statuses(
    State(face): State<Face>,
    Path((_, _, id)): Path<(String, String, u64)>,
    uri: Uri,
) -> Response {
    let call = Call::of(Operation::ReadDeployments);
    let found = face.0.shared.call(&call, |world| {
        let one = world.deployments().into_iter().find(|one| one.id == id)?;
        let numbered = one.statuses.iter().enumerate();
        Some(numbered.map(|(place, status)| status_body(world, &one, place, status)).collect::<Vec<Value>>())
    });
    match found.await {
        Ok(Some(all)) => paged(&uri, all),
        Ok(None) => answer::not_found(),
        Err(refusal) => answer::refused(&refusal),
    }
}

/// What GraphQL says of the deployments to an environment: a page of a hundred, the newest first.
pub(super) fn latest(world: &World, variables: &Value) -> Value {
    let environment = variables["environment"].as_str().unwrap_or_default();
    let all: Vec<Deployment> =
        world.deployments().into_iter().rev().filter(|one| one.environment == environment).collect();
    let (shown, info) = a_page(&all, variables);
    let nodes: Vec<Value> = shown
        .iter()
        .map(|one| {
            let log = format!("{}/deployments/{}", page(world), one.environment);
            let status = one.statuses.last().map(
                |(state, at)| json!({ "state": state.to_uppercase(), "createdAt": time(*at), "logUrl": log }),
            );
            json!({ "id": node_id("Deployment", one.id), "createdAt": time(one.at), "latestStatus": status })
        })
        .collect();
    json!({ "pageInfo": info, "nodes": nodes })
}

/// The hundred that are asked for by GraphQL's `first` and `after`, and its word on where they are.
pub(super) fn a_page<'a, T>(all: &'a [T], variables: &Value) -> (&'a [T], Value) {
    let after: usize = variables["after"].as_str().and_then(|after| after.parse().ok()).unwrap_or_default();
    let end = all.len().min(after + 100);
    let info = json!({ "hasNextPage": end < all.len(), "endCursor": end.to_string() });
    (all.get(after..end).unwrap_or_default(), info)
}

/// An environment that the pipeline names, or that somebody has deployed to.
pub(super) async fn environment(
    State(face): State<Face>,
    Path((_, _, name)): Path<(String, String, String)>,
) -> Response {
    let call = Call::of(Operation::ReadDeployments);
    let found = face.0.shared.call(&call, |world| {
        let deployed = || world.deployments().iter().any(|one| one.environment == name);
        let known = world.config().pipeline.environment.as_ref() == Some(&name) || deployed();
        known.then(|| {
            let own = format!("{}/environments/{name}", base(world));
            json!({
                "id": 1, "node_id": node_id("Environment", 1), "name": name, "url": own, "html_url": page(world),
                "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z",
                "protection_rules": [], "deployment_branch_policy": null,
            })
        })
    });
    match found.await {
        Ok(Some(found)) => Json(found).into_response(),
        Ok(None) => answer::not_found(),
        Err(refusal) => answer::refused(&refusal),
    }
}

fn body(world: &World, one: &Deployment) -> Value {
    let own = format!("{}/deployments/{}", base(world), one.id);
    let updated = one.statuses.last().map_or(one.at, |(_, at)| *at);
    json!({
        "id": one.id, "node_id": node_id("Deployment", one.id), "url": own, "sha": one.commit.as_str(),
        "ref": one.branch.as_str(), "task": "deploy", "payload": {}, "original_environment": one.environment,
        "environment": one.environment, "description": null, "creator": person(&one.by),
        "created_at": time(one.at), "updated_at": time(updated), "statuses_url": format!("{own}/statuses"),
        "repository_url": base(world), "transient_environment": false, "production_environment": true,
    })
}

fn status_body(
    world: &World,
    one: &Deployment,
    place: usize,
    (state, at): &(String, jiff::Timestamp),
) -> Value {
    let (own, id) = (format!("{}/deployments/{}", base(world), one.id), one.id * 10 + place as u64);
    let log = format!("{}/deployments/{}", page(world), one.environment);
    json!({
        "id": id, "node_id": node_id("DeploymentStatus", id), "url": format!("{own}/statuses/{id}"), "state": state,
        "creator": person(&one.by), "description": "", "environment": one.environment, "target_url": log,
        "log_url": log, "environment_url": "https://prod.example.com/", "created_at": time(*at), "updated_at": time(*at),
        "deployment_url": own, "repository_url": base(world),
    })
}
