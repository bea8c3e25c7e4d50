//! Single values: durations, web addresses, places of tokens.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use url::Url;

use super::{SettingsError, duration};

/// A duration in world time, written as `"15m"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Span(pub Duration);

impl Span {
    pub const fn seconds(seconds: u64) -> Span {
        Span(Duration::from_secs(seconds))
    }

    pub const fn minutes(minutes: u64) -> Span {
        Span::seconds(minutes * 60)
    }
}

impl TryFrom<String> for Span {
    type Error = String;

    fn try_from(text: String) -> Result<Span, String> {
        duration::parse(&text).map(Span)
    }
}

impl From<Span> for String {
    fn from(span: Span) -> String {
        duration::write(span.0)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&duration::write(self.0))
    }
}

/// An https address without credentials and without a query. Tokens are sent to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct WebAddress {
    /// Without a slash at the end.
    text: String,
    host: String,
}

impl WebAddress {
    /// `https://HOST`.
    pub(super) fn of_host(host: &str) -> WebAddress {
        WebAddress { text: format!("https://{host}"), host: host.to_owned() }
    }

    /// As services' clients want it: without a slash at the end.
    pub fn as_base(&self) -> &str {
        &self.text
    }

    /// As a URL.
    ///
    /// # Errors
    /// Never for an address that was read: it was parsed then.
    pub fn url(&self) -> Result<Url, SettingsError> {
        Url::parse(&self.text).map_err(|error| SettingsError::new(format!("{}: {error}", self.text)))
    }

    /// The host alone, without a port.
    pub fn host(&self) -> &str {
        &self.host
    }
}

impl TryFrom<String> for WebAddress {
    type Error = String;

    fn try_from(text: String) -> Result<WebAddress, String> {
        let url = Url::parse(&text).map_err(|error| format!("this is no web address: {error}"))?;
        let host = url.host_str().filter(|_| url.scheme() == "https");
        let host = host.ok_or("only https:// addresses can stand here: tokens are sent to them")?;
        if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
            return Err("a web address stands here without a user, a password or a query".to_owned());
        }
        Ok(WebAddress { text: url.as_str().trim_end_matches('/').to_owned(), host: host.to_owned() })
    }
}

impl From<WebAddress> for String {
    fn from(address: WebAddress) -> String {
        address.text
    }
}

/// Where a token is found; never the token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenPlace {
    /// The name of an environment variable.
    Env(String),
    /// A file whose content, without white space around it, is the token. Relative to the settings.
    File(PathBuf),
}

impl TokenPlace {
    pub fn env(name: &str) -> TokenPlace {
        TokenPlace::Env(name.to_owned())
    }
}

impl fmt::Display for TokenPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TokenPlace::Env(name) => write!(f, "the environment variable {name}"),
            TokenPlace::File(path) => write!(f, "the file {}", path.display()),
        }
    }
}

// By hand, because what stands here by mistake is a token, and derived errors repeat what they find.
impl<'de> Deserialize<'de> for TokenPlace {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<TokenPlace, D::Error> {
        deserializer.deserialize_any(TokenVisitor)
    }
}

struct TokenVisitor;

const TOKEN_SHAPE: &str =
    "a token never stands here, only where to find it: { env = \"NAME\" } or { file = \"PATH\" }";

impl<'de> Visitor<'de> for TokenVisitor {
    type Value = TokenPlace;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{ env = \"NAME\" } or { file = \"PATH\" }")
    }

    fn visit_str<E: de::Error>(self, _text: &str) -> Result<TokenPlace, E> {
        Err(E::custom(TOKEN_SHAPE))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<TokenPlace, A::Error> {
        let wrong = || de::Error::custom(TOKEN_SHAPE);
        let name: String = map.next_key()?.ok_or_else(wrong)?;
        let place = match name.as_str() {
            "env" => TokenPlace::Env(checked_variable(map.next_value()?)?),
            "file" => TokenPlace::File(map.next_value()?),
            _ => return Err(wrong()),
        };
        match map.next_key::<String>()? {
            None => Ok(place),
            Some(_) => Err(de::Error::custom("one place is enough: either env or file")),
        }
    }
}

fn checked_variable<E: de::Error>(name: String) -> Result<String, E> {
    let plain = |letter: char| letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == '_';
    if name.is_empty() || !name.chars().all(plain) {
        return Err(E::custom("the name of an environment variable stands here, in capitals, not its value"));
    }
    Ok(name)
}
