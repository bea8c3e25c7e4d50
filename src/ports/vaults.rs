//! The stamps' Key Vaults.

use async_trait::async_trait;

use super::Fault;
use crate::model::{Salt, StampName, VaultView};

#[async_trait]
pub trait Vaults: Send + Sync {
    /// The current version of the secret in the stamp's vault.
    async fn look(&self, stamp: &StampName, salt: &Salt) -> Result<VaultView, Fault>;
}
