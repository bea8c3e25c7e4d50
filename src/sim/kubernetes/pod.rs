//! Pods from creation until they are gone, and the processes in them.

use std::sync::Arc;
use std::time::Duration;

use super::super::config::KeySource;
use super::super::fault::Trouble;
use super::super::time::after;
use super::nodes::{NODES, node_name};
use super::object::{ChangeKind, Meta, Object, Owner, Phase, Pod, PodId, PodTemplate, ReplicaSet};
use super::{Cluster, Hand, Happened, Process, Task};
use crate::model::{WorkloadKind, WorkloadName};

/// From the end of a pod's containers until its object is removed.
const REMOVAL: Duration = Duration::from_millis(25);

/// How long a pod takes to start that no configuration describes.
const STARTS: Duration = Duration::from_secs(3);

/// What a new pod comes from.
pub(super) struct Origin<'a> {
    pub owner: Owner,
    /// Of the owner.
    pub meta: &'a Meta,
    pub place: usize,
    pub workload: WorkloadName,
    pub hash: Arc<str>,
    pub index: Option<u32>,
    pub template: Arc<PodTemplate>,
}

impl Cluster {
    /// As if every pod had begun to serve then.
    #[cfg(test)]
    pub(in crate::sim) fn serve_since(&mut self, at: jiff::Timestamp) {
        for pod in self.pods.values_mut() {
            Arc::make_mut(pod).ready_changed = Some(at);
        }
    }

    pub(super) fn make_pod(&mut self, set: &ReplicaSet, hand: &mut Hand<'_>) -> PodId {
        self.next_id += 1;
        let id = PodId(self.next_id);
        let seed = hand.seed.of("pod").at(id.0);
        let Some(deployment) = self.deployments.get(set.owner) else { return id };
        let name = format!("{}-{}", set.meta.name, seed.suffix(5));
        let origin = Origin {
            owner: Owner::ReplicaSet(set.id),
            meta: &set.meta,
            place: set.owner,
            workload: deployment.workload.clone(),
            hash: Arc::clone(&set.hash),
            index: None,
            template: Arc::clone(&set.template),
        };
        self.introduce(id, name, origin, hand);
        id
    }

    /// A new pod, from its object's creation to what is going to happen to it.
    pub(super) fn introduce(&mut self, id: PodId, name: String, origin: Origin<'_>, hand: &mut Hand<'_>) {
        let seed = hand.seed.of("pod").at(id.0);
        let Origin { owner, meta, place, workload, hash, index, template } = origin;
        let pod = Arc::new(Pod {
            id,
            meta: Meta {
                namespace: Arc::clone(&meta.namespace),
                name: name.into(),
                uid: seed.uuid().into(),
                created: hand.now,
                resource_version: hand.next_version(),
            },
            owner,
            owner_name: Arc::clone(&meta.name),
            owner_uid: Arc::clone(&meta.uid),
            place,
            workload,
            hash,
            index,
            template,
            deleting: None,
            phase: Phase::Pending,
            node: None,
            ip: None,
            ready: false,
            unheard: false,
            ready_changed: None,
            started: None,
            waiting: None,
            unplaced: None,
            restarts: 0,
        });
        self.log(ChangeKind::Added, Object::Pod(Arc::clone(&pod)), hand);
        self.pods.insert(id, pod);
        // A creation comes back to the pods' controller later than a deletion does: so a rollout shows the
        // pod that goes before the one that comes, as recorded.
        self.ask_after(hand.config.kubernetes.hop * 2, Task::of(owner), hand);
        hand.later(hand.config.kubernetes.hop * 4, Task::Schedule(id));
        self.start_soon(id, hand);
    }

    /// From now on a node has it, or is about to.
    fn start_soon(&mut self, id: PodId, hand: &mut Hand<'_>) {
        let Some(place) = self.pods.get(&id).map(|pod| pod.place) else { return };
        let seed = hand.seed.of("pod").at(id.0);
        let mounts = hand.config.kubernetes.mounts_in.pick(seed.of("mounts"));
        let starts = hand
            .config
            .workload_at(place)
            .map(|workload| workload.starts_in.pick(seed.of("starts")))
            .unwrap_or(STARTS);
        hand.later(mounts.min(starts), Task::Mount(id));
        hand.later(starts, Task::Run(id));
    }

    pub(super) fn schedule_pod(&mut self, id: PodId, hand: &mut Hand<'_>) {
        let Some(pod) = self.pods.get(&id).filter(|pod| pod.deleting.is_none() && pod.node.is_none()) else {
            return;
        };
        let seed = hand.seed.of("node").at(id.0);
        let now = hand.now;
        // A DaemonSet makes its pods for a node each.
        let found = match (pod.workload.kind, pod.index) {
            (WorkloadKind::DaemonSet, Some(node)) => Ok(node_name(u64::from(node))),
            _ => self.place(seed.below(NODES), &pod.template),
        };
        let waited = pod.unplaced.is_some();
        let node = match found {
            Ok(node) => node,
            Err(why) => {
                if !waited {
                    self.change_pod(id, hand, |pod| pod.unplaced = Some(why.into()));
                }
                return;
            }
        };
        if waited {
            self.start_soon(id, hand);
        }
        self.change_pod(id, hand, |pod| {
            pod.node = Some(node);
            pod.unplaced = None;
            pod.waiting = Some("ContainerCreating");
            pod.ready_changed = Some(now);
        });
    }

