//! Kubernetes Secrets that hold the secret, or may.

use jiff::Timestamp;

use crate::model::Fingerprint;

/// A Kubernetes Secret that the CSI driver fills from the vault's secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncedSecretView {
    pub namespace: String,
    pub name: String,
    /// Of its own bytes; the driver's status objects say nothing of them.
    pub fingerprint: Fingerprint,
    /// When its content last changed, at the latest, where that is known.
    pub changed: Option<Timestamp>,
    /// The uids of what owns it: the driver writes down each owner of a pod that mounts its class.
    pub owners: Vec<String>,
    /// Since when it is there, and the classes that fill it say what they say, at the latest, where that is known.
    pub said_since: Option<Timestamp>,
    /// Whether no specification that was seen reads it: whoever does, has it from the API server.
    pub unread: bool,
}

/// A Kubernetes Secret that pods read and no SecretProviderClass fills, and of which nobody may see whether the driver made
/// it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnseenSecret {
    pub namespace: String,
    pub name: String,
    /// What the API server says: it names the missing right.
    pub why: String,
}
