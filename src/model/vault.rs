//! A stamp's Key Vault, as far as the one secret goes.

use jiff::Timestamp;

use super::{Fingerprint, SecretVersion};

/// The current version of the secret. Of one that is disabled nobody sees more than that ([`Blindness::Disabled`](super::Blindness)).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VaultView {
    pub version: SecretVersion,
    /// When this version was made, by the vault's clock, whole seconds.
    pub created: Timestamp,
    /// When the version expires, where somebody said so. The service goes on handing it out; whoever reads it may not.
    pub expires: Option<Timestamp>,
    /// Before when the version is not to be taken, where somebody said so. The service hands it out all the same.
    pub valid_from: Option<Timestamp>,
    /// Of the value; compare with the account's keys to learn which slot it holds.
    pub fingerprint: Fingerprint,
}

impl VaultView {
    /// When the version may be taken, where that is later than the moment at which it was seen.
    pub fn not_valid_until(&self, seen: Timestamp) -> Option<Timestamp> {
        self.valid_from.filter(|at| *at > seen)
    }
}
