//! One stamp's cluster: objects, the controllers that work on them, and the processes in its pods.
//!
//! The deployment and ReplicaSet controllers follow the real ones' algorithm, a hop of world time apart, so
//! that statuses come in the order that was recorded from a real control plane. Kubelets are simple: a pod
//! mounts, runs, and ends when its time is over. Where its workload has no readiness probe, a pod is Ready when its
//! containers run, whatever its key opens. A process keeps the key that it read when it started. StatefulSets and DaemonSets roll by
//! their own rules, where the configuration has any.

mod autoscale;
mod birth;
mod classes;
mod csi;
mod deployment;
mod drains;
mod forced;
mod jobs;
mod limits;
mod made;
mod nodes;
mod object;
mod patch;
mod pod;
mod probes;
mod proportion;
mod removed;
mod replica_set;
mod ring;
mod rollouts;
mod scheduling;
mod sets;
mod status;
mod warnings;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

pub use classes::ClassChange;
pub use limits::{Autoscaler, Budget, Failing};
pub use made::Made;
pub use object::{
    Change, ChangeKind, Condition, CronJob, Deployment, DeploymentStatus, Job, JobId, Meta, MountStatus,
    Object, Owner, Phase, Pod, PodId, PodSet, PodTemplate, ProviderClass, ReplicaSet, ReplicaSetId,
    ReplicaSetStatus, Restarting, SecretOwner, SetStatus, SyncedSecret,
};
pub use ring::Ring;
pub use warnings::WarningEvent;

use super::account::KeyId;
use super::config::{NodeConfig, QuotaConfig, WorldConfig};
use super::events::{Event, Queue};
use super::fault::FaultBook;
use super::refusal::Refusal;
use super::seed::Seed;
use super::time::after;
use super::vault::Vault;
use crate::model::{StampName, WorkloadName};

/// Something that a controller, a kubelet or the CSI driver is going to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Task {
    Deployment(usize),
    ReplicaSet(ReplicaSetId),
    /// A StatefulSet or a DaemonSet, by its place among them.
    Set(usize),
    /// A CronJob's time has come, by its place.
    CronJob(usize),
    Job(JobId),
    /// A pod may have been ready for long enough to be available.
    Recheck(Owner),
    /// A rollout may have passed its deadline.
    Deadline(usize),
    Schedule(PodId),
    Mount(PodId),
    Run(PodId),
    End(PodId),
    Remove(PodId),
    Refresh(PodId),
    /// The driver sees to it that what is above the pod owns what its class fills.
    Own(PodId),
    /// The driver's round comes to a pod.
    Rewrite(PodId),
    /// The pod's node has not answered for so long that the pod is told to end.
    Evict(PodId),
    /// The pod is on a node that is drained, and is told to end as soon as budgets allow it.
    Drain(PodId),
    /// The pod's readiness probe asks. The world knows the answer.
    Probe(PodId),
    /// A load that was greater may count no more. The world scales.
    Autoscale(usize),
    /// A Job's pod has done its work.
    Finish(PodId),
    /// Nobody looks after a pod that was made by hand.
    Nothing,
}

impl Task {
    /// What a pod's owner does next.
    fn of(owner: Owner) -> Task {
        match owner {
            Owner::ReplicaSet(id) => Task::ReplicaSet(id),
            Owner::Set(place) => Task::Set(place),
            Owner::Job(id) => Task::Job(id),
            Owner::Nobody => Task::Nothing,
        }
    }
}

/// A process in a pod, with the key that it keeps for life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Process {
    pub pod: PodId,
    /// Place of its workload.
    pub place: usize,
    /// `None` where what it read is no key of the account.
    pub key: Option<KeyId>,
    pub since: Timestamp,
    /// Its first request; further ones follow each period.
    pub first_request: Timestamp,
    pub period: Duration,
    /// When it ends, as far as that is known.
    pub until: Timestamp,
}

/// What a task did that matters outside of the cluster.
#[derive(Clone, Debug, Default)]
pub(super) struct Happened {
    /// A process that has ended now.
    pub ended: Option<Process>,
    /// The workload of a pod that became ready, was told to end, or ended.
    pub readiness: Option<usize>,
}

/// What a cluster needs of the world around it while it acts.
pub(super) struct Hand<'a> {
    pub now: Timestamp,
    pub config: &'a WorldConfig,
    pub seed: Seed,
    pub place: usize,
    pub stamp: &'a StampName,
    pub vault: &'a Vault,
    pub version: &'a mut u64,
    pub queue: &'a mut Queue,
    pub faults: &'a mut FaultBook,
}

impl Hand<'_> {
    fn next_version(&mut self) -> u64 {
        *self.version += 1;
        *self.version
    }

    fn later(&mut self, by: Duration, task: Task) {
        self.queue.push(after(self.now, by), Event::Cluster(self.place, task));
    }
}

