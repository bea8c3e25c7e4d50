//! The world's own certificate authority, made at start and forgotten at the end.
//!
//! One leaf serves all listeners: every name and domain that a face answers for, and loopback. Private keys
//! never leave memory.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType,
};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use super::WireError;
use super::route::HostPattern;

/// A certificate authority and the TLS configuration of the servers that it vouches for.
pub(super) struct Authority {
    pub ca_pem: String,
    pub server: Arc<ServerConfig>,
}

impl Authority {
    pub(super) fn new(patterns: &[HostPattern]) -> Result<Authority, WireError> {
        let ca_key = KeyPair::generate()?;
        let ca_params = ca_params()?;
        let ca = ca_params.self_signed(&ca_key)?;
        let leaf_key = KeyPair::generate()?;
        let leaf = leaf_params(patterns)?.signed_by(&leaf_key, &Issuer::from_params(&ca_params, &ca_key))?;

        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(leaf_key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut server = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![leaf.der().clone()], key)?;
        server.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Authority { ca_pem: ca.pem(), server: Arc::new(server) })
    }
}

fn ca_params() -> Result<CertificateParams, WireError> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name.push(DnType::CommonName, "keyslot simulated world");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(params)
}

fn leaf_params(patterns: &[HostPattern]) -> Result<CertificateParams, WireError> {
    let mut names: Vec<String> = patterns.iter().map(HostPattern::certificate_name).collect();
    names.push("localhost".to_owned());
    names.sort();
    names.dedup();
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name.push(DnType::CommonName, "keyslot simulated service");
    params.subject_alt_names.push(SanType::IpAddress(IpAddr::V4(Ipv4Addr::LOCALHOST)));
    params.subject_alt_names.push(SanType::IpAddress(IpAddr::V6(Ipv6Addr::LOCALHOST)));
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}
