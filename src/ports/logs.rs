//! The account's data plane logs, where somebody keeps them.

use async_trait::async_trait;
use jiff::Timestamp;

use super::Fault;
use crate::model::UsageView;

#[async_trait]
pub trait Logs: Send + Sync {
    /// The requests since then, those that are alike in one. Logs that are not kept are a fault, not an empty answer;
    /// so is an answer that the service itself calls incomplete.
    async fn usage(&self, since: Timestamp) -> Result<UsageView, Fault>;
}
