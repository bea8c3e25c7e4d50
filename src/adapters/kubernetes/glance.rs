//! Looking again soon after a look, only at what matters now.
//!
//! What nobody's restart changes (classes, kinds without consumers, CronJobs, synced Secrets) is as the look before saw
//! it, and by that look's time the view is dated. A Rollout's pods tell more than its own object: where there is one, and
//! where somebody's answer is missing, nothing is built on.
//!
//! What watches told of an end is taken as told, without another list, on these terms:
//! - a workload's event counts when it is not older than the answer to our own patch, by uid and generation;
//! - a rollout that has ended in between two of a stamp's restarts needs no list when the watch of the pods has told of the
//!   same end: as many ready pods as are wanted, and none of those that were there when we restarted it. Whatever that
//!   watch had to tell of the pods before, it has told by then, for its events come in order;
//! - when the last rollout of a stamp has ended, what its pods mount is listed: on that, the next stamp is let go. The pods
//!   too, where their watch has not told of the same end;
//! - the end of the last terminating pod is what its event says; what the others mount is as that list saw it.
//!
//! Nothing that cannot be taken back rests on a glance: before regenerate everything is listed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;

use super::api::Api;
use super::csi::Class;
use super::kept::{Kept, is_complete};
use super::look::Subject;
use super::pods;
use super::scope::{Mounts, Scope};
use super::symptoms;
use super::workloads::{Workloads, view_in_answer};
use crate::model::{ClusterState, ClusterView, PodView, Salt, WorkloadKind, WorkloadName};
use crate::ports::{Fault, Glance, Happening};

/// How long one watch is waited for that another is ahead of, in wall time as networks are. A list would ask a busy server for
/// more than what it is about to tell.
const CATCH_UP: Duration = Duration::from_millis(300);

/// And in the time of the clusters, which passes faster in a rehearsal: nothing that was seen grows old by that wait.
const CATCH_UP_THERE: Duration = Duration::from_secs(5);

/// The last look, with what glances have found since.
pub(super) struct Base {
    /// Before the whole look began.
    pub since: Timestamp,
    pub salt: Salt,
    pub classes: Vec<Class>,
    /// Of the last look.
    pub subject: Subject,
    pub view: ClusterView,
    pub scope: Scope,
    /// Whether a restart was sent whose answer told nothing.
    pub unanswered: bool,
    /// The pods, by uid, that were there when each workload was restarted.
    pub before: BTreeMap<WorkloadName, BTreeSet<String>>,
}

impl Base {
    pub fn names(&self) -> BTreeSet<WorkloadName> {
        self.view.workloads.iter().map(|view| view.name.clone()).collect()
    }

    /// Whether a restart of one of those that get the secret or are restarted takes pods away for a while.
    pub fn loses_pods(&self) -> bool {
        let mut all = self.view.workloads.iter();
        all.any(|view| view.loses_pods() && self.subject.follows(view))
    }

    /// What its pods were seen to mount, of those that mount one version.
    pub fn mounts(&self) -> Mounts {
        let known = |pod: &PodView| Some((pod.uid.clone(), pod.mounted.clone()?));
        let one = |pod: &&PodView| !pod.uid.is_empty() && pod.mounted_besides.is_empty();
        self.view.pods.iter().filter(one).filter_map(known).collect()
    }

    /// Fingerprints are made under one salt; a view without any is as good under another.
    pub fn is_salted(&self, salt: &Salt) -> bool {
        self.salt == *salt || self.view.synced.is_empty()
    }

    /// Where Azure is at work on a cluster, and where Argo is, everything is looked at.
    pub fn can_be_built_on(&self) -> bool {
        let rollout = |kind: WorkloadKind| kind == WorkloadKind::Rollout;
        self.view.state == ClusterState::Running && !self.kinds().into_iter().any(rollout)
    }

    fn kinds(&self) -> BTreeSet<WorkloadKind> {
        let followed = self.view.workloads.iter().filter(|view| self.subject.follows(view));
        followed.map(|view| view.name.kind).collect()
    }

    /// Looks at what is named, and at what the cluster's components warn of where something is in trouble: a rollout that
    /// fails is mostly learned of by a glance.
    pub async fn glance(&mut self, api: &Api, kept: &Kept, glance: Glance) -> Result<(), Fault> {
        self.glance_at(api, kept, glance).await?;
        self.view.warnings = symptoms::warnings(api, &self.view).await;
        Ok(())
    }

    async fn glance_at(&mut self, api: &Api, kept: &Kept, glance: Glance) -> Result<(), Fault> {
        let over = self.over();
        match glance {
            Glance::Answer if !self.unanswered => return Ok(()),
            Glance::Told(Happening::Rollout | Happening::Unsettled) if self.take_told(kept) => {}
            Glance::Answer | Glance::Workloads | Glance::Told(Happening::Rollout | Happening::Unsettled) => {
                self.list_workloads(api, kept).await?;
            }
            Glance::Told(Happening::PodsGone) => {
                let Some(pods) = kept.with_mounts(&self.view.workloads) else {
                    return self.list_pods(api, kept).await;
                };
                self.view.pods = pods;
                self.forget_terminating();
                return Ok(());
            }
            Glance::Pods => return self.list_pods(api, kept).await,
        }
        let ended: Vec<WorkloadName> = self.over().difference(&over).map(|(name, _)| name.clone()).collect();
        match self.pods_after(&ended, api, kept).await {
            Some(pods) if ended.is_empty() || self.scope.has_more_to_restart(&pods) => self.view.pods = pods,
            Some(pods) => self.list_mounts(pods, api, kept).await?,
            None => self.list_pods(api, kept).await?,
        }
        Ok(())
    }

