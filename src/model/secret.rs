//! Key material and what may be kept of it.
//!
//! A [`KeyMaterial`] is wiped when dropped and has neither `Display` nor `Serialize`; its `Debug` says
//! nothing. What leaves the process is a [`Fingerprint`]: an HMAC-SHA256 under a salt of one rotation, good
//! for asking “is this the same key?” within that rotation and for nothing else.

use std::fmt;
use std::ops::Range;

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use zeroize::Zeroizing;

/// A key's text as Azure gives it (base64), wiped on drop.
#[derive(Clone)]
pub struct KeyMaterial(Zeroizing<String>);

impl KeyMaterial {
    pub fn new(text: impl Into<Zeroizing<String>>) -> Self {
        Self(text.into())
    }

    /// The text itself. Callers sign or compare with it; they never store, print or send it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    pub fn fingerprint(&self, salt: &Salt) -> Fingerprint {
        Fingerprint::of(self.0.as_bytes(), salt)
    }
}

impl fmt::Debug for KeyMaterial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyMaterial(…)")
    }
}

/// Random bytes of one rotation under which fingerprints are made. Stands in the journal; it is no secret by
/// itself, but keeps fingerprints of different rotations from being compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Salt(String);

impl Salt {
    pub fn new(hex: impl Into<String>) -> Self {
        Self(hex.into())
    }
}

/// A keyed digest of a key, in lower-case hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(String);

/// Where the key stands in what a secret carries: the `AccountKey` of a connection string, else all of it. White space
/// around a key is no part of it.
pub fn key_in(carried: &str) -> Range<usize> {
    let mut start = 0;
    for part in carried.split(';') {
        if let Some((name, value)) = part.split_once('=')
            && name.trim().eq_ignore_ascii_case("AccountKey")
        {
            return trimmed(start + name.len() + 1, value);
        }
        start += part.len() + 1;
    }
    trimmed(0, carried)
}

fn trimmed(start: usize, text: &str) -> Range<usize> {
    let start = start + text.len() - text.trim_start().len();
    start..start + text.trim().len()
}

impl Fingerprint {
    /// Of the key in what a secret carries.
    pub fn of_key_in(carried: &[u8], salt: &Salt) -> Fingerprint {
        let key = std::str::from_utf8(carried).ok().and_then(|text| text.get(key_in(text)));
        Fingerprint::of(key.map_or(carried, str::as_bytes), salt)
    }

    /// HMAC-SHA256 of `bytes` under `salt`, cut to 128 bits.
    pub fn of(bytes: &[u8], salt: &Salt) -> Fingerprint {
        use fmt::Write as _;
        let mut text = String::with_capacity(32);
        // HMAC takes keys of any length, so the only error it has cannot occur.
        if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(salt.0.as_bytes()) {
            mac.update(bytes);
            for byte in mac.finalize().into_bytes().iter().take(16) {
                let _ = write!(text, "{byte:02x}");
            }
        }
        Fingerprint(text)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_in_whatever_carries_it() {
        let endpoint = "AccountEndpoint=https://a.documents.azure.com:443/";
        for (carried, key) in [
            ("a2V5LW9uZQ==", "a2V5LW9uZQ=="),
            ("a2V5LW9uZQ==\n", "a2V5LW9uZQ=="),
            (format!("{endpoint};AccountKey=a2V5LW9uZQ==;").as_str(), "a2V5LW9uZQ=="),
            (format!("{endpoint}; accountkey = a2V5LW9uZQ== \n").as_str(), "a2V5LW9uZQ=="),
            (format!("AccountKey=a2V5LW9uZQ==;{endpoint}").as_str(), "a2V5LW9uZQ=="),
            (format!("{endpoint};AccountKey=").as_str(), ""),
            ("SharedAccessKey=a2V5LW9uZQ==", "SharedAccessKey=a2V5LW9uZQ=="),
            ("", ""),
        ] {
            assert_eq!(carried.get(key_in(carried)), Some(key), "{carried}");
            let salt = Salt::new("00");
            let seen = Fingerprint::of_key_in(carried.as_bytes(), &salt);
            assert_eq!(seen, Fingerprint::of(key.as_bytes(), &salt), "{carried}");
        }
        let salt = Salt::new("00");
        assert_eq!(Fingerprint::of_key_in(b"\xE9", &salt), Fingerprint::of(b"\xE9", &salt));
    }
}
