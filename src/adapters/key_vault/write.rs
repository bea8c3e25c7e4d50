//! Writing the secret's next version, for teams whose vaults no pipeline writes.
//!
//! The key goes from the account to the vault and is wiped on the way; it is never part of an error. In a connection string
//! it takes the place of the one before. The service has no
//! compare-and-swap for secrets: the current version is read just before, and what another hand wrote since it was
//! judged stays. Whatever Terraform put beside the value (content type, tags, dates) is written again as it was.

use std::collections::BTreeMap;

use async_trait::async_trait;
use azure_core::Bytes;
use azure_core::error::ErrorKind;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{KeyVaults, Vault, answered, read_error};
use crate::adapters::http::{ReadError, SendError};
use crate::model::{Blindness, KeyKind, KeyMaterial, SecretVersion, key_in};
use crate::ports::{Effect, Fault, Permit};

const WHAT: &str = "write the secret";

/// Who gives the key that is to be written.
#[async_trait]
pub trait CurrentKeys: Send + Sync {
    /// The account's current key of this kind.
    async fn current(&self, kind: KeyKind) -> Result<KeyMaterial, Fault>;
}

/// What stands beside the value.
#[derive(Deserialize)]
struct Current {
    #[serde(default, deserialize_with = "super::answer::wiped")]
    value: Zeroizing<String>,
    id: String,
    #[serde(rename = "contentType")]
    content_type: Option<String>,
    tags: Option<BTreeMap<String, String>>,
    attributes: Dates,
}

#[derive(Clone, Deserialize, Serialize)]
struct Dates {
    /// Seconds since 1970, like the other one.
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nbf: Option<i64>,
}

#[derive(Serialize)]
struct Next<'a> {
    value: &'a str,
    #[serde(rename = "contentType", skip_serializing_if = "Option::is_none")]
    content_type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tags: Option<&'a BTreeMap<String, String>>,
    attributes: Dates,
}

impl Next<'_> {
    /// The body in a buffer that is wiped when the request is gone. It never grows: that would leave a copy behind.
    fn body(&self) -> Option<Bytes> {
        const LARGEST: usize = 128 * 1024;
        let mut buffer = Zeroizing::new(vec![0_u8; LARGEST]);
        let mut rest: &mut [u8] = &mut buffer;
        serde_json::to_writer(&mut rest, self).ok()?;
        let written = LARGEST - rest.len();
        Some(Bytes::from_owner(buffer).slice(..written))
    }
}

impl KeyVaults {
    pub(super) async fn write_next(
        &self,
        vault: &Vault,
        kind: KeyKind,
        replaces: &SecretVersion,
        permit: &Permit,
    ) -> Effect<()> {
        let subject = format!("{} in {}", self.secret, vault.url);
        let fault = |kind, why: &str| Fault::new(kind, WHAT, &subject, why);
        let Some(keys) = &self.keys else {
            let fault = fault(Blindness::Forbidden, "the configuration leaves that to the pipeline");
            return Effect::NotSent(fault.remedy("run it, or say `propagate = \"write\"` under release"));
        };
        let current = match self.current(vault, &subject).await {
            Ok(current) if current.id.rsplit('/').next() == Some(replaces.as_str()) => current,
            Ok(_) => return Effect::NotSent(fault(Blindness::Throttled, "it has another version by now")),
            Err(fault) => return Effect::NotSent(fault),
        };
        let key = match keys.current(kind).await {
            Ok(key) => key,
            Err(fault) => return Effect::NotSent(fault),
        };
        let value = in_place(&current.value, &key);
        let next = Next {
            value: &value,
            content_type: current.content_type.as_deref(),
            tags: current.tags.as_ref(),
            attributes: current.attributes.clone(),
        };
        let Some(body) = next.body() else {
            return Effect::NotSent(fault(
                Blindness::Unintelligible,
                "its tags are larger than the service allows",
            ));
        };
        drop((key, value));
        let client = match self.client(&vault.url, Some(permit.clone())) {
            Ok(client) => client,
            Err(fault) => return Effect::NotSent(fault),
        };
        match client.set_secret(&self.secret, body.into(), None).await {
            Ok(_) => Effect::Applied(()),
            Err(error) => ended(&error, &subject),
        }
    }

