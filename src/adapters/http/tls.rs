//! The rustls configuration: which roots, which provider.

use std::sync::Arc;

use rustls::client::Resumption;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt as _;

use zeroize::Zeroizing;

use super::HttpError;

/// Whose certificates are believed.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Trust {
    /// The operating system's store, as a browser would.
    #[default]
    System,
    /// These certificates (PEM) and no others.
    Only(Vec<u8>),
}

/// A client's own certificate and its private key, both PEM: how some kubeconfigs authenticate.
#[derive(Clone)]
pub struct Identity {
    pub chain: Vec<u8>,
    pub key: Zeroizing<Vec<u8>>,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Identity(…)")
    }
}

/// Servers whose TLS sessions are kept for a resumption. rustls makes room for all of them at once, a client has few,
/// and there is a client for each cluster.
const SESSIONS: usize = 8;

/// A client configuration with ring and without ALPN: servers then speak HTTP/1.1, where “the request was
/// sent” has one meaning only.
///
/// # Errors
/// When a PEM holds no usable certificate or key, or the system has no roots.
pub fn tls_config(trust: &Trust, identity: Option<&Identity>) -> Result<ClientConfig, HttpError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let builder = match trust {
        Trust::System => builder.with_platform_verifier()?,
        Trust::Only(pem) => builder.with_root_certificates(roots(pem)?),
    };
    let Some(Identity { chain, key }) = identity else { return Ok(lean(builder.with_no_client_auth())) };
    let key = PrivateKeyDer::from_pem_slice(key)
        .map_err(|_| HttpError::Certificate("the client key is not readable as PEM".to_owned()))?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(chain).collect();
    let chain = chain.map_err(|error| HttpError::Certificate(error.to_string()))?;
    Ok(lean(builder.with_client_auth_cert(chain, key)?))
}

/// For a client that speaks without TLS: it believes nobody's certificate.
///
/// # Errors
/// When TLS cannot be set up.
pub(super) fn believing_nobody() -> Result<ClientConfig, HttpError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(lean(builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth()))
}

fn lean(mut config: ClientConfig) -> ClientConfig {
    config.resumption = Resumption::in_memory_sessions(SESSIONS);
    config
}

fn roots(pem: &[u8]) -> Result<RootCertStore, HttpError> {
    let mut store = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|error| HttpError::Certificate(error.to_string()))?;
        store.add(certificate)?;
    }
    if store.is_empty() {
        return Err(HttpError::Certificate("the PEM text holds no certificate".to_owned()));
    }
    Ok(store)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pem_without_a_certificate_is_refused_with_a_reason() {
        let error = tls_config(&Trust::Only(b"nothing here".to_vec()), None).unwrap_err();
        assert!(error.to_string().contains("holds no certificate"), "{error}");
    }
}
