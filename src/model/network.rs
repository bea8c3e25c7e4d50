//! An address or a network of addresses, as `192.0.2.7` or `10.1.0.0/16`.

use core::net::IpAddr;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Addresses with the same beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Network {
    base: IpAddr,
    /// How many bits all have in common.
    prefix: u32,
}

impl Network {
    /// Whether this text is an address in it. What is no address is in no network.
    pub fn holds(&self, address: &str) -> bool {
        match (self.base, address.parse()) {
            (IpAddr::V4(base), Ok(IpAddr::V4(address))) => {
                let rest = 32 - self.prefix;
                u64::from(base.to_bits()) >> rest == u64::from(address.to_bits()) >> rest
            }
            (IpAddr::V6(base), Ok(IpAddr::V6(address))) => {
                let differ = base.to_bits() ^ address.to_bits();
                differ.leading_zeros() >= self.prefix
            }
            (IpAddr::V4(_), Ok(IpAddr::V6(_)) | Err(_)) | (IpAddr::V6(_), Ok(IpAddr::V4(_)) | Err(_)) => {
                false
            }
        }
    }

    fn width(base: IpAddr) -> u32 {
        if base.is_ipv4() { 32 } else { 128 }
    }
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Network, String> {
        let wrong = || format!("“{text}” is neither an address nor a network as 10.1.0.0/16");
        let (base, prefix) = match text.split_once('/') {
            Some((base, prefix)) => (base, Some(prefix.parse().map_err(|_| wrong())?)),
            None => (text, None),
        };
        let base: IpAddr = base.parse().map_err(|_| wrong())?;
        let prefix: u32 = prefix.unwrap_or(Network::width(base));
        if prefix <= Network::width(base) { Ok(Network { base, prefix }) } else { Err(wrong()) }
    }
}

impl TryFrom<String> for Network {
    type Error = String;

    fn try_from(text: String) -> Result<Network, String> {
        text.parse()
    }
}

impl From<Network> for String {
    fn from(network: Network) -> String {
        network.to_string()
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.prefix == Network::width(self.base) {
            return write!(f, "{}", self.base);
        }
        write!(f, "{}/{}", self.base, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_in_its_network_and_in_no_other() {
        for (network, address, inside) in [
            ("10.1.0.0/16", "10.1.255.255", true),
            ("10.1.0.0/16", "10.2.0.0", false),
            ("192.0.2.7", "192.0.2.7", true),
            ("192.0.2.7", "192.0.2.8", false),
            ("0.0.0.0/0", "203.0.113.1", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("2001:db8::/32", "2001:db8:1::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
            ("::/0", "2001:db9::1", true),
            ("10.1.0.0/16", "", false),
        ] {
            assert_eq!(network.parse::<Network>().unwrap().holds(address), inside, "{network} {address}");
        }
        for wrong in ["", "10.1", "10.1.0.0/33", "10.1.0.0/", "::/129", "a/8"] {
            assert!(wrong.parse::<Network>().is_err(), "{wrong}");
        }
        assert_eq!("10.1.0.0/16".parse::<Network>().unwrap().to_string(), "10.1.0.0/16");
    }
}
