//! Tokens of a GitHub App: its private key signs a short statement, GitHub gives a token of an installation for it.
//!
//! A token is for one repository and for the rights that are asked, lives an hour, and is renewed before that. Nothing
//! is assumed of its length or form. Asking for one again gives another one and changes nothing else, so it is asked
//! again like a read. (GitHub's documentation, “Generating a JSON Web Token (JWT) for a GitHub App” and “Create an
//! installation access token for an app”.)

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue, LOCATION};
use http::{Method, StatusCode};
use jiff::{SignedDuration, Timestamp};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::{Mutex, OnceCell};
use url::Url;
use zeroize::Zeroizing;

use super::super::taken::Taken;
use super::TokenSource;
use crate::adapters::github::limits::{Counter, Limits, Told};
use crate::adapters::github::{OfGitHub, limit_ends, signed_out};
use crate::adapters::http::{Answer, Backoff, Http, ReadError};
use crate::model::Blindness;
use crate::ports::{Clock, Fault};

/// What GitHub is spoken to in: the version that still has `merge_commit_sha`; 2026-03-10 drops it.
pub(in crate::adapters) const API_VERSION: &str = "2022-11-28";

/// GitHub takes statements of up to ten minutes, and advises to begin them a minute ago, for clocks differ.
const STATEMENT: SignedDuration = SignedDuration::from_secs(540);
const SKEW: SignedDuration = SignedDuration::from_secs(60);

/// A token is renewed this long before it ends: longer than any request takes.
const RENEWED_BEFORE: SignedDuration = SignedDuration::from_secs(300);

/// The App's private key.
pub struct AppKey(RsaKeyPair);

impl AppKey {
    /// As GitHub hands it out (PKCS #1), or converted to PKCS #8; also without its line breaks, as one that was put into a
    /// field of a page has become, or as base64 of the whole.
    ///
    /// # Errors
    /// No PEM, or no RSA key of a usable size. Never with a part of it.
    pub fn from_pem(pem: &[u8]) -> Result<AppKey, String> {
        let wrong = |why: &str| format!("it is no private key of a GitHub App: {why}");
        let der = PrivateKeyDer::from_pem_slice(pem).ok().or_else(|| unbroken(pem));
        let der = der.ok_or_else(|| wrong("no PEM with a private key in it"))?;
        let pair = match &der {
            PrivateKeyDer::Pkcs1(key) => RsaKeyPair::from_der(key.secret_pkcs1_der()),
            PrivateKeyDer::Pkcs8(key) => RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()),
            _ => return Err(wrong("it is of another kind than RSA")),
        };
        pair.map(AppKey).map_err(|error| wrong(&error.to_string()))
    }

    /// A JSON Web Token by which the App says who it is.
    fn statement(&self, app: &str, now: Timestamp) -> Result<SecretString, String> {
        let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let second = |after: SignedDuration| now.as_second() + after.as_secs();
        let claims = json!({ "iat": second(-SKEW), "exp": second(STATEMENT), "iss": app });
        let signed = format!("{}.{}", part(json!({ "alg": "RS256", "typ": "JWT" })), part(claims));
        let mut signature = vec![0; self.0.public().modulus_len()];
        self.0
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
            .map_err(|_| "the statement cannot be signed".to_owned())?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)).into())
    }
}

/// A PEM whose line breaks became blanks, `\n` or nothing, or that is in base64 itself.
fn unbroken(pem: &[u8]) -> Option<PrivateKeyDer<'static>> {
    let text = Zeroizing::new(std::str::from_utf8(pem).ok()?.replace("\\r", "").replace("\\n", " "));
    let Some((_, rest)) = text.split_once("-----BEGIN ") else {
        let whole = Zeroizing::new(STANDARD.decode(bare(&text).as_bytes()).ok()?);
        // Once: what is in it is a PEM or nothing.
        let is_pem = whole.starts_with(b"-----BEGIN ");
        return is_pem
            .then(|| PrivateKeyDer::from_pem_slice(&whole).ok().or_else(|| unbroken(&whole)))
            .flatten();
    };
    let (kind, rest) = rest.split_once("-----")?;
    let (body, _) = rest.split_once("-----END ")?;
    let der = STANDARD.decode(bare(body).as_bytes()).ok()?;
    match kind {
        "RSA PRIVATE KEY" => Some(PrivateKeyDer::Pkcs1(der.into())),
        "PRIVATE KEY" => Some(PrivateKeyDer::Pkcs8(der.into())),
        _ => None,
    }
}

/// Without any blank.
fn bare(text: &str) -> Zeroizing<String> {
    Zeroizing::new(text.split_whitespace().collect())
}

