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

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use k8s_openapi::api::core::v1::Pod;
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use super::csi::Class;
use super::holding::{besides, fills, holding};
use super::look::Placed as _;
use super::look::Subject;
use super::owners::{Above, Owners};
use super::pods::{is_seen, may_be_configured};
use super::workload;
use super::workloads::view_in_event;
use crate::model::{Holding, PodView, Strategy, WorkloadKind, WorkloadName, WorkloadView};

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

#[derive(Default)]
struct Inner {
    classes: Vec<Class>,
    workloads: BTreeSet<WorkloadName>,
    /// Before anything was listed there is none.
    subject: Option<Subject>,
    /// By uid.
    pods: BTreeMap<String, PodView>,
    /// Of the list, where it is a number, as it is with every server that keeps its objects in etcd.
    version: Option<u64>,
    /// Gone since the list under way began; a uid never comes back.
    gone: BTreeSet<String>,
    unsure: bool,
    /// What watches have told of workloads since they were listed.
    told: BTreeMap<WorkloadName, WorkloadView>,
    /// Whether one went, or an event of one may have been missed.
    behind: bool,
    /// Watches that are to be open, and those that are.
    wanted: usize,
    open: usize,
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

impl Inner {
    fn take(&mut self, deleted: bool, pod: &Pod) -> PodNews {
        let Some(uid) = pod.metadata.uid.clone() else { return PodNews::Nothing };
        let at = pod.metadata.resource_version.as_deref().and_then(|version| version.parse().ok());
        if at.zip(self.version).is_some_and(|(at, listed): (u64, u64)| at <= listed) {
            return PodNews::Nothing;
        }
        if deleted {
            let was = self.pods.remove(&uid);
            self.gone.insert(uid);
            return if was.is_some() && self.none_ends() { PodNews::LastGone } else { PodNews::Nothing };
        }
        let before = self.cannot_start(&uid);
        self.put(uid.clone(), pod);
        if !before && self.cannot_start(&uid) { PodNews::CannotStart } else { PodNews::Nothing }
    }

    fn cannot_start(&self, uid: &str) -> bool {
        let trouble = self.pods.get(uid).and_then(|pod| pod.trouble.as_ref());
        trouble.is_some_and(|trouble| trouble.hopeless)
    }

    /// Whether every watch is open.
    fn is_sure(&self) -> bool {
        self.wanted > 0 && self.open >= self.wanted
    }

    fn none_ends(&self) -> bool {
        self.pods.values().all(|pod| pod.deleting.is_none())
    }

    fn alive(&self, name: &WorkloadName) -> usize {
        let alive =
            |pod: &&PodView| pod.deleting.is_none() && pod.ready && pod.workload.as_ref() == Some(name);
        self.pods.values().filter(alive).count()
    }

