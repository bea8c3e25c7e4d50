//! Whether everybody who gets the secret is known, and follows the vault.
//!
//! What the configuration names is restarted; whoever else gets the secret would keep the old key. Jobs are no part of
//! this: their pods end by themselves, and hold until they have. Neither are CronJobs that read the vault with each
//! run. Nor is whoever belongs to nothing that can be restarted and began with the key that the vault holds once it is the
//! new one: runs of workflows, executors and bare pods come and go, and are old or young like everybody's. On the way back
//! nobody's key dies, so nobody need be known.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::super::{Context, Gate, Leg, Reason, Subject, Why};
use super::doubts::doubts;
use super::pods::{holders, outstays, stale_pods};
use crate::model::{ClusterView, ObjectName, PinnedClass, SecretVersion, StampName, VaultView, WorkloadName};

/// Everybody who gets the secret in the stamp is known, by evidence no older than `max`.
pub fn known_consumers(ctx: &Context<'_>, stamp: &StampName, max: Duration) -> Vec<Reason> {
    let gate = Gate::Consumers;
    match (ctx.cluster(stamp, gate, max), ctx.live_vault(stamp, gate, max)) {
        (Ok(cluster), Ok(Some(vault))) => consumers(ctx, stamp, cluster, Some(vault)),
        (Ok(_), Ok(None)) => Vec::new(),
        (Err(reason), _) | (_, Err(reason)) => vec![*reason],
    }
}

/// Every consumer of the stamp is named in the configuration, and none is pinned to a version that its vault does not
/// hold; without a vault, to none at all. Nobody is left of whom it is not known whether the older key is held.
pub fn consumers(
    ctx: &Context<'_>,
    stamp: &StampName,
    cluster: &ClusterView,
    vault: Option<&VaultView>,
) -> Vec<Reason> {
    if ctx.leg == Leg::Back {
        return Vec::new();
    }
    let gate = Gate::Consumers;
    let mut reasons: Vec<Reason> = unseen(stamp, cluster).into_iter().collect();
    for name in unlisted(ctx, cluster) {
        let subject = Subject::Workload(stamp.clone(), name.clone());
        reasons.push(Reason::new(gate, subject, Why::UnlistedWorkload));
    }
    for (object, (pods, stays)) in strays(ctx, stamp, cluster, vault) {
        let subject = Subject::Object(stamp.clone(), object);
        reasons.push(Reason::new(gate, subject, Why::UnlistedPods { pods, stays }));
    }
    for (subject, version) in pinned(stamp, cluster).chain(pinned_classes(ctx, stamp, cluster)) {
        if vault.is_none_or(|vault| vault.version != *version) {
            let version = version.clone();
            reasons.push(Reason::new(gate, subject, Why::PinnedVersion { version }));
        }
    }
    reasons.extend(doubts(ctx, stamp, cluster, vault));
    reasons
}

/// Less was looked at than there is: who was seen elsewhere before is not gone by that.
fn unseen(stamp: &StampName, cluster: &ClusterView) -> Option<Reason> {
    let extent = cluster.extent.as_ref().filter(|extent| !extent.whole)?;
    let (looked, refused) = (extent.namespaces.clone(), extent.refused.clone());
    let subject = Subject::Stamp(stamp.clone());
    Some(Reason::new(Gate::Consumers, subject, Why::NamespacesUnseen { looked, refused }))
}

/// Workloads that the configuration does not name: by their template, or by a pod of an earlier one.
fn unlisted<'a>(ctx: &Context<'_>, cluster: &'a ClusterView) -> BTreeSet<&'a WorkloadName> {
    let by_template = cluster.workloads.iter().filter(|view| view.consumes).map(|view| &view.name);
    let by_pod = holders(cluster).filter_map(|pod| pod.workload.as_ref());
    by_template.chain(by_pod).filter(|name| !ctx.policy.workloads.contains(name)).collect()
}

/// Pods under nothing that can be restarted, by what is above them, or by themselves; and whether one of them has been
/// there for so long that nobody waits for its end. Once the vault holds the new key, only those that may hold an older one;
/// before, those too that will be old then if they stay.
fn strays(
    ctx: &Context<'_>,
    stamp: &StampName,
    cluster: &ClusterView,
    vault: Option<&VaultView>,
) -> BTreeMap<ObjectName, (Vec<String>, bool)> {
    let (seen, lag) = (ctx.cluster_seen_at(stamp), ctx.policy.vault_lag);
    let account = ctx.world.account.as_ref().and_then(|seen| seen.get());
    let holds = vault.and_then(|vault| account?.slot_of(&vault.fingerprint));
    let old: BTreeSet<&str> = vault
        .into_iter()
        .flat_map(|vault| stale_pods(vault, cluster, lag))
        .map(|pod| pod.uid.as_str())
        .collect();
    let mut strays: BTreeMap<ObjectName, (Vec<String>, bool)> = BTreeMap::new();
    for pod in holders(cluster).filter(|pod| pod.workload.is_none()) {
        let bare = || ObjectName::new("Pod", pod.namespace.as_str(), pod.name.as_str());
        let object = pod.above.clone().unwrap_or_else(bare);
        let stays = outstays(pod, seen);
        let counts = old.contains(pod.uid.as_str()) || (stays && holds != Some(ctx.target()));
        if counts && !object.is_job() {
            let (pods, stay) = strays.entry(object).or_default();
            pods.push(pod.name.clone());
            *stay |= stays;
        }
    }
    strays
}

fn pinned<'a>(
    stamp: &'a StampName,
    cluster: &'a ClusterView,
) -> impl Iterator<Item = (Subject, &'a SecretVersion)> {
    let workloads = cluster.workloads.iter().filter_map(move |view| {
        let subject = Subject::Workload(stamp.clone(), view.name.clone());
        view.pinned.as_ref().map(|version| (subject, version))
    });
    let jobs = cluster.cron_jobs.iter().filter(|job| !job.suspended).filter_map(move |job| {
        let subject = Subject::Object(stamp.clone(), job.object());
        job.pinned.as_ref().map(|version| (subject, version))
    });
    workloads.chain(jobs)
}

/// Classes that are pinned, whoever mounts them: what starts pods without being listed gets what they give (a Job between two
/// tries, one that is suspended, what other controllers run from templates of their own). Where somebody who is listed in that
/// namespace is held for the same version already, the class is told with it.
fn pinned_classes<'a>(
    ctx: &Context<'_>,
    stamp: &'a StampName,
    cluster: &'a ClusterView,
) -> impl Iterator<Item = (Subject, &'a SecretVersion)> {
    let holds = |subject: &Subject, version: &SecretVersion| {
        let why = Why::PinnedVersion { version: version.clone() };
        !ctx.holding(vec![Reason::new(Gate::Consumers, subject.clone(), why)]).is_empty()
    };
    let held: Vec<(String, &SecretVersion)> = pinned(stamp, cluster)
        .filter(|(subject, version)| holds(subject, version))
        .filter_map(|(subject, version)| match subject {
            Subject::Workload(_, name) => Some((name.namespace, version)),
            Subject::Object(_, object) => Some((object.namespace, version)),
            _ => None,
        })
        .collect();
    let told = move |class: &&PinnedClass| {
        held.iter().any(|(namespace, version)| *namespace == class.namespace && **version == class.version)
    };
    let classes = cluster.pinned.iter().filter(move |class| !told(class));
    classes.map(|class| (Subject::Object(stamp.clone(), class.object()), &class.version))
}