/// Which App, where, and for what.
#[derive(Clone, Debug)]
pub struct AppSettings {
    pub api: Url,
    /// The App's id, or its client id.
    pub app: String,
    /// Without it, GitHub is asked for the installation that the repository is in.
    pub installation: Option<u64>,
    pub owner: String,
    pub repository: String,
    /// By GitHub's names: read or write.
    pub permissions: BTreeMap<String, String>,
}

/// Hands out the installation's tokens.
pub struct GitHubApp {
    settings: AppSettings,
    key: AppKey,
    http: Http,
    clock: Arc<dyn Clock>,
    installation: OnceCell<u64>,
    held: Mutex<Option<Held>>,
    /// The App's key, by GitHub.
    taken: Taken,
    /// Those of the App, which are not those of its tokens.
    limits: Limits,
}

struct Held {
    token: SecretString,
    until: Timestamp,
}

#[derive(Deserialize)]
struct Installation {
    id: u64,
}

#[derive(Deserialize)]
struct Given {
    token: String,
    expires_at: Timestamp,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Refused {
    message: String,
}

impl GitHubApp {
    pub fn new(settings: AppSettings, key: AppKey, http: Http, clock: Arc<dyn Clock>) -> GitHubApp {
        let installation = OnceCell::new_with(settings.installation);
        GitHubApp {
            settings,
            key,
            http,
            clock,
            installation,
            held: Mutex::default(),
            taken: Taken::default(),
            limits: Limits::default(),
        }
    }

    fn subject(&self) -> String {
        let AppSettings { app, owner, repository, .. } = &self.settings;
        format!("GitHub App {app} for {owner}/{repository}")
    }

    async fn installation(&self) -> Result<u64, Fault> {
        let find = || async {
            let AppSettings { owner, repository, .. } = &self.settings;
            let what = "find the App's installation";
            let found: Installation =
                self.ask(Method::GET, what, &["repos", owner, repository, "installation"], None).await?;
            Ok(found.id)
        };
        self.installation.get_or_try_init(find).await.copied()
    }

    async fn renew(&self) -> Result<Held, Fault> {
        let installation = self.installation().await?.to_string();
        let wanted = json!({
            "repositories": [self.settings.repository], "permissions": self.settings.permissions,
        });
        let path = ["app", "installations", &installation, "access_tokens"];
        let given: Given = self.ask(Method::POST, "get the App's token", &path, Some(&wanted)).await?;
        let until = given.expires_at.checked_sub(RENEWED_BEFORE).unwrap_or(given.expires_at);
        Ok(Held { token: SecretString::from(given.token), until })
    }

    async fn ask<T: for<'de> Deserialize<'de>>(
        &self,
        method: Method,
        what: &str,
        path: &[&str],
        body: Option<&Value>,
    ) -> Result<T, Fault> {
        let once = || self.ask_once(&method, what, path, body);
        let answer = Backoff::default().read(self.clock.as_ref(), once).await?;
        serde_json::from_slice(&answer.body).map_err(|error| {
            // serde's own words could quote the token.
            let why =
                format!("GitHub's answer cannot be read (line {}, column {})", error.line(), error.column());
            Fault::new(Blindness::Unintelligible, what, self.subject(), why)
        })
    }

    async fn ask_once(
        &self,
        method: &Method,
        what: &str,
        path: &[&str],
        body: Option<&Value>,
    ) -> Result<Answer, ReadError> {
        let subject = self.subject();
        let about = OfGitHub { what, subject: &subject };
        if let Some(until) = self.limits.ahead(Counter::Rest, self.clock.now()) {
            let why = "GitHub's limit is reached, and nothing more is asked until it ends";
            return Err(ReadError::Final(about.fault(Blindness::Throttled, why).remedy(limit_ends(until))));
        }
        let request = self.request(method, what, path, body).map_err(ReadError::Final)?;
        let answer = self.http.send(request, None).await.map_err(|error| {
            let fault = error.fault(what, self.subject());
            if error.nothing_was_sent() { ReadError::Final(fault) } else { ReadError::Later(fault, None) }
        })?;
        let now = self.clock.now();
        let words = match answer.status.is_success() {
            // They hold the token.
            true => Cow::Borrowed(""),
            false => String::from_utf8_lossy(&answer.body),
        };
        let told = Told::by(answer.status, &answer.headers, &words, now);
        if let Some(until) = self.limits.note(Counter::Rest, told, now) {
            let why = format!("GitHub answered {}: {}", answer.status.as_u16(), said(&answer));
            let fault = about.fault(Blindness::Throttled, why).remedy(limit_ends(until));
            let wait = until.duration_since(now).try_into().unwrap_or_default();
            return Err(ReadError::Later(fault, Some(wait)));
        }
        // A new name of the repository leads to another address as well.
        let has_moved = matches!(answer.status.as_u16(), 301 | 307 | 308) && self.stays(&answer);
        if let Some(fault) = signed_out(answer.status, &answer.headers, about).filter(|_| !has_moved) {
            return Err(ReadError::Final(fault));
        }
        match answer.status {
            status if status.is_success() => {
                self.taken.note();
                Ok(answer)
            }
            status if status.is_server_error() => {
                Err(ReadError::Later(self.refused(what, &answer), answer.retry_after()))
            }
            _ => Err(ReadError::Final(self.refused(what, &answer))),
        }
    }

