//! Logs of who used the account's keys, read them from the vaults, or had them listed; where somebody keeps them.

use async_trait::async_trait;
use jiff::Timestamp;

use super::Fault;
use crate::model::{ActivityView, AuditView, MetricsView, TracesView, UsageView};

#[async_trait]
pub trait Logs: Send + Sync {
    /// The requests since then, those that are alike in one. Logs that are not kept are a fault, not an empty answer;
    /// so is an answer that the service itself calls incomplete.
    async fn usage(&self, since: Timestamp) -> Result<UsageView, Fault>;

    /// The minutes since then in which the account refused requests, by its own metrics.
    async fn refusals(&self, since: Timestamp) -> Result<MetricsView, Fault>;

    /// The reads of the secret since then, by the vaults' audit. As above: no audit at all is a fault. A vault without
    /// rows is missing from the answer.
    async fn secret_reads(&self, since: Timestamp) -> Result<AuditView, Fault>;

    /// Who had the account's keys listed or regenerated since then, or since the activity log goes back; but for
    /// keyslot itself.
    async fn key_deeds(&self, since: Timestamp) -> Result<ActivityView, Fault>;

    /// What the activity log tells since then of the regenerations that were asked for under these ids.
    async fn traces(&self, ids: &[String], since: Timestamp) -> Result<TracesView, Fault>;
}
