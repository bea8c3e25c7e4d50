//! What exists in Azure, whoever listed it.

use async_trait::async_trait;

use super::Fault;
use crate::model::InventoryView;

#[async_trait]
pub trait Inventory: Send + Sync {
    /// Clusters and vaults that look like parts of this environment's stamps, compared with those that are
    /// configured. An answer that shows none of the configured ones is no answer.
    async fn look(&self) -> Result<InventoryView, Fault>;
}
