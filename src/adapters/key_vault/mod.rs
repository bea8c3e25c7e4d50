//! The stamps' Key Vaults: the current version of one secret, as a fingerprint; and, where configured, its next one.
//!
//! The SDK's client is used with our transport, without its retries (it would repeat nine times), at the
//! api-version of our contract, and with its check that a challenge's resource belongs to the vault. Its model
//! of a secret is not used: it does not wipe the value.

mod existence;
mod refused;
mod taken_names;
mod write;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use azure_core::error::ErrorKind;
use azure_core::http::{ClientOptions, HttpClient, RetryOptions, Transport, UserAgentOptions};
use azure_security_keyvault_secrets::{SecretClient, SecretClientOptions};
use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Deserializer};
use zeroize::Zeroizing;

pub use self::existence::{VaultPlace, VaultResources};
use self::refused::Hearing;
pub use self::write::CurrentKeys;
use super::credential::{Tokens, no_token};
use super::http::{Backoff, Http, Leaving, ReadError, SendError, Turns};
use crate::model::{Blindness, Fingerprint, KeyKind, Salt, SecretVersion, StampName, VaultView};
use crate::ports::{Clock, Effect, Fault, Permit, Vaults};

/// The data plane's version that the contract describes; the crate's default is newer.
const API_VERSION: &str = "7.5";

/// The SDK takes at most 24 letters, digits and signs, and no slash.
const APPLICATION: &str = "keyslot";

const WHAT: &str = "read the secret";

/// Which vaults, which secret.
#[derive(Clone, Debug)]
pub struct KeyVaultSettings {
    /// The vault's address by stamp, as `https://NAME.vault.azure.net`.
    pub vaults: BTreeMap<StampName, String>,
    pub secret: String,
}

/// The vaults of one environment.
pub struct KeyVaults {
    clients: BTreeMap<StampName, Vault>,
    secret: String,
    http: Http,
    tokens: Tokens,
    clock: Arc<dyn Clock>,
    /// Absent where nothing is to be written.
    keys: Option<Arc<dyn CurrentKeys>>,
    /// Absent where Azure is not asked whether a vault exists.
    resources: Option<VaultResources>,
    backoff: Backoff,
    turns: Turns,
}

struct Vault {
    url: String,
    client: SecretClient,
}

#[derive(Deserialize)]
struct SecretBody {
    #[serde(deserialize_with = "wiped")]
    value: Zeroizing<String>,
    /// `https://VAULT/secrets/NAME/VERSION`
    id: String,
    attributes: Attributes,
}

#[derive(Deserialize)]
struct Attributes {
    /// Seconds since 1970, like the others.
    created: i64,
    exp: Option<i64>,
    nbf: Option<i64>,
}