    /// Whether it leads to another address of the same server.
    fn stays(&self, answer: &Answer) -> bool {
        let there = answer.header(LOCATION.as_str()).and_then(|there| self.settings.api.join(there).ok());
        there.is_some_and(|there| there.origin() == self.settings.api.origin())
    }

    fn request(
        &self,
        method: &Method,
        what: &str,
        path: &[&str],
        body: Option<&Value>,
    ) -> Result<reqwest::Request, Fault> {
        let wrong = |kind, why: String| Fault::new(kind, what, self.subject(), why);
        let mut url = self.settings.api.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        let statement = self
            .key
            .statement(&self.settings.app, self.clock.now())
            .map_err(|why| wrong(Blindness::Forbidden, why))?;
        let bearer =
            HeaderValue::from_str(&format!("Bearer {}", statement.expose_secret())).map_err(|_| {
                wrong(Blindness::Forbidden, "the App's id has characters that none has".to_owned())
            })?;
        let mut request = reqwest::Request::new(method.clone(), url);
        let headers = request.headers_mut();
        headers.insert(AUTHORIZATION, bearer);
        headers.insert(ACCEPT, HeaderValue::from_static("application/vnd.github+json"));
        headers.insert("x-github-api-version", HeaderValue::from_static(API_VERSION));
        if let Some(body) = body {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            *request.body_mut() = Some(body.to_string().into());
        }
        Ok(request)
    }

    fn refused(&self, what: &str, answer: &Answer) -> Fault {
        let (kind, remedy) = match answer.status {
            StatusCode::UNAUTHORIZED => (
                Blindness::Forbidden,
                "the key is not this App's or was deleted, the id is another App's, or this machine's clock is wrong"
                    .to_owned(),
            ),
            StatusCode::NOT_FOUND => (
                Blindness::Missing,
                "install the App for the repository, or correct `installation` under [environment.NAME.release.forge.app]"
                    .to_owned(),
            ),
            StatusCode::UNPROCESSABLE_ENTITY => (
                Blindness::Forbidden,
                format!(
                    "the installation must have the repository, by its present name, and grant {}",
                    self.wanted()
                ),
            ),
            StatusCode::FORBIDDEN => {
                (Blindness::Forbidden, "the installation may be suspended: its owner sees that".to_owned())
            }
            status if status.is_redirection() => (
                Blindness::Missing,
                "the repository has another name or owner by now: write it under [environment.NAME.release.forge]"
                    .to_owned(),
            ),
            status if status.is_server_error() => (Blindness::Unreachable, String::new()),
            _ => (Blindness::Unintelligible, String::new()),
        };
        let why = format!("GitHub answered {}: {}", answer.status.as_u16(), said(answer));
        let fault = Fault::new(kind, what, self.subject(), why.trim_end_matches(": ")).remedy(remedy);
        if answer.status == StatusCode::UNAUTHORIZED { self.taken.judge(fault) } else { fault }
    }

    fn wanted(&self) -> String {
        let rights = self.settings.permissions.iter().map(|(name, level)| format!("{name} ({level})"));
        rights.collect::<Vec<_>>().join(", ")
    }
}

/// GitHub's own words of a refusal.
fn said(answer: &Answer) -> String {
    let said: Refused = serde_json::from_slice(&answer.body).unwrap_or_default();
    said.message.chars().take(300).collect()
}

#[async_trait]
impl TokenSource for GitHubApp {
    async fn token(&self) -> Result<SecretString, Fault> {
        let mut held = self.held.lock().await;
        if let Some(good) = held.as_ref().filter(|held| held.until > self.clock.now()) {
            return Ok(good.token.clone());
        }
        let renewed = self.renew().await?;
        Ok(held.insert(renewed).token.clone())
    }

    async fn forget(&self) {
        self.held.lock().await.take();
    }

    fn place(&self) -> String {
        format!("the GitHub App {}", self.settings.app)
    }
}
