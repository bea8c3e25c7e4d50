//! Azure Resource Graph's face: clusters and vaults of all stamps that exist, a page at a time.

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::arm::nested;
use crate::sim::{Stamp, World};

/// Rows of a page where the question names no number.
const PAGE: usize = 100;

pub(super) fn is_asked(method: &Method, path: &str) -> bool {
    method == Method::POST && path.trim_matches('/') == "providers/microsoft.resourcegraph/resources"
}

pub(super) fn reply(world: &World, body: &[u8]) -> Response {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let query = body["query"].as_str().unwrap_or_default();
    if !query.trim_start().to_lowercase().starts_with("resources") {
        return nested(
            StatusCode::BAD_REQUEST,
            "BadRequest",
            "Please provide below info when asking for support.",
        );
    }
    let asked: Vec<&str> =
        body["subscriptions"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    // What may not be read is left out without a word.
    let stamps = world
        .stamps()
        .filter(|stamp| stamp.destroyed.is_none() && asked.contains(&stamp.subscription.as_str()))
        .filter(|stamp| world.is_shown(stamp));
    let rows: Vec<Value> = stamps.flat_map(|stamp| rows(world, stamp)).collect();
    let options = &body["options"];
    let start: usize = options["$skipToken"].as_str().and_then(|token| token.parse().ok()).unwrap_or(0);
    let top = options["$top"].as_u64().and_then(|top| usize::try_from(top).ok()).unwrap_or(PAGE);
    let page: Vec<Value> = rows.iter().skip(start).take(top.min(PAGE)).cloned().collect();
    let next = start + page.len();
    let mut answer = json!({
        "totalRecords": rows.len(),
        "count": page.len(),
        "resultTruncated": "false",
        "facets": [],
        "data": page,
    });
    if next < rows.len() {
        answer["$skipToken"] = json!(next.to_string());
    }
    Json(answer).into_response()
}

fn rows(world: &World, stamp: &Stamp) -> [Value; 2] {
    let tags =
        world.units().get(stamp.unit).map(|unit| json!({ "Prefix": unit.name, "Branch": unit.branch }));
    let row = |name: &str, kind: &str| {
        let Stamp { subscription, resource_group: group, .. } = stamp;
        json!({
            "id": format!("/subscriptions/{subscription}/resourceGroups/{group}/providers/{kind}/{name}"),
            "name": name,
            "type": kind.to_lowercase(),
            "resourceGroup": group,
            "location": stamp.location,
            "tags": tags,
        })
    };
    [
        row(&stamp.cluster.name, "Microsoft.ContainerService/managedClusters"),
        row(&stamp.vault.name, "Microsoft.KeyVault/vaults"),
    ]
}
