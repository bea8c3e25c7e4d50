//! The workloads of a cluster, of every kind that matters, and the CronJobs among the consumers: one list each.
//!
//! One list follows the other, on one connection: a thousand clusters would want four thousand otherwise.
//! Whoever may list some kinds and not others is not believed to have none of the others: the look fails, and the
//! fault names the right that is missing.

use std::collections::BTreeSet;

use k8s_openapi::Metadata;
use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, StatefulSet};
use k8s_openapi::api::batch::v1::CronJob;
use k8s_openapi::api::core::v1::PodSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Deserialize;

use super::api::{Api, CRON_JOBS, DAEMON_SETS, DEPLOYMENTS, STATEFUL_SETS};
use super::consumers::{Gets, secrets_read};
use super::csi::Class;
use super::look::{Place, Placed as _, Subject, everywhere, followed};
use super::owners::Above;
use super::pods::Found;
use super::scope::Scope;
use super::sets::{daemon_set_view, stateful_set_view};
use super::unfilled::SecretName;
use super::workload::deployment_view;
use crate::model::{ClassFate, CronJobView, LostClass, ObjectName, WorkloadKind, WorkloadName, WorkloadView};
use crate::ports::Fault;

/// The kinds that are built in. Rollouts are listed by the pods that belong to one.
const KINDS: [WorkloadKind; 3] =
    [WorkloadKind::Deployment, WorkloadKind::StatefulSet, WorkloadKind::DaemonSet];

/// What was listed.
#[derive(Default)]
pub(super) struct Workloads {
    pub views: Vec<WorkloadView>,
    /// All; those that do not count are left out of the view.
    pub cron_jobs: Vec<CronJobView>,
    /// Collections that are worth a watch.
    pub places: Vec<Place>,
    /// The Kubernetes Secrets from which templates get the secret.
    pub gets: BTreeSet<SecretName>,
    /// Whose template reads which Kubernetes Secret.
    templates: Vec<(ObjectName, SecretName)>,
}

impl Workloads {
    pub async fn list(
        api: &Api,
        subject: &Subject,
        classes: &[Class],
        scope: &Scope,
    ) -> Result<Workloads, Fault> {
        let mut found = Workloads::default();
        for kind in KINDS.into_iter().filter(|kind| scope.lists(*kind, classes)) {
            found.list_kind(api, subject, classes, kind).await?;
        }
        if scope.lists_cron_jobs(classes) {
            found.list_cron_jobs(api, subject, classes).await?;
        }
        Ok(found)
    }

    /// The kinds that were left out and that a pod turns out to belong to.
    pub async fn list_owners(
        &mut self,
        api: &Api,
        subject: &Subject,
        classes: &[Class],
        scope: &Scope,
        found: &[Found],
    ) -> Result<(), Fault> {
        let owns =
            |kind| found.iter().any(|it| matches!(&it.above, Above::Workload(name) if name.kind == kind));
        for kind in KINDS.into_iter().filter(|kind| !scope.lists(*kind, classes) && owns(*kind)) {
            self.list_kind(api, subject, classes, kind).await?;
        }
        let of_job = found.iter().any(|it| matches!(&it.above, Above::Other(object) if object.is_job()));
        if of_job && !scope.lists_cron_jobs(classes) {
            self.list_cron_jobs(api, subject, classes).await?;
        }
        Ok(())
    }

    async fn list_cron_jobs(&mut self, api: &Api, subject: &Subject, classes: &[Class]) -> Result<(), Fault> {
        let (cron_jobs, _) = everywhere::<CronJob>(api, CRON_JOBS, subject)
            .await
            .map_err(|failure| failure.fault("list the CronJobs", &api.subject))?;
        for job in &cron_jobs {
            let Some(view) = cron_job_view(job, subject, classes) else { continue };
            let name = view.object();
            self.templates.extend(template_of(job).into_iter().flat_map(|pod| read_by(&name, pod)));
            self.cron_jobs.push(view);
        }
        Ok(())
    }

