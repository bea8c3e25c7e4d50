//! Azure Resource Manager's face for the Cosmos DB account: get, listKeys, regenerateKey, operations.
//!
//! Paths are matched without regard to case, as ARM does. Errors of ARM itself are nested under `error`, those of
//! the resource provider are flat. A regeneration is taken on with 202 and two addresses on a regional host.

mod asked;
mod operation;
mod refused;

use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::{Json, Router};
use http::header::{LOCATION, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderName, Method, StatusCode, Uri};
use serde_json::{Value, json};

use self::asked::{Asked, PREVIEW, asked, version};
use self::operation::{Addresses, POLL_SECONDS, operation, result, status};
use self::refused::{account_not_found, flat, is_gone, refused, turned_away};
pub(super) use self::refused::{nested, not_authorized};
use super::SharedWorld;
use super::account_body::{account_body, keys_body};
use super::activity;
use super::aks::{self, Servers};
use super::answers::{is_change, with_change, with_header};
use super::entra::{Directory, MANAGEMENT};
use super::graph;
use super::metrics;
use super::places::Place;
use super::rights;
use super::vault_resource;
use crate::model::KeyKind;
use crate::sim::{Call, Command, Operation, Reply, World};

#[derive(Clone)]
struct Arm {
    world: SharedWorld,
    directory: Directory,
    servers: Servers,
}

/// The face of ARM, for its global and its regional hosts.
pub(super) fn face(world: &SharedWorld, directory: &Directory, servers: &Servers) -> Router {
    let arm = Arm { world: world.clone(), directory: directory.clone(), servers: servers.clone() };
    Router::new().fallback(answer).with_state(arm)
}

async fn answer(
    State(arm): State<Arm>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if !arm.directory.admits(&headers, MANAGEMENT) {
        let challenge = format!(
            "Bearer authorization_uri=\"https://login.microsoftonline.com/{}\", error=\"invalid_token\"",
            arm.directory.tenant()
        );
        let response = nested(StatusCode::UNAUTHORIZED, "AuthenticationFailed", "Authentication failed.");
        return with_header(response, WWW_AUTHENTICATE, &challenge);
    }
    if let Some((place, asked)) = aks::asked(&method, &uri.path().to_lowercase()) {
        return cluster(&arm, &place, asked).await;
    }
    if let Some(place) = vault_resource::asked(&method, &uri.path().to_lowercase()) {
        return vault(&arm, &place).await;
    }
    if let Some(subscription) = vault_resource::list_asked(&method, &uri.path().to_lowercase()) {
        let (call, tenant) = (Call::of(Operation::ListVaults), arm.directory.tenant());
        let answered = arm.world.call(&call, |world| vault_resource::list(world, tenant, subscription)).await;
        return answered.unwrap_or_else(|refusal| turned_away(refusal.into(), false));
    }
    if let Some(asked) = vault_resource::names_asked(&method, &uri.path().to_lowercase()) {
        let call = Call::of(Operation::CheckVaultName);
        let answered = arm.world.call(&call, |world| vault_resource::names(world, &asked, &body)).await;
        return answered.unwrap_or_else(|refusal| turned_away(refusal.into(), false));
    }
    if let Some(subscription) = aks::list_asked(&method, &uri.path().to_lowercase()) {
        let call = Call::of(Operation::ListClusters);
        let answered = arm.world.call(&call, |world| aks::list(world, subscription)).await;
        return answered.unwrap_or_else(|refusal| turned_away(refusal.into(), false));
    }
    if graph::is_asked(&method, &uri.path().to_lowercase()) {
        let call = Call::of(Operation::ReadInventory);
        let answered = arm.world.call(&call, |world| graph::reply(world, &body)).await;
        return answered.unwrap_or_else(|refusal| turned_away(refusal.into(), false));
    }
    if activity::is_asked(&method, &uri.path().to_lowercase()) {
        let call = Call::of(Operation::ReadActivity);
        let answered = arm.world.call(&call, |world| activity::reply(world, &uri)).await;
        return answered.unwrap_or_else(|refusal| turned_away(refusal.into(), false));
    }
    let account = arm.world.with(|world| world.account().config().id.clone());
    if is_gone(&arm, &account, uri.path()) {
        return account_not_found(&account);
    }
    if metrics::is_asked(&method, &uri.path().to_lowercase()) {
        let call = Call::of(Operation::ReadMetrics);
        let answered = arm.world.call(&call, |world| metrics::reply(world, &uri)).await;
        return answered.unwrap_or_else(|refusal| turned_away(refusal.into(), false));
    }
    let asked = match asked(&method, uri.path(), &account) {
        Ok(asked) => asked,
        Err(response) => return *response,
    };
    let version = match version(&uri, arm.world.with(|world| world.account().config().tells_last_use)) {
        Ok(version) => version,
        Err(response) => return *response,
    };
    let operation = match asked {
        Asked::Get | Asked::Permissions | Asked::Locks { .. } | Asked::Assignments | Asked::Role => {
            Operation::ReadAccount
        }
        Asked::ListKeys => Operation::ListKeys,
        Asked::Regenerate => Operation::Regenerate,
        Asked::Status(_) | Asked::Result(_) => Operation::Poll,
    };
    let mut changed = false;
    let call = Call::of(operation);
    let answered = arm.world.call(&call, |world| {
        let asking = Asking { client: arm.directory.client(), version: &version, headers: &headers };
        let response = reply(world, &asked, &asking, &body);
        changed = is_change(&response);
        if response.status().is_success() {
            note(world, &asked, &asking);
        }
        response
    });
    let response = match answered.await {
        Ok(response) => response,
        Err(refusal) => turned_away(refusal.into(), changed),
    };
    let id = azure_core::Uuid::new_v4().to_string();
    with_header(response, HeaderName::from_static("x-ms-request-id"), &id)
}

