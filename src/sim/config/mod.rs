//! What a world is made of, as data: [`WorldConfig`] and its parts.
//!
//! Everything a world will ever do follows from its configuration, its seed and the commands it is given.
//! Durations are world time. [`WorldConfig::default`] is the default world of a rehearsal.

mod clusters;
mod cron_jobs;
mod nodes;
mod quotas;
mod rules;
mod services;
mod sets;
mod workflow;

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

pub use clusters::{
    ClusterConfig, CsiConfig, Flavour, KeySource, KubernetesConfig, StampConfig, UnitConfig, WorkloadConfig,
    location_names, region_of,
};
pub use services::{
    Accepting, AccountConfig, ChecksConfig, KeyAges, KeyColumn, ListerConfig, LogTable, LogsConfig,
    MergeMethod, OutsiderConfig, PeopleConfig, PipelineConfig, PipelineTrigger, RegionConfig,
    RepositoryConfig, StageConfig, VaultReads,
};

pub use cron_jobs::CronJobConfig;
pub use nodes::NodeConfig;
pub use quotas::QuotaConfig;
pub use rules::{ClassicConfig, RulesConfig};
pub use sets::SetConfig;

use super::fault::Fault;
use super::time::Span;
use crate::model::WorkloadName;

/// World time that a call through the memory ports takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct LatencyConfig {
    pub read: Span,
    pub effect: Span,
}

/// A whole world before it begins.
#[derive(Clone, Debug, Serialize)]
pub struct WorldConfig {
    pub seed: u64,
    pub start: Timestamp,
    pub account: AccountConfig,
    /// Name of the secret that holds the account's key, in every vault.
    pub secret_name: String,
    /// Release units, each with its stamps.
    pub units: Vec<UnitConfig>,
    /// The same in every stamp.
    pub workloads: Vec<WorkloadConfig>,
    /// StatefulSets and DaemonSets, which come after the Deployments.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sets: Vec<SetConfig>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cron_jobs: Vec<CronJobConfig>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub quotas: Vec<QuotaConfig>,
    pub kubernetes: KubernetesConfig,
    pub people: PeopleConfig,
    pub pipeline: PipelineConfig,
    pub repository: RepositoryConfig,
    /// Where requests to the account are logged; `None` where nobody has switched that on.
    pub logs: Option<LogsConfig>,
    pub outsiders: Vec<OutsiderConfig>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub listers: Vec<ListerConfig>,
    pub latency: LatencyConfig,
    /// For how long after a write a vault may still answer with the version before; zero for never.
    pub vault_staleness: Duration,
    /// Resource groups that keyslot may not see. In their subscriptions it has its role on the others only.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hidden_groups: Vec<String>,
    pub faults: Vec<Fault>,
}

impl Default for WorldConfig {
    fn default() -> WorldConfig {
        WorldConfig {
            seed: 1,
            // 2026-01-12T08:00:00Z, a Monday morning.
            start: Timestamp::constant(1_768_204_800, 0),
            account: AccountConfig::default(),
            secret_name: "CosmosDb-ApiKey".to_owned(),
            units: vec![UnitConfig::live(3)],
            workloads: WorkloadConfig::example(),
            sets: Vec::new(),
            cron_jobs: Vec::new(),
            quotas: Vec::new(),
            kubernetes: KubernetesConfig::default(),
            people: PeopleConfig::default(),
            pipeline: PipelineConfig::default(),
            repository: RepositoryConfig::default(),
            logs: Some(LogsConfig::default()),
            outsiders: Vec::new(),
            listers: Vec::new(),
            latency: LatencyConfig { read: Span::ZERO, effect: Span::ZERO },
            vault_staleness: Duration::ZERO,
            hidden_groups: Vec::new(),
            faults: Vec::new(),
        }
    }
}

impl WorldConfig {
    /// The default world with another seed.
    pub fn seeded(seed: u64) -> WorldConfig {
        WorldConfig { seed, ..WorldConfig::default() }
    }

    /// The same with `count` stamps in the unit that takes traffic.
    pub fn with_stamps(mut self, count: usize) -> WorldConfig {
        self.units = vec![UnitConfig::live(count)];
        self
    }

    /// The same with the pipelines in the repository: as workflows of GitHub Actions, and as YAML of Azure Pipelines.
    pub fn with_workflow(mut self) -> WorldConfig {
        let (pipeline, check) = (&self.pipeline, &self.people.check);
        let files = [
            (pipeline.workflow_path(), pipeline.workflow()),
            (pipeline.azure_path(), pipeline.azure_yaml()),
            (check.workflow_path(), check.workflow()),
            (check.azure_path(), check.azure_yaml()),
        ];
        for (path, text) in files {
            self.repository.tree = self.repository.tree.with(&path, text.into_bytes());
        }
        self
    }

    /// The same with one more fault.
    pub fn with_fault(mut self, fault: Fault) -> WorldConfig {
        self.faults.push(fault);
        self
    }

    /// The same with a StatefulSet `orders-db` and a DaemonSet `relay-agent`, which get the secret too.
    pub fn with_sets(mut self) -> WorldConfig {
        self.sets = vec![SetConfig::stateful("orders-db"), SetConfig::daemon("relay-agent")];
        self
    }

    /// Every workload: Deployments first, in the order of their places.
    pub fn all_workloads(&self) -> impl Iterator<Item = &WorkloadConfig> {
        self.workloads.iter().chain(self.sets.iter().map(|set| &set.workload))
    }

    /// What makes pods, by its place: CronJobs come after the workloads.
    pub fn workload_at(&self, place: usize) -> Option<&WorkloadConfig> {
        self.all_workloads().chain(self.cron_jobs.iter().map(|job| &job.workload)).nth(place)
    }

    /// The workload of that name, for changing it in place.
    pub fn workload_mut(&mut self, name: &WorkloadName) -> Option<&mut WorkloadConfig> {
        let sets = self.sets.iter_mut().map(|set| &mut set.workload);
        self.workloads.iter_mut().chain(sets).find(|workload| &workload.name == name)
    }
}
