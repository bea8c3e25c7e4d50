//! The names of everything that a gate may hold for, as far as it is configured or was seen: what an acceptance may
//! name.

use std::collections::BTreeSet;

use super::Subject;
use crate::model::{ClusterView, ObjectName, PinnedClass, Policy, Slot, StampName, World};

/// Every subject by its name.
pub fn subjects(policy: &Policy, world: &World) -> BTreeSet<String> {
    let mut known: Vec<Subject> = vec![Subject::Rotation, Subject::Account];
    known.extend([Slot::Primary, Slot::Secondary].map(Subject::Key));
    for facts in &policy.stamps {
        let stamp = &facts.name;
        known.push(Subject::Stamp(stamp.clone()));
        known.extend(policy.workloads.iter().map(|it| Subject::Workload(stamp.clone(), it.clone())));
        if let Some(cluster) = world.clusters.get(stamp).and_then(|seen| seen.get()) {
            known.extend(in_cluster(stamp, cluster));
        }
    }
    known.extend(policy.same_account.iter().cloned().map(Subject::Environment));
    if let Some(code) = world.code.as_ref().and_then(|seen| seen.get()) {
        let branches = [Some(&code.base), code.release.as_ref()].into_iter().flatten();
        let elsewhere = branches.clone().flat_map(|it| &it.claim.elsewhere);
        known.extend(elsewhere.map(|it| Subject::Resource(it.name.clone())));
        known.extend(branches.chain(code.proposals.values()).map(|it| Subject::Branch(it.branch.clone())));
    }
    let pulls = world.pulls.values().filter_map(|seen| seen.get()).flatten();
    known.extend(pulls.map(|pull| Subject::Pull(pull.number)));
    let origin = world.origin.as_ref().and_then(|seen| seen.get());
    known.extend(origin.and_then(|view| view.pull.as_ref()).map(|pull| Subject::Pull(pull.number)));
    known.extend(origin.and_then(|view| view.commit.clone()).map(Subject::Commit));
    let runs = world.runs.as_ref().and_then(|seen| seen.get()).into_iter().flatten();
    known.extend(runs.map(|run| Subject::Run(run.id.clone())));
    let deployments = world.deployments.as_ref().and_then(|seen| seen.get()).into_iter().flatten();
    known.extend(deployments.map(|one| Subject::Commit(one.commit.clone())));
    if let Some(view) = world.inventory.as_ref().and_then(|seen| seen.get()) {
        let strange = view.unlisted.iter().chain(&view.unattributed).map(|it| view.name_of(it));
        known.extend(strange.chain(view.absent.iter().map(|it| it.name.clone())).map(Subject::Resource));
    }
    let requests = world.usage.as_ref().and_then(|seen| seen.get()).map(|view| view.requests.as_slice());
    known.extend(requests.unwrap_or_default().iter().map(|it| Subject::Client(it.caller.address.clone())));
    let rights = world.rights.as_ref().and_then(|seen| seen.get()).map(|view| view.rights.as_slice());
    known.extend(rights.unwrap_or_default().iter().map(|it| Subject::Right(it.what.clone())));
    known.iter().map(ToString::to_string).collect()
}

fn in_cluster(stamp: &StampName, cluster: &ClusterView) -> Vec<Subject> {
    let workloads = cluster.workloads.iter().map(|it| it.name.clone());
    let owners = cluster.pods.iter().filter_map(|pod| pod.workload.clone());
    let above = cluster.pods.iter().filter_map(|pod| pod.above.clone());
    let jobs = cluster.cron_jobs.iter().map(|job| ObjectName::new("CronJob", &job.namespace, &job.name));
    workloads
        .chain(owners)
        .map(|name| Subject::Workload(stamp.clone(), name))
        .chain(
            above
                .chain(jobs)
                .chain(cluster.pinned.iter().map(PinnedClass::object))
                .map(|name| Subject::Object(stamp.clone(), name)),
        )
        .collect()
}
