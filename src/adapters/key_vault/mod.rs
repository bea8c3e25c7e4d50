//! The stamps' Key Vaults: the current version of one secret, as a fingerprint; and, where configured, its next one.
//!
//! The SDK's client is used with our transport, without its retries (it would repeat nine times), at the
//! api-version of our contract, and with its check that a challenge's resource belongs to the vault. Its model
//! of a secret is not used: it does not wipe the value.

mod answer;
mod existence;
mod refused;
mod taken_names;
mod write;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use azure_core::http::{ClientOptions, HttpClient, RetryOptions, Transport, UserAgentOptions};
use azure_security_keyvault_secrets::{SecretClient, SecretClientOptions};

use self::answer::{ErrorBody, answered, read_error, view};
pub use self::existence::{VaultPlace, VaultResources};
use self::refused::Hearing;
pub use self::write::CurrentKeys;
use super::credential::Tokens;
use super::http::{Backoff, Http, Leaving, ReadError, Turns};
use crate::model::{Blindness, KeyKind, Salt, SecretVersion, StampName, VaultView};
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