async fn cluster(arm: &Arm, place: &Place, asked: aks::Asked) -> Response {
    let stamp = arm.world.with(|world| aks::stamp(world, place).map(|stamp| stamp.name.clone()));
    let call = match &stamp {
        Some(stamp) => Call::on(Operation::AskForCluster, stamp),
        None => Call::of(Operation::AskForCluster),
    };
    let answered = arm.world.call(&call, |world| aks::reply(world, &arm.servers, place, asked));
    answered.await.unwrap_or_else(|refusal| turned_away(refusal.into(), false))
}

async fn vault(arm: &Arm, place: &Place) -> Response {
    let stamp = arm.world.with(|world| vault_resource::stamp(world, place).map(|stamp| stamp.name.clone()));
    let call = match &stamp {
        Some(stamp) => Call::on(Operation::AskForVault, stamp),
        None => Call::of(Operation::AskForVault),
    };
    let tenant = arm.directory.tenant();
    let answered = arm.world.call(&call, |world| vault_resource::reply(world, tenant, place));
    answered.await.unwrap_or_else(|refusal| turned_away(refusal.into(), false))
}

/// Who asks, and how.
struct Asking<'a> {
    client: &'a str,
    version: &'a str,
    headers: &'a HeaderMap,
}

impl Asking<'_> {
    fn request_id(&self) -> String {
        let id = self.headers.get("x-ms-client-request-id").and_then(|id| id.to_str().ok());
        id.unwrap_or_default().to_owned()
    }
}

/// What the activity log tells. Of a regeneration the world notes it by itself.
fn note(world: &mut World, asked: &Asked, asking: &Asking<'_>) {
    if matches!(asked, Asked::ListKeys) {
        world.listed_keys(asking.client, asking.request_id());
    }
}

fn reply(world: &mut World, asked: &Asked, asking: &Asking<'_>, body: &[u8]) -> Response {
    match asked {
        Asked::Get => Json(account_body(world, asking.version == PREVIEW)).into_response(),
        Asked::ListKeys | Asked::Regenerate if world.account_lock().is_some() => rights::locked(world),
        Asked::ListKeys => Json(keys_body(world)).into_response(),
        Asked::Permissions => rights::permissions(world),
        Asked::Locks { subscription } => rights::locks(world, *subscription),
        Asked::Assignments => rights::assignments(world),
        Asked::Role => rights::role(world),
        Asked::Regenerate => regenerate(world, asking, body),
        Asked::Status(number) => status(operation(world, *number)),
        Asked::Result(number) => result(operation(world, *number)),
    }
}

fn regenerate(world: &mut World, asking: &Asking<'_>, body: &[u8]) -> Response {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let wanted = body.get("keyKind").and_then(Value::as_str).unwrap_or_default();
    let Some(kind) = KeyKind::ALL.into_iter().find(|kind| kind.azure_name() == wanted) else {
        return flat(StatusCode::BAD_REQUEST, "BadRequest", "The key kind is missing or not known.");
    };
    let (request_id, by) = (asking.request_id(), asking.client.to_owned());
    match world.apply(Command::Regenerate { kind, request_id, by }) {
        Ok(Reply::Operation(number)) => {
            let addresses = Addresses::of(world, asking.version);
            let response = (StatusCode::ACCEPTED, Json(json!({ "status": "Enqueued" }))).into_response();
            let operation = HeaderName::from_static("azure-asyncoperation");
            let response = with_header(with_change(response), operation, &addresses.status(number));
            let response = with_header(response, LOCATION, &addresses.result(number));
            with_header(response, RETRY_AFTER, &POLL_SECONDS.to_string())
        }
        Ok(_) => flat(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError", "no operation"),
        Err(refusal) => refused(&refusal),
    }
}
