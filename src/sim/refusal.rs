//! How the simulated services say no.

use std::time::Duration;

use thiserror::Error;

/// A service's refusal: nothing has changed. Faces give it the status code and body that the service has for it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// 404.
    #[error("{0} does not exist")]
    NotFound(String),
    /// 422 `already_exists` of the forge.
    #[error("{0} already exists")]
    AlreadyExists(String),
    /// A push whose expectation does not hold, or that is no fast-forward.
    #[error("the branch {branch} is not where the push expects it: {why}")]
    NotFastForward { branch: String, why: String },
    /// 409 of Kubernetes: the resourceVersion given is not the current one.
    #[error("{0} has been modified")]
    Conflict(String),
    /// 412 of Azure: another operation on the account is running.
    #[error("there is already an operation in progress on {0}")]
    Busy(String),
    /// Azure's safe key rotation, where it is on. The status is not documented.
    #[error("the account key was used within the last 12 hours")]
    KeyInUse,
    /// 400, 405, 409 or 422, as the service has it: the request makes no sense here and now.
    #[error("{0}")]
    Invalid(String),
    /// 410: the version is older than what is remembered. Carries the oldest version that can be replayed.
    #[error("the version is too old; the oldest known is {oldest}")]
    Gone { oldest: u64 },
    /// 429.
    #[error("throttled")]
    Throttled { retry_after: Duration },
    /// No connection.
    #[error("no connection")]
    Unreachable,
    /// 403.
    #[error("not allowed")]
    Forbidden,
    /// 403, whoever it is: the address is not let in.
    #[error("a firewall turns the address away")]
    Firewalled,
    /// The service may have done it; the answer never came.
    #[error("the answer was lost")]
    AnswerLost,
}
