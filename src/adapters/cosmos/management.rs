//! The management plane through the SDK: get, listKeys, regenerateKey.
//!
//! The SDK builds the requests; transport, token, permit and the reading of bodies are ours. Its own polling and
//! retries are not used: `regenerate_key().send()` sends once, and the operation is followed by whoever reads
//! the journal, also after a restart of keyslot.

use std::sync::Arc;

use azure_core_legacy::{RetryOptions, TransportOptions};
use azure_mgmt_cosmosdb::package_preview_2024_09 as sdk;
use serde::Deserialize;
use url::Url;

use super::account::{AccountBody, Keys};
use crate::adapters::arm::{ArmAccess, ArmError, ArmFailure, ArmTransport, Placeholder};
use crate::adapters::http::{Answer, SendError};
use crate::model::{AccountId, Blindness, KeyKind, OWN_REQUEST, Operation, Respite};
use crate::ports::{Effect, Fault, Permit};

/// Tells everything but the last use.
const STABLE: &str = "2024-08-15";

/// The only version that tells when keys were last used.
const PREVIEW: &str = "2026-04-01-preview";

pub(super) struct Management {
    pub access: ArmAccess,
    pub endpoint: Url,
    pub account: AccountId,
}

impl Management {
    /// The account by the preview version.
    pub(super) async fn get_preview(&self) -> Result<AccountBody, ArmFailure> {
        self.get(PREVIEW).await
    }

    /// The account by the stable version.
    pub(super) async fn get_stable(&self) -> Result<AccountBody, ArmFailure> {
        self.get(STABLE).await
    }

    async fn get(&self, version: &str) -> Result<AccountBody, ArmFailure> {
        let transport = Arc::new(ArmTransport::reading(self.access.clone()));
        let client = self.client(&transport, version)?.database_accounts_client();
        let AccountId { subscription, resource_group, name } = &self.account;
        client.get(subscription, resource_group, name).send().await?;
        parse(&transport.take()?)
    }

    /// Under an id that the activity log shows, so that the census knows who it was.
    pub(super) async fn list_keys(&self) -> Result<Keys, ArmFailure> {
        let random = azure_core::Uuid::new_v4().to_string();
        let id = format!("{OWN_REQUEST}{}", random.get(OWN_REQUEST.len()..).unwrap_or_default());
        let transport = Arc::new(ArmTransport::reading_as(self.access.clone(), &id));
        let client = self.client(&transport, STABLE)?.database_accounts_client();
        let AccountId { subscription, resource_group, name } = &self.account;
        client.list_keys(subscription, resource_group, name).send().await?;
        parse(&transport.take()?)
    }

    /// Sends one regeneration.
    pub(super) async fn regenerate(
        &self,
        kind: KeyKind,
        request_id: &str,
        permit: &Permit,
    ) -> Effect<Option<Operation>> {
        let what = format!("regenerate the {kind} key");
        let transport = Arc::new(ArmTransport::acting(self.access.clone(), permit.clone(), request_id));
        let sent = async {
            let client = self.client(&transport, STABLE)?.database_accounts_client();
            let AccountId { subscription, resource_group, name } = &self.account;
            let parameters = sdk::models::DatabaseAccountRegenerateKeyParameters::new(key_kind(kind));
            client.regenerate_key(subscription, resource_group, name, parameters).send().await?;
            transport.take()
        };
        match sent.await {
            Ok(answer) => Effect::Applied(operation(&answer)),
            Err(failure) => ended(&failure, &what, &self.account.name),
        }
    }

    /// A client for one call. The api-version goes along in the endpoint's query, which the SDK keeps.
    fn client(&self, transport: &Arc<ArmTransport>, version: &str) -> Result<sdk::Client, ArmFailure> {
        let mut endpoint = self.endpoint.clone();
        endpoint.set_query(Some(&format!("api-version={version}")));
        let transport = TransportOptions::new(transport.clone());
        Ok(sdk::Client::builder(Arc::new(Placeholder))
            .endpoint(endpoint)
            .scopes(&[self.access.scope.as_str()])
            .retry(RetryOptions::none())
            .transport(transport)
            .build()?)
    }
}

/// Whether the service said that it does not know the api-version (or not for this subscription).
pub(super) fn is_unknown_version(failure: &ArmFailure) -> bool {
    const CODES: [&str; 3] =
        ["InvalidApiVersionParameter", "NoRegisteredProviderFound", "InvalidResourceType"];
    matches!(failure, ArmFailure::Answer(ArmError { code, .. }) if CODES.contains(&code.as_str()))
}

fn parse<T: for<'de> Deserialize<'de>>(answer: &Answer) -> Result<T, ArmFailure> {
    serde_json::from_slice(&answer.body).map_err(|error| {
        // serde's own text may quote what it read, and that may be a key.
        ArmFailure::Sdk(format!(
            "the answer is not understood (line {}, column {})",
            error.line(),
            error.column()
        ))
    })
}

/// The address to ask how it goes: `Azure-AsyncOperation` where it is there, otherwise `Location`.
fn operation(answer: &Answer) -> Option<Operation> {
    let url = answer.header("azure-asyncoperation").or_else(|| answer.header("location"))?;
    Some(Operation { url: url.to_owned() })
}

