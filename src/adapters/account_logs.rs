//! Everything that is told of requests to an account and of its keys, behind one port: the workspace, where there is one, and
//! the account's metrics and the activity log, which everybody has.

use async_trait::async_trait;
use jiff::Timestamp;

use super::activity_log::ActivityLog;
use super::log_analytics::LogAnalytics;
use super::metrics::Metrics;
use crate::model::{ActivityView, AuditView, Blindness, MetricsView, TracesView, UsageView};
use crate::ports::{Fault, Logs};

pub struct AccountLogs {
    /// `None` where the configuration names no workspace.
    pub workspace: Option<LogAnalytics>,
    pub activity: ActivityLog,
    pub metrics: Metrics,
}

impl AccountLogs {
    fn workspace(&self, what: &str) -> Result<&LogAnalytics, Fault> {
        self.workspace.as_ref().ok_or_else(|| {
            let why = "the configuration does not say where it is logged";
            Fault::new(Blindness::Missing, what, "logs", why)
                .remedy("add [environment.NAME.logs] with `workspace`")
        })
    }
}

#[async_trait]
impl Logs for AccountLogs {
    async fn usage(&self, since: Timestamp) -> Result<UsageView, Fault> {
        self.workspace("ask who used which key")?.usage(since).await
    }

    async fn refusals(&self, since: Timestamp) -> Result<MetricsView, Fault> {
        self.metrics.refusals(since).await
    }

    async fn secret_reads(&self, since: Timestamp) -> Result<AuditView, Fault> {
        self.workspace("ask who read the secret")?.secret_reads(since).await
    }

    async fn key_deeds(&self, since: Timestamp) -> Result<ActivityView, Fault> {
        self.activity.key_deeds(since).await
    }

    async fn traces(&self, ids: &[String], since: Timestamp) -> Result<TracesView, Fault> {
        self.activity.traces(ids, since).await
    }
}
