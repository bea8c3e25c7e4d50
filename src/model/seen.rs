//! One dated observation, or the reason why there is none.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Why something could not be seen. Unknown is a state of its own: it is never taken for “no”.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Blindness {
    /// No answer, or one from something in between.
    Unreachable,
    /// The service answered that we may not look.
    Forbidden,
    /// The service answered that the thing does not exist.
    Missing,
    /// Whoever must know answered that there is none, and no right that is granted later would show one: Azure Resource
    /// Manager of a whole service, a git remote of a branch.
    Gone,
    /// The service asked us to come later.
    Throttled,
    /// An answer that we do not understand.
    Unintelligible,
    /// What this machine was given to look with is not there, cannot be used, or was never taken by whom it is for.
    Misconfigured,
    /// The service answered that it is there and that nobody gets it: somebody has switched it off.
    Disabled,
    /// The service answered that things are not as we took them to be: look again.
    Changed,
}

impl Blindness {
    /// The service shows it not, or says that there is none; some say the one for the other.
    pub fn is_refusal(self) -> bool {
        matches!(self, Blindness::Forbidden | Blindness::Missing)
    }
}

/// What kept us from seeing, in words for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blind {
    pub kind: Blindness,
    pub why: String,
}

/// What was seen, and when (world time).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen<T> {
    pub at: Timestamp,
    pub what: Result<T, Blind>,
}

/// How long ago a moment was; zero where `now` lies before it.
pub fn age_of(at: Timestamp, now: Timestamp) -> Duration {
    now.duration_since(at).try_into().unwrap_or(Duration::ZERO)
}

impl<T> Seen<T> {
    pub fn known(at: Timestamp, what: T) -> Seen<T> {
        Seen { at, what: Ok(what) }
    }

    pub fn blind(at: Timestamp, kind: Blindness, why: impl Into<String>) -> Seen<T> {
        Seen { at, what: Err(Blind { kind, why: why.into() }) }
    }

    /// How old the observation is; zero where `now` lies before it.
    pub fn age(&self, now: Timestamp) -> Duration {
        age_of(self.at, now)
    }

    pub fn get(&self) -> Option<&T> {
        self.what.as_ref().ok()
    }
}
