//! Where the key's use is logged, and readers of it that somebody has signed off as gone.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Network;
use crate::model::SignOff;

/// `[environment.NAME.logs]`: the workspace that the account's diagnostic settings send `DataPlaneRequests` to, and
/// those of the vaults their `AuditEvent` logs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogSettings {
    /// The workspace's id, a GUID; not its name.
    pub workspace: String,
    /// Identities that read the secret or list the keys and keep neither, such as the pipeline's: names or ids.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub automation: Vec<String>,
}

/// `[[environment.NAME.reader]]`: a reader of the key that is gone. At least one of identity, address and agent says
/// who it is; all that are given must fit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReaderSettings {
    /// A person's name, an application's or an object's id, as the vaults' audit and the activity log tell it. `*`
    /// stands for any text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
    /// An address, or a network as `10.1.0.0/16`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Network>,
    /// What the client calls itself. `*` stands for any text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    pub because: String,
    /// Who says so.
    pub by: String,
    /// Since when it is gone, RFC 3339. A use after that makes the sign-off void.
    pub gone: Timestamp,
    /// Until when that counts, RFC 3339.
    pub until: Timestamp,
}

impl ReaderSettings {
    pub fn sign_off(&self) -> SignOff {
        SignOff {
            identity: self.identity.clone(),
            address: self.address,
            agent: self.agent.clone(),
            because: self.because.clone(),
            by: self.by.clone(),
            gone: self.gone,
            until: self.until,
        }
    }
}
