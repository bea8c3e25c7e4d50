//! Private endpoints, told as what they are: a name that leads into somebody's network, which this machine is not in.
//!
//! Asked only once a connection has failed, and only of the resolver that the connection asked too.

use std::net::IpAddr;

use reqwest::dns::{Name, Resolve as _};

use super::Hosts;

/// The label in the names of private endpoints, as `x.privatelink.eastus2.azmk8s.io`.
const LABEL: &str = "privatelink";

/// Why a host that could not be reached is a private endpoint; `None` where nothing says so.
pub(super) async fn endpoint(hosts: &Hosts, host: &str) -> Option<String> {
    let found = match (host.parse::<IpAddr>(), host.parse::<Name>()) {
        (Ok(address), _) => vec![address],
        (Err(_), Ok(name)) => {
            hosts.resolve(name).await.map_or(Vec::new(), |all| all.map(|it| it.ip()).collect())
        }
        (Err(_), Err(_)) => Vec::new(),
    };
    judged(host, &found)
}

fn judged(host: &str, found: &[IpAddr]) -> Option<String> {
    let is_named = host.split('.').any(|label| label.eq_ignore_ascii_case(LABEL));
    match found.first() {
        Some(first) if found.iter().all(is_private) => {
            Some(format!("{host} is a private endpoint: its address, {first}, is of a private network"))
        }
        None if is_named => Some(format!(
            "{host} is a private endpoint: only name servers of its own network know its address"
        )),
        // A network may have any addresses; nobody else has such a name.
        Some(first) if is_named && !first.is_loopback() => {
            Some(format!("{host} is a private endpoint, by its name: its address is {first}"))
        }
        Some(_) | None => None,
    }
}

/// Loopback is none of it: there a simulated world answers.
fn is_private(address: &IpAddr) -> bool {
    match address {
        // The second are carriers' (RFC 6598), which networks in Azure may have.
        IpAddr::V4(address) => {
            address.is_private() || address.octets()[0] == 100 && address.octets()[1] & 0xc0 == 64
        }
        IpAddr::V6(address) => address.is_unique_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_endpoint_is_known_by_its_address_or_by_its_name() {
        let told = |host: &str, found: &[&str]| {
            let found: Vec<IpAddr> = found.iter().map(|text| text.parse().unwrap()).collect();
            judged(host, &found)
        };
        assert!(told("kv.vault.azure.net", &["10.1.2.3"]).unwrap().contains("10.1.2.3"));
        assert!(told("kv.vault.azure.net", &["fd00::1"]).is_some());
        assert!(told("c-1.privatelink.eastus2.azmk8s.io", &[]).is_some());
        assert!(told("kv.vault.azure.net", &["100.64.3.4"]).is_some());
        assert!(told("c-1.privatelink.eastus2.azmk8s.io", &["20.1.2.3"]).is_some());
        assert_eq!(told("kv.vault.azure.net", &["100.128.3.4"]), None);
        assert_eq!(told("kv.vault.azure.net", &[]), None, "it may not exist at all");
        assert_eq!(told("kv.vault.azure.net", &["20.1.2.3"]), None);
        assert_eq!(told("kv.vault.azure.net", &["10.1.2.3", "20.1.2.3"]), None);
        assert_eq!(told("127.0.0.1", &["127.0.0.1"]), None);
    }
}
