//! The pods that get the secret, as the last list saw them and a watch has brought them since.
//!
//! Good for knowing when a look is worth its price, and for filling a view up between two lists; never for proving
//! that nobody is left. Events that are older than the list are skipped, and a pod that went while the list was under
//! way does not come back with it. Whoever misses an event is unsure until the next list.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use k8s_openapi::api::core::v1::Pod;

use super::csi::Class;
use super::look::pod_consumes;
use super::owners::{Above, Owners};
use super::workload;
use crate::model::{PodView, Strategy, WorkloadName, WorkloadView};

/// One stamp's.
#[derive(Default)]
pub(super) struct Kept(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    classes: Vec<Class>,
    workloads: BTreeSet<WorkloadName>,
    /// By uid.
    pods: BTreeMap<String, PodView>,
    /// Of the list, where it is a number, as it is with every server that keeps its objects in etcd.
    version: Option<u64>,
    /// Gone since the list under way began; a uid never comes back.
    gone: BTreeSet<String>,
    unsure: bool,
    /// Watches that are to be open, and those that are.
    wanted: usize,
    open: usize,
}

impl Kept {
    /// A list of the pods is under way.
    pub fn listing(&self) {
        self.inner().gone.clear();
    }

    /// What pods are known by from now on.
    pub fn know(&self, classes: Vec<Class>, workloads: BTreeSet<WorkloadName>) {
        let mut inner = self.inner();
        (inner.classes, inner.workloads) = (classes, workloads);
    }

    /// What a list saw.
    pub fn listed(&self, pods: &[PodView], version: Option<u64>) {
        let mut inner = self.inner();
        let here = pods.iter().filter(|pod| !inner.gone.contains(&pod.uid));
        inner.pods = here.map(|pod| (pod.uid.clone(), pod.clone())).collect();
        (inner.version, inner.unsure) = (version, false);
    }

    /// Takes an event's pod. Whether the last terminating one is gone by it.
    pub fn take(&self, deleted: bool, pod: &Pod) -> bool {
        let mut inner = self.inner();
        let Some(uid) = pod.metadata.uid.clone() else { return false };
        let at = pod.metadata.resource_version.as_deref().and_then(|version| version.parse().ok());
        if at.zip(inner.version).is_some_and(|(at, listed): (u64, u64)| at <= listed) {
            return false;
        }
        if deleted {
            let was = inner.pods.remove(&uid);
            inner.gone.insert(uid);
            return was.is_some() && inner.none_ends();
        }
        if pod_consumes(pod, &inner.classes) {
            inner.put(uid, pod);
        }
        false
    }

    /// An event may have been missed.
    pub fn missed(&self) {
        self.inner().unsure = true;
    }

    pub fn expect(&self, watches: usize) {
        self.inner().wanted = watches;
    }

    pub fn opened(&self) {
        self.inner().open += 1;
    }

    pub fn closed(&self) {
        let mut inner = self.inner();
        inner.open = inner.open.saturating_sub(1);
    }

    /// Whether every watch is open.
    pub fn follows(&self) -> bool {
        let inner = self.inner();
        inner.wanted > 0 && inner.open >= inner.wanted
    }

    pub fn none_ends(&self) -> bool {
        self.inner().none_ends()
    }

    /// The pods, where they go together with workloads that were listed just now: those of a complete rollout are as
    /// many as it wants, and ready. Else there is an event that has not come yet, or never will.
    pub fn beside(&self, workloads: &[WorkloadView]) -> Option<Vec<PodView>> {
        let inner = self.inner();
        let sure = !inner.unsure && inner.wanted > 0 && inner.open >= inner.wanted;
        let complete = workloads.iter().filter(|view| view.consumes && is_complete(view));
        let together = sure && complete.clone().all(|view| inner.alive(&view.name) == view.desired as usize);
        together.then(|| inner.pods.values().cloned().collect())
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn none_ends(&self) -> bool {
        self.pods.values().all(|pod| pod.deleting.is_none())
    }

    fn alive(&self, name: &WorkloadName) -> usize {
        let alive =
            |pod: &&PodView| pod.deleting.is_none() && pod.ready && pod.workload.as_ref() == Some(name);
        self.pods.values().filter(alive).count()
    }

    fn put(&mut self, uid: String, pod: &Pod) {
        let above = Owners { workloads: &self.workloads, replica_sets: None }.above(&pod.metadata);
        let known = self.pods.get(&uid);
        let mounted = known.and_then(|known| known.mounted.clone());
        // What a list of ReplicaSets has told once stays true: owners do not change.
        let told = known.map(|known| (known.workload.clone(), known.above.clone()));
        self.unsure |= above == Above::Unclear && told.is_none();
        let Some(mut view) = workload::pod(pod, above, mounted) else { return };
        if let Some((workload, above)) = told {
            (view.workload, view.above) = (workload, above);
        }
        self.pods.insert(uid, view);
    }
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
            vault: String::new(),
            synced: Vec::new(),
            pinned: None,
        };
        kept.know(vec![class], BTreeSet::new());
        kept.expect(1);
        kept.opened();
        kept
    }

    #[test]
    fn the_last_terminating_pod_that_goes_is_told() {
        let kept = kept();
        for (uid, version) in [("a", "2"), ("b", "3")] {
            assert!(!kept.take(false, &pod(uid, version, true)));
        }
        kept.take(false, &pod("young", "4", false));
        assert!(!kept.take(true, &pod("a", "5", true)), "one is left");
        assert!(kept.take(true, &pod("b", "6", true)));
        assert!(!kept.take(true, &pod("stranger", "7", true)), "nobody knew it");
        assert_eq!(kept.beside(&[]).unwrap().len(), 1);
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
}
