//! Azure Resource Manager's face for the Cosmos DB account: get, listKeys, regenerateKey, operations.
//!
//! Paths are matched without regard to case, as ARM does. Errors of ARM itself are nested under `error`, those of
//! the resource provider are flat. A regeneration is taken on with 202 and two addresses on a regional host.

use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::{Json, Router};
use http::header::{LOCATION, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderName, Method, StatusCode, Uri};
use serde_json::{Value, json};

use super::SharedWorld;
use super::account_body::{account_body, keys_body};
use super::activity;
use super::aks::{self, Servers};
use super::answers::{TurnedAway, is_change, lost, with_change, with_header};
use super::entra::{Directory, MANAGEMENT};
use super::graph;
use super::metrics;
use super::places::Place;
use super::rights;
use super::vault_resource;
use crate::model::{AccountId, KeyKind};
use crate::sim::{Call, Command, Operation, OperationStatus, Refusal, Reply, World};

const STABLE: [&str; 2] = ["2024-08-15", "2026-03-15"];
/// Of permissions and roles, of locks, and of assignments.
const AUTHORIZATION: [&str; 3] = ["2022-04-01", "2020-05-01", "2020-10-01"];
const PREVIEW: &str = "2026-04-01-preview";

/// Seconds after which the service wants to be asked again.
const POLL_SECONDS: u64 = 15;

const FAILED: &str = "The key could not be regenerated.";

/// The last group of a UUID carries an operation's number.
const OPERATION_PREFIX: &str = "7c0fe5aa-0000-4000-8000-";

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