/// The cluster of one stamp.
#[derive(Clone, Debug)]
pub struct Cluster {
    /// The AKS resource's name.
    pub name: String,
    deployments: Vec<Arc<Deployment>>,
    replica_sets: BTreeMap<ReplicaSetId, Arc<ReplicaSet>>,
    /// Places of Deployments that somebody deleted.
    removed: BTreeSet<usize>,
    sets: Vec<Arc<PodSet>>,
    cron_jobs: Vec<Arc<CronJob>>,
    jobs: BTreeMap<JobId, Arc<Job>>,
    pods: BTreeMap<PodId, Arc<Pod>>,
    classes: Vec<Arc<ProviderClass>>,
    mounts: BTreeMap<PodId, Arc<MountStatus>>,
    secrets: BTreeMap<String, Arc<SyncedSecret>>,
    processes: BTreeMap<PodId, Process>,
    /// Nodes that do not answer, and since when.
    lost: BTreeMap<Arc<str>, Timestamp>,
    /// Since when nodes that did not answer do so again.
    regained: BTreeMap<Arc<str>, Timestamp>,
    /// Nodes whose objects somebody deleted, of those that do not answer.
    deleted_nodes: BTreeSet<Arc<str>>,
    /// Pods that somebody deleted by force on nodes that do not answer, by their nodes: their processes run on.
    forgotten: BTreeMap<PodId, Arc<str>>,
    /// What each node has.
    has: NodeConfig,
    /// Nodes that nothing is scheduled on, because they are drained.
    cordoned: BTreeSet<Arc<str>>,
    /// Pods whose secret could not be mounted yet.
    unmounted: BTreeSet<PodId>,
    ring: Ring,
    next_id: u64,
    quotas: Vec<QuotaConfig>,
    autoscalers: Vec<Autoscaler>,
    /// By the place of a Deployment, how many pods the load took and until when; of the last, that is not known.
    loads: BTreeMap<usize, Vec<(Option<Timestamp>, u32)>>,
    budgets: Vec<Budget>,
    /// Controllers whose pods are refused.
    failing: BTreeMap<Owner, Failing>,
    /// Controller tasks that are queued already: a work queue holds each key once.
    due: BTreeSet<Task>,
}

impl Cluster {
    /// The Deployments, deleted ones included; their order is that of the configuration and never changes.
    pub fn deployments(&self) -> &[Arc<Deployment>] {
        &self.deployments
    }

    pub fn deployment(&self, name: &WorkloadName) -> Option<&Arc<Deployment>> {
        self.standing().find(|deployment| &deployment.workload == name)
    }

    /// The StatefulSets and DaemonSets, in the order of the configuration.
    pub fn sets(&self) -> &[Arc<PodSet>] {
        &self.sets
    }

    pub fn pod_set(&self, name: &WorkloadName) -> Option<&Arc<PodSet>> {
        self.sets.iter().find(|set| &set.workload == name)
    }

    pub fn cron_jobs(&self) -> &[Arc<CronJob>] {
        &self.cron_jobs
    }

    pub fn jobs(&self) -> impl Iterator<Item = &Arc<Job>> {
        self.jobs.values()
    }

    /// The generation of a workload of any kind.
    pub fn generation(&self, name: &WorkloadName) -> Option<i64> {
        let deployment = self.deployment(name).map(|deployment| deployment.generation);
        deployment.or_else(|| self.pod_set(name).map(|set| set.generation))
    }

    pub fn replica_sets(&self) -> impl Iterator<Item = &Arc<ReplicaSet>> {
        self.replica_sets.values()
    }

    /// All pods in order of creation, terminating and ended ones included.
    pub fn pods(&self) -> impl Iterator<Item = &Arc<Pod>> {
        self.pods.values()
    }

    pub fn pod(&self, id: PodId) -> Option<&Arc<Pod>> {
        self.pods.get(&id)
    }

    pub fn provider_classes(&self) -> &[Arc<ProviderClass>] {
        &self.classes
    }

    pub fn mounts(&self) -> impl Iterator<Item = &Arc<MountStatus>> {
        self.mounts.values()
    }

    pub fn mount_of(&self, pod: PodId) -> Option<&Arc<MountStatus>> {
        self.mounts.get(&pod)
    }

    pub fn secrets(&self) -> impl Iterator<Item = &Arc<SyncedSecret>> {
        self.secrets.values()
    }

    /// The processes that run now: what no API tells.
    pub fn processes(&self) -> impl Iterator<Item = &Process> {
        self.processes.values()
    }

    /// The changes after a version, oldest first, for a watch.
    ///
    /// # Errors
    /// [`Refusal::Gone`] where the version is older than what is remembered.
    pub fn changes_since(&self, version: u64) -> Result<impl Iterator<Item = &Change>, Refusal> {
        self.ring.since(version)
    }

    /// The newest version that is remembered.
    pub fn newest(&self) -> u64 {
        self.ring.newest()
    }

    /// Whether any pod of the workload at this place is ready and not told to end: a Service sends nothing to
    /// terminating pods.
    pub(super) fn any_ready(&self, place: usize) -> bool {
        self.pods.values().any(|pod| pod.place == place && pod.ready && pod.deleting.is_none())
    }