    /// The containers start, unless the pod has been told to end or is one of those that never get there.
    pub(super) fn run_pod(&mut self, id: PodId, hand: &mut Hand<'_>) -> Happened {
        let Some(pod) = self.pods.get(&id).cloned() else { return Happened::default() };
        let mounted = self.mounts.contains_key(&id) || pod.template.class.is_empty();
        if pod.deleting.is_some() || !mounted || pod.unplaced.is_some() || self.is_lost(id) {
            return Happened::default();
        }
        let stamp = hand.stamp;
        let trouble = hand.faults.befall(hand.now, |fault| {
            let fits = matches!(fault.what, Trouble::NeverReady | Trouble::CrashLoop)
                && fault.target.covers(stamp, &pod.workload);
            fits.then(|| fault.what.clone())
        });
        let now = hand.now;
        match trouble {
            Some(Trouble::NeverReady) => return Happened::default(),
            Some(_) => {
                self.change_pod(id, hand, |pod| {
                    pod.phase = Phase::Running;
                    pod.waiting = Some("CrashLoopBackOff");
                    pod.restarts = 4;
                });
                return Happened::default();
            }
            None => {}
        }
        let address = hand.seed.of("address").at(id.0).below(60_000);
        self.change_pod(id, hand, |pod| {
            pod.phase = Phase::Running;
            pod.ready = !pod.template.probes;
            pod.ready_changed = Some(now);
            pod.started = Some(now);
            pod.waiting = None;
            pod.ip = Some(format!("10.240.{}.{}", address / 240, address % 240 + 10).into());
        });
        self.begin_process(&pod, hand);
        if pod.template.probes {
            self.probe_soon(id, hand);
            return Happened::default();
        }
        match pod.owner {
            Owner::ReplicaSet(_) | Owner::Set(_) => self.judge_again_when_available(id, hand),
            Owner::Job(_) => {
                self.begin_work(id, pod.place, hand);
                // Nobody is served by it: no workload is dark without it.
                return Happened::default();
            }
            Owner::Nobody => return Happened::default(),
        }
        Happened { ended: None, readiness: Some(pod.place) }
    }

    /// The process reads its key, once. Where its files hold none, it has no use for one.
    pub(super) fn begin_process(&mut self, pod: &Pod, hand: &mut Hand<'_>) {
        let mount = self.mounts.get(&pod.id);
        let without = pod.template.class.is_empty() || mount.is_some_and(|mount| mount.secret.is_none());
        if pod.template.key == KeySource::Mount && without {
            return;
        }
        let value = match &pod.template.key {
            KeySource::Mount => self
                .mounts
                .get(&pod.id)
                .and_then(|mount| hand.vault.version(&mount.version))
                .map(|version| &version.value),
            KeySource::SyncedSecret(name) => self.secrets.get(name).map(|secret| &secret.value),
        };
        let key = value.and_then(super::super::vault::SecretValue::key);
        let stamp = hand.stamp;
        let misread = hand.faults.befall(hand.now, |fault| {
            (fault.what == Trouble::MisreadKey && fault.target.covers(stamp, &pod.workload)).then_some(())
        });
        let period = hand
            .config
            .workload_at(pod.place)
            .map_or(Duration::from_secs(5), |workload| workload.request_period);
        let spread = u64::try_from(period.as_millis()).unwrap_or(u64::MAX);
        let phase = Duration::from_millis(hand.seed.of("phase").at(pod.id.0).below(spread.max(1)));
        let process = Process {
            pod: pod.id,
            place: pod.place,
            key: key.filter(|_| misread.is_none()),
            since: hand.now,
            first_request: after(hand.now, phase),
            period,
            until: jiff::Timestamp::MAX,
        };
        self.processes.insert(pod.id, process);
    }

    /// Tells a pod to end. It runs on, Ready and with its key, until its time is over.
    pub(super) fn delete_pod(&mut self, id: PodId, hand: &mut Hand<'_>) {
        let Some(pod) = self.pods.get(&id).filter(|pod| pod.deleting.is_none()) else { return };
        let place = pod.place;
        let now = hand.now;
        self.change_pod(id, hand, |pod| pod.deleting = Some(now));
        let ends = hand
            .config
            .workload_at(place)
            .map(|workload| workload.ends_in.pick(hand.seed.of("ends").at(id.0)))
            .unwrap_or_default();
        hand.later(ends, Task::End(id));
    }

    pub(super) fn end_pod(&mut self, id: PodId, hand: &mut Hand<'_>) -> Happened {
        let Some(pod) = self.pods.get(&id).cloned() else {
            return Happened { ended: self.end_forgotten(id), readiness: None };
        };
        if self.is_lost(id) {
            // Its kubelet does not hear of it.
            return Happened::default();
        }
        let ended = self.stop_pod(id, hand);
        hand.later(REMOVAL, Task::Remove(id));
        let serves = !matches!(pod.owner, Owner::Job(_) | Owner::Nobody);
        Happened { ended, readiness: serves.then_some(pod.place) }
    }

    /// Its containers have ended.
    pub(super) fn stop_pod(&mut self, id: PodId, hand: &mut Hand<'_>) -> Option<Process> {
        let now = hand.now;
        self.change_pod(id, hand, |pod| {
            pod.phase = Phase::Succeeded;
            if pod.ready {
                pod.ready = false;
                pod.ready_changed = Some(now);
            }
        });
        self.make_room(hand);
        self.processes.remove(&id)
    }

    pub(super) fn remove_pod(&mut self, id: PodId, hand: &mut Hand<'_>) {
        let Some(pod) = self.pods.remove(&id) else { return };
        self.unmounted.remove(&id);
        hand.next_version();
        self.log(ChangeKind::Deleted, Object::Pod(Arc::clone(&pod)), hand);
        if let Some(mount) = self.mounts.remove(&id) {
            hand.next_version();
            self.log(ChangeKind::Deleted, Object::MountStatus(mount), hand);
        }
        self.make_room(hand);
        self.ask(Task::of(pod.owner), hand);
    }
}
