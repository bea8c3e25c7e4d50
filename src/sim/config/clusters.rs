//! Release units, stamps, workloads, and how their clusters behave.

use std::time::Duration;

use serde::Serialize;

use super::super::time::Span;
use super::nodes::NodeConfig;
use crate::model::{BranchName, ReplicaNumber, StampName, WorkloadName};

/// Locations by ARM name with the display name of the region, in the order in which stamps are made.
const LOCATIONS: [(&str, &str); 12] = [
    ("northeurope", "North Europe"),
    ("eastus2", "East US 2"),
    ("southeastasia", "Southeast Asia"),
    ("westeurope", "West Europe"),
    ("centralus", "Central US"),
    ("japaneast", "Japan East"),
    ("australiaeast", "Australia East"),
    ("brazilsouth", "Brazil South"),
    ("uksouth", "UK South"),
    ("westus3", "West US 3"),
    ("canadacentral", "Canada Central"),
    ("koreacentral", "Korea Central"),
];

/// The first `count` locations; past the known ones a number is appended.
pub fn location_names(count: usize) -> Vec<String> {
    (0..count)
        .map(|place| {
            let (name, _) = LOCATIONS[place % LOCATIONS.len()];
            match place / LOCATIONS.len() {
                0 => name.to_owned(),
                round => format!("{name}-{}", round + 1),
            }
        })
        .collect()
}

/// The display name of a location, which is what Cosmos DB calls its regions; the location's own name where
/// it is none that is known.
pub fn region_of(location: &str) -> String {
    LOCATIONS
        .iter()
        .find(|(name, _)| location.starts_with(name))
        .map_or_else(|| location.to_owned(), |(_, display)| (*display).to_owned())
}

/// One region of one release unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StampConfig {
    pub name: StampName,
    /// ARM location, as `northeurope`.
    pub location: String,
    /// The subscription that its cluster and its vault lie in, where it is not the account's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subscription: Option<String>,
    /// What its cluster is called, where not after its unit: such a name is a resource group's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
}

impl StampConfig {
    fn new(name: String, location: String) -> StampConfig {
        StampConfig { name: StampName::new(name), location, subscription: None, cluster: None }
    }
}

/// One release unit: stamps that were built together from one branch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UnitConfig {
    /// Stands in names and in the tag `Prefix`.
    pub name: String,
    /// The branch it was built from: the tag `Branch`.
    pub branch: BranchName,
    pub stamps: Vec<StampConfig>,
    pub traffic: bool,
}

impl UnitConfig {
    /// The unit that takes traffic in the default world.
    pub fn live(stamps: usize) -> UnitConfig {
        UnitConfig {
            name: "afmcprd1".to_owned(),
            branch: BranchName::new("release/2026.1.0"),
            stamps: location_names(stamps)
                .into_iter()
                .map(|location| StampConfig::new(location.clone(), location))
                .collect(),
            traffic: true,
        }
    }

    /// A second unit that takes none; its stamps are named with the unit in front.
    pub fn idle(name: &str, branch: &str, stamps: usize) -> UnitConfig {
        UnitConfig {
            name: name.to_owned(),
            branch: BranchName::new(branch),
            stamps: location_names(stamps)
                .into_iter()
                .map(|location| StampConfig::new(format!("{name}-{location}"), location))
                .collect(),
            traffic: false,
        }
    }
}

/// How a workload's process gets its key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum KeySource {
    /// It reads the mounted file when it starts.
    Mount,
    /// It gets an environment variable from a Kubernetes Secret of this name that the CSI driver fills.
    SyncedSecret(String),
}

/// How a Deployment replaces its pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Flavour {
    Rolling,
    Recreate,
}

/// One Deployment with all that belongs to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WorkloadConfig {
    pub name: WorkloadName,
    pub replicas: u32,
    pub flavour: Flavour,
    #[serde(serialize_with = "number")]
    pub max_surge: ReplicaNumber,
    #[serde(serialize_with = "number")]
    pub max_unavailable: ReplicaNumber,
    pub min_ready: Duration,
    pub progress_deadline: Duration,
    /// From a pod's creation until its containers run.
    pub starts_in: Span,
    /// From a pod's deletion timestamp until it is gone.
    pub ends_in: Span,
    pub key: KeySource,
    /// Kubernetes Secrets that somebody else makes, and that its pods read into their environment where they are there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<String>,
    /// `minReplicas` and `maxReplicas` of a HorizontalPodAutoscaler; the load is for faults to say.
    pub autoscaler: Option<(u32, u32)>,
    /// `minAvailable` of a PodDisruptionBudget.
    #[serde(serialize_with = "maybe_number")]
    pub disruption_budget: Option<ReplicaNumber>,
    /// What a pod requests of processors, in thousandths.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<u32>,
    /// Whether a readiness probe asks the account: a pod whose key is refused is not Ready. Of Deployments.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub probes: bool,
    /// Between two requests of one pod to the account.
    pub request_period: Duration,
}