    /// The workloads of one kind. Rollouts are not asked for here.
    pub async fn list_kind(
        &mut self,
        api: &Api,
        subject: &Subject,
        classes: &[Class],
        kind: WorkloadKind,
    ) -> Result<(), Fault> {
        let fault =
            |what: &'static str| move |failure: super::failure::Failure| failure.fault(what, &api.subject);
        match kind {
            WorkloadKind::Deployment => {
                let listed = followed::<Deployment>(api, DEPLOYMENTS, subject).await;
                let (deployments, places) = listed.map_err(fault("list the Deployments"))?;
                self.add(&deployments, (subject, classes), templates::of_deployment, deployment_view);
                // The kind that nearly everybody has, whether or not one of them gets the secret today.
                self.places.extend(places);
            }
            WorkloadKind::StatefulSet => {
                let listed = everywhere::<StatefulSet>(api, STATEFUL_SETS, subject).await;
                let (sets, places) = listed.map_err(fault("list the StatefulSets"))?;
                if self.add(&sets, (subject, classes), templates::of_stateful_set, stateful_set_view) {
                    self.places.extend(places);
                }
            }
            WorkloadKind::DaemonSet => {
                let listed = everywhere::<DaemonSet>(api, DAEMON_SETS, subject).await;
                let (sets, places) = listed.map_err(fault("list the DaemonSets"))?;
                if self.add(&sets, (subject, classes), templates::of_daemon_set, daemon_set_view) {
                    self.places.extend(places);
                }
            }
            WorkloadKind::Rollout => {}
        }
        Ok(())
    }

    /// The Kubernetes Secrets that templates read.
    pub fn reads(&self) -> BTreeSet<SecretName> {
        self.templates.iter().map(|(_, secret)| secret.clone()).collect()
    }

    /// Takes in which of these nobody fills any more.
    pub fn leave(&mut self, subject: &Subject) {
        let left = self.templates.iter().filter(|(_, secret)| subject.unfilled.contains(secret));
        for (owner, (_, secret)) in left {
            let lost = || LostClass { name: secret.clone(), fate: ClassFate::Unfilled };
            let same = |name: &WorkloadName| {
                owner.kind == name.kind.as_str()
                    && owner.namespace == name.namespace
                    && owner.name == name.name
            };
            let workload = self.views.iter_mut().find(|view| same(&view.name));
            if let Some(workload) = workload {
                workload.left.get_or_insert_with(lost);
            }
            if let Some(job) = self.cron_jobs.iter_mut().find(|job| job.object() == *owner) {
                job.left.get_or_insert_with(lost);
            }
        }
    }

    pub fn names(&self) -> BTreeSet<WorkloadName> {
        self.views.iter().map(|view| view.name.clone()).collect()
    }

    /// Adds objects of one kind; whether one of them gets the secret.
    fn add<T: Metadata<Ty = ObjectMeta>>(
        &mut self,
        objects: &[T],
        within: (&Subject, &[Class]),
        spec: impl Fn(&T) -> Option<PodSpec>,
        view: impl Fn(&T, Gets) -> WorkloadView,
    ) -> bool {
        let before = self.views.len();
        let (subject, classes) = within;
        for object in objects {
            let pod = spec(object);
            let gets = pod.as_ref().map(|pod| Gets::with_left(pod, object.namespace(), subject, classes));
            let gets = gets.unwrap_or_default();
            let read = gets.reads.iter().map(|name| (object.namespace().to_owned(), name.clone()));
            self.gets.extend(read);
            let view = view(object, gets);
            let WorkloadName { kind, namespace, name } = &view.name;
            let name = ObjectName::new(kind.as_str(), namespace, name);
            self.templates.extend(pod.iter().flat_map(|pod| read_by(&name, pod)));
            self.views.push(view);
        }
        self.views[before..].iter().any(|view| view.consumes)
    }
}

/// An event of a watch.
#[derive(Deserialize)]
struct Event<T> {
    object: T,
}