    pub(super) fn perform(&mut self, task: Task, hand: &mut Hand<'_>) -> Happened {
        self.due.remove(&task);
        match task {
            Task::Deployment(place) => self.sync_deployment(place, hand),
            Task::Deadline(place) => self.sync_if_unfinished(place, hand),
            Task::ReplicaSet(id) => return self.sync_replica_set(id, hand),
            Task::Set(place) => return self.sync_set(place, hand),
            Task::CronJob(place) => self.run_cron_job(place, hand),
            Task::Job(id) => self.sync_job(id, hand),
            Task::Finish(pod) => return self.finish_pod(pod, hand),
            Task::Recheck(owner) => self.ask(Task::of(owner), hand),
            Task::Schedule(pod) => self.schedule_pod(pod, hand),
            Task::Mount(pod) => self.mount(pod, hand),
            Task::Run(pod) => return self.run_pod(pod, hand),
            Task::End(pod) => return self.end_pod(pod, hand),
            Task::Remove(pod) => self.remove_pod(pod, hand),
            Task::Refresh(pod) => self.refresh(pod, hand),
            Task::Own(pod) => self.own_secret(pod, hand),
            Task::Rewrite(pod) => self.rewrite(pod, hand),
            Task::Evict(pod) => self.evict_pod(pod, hand),
            Task::Drain(pod) => return self.drain_pod(pod, hand),
            Task::Probe(_) | Task::Autoscale(_) | Task::Nothing => {}
        }
        Happened::default()
    }

    /// Queues a controller's task one hop from now, unless it is queued already.
    fn ask(&mut self, task: Task, hand: &mut Hand<'_>) {
        self.ask_after(hand.config.kubernetes.hop, task, hand);
    }

    fn ask_after(&mut self, by: Duration, task: Task, hand: &mut Hand<'_>) {
        if self.due.insert(task) {
            hand.later(by, task);
        }
    }

    fn log(&mut self, kind: ChangeKind, object: Object, hand: &Hand<'_>) {
        if !self.ring.keeps_nothing() {
            self.ring.push(Change { version: *hand.version, at: hand.now, kind, object });
        }
    }

    /// Lets go of everything, as when the stamp is destroyed. Returns the processes that ended by it.
    pub(super) fn vanish(&mut self) -> Vec<Process> {
        self.deployments.clear();
        self.removed.clear();
        self.replica_sets.clear();
        self.sets.clear();
        self.cron_jobs.clear();
        self.jobs.clear();
        self.pods.clear();
        self.mounts.clear();
        self.secrets.clear();
        self.due.clear();
        self.autoscalers.clear();
        self.loads.clear();
        self.budgets.clear();
        self.failing.clear();
        self.forgotten.clear();
        std::mem::take(&mut self.processes).into_values().collect()
    }

    fn change_deployment(&mut self, place: usize, hand: &mut Hand<'_>, change: impl FnOnce(&mut Deployment)) {
        let Some(deployment) = self.deployments.get_mut(place) else { return };
        let version = hand.next_version();
        let inner = Arc::make_mut(deployment);
        change(inner);
        inner.written = hand.now;
        inner.meta.resource_version = version;
        let snapshot = Object::Deployment(Arc::clone(deployment));
        self.log(ChangeKind::Modified, snapshot, hand);
    }

    fn change_set(&mut self, place: usize, hand: &mut Hand<'_>, change: impl FnOnce(&mut PodSet)) {
        let Some(set) = self.sets.get_mut(place) else { return };
        let version = hand.next_version();
        let inner = Arc::make_mut(set);
        change(inner);
        inner.written = hand.now;
        inner.meta.resource_version = version;
        let snapshot = Object::Set(Arc::clone(set));
        self.log(ChangeKind::Modified, snapshot, hand);
    }

    fn change_replica_set(
        &mut self,
        id: ReplicaSetId,
        hand: &mut Hand<'_>,
        change: impl FnOnce(&mut ReplicaSet),
    ) {
        let Some(replica_set) = self.replica_sets.get_mut(&id) else { return };
        let version = hand.next_version();
        let inner = Arc::make_mut(replica_set);
        change(inner);
        inner.meta.resource_version = version;
        let owner = inner.owner;
        let snapshot = Object::ReplicaSet(Arc::clone(replica_set));
        self.log(ChangeKind::Modified, snapshot, hand);
        self.ask(Task::Deployment(owner), hand);
    }

    fn change_pod(&mut self, id: PodId, hand: &mut Hand<'_>, change: impl FnOnce(&mut Pod)) {
        let Some(pod) = self.pods.get_mut(&id) else { return };
        let version = hand.next_version();
        let inner = Arc::make_mut(pod);
        change(inner);
        inner.meta.resource_version = version;
        let owner = inner.owner;
        let snapshot = Object::Pod(Arc::clone(pod));
        self.log(ChangeKind::Modified, snapshot, hand);
        self.ask(Task::of(owner), hand);
    }
}
