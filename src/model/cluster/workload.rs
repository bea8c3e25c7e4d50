//! A workload: what it wants, how it replaces its pods, and what is so.

use std::fmt;

use jiff::Timestamp;

use super::{LostClass, PodTimes};
use crate::model::{SecretVersion, WorkloadName};

/// `maxSurge` and `maxUnavailable`: a count or a percentage of the replicas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplicaNumber {
    Count(u32),
    Percent(u32),
}

impl ReplicaNumber {
    /// Kubernetes rounds surge up and, but for DaemonSets, unavailability down.
    pub fn of(self, replicas: u32, round_up: bool) -> u32 {
        match self {
            ReplicaNumber::Count(count) => count,
            ReplicaNumber::Percent(percent) => {
                let product = u64::from(replicas) * u64::from(percent);
                let share = if round_up { product.div_ceil(100) } else { product / 100 };
                u32::try_from(share).unwrap_or(u32::MAX)
            }
        }
    }
}

/// How a workload replaces its pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// Of Deployments and DaemonSets.
    RollingUpdate { max_surge: ReplicaNumber, max_unavailable: ReplicaNumber },
    /// Of Deployments: every pod at once.
    Recreate,
    /// Of StatefulSets: from the highest ordinal down, and only those from `partition` on.
    Ordinals { partition: u32 },
    /// Of StatefulSets and DaemonSets: a pod is replaced when somebody deletes it.
    OnDelete,
}

/// Who else writes a workload's specification, by the marks that these tools leave. A note for people: nothing is
/// decided by it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Manager {
    FluxKustomization(String),
    FluxHelmRelease(String),
    ArgoApplication(String),
}

impl fmt::Display for Manager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Manager::FluxKustomization(name) => write!(f, "Flux (Kustomization {name})"),
            Manager::FluxHelmRelease(name) => write!(f, "Flux (HelmRelease {name})"),
            Manager::ArgoApplication(name) => write!(f, "Argo CD (Application {name})"),
        }
    }
}

/// One condition of a Deployment's status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeploymentCondition {
    pub kind: String,
    /// `True`, `False` or `Unknown`.
    pub status: String,
    pub reason: String,
    pub message: String,
    /// When it was last written.
    pub updated: Option<Timestamp>,
}

/// A workload's desire and status. Counts that the API leaves out are zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkloadView {
    pub name: WorkloadName,
    pub uid: String,
    pub generation: i64,
    pub observed_generation: i64,
    pub paused: bool,
    pub strategy: Strategy,
    /// `spec.replicas`; of a DaemonSet, the nodes that shall run a pod.
    pub desired: u32,
    /// `status.replicas`: pods that have no deletion timestamp; of a DaemonSet, the nodes that run one of its pods.
    pub replicas: u32,
    /// Pods that are told to end and still there, where the controller counts them.
    pub terminating: Option<u32>,
    pub updated: u32,
    pub ready: u32,
    pub available: u32,
    pub unavailable: u32,
    /// A StatefulSet whose status names another current revision than the one that it rolls to.
    pub between_revisions: bool,
    pub conditions: Vec<DeploymentCondition>,
    /// The template's `kubectl.kubernetes.io/restartedAt`.
    pub restarted_at: Option<String>,
    /// The template's annotation with the id of the rotation that restarted it.
    pub rotation: Option<String>,
    /// Whether its pod template mounts the secret, through a SecretProviderClass or a synced Secret.
    pub consumes: bool,
    /// The version of the secret that a SecretProviderClass of it is pinned to: it never follows the vault.
    pub pinned: Option<SecretVersion>,
    /// A SecretProviderClass that its pod template mounts and that does not exist: a new pod cannot start.
    pub lacks: Option<String>,
    /// What its pod template reads of Kubernetes Secrets that nobody fills with the key any more: its next pod begins with what
    /// stands there.
    pub left: Option<LostClass>,
    /// When anybody last wrote anything of it, its controller's status included, where the server dates its writers. Whole
    /// seconds.
    pub written: Option<Timestamp>,
    pub manager: Option<Manager>,
    pub times: PodTimes,
}

impl WorkloadView {
    /// When its controller called its rollout over, where it is of a kind that says so. Scaling does not move that.
    pub fn rolled_out_at(&self) -> Option<Timestamp> {
        let over = |condition: &&DeploymentCondition| condition.reason == "NewReplicaSetAvailable";
        self.conditions.iter().find(over).and_then(|condition| condition.updated)
    }

    /// The pods that are there beside all that are wanted, while it is restarted.
    pub fn surge(&self) -> u32 {
        match self.strategy {
            Strategy::RollingUpdate { max_surge, .. } => max_surge.of(self.desired, true),
            Strategy::Ordinals { .. } | Strategy::OnDelete | Strategy::Recreate => 0,
        }
    }

    /// Whether fewer pods than wanted serve while it is restarted.
    pub fn loses_pods(&self) -> bool {
        match self.strategy {
            Strategy::RollingUpdate { max_unavailable, .. } => {
                max_unavailable.of(self.desired, false) > 0 || self.surge() == 0
            }
            Strategy::Ordinals { .. } | Strategy::OnDelete | Strategy::Recreate => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_any_number_is_known() {
        let quarter = ReplicaNumber::Percent(25);
        assert_eq!((quarter.of(5, true), quarter.of(5, false)), (2, 1));
        assert_eq!(quarter.of(u32::MAX, false), u32::MAX / 4);
        assert_eq!(ReplicaNumber::Percent(u32::MAX).of(u32::MAX, true), u32::MAX);
    }
}
