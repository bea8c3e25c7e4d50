//! Looking again soon after a whole look, only at what matters now.
//!
//! What nobody's restart changes (classes, kinds without consumers, CronJobs, synced Secrets) is as the whole look saw
//! it, and by that look's time the view is dated. Workloads are listed anew, one list for each kind with consumers;
//! pods too, unless what the watch has brought goes together with the workloads. A Rollout's pods tell more than its
//! own object: where there is one, and where somebody's answer is missing, nothing is built on.

use std::collections::BTreeSet;

use jiff::Timestamp;
use k8s_openapi::Metadata;
use k8s_openapi::api::core::v1::PodSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::de::DeserializeOwned;

use super::api::Api;
use super::consumers::Gets;
use super::csi::Class;
use super::kept::Kept;
use super::kept::is_complete;
use super::look::{self, Subject};
use super::sets::{daemon_set_view, stateful_set_view};
use super::workload::deployment_view;
use super::workloads::{Workloads, templates};
use crate::model::{ClusterState, ClusterView, Salt, WorkloadKind, WorkloadName, WorkloadView};
use crate::ports::{Fault, Glance};

/// The last whole look, with what glances have found since.
pub(super) struct Base {
    /// Before the whole look began.
    pub since: Timestamp,
    pub salt: Salt,
    pub classes: Vec<Class>,
    pub view: ClusterView,
    /// Whether a restart was sent whose answer told nothing.
    pub unanswered: bool,
}

impl Base {
    pub fn names(&self) -> BTreeSet<WorkloadName> {
        self.view.workloads.iter().map(|view| view.name.clone()).collect()
    }

    /// Where Azure is at work on a cluster, and where Argo is, everything is looked at.
    pub fn can_be_built_on(&self) -> bool {
        let rollout = |kind: WorkloadKind| kind == WorkloadKind::Rollout;
        self.view.state == ClusterState::Running && !self.kinds().into_iter().any(rollout)
    }

    fn kinds(&self) -> BTreeSet<WorkloadKind> {
        let consumers = self.view.workloads.iter().filter(|view| view.consumes);
        consumers.map(|view| view.name.kind).collect()
    }

    /// Looks at what is named.
    pub async fn glance(
        &mut self,
        api: &Api,
        subject: &Subject,
        kept: &Kept,
        glance: Glance,
    ) -> Result<(), Fault> {
        let over = self.over();
        match glance {
            Glance::Answer if !self.unanswered => return Ok(()),
            Glance::Answer | Glance::Workloads => self.list_workloads(api, subject).await?,
            Glance::Pods => return self.list_pods(api, subject, kept).await,
        }
        // When a rollout has just ended, pods that a watch may not have told of yet are what matters.
        let pods = if self.over() == over { kept.beside(&self.view.workloads) } else { None };
        match pods {
            Some(pods) => self.view.pods = pods,
            None => self.list_pods(api, subject, kept).await?,
        }
        Ok(())
    }

    /// The consumers whose rollout is over.
    fn over(&self) -> BTreeSet<WorkloadName> {
        let over = self.view.workloads.iter().filter(|view| view.consumes && is_complete(view));
        over.map(|view| view.name.clone()).collect()
    }

    async fn list_workloads(&mut self, api: &Api, subject: &Subject) -> Result<(), Fault> {
        let kinds = self.kinds();
        let mut found = Workloads::default();
        for kind in &kinds {
            found.list_kind(api, subject, &self.classes, *kind).await?;
        }
        self.view.workloads.retain(|view| !kinds.contains(&view.name.kind));
        self.view.workloads.append(&mut found.views);
        self.unanswered = false;
        Ok(())
    }

    async fn list_pods(&mut self, api: &Api, subject: &Subject, kept: &Kept) -> Result<(), Fault> {
        kept.listing();
        let names = self.names();
        let (pods, version) = look::pods(api, subject, &self.classes, &names).await?;
        kept.know(self.classes.clone(), names);
        kept.listed(&pods, version);
        self.view.pods = pods;
        // Counted before these were listed.
        self.view.workloads.iter_mut().for_each(|view| view.terminating = None);
        Ok(())
    }

    /// Takes in what the answer to a restart says of the workload.
    pub fn answered(&mut self, name: &WorkloadName, answer: Option<&Vec<u8>>) {
        let view = answer.and_then(|body| self.view_of(name, body));
        match (view, self.view.workloads.iter_mut().find(|view| view.name == *name)) {
            (Some(new), Some(known)) => *known = new,
            _ => self.unanswered = true,
        }
    }

    fn view_of(&self, name: &WorkloadName, body: &[u8]) -> Option<WorkloadView> {
        match name.kind {
            WorkloadKind::Deployment => self.read(body, templates::of_deployment, deployment_view),
            WorkloadKind::StatefulSet => self.read(body, templates::of_stateful_set, stateful_set_view),
            WorkloadKind::DaemonSet => self.read(body, templates::of_daemon_set, daemon_set_view),
            WorkloadKind::Rollout => None,
        }
    }

    fn read<T: DeserializeOwned + Metadata<Ty = ObjectMeta>>(
        &self,
        body: &[u8],
        spec: impl Fn(&T) -> Option<PodSpec>,
        view: impl Fn(&T, Gets) -> WorkloadView,
    ) -> Option<WorkloadView> {
        let object: T = serde_json::from_slice(body).ok()?;
        let namespace = object.metadata().namespace.clone().unwrap_or_default();
        let gets = spec(&object).map(|spec| Gets::of(&spec, &namespace, &self.classes));
        Some(view(&object, gets.unwrap_or_default()))
    }
}