fn wiped<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Zeroizing<String>, D::Error> {
    String::deserialize(deserializer).map(Zeroizing::new)
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ErrorBody {
    error: ErrorText,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ErrorText {
    code: String,
    message: String,
    innererror: Option<InnerError>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct InnerError {
    code: String,
}

impl KeyVaults {
    /// # Errors
    /// When an address is none.
    pub fn new(
        http: &Http,
        tokens: &Tokens,
        clock: Arc<dyn Clock>,
        settings: &KeyVaultSettings,
    ) -> Result<KeyVaults, Fault> {
        let mut vaults = KeyVaults {
            clients: BTreeMap::new(),
            secret: settings.secret.clone(),
            http: http.clone(),
            tokens: tokens.clone(),
            clock,
            keys: None,
            resources: None,
            backoff: Backoff::default(),
            turns: Turns::default(),
        };
        for (stamp, url) in &settings.vaults {
            let client = vaults.client(url, None)?;
            vaults.clients.insert(stamp.clone(), Vault { url: url.clone(), client });
        }
        Ok(vaults)
    }

    /// The same, that may write the keys which `keys` gives.
    #[must_use]
    pub fn writing(mut self, keys: Arc<dyn CurrentKeys>) -> KeyVaults {
        self.keys = Some(keys);
        self
    }

    /// The same, that asks Azure whether a vault which does not answer exists.
    #[must_use]
    pub fn asking(mut self, resources: VaultResources) -> KeyVaults {
        self.resources = Some(resources);
        self
    }

    /// The same with turns that others take too.
    #[must_use]
    pub fn taking(mut self, turns: Turns) -> KeyVaults {
        self.turns = turns;
        self
    }

    /// With a permit, nothing leaves once that has run out.
    fn client(&self, url: &str, permit: Option<Permit>) -> Result<SecretClient, Fault> {
        let transport: Arc<dyn HttpClient> = match permit {
            None => Arc::new(self.http.clone()),
            Some(permit) => {
                Arc::new(Leaving { http: self.http.clone(), permit, clock: Arc::clone(&self.clock) })
            }
        };
        let hearing = Hearing { transport, tokens: self.tokens.clone() };
        let transport = Transport::new(Arc::new(hearing));
        let options = SecretClientOptions {
            api_version: API_VERSION.to_owned(),
            client_options: ClientOptions {
                transport: Some(transport),
                retry: RetryOptions::none(),
                // By it the census knows keyslot's own reads in a vault's audit.
                user_agent: UserAgentOptions { application_id: Some(APPLICATION.to_owned()) },
                ..ClientOptions::default()
            },
            verify_challenge_resource: Some(true),
        };
        SecretClient::new(url, self.tokens.sdk(), Some(options)).map_err(|error| {
            Fault::new(Blindness::Missing, WHAT, url, super::chain(&error))
                .remedy("check the vault's address in the configuration")
        })
    }

    async fn read(&self, stamp: &StampName, vault: &Vault, salt: &Salt) -> Result<VaultView, ReadError> {
        let subject = format!("{} in {}", self.secret, vault.url);
        let response = match self.turns.take(vault.client.get_secret(&self.secret, None)).await {
            Ok(response) => response,
            Err(error) => {
                let read = read_error(&error, &subject);
                return Err(match (&self.resources, existence::open(&error)) {
                    (Some(resources), Some(open)) => {
                        let settling = resources.settle(stamp, open, read.into_fault());
                        ReadError::Final(self.turns.take(settling).await)
                    }
                    _ => read,
                });
            }
        };
        let body = response.into_body();
        let bytes: &[u8] = body.as_ref();
        view(bytes, salt)
            .map_err(|why| ReadError::Final(Fault::new(Blindness::Unintelligible, WHAT, &subject, why)))
    }
}

#[async_trait]
impl Vaults for KeyVaults {
    async fn look(&self, stamp: &StampName, salt: &Salt) -> Result<VaultView, Fault> {
        let Some(vault) = self.clients.get(stamp) else {
            let fault = Fault::new(Blindness::Missing, WHAT, stamp.as_str(), "no vault is configured for it");
            return Err(fault.remedy("name the stamp's vault in the configuration"));
        };
        self.backoff.read(self.clock.as_ref(), || self.read(stamp, vault, salt)).await
    }

    async fn write(
        &self,
        stamp: &StampName,
        kind: KeyKind,
        replaces: &SecretVersion,
        permit: &Permit,
    ) -> Effect<()> {
        match self.clients.get(stamp) {
            Some(vault) => self.write_next(vault, kind, replaces, permit).await,
            None => {
                let why = "no vault is configured for it";
                Effect::NotSent(Fault::new(Blindness::Missing, "write the secret", stamp.as_str(), why))
            }
        }
    }
}

fn view(body: &[u8], salt: &Salt) -> Result<VaultView, String> {
    // serde's own text may quote the value, so it is not passed on.
    let body: SecretBody = serde_json::from_slice(body)
        .map_err(|error| format!("the answer is not understood (column {})", error.column()))?;
    let version = body.id.rsplit('/').next().filter(|version| !version.is_empty());
    let version = version.ok_or_else(|| "the answer names no version".to_owned())?;
    let created = Timestamp::from_second(body.attributes.created)
        .map_err(|_| "the time of creation is out of range".to_owned())?;
    Ok(VaultView {
        version: SecretVersion::new(version),
        created,
        expires: body.attributes.exp.and_then(|at| Timestamp::from_second(at).ok()),
        valid_from: body.attributes.nbf.and_then(|at| Timestamp::from_second(at).ok()),
        fingerprint: Fingerprint::of_key_in(body.value.as_bytes(), salt),
    })
}

fn read_error(error: &azure_core::Error, subject: &str) -> ReadError {
    if let ErrorKind::HttpResponse { status, raw_response, .. } = error.kind() {
        let status = StatusCode::from_u16(u16::from(*status)).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = raw_response.as_ref().map(|response| response.body().as_ref()).unwrap_or_default();
        return answered(status, body, subject);
    }
    match error.downcast_ref::<SendError>() {
        Some(failure @ SendError::NoAnswer(_)) => ReadError::Later(failure.fault(WHAT, subject), None),
        Some(failure) => ReadError::Final(failure.fault(WHAT, subject)),
        None => {
            let (kind, remedy) = match error.kind() {
                ErrorKind::Credential => no_token(error).unwrap_or((Blindness::Forbidden, "")),
                _ => (Blindness::Unintelligible, ""),
            };
            let fault = Fault::new(kind, WHAT, subject, super::chain(error)).remedy(remedy);
            match kind {
                Blindness::Unreachable | Blindness::Throttled => ReadError::Later(fault, None),
                _ => ReadError::Final(fault),
            }
        }
    }
}

/// Key Vault's refusals. The same 403 stands for a missing right, a firewall and a disabled secret; the inner
/// code tells them apart (azure-security-docs, key-vault/general/rest-error-codes.md).
fn answered(status: StatusCode, body: &[u8], subject: &str) -> ReadError {
    let error = serde_json::from_slice::<ErrorBody>(body).unwrap_or_default().error;
    let inner = error.innererror.unwrap_or_default().code;
    let first = error.message.lines().next().unwrap_or_default();
    let why = format!("{} {} {inner}: {first}", status.as_u16(), error.code);
    let fault = |kind, remedy: &str| Fault::new(kind, WHAT, subject, why.clone()).remedy(remedy);
    match (status, inner.as_str()) {
        (StatusCode::FORBIDDEN, "SecretDisabled") => ReadError::Final(fault(
            Blindness::Disabled,
            "the current version is disabled: enable it, or write a new one",
        )),
        // By its documentation the service hands these out: their dates are for whoever reads them.
        (StatusCode::FORBIDDEN, "SecretNotYetValid" | "SecretExpired") => ReadError::Final(fault(
            Blindness::Forbidden,
            "the current version is not to be taken at this time, by its dates: mend them, or have a new one written",
        )),
        (StatusCode::FORBIDDEN, "ForbiddenByFirewall" | "ForbiddenByConnection") => ReadError::Final(fault(
            Blindness::Forbidden,
            "the vault's firewall refuses this address: run keyslot where the vault can be reached, or let it in",
        )),
        (StatusCode::UNAUTHORIZED, _) => ReadError::Final(fault(
            Blindness::Forbidden,
            "sign in again, in the vault's own tenant: the token is of another one, or has ended",
        )),
        (StatusCode::FORBIDDEN, _) => ReadError::Final(fault(
            Blindness::Forbidden,
            "grant the identity the right to read secrets (a new grant takes up to 10 minutes)",
        )),
        (StatusCode::NOT_FOUND, _) if error.code == "VaultNotFound" => {
            ReadError::Final(fault(Blindness::Missing, "check `key_vault` of the stamp in keyslot.toml"))
        }
        (StatusCode::NOT_FOUND, _) => ReadError::Final(fault(
            Blindness::Missing,
            "check the secret's name in the configuration and in the Terraform code",
        )),
        (StatusCode::TOO_MANY_REQUESTS, _) => ReadError::Later(fault(Blindness::Throttled, ""), None),
        (status, _) if status.is_server_error() => ReadError::Later(fault(Blindness::Unreachable, ""), None),
        _ => ReadError::Final(fault(Blindness::Unintelligible, "")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::KeyMaterial;

    fn fault(status: u16, inner: &str) -> Fault {
        let body = serde_json::json!({"error": {"code": "x", "message": "m", "innererror": {"code": inner}}});
        answered(StatusCode::from_u16(status).unwrap(), body.to_string().as_bytes(), "s").into_fault()
    }

    #[test]
    fn the_same_403_is_three_different_faults() {
        let disabled = fault(403, "SecretDisabled");
        assert_eq!(disabled.kind, Blindness::Disabled);
        assert!(disabled.remedy.contains("enable it"));
        // The vault has answered, and time brings no other answer.
        let firewall = fault(403, "ForbiddenByFirewall");
        assert_eq!(firewall.kind, Blindness::Forbidden);
        assert!(firewall.remedy.contains("firewall"), "{firewall}");
        assert!(fault(403, "SecretNotYetValid").remedy.contains("by its dates"));
        assert_eq!(fault(403, "ForbiddenByRbac").kind, Blindness::Forbidden);
        assert_eq!(fault(403, "AccessDenied").kind, Blindness::Forbidden);
        assert!(fault(401, "").remedy.contains("tenant"), "a grant changes nothing there");
        assert_eq!(fault(404, "").kind, Blindness::Missing);
        assert_eq!(fault(429, "").kind, Blindness::Throttled);
    }

    #[test]
    fn a_vault_that_is_not_there_is_no_missing_secret() {
        let told = |code: &str| {
            let body = serde_json::json!({"error": {"code": code, "message": "m"}});
            answered(StatusCode::NOT_FOUND, body.to_string().as_bytes(), "s").into_fault().remedy
        };
        assert!(told("VaultNotFound").contains("`key_vault`"));
        assert!(told("SecretNotFound").contains("the secret's name"));
    }

    #[test]
    fn the_key_in_a_connection_string_is_the_key() {
        let salt = Salt::new("00");
        let seen = |value: &str| {
            let body =
                format!(r#"{{"value":"{value}","id":"https://v/secrets/n/1","attributes":{{"created":1}}}}"#);
            view(body.as_bytes(), &salt).unwrap().fingerprint
        };
        let string = "AccountEndpoint=https://a.documents.azure.com:443/;AccountKey=a2V5LW9uZQ==;";
        assert_eq!(seen(string), KeyMaterial::new("a2V5LW9uZQ==".to_owned()).fingerprint(&salt));
        assert_eq!(seen("a2V5LW9uZQ==\\n"), seen(string));
    }

    #[test]
    fn the_dates_beside_the_value_are_read() {
        let dates = |attributes: &str| {
            let body = format!(r#"{{"value":"a","id":"https://v/secrets/n/1","attributes":{attributes}}}"#);
            let view = view(body.as_bytes(), &Salt::new("00")).unwrap();
            [view.expires, view.valid_from].map(|at| at.map(Timestamp::as_second))
        };
        assert_eq!(dates(r#"{"created":1,"exp":9,"nbf":5}"#), [Some(9), Some(5)]);
        assert_eq!(dates(r#"{"created":1}"#), [None, None]);
    }

    #[test]
    fn an_answer_that_is_not_understood_is_not_quoted() {
        let salt = Salt::new("00");
        let why = view(br#"{"value":["CANARY"],"id":"x","attributes":{"created":1}}"#, &salt).unwrap_err();
        assert!(!why.contains("CANARY"), "{why}");
        let why =
            view(br#"{"value":"CANARY","id":"https://v/secrets/n/","attributes":{"created":1}}"#, &salt);
        assert!(!why.unwrap_err().contains("CANARY"));
    }
}
