//! Who we are: the Azure identity, and tokens from the places that the settings name.

use std::sync::Arc;

use secrecy::SecretString;

use super::Variables;
use crate::adapters::credential::{CredentialSettings, CredentialSource, Tokens};
use crate::adapters::http::Http;
use crate::adapters::token::{FixedToken, TokenSource};
use crate::cli::settings::{Chosen, CredentialKind, TokenPlace};
use crate::cli::{CliError, ErrorKind};

pub(super) fn tokens(chosen: &Chosen<'_>, http: &Http, variables: Variables<'_>) -> Result<Tokens, CliError> {
    let needed = |name: &str| {
        variables(name).ok_or_else(|| {
            CliError::new(ErrorKind::Configuration, "a credential is not complete")
                .at(name)
                .because(
                    "`credential = \"client-secret\"` wants this environment variable, and it is not set",
                )
                .hint("set it, or choose another `credential` under [endpoints] in keyslot.toml")
        })
    };
    let source = match chosen.endpoints.credential {
        CredentialKind::Auto => CredentialSource::Auto,
        CredentialKind::ClientSecret => CredentialSource::ClientSecret {
            tenant: needed("AZURE_TENANT_ID")?,
            client: needed("AZURE_CLIENT_ID")?,
            secret: SecretString::from(needed("AZURE_CLIENT_SECRET")?),
        },
        CredentialKind::WorkloadIdentity => CredentialSource::WorkloadIdentity,
        CredentialKind::AzureCli => CredentialSource::AzureCli,
        CredentialKind::ManagedIdentity => CredentialSource::ManagedIdentity,
    };
    let authority = chosen.endpoints.login.as_base().to_owned();
    let settings = CredentialSettings { source, authority, ..CredentialSettings::default() };
    Ok(Tokens::new(http, &settings, &|name| variables(name))?)
}

/// A token from the place that the settings name.
pub(in crate::cli) fn token(
    chosen: &Chosen<'_>,
    place: &TokenPlace,
    variables: Variables<'_>,
) -> Result<Arc<dyn TokenSource>, CliError> {
    let secret = chosen.secret_at(place, "the token", variables)?;
    Ok(Arc::new(FixedToken::new(secret).from(place.to_string())))
}