    /// Takes in what watches have told of the workloads. Whether that is all there is to know of them.
    fn take_told(&mut self, kept: &Kept) -> bool {
        let told = kept.told_of(&self.view.workloads).filter(|_| !self.unanswered);
        let is_told = told.is_some();
        self.view.workloads = told.unwrap_or_else(|| std::mem::take(&mut self.view.workloads));
        is_told
    }

    /// The pods that the rollouts which have just ended leave behind, where watches tell. The pods' watch gets a moment to
    /// tell of the same end as the workloads'.
    async fn pods_after(&self, ended: &[WorkloadName], api: &Api, kept: &Kept) -> Option<Vec<PodView>> {
        let deadline = tokio::time::Instant::now() + CATCH_UP;
        let there = api.clock.now() + CATCH_UP_THERE;
        loop {
            let news = kept.news();
            let pods = kept.beside(&self.view.workloads);
            if ended.is_empty() {
                return pods;
            }
            // Of a rollout that is not ours nobody knows which pods it replaces: there is nothing to wait for.
            if !ended.iter().all(|name| self.before.contains_key(name)) {
                return None;
            }
            if let Some(pods) = pods.filter(|pods| ended.iter().all(|name| self.is_renewed(name, pods))) {
                return Some(pods);
            }
            if !kept.follows() {
                return None;
            }
            tokio::select! {
                () = news => {}
                () = tokio::time::sleep_until(deadline) => return None,
                () = api.clock.sleep_until(there) => return None,
            }
        }
    }

    /// Whether none of the pods that live was there when the workload was restarted.
    fn is_renewed(&self, name: &WorkloadName, pods: &[PodView]) -> bool {
        self.before.get(name).is_some_and(|before| {
            let of = pods.iter().filter(|pod| pod.workload.as_ref() == Some(name) && pod.deleting.is_none());
            !of.into_iter().any(|pod| before.contains(&pod.uid))
        })
    }

    /// The consumers whose rollout is over, and those that are restarted, each with the generation of which that is so: one that
    /// was over before and is over again has ended in between, if it is another's.
    fn over(&self) -> BTreeSet<(WorkloadName, i64)> {
        let over = self.view.workloads.iter().filter(|view| self.subject.follows(view) && is_complete(view));
        over.map(|view| (view.name.clone(), view.generation)).collect()
    }

    async fn list_workloads(&mut self, api: &Api, kept: &Kept) -> Result<(), Fault> {
        kept.listing_workloads();
        let since = api.clock.now();
        let kinds = self.kinds();
        let mut found = Workloads::default();
        for kind in &kinds {
            found.list_kind(api, &self.subject, &self.classes, *kind).await?;
        }
        self.view.workloads.retain(|view| !kinds.contains(&view.name.kind));
        self.view.workloads.append(&mut found.views);
        self.view.workloads_seen = Some(since);
        self.unanswered = false;
        Ok(())
    }

    /// What the pods mount of which watches have told.
    async fn list_mounts(&mut self, mut pods: Vec<PodView>, api: &Api, kept: &Kept) -> Result<(), Fault> {
        if !pods::list_mounts(api, &self.subject, &self.classes, &mut pods).await? {
            return self.list_pods(api, kept).await;
        }
        kept.mounted(&pods);
        self.view.pods = pods;
        self.forget_terminating();
        Ok(())
    }

    /// It was counted before the pods were told of.
    fn forget_terminating(&mut self) {
        self.view.workloads.iter_mut().for_each(|view| view.terminating = None);
    }

    async fn list_pods(&mut self, api: &Api, kept: &Kept) -> Result<(), Fault> {
        kept.listing();
        let (names, subject) = (self.names(), &self.subject);
        let listed = pods::list(api, subject, &self.classes, &names, &self.scope).await?;
        (self.view.silent, self.view.heard) = (listed.nodes.silent, listed.nodes.heard);
        self.view.unplaced = listed.unplaced;
        kept.know(self.classes.clone(), names, subject.clone());
        kept.listed(&listed.views, listed.version);
        self.view.pods = listed.views;
        self.forget_terminating();
        Ok(())
    }

    /// Before a restart is sent: which pods are there.
    pub fn restarts(&mut self, name: &WorkloadName, kept: &Kept) {
        let seen = self.view.pods.iter().filter(|pod| pod.workload.as_ref() == Some(name));
        let here = seen.map(|pod| pod.uid.clone()).chain(kept.pods_of(name));
        self.before.entry(name.clone()).or_default().extend(here);
    }

    /// Takes in what the answer to a restart says of the workload.
    pub fn answered(&mut self, name: &WorkloadName, answer: Option<&Vec<u8>>) {
        let view = answer.and_then(|body| view_in_answer(name.kind, body, &self.subject, &self.classes));
        match (view, self.view.workloads.iter_mut().find(|view| view.name == *name)) {
            (Some(new), Some(known)) => *known = new,
            _ => self.unanswered = true,
        }
    }
}
