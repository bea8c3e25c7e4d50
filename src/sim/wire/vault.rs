//! Key Vault's face: the one secret of each stamp's vault, with its versions.
//!
//! A call without a token is challenged, as clients expect; the host's first label names the vault. A PUT always
//! makes a new version. A version that is disabled is listed and not given; dates keep nobody from reading.

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::{Json, Router};
use http::header::{HOST, RETRY_AFTER, USER_AGENT, WWW_AUTHENTICATE};
use http::{HeaderMap, Method, StatusCode, Uri};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::SharedWorld;
use super::answers::{TurnedAway, is_change, lost, with_change, with_header};
use super::entra::{Directory, VAULT};
use crate::model::{KeyMaterial, SecretVersion, StampName};
use crate::sim::vault::{Beside, Vault, VaultVersion};
use crate::sim::{Call, Command, Operation, Reply, World};

#[derive(Clone)]
struct Face {
    world: SharedWorld,
    directory: Directory,
}

/// The face of all vaults.
pub(super) fn face(world: &SharedWorld, directory: &Directory) -> Router {
    let face = Face { world: world.clone(), directory: directory.clone() };
    Router::new().fallback(answer).with_state(face)
}

/// What was asked of a vault.
enum Asked {
    Current,
    Version(SecretVersion),
    Versions,
    Set,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SetBody {
    value: String,
    content_type: Option<String>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
    #[serde(default)]
    attributes: SetAttributes,
}

#[derive(Deserialize, Default)]
struct SetAttributes {
    enabled: Option<bool>,
    /// Seconds since 1970, like the other one.
    exp: Option<i64>,
    nbf: Option<i64>,
}

async fn answer(
    State(face): State<Face>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if !face.directory.admits(&headers, VAULT) {
        let challenge = format!(
            "Bearer authorization=\"https://login.microsoftonline.com/{}\", resource=\"{VAULT}\"",
            face.directory.tenant()
        );
        let response = error(StatusCode::UNAUTHORIZED, "Unauthorized", "AKV10000: no valid token.", "");
        return with_header(response, WWW_AUTHENTICATE, &challenge);
    }
    if !uri.query().unwrap_or_default().contains("api-version=7.") {
        return error(StatusCode::BAD_REQUEST, "BadParameter", "api-version is missing or not known", "");
    }
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default().to_owned();
    let Some((stamp, vault)) = face.world.with(|world| vault_of(world, &host)) else {
        return error(StatusCode::NOT_FOUND, "VaultNotFound", "There is no such vault.", "");
    };
    let name = face.world.with(|world| world.config().secret_name.clone());
    let Some(asked) = asked(&method, uri.path(), &name) else { return secret_not_found() };
    let operation = if matches!(asked, Asked::Set) { Operation::WriteVault } else { Operation::ReadVault };
    let secret = Named { stamp: &stamp, vault: &vault, name: &name };
    let agent = headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
    let mut changed = false;
    let call = Call::on(operation, &stamp);
    let answered = face.world.call(&call, |world| {
        let response = secret.reply(world, &asked, &body);
        changed = is_change(&response);
        secret.note(world, &asked, face.directory.client(), agent);
        response
    });
    match answered.await {
        Ok(response) => response,
        Err(refusal) => turned_away(refusal.into(), changed),
    }
}

fn turned_away(turned: TurnedAway, changed: bool) -> Response {
    match turned {
        TurnedAway::Throttled(retry_after) => with_header(
            error(StatusCode::TOO_MANY_REQUESTS, "Throttled", "Request was not processed.", ""),
            RETRY_AFTER,
            &retry_after.as_secs().max(1).to_string(),
        ),
        TurnedAway::Forbidden => error(
            StatusCode::FORBIDDEN,
            "Forbidden",
            "Caller is not authorized to perform action on resource.",
            "ForbiddenByRbac",
        ),
        TurnedAway::Firewalled => error(
            StatusCode::FORBIDDEN,
            "Forbidden",
            "Client address is not authorized and caller is not a trusted service.\r\nClient address: 203.0.113.7",
            "ForbiddenByFirewall",
        ),
        TurnedAway::NoAnswer => lost(changed),
    }
}

/// The one secret of a vault.
struct Named<'a> {
    stamp: &'a StampName,
    vault: &'a str,
    name: &'a str,
}

