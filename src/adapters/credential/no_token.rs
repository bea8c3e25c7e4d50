//! Why no source gave a token, and what that says of the world: a refusal, which a person puts right, or silence, which
//! passes.

use azure_core::error::ErrorKind;
use http::StatusCode;

use super::super::http::SendError;
use super::CredentialSource;
use crate::model::Blindness;
use crate::ports::Fault;

/// Kept for a while: who asks again at once gets the same answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub(super) struct NoToken {
    pub kind: Blindness,
    /// One line.
    pub why: String,
    /// How to sign in, where that is refused.
    pub sign_in: &'static str,
}

/// Where every source is tried.
const SIGN_IN: &str = "sign in with `az login`, or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET (or \
                       AZURE_FEDERATED_TOKEN_FILE)";

/// What a person can do about a refusal, by where the tokens are to come from.
pub(super) fn sign_in(source: &CredentialSource) -> &'static str {
    match source {
        CredentialSource::Auto => SIGN_IN,
        CredentialSource::ClientSecret { .. } => {
            "see that AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET belong together, and that the secret has not expired \
             (`credential = \"client-secret\"` in keyslot.toml: nothing else is tried)"
        }
        CredentialSource::WorkloadIdentity => {
            "see that AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_FEDERATED_TOKEN_FILE are right, and that the application trusts \
             whoever issues that token (`credential = \"workload-identity\"` in keyslot.toml: nothing else is tried)"
        }
        CredentialSource::AzureCli => {
            "sign in with `az login` (`credential = \"azure-cli\"` in keyslot.toml: nothing else is tried)"
        }
        CredentialSource::ManagedIdentity => {
            "see that this machine has a managed identity, and that AZURE_CLIENT_ID, where it is set, names one of them \
             (`credential = \"managed-identity\"` in keyslot.toml: nothing else is tried)"
        }
    }
}

/// Words of several lines in one.
fn one_line(words: &str) -> String {
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl NoToken {
    /// Of one source's error.
    pub fn of(error: &azure_core::Error) -> NoToken {
        NoToken { kind: kind(error), why: one_line(&super::super::chain(error)), sign_in: SIGN_IN }
    }

    /// What a chain of sources has said; any other error is one of its own.
    pub fn told(error: &azure_core::Error) -> NoToken {
        let told = causes(error).find_map(|cause| cause.downcast_ref::<NoToken>());
        told.cloned().unwrap_or_else(|| NoToken::of(error))
    }

    /// A source that has not answered in time may wait for somebody to log in, or for a service that is away.
    pub fn silent(why: String) -> NoToken {
        NoToken { kind: Blindness::Unreachable, why, sign_in: SIGN_IN }
    }

    pub fn into_error(self) -> azure_core::Error {
        azure_core::Error::new(ErrorKind::Credential, self)
    }

    pub fn fault(self, scope: &str) -> Fault {
        let remedy = self.remedy();
        Fault::new(self.kind, "get a token", scope, self.why).remedy(remedy)
    }

    fn remedy(&self) -> &'static str {
        match self.kind {
            Blindness::Unreachable | Blindness::Throttled => {
                "see whether the token service can be reached from here"
            }
            _ => self.sign_in,
        }
    }
}

/// What an error of an SDK's client says, if it was one of getting a token, and what to do about it.
pub fn no_token(error: &azure_core::Error) -> Option<(Blindness, &'static str)> {
    let told = causes(error).find_map(|cause| cause.downcast_ref::<NoToken>());
    told.map(|told| (told.kind, told.remedy()))
}

fn kind(error: &azure_core::Error) -> Blindness {
    let told = causes(error).find_map(|cause| {
        match cause.downcast_ref::<SendError>() {
            // Such an address is never spoken to.
            Some(SendError::Forbidden(_)) => return Some(Blindness::Misconfigured),
            Some(_) => return Some(Blindness::Unreachable),
            None => {}
        }
        match cause.downcast_ref::<azure_core::Error>()?.kind() {
            ErrorKind::HttpResponse { status, .. } => {
                let status = StatusCode::from_u16(u16::from(*status)).ok()?;
                match status {
                    StatusCode::TOO_MANY_REQUESTS => Some(Blindness::Throttled),
                    StatusCode::REQUEST_TIMEOUT => Some(Blindness::Unreachable),
                    status if status.is_server_error() => Some(Blindness::Unreachable),
                    _ => Some(Blindness::Forbidden),
                }
            }
            // Entra answers in JSON; something in between does not.
            ErrorKind::DataConversion => Some(Blindness::Unreachable),
            _ => None,
        }
    });
    told.unwrap_or_else(|| match tells_of_the_network(&super::super::chain(error)) {
        true => Blindness::Unreachable,
        false => Blindness::Forbidden,
    })
}

/// A program that was asked for a token says in words alone why there is none. These are its libraries' words, and the
/// operating system's, for a service that it did not come to; none of them stands in a refusal.
const NO_NETWORK: [&str; 22] = [
    "failed to establish a new connection",
    "max retries exceeded",
    "ensure you have network connection",
    "temporary failure in name resolution",
    "name or service not known",
    "nodename nor servname provided",
    "no address associated with hostname",
    "getaddrinfo failed",
    "failed to resolve",
    "could not resolve host",
    "no such host",
    "network is unreachable",
    "no route to host",
    "connection refused",
    "connection reset",
    "connection aborted",
    "connection timed out",
    "read timed out",
    "i/o timeout",
    "cannot connect to proxy",
    "unable to connect to proxy",
    "certificate verify failed",
];

/// Whether these are words of a program that did not come to the service.
pub fn tells_of_the_network(words: &str) -> bool {
    let words = words.to_lowercase();
    NO_NETWORK.iter().any(|said| words.contains(said))
}

fn causes<'e>(error: &'e azure_core::Error) -> impl Iterator<Item = &'e (dyn std::error::Error + 'static)> {
    let first: &'e (dyn std::error::Error + 'static) = error;
    std::iter::successors(Some(first), |error| error.source())
}
