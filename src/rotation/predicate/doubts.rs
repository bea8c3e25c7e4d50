//! Pods that may hold the secret without anything that shows it, and configured workloads that do not get it.
//!
//! What a pod got when it began is not told by what its class says today. Where the class has gone or was changed since,
//! and where the configuration names a workload of which nothing shows how it gets the key, only a person knows: they
//! restart it, mend the configuration, or accept it by name. A workload without pods holds nothing, unless its next pod would
//! begin with what stands in a Kubernetes Secret that nobody fills any more. What is known to have
//! got the secret is none of this: nobody may accept that.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::super::{Context, Gate, Reason, Subject, Why};
use super::pods::is_old;
use crate::model::{
    ClassFate, ClusterView, LostClass, ObjectName, PodView, StampName, VaultView, WorkloadName,
};

/// Everybody in the stamp of whom it is not known whether an older key is held; without a vault, whatever its age.
pub(super) fn doubts(
    ctx: &Context<'_>,
    stamp: &StampName,
    cluster: &ClusterView,
    vault: Option<&VaultView>,
) -> Vec<Reason> {
    let mut unclear: BTreeMap<(Subject, &str, ClassFate), Vec<String>> = BTreeMap::new();
    for (pod, class) in unclear_pods(vault, cluster, ctx.policy.vault_lag) {
        let of = (owner(stamp, pod), class.name.as_str(), class.fate);
        unclear.entry(of).or_default().push(pod.name.clone());
    }
    for (subject, class) in left(stamp, cluster) {
        unclear.entry((subject, class.name.as_str(), class.fate)).or_default();
    }
    let named = ctx.policy.workloads.iter().filter_map(|name| not_consuming(stamp, name, cluster));
    let told = |reason: &Reason| unclear.keys().any(|(subject, ..)| *subject == reason.subject);
    let named: Vec<Reason> = named.filter(|reason| !told(reason)).collect();
    let unclear = unclear.into_iter().map(|((subject, class, fate), pods)| {
        Reason::new(Gate::Consumers, subject, Why::MayHoldSecret { pods, class: class.to_owned(), fate })
    });
    unclear.chain(named).collect()
}

/// Workloads and CronJobs whose next pod begins with what stands in a Secret that nobody fills any more, whether or not one runs
/// today. A CronJob that is suspended is told, and no more.
fn left<'a>(
    stamp: &'a StampName,
    cluster: &'a ClusterView,
) -> impl Iterator<Item = (Subject, &'a LostClass)> {
    let workloads = cluster
        .workloads
        .iter()
        .filter_map(|view| Some((Subject::Workload(stamp.clone(), view.name.clone()), view.left.as_ref()?)));
    let jobs = cluster.cron_jobs.iter().filter(|job| !job.suspended);
    let jobs =
        jobs.filter_map(|job| Some((Subject::Object(stamp.clone(), job.object()), job.left.as_ref()?)));
    workloads.chain(jobs)
}

/// Pods that live, of which nothing tells what they got, and which may have got an older key.
pub fn unclear_pods<'a>(
    vault: Option<&'a VaultView>,
    cluster: &'a ClusterView,
    lag: Duration,
) -> impl Iterator<Item = (&'a PodView, &'a LostClass)> {
    let too_old = move |pod: &PodView| vault.is_none_or(|vault| is_old(pod, vault, cluster, lag));
    cluster.pods.iter().filter(|pod| !pod.has_ended()).filter_map(move |pod| {
        let class = pod.doubt()?;
        (class.fate.outlasts_restarts() || too_old(pod)).then_some((pod, class))
    })
}

/// A configured workload that runs, and of which nothing shows that it gets the secret.
fn not_consuming(stamp: &StampName, name: &WorkloadName, cluster: &ClusterView) -> Option<Reason> {
    let workload = cluster.workload(name).filter(|workload| !workload.consumes)?;
    let listed = cluster.pods_of(name).filter(|pod| !pod.has_ended()).count();
    let pods = listed.max(workload.replicas as usize);
    let subject = Subject::Workload(stamp.clone(), name.clone());
    (pods > 0).then(|| Reason::new(Gate::Consumers, subject, Why::DoesNotGetSecret { pods }))
}

/// Pods of configured workloads of which nothing shows that they get the secret, and of which somebody has said that they may
/// be: they have it by a way that nobody sees (a sidecar or an operator that asks the API server, a copy), or have it no more.
/// What is restarted with the others holds it no longer, whichever is true.
pub(super) fn accepted_unseen<'a>(
    ctx: &Context<'_>,
    stamp: &StampName,
    cluster: &'a ClusterView,
) -> impl Iterator<Item = &'a PodView> {
    let accepted = |name: &&WorkloadName| {
        let reason = not_consuming(stamp, name, cluster);
        reason.is_some_and(|reason| ctx.holding(vec![reason]).is_empty())
    };
    let named: BTreeSet<WorkloadName> = ctx.policy.workloads.iter().filter(accepted).cloned().collect();
    let of_them = move |pod: &&PodView| pod.workload.as_ref().is_some_and(|name| named.contains(name));
    cluster.pods.iter().filter(of_them).filter(|pod| !pod.has_ended() && !pod.gets_secret())
}

/// By what a person would restart, or by itself.
fn owner(stamp: &StampName, pod: &PodView) -> Subject {
    let bare = || ObjectName::new("Pod", pod.namespace.as_str(), pod.name.as_str());
    match &pod.workload {
        Some(workload) => Subject::Workload(stamp.clone(), workload.clone()),
        None => Subject::Object(stamp.clone(), pod.above.clone().unwrap_or_else(bare)),
    }
}
