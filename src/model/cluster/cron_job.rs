//! A CronJob: what its runs get of the secret.

use super::{LostClass, SyncedSecretView};
use crate::model::{ObjectName, SecretVersion};

/// A CronJob whose pods get the secret, or what was once filled from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CronJobView {
    pub namespace: String,
    pub name: String,
    pub suspended: bool,
    /// Whether its pods mount a SecretProviderClass that delivers the secret: then each run reads the vault.
    pub mounts: bool,
    /// The synced Kubernetes Secrets that its pods read: a run gets what they hold when it starts.
    pub reads: Vec<String>,
    pub pinned: Option<SecretVersion>,
    /// What they read of Kubernetes Secrets that nobody fills with the key any more.
    pub left: Option<LostClass>,
}

impl CronJobView {
    pub fn object(&self) -> ObjectName {
        ObjectName::new("CronJob", self.namespace.as_str(), self.name.as_str())
    }

    /// Whether its pods get the secret, or what was once filled from it.
    pub fn counts(&self) -> bool {
        self.mounts || !self.reads.is_empty() || self.left.is_some()
    }

    pub fn reads(&self, secret: &SyncedSecretView) -> bool {
        self.namespace == secret.namespace && self.reads.contains(&secret.name)
    }
}