    fn put(&mut self, uid: String, pod: &Pod) {
        let Some(subject) = &self.subject else { return };
        let above = Owners { workloads: &self.workloads, replica_sets: None }.above(&pod.metadata);
        let known = self.pods.get(&uid);
        // What its mount has told with a list stays true.
        let holding = known.map(|known| known.holding.clone());
        let holding = holding.or_else(|| holding_of_new(pod, &above, subject, &self.classes));
        let Some(holding) = holding else { return };
        let mounted = known.and_then(|known| known.mounted.clone());
        let elsewhere = known.map(|known| known.elsewhere.clone()).unwrap_or_default();
        let mounted_besides = known.map(|known| known.mounted_besides.clone()).unwrap_or_default();
        // What a list of ReplicaSets has told once stays true: owners do not change.
        let told = known.map(|known| (known.workload.clone(), known.above.clone()));
        self.unsure |= above == Above::Unclear && told.is_none();
        let besides = match known {
            Some(known) => known.besides.clone(),
            None => besides(pod, subject, &self.classes, &holding),
        };
        let Some(mut view) = workload::pod(pod, above, holding, besides, mounted) else { return };
        (view.elsewhere, view.mounted_besides) = (elsewhere, mounted_besides);
        view.fills = known.map_or_else(|| fills(pod, &self.classes), |known| known.fills.clone());
        if let Some((workload, above)) = told {
            (view.workload, view.above) = (workload, above);
        }
        self.pods.insert(uid, view);
    }
}

/// `None` where it does not matter.
fn holding_of_new(pod: &Pod, above: &Above, subject: &Subject, classes: &[Class]) -> Option<Holding> {
    let configured =
        || may_be_configured(above, pod.namespace(), &subject.configured).then_some(Holding::Named);
    holding(pod, subject, classes, &[]).or_else(configured)
}

pub(super) fn is_complete(view: &WorkloadView) -> bool {
    view.observed_generation >= view.generation
        && view.strategy != Strategy::OnDelete
        && !view.between_revisions
        && [view.replicas, view.updated, view.available].iter().all(|count| *count == view.desired)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pod(uid: &str, version: &str, ends: bool) -> Pod {
        let mut pod = json!({"metadata": {"uid": uid, "name": uid, "namespace": "n", "resourceVersion": version,
            "creationTimestamp": "2026-11-22T19:00:00Z"},
            "spec": {"containers": [], "volumes": [{"name": "v", "csi": {"driver": "secrets-store.csi.k8s.io",
                "volumeAttributes": {"secretProviderClass": "c"}}}]}});
        if ends {
            pod["metadata"]["deletionTimestamp"] = json!("2026-11-22T19:10:00Z");
        }
        serde_json::from_value(pod).unwrap()
    }

    fn kept() -> Kept {
        let kept = Kept::default();
        let class = Class {
            namespace: "n".into(),
            name: "c".into(),
            edition: String::new(),
            vault: String::new(),
            delivers: true,
            elsewhere: false,
            changed: None,
            edited: true,
            fills: Vec::new(),
            synced: Vec::new(),
            pinned: Vec::new(),
        };
        let (secret, vault, namespaces) = ("s".into(), None, Vec::new());
        let subject = Subject { secret, vault, namespaces, ..Subject::default() };
        kept.know(vec![class], BTreeSet::new(), subject);
        kept.expect(1);
        kept.opened();
        kept
    }

    #[test]
    fn the_last_terminating_pod_that_goes_is_told() {
        let kept = kept();
        for (uid, version) in [("a", "2"), ("b", "3")] {
            assert_eq!(kept.take(false, &pod(uid, version, true)), PodNews::Nothing);
        }
        kept.take(false, &pod("young", "4", false));
        assert_eq!(kept.take(true, &pod("a", "5", true)), PodNews::Nothing, "one is left");
        assert_eq!(kept.take(true, &pod("b", "6", true)), PodNews::LastGone);
        assert_eq!(kept.take(true, &pod("stranger", "7", true)), PodNews::Nothing, "nobody knew it");
        assert_eq!(kept.beside(&[]).unwrap().len(), 1);
    }

    #[test]
    fn a_pod_that_cannot_start_is_told_once() {
        let kept = kept();
        let mut young = pod("a", "2", false);
        assert_eq!(kept.take(false, &young), PodNews::Nothing);
        let waiting = |reason: &str| {
            json!({"phase": "Pending", "containerStatuses": [{"name": "c", "image": "i", "imageID": "", "ready": false,
                "restartCount": 0, "state": {"waiting": {"reason": reason}}}]})
        };
        for (version, reason, told) in [
            ("3", "ContainerCreating", PodNews::Nothing),
            ("4", "ImagePullBackOff", PodNews::CannotStart),
            ("5", "ImagePullBackOff", PodNews::Nothing),
        ] {
            young.metadata.resource_version = Some(version.into());
            young.status = serde_json::from_value(waiting(reason)).unwrap();
            assert_eq!(kept.take(false, &young), told, "{version}");
        }
    }

    #[test]
    fn a_list_is_newer_than_the_events_before_it_and_older_than_what_went_meanwhile() {
        let kept = kept();
        kept.take(false, &pod("a", "5", true));
        let seen: Vec<PodView> = kept.beside(&[]).unwrap();
        kept.listing();
        kept.take(true, &pod("a", "9", true));
        kept.listed(&seen, Some(8));
        assert!(kept.beside(&[]).unwrap().is_empty(), "it went while the list was under way");
        kept.take(false, &pod("late", "7", false));
        assert!(kept.beside(&[]).unwrap().is_empty(), "older than the list, which did not have it");
        kept.missed();
        assert_eq!(kept.beside(&[]), None);
    }

    fn event(name: &str, generation: i64, updated: i64) -> Vec<u8> {
        let spec = json!({"replicas": 1, "selector": {}, "template": {}});
        let status = json!({"observedGeneration": generation, "replicas": 1, "updatedReplicas": updated,
            "availableReplicas": 1});
        let metadata = json!({"uid": name, "name": name, "namespace": "n", "generation": generation});
        json!({"type": "MODIFIED", "object": {"metadata": metadata, "spec": spec, "status": status}})
            .to_string()
            .into_bytes()
    }

    #[test]
    fn what_watches_told_of_workloads_counts_unless_the_view_knows_more_or_something_may_be_missing() {
        let kept = kept();
        let deployment = WorkloadKind::Deployment;
        let known = |generation| {
            vec![view_in_event(deployment, &event("a", generation, 0), &Subject::default(), &[]).unwrap()]
        };
        assert_eq!(kept.told_of(&known(2)), Some(known(2)), "nothing was told: it is as it was");
        kept.take_workload(deployment, &event("a", 2, 1));
        assert!(is_complete(&kept.told_of(&known(2)).unwrap()[0]));
        assert_eq!(kept.told_of(&known(3)), None, "the answer to our own patch is newer");
        kept.workload_gone();
        assert_eq!(kept.told_of(&known(2)), None);
        kept.listing_workloads();
        assert_eq!(kept.told_of(&known(2)), Some(known(2)), "what was told before the list is forgotten");
        kept.closed();
        assert_eq!(kept.told_of(&known(2)), None, "nobody watches");
    }

    #[test]
    fn who_is_left_is_told_where_it_is_known_what_the_running_ones_mount() {
        let kept = kept();
        kept.take(false, &pod("old", "2", true));
        kept.take(false, &pod("young", "3", false));
        assert_eq!(kept.with_mounts(&[]).unwrap().len(), 2, "one is terminating yet");
        kept.take(true, &pod("old", "4", true));
        assert_eq!(kept.with_mounts(&[]).unwrap().len(), 1);
        let mut running = pod("late", "5", false);
        running.status.get_or_insert_default().phase = Some("Running".into());
        kept.take(false, &running);
        assert_eq!(kept.with_mounts(&[]), None, "nobody has seen what it mounts");
    }
}
