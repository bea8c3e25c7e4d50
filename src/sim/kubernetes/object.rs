//! The objects of a cluster as typed state of their own; the wire face gives them their JSON.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::super::config::{Flavour, KeySource};
use super::super::time::{after, whole_second};
use super::super::vault::SecretValue;
use crate::model::{ReplicaNumber, SecretVersion, WorkloadName};

/// Counts the ReplicaSets of a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReplicaSetId(pub u64);

/// Counts the pods of a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PodId(pub u64);

/// What makes a pod and looks after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owner {
    ReplicaSet(ReplicaSetId),
    /// Place of a StatefulSet or DaemonSet in [`Cluster::sets`](super::Cluster::sets).
    Set(usize),
    Job(JobId),
    /// Somebody made it by hand, and nobody makes it anew.
    Nobody,
}

/// Counts the Jobs of a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId(pub u64);

/// What every object has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meta {
    pub namespace: Arc<str>,
    pub name: Arc<str>,
    pub uid: Arc<str>,
    /// Whole seconds on the wire; exact here.
    pub created: Timestamp,
    pub resource_version: u64,
}

/// A pod template, as far as anything depends on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodTemplate {
    pub annotations: BTreeMap<String, String>,
    /// The label `app`.
    pub app: Arc<str>,
    pub image: String,
    /// `terminationGracePeriodSeconds`.
    pub grace: Duration,
    pub key: KeySource,
    /// Kubernetes Secrets of others that it reads.
    pub others: Vec<String>,
    /// The SecretProviderClass that it mounts; empty where it mounts none.
    pub class: Arc<str>,
    /// How long its container works where somebody has made a Job of it by hand (`sleep 600`).
    pub works: Option<Duration>,
    /// What its container requests of processors, in thousandths.
    pub cpu: Option<u32>,
    /// Whether its readiness probe asks the account.
    pub probes: bool,
}

/// One condition of a Deployment's status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// `Available` or `Progressing`.
    pub kind: &'static str,
    /// `True`, `False` or `Unknown`.
    pub status: &'static str,
    pub reason: &'static str,
    pub message: String,
    pub updated: Timestamp,
    pub transitioned: Timestamp,
}

/// Counts; zero is absent on the wire.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct DeploymentStatus {
    pub observed_generation: i64,
    pub replicas: u32,
    pub updated: u32,
    pub ready: u32,
    pub available: u32,
    pub unavailable: u32,
    pub terminating: u32,
    pub conditions: Vec<Condition>,
}

impl DeploymentStatus {
    pub fn condition(&self, kind: &str) -> Option<&Condition> {
        self.conditions.iter().find(|condition| condition.kind == kind)
    }
}

/// A Deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployment {
    pub meta: Meta,
    /// When anything of it was last written.
    pub written: Timestamp,
    pub workload: WorkloadName,
    pub generation: i64,
    /// Of the Deployment itself, besides `deployment.kubernetes.io/revision`.
    pub annotations: BTreeMap<String, String>,
    /// `deployment.kubernetes.io/revision`.
    pub revision: u64,
    pub replicas: u32,
    pub paused: bool,
    pub flavour: Flavour,
    pub max_surge: ReplicaNumber,
    pub max_unavailable: ReplicaNumber,
    pub min_ready: Duration,
    pub progress_deadline: Duration,
    pub template: Arc<PodTemplate>,
    pub status: DeploymentStatus,
}

/// Counts of a ReplicaSet's status.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ReplicaSetStatus {
    pub observed_generation: i64,
    pub replicas: u32,
    pub ready: u32,
    pub available: u32,
    pub terminating: u32,
    /// Condition `ReplicaFailure`: why its pods are refused.
    pub failure: Option<String>,
}

