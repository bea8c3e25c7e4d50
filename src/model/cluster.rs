//! A stamp's cluster, as far as a rotation cares: workloads, their rollouts, pods, mounts, CronJobs, synced secrets.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::{Seen, WorkloadName};

pub use self::cron_job::CronJobView;
pub use self::holding::{ClassFate, Holding, LostClass};
pub use self::nodes::{NodeRoom, NodesView};
pub use self::pinned::PinnedClass;
pub use self::pod::{OtherMount, PodView};
pub use self::pod_times::PodTimes;
pub use self::room::{Amount, AutoscalerView, BudgetView, PodAsks, QuotaLine, QuotaView, RoomView, Takes};
pub use self::secret::{SyncedSecretView, UnseenSecret};
pub use self::shortage::Shortage;
pub use self::symptom::{PodTrouble, Warning};
pub use self::unplaced::Unplaced;
pub use self::workload::{DeploymentCondition, Manager, ReplicaNumber, Strategy, WorkloadView};

mod cron_job;
mod holding;
mod nodes;
mod pinned;
mod pod;
mod pod_times;
mod room;
mod secret;
mod shortage;
mod symptom;
mod unplaced;
mod workload;
mod writers;

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
