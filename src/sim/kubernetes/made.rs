//! What somebody makes or deletes by hand: Jobs, CronJobs, bare pods, and classes of the secrets driver.

use std::sync::Arc;
use std::time::Duration;

use super::super::refusal::Refusal;
use super::jobs::NOWHERE;
use super::object::{
    ChangeKind, CronJob, Job, JobId, Meta, Object, Owner, PodId, PodTemplate, ProviderClass,
};
use super::pod::Origin;
use super::{Cluster, Hand, Task};
use crate::model::WorkloadName;

/// Runs of a CronJob that are kept.
const HISTORY: usize = 3;

/// An object that somebody makes, by the name that it shall have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Made {
    Pod(Arc<PodTemplate>),
    /// Of the CronJob of that name, if any.
    Job(Arc<PodTemplate>, Option<String>),
    CronJob {
        template: Arc<PodTemplate>,
        schedule: String,
        period: Duration,
        suspended: bool,
    },
    /// A SecretProviderClass; pods that wait for one of this name find it when the driver tries again.
    Class {
        vault: String,
        secrets: Vec<String>,
        /// The Kubernetes Secret that it fills, and the key in it.
        synced: Option<(String, String)>,
    },
}

impl Cluster {
    pub(in crate::sim) fn make(
        &mut self,
        (namespace, name): (&str, &str),
        made: Made,
        hand: &mut Hand<'_>,
    ) -> Result<(), Refusal> {
        let there = |meta: &Meta| &*meta.namespace == namespace && &*meta.name == name;
        let taken = match &made {
            Made::Pod(_) => self.pods.values().any(|pod| there(&pod.meta)),
            Made::Job(..) => self.jobs.values().any(|job| there(&job.meta)),
            Made::CronJob { .. } => self.cron_jobs.iter().any(|cron| there(&cron.meta)),
            Made::Class { .. } => self.provider_class(namespace, name).is_some(),
        };
        if taken {
            return Err(Refusal::AlreadyExists(name.to_owned()));
        }
        self.next_id += 1;
        let number = self.next_id;
        let meta = Meta {
            namespace: namespace.into(),
            name: name.into(),
            uid: hand.seed.of("made").at(number).uuid().into(),
            created: hand.now,
            resource_version: hand.next_version(),
        };
        match made {
            Made::Pod(template) => {
                let origin = Origin {
                    owner: Owner::Nobody,
                    meta: &meta,
                    place: NOWHERE,
                    workload: WorkloadName::new(namespace, name),
                    hash: "".into(),
                    index: None,
                    template,
                };
                self.introduce(PodId(number), name.to_owned(), origin, hand);
            }
            Made::Job(template, cron) => self.make_job(JobId(number), meta, template, cron.as_deref(), hand),
            Made::CronJob { template, schedule, period, suspended } => {
                let (history, last, active) = (HISTORY, None, None);
                let cron = CronJob { meta, schedule, period, suspended, history, template, last, active };
                let cron = Arc::new(cron);
                self.log(ChangeKind::Added, Object::CronJob(Arc::clone(&cron)), hand);
                self.cron_jobs.push(cron);
                hand.later(period, Task::CronJob(self.cron_jobs.len() - 1));
            }
            Made::Class { vault, secrets, synced } => {
                let (generation, changed) = (1, hand.now);
                let class = ProviderClass { meta, vault, secrets, synced, generation, changed };
                self.classes.push(Arc::new(class));
            }
        }
        Ok(())
    }

    fn make_job(
        &mut self,
        id: JobId,
        meta: Meta,
        template: Arc<PodTemplate>,
        cron: Option<&str>,
        hand: &mut Hand<'_>,
    ) {
        let owner = cron.and_then(|name| {
            let of = |one: &Arc<CronJob>| one.meta.namespace == meta.namespace && &*one.meta.name == name;
            self.cron_jobs.iter().position(of)
        });
        let above = owner.and_then(|place| self.cron_jobs.get(place)).map(|cron| cron.meta.clone());
        let job = Arc::new(Job {
            id,
            owner,
            owner_name: above.as_ref().map_or_else(|| "".into(), |above| Arc::clone(&above.name)),
            owner_uid: above.as_ref().map_or_else(|| "".into(), |above| Arc::clone(&above.uid)),
            meta,
            template,
            completed: None,
        });
        self.log(ChangeKind::Added, Object::Job(Arc::clone(&job)), hand);
        self.jobs.insert(id, job);
        self.ask(Task::Job(id), hand);
    }

    /// Its pods are told to end.
    pub(in crate::sim) fn delete_job(
        &mut self,
        namespace: &str,
        name: &str,
        hand: &mut Hand<'_>,
    ) -> Result<(), Refusal> {
        let job = self.jobs.values().find(|job| &*job.meta.namespace == namespace && &*job.meta.name == name);
        let Some(job) = job.cloned() else {
            return Err(Refusal::NotFound(format!("jobs.batch \"{name}\"")));
        };
        self.jobs.remove(&job.id);
        hand.next_version();
        self.log(ChangeKind::Deleted, Object::Job(Arc::clone(&job)), hand);
        self.leave_cron_job(&job, hand);
        let of = self.pods.values().filter(|pod| pod.owner == Owner::Job(job.id));
        let pods: Vec<PodId> = of.map(|pod| pod.id).collect();
        pods.into_iter().for_each(|pod| self.delete_pod(pod, hand));
        Ok(())
    }
}