impl Named<'_> {
    fn reply(&self, world: &mut World, asked: &Asked, body: &[u8]) -> Response {
        let found = match asked {
            Asked::Set => return self.set(world, body),
            Asked::Current => self.held(world).and_then(|vault| vault.read(world.now())),
            Asked::Version(id) => self.held(world).and_then(|vault| vault.version(id)),
            Asked::Versions => return self.versions(world),
        };
        match found {
            Some(version) if !version.beside.enabled => error(
                StatusCode::FORBIDDEN,
                "Forbidden",
                "Operation get is not allowed on a disabled secret.",
                "SecretDisabled",
            ),
            Some(version) => Json(self.bundle(version, true)).into_response(),
            None => secret_not_found(),
        }
    }

    /// What the vault's audit tells.
    fn note(&self, world: &mut World, asked: &Asked, client: &str, agent: &str) {
        let found = match asked {
            Asked::Current => self.held(world).and_then(|vault| vault.read(world.now())),
            Asked::Version(id) => self.held(world).and_then(|vault| vault.version(id)),
            Asked::Set | Asked::Versions => None,
        };
        if let Some(version) = found.map(|version| version.id.clone()) {
            world.visitor_read(self.stamp, version, client, agent);
        }
    }

    fn held<'w>(&self, world: &'w World) -> Option<&'w Vault> {
        world.stamp(self.stamp).map(|stamp| &stamp.vault)
    }

    fn versions(&self, world: &World) -> Response {
        let all = self.held(world).map(Vault::versions).unwrap_or_default();
        let all: Vec<Value> = all.iter().map(|version| self.bundle(version, false)).collect();
        Json(json!({ "value": all })).into_response()
    }

    fn set(&self, world: &mut World, body: &[u8]) -> Response {
        let Ok(SetBody { value, content_type, tags, attributes }) = serde_json::from_slice(body) else {
            return error(StatusCode::BAD_REQUEST, "BadParameter", "The value is missing.", "");
        };
        let value = KeyMaterial::new(Zeroizing::new(value));
        let time = |at: Option<i64>| at.and_then(|at| Timestamp::from_second(at).ok());
        let SetAttributes { enabled, exp, nbf } = attributes;
        let (expires, valid_from) = (time(exp), time(nbf));
        let beside = Beside { enabled: enabled.unwrap_or(true), expires, valid_from, content_type, tags };
        let reply = world.apply(Command::PutSecret { stamp: self.stamp.clone(), value, beside });
        let written = self.held(world).and_then(Vault::current);
        match (reply, written) {
            (Ok(Reply::Version(_)), Some(version)) => {
                with_change(Json(self.bundle(version, true)).into_response())
            }
            _ => error(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError", "not written", ""),
        }
    }

    fn bundle(&self, version: &VaultVersion, with_value: bool) -> Value {
        let created = version.created.as_second();
        let Beside { enabled, expires, valid_from, content_type, tags } = &version.beside;
        let mut bundle = json!({
            "id": format!("https://{}.vault.azure.net/secrets/{}/{}", self.vault, self.name, version.id),
            "attributes": {
                "enabled": enabled,
                "created": created,
                "updated": created,
                "recoveryLevel": "Recoverable+Purgeable",
                "recoverableDays": 90,
            },
        });
        let dates = [("exp", expires), ("nbf", valid_from)];
        for (name, at) in dates.into_iter().filter_map(|(name, at)| Some((name, (*at)?))) {
            bundle["attributes"][name] = json!(at.as_second());
        }
        if let Some(content_type) = content_type {
            bundle["contentType"] = json!(content_type);
        }
        if !tags.is_empty() {
            bundle["tags"] = json!(tags);
        }
        if let (true, Some(members)) = (with_value, bundle.as_object_mut()) {
            members.insert("value".to_owned(), json!(version.value.text().expose()));
        }
        bundle
    }
}

/// The stamp whose vault the host names, and the vault's name.
fn vault_of(world: &World, host: &str) -> Option<(StampName, String)> {
    let name = host.split('.').next()?;
    let stamp = world
        .stamps()
        .find(|stamp| stamp.destroyed.is_none() && stamp.vault.name.eq_ignore_ascii_case(name))?;
    Some((stamp.name.clone(), stamp.vault.name.clone()))
}

fn asked(method: &Method, path: &str, secret: &str) -> Option<Asked> {
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    match (method, segments.as_slice()) {
        (_, ["secrets", name, ..]) if !name.eq_ignore_ascii_case(secret) => None,
        (&Method::GET, ["secrets", _]) => Some(Asked::Current),
        (&Method::PUT, ["secrets", _]) => Some(Asked::Set),
        (&Method::GET, ["secrets", _, "versions"]) => Some(Asked::Versions),
        (&Method::GET, ["secrets", _, version]) => Some(Asked::Version(SecretVersion::new(*version))),
        _ => None,
    }
}

fn secret_not_found() -> Response {
    error(
        StatusCode::NOT_FOUND,
        "SecretNotFound",
        "A secret with that name was not found in this key vault.",
        "",
    )
}

fn error(status: StatusCode, code: &str, message: &str, inner: &str) -> Response {
    let mut body = json!({ "error": { "code": code, "message": message } });
    if !inner.is_empty() {
        body["error"]["innererror"] = json!({ "code": inner });
    }
    (status, Json(body)).into_response()
}
