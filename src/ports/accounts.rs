//! The Cosmos DB account: management plane and data plane.

use async_trait::async_trait;

use super::{Effect, Fault, Permit};
use crate::model::{AccountRights, AccountView, KeyKind, KeyProof, Operation, OperationState, Region, Salt};

#[async_trait]
pub trait Accounts: Send + Sync {
    /// The account with its keys' generation times and fingerprints (get and listKeys).
    async fn look(&self, salt: &Salt) -> Result<AccountView, Fault>;

    /// A signed read, and with a read-write key a signed write that changes nothing, with the current key of this
    /// kind, at every region given.
    async fn prove(&self, kind: KeyKind, regions: &[Region], salt: &Salt) -> Result<KeyProof, Fault>;

    /// Starts one regeneration. Sent at most once, never repeated by any layer. `request_id` goes along as
    /// `x-ms-client-request-id`.
    async fn regenerate(&self, kind: KeyKind, request_id: &str, permit: &Permit)
    -> Effect<Option<Operation>>;

    /// What we may do with the account, asked and not tried.
    async fn rights(&self) -> Result<AccountRights, Fault>;

    /// Where the operation stands. Addresses outside Azure Resource Manager are refused.
    async fn poll(&self, operation: &Operation) -> Result<OperationState, Fault>;
}
