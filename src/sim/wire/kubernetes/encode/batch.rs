//! CronJobs and Jobs as the API's JSON.

use serde_json::{Value, json};

use super::{metadata, owner, template, time};
use crate::sim::kubernetes::{Cluster, CronJob, Job};

pub(in super::super) fn cron_job(cron: &CronJob, cluster: &Cluster, key: &str) -> Value {
    let mut meta = metadata(&cron.meta);
    meta["generation"] = json!(1);
    let mut template = template(&cron.template, None, key);
    template["spec"]["restartPolicy"] = json!("OnFailure");
    let mut status = json!({});
    if let Some(last) = cron.last {
        status["lastScheduleTime"] = json!(time(last));
    }
    if let Some(job) = cron.active.and_then(|id| cluster.jobs().find(|job| job.id == id)) {
        status["active"] = json!([{"apiVersion": "batch/v1", "kind": "Job", "name": &*job.meta.name,
            "namespace": &*job.meta.namespace, "uid": &*job.meta.uid}]);
    }
    json!({
        "apiVersion": "batch/v1", "kind": "CronJob", "metadata": meta,
        "spec": {
            "schedule": cron.schedule,
            "concurrencyPolicy": "Forbid",
            "suspend": cron.suspended,
            "successfulJobsHistoryLimit": cron.history,
            "failedJobsHistoryLimit": 1,
            "jobTemplate": {"spec": {"template": template}},
        },
        "status": status,
    })
}

pub(in super::super) fn job(job: &Job, key: &str) -> Value {
    let mut meta = metadata(&job.meta);
    meta["generation"] = json!(1);
    if job.owner.is_some() {
        meta["ownerReferences"] = owner("batch/v1", "CronJob", &job.owner_name, &job.owner_uid);
    }
    let mut template = template(&job.template, None, key);
    template["spec"]["restartPolicy"] = json!("OnFailure");
    let status = match job.completed {
        None => json!({"active": 1, "startTime": time(job.meta.created)}),
        Some(at) => json!({"succeeded": 1, "startTime": time(job.meta.created), "completionTime": time(at),
            "conditions": [{"type": "Complete", "status": "True", "lastTransitionTime": time(at)}]}),
    };
    json!({
        "apiVersion": "batch/v1", "kind": "Job", "metadata": meta,
        "spec": {"parallelism": 1, "completions": 1, "backoffLimit": 6, "template": template},
        "status": status,
    })
}