    async fn current(&self, vault: &Vault, subject: &str) -> Result<Current, Fault> {
        let response = vault.client.get_secret(&self.secret, None).await;
        let response = response.map_err(|error| read_error(&error, subject).into_fault())?;
        let body = response.into_body();
        let bytes: &[u8] = body.as_ref();
        serde_json::from_slice(bytes)
            .map_err(|_| Fault::new(Blindness::Unintelligible, WHAT, subject, "the answer is not understood"))
    }
}

/// What the secret carries, with this key in the place of its own.
fn in_place(carried: &str, key: &KeyMaterial) -> Zeroizing<String> {
    let place = key_in(carried);
    let around = carried.get(..place.start).zip(carried.get(place.end..));
    let (before, after) = around.unwrap_or_default();
    // It never grows: that would leave a copy behind.
    let mut value = Zeroizing::new(String::with_capacity(carried.len() + key.expose().len()));
    value.push_str(before);
    value.push_str(key.expose());
    value.push_str(after);
    value
}

fn ended(error: &azure_core::Error, subject: &str) -> Effect<()> {
    if let ErrorKind::HttpResponse { status, raw_response, .. } = error.kind() {
        let status = StatusCode::from_u16(u16::from(*status)).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = raw_response.as_ref().map(|response| response.body().as_ref()).unwrap_or_default();
        let read = answered(status, body, subject);
        let later = matches!(read, ReadError::Later(..));
        let mut fault = Fault { what: WHAT.to_owned(), ..read.into_fault() };
        if status == StatusCode::FORBIDDEN && fault.kind == Blindness::Forbidden {
            fault.remedy =
                "grant the identity the right to set secrets (a new grant takes up to 10 minutes)".to_owned();
        }
        return match status {
            StatusCode::REQUEST_TIMEOUT => Effect::Unknown(fault),
            status if status.is_client_error() && (!later || fault.kind == Blindness::Throttled) => {
                Effect::Refused(fault)
            }
            _ => Effect::Unknown(fault),
        };
    }
    match error.downcast_ref::<SendError>() {
        Some(failure) if failure.nothing_was_sent() => Effect::NotSent(failure.fault(WHAT, subject)),
        Some(failure) => Effect::Unknown(failure.fault(WHAT, subject)),
        None if matches!(error.kind(), ErrorKind::Credential) => {
            Effect::NotSent(Fault::new(Blindness::Forbidden, WHAT, subject, crate::adapters::chain(error)))
        }
        None => Effect::Unknown(Fault::new(
            Blindness::Unintelligible,
            WHAT,
            subject,
            crate::adapters::chain(error),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_beside_the_value_is_written_again() {
        let tags = BTreeMap::from([("Branch".to_owned(), "main".to_owned())]);
        let dates = Dates { exp: Some(1_900_000_000), nbf: None };
        let next = Next { value: "k==", content_type: Some("text"), tags: Some(&tags), attributes: dates };
        let body: serde_json::Value = serde_json::from_slice(&next.body().unwrap()).unwrap();
        assert_eq!(
            body,
            serde_json::json!({
                "value": "k==", "contentType": "text", "tags": {"Branch": "main"},
                "attributes": {"exp": 1_900_000_000}
            })
        );
    }

    #[test]
    fn a_key_takes_the_place_of_the_one_before() {
        let key = KeyMaterial::new("bmV3".to_owned());
        for (carried, next) in [
            ("b2xk", "bmV3"),
            ("", "bmV3"),
            ("AccountEndpoint=https://a/;AccountKey=b2xk;", "AccountEndpoint=https://a/;AccountKey=bmV3;"),
        ] {
            assert_eq!(in_place(carried, &key).as_str(), next);
        }
    }

    #[test]
    fn a_body_that_would_have_to_grow_is_not_made() {
        let tags = BTreeMap::from([("x".to_owned(), "y".repeat(200 * 1024))]);
        let dates = Dates { exp: None, nbf: None };
        let next = Next { value: "k", content_type: None, tags: Some(&tags), attributes: dates };
        assert!(next.body().is_none());
    }
}
