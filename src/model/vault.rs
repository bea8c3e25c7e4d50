//! A stamp's Key Vault, as far as the one secret goes.

use jiff::Timestamp;

use super::{Fingerprint, SecretVersion};

/// The current version of the secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VaultView {
    pub version: SecretVersion,
    /// When this version was made, by the vault's clock, whole seconds.
    pub created: Timestamp,
    pub enabled: bool,
    /// When the version expires, where somebody said so. The service goes on handing it out; whoever reads it may not.
    pub expires: Option<Timestamp>,
    /// Of the value; compare with the account's keys to learn which slot it holds.
    pub fingerprint: Fingerprint,
}
