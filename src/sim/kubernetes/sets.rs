//! The controllers of StatefulSets and DaemonSets, and what Rollouts share with them: which pod comes and which goes,
//! and what the status says.
//!
//! They follow `stateful_set_control.go` (pods in order, one at a time, the highest ordinal replaced first, nothing
//! done while a pod is not available) and `daemon/update.go` (as many nodes without an available pod as may be). A
//! replaced pod is deleted first, and its successor made when it is gone: both have the same name, or the same node.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::object::{Owner, Phase, Pod, PodId, PodSet, PodTemplate, SetStatus};
use super::pod::Origin;
use super::{Cluster, Hand, Happened, rollouts};
use crate::model::WorkloadKind;

/// A set's pods by ordinal or node; ended ones that are about to be removed among them.
pub(super) type Pods = BTreeMap<u32, Arc<Pod>>;

/// What one round of a controller does.
#[derive(Default)]
pub(super) struct Round {
    pub create: Vec<(u32, Arc<str>)>,
    pub delete: Vec<PodId>,
    /// The restart of a Rollout that is over by it.
    pub restarted: Option<String>,
}

impl Cluster {
    pub(super) fn sync_set(&mut self, place: usize, hand: &mut Hand<'_>) -> Happened {
        let update = self.revision_of(place, hand);
        let (Some(set), Some(update)) = (self.sets.get(place).cloned(), update) else {
            return Happened::default();
        };
        let pods = self.pods_of(place);
        let round = match set.workload.kind {
            WorkloadKind::DaemonSet => nodes(&set, &pods, &update, hand),
            WorkloadKind::Rollout => rollouts::round(&set, &pods, &update, hand),
            WorkloadKind::StatefulSet | WorkloadKind::Deployment => ordinals(&set, &pods, &update, hand),
        };
        for (index, revision) in round.create {
            let template = template_of(&set, &revision);
            if !self.admits(Owner::Set(place), &set.meta.namespace, &template, hand) {
                break;
            }
            self.make_set_pod(place, &set, index, revision, hand);
        }
        let deleted = !round.delete.is_empty();
        for pod in round.delete {
            self.delete_pod(pod, hand);
        }
        // Of the pods as they were before: what was done comes back as events, and causes another round. A StatefulSet's
        // controller counts what it does itself, so its status never shows the gap between a pod and its successor.
        let pods = if set.workload.kind == WorkloadKind::StatefulSet { self.pods_of(place) } else { pods };
        let status = status(&set, &pods, &update, hand);
        let done = round.restarted.or(set.restarting.done.clone());
        if status != set.status || done != set.restarting.done {
            self.change_set(place, hand, |set| {
                set.status = status;
                set.restarting.done = done;
            });
        }
        Happened { ended: None, readiness: deleted.then(|| self.deployments.len() + place) }
    }

    /// The name of the revision that the current template is; a new one where there was no such template before.
    fn revision_of(&mut self, place: usize, hand: &Hand<'_>) -> Option<Arc<str>> {
        let set = self.sets.get_mut(place)?;
        if let Some((name, _)) = set.revisions.iter().find(|(_, template)| *template == set.template) {
            return Some(Arc::clone(name));
        }
        let seed = hand.seed.of("revision").of(&set.meta.uid).at(set.revisions.len() as u64);
        let name: Arc<str> = format!("{}-{}", set.meta.name, seed.suffix(10)).into();
        let set = Arc::make_mut(set);
        set.revisions.push((Arc::clone(&name), Arc::clone(&set.template)));
        Some(name)
    }

    fn pods_of(&self, place: usize) -> Pods {
        let ours = self.pods.values().filter(|pod| pod.owner == Owner::Set(place));
        ours.filter_map(|pod| Some((pod.index?, Arc::clone(pod)))).collect()
    }

    fn make_set_pod(
        &mut self,
        place: usize,
        set: &PodSet,
        index: u32,
        revision: Arc<str>,
        hand: &mut Hand<'_>,
    ) {
        self.next_id += 1;
        let id = PodId(self.next_id);
        let name = pod_name(set, index, &hand.seed.of("pod").at(id.0).suffix(5));
        let origin = Origin {
            owner: Owner::Set(place),
            meta: &set.meta,
            place: self.deployments.len() + place,
            workload: set.workload.clone(),
            template: template_of(set, &revision),
            hash: revision,
            index: Some(index),
        };
        self.introduce(id, name, origin, hand);
    }
}