/// A ReplicaSet: one revision of a Deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplicaSet {
    pub id: ReplicaSetId,
    pub meta: Meta,
    pub generation: i64,
    /// Place of its Deployment in [`Cluster::deployments`](super::Cluster::deployments).
    pub owner: usize,
    pub owner_name: Arc<str>,
    pub owner_uid: Arc<str>,
    pub revision: u64,
    /// `pod-template-hash`.
    pub hash: Arc<str>,
    /// `spec.replicas`.
    pub replicas: u32,
    /// `deployment.kubernetes.io/desired-replicas` and `max-replicas`.
    pub desired: u32,
    pub max: u32,
    pub template: Arc<PodTemplate>,
    pub status: ReplicaSetStatus,
}

/// The status of a StatefulSet or a DaemonSet. Of the latter the counts are nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetStatus {
    pub observed_generation: i64,
    pub replicas: u32,
    /// Of the revision that it comes from.
    pub current: u32,
    pub updated: u32,
    pub ready: u32,
    pub available: u32,
    /// Names of ControllerRevisions.
    pub current_revision: Arc<str>,
    pub update_revision: Arc<str>,
}

/// What a Rollout of Argo has besides.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Restarting {
    /// `spec.restartAt`.
    pub wanted: Option<String>,
    /// `status.restartedAt`.
    pub done: Option<String>,
    /// It waits between two steps of its strategy (`status.pauseConditions`).
    pub waits: bool,
}

/// A StatefulSet or a DaemonSet, which makes its pods itself; or a Rollout, whose ReplicaSets are told from its revisions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodSet {
    pub meta: Meta,
    /// When anything of it was last written.
    pub written: Timestamp,
    /// Its name and kind.
    pub workload: WorkloadName,
    pub generation: i64,
    pub annotations: BTreeMap<String, String>,
    /// Of a DaemonSet, the nodes that it runs on.
    pub replicas: u32,
    pub on_delete: bool,
    pub partition: u32,
    pub max_unavailable: ReplicaNumber,
    pub min_ready: Duration,
    pub restarting: Restarting,
    pub template: Arc<PodTemplate>,
    /// Every template that it ever had, by the name of its ControllerRevision.
    pub revisions: Vec<(Arc<str>, Arc<PodTemplate>)>,
    pub status: SetStatus,
}

/// A CronJob, whose runs never overlap (`concurrencyPolicy: Forbid`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CronJob {
    pub meta: Meta,
    pub schedule: String,
    pub period: Duration,
    pub suspended: bool,
    pub history: usize,
    pub template: Arc<PodTemplate>,
    pub last: Option<Timestamp>,
    /// The Job that runs.
    pub active: Option<JobId>,
}

/// A Job of one pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    pub id: JobId,
    pub meta: Meta,
    /// Place of its CronJob in [`Cluster::cron_jobs`](super::Cluster::cron_jobs), where it has one.
    pub owner: Option<usize>,
    pub owner_name: Arc<str>,
    pub owner_uid: Arc<str>,
    pub template: Arc<PodTemplate>,
    pub completed: Option<Timestamp>,
}

/// `status.phase` of a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    Pending,
    Running,
    Succeeded,
}

impl Phase {
    pub fn as_str(self) -> &'static str {
        match self {
            Phase::Pending => "Pending",
            Phase::Running => "Running",
            Phase::Succeeded => "Succeeded",
        }
    }
}

/// A pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pod {
    pub id: PodId,
    pub meta: Meta,
    pub owner: Owner,
    pub owner_name: Arc<str>,
    pub owner_uid: Arc<str>,
    /// Place of what it comes from: Deployments first, then sets, then CronJobs.
    pub place: usize,
    /// A Job's pod has its Job's name here, for faults to be aimed at.
    pub workload: WorkloadName,
    /// `pod-template-hash`, or under a set the name of its revision.
    pub hash: Arc<str>,
    /// The ordinal in a StatefulSet, the node of a DaemonSet.
    pub index: Option<u32>,
    pub template: Arc<PodTemplate>,
    /// When it was told to end. On the wire `deletionTimestamp` is this plus [`PodTemplate::grace`].
    pub deleting: Option<Timestamp>,
    pub phase: Phase,
    pub node: Option<Arc<str>>,
    pub ip: Option<Arc<str>>,
    /// Condition `Ready`.
    pub ready: bool,
    /// Whether it would be ready, if its node answered: `ContainersReady` stays as it was.
    pub unheard: bool,
    /// When `Ready` last changed.
    pub ready_changed: Option<Timestamp>,
    /// When its containers began to run.
    pub started: Option<Timestamp>,
    /// Why a container waits, as `ContainerCreating` or `CrashLoopBackOff`.
    pub waiting: Option<&'static str>,
    /// Why no node takes it, in the scheduler's words.
    pub unplaced: Option<Arc<str>>,
    pub restarts: u32,
}