/// A workload as the answer to a patch has it.
pub(super) fn view_in_answer(
    kind: WorkloadKind,
    body: &[u8],
    subject: &Subject,
    classes: &[Class],
) -> Option<WorkloadView> {
    match kind {
        WorkloadKind::Deployment => {
            let object = serde_json::from_slice::<Deployment>(body).ok()?;
            Some(view_of(&object, (subject, classes), templates::of_deployment, deployment_view))
        }
        WorkloadKind::StatefulSet => {
            let object = serde_json::from_slice::<StatefulSet>(body).ok()?;
            Some(view_of(&object, (subject, classes), templates::of_stateful_set, stateful_set_view))
        }
        WorkloadKind::DaemonSet => {
            let object = serde_json::from_slice::<DaemonSet>(body).ok()?;
            Some(view_of(&object, (subject, classes), templates::of_daemon_set, daemon_set_view))
        }
        WorkloadKind::Rollout => None,
    }
}

/// A workload as an event has it.
pub(super) fn view_in_event(
    kind: WorkloadKind,
    line: &[u8],
    subject: &Subject,
    classes: &[Class],
) -> Option<WorkloadView> {
    match kind {
        WorkloadKind::Deployment => {
            let Event { object } = serde_json::from_slice::<Event<Deployment>>(line).ok()?;
            Some(view_of(&object, (subject, classes), templates::of_deployment, deployment_view))
        }
        WorkloadKind::StatefulSet => {
            let Event { object } = serde_json::from_slice::<Event<StatefulSet>>(line).ok()?;
            Some(view_of(&object, (subject, classes), templates::of_stateful_set, stateful_set_view))
        }
        WorkloadKind::DaemonSet => {
            let Event { object } = serde_json::from_slice::<Event<DaemonSet>>(line).ok()?;
            Some(view_of(&object, (subject, classes), templates::of_daemon_set, daemon_set_view))
        }
        WorkloadKind::Rollout => None,
    }
}

fn view_of<T: Metadata<Ty = ObjectMeta>>(
    object: &T,
    (subject, classes): (&Subject, &[Class]),
    spec: impl Fn(&T) -> Option<PodSpec>,
    view: impl Fn(&T, Gets) -> WorkloadView,
) -> WorkloadView {
    let gets = spec(object).map(|spec| Gets::with_left(&spec, object.namespace(), subject, classes));
    view(object, gets.unwrap_or_default())
}

/// The specification that a workload's pods have.
mod templates {
    use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, StatefulSet};
    use k8s_openapi::api::core::v1::PodSpec;

    pub fn of_deployment(deployment: &Deployment) -> Option<PodSpec> {
        deployment.spec.as_ref().and_then(|spec| spec.template.spec.clone())
    }

    pub fn of_stateful_set(set: &StatefulSet) -> Option<PodSpec> {
        set.spec.as_ref().and_then(|spec| spec.template.spec.clone())
    }

    pub fn of_daemon_set(set: &DaemonSet) -> Option<PodSpec> {
        set.spec.as_ref().and_then(|spec| spec.template.spec.clone())
    }
}

fn template_of(job: &CronJob) -> Option<&PodSpec> {
    job.spec.as_ref()?.job_template.spec.as_ref()?.template.spec.as_ref()
}

fn read_by<'a>(
    owner: &'a ObjectName,
    pod: &'a PodSpec,
) -> impl Iterator<Item = (ObjectName, SecretName)> + 'a {
    secrets_read(pod).map(|name| (owner.clone(), (owner.namespace.clone(), name.to_owned())))
}

/// `None` where it has no template.
fn cron_job_view(job: &CronJob, subject: &Subject, classes: &[Class]) -> Option<CronJobView> {
    let spec = job.spec.as_ref()?;
    let Gets { mounts, reads, pinned, lacks: _, left } =
        Gets::with_left(template_of(job)?, job.namespace(), subject, classes);
    Some(CronJobView {
        namespace: job.namespace().to_owned(),
        name: job.metadata.name.clone().unwrap_or_default(),
        suspended: spec.suspend.unwrap_or_default(),
        mounts,
        reads: reads.into_iter().collect(),
        pinned,
        left,
    })
}
