//! Which cloud, and whether it is a world on loopback.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use url::Url;

use super::WebAddress;
use crate::adapters::http::Hosts;

/// `[endpoints]`. Without it, Azure's public cloud.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Endpoints {
    /// Azure Resource Manager.
    pub arm: WebAddress,
    /// The authority that gives tokens.
    pub login: WebAddress,
    /// The query API of Log Analytics.
    pub logs: WebAddress,
    /// Where Azure tokens come from.
    pub credential: CredentialKind,
    /// The domain of Key Vaults: a vault's host is its name, a dot, and this.
    pub vault_suffix: String,
    /// A file of CA certificates (PEM), relative to the settings; nothing else is trusted then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trust_root: Option<PathBuf>,
    /// Addresses instead of what DNS says: a host, or `*.` and a domain for every host below it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub resolve: BTreeMap<String, SocketAddr>,
    /// Only for worlds on loopback: with it, nothing else can be reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock: Option<ClockSettings>,
}

/// The credential that asks the authority for tokens. What each needs besides comes from the environment, under
/// the names that Azure's own tools use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CredentialKind {
    /// The first of the others that works.
    #[default]
    Auto,
    /// `AZURE_TENANT_ID`, `AZURE_CLIENT_ID`, `AZURE_CLIENT_SECRET`.
    ClientSecret,
    /// `AZURE_FEDERATED_TOKEN_FILE` and its neighbours.
    WorkloadIdentity,
    AzureCli,
    /// Of the machine; with `AZURE_CLIENT_ID` a user-assigned one.
    ManagedIdentity,
}

/// `[endpoints.clock]`: world time is `world_start` + (wall time since `wall_start`) × `speed`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClockSettings {
    pub speed: f64,
    pub world_start: Timestamp,
    pub wall_start: Timestamp,
}

impl Default for Endpoints {
    fn default() -> Endpoints {
        Endpoints {
            arm: WebAddress::of_host("management.azure.com"),
            login: WebAddress::of_host("login.microsoftonline.com"),
            logs: WebAddress::of_host("api.loganalytics.io"),
            credential: CredentialKind::Auto,
            vault_suffix: "vault.azure.net".to_owned(),
            trust_root: None,
            resolve: BTreeMap::new(),
            clock: None,
        }
    }
}

impl Endpoints {
    /// The host of a Key Vault.
    pub fn vault_host(&self, vault: &str) -> String {
        format!("{vault}.{}", self.vault_suffix)
    }

    /// The overrides of name resolution, as the HTTP client takes them.
    pub fn hosts(&self) -> Hosts {
        self.resolve.iter().fold(Hosts::default(), |hosts, (name, address)| match name.strip_prefix("*.") {
            Some(domain) => hosts.below(domain, *address),
            None => hosts.name(name, *address),
        })
    }

    /// Whether connections to this host stay on this machine.
    pub(super) fn stays_here(&self, host: &str) -> bool {
        match self.hosts().lookup(host) {
            Some(address) => address.ip().is_loopback(),
            None => is_loopback(host),
        }
    }

    /// Whether what git is told stays on this machine: a path, a file address, or a host that does.
    pub(super) fn repository_stays_here(&self, repository: &str) -> bool {
        match Url::parse(repository) {
            Ok(url) if url.scheme() == "file" => true,
            Ok(url) => url.host_str().is_some_and(|host| self.stays_here(host)),
            // `user@host:path` is ssh's short form; anything else without a scheme is a path.
            Err(_) => !repository.split('/').next().unwrap_or_default().contains(':'),
        }
    }
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare == "localhost" || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}
