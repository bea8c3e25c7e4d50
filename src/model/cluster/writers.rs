//! Who may put the key before back into a synced Secret.
//!
//! From version 1.6 of the CSI driver on, whatever a pod's files hold is written into the Secret that its class fills: when it
//! mounts, and every five minutes. With rotation off the files of pods that were there before stay what they were, so that
//! the Secret goes to and fro as long as old and new pods live side by side. Older drivers write a Secret once. Which one is
//! at work, a Secret shows by itself: one that stood as it is for two such rounds, whatever files there were, is not
//! written by them.

use jiff::{SignedDuration, Timestamp};

use super::{ClusterView, PodView, SyncedSecretView};
use crate::model::VaultView;

/// Two rounds of the driver, and what clocks may differ by.
const UNDISTURBED: SignedDuration = SignedDuration::from_secs(630);

impl SyncedSecretView {
    /// When it will have stood for long enough to be known not to be written by what pods' files hold; `None` where
    /// nobody says since when it stands.
    pub fn undisturbed_from(&self) -> Option<Timestamp> {
        Some(self.changed?.checked_add(UNDISTURBED).unwrap_or(Timestamp::MAX))
    }
}

impl ClusterView {
    /// Pods of the Secret's namespace whose files are not known to hold the vault's version, those that are told to end
    /// included: what the driver may write into it is the key before.
    pub fn writing_back<'a>(
        &'a self,
        secret: &'a SyncedSecretView,
        vault: &'a VaultView,
    ) -> impl Iterator<Item = &'a PodView> {
        let here = self.pods.iter().filter(|pod| pod.namespace == secret.namespace && pod.mounts_secret());
        here.filter(|pod| match &pod.mounted {
            Some(_) => pod.mounts_other(&vault.version) && !pod.has_ended(),
            // Before it runs it has mounted nothing that it could show.
            None => pod.phase == "Running",
        })
    }

    /// Whether a Secret may be written back, by all that is known at this time.
    pub fn is_contested(&self, secret: &SyncedSecretView, vault: &VaultView, now: Timestamp) -> bool {
        secret.undisturbed_from().is_none_or(|from| from > now)
            && self.writing_back(secret, vault).next().is_some()
    }
}
