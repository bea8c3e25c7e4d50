//! The one address on this machine that is spoken to without TLS: where its managed identity is asked for tokens.
//!
//! Container Apps, App Service and their jobs have it on loopback, and name it in the environment. What is said there opens
//! doors, so it goes through no proxy, to no other host and to no other port.

use url::{Host, Url};

use super::{Hosts, HttpError, HttpSettings, Trust, tls_config};

#[derive(Clone, Debug)]
pub(super) struct Plain {
    address: (String, u16),
    pub client: reqwest::Client,
}

impl Plain {
    /// `None` where it is no such address.
    ///
    /// # Errors
    /// Where no client can be made.
    pub fn of(endpoint: &Url, hosts: &Hosts) -> Result<Option<Plain>, HttpError> {
        let Some(address) = address(endpoint).filter(|_| is_own(endpoint)) else { return Ok(None) };
        let HttpSettings { connect_timeout, read_timeout, .. } = HttpSettings::default();
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls_config(&Trust::System, None)?)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .connect_timeout(connect_timeout)
            .read_timeout(read_timeout)
            .dns_resolver(hosts.clone())
            .build()
            .map_err(HttpError::Client)?;
        Ok(Some(Plain { address, client }))
    }

    pub fn is(&self, url: &Url) -> bool {
        url.scheme() == "http" && address(url).as_ref() == Some(&self.address)
    }
}

fn address(url: &Url) -> Option<(String, u16)> {
    Some((url.host_str()?.to_owned(), url.port_or_known_default()?))
}

fn is_own(url: &Url) -> bool {
    let on_loopback = match url.host() {
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    url.scheme() == "http" && on_loopback
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_that_one_address_is_spoken_to_plainly() {
        let plain = |endpoint: &str| Plain::of(&endpoint.parse().unwrap(), &Hosts::default()).unwrap();
        for endpoint in ["http://localhost:42356/msi/token", "http://127.0.0.1:42356/msi/token"] {
            let known = plain(endpoint).unwrap();
            let is = |url: &str| known.is(&url.parse().unwrap());
            assert!(is(endpoint) && is(&format!("{endpoint}?resource=x")));
            assert!(!is("http://localhost:42357/msi/token") && !is("http://127.0.0.1:80/msi/token"));
            assert!(!is("http://localhost.example:42356/") && !is(&endpoint.replace("http:", "https:")));
        }
        for other in ["https://localhost:1/", "http://10.0.0.1:42356/msi/token", "http://localhost.example/"]
        {
            assert!(plain(other).is_none(), "{other}");
        }
    }
}
