//! CronJobs. The default world has none.

use std::time::Duration;

use serde::Serialize;

use super::super::time::Span;
use super::{KeySource, WorkloadConfig};

/// A CronJob whose Jobs get the secret, one pod each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CronJobConfig {
    /// Its name, how a pod gets its key, how it starts, and with `ends_in` how long it runs. The rest means nothing here.
    pub workload: WorkloadConfig,
    /// Between two runs, in hours.
    pub every: u32,
    pub suspended: bool,
    /// How many Jobs are kept after their end, with their pods.
    pub history: usize,
}

impl CronJobConfig {
    /// Every six hours for ten minutes, in the namespace `workload`.
    pub fn named(name: &str) -> CronJobConfig {
        let workload = WorkloadConfig {
            replicas: 1,
            ends_in: Span::exactly(Duration::from_secs(600)),
            ..WorkloadConfig::named(name)
        };
        CronJobConfig { workload, every: 6, suspended: false, history: 3 }
    }

    /// The same with an environment variable from a synced Secret.
    pub fn reading(self, secret: &str) -> CronJobConfig {
        let workload = WorkloadConfig { key: KeySource::SyncedSecret(secret.to_owned()), ..self.workload };
        CronJobConfig { workload, ..self }
    }

    pub fn schedule(&self) -> String {
        format!("0 */{} * * *", self.every)
    }

    pub fn period(&self) -> Duration {
        Duration::from_secs(u64::from(self.every.max(1)) * 3600)
    }
}
