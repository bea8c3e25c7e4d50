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
    For(Duration),
    /// As long as the key was used a short while ago (Azure's safe key rotation).
    KeyInUse,
}

impl Respite {
    /// For journals: what says nothing is not written.
    pub fn is_unsaid(&self) -> bool {
        *self == Respite::Unsaid
    }
}
