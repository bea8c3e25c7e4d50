//! Where host names lead.
//!
//! In production the system resolves them. A world on loopback keeps the real names (Key Vault's challenge check
//! and the certificates depend on them) and only answers them itself; whatever it does not serve must not
//! resolve at all.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// What happens to names without an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Others {
    /// The system's resolver is asked.
    #[default]
    System,
    /// They do not resolve, and addresses other than loopback are not contacted.
    Refused,
}

/// Overrides of name resolution. Exact names go before suffixes, longer suffixes before shorter ones.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Hosts {
    exact: BTreeMap<String, SocketAddr>,
    suffix: BTreeMap<String, SocketAddr>,
    others: Others,
}

impl Hosts {
    /// One name.
    pub fn name(mut self, host: &str, address: SocketAddr) -> Hosts {
        self.exact.insert(host.to_ascii_lowercase(), address);
        self
    }

    /// Every name below a domain, as `vault.azure.net` for `NAME.vault.azure.net`; not the domain itself.
    pub fn below(mut self, domain: &str, address: SocketAddr) -> Hosts {
        self.suffix.insert(format!(".{}", domain.trim_start_matches('.').to_ascii_lowercase()), address);
        self
    }

    pub fn others(mut self, others: Others) -> Hosts {
        self.others = others;
        self
    }

    /// The override for a name, if there is one.
    pub fn lookup(&self, host: &str) -> Option<SocketAddr> {
        let host = host.to_ascii_lowercase();
        if let Some(address) = self.exact.get(&host) {
            return Some(*address);
        }
        self.suffix
            .iter()
            .filter(|(suffix, _)| host.ends_with(suffix.as_str()) && host.len() > suffix.len())
            .max_by_key(|(suffix, _)| suffix.len())
            .map(|(_, address)| *address)
    }

    /// Whether a host of a URL (name or address literal) may be contacted at all.
    pub(super) fn allows(&self, host: &url::Host<&str>) -> bool {
        match (self.others, host) {
            (Others::System, _) => true,
            (Others::Refused, url::Host::Domain(name)) => self.lookup(name).is_some(),
            (Others::Refused, url::Host::Ipv4(address)) => address.is_loopback(),
            (Others::Refused, url::Host::Ipv6(address)) => address.is_loopback(),
        }
    }
}

impl Resolve for Hosts {
    fn resolve(&self, name: Name) -> Resolving {
        let host = name.as_str().to_owned();
        let known = self.lookup(&host);
        let others = self.others;
        Box::pin(async move {
            match (known, others) {
                (Some(address), _) => Ok(Box::new(std::iter::once(address)) as Addrs),
                (None, Others::System) => {
                    let found: Vec<SocketAddr> = tokio::net::lookup_host((host.as_str(), 0)).await?.collect();
                    Ok(Box::new(found.into_iter()) as Addrs)
                }
                (None, Others::Refused) => Err(Box::new(io::Error::new(
                    io::ErrorKind::NotFound,
                    format!("{host} is not part of the simulated world, and nothing else may be contacted"),
                )) as _),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(port: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    #[test]
    fn exact_names_go_before_suffixes_and_long_suffixes_before_short_ones() {
        let hosts = Hosts::default()
            .name("Special.Vault.azure.net", address(1))
            .below("azure.net", address(2))
            .below(".vault.azure.net", address(3));
        assert_eq!(hosts.lookup("special.vault.azure.net"), Some(address(1)));
        assert_eq!(hosts.lookup("kv-1.VAULT.azure.net"), Some(address(3)));
        assert_eq!(hosts.lookup("x.azure.net"), Some(address(2)));
        assert_eq!(hosts.lookup("azure.net"), None);
        assert_eq!(hosts.lookup("evilazure.net"), None);
    }

    #[test]
    fn a_rehearsal_contacts_loopback_and_known_names_only() {
        let hosts = Hosts::default().name("management.azure.com", address(1)).others(Others::Refused);
        let allowed = |url: &str| {
            let url = url::Url::parse(url).unwrap();
            hosts.allows(&url.host().unwrap())
        };
        assert!(allowed("https://management.azure.com/"));
        assert!(allowed("https://127.0.0.1:6443/"));
        assert!(allowed("https://[::1]:6443/"));
        assert!(!allowed("https://login.microsoftonline.com/"));
        assert!(!allowed("https://169.254.169.254/"));
    }
}