impl Pod {
    /// From when on a pod that is ready counts as available: Kubernetes keeps the time of readiness in whole seconds, and
    /// counts `minReadySeconds` from there.
    pub fn available_from(&self, min_ready: Duration) -> Timestamp {
        let since = self.ready_changed.unwrap_or(self.meta.created);
        if min_ready.is_zero() { since } else { after(whole_second(since), min_ready) }
    }
}

/// A SecretProviderClass (provider azure).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderClass {
    pub meta: Meta,
    pub vault: String,
    /// The vault's secrets that it mounts.
    pub secrets: Vec<String>,
    /// The Kubernetes Secret that it fills, and the key in it.
    pub synced: Option<(String, String)>,
    /// `metadata.generation`: raised by every change of the specification, the last of which was then.
    pub generation: i64,
    pub changed: Timestamp,
}

/// A SecretProviderClassPodStatus: what a pod's mount holds by the driver's own account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MountStatus {
    pub meta: Meta,
    pub pod: PodId,
    pub pod_name: Arc<str>,
    pub pod_uid: Arc<str>,
    pub class: Arc<str>,
    /// The account's secret; `None` where the class did not deliver it when the driver last looked.
    pub secret: Option<String>,
    pub version: SecretVersion,
}

/// A Kubernetes Secret that the driver fills.
#[derive(Clone, Debug, PartialEq)]
pub struct SyncedSecret {
    pub meta: Meta,
    /// The key in its data.
    pub key: String,
    pub value: SecretValue,
    /// Whose pods mount a class that fills it: with the last of them it goes.
    pub owners: Vec<SecretOwner>,
    /// When the driver last wrote anything of it, its owners included: one entry of `managedFields` has them all.
    pub changed: Timestamp,
}

/// What stands right above a pod that mounts the class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretOwner {
    pub kind: &'static str,
    pub name: Arc<str>,
    pub uid: Arc<str>,
}

/// Any object that watches tell of.
#[derive(Clone, Debug)]
pub enum Object {
    Deployment(Arc<Deployment>),
    ReplicaSet(Arc<ReplicaSet>),
    Set(Arc<PodSet>),
    CronJob(Arc<CronJob>),
    Job(Arc<Job>),
    Pod(Arc<Pod>),
    MountStatus(Arc<MountStatus>),
    Secret(Arc<SyncedSecret>),
}

impl Object {
    pub fn meta(&self) -> &Meta {
        match self {
            Object::Deployment(object) => &object.meta,
            Object::ReplicaSet(object) => &object.meta,
            Object::Set(object) => &object.meta,
            Object::CronJob(object) => &object.meta,
            Object::Job(object) => &object.meta,
            Object::Pod(object) => &object.meta,
            Object::MountStatus(object) => &object.meta,
            Object::Secret(object) => &object.meta,
        }
    }

    pub fn kind(&self) -> &'static str {
        match self {
            Object::Deployment(_) => "Deployment",
            Object::ReplicaSet(_) => "ReplicaSet",
            Object::Set(object) => object.workload.kind.as_str(),
            Object::CronJob(_) => "CronJob",
            Object::Job(_) => "Job",
            Object::Pod(_) => "Pod",
            Object::MountStatus(_) => "SecretProviderClassPodStatus",
            Object::Secret(_) => "Secret",
        }
    }
}

/// How an object changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    Added,
    Modified,
    Deleted,
}

/// One change, with the object as it was right after (for a deletion: right before).
#[derive(Clone, Debug)]
pub struct Change {
    pub version: u64,
    pub at: Timestamp,
    pub kind: ChangeKind,
    pub object: Object,
}
