//! What Azure's authorization tells of keyslot's rights on the account: permissions, locks, and the one role that
//! keyslot has, until when it is assigned, and what it allows.

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use serde_json::{Value, json};

use super::arm::nested;
use crate::model::AccountId;
use crate::sim::{Call, Operation, World};

/// “DocumentDB Account Contributor”.
const ROLE: &str = "5bd9cd88-fe45-4216-938b-f97437e15450";

const ACTIONS: [&str; 2] = ["Microsoft.Authorization/*/read", "Microsoft.DocumentDb/databaseAccounts/*"];

pub(super) fn role_id(account: &AccountId) -> String {
    format!(
        "/subscriptions/{}/providers/Microsoft.Authorization/roleDefinitions/{ROLE}",
        account.subscription
    )
}

fn permission(not_actions: &[&str]) -> Value {
    json!({ "actions": ACTIONS, "notActions": not_actions, "dataActions": [], "notDataActions": [] })
}

/// The role as far as the account goes, less what is always refused.
pub(super) fn permissions(world: &World) -> Response {
    let forbidden: Vec<&str> = [
        (Operation::ListKeys, "Microsoft.DocumentDb/databaseAccounts/listKeys/*"),
        (Operation::Regenerate, "Microsoft.DocumentDb/databaseAccounts/regenerateKey/*"),
    ]
    .into_iter()
    .filter(|(operation, _)| world.forbids(&Call::of(*operation)))
    .map(|(_, action)| action)
    .collect();
    Json(json!({ "value": [permission(&forbidden)] })).into_response()
}

/// A lock refuses every POST, whoever sends it.
pub(super) fn locked(world: &World) -> Response {
    let id = world.account().config().id.resource_id();
    let message = format!(
        "The scope '{id}' cannot perform write operation because following scope(s) are locked: '{id}'. Please remove \
         the lock and try again."
    );
    nested(StatusCode::CONFLICT, "ScopeLocked", &message)
}

/// The locks that are listed at the account, or above it: Azure lists with a scope's own those of what lies below.
pub(super) fn locks(world: &World, above: bool) -> Response {
    let config = world.account().config();
    let scope = match config.lock_above {
        true => format!("/subscriptions/{}", config.id.subscription),
        false => config.id.resource_id(),
    };
    let lock = |name: &str| {
        json!({
            "id": format!("{scope}/providers/Microsoft.Authorization/locks/{name}"),
            "type": "Microsoft.Authorization/locks",
            "name": name,
            "properties": { "level": "ReadOnly", "notes": "" },
        })
    };
    let listed = above || !config.lock_above;
    let locks: Vec<Value> = world.account_lock().filter(|_| listed).into_iter().map(lock).collect();
    Json(json!({ "value": locks })).into_response()
}

pub(super) fn assignments(world: &World) -> Response {
    let account = &world.account().config().id;
    let mut properties = json!({
        "scope": format!("/subscriptions/{}/resourceGroups/{}", account.subscription, account.resource_group),
        "roleDefinitionId": role_id(account),
        "status": "Provisioned",
        "memberType": "Direct",
        "assignmentType": "Assigned",
        "startDateTime": world.config().start.to_string(),
    });
    if let Some(end) = world.role_end().filter(|end| *end > world.now()) {
        properties["assignmentType"] = json!("Activated");
        properties["endDateTime"] = json!(end.to_string());
    }
    let ended = world.role_end().is_some_and(|end| end <= world.now());
    let all: Vec<Value> = (!ended).then(|| json!({ "properties": properties })).into_iter().collect();
    Json(json!({ "value": all })).into_response()
}

pub(super) fn role(world: &World) -> Response {
    let id = role_id(&world.account().config().id);
    Json(json!({ "id": id, "name": ROLE, "properties": { "permissions": [permission(&[])] } }))
        .into_response()
}
