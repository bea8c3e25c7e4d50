//! The stamps' Key Vaults.

use async_trait::async_trait;

use super::{Effect, Fault, Permit};
use crate::model::{KeyKind, Salt, SecretVersion, StampName, VaultView};

#[async_trait]
pub trait Vaults: Send + Sync {
    /// The current version of the secret in the stamp's vault.
    async fn look(&self, stamp: &StampName, salt: &Salt) -> Result<VaultView, Fault>;

    /// Writes the account's current key of this kind as the secret's next version, if the current one is still the one
    /// that it replaces. Sent at most once. The key itself never crosses the port.
    async fn write(
        &self,
        stamp: &StampName,
        kind: KeyKind,
        replaces: &SecretVersion,
        permit: &Permit,
    ) -> Effect<()>;
}
