//! A stamp's cluster, as far as a rotation cares: workloads, their rollouts, pods, mounts, CronJobs, synced secrets.

use std::collections::BTreeMap;
use std::fmt;

use jiff::{SignedDuration, Timestamp};

use super::{Fingerprint, ObjectName, SecretVersion, Seen, StampName, WorkloadName};

pub use self::holding::{ClassFate, Holding, LostClass};
pub use self::nodes::{NodeRoom, NodesView};
pub use self::pinned::PinnedClass;
pub use self::pod_times::PodTimes;
pub use self::room::{Amount, AutoscalerView, BudgetView, PodAsks, QuotaLine, QuotaView, RoomView, Takes};
pub use self::shortage::Shortage;
pub use self::symptom::{PodTrouble, Warning};
pub use self::unplaced::Unplaced;

mod holding;
mod nodes;
mod pinned;
mod pod_times;
mod room;
mod shortage;
mod symptom;
mod unplaced;
mod writers;

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

/// A pod that holds the secret or may hold it, or whose workload the configuration names; however late in its life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodView {
    pub name: String,
    pub uid: String,
    pub namespace: String,
    pub created: Timestamp,
    /// Set once it is told to end: when its time for that is over. It runs on, with its old key, until it is gone.
    pub deleting: Option<Timestamp>,
    /// The node that runs it, once it has one.
    pub node: Option<String>,
    /// The workload above it, where there is one that can be restarted.
    pub workload: Option<WorkloadName>,
    /// What else is above it: a Job, a bare ReplicaSet, a controller of a kind that is not known here.
    pub above: Option<ObjectName>,
    /// `Pending`, `Running`, `Succeeded`, `Failed`, `Unknown`.
    pub phase: String,
    pub ready: bool,
    /// Since when it is ready, where it is and its status says so. Whole seconds.
    pub ready_since: Option<Timestamp>,
    /// Since when it is not, where it is not and its status says so. Whole seconds.
    pub unready_since: Option<Timestamp>,
    pub holding: Holding,
    /// What it reads besides of Kubernetes Secrets that nobody fills with the key any more, where it is known to get the
    /// secret by something else.
    pub besides: Option<LostClass>,
    /// The vault version that its mount holds by SecretProviderClassPodStatus. It says what the files hold,
    /// not what the process has read.
    pub mounted: Option<SecretVersion>,
    /// Other versions of it, of the same vault, that its other mounts hold: any of them is the key that it may use.
    pub mounted_besides: Vec<SecretVersion>,
    /// The Kubernetes Secrets that the classes it mounts fill with the secret: whoever is in it may read them from the API
    /// server when it begins.
    pub fills: Vec<String>,
    /// What it mounts besides from the vaults of other stamps.
    pub elsewhere: Vec<OtherMount>,
    /// What it takes of quotas, by its own specification: what a LimitRange has filled in is in it.
    pub asks: PodAsks,
    /// What keeps it from serving, as far as its own status says.
    pub trouble: Option<PodTrouble>,
}

/// A mount of the secret from the vault of another stamp.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherMount {
    pub stamp: StampName,
    /// The version of that vault that it holds; `None` where its status does not show it.
    pub version: Option<SecretVersion>,
}

impl PodView {
    /// Its containers have ended, and hold nothing any more.
    pub fn has_ended(&self) -> bool {
        matches!(self.phase.as_str(), "Succeeded" | "Failed")
    }

    /// Whether it is known to have got the secret.
    pub fn gets_secret(&self) -> bool {
        matches!(self.holding, Holding::Specified { .. } | Holding::Mounted)
    }

    /// What makes it doubtful what it holds, whatever else it is known to hold.
    pub fn doubt(&self) -> Option<&LostClass> {
        match &self.holding {
            Holding::Unclear(class) => Some(class),
            Holding::Specified { .. } | Holding::Mounted | Holding::Named => self.besides.as_ref(),
        }
    }

    /// Whether it reads this synced Secret.
    pub fn reads(&self, secret: &SyncedSecretView) -> bool {
        let Holding::Specified { reads, .. } = &self.holding else { return false };
        self.namespace == secret.namespace && reads.contains(&secret.name)
    }

    /// Whether its age tells by this synced Secret what it got: it reads it; or nobody is seen to, and it mounts a class that
    /// fills it, which is what a pod does whose Secret is read from the API server.
    pub fn is_dated_by(&self, secret: &SyncedSecretView) -> bool {
        let may = secret.unread && self.namespace == secret.namespace && self.fills.contains(&secret.name);
        may || self.reads(secret)
    }

    /// Whether one of its mounts holds another version of its vault's secret than this.
    pub fn mounts_other(&self, version: &SecretVersion) -> bool {
        self.mounted.iter().chain(&self.mounted_besides).any(|mounted| mounted != version)
    }