/// A StatefulSet's pods bear their ordinal, a DaemonSet's a word of chance.
pub(super) fn pod_name(set: &PodSet, index: u32, chance: &str) -> String {
    match set.workload.kind {
        WorkloadKind::DaemonSet => format!("{}-{chance}", set.meta.name),
        WorkloadKind::Rollout => format!("{}-{chance}", set.status.update_revision),
        WorkloadKind::StatefulSet | WorkloadKind::Deployment => format!("{}-{index}", set.meta.name),
    }
}

fn template_of(set: &PodSet, revision: &str) -> Arc<PodTemplate> {
    let known = set.revisions.iter().find(|(name, _)| **name == *revision);
    known.map_or_else(|| Arc::clone(&set.template), |(_, template)| Arc::clone(template))
}

pub(super) fn available(set: &PodSet, pod: &Pod, hand: &Hand<'_>) -> bool {
    pod.ready && pod.available_from(set.min_ready) <= hand.now
}

fn ordinals(set: &PodSet, pods: &Pods, update: &Arc<str>, hand: &Hand<'_>) -> Round {
    let mut round = Round::default();
    let partition = if set.on_delete { 0 } else { set.partition };
    for ordinal in 0..set.replicas {
        match pods.get(&ordinal) {
            None => {
                let current = &set.status.current_revision;
                let revision = if ordinal < partition { current } else { update };
                round.create.push((ordinal, Arc::clone(revision)));
                return round;
            }
            Some(pod) if pod.deleting.is_some() || !available(set, pod, hand) => return round,
            Some(_) => {}
        }
    }
    let surplus = pods.range(set.replicas..).next_back().map(|(_, pod)| pod);
    let outdated = || {
        let mut replaced = pods.range(partition.min(set.replicas)..set.replicas).rev().map(|(_, pod)| pod);
        replaced.find(|pod| pod.hash != *update).filter(|_| !set.on_delete)
    };
    round.delete.extend(surplus.or_else(outdated).map(|pod| pod.id));
    round
}

fn nodes(set: &PodSet, pods: &Pods, update: &Arc<str>, hand: &Hand<'_>) -> Round {
    let missing = (0..set.replicas).filter(|node| !pods.contains_key(node));
    let mut round =
        Round { create: missing.map(|node| (node, Arc::clone(update))).collect(), ..Round::default() };
    round.delete.extend(pods.range(set.replicas..).map(|(_, pod)| pod.id));
    if set.on_delete {
        return round;
    }
    let serves = |pod: &Arc<Pod>| pod.deleting.is_none() && available(set, pod, hand);
    let without = (0..set.replicas).filter(|node| !pods.get(node).is_some_and(serves)).count();
    let most = set.max_unavailable.of(set.replicas, true).max(1) as usize;
    let mut room = most.saturating_sub(without);
    let outdated = pods.range(..set.replicas).map(|(_, pod)| pod).filter(|pod| pod.hash != *update);
    for pod in outdated.filter(|pod| pod.deleting.is_none()) {
        if serves(pod) {
            if room == 0 {
                continue;
            }
            room -= 1;
        }
        round.delete.push(pod.id);
    }
    round
}

/// As the real controllers count: ready pods are ready until they end, told to or not.
fn status(set: &PodSet, pods: &Pods, update: &Arc<str>, hand: &Hand<'_>) -> SetStatus {
    // A Rollout's ReplicaSets forget pods that are told to end.
    let forgets = set.workload.kind == WorkloadKind::Rollout;
    let counts = |pod: &Pod| pod.phase != Phase::Succeeded && !(forgets && pod.deleting.is_some());
    let count = |test: &dyn Fn(&Pod) -> bool| -> u32 {
        let counted = pods.values().filter(|pod| counts(pod) && test(pod)).count();
        u32::try_from(counted).unwrap_or(u32::MAX)
    };
    let of = |revision: &Arc<str>| count(&|pod: &Pod| pod.deleting.is_none() && pod.hash == *revision);
    let mut status = SetStatus {
        observed_generation: set.generation,
        replicas: count(&|_| true),
        current: of(&set.status.current_revision),
        updated: of(update),
        ready: count(&|pod| pod.ready),
        available: count(&|pod| available(set, pod, hand)),
        current_revision: Arc::clone(&set.status.current_revision),
        update_revision: Arc::clone(update),
    };
    let all = [status.replicas, status.updated, status.ready].iter().all(|count| *count == set.replicas);
    if set.workload.kind == WorkloadKind::DaemonSet {
        // It has no such counts.
        (status.current, status.current_revision) = (status.updated, Arc::clone(update));
    } else if all && !set.on_delete {
        status.current = status.updated;
        status.current_revision = Arc::clone(update);
    }
    status
}