/// How a regeneration that was not taken on has ended.
fn ended<T>(failure: &ArmFailure, what: &str, subject: &str) -> Effect<T> {
    let fault = failure.fault(what, subject);
    match failure {
        ArmFailure::Token(_) => Effect::NotSent(fault),
        ArmFailure::Send(error) if error.nothing_was_sent() => Effect::NotSent(fault),
        ArmFailure::Send(SendError::NoAnswer(_)) | ArmFailure::Send(_) => Effect::Unknown(fault),
        ArmFailure::Answer(error) if error.status == http::StatusCode::REQUEST_TIMEOUT => {
            Effect::Unknown(fault)
        }
        ArmFailure::Answer(error) if error.status.is_client_error() => Effect::Refused(refusal(error, fault)),
        // A gateway's 5xx does not say what happened behind it; nor does a redirect.
        ArmFailure::Answer(_) | ArmFailure::Sdk(_) => Effect::Unknown(fault),
    }
}

/// Refusals that a person can do something about, or need not.
fn refusal(error: &ArmError, fault: Fault) -> Fault {
    let respite = error.retry_after.map_or(Respite::Unsaid, Respite::of);
    let passing = |fault: Fault| Fault { kind: Blindness::Throttled, respite, ..fault };
    if error.status != http::StatusCode::TOO_MANY_REQUESTS && speaks_of_use(error) {
        return passing(fault).respite(Respite::KeyInUse).remedy(
            "the service keeps a key that was used within the last 12 hours: nothing has changed; it is asked again when \
             nobody has used it for so long",
        );
    }
    if error.status == http::StatusCode::PRECONDITION_FAILED {
        return passing(fault)
            .remedy("another operation runs on the account: nothing has changed; look again later");
    }
    // Of several answers to “not now” these are the conflicts that a person has to end.
    let lasting = error.says("ScopeLocked") || error.is_of_disabled_subscription();
    if error.status == http::StatusCode::CONFLICT && !lasting {
        return passing(fault)
            .remedy("something else is at work on the account: nothing has changed; look again later");
    }
    fault.respite(respite)
}

/// Whether the service refuses because of the key's last use. No text of Azure's names the code of that refusal: so by
/// its words.
fn speaks_of_use(error: &ArmError) -> bool {
    const WORDS: [&str; 5] = ["lastusage", "last usage", "last used", "recently used", "used within"];
    let said = format!("{} {} {}", error.code, error.message, error.inner.join(" ")).to_ascii_lowercase();
    WORDS.iter().any(|words| said.contains(words))
}

fn key_kind(kind: KeyKind) -> sdk::models::database_account_regenerate_key_parameters::KeyKind {
    use crate::model::{Access, Slot};
    use sdk::models::database_account_regenerate_key_parameters::KeyKind as Name;

    match (kind.slot, kind.access) {
        (Slot::Primary, Access::ReadWrite) => Name::Primary,
        (Slot::Secondary, Access::ReadWrite) => Name::Secondary,
        (Slot::Primary, Access::ReadOnly) => Name::PrimaryReadonly,
        (Slot::Secondary, Access::ReadOnly) => Name::SecondaryReadonly,
    }
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;

    fn refused(status: u16, code: &str, message: &str, retry_after: Option<u64>) -> Fault {
        let body = format!(r#"{{"code":"{code}","message":"{message}"}}"#).into_bytes();
        let status = http::StatusCode::from_u16(status).unwrap();
        let headers = retry_after.map(|seconds| (http::header::RETRY_AFTER, seconds.into()));
        let headers = headers.into_iter().collect::<http::HeaderMap>();
        let answer = Answer { status, headers, body: Zeroizing::new(body) };
        match ended::<()>(&ArmFailure::Answer(ArmError::of(&answer)), "regenerate", "x") {
            Effect::Refused(fault) => fault,
            other => panic!("{status} {code}: {other:?}"),
        }
    }

    fn kind(status: u16, code: &str) -> Blindness {
        refused(status, code, "m", None).kind
    }

    #[test]
    fn a_refusal_brings_along_when_the_service_wants_to_be_asked_again() {
        let hour = Respite::Seconds(3600);
        for status in [429, 412, 409] {
            assert_eq!(refused(status, "c", "m", Some(3600)).respite, hour, "{status}");
            assert_eq!(refused(status, "c", "m", None).respite, Respite::Unsaid, "{status}");
        }
        for (status, code, message) in [
            (412, "PreconditionFailed", "The account key was used within the last 12 hours."),
            (400, "AccountKeysLastUsageCheckFailed", "m"),
            (403, "Forbidden", "Key was last used at 2026-01-12T08:00:00Z"),
        ] {
            let fault = refused(status, code, message, None);
            assert_eq!((fault.kind, fault.respite), (Blindness::Throttled, Respite::KeyInUse), "{message}");
        }
    }

    #[test]
    fn what_passes_is_waited_for_and_what_forbids_is_for_a_person() {
        for (status, code) in [(412, "PreconditionFailed"), (409, "Conflict"), (429, "TooManyRequests")] {
            assert_eq!(kind(status, code), Blindness::Throttled, "{code}");
        }
        for (status, code) in [
            (409, "ScopeLocked"),
            (409, "ReadOnlyDisabledSubscription"),
            (403, "AuthorizationFailed"),
            (403, "RequestDisallowedByPolicy"),
        ] {
            assert_eq!(kind(status, code), Blindness::Forbidden, "{code}");
        }
    }
}
