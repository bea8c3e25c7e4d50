//! The pods that get the secret and the workloads, as the last list saw them and watches have brought them since.
//!
//! Good for knowing when a look is worth its price, for filling a view up between two lists and, once an event has
//! told that the last one went, for what is left; silence proves nothing. Events that are older than the list are
//! skipped, and a pod that went while the list was under way does not come back with it. Whoever misses an event is
//! unsure until the next list.
//!
//! One watch brings its events in the server's order, so what is kept is what a list would have shown at some moment
//! between the last list and now; only how late it is, nobody knows. Silence therefore tells nothing, while what an event
//! says was so, and whatever came before it has been heard. Two watches may be late by different times: what one of
//! them tells counts for a view only where the other has told of the same thing.

mod inner;

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use k8s_openapi::api::core::v1::Pod;
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use self::inner::Inner;
use super::csi::Class;
use super::look::Subject;
use super::pods::is_seen;
use super::workloads::view_in_event;
use crate::model::{PodView, Strategy, WorkloadKind, WorkloadName, WorkloadView};

/// What a pod's event may end a wait with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PodNews {
    Nothing,
    /// The last terminating one is gone.
    LastGone,
    /// It cannot start, as was not so when it was heard of before.
    CannotStart,
}

/// One stamp's.
#[derive(Default)]
pub(super) struct Kept {
    inner: Mutex<Inner>,
    /// Told of every event of a pod, and of a watch that ends.
    news: Notify,
}

impl Kept {
    /// A list of the pods is under way.
    pub fn listing(&self) {
        self.inner().gone.clear();
    }

    /// A list of the workloads is under way. What is told meanwhile may be newer, and counts.
    pub fn listing_workloads(&self) {
        let mut inner = self.inner();
        inner.told.clear();
        inner.behind = false;
    }

    /// Takes an event's workload.
    pub fn take_workload(&self, kind: WorkloadKind, line: &[u8]) {
        let mut inner = self.inner();
        let view = inner.subject.as_ref().and_then(|to| view_in_event(kind, line, to, &inner.classes));
        match view {
            Some(view) => {
                inner.told.insert(view.name.clone(), view);
            }
            None => inner.behind = true,
        }
    }

    /// A workload went.
    pub fn workload_gone(&self) {
        self.inner().behind = true;
    }

    /// The workloads of a view with what watches have told of them since. `None` where that is less than the view knows,
    /// or not all: then they are to be listed.
    pub fn told_of(&self, known: &[WorkloadView]) -> Option<Vec<WorkloadView>> {
        let inner = self.inner();
        if !inner.is_sure() || inner.behind {
            return None;
        }
        let is_known = |told: &WorkloadView| known.iter().any(|view| view.name == told.name);
        if inner.told.values().any(|told| told.consumes && !is_known(told)) {
            return None;
        }
        let newer = |view: &WorkloadView| match inner.told.get(&view.name) {
            Some(told) if told.uid != view.uid || told.generation < view.generation => None,
            Some(told) => Some(told.clone()),
            None => Some(view.clone()),
        };
        known.iter().map(newer).collect()
    }

    /// The pods, where what the running ones mount is known; those that are terminating count as old whatever they mount.
    pub fn with_mounts(&self, workloads: &[WorkloadView]) -> Option<Vec<PodView>> {
        let pods = self.beside(workloads)?;
        pods.iter().all(is_seen).then_some(pods)
    }

    /// What pods are known by from now on.
    pub fn know(&self, classes: Vec<Class>, workloads: BTreeSet<WorkloadName>, subject: Subject) {
        let mut inner = self.inner();
        (inner.classes, inner.workloads, inner.subject) = (classes, workloads, Some(subject));
    }

    /// What a list saw.
    pub fn listed(&self, pods: &[PodView], version: Option<u64>) {
        let mut inner = self.inner();
        let here = pods.iter().filter(|pod| !inner.gone.contains(&pod.uid));
        inner.pods = here.map(|pod| (pod.uid.clone(), pod.clone())).collect();
        (inner.version, inner.unsure) = (version, false);
    }

    /// What a list of mounts saw, of pods that are known.
    pub fn mounted(&self, pods: &[PodView]) {
        let mut inner = self.inner();
        for pod in pods {
            if let Some(known) = inner.pods.get_mut(&pod.uid) {
                known.mounted.clone_from(&pod.mounted);
                known.mounted_besides.clone_from(&pod.mounted_besides);
                known.elsewhere.clone_from(&pod.elsewhere);
            }
        }
    }

    /// The next event of a pod, from now on.
    pub fn news(&self) -> Notified<'_> {
        self.news.notified()
    }

    /// Takes an event's pod.
    pub fn take(&self, deleted: bool, pod: &Pod) -> PodNews {
        let told = self.inner().take(deleted, pod);
        self.news.notify_waiters();
        told
    }

    /// The uids of a workload's pods.
    pub fn pods_of(&self, name: &WorkloadName) -> Vec<String> {
        let inner = self.inner();
        let of = inner.pods.iter().filter(|(_, pod)| pod.workload.as_ref() == Some(name));
        of.map(|(uid, _)| uid.clone()).collect()
    }

    /// An event may have been missed.
    pub fn missed(&self) {
        let mut inner = self.inner();
        (inner.unsure, inner.behind) = (true, true);
    }

    pub fn expect(&self, watches: usize) {
        self.inner().wanted = watches;
    }

    pub fn opened(&self) {
        self.inner().open += 1;
    }

    pub fn closed(&self) {
        {
            let mut inner = self.inner();
            inner.open = inner.open.saturating_sub(1);
        }
        // Whoever waits for an event waits in vain.
        self.news.notify_waiters();
    }

    /// Whether every watch is open.
    pub fn follows(&self) -> bool {
        self.inner().is_sure()
    }

    pub fn none_ends(&self) -> bool {
        self.inner().none_ends()
    }

    /// The pods, where they go together with workloads that were listed just now: those of a complete rollout are as
    /// many as it wants, and ready. Else there is an event that has not come yet, or never will.
    pub fn beside(&self, workloads: &[WorkloadView]) -> Option<Vec<PodView>> {
        let inner = self.inner();
        let sure = !inner.unsure && inner.is_sure();
        let follows =
            |view: &WorkloadView| inner.subject.as_ref().is_some_and(|subject| subject.follows(view));
        let complete = workloads.iter().filter(|view| follows(view) && is_complete(view));
        let together = sure && complete.clone().all(|view| inner.alive(&view.name) == view.desired as usize);
        together.then(|| inner.pods.values().cloned().collect())
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) fn is_complete(view: &WorkloadView) -> bool {
    view.observed_generation >= view.generation
        && view.strategy != Strategy::OnDelete
        && !view.between_revisions
        && [view.replicas, view.updated, view.available].iter().all(|count| *count == view.desired)
}

#[cfg(test)]
mod tests;
