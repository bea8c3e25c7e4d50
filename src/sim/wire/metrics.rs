//! Azure Monitor's metrics of the account, as Azure Resource Manager tells them: `TotalRequests` by status and region, a
//! value a minute.
//!
//! Requests are told by region, the refused ones or all of them; any other filter is turned away, and so is whatever else the
//! service's description does not allow.

use std::collections::BTreeMap;

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use http::{Method, StatusCode, Uri};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::arm::nested;
use crate::sim::World;

const VERSION: &str = "2024-02-01";
const PATH: &str = "providers/microsoft.insights/metrics";

/// Series where nobody asks for more.
const TOP: usize = 10;

pub(super) fn is_asked(method: &Method, path: &str) -> bool {
    method == Method::GET && path.trim_matches('/').ends_with(PATH)
}

pub(super) fn reply(world: &World, uri: &Uri) -> Response {
    let query = uri.query().unwrap_or_default();
    let parameters: BTreeMap<String, String> = url::form_urlencoded::parse(query.as_bytes())
        .map(|(name, value)| (name.to_lowercase(), value.into_owned()))
        .collect();
    let parameter = |name: &str| parameters.get(name).map(String::as_str);
    let bad = |text: &str| nested(StatusCode::BAD_REQUEST, "BadRequest", text);
    let id = world.account().config().id.resource_id();
    if !uri.path().to_lowercase().starts_with(&id.to_lowercase()) {
        return nested(StatusCode::NOT_FOUND, "ResourceNotFound", "The resource was not found.");
    }
    if parameter("api-version") != Some(VERSION) {
        return bad("The api-version is missing or not supported.");
    }
    if parameter("metricnames") != Some("TotalRequests") || parameter("aggregation") != Some("Count") {
        return bad("Failed to find metric configuration for provider: Microsoft.DocumentDB.");
    }
    if parameter("interval") != Some("PT1M") {
        return bad("Detected invalid time grain input.");
    }
    let refused = match parameter("$filter") {
        Some("StatusCode eq '401' and Region eq '*'") => true,
        Some("Region eq '*'") => false,
        _ => return bad("The filter is not understood."),
    };
    let Some((since, until)) = parameter("timespan").and_then(timespan) else {
        return bad("Invalid timespan.");
    };
    let top = parameter("top").and_then(|top| top.parse().ok()).unwrap_or(TOP);
    let mut by_region: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    let minutes = if refused { world.refused_minutes(since) } else { world.asked_minutes(since) };
    for ((region, begin), count) in minutes {
        if begin < until {
            let point = json!({ "timeStamp": begin.to_string(), "count": count });
            by_region.entry(region).or_default().push(point);
        }
    }
    let series: Vec<Value> =
        by_region.into_iter().take(top).map(|(region, data)| series(&region, refused, &data)).collect();
    Json(json!({
        "cost": 0,
        "timespan": format!("{since}/{until}"),
        "interval": "PT1M",
        "value": [{
            "id": format!("{id}/providers/Microsoft.Insights/metrics/TotalRequests"),
            "type": "Microsoft.Insights/metrics",
            "name": { "value": "TotalRequests", "localizedValue": "Total Requests" },
            "displayDescription": "Number of requests made",
            "unit": "Count",
            "timeseries": series,
            "errorCode": "Success",
        }],
        "namespace": "microsoft.documentdb/databaseaccounts",
        "resourceregion": world.account().regions().first().map_or("", |region| region.name.as_str()),
    }))
    .into_response()
}

fn series(region: &str, refused: bool, data: &[Value]) -> Value {
    let dimension = |name: &str, value: &str| json!({ "name": { "value": name, "localizedValue": name }, "value": value });
    let status = refused.then(|| dimension("statuscode", "401"));
    let dimensions: Vec<Value> = status.into_iter().chain([dimension("region", region)]).collect();
    json!({ "metadatavalues": dimensions, "data": data })
}

fn timespan(text: &str) -> Option<(Timestamp, Timestamp)> {
    let (since, until) = text.split_once('/')?;
    Some((since.parse().ok()?, until.parse().ok()?))
}
