//! The query API of Log Analytics, for one workspace with the requests to the account and the audit of the vaults.
//!
//! It understands two questions: rows of the tables named, counted by what tells them apart. What it looks for in the
//! text is which tables are asked, and for which account, or which vaults and which secret; the window comes as a time
//! span. A question about tables that do not exist is a semantic error, as there. A body without its content type gets
//! an empty answer.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use axum::{Json, Router};
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::SharedWorld;
use super::answers::{TurnedAway, lost, with_header};
use super::arm::nested;
use super::entra::Directory;
use crate::model::KeyKind;
use crate::sim::config::{KeyColumn, LogTable};
use crate::sim::{AuditRow, Call, LogRow, Operation, World};

/// The table of the vaults' audit.
const AUDIT: &str = "AZKVAuditLogs";

const AUDIENCE: &str = "https://api.loganalytics.io";

#[derive(Clone)]
struct Workspace {
    world: SharedWorld,
    directory: Directory,
}

pub(super) fn face(world: &SharedWorld, directory: &Directory) -> Router {
    let workspace = Workspace { world: world.clone(), directory: directory.clone() };
    Router::new().route("/v1/workspaces/{id}/query", post(query)).with_state(workspace)
}

async fn query(
    State(workspace): State<Workspace>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if !workspace.directory.admits(&headers, AUDIENCE) {
        let text = "The access token has been obtained from wrong audience or resource.";
        return nested(StatusCode::FORBIDDEN, "InvalidAuthenticationTokenAudience", text);
    }
    let is_json = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.starts_with("application/json"));
    if body.is_empty() || !is_json {
        return StatusCode::OK.into_response();
    }
    let asks_audit = body.windows(AUDIT.len()).any(|part| part == AUDIT.as_bytes());
    let call = Call::of(if asks_audit { Operation::ReadAudit } else { Operation::ReadLogs });
    let answered = workspace.world.call(&call, |world| reply(world, &id, &body)).await;
    answered.unwrap_or_else(|refusal| match refusal.into() {
        TurnedAway::Throttled(retry_after) => with_header(
            nested(StatusCode::TOO_MANY_REQUESTS, "ThrottledError", "Too many queries."),
            RETRY_AFTER,
            &retry_after.as_secs().max(1).to_string(),
        ),
        TurnedAway::Forbidden | TurnedAway::Firewalled => nested(
            StatusCode::FORBIDDEN,
            "InsufficientAccessError",
            "The provided credentials have \
                 insufficient access to perform the requested operation",
        ),
        TurnedAway::NoAnswer => lost(false),
    })
}

fn reply(world: &World, id: &str, body: &[u8]) -> Response {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let (Some(query), Some(since)) = (body["query"].as_str(), since(&body["timespan"])) else {
        return nested(
            StatusCode::BAD_REQUEST,
            "BadArgumentError",
            "The request had some invalid properties",
        );
    };
    let Some(logs) = world.config().logs.clone() else { return no_table(query) };
    if logs.workspace != id {
        let text = "The workspace could not be found";
        return nested(StatusCode::NOT_FOUND, "WorkspaceNotFoundError", text);
    }
    if query.contains(AUDIT) {
        return audit(world, query, since, logs.table);
    }
    let table = match logs.table {
        LogTable::OwnTable => "CDBDataPlaneRequests",
        LogTable::Diagnostics => "AzureDiagnostics",
    };
    if !query.contains(table) || !query.contains("union isfuzzy=true") {
        return no_table(query);
    }
    let ours = query.contains(&format!("'{}'", world.account().config().id.name));
    let rows = if ours { world.log_rows(since) } else { Vec::new() };
    let rows: Vec<Value> = rows.iter().map(|row| cells(row, logs.key_column)).collect();
    let columns = [
        ("Token", "string"),
        ("Key", "string"),
        ("Refused", "bool"),
        ("Region", "string"),
        ("Address", "string"),
        ("Agent", "string"),
        ("Requests", "long"),
        ("First", "datetime"),
        ("Last", "datetime"),
    ];
    let columns = columns.map(|(name, kind)| json!({ "name": name, "type": kind }));
    let table = json!({ "name": "PrimaryResult", "columns": columns, "rows": rows });
    Json(json!({ "tables": [table] })).into_response()
}

/// Who read the secret. Whatever else happens to a vault is not modelled, but that somebody signs in to it now and then.
fn audit(world: &World, query: &str, since: Timestamp, table: LogTable) -> Response {
    let known = match table {
        LogTable::OwnTable => AUDIT,
        LogTable::Diagnostics => "AzureDiagnostics",
    };
    let rows =
        world.audit_rows(since).filter(|_| query.contains(known) && query.contains("union isfuzzy=true"));
    let Some(rows) = rows else { return no_table(query) };
    let of_secret = query.contains(&format!("=~ '{}'", world.config().secret_name));
    let cells = |row: &AuditRow| {
        let only = |text: &str| if of_secret { text.to_owned() } else { String::new() };
        json!([
            row.vault,
            of_secret,
            only(row.version.as_str()),
            only(&row.identity.name),
            only(&row.identity.application),
            only(&row.identity.object),
            only(&row.address),
            only(&row.agent),
            row.count,
            row.first.to_string(),
            row.last.to_string(),
        ])
    };
    let asked = rows.iter().filter(|row| query.contains(&format!("'{}'", row.vault)));
    let rows: Vec<Value> = asked.map(cells).collect();
    let columns = [
        ("Vault", "string"),
        ("Read", "bool"),
        ("Version", "string"),
        ("Name", "string"),
        ("Application", "string"),
        ("Object", "string"),
        ("Address", "string"),
        ("Agent", "string"),
        ("Rows", "long"),
        ("First", "datetime"),
        ("Last", "datetime"),
    ];
    let columns = columns.map(|(name, kind)| json!({ "name": name, "type": kind }));
    let table = json!({ "name": "PrimaryResult", "columns": columns, "rows": rows });
    Json(json!({ "tables": [table] })).into_response()
}

/// The beginning of a time span that is written as two moments.
fn since(timespan: &Value) -> Option<Timestamp> {
    timespan.as_str()?.split_once('/')?.0.parse().ok()
}

fn cells(row: &LogRow, column: KeyColumn) -> Value {
    let name = row.kind.map(token_type).unwrap_or_default();
    let at = |wanted: KeyColumn| if column == wanted { name } else { "" };
    json!([
        at(KeyColumn::AuthTokenType),
        at(KeyColumn::KeyType),
        row.kind.is_none(),
        row.region,
        row.address,
        row.agent,
        row.count,
        row.first.to_string(),
        row.last.to_string(),
    ])
}

fn token_type(kind: KeyKind) -> &'static str {
    match kind.azure_member() {
        "primaryMasterKey" => "PrimaryMasterKey",
        "secondaryMasterKey" => "SecondaryMasterKey",
        "primaryReadonlyMasterKey" => "PrimaryReadonlyMasterKey",
        _ => "SecondaryReadonlyMasterKey",
    }
}

fn no_table(query: &str) -> Response {
    let name = query.split_whitespace().next().unwrap_or_default();
    let inner = json!({
        "code": "SemanticError",
        "message": "A semantic error occurred.",
        "innererror": {
            "code": "SEM0100",
            "message": format!("'{name}' operator: Failed to resolve table expression"),
        },
    });
    let error = json!({
        "message": "The request had some invalid properties",
        "code": "BadArgumentError",
        "correlationId": azure_core::Uuid::new_v4().to_string(),
        "innererror": inner,
    });
    (StatusCode::BAD_REQUEST, Json(json!({ "error": error }))).into_response()
}
