//! The activity log of the subscription, as Azure Resource Manager tells it.
//!
//! The filter takes the patterns that the service's description names; here it has to be about the account. Each action
//! is told in events with one correlation id: begun, taken on, and how it ended. Pages are short, so that paging is tried.

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use http::{Method, StatusCode, Uri};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::arm::nested;
use crate::sim::{KeyEvent, World};

const VERSION: &str = "2015-04-01";
const PATH: &str = "providers/microsoft.insights/eventtypes/management/values";

/// Actions on one page.
const PAGE: usize = 20;

pub(super) fn is_asked(method: &Method, path: &str) -> bool {
    method == Method::GET && path.trim_matches('/').ends_with(PATH)
}

pub(super) fn reply(world: &World, uri: &Uri) -> Response {
    let query = uri.query().unwrap_or_default();
    let parameter = |wanted: &str| {
        let mut all = url::form_urlencoded::parse(query.as_bytes());
        all.find(|(name, _)| name == wanted).map(|(_, value)| value.into_owned())
    };
    let bad = |text: &str| nested(StatusCode::BAD_REQUEST, "BadRequest", text);
    if parameter("api-version").as_deref() != Some(VERSION) {
        return bad("The api-version is missing or not supported.");
    }
    let Some(filter) = parameter("$filter") else { return bad("The filter is missing.") };
    let Some(since) = since(&filter) else { return bad("The filter has no start time.") };
    let id = world.account().config().id.resource_id();
    let about = filter.to_lowercase().contains(&format!("resourceuri eq '{}'", id.to_lowercase()));
    let skipped: usize = parameter("$skiptoken").and_then(|token| token.parse().ok()).unwrap_or(0);
    let all = if about { world.key_events(since) } else { Vec::new() };
    let page = all.iter().enumerate().skip(skipped).take(PAGE);
    let events: Vec<Value> = page.flat_map(|(number, event)| told(world, &id, number, event)).collect();
    let mut body = json!({ "value": events });
    let next = skipped + PAGE;
    if next < all.len() {
        body["nextLink"] = json!(link(uri, &filter, next));
    }
    Json(body).into_response()
}

/// The beginning in `eventTimestamp ge '…'`.
fn since(filter: &str) -> Option<Timestamp> {
    let rest = filter.split_once("eventTimestamp ge '")?.1;
    rest.split_once('\'')?.0.parse().ok()
}

fn link(uri: &Uri, filter: &str, skipped: usize) -> String {
    let query: String = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("api-version", VERSION)
        .append_pair("$filter", filter)
        .append_pair("$skiptoken", &skipped.to_string())
        .finish();
    format!("https://management.azure.com{}?{query}", uri.path())
}

fn told(world: &World, id: &str, number: usize, event: &KeyEvent) -> Vec<Value> {
    let told = world.told_of(event).into_iter();
    told.map(|(status, at)| one(id, number, event, (status, at))).collect()
}

fn one(id: &str, number: usize, event: &KeyEvent, (status, at): (&str, Timestamp)) -> Value {
    // What is refused at once is refused because another operation is under way.
    let sub_status = if status == "Failed" { "PreconditionFailed" } else { "" };
    let operation = format!("Microsoft.DocumentDB/databaseAccounts/{}/action", event.operation);
    let mut claims = json!({
        "http://schemas.microsoft.com/identity/claims/objectidentifier": event.identity.object,
    });
    let names = [
        ("appid", &event.identity.application),
        ("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn", &event.identity.name),
    ];
    for (name, value) in names.into_iter().filter(|(_, value)| !value.is_empty()) {
        claims[name] = json!(value);
    }
    json!({
        "correlationId": format!("00000000-0000-4000-8000-{number:012x}"),
        "eventTimestamp": at.to_string(),
        "operationName": { "value": operation, "localizedValue": operation },
        "status": { "value": status, "localizedValue": status },
        "subStatus": { "value": sub_status, "localizedValue": sub_status },
        "resourceId": id,
        "claims": claims,
        "httpRequest": {
            "clientRequestId": event.request_id,
            "clientIpAddress": event.address,
            "method": "POST",
        },
    })
}
