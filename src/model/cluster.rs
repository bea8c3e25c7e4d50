//! A stamp's cluster, as far as a rotation cares: workloads, their rollouts, pods, mounts, synced secrets.

use jiff::Timestamp;

use super::{Fingerprint, SecretVersion, WorkloadName};

/// `maxSurge` and `maxUnavailable`: a count or a percentage of the replicas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplicaNumber {
    Count(u32),
    Percent(u32),
}

impl ReplicaNumber {
    /// Kubernetes rounds surge up and unavailability down.
    pub fn of(self, replicas: u32, round_up: bool) -> u32 {
        match self {
            ReplicaNumber::Count(count) => count,
            ReplicaNumber::Percent(percent) if round_up => (replicas * percent).div_ceil(100),
            ReplicaNumber::Percent(percent) => replicas * percent / 100,
        }
    }
}

/// How a Deployment replaces its pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strategy {
    RollingUpdate { max_surge: ReplicaNumber, max_unavailable: ReplicaNumber },
    Recreate,
}

/// One condition of a Deployment's status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeploymentCondition {
    pub kind: String,
    /// `True`, `False` or `Unknown`.
    pub status: String,
    pub reason: String,
    pub message: String,
}

/// A Deployment's desire and status. Counts that the API leaves out are zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkloadView {
    pub name: WorkloadName,
    pub uid: String,
    pub generation: i64,
    pub observed_generation: i64,
    pub paused: bool,
    pub strategy: Strategy,
    /// `spec.replicas`.
    pub desired: u32,
    /// `status.replicas`: pods that have no deletion timestamp.
    pub replicas: u32,
    pub updated: u32,
    pub ready: u32,
    pub available: u32,
    pub unavailable: u32,
    pub conditions: Vec<DeploymentCondition>,
    /// The template's `kubectl.kubernetes.io/restartedAt`.
    pub restarted_at: Option<String>,
    /// The template's annotation with the id of the rotation that restarted it.
    pub rotation: Option<String>,
    /// Whether its pod template mounts the secret, through a SecretProviderClass or a synced Secret.
    pub consumes: bool,
}

/// A pod that mounts the secret, however late in its life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodView {
    pub name: String,
    pub uid: String,
    pub namespace: String,
    pub created: Timestamp,
    /// Set once it is told to end; it runs on, with its old key, until it is gone.
    pub deleting: Option<Timestamp>,
    /// The Deployment above it, where there is one.
    pub workload: Option<WorkloadName>,
    /// `Pending`, `Running`, `Succeeded`, `Failed`, `Unknown`.
    pub phase: String,
    pub ready: bool,
    /// The vault version that its mount holds by SecretProviderClassPodStatus. It says what the files hold,
    /// not what the process has read.
    pub mounted: Option<SecretVersion>,
}

/// A Kubernetes Secret that the CSI driver fills from the vault's secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncedSecretView {
    pub namespace: String,
    pub name: String,
    /// Of its own bytes; the driver's status objects say nothing of them.
    pub fingerprint: Fingerprint,
    /// When its content last changed, where that is known.
    pub changed: Option<Timestamp>,
}

/// Whether a cluster runs, as Azure says where it is asked.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum ClusterState {
    #[default]
    Running,
    /// Azure is at work on it: an upgrade, a start, a stop.
    Changing { state: String },
    /// It has no pods. When it starts, they are made anew.
    Stopped,
    /// Azure knows no such cluster.
    Gone,
}

impl ClusterState {
    /// Whether there can be pods in it.
    pub fn has_pods(&self) -> bool {
        matches!(self, ClusterState::Running | ClusterState::Changing { .. })
    }
}

/// The cluster at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ClusterView {
    pub state: ClusterState,
    pub workloads: Vec<WorkloadView>,
    pub pods: Vec<PodView>,
    pub synced: Vec<SyncedSecretView>,
}

impl ClusterView {
    pub fn workload(&self, name: &WorkloadName) -> Option<&WorkloadView> {
        self.workloads.iter().find(|workload| &workload.name == name)
    }

    pub fn pods_of<'a>(&'a self, name: &'a WorkloadName) -> impl Iterator<Item = &'a PodView> {
        self.pods.iter().filter(move |pod| pod.workload.as_ref() == Some(name))
    }
}
