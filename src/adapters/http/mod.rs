//! The one HTTP client of the process.
//!
//! Everything that leaves keyslot over HTTP goes through [`Http`]: one pool, one TLS stack (rustls with ring,
//! handed over explicitly, never as a process-wide default), no redirects, no hidden retry, HTTP/1.1. Roots are
//! those of the operating system (`rustls-platform-verifier`, which reads the native store) or *only* a given
//! CA. https is demanded everywhere but at the instance metadata service and where else this machine's own identity is asked
//! for tokens. Tokens are put in by the callers;
//! header values that carry them are marked sensitive here.

mod azure;
mod backoff;
mod hosts;
mod plain;
mod private;
mod send;
mod tls;
mod turns;

use std::time::Duration;

pub use azure::Leaving;
pub(in crate::adapters) use azure::{legacy_head, legacy_outgoing};
pub use backoff::{Backoff, ReadError};
pub use hosts::{Hosts, Others};
pub(super) use send::without_pages;
pub use send::{Answer, Leave, SendError};
pub use tls::{Identity, Trust, tls_config};
pub use turns::Turns;

use thiserror::Error;

/// Long enough for a slow link, short enough that an unreachable region does not hold a decision for long.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Between two reads of one answer. Azure's own gateways give up after 60 s.
const READ_TIMEOUT: Duration = Duration::from_secs(60);

/// A connection is kept so long without a request. API servers of Kubernetes end one after 90 s, and a request that leaves in
/// that very moment has no answer.
const IDLE: Duration = Duration::from_secs(80);

/// Whether proxies are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Proxies {
    /// As `HTTPS_PROXY`, `NO_PROXY` and the system say.
    #[default]
    FromEnvironment,
    Off,
}

/// What the client is made of. Timeouts are wall time.
#[derive(Clone, Debug)]
pub struct HttpSettings {
    pub trust: Trust,
    /// A client certificate, where the service wants one.
    pub identity: Option<Identity>,
    pub proxies: Proxies,
    /// This proxy for everything, instead of the environment's. Not used where proxies are off.
    pub proxy: Option<String>,
    pub hosts: Hosts,
    pub connect_timeout: Duration,
    pub read_timeout: Duration,
}

impl Default for HttpSettings {
    fn default() -> Self {
        HttpSettings {
            trust: Trust::System,
            identity: None,
            proxies: Proxies::FromEnvironment,
            proxy: None,
            hosts: Hosts::default(),
            connect_timeout: CONNECT_TIMEOUT,
            read_timeout: READ_TIMEOUT,
        }
    }
}

impl HttpSettings {
    /// For a world on loopback: only its own CA is trusted, no proxy is used, and names that the world does
    /// not serve do not resolve. A rehearsal built from this cannot reach a real service.
    pub fn rehearsal(ca_pem: impl Into<Vec<u8>>, hosts: Hosts) -> HttpSettings {
        HttpSettings {
            trust: Trust::Only(ca_pem.into()),
            proxies: Proxies::Off,
            hosts: hosts.others(Others::Refused),
            ..HttpSettings::default()
        }
    }
}

/// Why no client could be made.
#[derive(Debug, Error)]
pub enum HttpError {
    #[error("the CA certificate is not usable: {0}")]
    Certificate(String),
    #[error("TLS cannot be set up")]
    Tls(#[from] rustls::Error),
    #[error("the HTTP client cannot be built")]
    Client(#[source] reqwest::Error),
}

/// The shared client. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Http {
    client: reqwest::Client,
    hosts: Hosts,
    plain: Option<plain::Plain>,
}

impl Http {
    /// The client below, for crates that want one (octocrab). What is sent through it directly is not checked
    /// for https; the settings' roots and name resolution still hold.
    pub fn reqwest(&self) -> &reqwest::Client {
        &self.client
    }

    /// The same, that speaks without TLS to the endpoint of this machine's identity, where that is on loopback. Any other
    /// endpoint changes nothing.
    ///
    /// # Errors
    /// Where no client can be made.
    pub fn asking_identity(&self, endpoint: &url::Url) -> Result<Http, HttpError> {
        Ok(Http { plain: plain::Plain::of(endpoint, &self.hosts)?, ..self.clone() })
    }
}

/// Makes the client.
///
/// # Errors
/// When the given CA does not parse, or the system has no root certificates.
pub fn client(settings: &HttpSettings) -> Result<Http, HttpError> {
    let mut builder = reqwest::Client::builder()
        .tls_backend_preconfigured(tls_config(&settings.trust, settings.identity.as_ref())?)
        .user_agent(concat!("keyslot/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .connect_timeout(settings.connect_timeout)
        .read_timeout(settings.read_timeout)
        .pool_idle_timeout(IDLE)
        .dns_resolver(settings.hosts.clone());
    match (settings.proxies, &settings.proxy) {
        (Proxies::Off, _) => builder = builder.no_proxy(),
        (Proxies::FromEnvironment, Some(proxy)) => {
            builder = builder.proxy(reqwest::Proxy::all(proxy).map_err(HttpError::Client)?);
        }
        (Proxies::FromEnvironment, None) => {}
    }
    let client = builder.build().map_err(HttpError::Client)?;
    Ok(Http { client, hosts: settings.hosts.clone(), plain: None })
}
