//! What Resource Manager says when it refuses, and what kind of blindness that is.

use std::time::Duration;

use azure_core_legacy as legacy;
use http::StatusCode;
use serde::Deserialize;

use super::super::http::{Answer, ReadError, SendError};
use crate::model::Blindness;
use crate::ports::Fault;

/// What was answered instead of success.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{status} {code}: {message}")]
pub struct ArmError {
    pub status: StatusCode,
    pub code: String,
    /// For people; may be localised.
    pub message: String,
    /// Codes of the errors within, from the outside in.
    pub inner: Vec<String>,
    pub retry_after: Option<Duration>,
}

/// Both shapes of an error body: nested under `error`, and Cosmos DB's flat one.
#[derive(Deserialize)]
struct ErrorBody {
    error: Option<ErrorText>,
    #[serde(flatten)]
    flat: ErrorText,
}

#[derive(Deserialize, Default)]
struct ErrorText {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    innererror: Option<Box<ErrorText>>,
}

impl ErrorText {
    fn within(&self) -> impl Iterator<Item = &ErrorText> {
        std::iter::successors(self.innererror.as_deref(), |error| error.innererror.as_deref())
    }
}

/// Longer messages are cut; they end up in one line of a report.
const MESSAGE_LIMIT: usize = 400;

impl ArmError {
    pub fn of(answer: &Answer) -> ArmError {
        let text = match serde_json::from_slice::<ErrorBody>(&answer.body) {
            Ok(body) => body.error.unwrap_or(body.flat),
            Err(_) => ErrorText::default(),
        };
        let reason = answer.status.canonical_reason().unwrap_or("no reason");
        let words: Vec<&str> = text.message.split_whitespace().collect();
        ArmError {
            status: answer.status,
            inner: text.within().map(|error| error.code.clone()).collect(),
            code: if text.code.is_empty() { reason.to_owned() } else { text.code },
            message: words.join(" ").chars().take(MESSAGE_LIMIT).collect(),
            retry_after: answer.retry_after(),
        }
    }

    /// As a fault of the world, with the usual remedy.
    pub fn fault(&self, what: &str, subject: &str) -> Fault {
        let (kind, remedy) = match self.status {
            StatusCode::UNAUTHORIZED => (Blindness::Forbidden, "sign in again, and check the tenant"),
            StatusCode::FORBIDDEN if self.says("RequestDisallowedByPolicy") => (
                Blindness::Forbidden,
                "an Azure Policy denies it: ask the policy's owner for an exemption of the account",
            ),
            StatusCode::FORBIDDEN if self.says("DenyAssignmentAuthorizationFailed") => {
                (Blindness::Forbidden, "a deny assignment forbids it, whatever the roles: ask its owner")
            }
            StatusCode::FORBIDDEN => (
                Blindness::Forbidden,
                "check the role assignments: activate the role where it is eligible only; a new one takes up to 10 \
                 minutes",
            ),
            StatusCode::CONFLICT if self.says("ScopeLocked") => {
                (Blindness::Forbidden, "a lock forbids it: ask its owner to lift the lock")
            }
            StatusCode::CONFLICT if self.is_of_disabled_subscription() => (
                Blindness::Forbidden,
                "the subscription is disabled, and everything in it can only be read: have its owner enable it again",
            ),
            StatusCode::NOT_FOUND => (Blindness::Missing, "check subscription, resource group and name"),
            StatusCode::TOO_MANY_REQUESTS => (Blindness::Throttled, ""),
            status if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT => {
                (Blindness::Unreachable, "")
            }
            _ => (Blindness::Unintelligible, ""),
        };
        Fault::new(kind, what, subject, self.to_string()).remedy(remedy)
    }

    /// Whether this is its code, or that of an error within.
    pub fn says(&self, code: &str) -> bool {
        std::iter::once(&self.code).chain(&self.inner).any(|own| own.eq_ignore_ascii_case(code))
    }

    /// Whether nothing but reading is allowed in the subscription, until its owner has it enabled again.
    pub fn is_of_disabled_subscription(&self) -> bool {
        self.says("ReadOnlyDisabledSubscription")
    }

    /// Whether the subscription has never used the kind of resource: then it has none of them.
    pub fn is_of_unregistered_provider(&self) -> bool {
        self.status == StatusCode::CONFLICT && self.says("MissingSubscriptionRegistration")
    }

    /// Whether it is ARM's word that there is no such resource. Of a subscription that is not found nothing is known, and
    /// a bare 404 is of something in between.
    pub fn is_absence(&self) -> bool {
        let code = self.code.to_ascii_lowercase();
        self.status == StatusCode::NOT_FOUND && code.ends_with("notfound") && code != "subscriptionnotfound"
    }

    fn is_passing(&self) -> bool {
        self.status == StatusCode::TOO_MANY_REQUESTS
            || self.status == StatusCode::REQUEST_TIMEOUT
            || self.status.is_server_error()
    }
}

