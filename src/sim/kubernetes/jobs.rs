//! CronJobs and their Jobs: a pod that starts, works and ends, and whose object stays until the history is too long.
//!
//! What they show: a run keeps the key that it began with, however long it works; and what an ended pod has mounted the
//! driver no longer refreshes, so that a Secret which only such pods mount keeps its content.

use std::sync::Arc;
use std::time::Duration;

use super::object::{ChangeKind, CronJob, Job, JobId, Meta, Object, Owner, Phase, PodId};
use super::pod::Origin;
use super::{Cluster, Hand, Happened, Task};
use crate::model::WorkloadName;

/// The place of what no configuration describes.
pub(super) const NOWHERE: usize = usize::MAX;

/// How long a Job works of which nothing says how long.
const WORK: Duration = Duration::from_secs(600);

impl Cluster {
    pub(super) fn run_cron_job(&mut self, place: usize, hand: &mut Hand<'_>) {
        let Some(cron) = self.cron_jobs.get(place).cloned() else { return };
        hand.later(cron.period, Task::CronJob(place));
        if cron.suspended || cron.active.is_some() {
            return;
        }
        self.next_id += 1;
        let id = JobId(self.next_id);
        // Named after the minute that it was scheduled for.
        let name = format!("{}-{}", cron.meta.name, hand.now.as_second() / 60);
        let job = Arc::new(Job {
            id,
            meta: Meta {
                namespace: Arc::clone(&cron.meta.namespace),
                name: name.into(),
                uid: hand.seed.of("job").at(id.0).uuid().into(),
                created: hand.now,
                resource_version: hand.next_version(),
            },
            owner: Some(place),
            owner_name: Arc::clone(&cron.meta.name),
            owner_uid: Arc::clone(&cron.meta.uid),
            template: Arc::clone(&cron.template),
            completed: None,
        });
        self.log(ChangeKind::Added, Object::Job(Arc::clone(&job)), hand);
        self.jobs.insert(id, job);
        let now = hand.now;
        self.change_cron_job(place, hand, |cron| (cron.active, cron.last) = (Some(id), Some(now)));
        self.ask(Task::Job(id), hand);
    }

    /// Makes the Job's pod where there is none, and ends the Job with it.
    pub(super) fn sync_job(&mut self, id: JobId, hand: &mut Hand<'_>) {
        let Some(job) = self.jobs.get(&id).cloned() else { return };
        if job.completed.is_some() {
            return;
        }
        let pod = self.pods.values().find(|pod| pod.owner == Owner::Job(id)).cloned();
        match pod {
            None => self.make_job_pod(&job, hand),
            Some(pod) if pod.phase == Phase::Succeeded && pod.deleting.is_none() => {
                let mut done = Job::clone(&job);
                done.completed = Some(hand.now);
                done.meta.resource_version = hand.next_version();
                let done = Arc::new(done);
                self.log(ChangeKind::Modified, Object::Job(Arc::clone(&done)), hand);
                self.jobs.insert(id, done);
                self.leave_cron_job(&job, hand);
                if let Some(cron) = job.owner {
                    self.forget_jobs(cron, hand);
                }
            }
            Some(_) => {}
        }
    }

    fn make_job_pod(&mut self, job: &Job, hand: &mut Hand<'_>) {
        self.next_id += 1;
        let id = PodId(self.next_id);
        let name = format!("{}-{}", job.meta.name, hand.seed.of("pod").at(id.0).suffix(5));
        let origin = Origin {
            owner: Owner::Job(job.id),
            meta: &job.meta,
            place: job.owner.map_or(NOWHERE, |cron| self.deployments.len() + self.sets.len() + cron),
            workload: WorkloadName::new(&*job.meta.namespace, &*job.meta.name),
            hash: "".into(),
            index: None,
            template: Arc::clone(&job.template),
        };
        self.introduce(id, name, origin, hand);
    }

    /// The pod works from now on, for as long as its configuration says.
    pub(super) fn begin_work(&mut self, id: PodId, place: usize, hand: &mut Hand<'_>) {
        let said = self.pods.get(&id).and_then(|pod| pod.template.works);
        let span = hand.config.workload_at(place).map(|config| config.ends_in);
        let usual = span.map(|span| span.pick(hand.seed.of("work").at(id.0)));
        hand.later(said.or(usual).unwrap_or(WORK), Task::Finish(id));
    }

    /// The pod's object stays, without a process.
    pub(super) fn finish_pod(&mut self, id: PodId, hand: &mut Hand<'_>) -> Happened {
        if self.pods.get(&id).is_none_or(|pod| pod.deleting.is_some()) {
            return Happened::default();
        }
        Happened { ended: self.stop_pod(id, hand), readiness: None }
    }

    fn forget_jobs(&mut self, cron: usize, hand: &mut Hand<'_>) {
        let history = self.cron_jobs.get(cron).map_or(0, |cron| cron.history);
        let ended = self.jobs.values().filter(|job| job.owner == Some(cron) && job.completed.is_some());
        let ended: Vec<JobId> = ended.map(|job| job.id).collect();
        for id in ended.iter().take(ended.len().saturating_sub(history)) {
            let pods: Vec<PodId> =
                self.pods.values().filter(|pod| pod.owner == Owner::Job(*id)).map(|pod| pod.id).collect();
            if let Some(job) = self.jobs.remove(id) {
                hand.next_version();
                self.log(ChangeKind::Deleted, Object::Job(job), hand);
            }
            pods.into_iter().for_each(|pod| self.remove_pod(pod, hand));
        }
    }

    /// Where its CronJob waits for it, it waits no more.
    pub(super) fn leave_cron_job(&mut self, job: &Job, hand: &mut Hand<'_>) {
        let Some(place) = job.owner else { return };
        if self.cron_jobs.get(place).is_some_and(|cron| cron.active == Some(job.id)) {
            self.change_cron_job(place, hand, |cron| cron.active = None);
        }
    }

    fn change_cron_job(&mut self, place: usize, hand: &mut Hand<'_>, change: impl FnOnce(&mut CronJob)) {
        let Some(cron) = self.cron_jobs.get_mut(place) else { return };
        let version = hand.next_version();
        let inner = Arc::make_mut(cron);
        change(inner);
        inner.meta.resource_version = version;
        let snapshot = Object::CronJob(Arc::clone(cron));
        self.log(ChangeKind::Modified, snapshot, hand);
    }
}
