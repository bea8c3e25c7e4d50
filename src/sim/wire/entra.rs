//! Entra ID's token endpoint, as far as client credentials go.
//!
//! The directory knows one application, made at random with each wire. Tokens are opaque, random, good for one
//! audience, and live in wall time, as the credentials' caches do. Other faces ask [`Directory::admits`].

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use axum::{Json, Router};
use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{HeaderMap, StatusCode};
use ring::rand::{SecureRandom as _, SystemRandom};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;
use sha2::{Digest as _, Sha256};

/// As the real endpoint.
const LIFETIME: Duration = Duration::from_secs(3599);

/// What tokens may be for.
const AUDIENCES: [&str; 5] = [
    MANAGEMENT,
    VAULT,
    "https://api.loganalytics.io",
    DEVOPS,
    // The server application of AKS clusters with Entra.
    AKS_SERVER,
];

pub const MANAGEMENT: &str = "https://management.azure.com";
pub const VAULT: &str = "https://vault.azure.net";
/// Azure DevOps.
pub const DEVOPS: &str = "499b84ac-1321-427f-aa17-267ca6975798";
pub const AKS_SERVER: &str = "6dae42f8-4368-4678-94ff-3960e28e3630";

/// The application that may sign in. Clones share the tokens.
#[derive(Clone)]
pub struct Directory(Arc<Inner>);

struct Inner {
    tenant: String,
    client: String,
    secret: SecretString,
    tokens: Mutex<BTreeMap<[u8; 32], Grant>>,
}

struct Grant {
    audience: String,
    until: Instant,
}

impl Directory {
    /// A tenant with one application.
    pub(super) fn new() -> Directory {
        Directory(Arc::new(Inner {
            tenant: azure_core::Uuid::new_v4().to_string(),
            client: azure_core::Uuid::new_v4().to_string(),
            secret: SecretString::from(random_text()),
            tokens: Mutex::default(),
        }))
    }

    pub fn tenant(&self) -> &str {
        &self.0.tenant
    }

    pub fn client(&self) -> &str {
        &self.0.client
    }

    /// The application's secret, for those who set up a client.
    pub fn secret(&self) -> &SecretString {
        &self.0.secret
    }

    /// Whether the request carries a living token for the audience.
    pub fn admits(&self, headers: &HeaderMap, audience: &str) -> bool {
        let bearer = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let Some(token) = bearer.and_then(|text| text.strip_prefix("Bearer ")) else { return false };
        let tokens = self.0.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        tokens
            .get(&digest(token))
            .is_some_and(|grant| grant.audience == audience && Instant::now() < grant.until)
    }

    /// Whether this text is a token that was issued here, living or not: for those who search what was written
    /// for leaks.
    pub fn has_issued(&self, token: &str) -> bool {
        self.0.tokens.lock().unwrap_or_else(PoisonError::into_inner).contains_key(&digest(token))
    }

    /// Forgets all tokens, as if they had been revoked.
    pub fn revoke_all(&self) {
        self.0.tokens.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn issue(&self, audience: &str) -> String {
        let token = random_text();
        let grant = Grant { audience: audience.to_owned(), until: Instant::now() + LIFETIME };
        self.0.tokens.lock().unwrap_or_else(PoisonError::into_inner).insert(digest(&token), grant);
        token
    }

    /// The face of the login host.
    pub(super) fn face(&self) -> Router {
        Router::new().route("/{tenant}/oauth2/v2.0/token", post(token)).with_state(self.clone())
    }
}

async fn token(State(directory): State<Directory>, Path(tenant): Path<String>, body: Bytes) -> Response {
    let fields: BTreeMap<String, String> = url::form_urlencoded::parse(&body).into_owned().collect();
    match grant(&directory, &tenant, &fields) {
        Ok(audience) => Json(json!({
            "token_type": "Bearer",
            "expires_in": LIFETIME.as_secs(),
            "ext_expires_in": LIFETIME.as_secs(),
            "access_token": directory.issue(audience),
        }))
        .into_response(),
        Err(refused) => refused.into_response(),
    }
}

/// An error of the endpoint: `error`, its number, its prose.
struct Refused(&'static str, u32, &'static str);

impl Refused {
    fn into_response(self) -> Response {
        let Refused(error, code, prose) = self;
        let status =
            if error == "invalid_client" { StatusCode::UNAUTHORIZED } else { StatusCode::BAD_REQUEST };
        let body = json!({
            "error": error,
            "error_description": format!("AADSTS{code}: {prose}"),
            "error_codes": [code],
            "trace_id": azure_core::Uuid::new_v4().to_string(),
            "correlation_id": azure_core::Uuid::new_v4().to_string(),
        });
        (status, Json(body)).into_response()
    }
}

/// The audience that a request for a token is granted.
fn grant<'a>(
    directory: &Directory,
    tenant: &str,
    fields: &'a BTreeMap<String, String>,
) -> Result<&'a str, Refused> {
    let field = |name: &str| fields.get(name).map(String::as_str).unwrap_or_default();
    if tenant != directory.tenant() {
        return Err(Refused("invalid_request", 90002, "Tenant not found."));
    }
    if field("grant_type") != "client_credentials" {
        return Err(Refused("unsupported_grant_type", 70003, "The grant type is not supported."));
    }
    if field("client_id") != directory.client() {
        return Err(Refused("unauthorized_client", 700_016, "Application was not found in the directory."));
    }
    let secret = fields.get("client_secret").map(String::as_str).unwrap_or_default();
    if digest(secret) != digest(directory.secret().expose_secret()) {
        return Err(Refused("invalid_client", 7_000_215, "Invalid client secret provided."));
    }
    fields
        .get("scope")
        .and_then(|scope| scope.strip_suffix("/.default"))
        .filter(|audience| AUDIENCES.contains(audience))
        .ok_or(Refused(
            "invalid_scope",
            70011,
            "The provided value for the input parameter 'scope' is not valid.",
        ))
}

fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

/// 256 random bits, in letters that need no escaping anywhere.
pub(super) fn random_text() -> String {
    let mut bytes = [0_u8; 32];
    // The system's generator does not fail on the systems that keyslot runs on; two UUIDs stand in if it did.
    if SystemRandom::new().fill(&mut bytes).is_err() {
        bytes[..16].copy_from_slice(azure_core::Uuid::new_v4().as_bytes());
        bytes[16..].copy_from_slice(azure_core::Uuid::new_v4().as_bytes());
    }
    azure_core::base64::encode_url_safe(bytes)
}