/// Why a call through Azure Resource Manager gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum ArmFailure {
    #[error("{0}")]
    Token(Fault),
    #[error(transparent)]
    Send(#[from] SendError),
    #[error(transparent)]
    Answer(#[from] ArmError),
    /// Of the SDK itself, before or after the wire.
    #[error("{0}")]
    Sdk(String),
}

impl ArmFailure {
    pub fn fault(&self, what: &str, subject: &str) -> Fault {
        match self {
            ArmFailure::Token(fault) => fault.clone(),
            ArmFailure::Send(error) => error.fault(what, subject),
            ArmFailure::Answer(error) => error.fault(what, subject),
            ArmFailure::Sdk(why) => Fault::new(Blindness::Unintelligible, what, subject, why),
        }
    }

    /// For a read: whether asking again may help.
    pub fn read_error(&self, what: &str, subject: &str) -> ReadError {
        let fault = self.fault(what, subject);
        match self {
            ArmFailure::Answer(error) if error.is_passing() => ReadError::Later(fault, error.retry_after),
            ArmFailure::Send(SendError::NoAnswer(_)) => ReadError::Later(fault, None),
            // The token service is away: that passes.
            ArmFailure::Token(Fault { kind: Blindness::Unreachable | Blindness::Throttled, .. }) => {
                ReadError::Later(fault, None)
            }
            ArmFailure::Answer(_) | ArmFailure::Send(_) | ArmFailure::Token(_) | ArmFailure::Sdk(_) => {
                ReadError::Final(fault)
            }
        }
    }
}

impl From<legacy::Error> for ArmFailure {
    /// Finds our own failure again below the SDK's error.
    fn from(error: legacy::Error) -> ArmFailure {
        match error.into_downcast::<ArmFailure>() {
            Ok(failure) => failure,
            Err(error) => ArmFailure::Sdk(error.kind().to_string()),
        }
    }
}

pub(super) fn success(answer: Answer) -> Result<Answer, ArmFailure> {
    if answer.status.is_success() { Ok(answer) } else { Err(ArmError::of(&answer).into()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use zeroize::Zeroizing;

    fn error(status: u16, body: &str) -> ArmError {
        ArmError::of(&Answer {
            status: StatusCode::from_u16(status).unwrap(),
            headers: http::HeaderMap::new(),
            body: Zeroizing::new(body.as_bytes().to_vec()),
        })
    }

    #[test]
    fn nested_and_flat_error_bodies_are_read_and_nonsense_is_survived() {
        let nested = error(403, r#"{"error":{"code":"AuthorizationFailed","message":"no\r\n right"}}"#);
        assert_eq!((nested.code.as_str(), nested.message.as_str()), ("AuthorizationFailed", "no right"));
        let flat = error(412, r#"{"code":"PreconditionFailed","message":"busy","extra":1}"#);
        assert_eq!((flat.code.as_str(), flat.message.as_str()), ("PreconditionFailed", "busy"));
        assert_eq!(error(502, "<html>").code, "Bad Gateway");
        let deep =
            r#"{"error":{"code":"A","message":"","innererror":{"code":"B","innererror":{"code":"C"}}}}"#;
        assert_eq!(error(400, deep).inner, ["B", "C"]);
    }

    #[test]
    fn faults_say_what_kind_of_blindness_it_is() {
        let kind = |status, body| error(status, body).fault("look", "x").kind;
        assert_eq!(kind(404, ""), Blindness::Missing);
        assert_eq!(kind(429, ""), Blindness::Throttled);
        assert_eq!(kind(503, ""), Blindness::Unreachable);
        assert_eq!(kind(403, ""), Blindness::Forbidden);
        assert_eq!(kind(409, r#"{"error":{"code":"ScopeLocked"}}"#), Blindness::Forbidden);
        assert_eq!(kind(400, ""), Blindness::Unintelligible);
    }

    #[test]
    fn only_arms_own_word_about_the_resource_says_that_it_is_not_there() {
        let absent = |status, code: &str| {
            error(status, &format!(r#"{{"error":{{"code":"{code}","message":"m"}}}}"#)).is_absence()
        };
        assert!(absent(404, "ResourceNotFound") && absent(404, "ResourceGroupNotFound"));
        assert!(!absent(404, "SubscriptionNotFound") && !absent(404, "InvalidResourceType"));
        assert!(!absent(403, "ResourceNotFound") && !absent(503, "ResourceNotFound"));
        assert!(!error(404, "<html>no such page</html>").is_absence() && !error(404, "").is_absence());
    }

    #[test]
    fn a_subscription_without_a_provider_is_known_by_arms_word() {
        let body = r#"{"error":{"code":"MissingSubscriptionRegistration","message":"m"}}"#;
        assert!(error(409, body).is_of_unregistered_provider());
        assert!(!error(403, body).is_of_unregistered_provider());
        let other = r#"{"error":{"code":"ScopeLocked","message":"m"}}"#;
        assert!(!error(409, other).is_of_unregistered_provider());
    }

    #[test]
    fn refusals_that_are_no_matter_of_roles_are_told_apart() {
        let remedy = |status, code: &str| {
            error(status, &format!(r#"{{"error":{{"code":"{code}","message":"m"}}}}"#))
                .fault("act", "x")
                .remedy
        };
        assert!(remedy(403, "AuthorizationFailed").contains("role"));
        assert!(remedy(403, "RequestDisallowedByPolicy").contains("exemption"));
        assert!(remedy(403, "DenyAssignmentAuthorizationFailed").contains("deny assignment"));
        assert!(remedy(409, "ScopeLocked").contains("lift the lock"));
    }
}