/// What was asked, once path and method are understood.
enum Asked {
    Get,
    ListKeys,
    Permissions,
    /// At the account or its group; or at the subscription.
    Locks {
        subscription: bool,
    },
    Assignments,
    Role,
    Regenerate,
    /// A poll of `operationsStatus`.
    Status(u64),
    /// A poll of `operationResults`.
    Result(u64),
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

/// What ARM says to a call that did not reach the resource provider.
fn turned_away(turned: TurnedAway, changed: bool) -> Response {
    match turned {
        TurnedAway::Throttled(retry_after) => with_header(
            nested(StatusCode::TOO_MANY_REQUESTS, "SubscriptionRequestsThrottled", "Too many requests."),
            RETRY_AFTER,
            &retry_after.as_secs().max(1).to_string(),
        ),
        TurnedAway::Forbidden | TurnedAway::Firewalled => not_authorized(),
        TurnedAway::NoAnswer => lost(changed),
    }
}

/// What ARM says where no role of the caller allows it.
pub(super) fn not_authorized() -> Response {
    nested(
        StatusCode::FORBIDDEN,
        "AuthorizationFailed",
        "The client does not have authorization to perform the action over the scope.",
    )
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

fn operation(world: &World, number: u64) -> Option<OperationStatus> {
    world.account().operation(number).map(|operation| operation.status(world.now()))
}

/// The answer of `operationsStatus`: always 200, the body decides.
fn status(status: Option<OperationStatus>) -> Response {
    match status {
        None => no_operation(),
        Some(OperationStatus::Enqueued) => still_running(
            StatusCode::OK,
            // An empty error while running, as seen.
            json!({ "status": "Enqueued", "error": {} }),
        ),
        Some(OperationStatus::Dequeued) => still_running(StatusCode::OK, json!({ "status": "Dequeued" })),
        Some(OperationStatus::Succeeded) => Json(json!({ "status": "Succeeded" })).into_response(),
        Some(OperationStatus::Failed) => Json(json!({
            "status": "Failed",
            "error": { "code": "InternalServerError", "message": FAILED },
        }))
        .into_response(),
    }
}

/// The answer of `operationResults`: 202 until it is over, then what the synchronous call would have said.
fn result(status: Option<OperationStatus>) -> Response {
    match status {
        None => no_operation(),
        Some(OperationStatus::Enqueued | OperationStatus::Dequeued) => {
            still_running(StatusCode::ACCEPTED, json!({ "status": "Dequeued" }))
        }
        Some(OperationStatus::Succeeded) => StatusCode::OK.into_response(),
        Some(OperationStatus::Failed) => {
            flat(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError", FAILED)
        }
    }
}

fn still_running(status: StatusCode, body: Value) -> Response {
    with_header((status, Json(body)).into_response(), RETRY_AFTER, &POLL_SECONDS.to_string())
}

/// Where an operation is asked for.
struct Addresses {
    host: String,
    account: AccountId,
    region: String,
    version: String,
}

impl Addresses {
    fn of(world: &World, version: &str) -> Addresses {
        let region = world.account().regions().first().map(|region| region.name.clone()).unwrap_or_default();
        let region = region.to_lowercase().replace(' ', "");
        Addresses {
            host: format!("https://{region}.management.azure.com"),
            account: world.account().config().id.clone(),
            region,
            version: version.to_owned(),
        }
    }

    fn status(&self, number: u64) -> String {
        format!(
            "{}/subscriptions/{}/providers/Microsoft.DocumentDB/locations/{}/operationsStatus/{}?api-version={}",
            self.host,
            self.account.subscription,
            self.region,
            operation_id(number),
            self.version
        )
    }

    fn result(&self, number: u64) -> String {
        format!(
            "{}{}/regenerateKey/operationResults/{}?api-version={}",
            self.host,
            self.account.resource_id(),
            operation_id(number),
            self.version
        )
    }
}

fn operation_id(number: u64) -> String {
    format!("{OPERATION_PREFIX}{number:012x}")
}

fn operation_number(id: &str) -> Option<u64> {
    u64::from_str_radix(id.strip_prefix(OPERATION_PREFIX)?, 16).ok()
}

/// Understands a path. The account's own name is compared without regard to case, too.
fn asked(method: &Method, path: &str, account: &AccountId) -> Result<Asked, Box<Response>> {
    let path = path.trim_matches('/').to_lowercase();
    let own = account.resource_id().trim_matches('/').to_lowercase();
    let not_found = || {
        let message = "The resource was not found, or this world does not serve its type.";
        Box::new(nested(StatusCode::NOT_FOUND, "ResourceNotFound", message))
    };
    let operation = |id: &str| operation_number(id).ok_or_else(|| Box::new(no_operation()));
    if let Some(rest) = path.strip_prefix(&own) {
        return match (method, rest) {
            (&Method::GET, "") => Ok(Asked::Get),
            (&Method::GET, "/providers/microsoft.authorization/permissions") => Ok(Asked::Permissions),
            (&Method::GET, "/providers/microsoft.authorization/locks") => {
                Ok(Asked::Locks { subscription: false })
            }
            (&Method::GET, "/providers/microsoft.authorization/roleassignmentscheduleinstances") => {
                Ok(Asked::Assignments)
            }
            (&Method::POST, "/listkeys") => Ok(Asked::ListKeys),
            (&Method::POST, "/regeneratekey") => Ok(Asked::Regenerate),
            (&Method::GET, rest) => match rest.strip_prefix("/regeneratekey/operationresults/") {
                Some(id) => Ok(Asked::Result(operation(id)?)),
                None => Err(not_found()),
            },
            _ => Err(not_found()),
        };
    }
    if let Some(scope) = path.strip_suffix("/providers/microsoft.authorization/locks")
        && method == Method::GET
    {
        let subscription = format!("subscriptions/{}", account.subscription.to_lowercase());
        let group = format!("{subscription}/resourcegroups/{}", account.resource_group.to_lowercase());
        if scope == subscription || scope == group {
            return Ok(Asked::Locks { subscription: scope == subscription });
        }
    }
    if method == Method::GET && format!("/{path}") == rights::role_id(account).to_lowercase() {
        return Ok(Asked::Role);
    }
    let locations = format!(
        "subscriptions/{}/providers/microsoft.documentdb/locations/",
        account.subscription.to_lowercase()
    );
    match path.strip_prefix(&locations).and_then(|rest| rest.split_once("/operationsstatus/")) {
        Some((_, id)) if method == Method::GET => Ok(Asked::Status(operation(id)?)),
        _ => Err(not_found()),
    }
}

/// Whether the path is of the account, and somebody deleted that.
fn is_gone(arm: &Arm, account: &AccountId, path: &str) -> bool {
    let of_account = path.to_lowercase().contains(&account.resource_id().to_lowercase());
    of_account && arm.world.with(|world| world.account().is_deleted())
}

fn account_not_found(account: &AccountId) -> Response {
    let AccountId { resource_group, name, .. } = account;
    let message = format!(
        "The Resource 'Microsoft.DocumentDB/databaseAccounts/{name}' under resource group '{resource_group}' was not found. \
         For more details please go to https://aka.ms/ARMResourceNotFoundFix"
    );
    nested(StatusCode::NOT_FOUND, "ResourceNotFound", &message)
}

/// The api-version, if it is one that this world knows.
fn version(uri: &Uri, knows_preview: bool) -> Result<String, Box<Response>> {
    let query = uri.query().unwrap_or_default();
    let version = url::form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == "api-version")
        .map(|(_, value)| value.into_owned());
    match version {
        None => Err(Box::new(nested(
            StatusCode::BAD_REQUEST,
            "MissingApiVersionParameter",
            "The api-version query parameter (?api-version=) is required for all requests.",
        ))),
        Some(version) if AUTHORIZATION.contains(&version.as_str()) => Ok(version),
        Some(version) if STABLE.contains(&version.as_str()) || (knows_preview && version == PREVIEW) => {
            Ok(version)
        }
        Some(_) => Err(Box::new(nested(
            StatusCode::BAD_REQUEST,
            "NoRegisteredProviderFound",
            "No registered resource provider was found for this api-version.",
        ))),
    }
}

fn refused(refusal: &Refusal) -> Response {
    match refusal {
        Refusal::Busy(name) => flat(
            StatusCode::PRECONDITION_FAILED,
            "PreconditionFailed",
            // Their spelling.
            &format!(
                "There is already an operation in progress which requires exlusive lock on this service \
                 {name}. Please retry the operation after sometime."
            ),
        ),
        Refusal::KeyInUse => {
            flat(StatusCode::PRECONDITION_FAILED, "PreconditionFailed", &refusal.to_string())
        }
        other => flat(StatusCode::BAD_REQUEST, "BadRequest", &other.to_string()),
    }
}

fn no_operation() -> Response {
    flat(StatusCode::NOT_FOUND, "NotFound", "The operation is not known.")
}

pub(super) fn nested(status: StatusCode, code: &str, message: &str) -> Response {
    (status, Json(json!({ "error": { "code": code, "message": message } }))).into_response()
}

fn flat(status: StatusCode, code: &str, message: &str) -> Response {
    (status, Json(json!({ "code": code, "message": message }))).into_response()
}
