//! Tokens from Entra ID, by the credentials of `azure_identity`.
//!
//! Order of [`CredentialSource::Auto`]: a client secret in the environment, workload identity (a federated token
//! file in the environment), the Azure CLI, the machine's managed identity. The last comes last because asking
//! for it on a machine without one costs a timeout. The first that gives a token is kept. Tokens are kept here, one a
//! scope, until five minutes before they expire, in wall time: the crate keeps those of most credentials, and starts
//! the Azure CLI anew for each. One that a service refuses is dropped, and another one is asked for: access may have been
//! revoked and granted again, or somebody has signed in anew. They are handed out as secrets; the older
//! SDK's stack, which would log them, only ever sees a placeholder (see `arm`).

mod candidate;
mod chain;
mod kept;
mod maker;
mod no_token;
mod scoped;

use std::sync::Arc;
use std::time::Duration;

use azure_core::credentials::TokenCredential;
use secrecy::SecretString;

use self::chain::Chain;
use self::maker::Maker;
pub use self::no_token::no_token;
pub(super) use self::no_token::tells_of_the_network;
use self::no_token::{NoToken, sign_in};
pub use self::scoped::ScopedTokens;
use super::http::Http;
use crate::ports::Fault;

/// Entra ID of the public cloud.
pub const PUBLIC_AUTHORITY: &str = "https://login.microsoftonline.com";

/// Where tokens come from.
#[derive(Clone, Debug, Default)]
pub enum CredentialSource {
    /// The first that works; the order stands in the module's documentation.
    #[default]
    Auto,
    ClientSecret {
        tenant: String,
        client: String,
        secret: SecretString,
    },
    /// Federation, as `AZURE_FEDERATED_TOKEN_FILE` and its neighbours say.
    WorkloadIdentity,
    AzureCli,
    /// Of the machine; with `AZURE_CLIENT_ID` a user-assigned one.
    ManagedIdentity,
}

/// What tokens are asked with.
#[derive(Clone, Debug)]
pub struct CredentialSettings {
    pub source: CredentialSource,
    /// Base URL of Entra ID.
    pub authority: String,
    /// How long each source may take to give a token.
    pub patience: Duration,
}

impl Default for CredentialSettings {
    fn default() -> Self {
        CredentialSettings {
            source: CredentialSource::Auto,
            authority: PUBLIC_AUTHORITY.to_owned(),
            patience: PATIENCE,
        }
    }
}

/// Hands out tokens. Clones share the cache.
#[derive(Clone, Debug)]
pub struct Tokens(Arc<Chain>);

impl Tokens {
    /// `environment` looks up environment variables; the process's own are not read here, except that the
    /// Azure CLI, started as a program, inherits them.
    ///
    /// # Errors
    /// When a named source is not configured, or nothing at all is.
    pub fn new(
        http: &Http,
        settings: &CredentialSettings,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Tokens, Fault> {
        let maker = Maker { http, authority: &settings.authority, environment };
        let candidates = maker.candidates(&settings.source)?;
        let chain = Chain { sign_in: sign_in(&settings.source), ..Chain::of(candidates, settings.patience) };
        Ok(Tokens(Arc::new(chain)))
    }

    /// A token for one resource, as `https://management.azure.com/.default`.
    ///
    /// # Errors
    /// When no source gives one; with what each said.
    pub async fn token(&self, scope: &str) -> Result<SecretString, Fault> {
        match self.0.get_token(&[scope], None).await {
            Ok(token) => Ok(SecretString::from(token.token.secret().to_owned())),
            Err(error) => Err(NoToken::told(&error).fault(scope)),
        }
    }

    /// A service has refused this token: it is not handed out again where another one can be had, and the answer says whether
    /// another one is asked for. One that takes its place and is refused, too, stands for a while, so that whom nobody lets in
    /// does not ask for tokens all the time.
    pub fn refused(&self, token: &str) -> bool {
        self.0.refused(token)
    }

    /// For clients of the SDK's current generation.
    pub fn sdk(&self) -> Arc<dyn TokenCredential> {
        self.0.clone()
    }
}

/// How long one may take to give a token: a program that hangs, or asks somebody, keeps all others waiting.
const PATIENCE: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests;