    /// Whether its own mount has to show which version it got.
    pub fn mounts_secret(&self) -> bool {
        matches!(self.holding, Holding::Specified { mounts: true, .. } | Holding::Mounted)
    }
}

/// A Kubernetes Secret that the CSI driver fills from the vault's secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncedSecretView {
    pub namespace: String,
    pub name: String,
    /// Of its own bytes; the driver's status objects say nothing of them.
    pub fingerprint: Fingerprint,
    /// When its content last changed, at the latest, where that is known.
    pub changed: Option<Timestamp>,
    /// The uids of what owns it: the driver writes down each owner of a pod that mounts its class.
    pub owners: Vec<String>,
    /// Since when it is there, and the classes that fill it say what they say, at the latest, where that is known.
    pub said_since: Option<Timestamp>,
    /// Whether no specification that was seen reads it: whoever does, has it from the API server.
    pub unread: bool,
}

/// A Kubernetes Secret that pods read and no SecretProviderClass fills, and of which nobody may see whether the driver made
/// it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnseenSecret {
    pub namespace: String,
    pub name: String,
    /// What the API server says: it names the missing right.
    pub why: String,
}

/// A CronJob whose pods get the secret, or what was once filled from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CronJobView {
    pub namespace: String,
    pub name: String,
    pub suspended: bool,
    /// Whether its pods mount a SecretProviderClass that delivers the secret: then each run reads the vault.
    pub mounts: bool,
    /// The synced Kubernetes Secrets that its pods read: a run gets what they hold when it starts.
    pub reads: Vec<String>,
    pub pinned: Option<SecretVersion>,
    /// What they read of Kubernetes Secrets that nobody fills with the key any more.
    pub left: Option<LostClass>,
}

impl CronJobView {
    pub fn object(&self) -> ObjectName {
        ObjectName::new("CronJob", self.namespace.as_str(), self.name.as_str())
    }

    /// Whether its pods get the secret, or what was once filled from it.
    pub fn counts(&self) -> bool {
        self.mounts || !self.reads.is_empty() || self.left.is_some()
    }

    pub fn reads(&self, secret: &SyncedSecretView) -> bool {
        self.namespace == secret.namespace && self.reads.contains(&secret.name)
    }
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
    /// When the workloads were listed, where that was after the rest.
    pub workloads_seen: Option<Timestamp>,
    pub pods: Vec<PodView>,
    pub cron_jobs: Vec<CronJobView>,
    /// Classes that deliver one version of the secret for ever, whoever mounts them: what starts pods without being of a kind
    /// that is listed gets it too.
    pub pinned: Vec<PinnedClass>,
    pub synced: Vec<SyncedSecretView>,
    /// Whether its CSI driver has rotation on, as Azure says of its add-on; `None` where nobody says. A note for people.
    pub rotates: Option<bool>,
    pub unseen: Vec<UnseenSecret>,
    /// By uid, pods that began when a class of theirs did not yet say what it says now, and when it last began to say
    /// something else: what their status tells is what the driver put there since.
    pub overtaken: BTreeMap<String, Timestamp>,
    /// Nodes that are not ready, or not there, and since when, where that is told. Asked for only where a pod gives cause.
    pub silent: BTreeMap<String, Option<Timestamp>>,
    /// Nodes that were asked about and are ready, and since when, where that is told.
    pub heard: BTreeMap<String, Option<Timestamp>>,
    /// Pods of anybody that wait for room on a node.
    pub unplaced: Option<Unplaced>,
    /// How far the API server's clock is ahead of ours, where it was seen.
    pub ahead: Option<SignedDuration>,
    /// Where it was looked, where that was not everywhere.
    pub extent: Option<Extent>,
    /// What the cluster's components warn of, newest first. Looked for only where something is in trouble.
    pub warnings: Vec<Warning>,
}

/// The part of a cluster that was looked at: whoever gets the secret elsewhere is not seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extent {
    pub namespaces: Vec<String>,
    /// Those that are known and may not be listed.
    pub refused: Vec<String>,
    /// Whether that is all there is to look at: the configuration says so, or there are no others.
    pub whole: bool,
}

impl Seen<ClusterView> {
    /// When its workloads were so.
    pub fn workloads_at(&self) -> Timestamp {
        self.get().and_then(|view| view.workloads_seen).map_or(self.at, |listed| listed.max(self.at))
    }
}

impl ClusterView {
    pub fn workload(&self, name: &WorkloadName) -> Option<&WorkloadView> {
        self.workloads.iter().find(|workload| &workload.name == name)
    }

    pub fn pods_of<'a>(&'a self, name: &'a WorkloadName) -> impl Iterator<Item = &'a PodView> {
        self.pods.iter().filter(move |pod| pod.workload.as_ref() == Some(name))
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