fn number<S: serde::Serializer>(number: &ReplicaNumber, to: S) -> Result<S::Ok, S::Error> {
    match number {
        ReplicaNumber::Count(count) => to.serialize_u32(*count),
        ReplicaNumber::Percent(percent) => to.collect_str(&format_args!("{percent}%")),
    }
}

fn maybe_number<S: serde::Serializer>(value: &Option<ReplicaNumber>, to: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => number(value, to),
        None => to.serialize_none(),
    }
}

impl WorkloadConfig {
    /// A rolling Deployment of three replicas in the namespace `workload`, with Kubernetes' defaults.
    pub fn named(name: &str) -> WorkloadConfig {
        WorkloadConfig {
            name: WorkloadName::new("workload", name),
            replicas: 3,
            flavour: Flavour::Rolling,
            max_surge: ReplicaNumber::Percent(25),
            max_unavailable: ReplicaNumber::Percent(25),
            min_ready: Duration::ZERO,
            progress_deadline: Duration::from_secs(600),
            starts_in: Span::secs(20, 45),
            ends_in: Span::secs(10, 40),
            key: KeySource::Mount,
            others: Vec::new(),
            autoscaler: None,
            disruption_budget: Some(ReplicaNumber::Percent(50)),
            cpu: None,
            probes: false,
            request_period: Duration::from_secs(5),
        }
    }

    /// The three of the reference architecture. The background processor drains for longer than a
    /// regeneration takes: that is the trap that a rollout's own end does not show.
    pub fn example() -> Vec<WorkloadConfig> {
        vec![
            WorkloadConfig { autoscaler: Some((3, 20)), ..WorkloadConfig::named("catalogservice-deploy") },
            WorkloadConfig {
                ends_in: Span::exactly(Duration::from_secs(14 * 60)),
                autoscaler: Some((3, 20)),
                disruption_budget: Some(ReplicaNumber::Count(1)),
                ..WorkloadConfig::named("backgroundprocessor-deploy")
            },
            WorkloadConfig::named("healthservice-deploy"),
        ]
    }
}

/// The Secrets Store CSI driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct CsiConfig {
    /// Whether mounted files follow the vault.
    pub rotation: bool,
    pub poll: Duration,
    /// Whether the driver writes a synced Secret from a pod's files at each mount and every five minutes, whatever it holds, as
    /// since version 1.6. Before, it fills one that is not there, and only rotation updates it.
    pub rewrites: bool,
}

/// One cluster's own facts; names are derived where not given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClusterConfig {
    pub version: String,
}

/// How the control planes and the kubelets behave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KubernetesConfig {
    pub cluster: ClusterConfig,
    /// From a change until the controller that watches it acts. A restart is observed after five of these:
    /// some 65 ms, as recorded from a real control plane.
    pub hop: Duration,
    /// From the deployment controller's making of a ReplicaSet until the status that counts it can be written: mostly one
    /// hop; a real control plane that was slow to write took 43 ms, and by then the first new pod was counted.
    pub write: Duration,
    /// How many changes a cluster remembers for watches; older versions answer 410. Zero remembers none.
    pub ring: usize,
    pub revision_history: usize,
    /// From a pod's creation until its volumes are mounted, and so until the vault is read.
    pub mounts_in: Span,
    pub csi: CsiConfig,
    #[serde(skip_serializing_if = "NodeConfig::is_endless")]
    pub node: NodeConfig,
}

impl Default for KubernetesConfig {
    fn default() -> KubernetesConfig {
        KubernetesConfig {
            cluster: ClusterConfig { version: "v1.34.1".to_owned() },
            hop: Duration::from_millis(13),
            write: Duration::from_millis(13),
            ring: 4096,
            revision_history: 10,
            mounts_in: Span::secs(1, 6),
            csi: CsiConfig { rotation: true, poll: Duration::from_secs(300), rewrites: false },
            node: NodeConfig::default(),
        }
    }
}
