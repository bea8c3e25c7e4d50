//! What is kept, behind its lock.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::Pod;

use super::super::csi::Class;
use super::super::holding::{besides, fills, holding};
use super::super::look::{Placed as _, Subject};
use super::super::owners::{Above, Owners};
use super::super::pods::may_be_configured;
use super::super::workload;
use super::PodNews;
use crate::model::{Holding, PodView, WorkloadName, WorkloadView};

#[derive(Default)]
pub(super) struct Inner {
    pub(super) classes: Vec<Class>,
    pub(super) workloads: BTreeSet<WorkloadName>,
    /// Before anything was listed there is none.
    pub(super) subject: Option<Subject>,
    /// By uid.
    pub(super) pods: BTreeMap<String, PodView>,
    /// Of the list, where it is a number, as it is with every server that keeps its objects in etcd.
    pub(super) version: Option<u64>,
    /// Gone since the list under way began; a uid never comes back.
    pub(super) gone: BTreeSet<String>,
    pub(super) unsure: bool,
    /// What watches have told of workloads since they were listed.
    pub(super) told: BTreeMap<WorkloadName, WorkloadView>,
    /// Whether one went, or an event of one may have been missed.
    pub(super) behind: bool,
    /// Watches that are to be open, and those that are.
    pub(super) wanted: usize,
    pub(super) open: usize,
}

impl Inner {
    pub(super) fn take(&mut self, deleted: bool, pod: &Pod) -> PodNews {
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
    pub(super) fn is_sure(&self) -> bool {
        self.wanted > 0 && self.open >= self.wanted
    }

    pub(super) fn none_ends(&self) -> bool {
        self.pods.values().all(|pod| pod.deleting.is_none())
    }

    pub(super) fn alive(&self, name: &WorkloadName) -> usize {
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
