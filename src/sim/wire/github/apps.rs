//! GitHub Apps: who signs with an App's key gets a token of its installation, for an hour.
//!
//! The statement (a JSON Web Token) is verified as GitHub does: signature, issuer, at most ten minutes, not from the
//! future. A token acts as the App's bot. What it may do is not modelled further than that the rights were granted.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::AUTHORIZATION;
use http::{HeaderMap, StatusCode};
use jiff::{SignedDuration, Timestamp};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey};
use rustls::pki_types::PrivatePkcs1KeyDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::{Value, json};

use super::door::{Holder, Right};
use super::{API, Face, GitHubAccess, answer, repository, time};
use crate::ports::Clock as _;
use crate::sim::wire::entra::random_text;

const LIFE: SignedDuration = SignedDuration::from_hours(1);
const LONGEST_STATEMENT: i64 = 600;

/// An App, installed for the world's repository.
#[derive(Clone)]
pub struct App {
    pub id: u64,
    pub installation: u64,
    /// Of its bot, without the ending.
    pub slug: String,
    /// `RSAPublicKey` in DER.
    pub public_key: Vec<u8>,
    /// What the installation was granted.
    pub granted: BTreeMap<String, String>,
    /// How long its tokens live.
    pub life: SignedDuration,
}

impl App {
    /// The private key of [`App::of_the_world`]. It opens nothing but simulated worlds.
    pub const KEY: &'static str = include_str!("app.pem");

    /// The one that every world on the wire knows.
    pub fn of_the_world() -> App {
        let public = |der: PrivatePkcs1KeyDer<'_>| {
            RsaKeyPair::from_der(der.secret_pkcs1_der()).map(|pair| pair.public().as_ref().to_vec()).ok()
        };
        let public_key = PrivatePkcs1KeyDer::from_pem_slice(App::KEY.as_bytes()).ok().and_then(public);
        let granted = [
            ("administration", "read"),
            ("checks", "read"),
            ("contents", "write"),
            ("metadata", "read"),
            ("pull_requests", "write"),
            ("statuses", "write"),
        ];
        App {
            id: 20_210_707,
            installation: 42,
            slug: "keyslot".to_owned(),
            public_key: public_key.unwrap_or_default(),
            granted: granted.map(|(name, level)| (name.to_owned(), level.to_owned())).into(),
            life: LIFE,
        }
    }

    fn grants(&self, name: &str, level: &str) -> bool {
        self.granted.get(name).is_some_and(|granted| granted == "write" || granted == level)
    }
}

/// The Apps that are known, and the tokens that they were given.
#[derive(Default)]
pub(super) struct Apps {
    known: Vec<App>,
    given: Mutex<BTreeMap<String, (String, Timestamp)>>,
}

impl GitHubAccess {
    /// One more way in: an App.
    pub fn app(mut self, app: App) -> GitHubAccess {
        self.apps.known.retain(|known| known.id != app.id);
        self.apps.known.push(app);
        self
    }
}

impl Apps {
    /// Who a token acts as, if an App was given it and its hour is not over.
    pub(super) fn holder(&self, token: &str, now: Timestamp) -> Option<Holder> {
        let given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        let (login, _) = given.get(token).filter(|(_, until)| *until > now)?;
        Some(Holder { login: login.clone(), right: Right::Write })
    }

