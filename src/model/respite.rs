//! For how long a service that refused a request wants to be left alone, as far as it says.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Counted from the refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Respite {
    /// It does not say.
    #[default]
    Unsaid,
    /// So many seconds. Small, because every fault has room for it; nobody asks for more than 18 hours.
    Seconds(u16),
    /// As long as the key was used a short while ago (Azure's safe key rotation).
    KeyInUse,
}

impl Respite {
    /// Whole seconds, rounded up.
    pub fn of(asked: Duration) -> Respite {
        let seconds = asked.as_secs() + u64::from(asked.subsec_nanos() > 0);
        Respite::Seconds(u16::try_from(seconds).unwrap_or(u16::MAX))
    }

    /// For journals: what says nothing is not written.
    pub fn is_unsaid(&self) -> bool {
        *self == Respite::Unsaid
    }
}