    /// The App that signed the statement.
    fn signer(&self, headers: &HeaderMap, now: Timestamp) -> Result<&App, &'static str> {
        let undecodable = "A JSON web token could not be decoded";
        let bearer =
            headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        let (signed, signature) = bearer.and_then(|token| token.rsplit_once('.')).ok_or(undecodable)?;
        let decoded = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| undecodable);
        let claims = decoded(signed.split_once('.').ok_or(undecodable)?.1)?;
        let claims: Value = serde_json::from_slice(&claims).map_err(|_| undecodable)?;
        let issuer = claims["iss"].as_str().ok_or("Missing 'issuer' claim ('iss') in assertion")?;
        let app =
            self.known.iter().find(|app| app.id.to_string() == issuer).ok_or("Integration not found")?;
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &app.public_key)
            .verify(signed.as_bytes(), &decoded(signature)?)
            .map_err(|_| undecodable)?;
        let now = now.as_second();
        match (claims["iat"].as_i64(), claims["exp"].as_i64()) {
            (Some(issued), _) if issued > now => {
                Err("'Issued at' claim ('iat') must be an Integer representing a time in the past")
            }
            (Some(_), Some(ends)) if ends > now + LONGEST_STATEMENT => {
                Err("'Expiration time' claim ('exp') is too far in the future")
            }
            (Some(_), Some(ends)) if ends > now => Ok(app),
            _ => Err("'Expiration time' claim ('exp') must be a numeric value representing the future time"),
        }
    }

    fn give(&self, app: &App, now: Timestamp) -> (String, Timestamp) {
        // The long form that GitHub hands out since 2026: nobody may assume a length.
        let token = format!("ghs_{}_{}", app.id, (0..8).map(|_| random_text()).collect::<String>());
        let until = now.checked_add(app.life).unwrap_or(now);
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        given.insert(token.clone(), (format!("{}[bot]", app.slug), until));
        (token, until)
    }
}

/// Outside of the door: who comes with a statement has no token yet.
pub(super) fn routes() -> Router<Face> {
    Router::new()
        .route("/app/installations/{installation}/access_tokens", post(give))
        .route("/repos/{owner}/{repository}/installation", get(installation))
}

async fn installation(
    State(face): State<Face>,
    Path((owner, name)): Path<(String, String)>,
    headers: HeaderMap,
    request: axum::extract::Request,
) -> Response {
    if let Some(there) = face.led_on(&request) {
        return there;
    }
    let ours = face.0.shared.with(|world| {
        let repository = &world.config().repository;
        repository.owner.eq_ignore_ascii_case(&owner) && repository.name.eq_ignore_ascii_case(&name)
    });
    match face.0.access.apps.signer(&headers, face.0.shared.clock().now()) {
        Err(why) => answer::error(StatusCode::UNAUTHORIZED, why),
        Ok(_) if !ours => answer::not_found(),
        Ok(app) => axum::Json(json!({
            "id": app.installation, "app_id": app.id, "app_slug": app.slug, "target_type": "Organization",
            "repository_selection": "selected", "permissions": app.granted, "events": [],
            "access_tokens_url": format!("{API}/app/installations/{}/access_tokens", app.installation),
        }))
        .into_response(),
    }
}

async fn give(
    State(face): State<Face>,
    Path(installation): Path<u64>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let now = face.0.shared.clock().now();
    let apps = &face.0.access.apps;
    let app = match apps.signer(&headers, now) {
        Err(why) => return answer::error(StatusCode::UNAUTHORIZED, why),
        Ok(app) if app.installation != installation => return answer::not_found(),
        Ok(app) => app,
    };
    let asked: Value = serde_json::from_slice(&body).unwrap_or_default();
    let own = face.0.shared.with(|world| world.config().repository.name.clone());
    let strange = |name: &Value| name.as_str().is_none_or(|name| !name.eq_ignore_ascii_case(&own));
    if asked["repositories"].as_array().is_some_and(|names| names.iter().any(strange)) {
        let why = "There is at least one repository that does not exist or is not accessible to the parent \
                   installation.";
        return answer::error(StatusCode::UNPROCESSABLE_ENTITY, why);
    }
    let permissions = match asked["permissions"].as_object() {
        None => json!(app.granted),
        Some(asked)
            if asked.iter().all(|(name, level)| app.grants(name, level.as_str().unwrap_or_default())) =>
        {
            json!(asked)
        }
        Some(_) => {
            let why = "The permissions requested are not granted to this installation.";
            return answer::error(StatusCode::UNPROCESSABLE_ENTITY, why);
        }
    };
    let (token, until) = apps.give(app, now);
    let repository = face.0.shared.with(|world| repository::repository(world));
    answer::done(
        StatusCode::CREATED,
        json!({
            "token": token, "expires_at": time(until), "permissions": permissions,
            "repository_selection": "selected", "repositories": [repository],
        }),
    )
}
