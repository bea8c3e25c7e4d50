//! Which pods may still hold the key that their stamp had before.
//!
//! Age and mounted version decide: creation time, not container start; nothing is read from revisions or
//! annotations. A rollout counts as complete while old pods still terminate
//! (<https://github.com/kubernetes/kubectl/issues/1628>), so terminating pods count until they are gone.
//!
//! A new version is not everywhere at once: a vault answers from replicas, and for a while one of them may still
//! give the version before. A pod that starts in that while reads the older key and keeps it, and nothing shows
//! it afterwards: the driver refreshes the files, and with them the mounted version that the pod's status tells.
//! Only the pod's age can. So pods count as old up to `vault_lag` after the version was made, and nothing is
//! restarted before that has passed: what starts then reads the new key.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;

use super::super::reason::later;
use super::super::{Context, Gate, Leg, Reason, Subject, Why};
use super::doubts::accepted_unseen;
use crate::model::{
    ClusterView, Holding, ObjectName, PodView, SecretVersion, StampName, SyncedSecretView, VaultView,
    WorkloadKind, WorkloadView,
};

/// What a vault's, a cluster's and our own clock may differ by: machines with network time stay below it. A restart
/// waits that much longer than the lag, so that its pods are young by the cluster's clock too.
pub(super) const SKEW: Duration = Duration::from_secs(30);

/// When the current key was put where pods read it: the moment its vault's version was made, or later where a
/// synced Secret changed later. Whole seconds, both.
pub fn propagated_at(vault: &VaultView, cluster: &ClusterView) -> Timestamp {
    cluster.synced.iter().filter_map(|secret| secret.changed).fold(vault.created, Timestamp::max)
}

/// The same for what one pod reads: another's Secret tells nothing of it. Of a pod of which it is not known what it reads, each
/// Secret of its namespace counts.
pub fn propagated_to(pod: &PodView, vault: &VaultView, cluster: &ClusterView) -> Timestamp {
    let told = matches!(pod.holding, Holding::Specified { .. }) && pod.besides.is_none();
    let reads = |secret: &&SyncedSecretView| match told {
        true => pod.is_dated_by(secret),
        false => pod.namespace == secret.namespace,
    };
    let changed = cluster.synced.iter().filter(reads).filter_map(|secret| secret.changed);
    changed.fold(vault.created, Timestamp::max)
}

/// Pods that get the secret and have not ended.
pub fn holders(cluster: &ClusterView) -> impl Iterator<Item = &PodView> {
    cluster.pods.iter().filter(|pod| pod.gets_secret() && !pod.has_ended())
}

/// Created no later than the lag after the propagation: whatever such a pod got, it may be an older key. So may one whose
/// class was changed under it (a pinned version taken out, another vault named): the driver refreshes the files and the
/// status, and not the process.
pub(super) fn is_old(pod: &PodView, vault: &VaultView, cluster: &ClusterView, lag: Duration) -> bool {
    let overtaken = cluster.overtaken.get(&pod.uid).is_some_and(|changed| pod.created <= *changed);
    overtaken || pod.created <= later(propagated_to(pod, vault, cluster), lag)
}

/// Pods that get the secret and may hold an older key: created no later than the lag after the propagation, or mounting another
/// version. Times are whole seconds, so a pod of the very same second counts as old.
pub fn stale_pods<'a>(
    vault: &'a VaultView,
    cluster: &'a ClusterView,
    lag: Duration,
) -> impl Iterator<Item = &'a PodView> {
    holders(cluster).filter(move |pod| is_old(pod, vault, cluster, lag) || pod.mounts_other(&vault.version))
}

/// The same with those of configured workloads that are accepted although nothing shows how they get the secret: these are
/// old by their age alone.
pub fn old_pods<'a>(
    ctx: &Context<'_>,
    stamp: &StampName,
    vault: &'a VaultView,
    cluster: &'a ClusterView,
) -> impl Iterator<Item = &'a PodView> {
    let lag = ctx.policy.vault_lag;
    let unseen = accepted_unseen(ctx, stamp, cluster).filter(move |pod| is_old(pod, vault, cluster, lag));
    stale_pods(vault, cluster, lag).chain(unseen)
}

/// Those of them that are so by the date of a Secret alone, which holds what the vault holds: its content may have changed
/// before they began, and something else of it since. Who has seen it then knows better.
pub fn perhaps_stale<'a>(
    vault: &'a VaultView,
    cluster: &'a ClusterView,
    lag: Duration,
) -> impl Iterator<Item = &'a PodView> {
    let after = later(vault.created, lag);
    stale_pods(vault, cluster, lag).filter(move |pod| {
        let mut read = cluster.synced.iter().filter(|secret| pod.is_dated_by(secret));
        pod.created > after
            && !cluster.overtaken.contains_key(&pod.uid)
            && !pod.mounts_other(&vault.version)
            && read.all(|secret| secret.fingerprint == vault.fingerprint)
    })
}

/// Running pods that mount the secret and do not show which version they got: nobody knows what they hold.
pub fn unproven(cluster: &ClusterView) -> impl Iterator<Item = &PodView> {
    cluster.pods.iter().filter(|pod| pod.mounts_secret() && pod.phase == "Running" && pod.mounted.is_none())
}

/// Those of them of which neither their end nor their age tells. One that ends may have been told of no more, and is gone
/// soon; an old one counts as old whatever it mounts, and its mount may not have been asked for.
pub fn untold<'a>(
    vault: Option<&'a VaultView>,
    cluster: &'a ClusterView,
    lag: Duration,
) -> impl Iterator<Item = &'a PodView> {
    let old = move |pod: &PodView| vault.is_some_and(|vault| is_old(pod, vault, cluster, lag));
    unproven(cluster).filter(move |pod| pod.deleting.is_none() && !old(pod))
}

/// The driver tells what it mounted before the pod runs. What is not told so long after will not come by itself: the
/// cluster may be another stamp's, whose class names another vault.
const SHOWS_BY: Duration = Duration::from_secs(600);

/// Pods that live and are young enough.
fn young<'a>(
    vault: &'a VaultView,
    cluster: &'a ClusterView,
    lag: Duration,
) -> impl Iterator<Item = &'a PodView> {
    holders(cluster).filter(move |pod| pod.deleting.is_none() && !is_old(pod, vault, cluster, lag))
}

/// When those that live and are young enough were created: since the first of these moments, somebody there uses the key
/// that the vault holds.
pub fn renewals<'a>(
    vault: &'a VaultView,
    cluster: &'a ClusterView,
    lag: Duration,
) -> impl Iterator<Item = Timestamp> + 'a {
    young(vault, cluster, lag).map(|pod| pod.created)
}

/// When the last of as many young pods as each workload wants was created. What an HPA, a CronJob or an eviction brings later
/// does not count where the workload's controller dates the end of its rollout: an HPA writes how many are wanted.
pub fn renewed_whole(vault: &VaultView, cluster: &ClusterView, lag: Duration) -> Option<Timestamp> {
    let last = |workload: &WorkloadView| {
        let of_it = |pod: &&PodView| pod.workload.as_ref() == Some(&workload.name);
        let pods = young(vault, cluster, lag).filter(of_it);
        let mut created: Vec<Timestamp> = pods.map(|pod| pod.created).collect();
        created.sort_unstable();
        created.truncate(usize::try_from(workload.desired).unwrap_or(usize::MAX));
        if let Some(ended) =
            workload.rolled_out_at().filter(|ended| created.first().is_some_and(|first| first <= ended))
        {
            created.retain(|created| *created <= ended);
        }
        created.last().copied()
    };
    cluster.workloads.iter().filter_map(last).max()
}

/// The lag has passed: a pod of the stamp that is created now reads the current key, and is seen to be young enough.
pub fn settled(ctx: &Context<'_>, stamp: &StampName, max: Duration) -> Vec<Reason> {
    let gate = Gate::Propagated;
    let vault = match ctx.vault(stamp, gate, max) {
        Ok(vault) => vault,
        Err(reason) => return vec![*reason],
    };
    let cluster = match ctx.cluster(stamp, gate, max) {
        Ok(cluster) => cluster,
        Err(reason) => return vec![*reason],
    };
    let until = later(propagated_at(vault, cluster), ctx.policy.vault_lag + SKEW);
    // Whoever wakes just then need not look once more: the pods' times are whole seconds, and the skew is more than one.
    if until <= ctx.now {
        return Vec::new();
    }
    vec![Reason::new(gate, Subject::Stamp(stamp.clone()), Why::VaultSettling { until })]
}

/// What ends by itself has ended by then, mostly; what is there for longer, a person has to end.
pub const STAYS: Duration = Duration::from_secs(6 * 3600);

/// Whether nobody has told it to end and nothing of ours will: it belongs to what the configuration does not name, or to nothing
/// that can be restarted and is there for too long to end by itself.
fn stays(ctx: &Context<'_>, stamp: &StampName, pod: &PodView) -> bool {
    pod.deleting.is_none()
        && match &pod.workload {
            Some(name) => !ctx.policy.workloads.contains(name),
            None => later(pod.created, STAYS) <= ctx.cluster_seen_at(stamp),
        }
}

/// Nobody restarts a Job: its pods are named by it, and end by themselves, as long as nothing keeps them.
fn jobs_run(stamp: &StampName, pods: &[&PodView], seen: Timestamp) -> Vec<Reason> {
    let mut jobs: BTreeMap<&ObjectName, (Vec<String>, bool)> = BTreeMap::new();
    for pod in pods {
        if let Some(job) = &pod.above {
            let (pods, stay) = jobs.entry(job).or_default();
            pods.push(pod.name.clone());
            *stay |= pod.deleting.is_none() && later(pod.created, STAYS) <= seen;
        }
    }
    let reason = |(job, (pods, stays)): (&ObjectName, (Vec<String>, bool))| {
        let subject = Subject::Object(stamp.clone(), job.clone());
        Reason::new(Gate::OldPodsGone, subject, Why::JobRuns { pods, stays })
    };
    jobs.into_iter().map(reason).collect()
}

/// How long after its time to end is over a pod may still be there: kubelets are late, and API servers are slow.
pub(super) const OVERDUE: Duration = Duration::from_secs(600);

/// The kubelet would have ended it by force.
pub(super) fn overdue(pod: &PodView, now: Timestamp) -> bool {
    pod.deleting.is_some_and(|deadline| later(deadline, OVERDUE) < now)
}

pub(super) fn placed(pod: &PodView) -> String {
    match (&pod.node, pod.deleting) {
        (Some(node), Some(_)) => format!("{} (on node {node})", pod.name),
        _ => pod.name.clone(),
    }
}

/// A reason for each node that these pods are on.
fn by_node(
    stamp: &StampName,
    pods: &[&PodView],
    why: impl Fn(String, &[&PodView], Vec<String>) -> Why,
) -> Vec<Reason> {
    let mut nodes: BTreeMap<&str, Vec<&PodView>> = BTreeMap::new();
    for pod in pods {
        nodes.entry(pod.node.as_deref().unwrap_or("?")).or_default().push(pod);
    }
    let reason = |(node, pods): (&str, Vec<&PodView>)| {
        let names = pods.iter().map(|pod| pod.name.clone()).collect();
        let subject = Subject::Object(stamp.clone(), ObjectName::new("Node", "", node));
        Reason::new(Gate::OldPodsGone, subject, why(node.to_owned(), &pods, names))
    };
    nodes.into_iter().map(reason).collect()
}

/// Pods on a node that is known not to answer, long before they are overdue: it may come back, so there is nothing but
/// waiting.
fn nodes_not_ready(stamp: &StampName, pods: &[&PodView], cluster: &ClusterView) -> Vec<Reason> {
    by_node(stamp, pods, |node, _, pods| {
        let since = cluster.silent.get(&node).copied().flatten();
        Why::NodeNotReady { node, pods, since }
    })
}

/// Pods that nobody ends, by the node that should: it does not answer, or is gone, and its pods may run on.
fn nodes_silent(stamp: &StampName, pods: &[&PodView]) -> Vec<Reason> {
    by_node(stamp, pods, |node, on_it, pods| {
        let since = on_it.iter().filter_map(|pod| pod.deleting).min().unwrap_or(Timestamp::MIN);
        Why::NodeSilent { node, pods, since }
    })
}

/// The list of pods shows fewer of the workload's than its controller counts: one of both is older than the other, or
/// the list is not whole. Nobody is known to be gone by such a list. In the middle of a rollout pods of a template
/// that does not get the secret are not listed, so only one that is over is compared. Of a workload that is configured,
/// every pod is listed.
pub fn left_out(ctx: &Context<'_>, workload: &WorkloadView, cluster: &ClusterView) -> Option<Why> {
    let (listed, ending) = listed(workload, cluster);
    let counted = match workload.name.kind {
        // Their ReplicaSets forget pods that are told to end.
        WorkloadKind::Deployment | WorkloadKind::Rollout => listed,
        // These count pods until they are gone.
        WorkloadKind::StatefulSet | WorkloadKind::DaemonSet => listed + ending,
    };
    let missing = (workload.replicas as usize).saturating_sub(counted);
    (is_compared(ctx, workload) && missing > 0)
        .then_some(Why::PodsLeftOut { missing, listed: listed + ending })
}

/// The same of those that are told to end, where the controller counts them: they end while lists are made, so this is
/// only asked where everything has to be gone.
fn endings_left_out(ctx: &Context<'_>, workload: &WorkloadView, cluster: &ClusterView) -> Option<Why> {
    let (listed, ending) = listed(workload, cluster);
    let missing = (workload.terminating? as usize).saturating_sub(ending);
    (is_compared(ctx, workload) && missing > 0)
        .then_some(Why::PodsLeftOut { missing, listed: listed + ending })
}

fn is_compared(ctx: &Context<'_>, workload: &WorkloadView) -> bool {
    let listed = workload.consumes || ctx.policy.workloads.contains(&workload.name);
    listed && workload.updated >= workload.replicas
}

/// How many pods of it live, and how many are told to end.
fn listed(workload: &WorkloadView, cluster: &ClusterView) -> (usize, usize) {
    let pods = cluster.pods_of(&workload.name).filter(|pod| !pod.has_ended());
    let (ending, living): (Vec<&PodView>, Vec<&PodView>) = pods.partition(|pod| pod.deleting.is_some());
    (living.len(), ending.len())
}

/// No pod of the stamp may hold an older key, terminating ones included; and every running one has shown which
/// version it mounted, whatever others read from Secrets.
pub fn old_pods_gone(ctx: &Context<'_>, stamp: &StampName, max: Duration) -> Vec<Reason> {
    let gate = Gate::OldPodsGone;
    let vault = match ctx.live_vault(stamp, gate, max) {
        Ok(Some(vault)) => vault,
        Ok(None) => return Vec::new(),
        Err(reason) => return vec![*reason],
    };
    let cluster = match ctx.cluster(stamp, gate, max) {
        Ok(cluster) => cluster,
        Err(reason) => return vec![*reason],
    };
    let subject = Subject::Stamp(stamp.clone());
    let mut reasons: Vec<Reason> = cluster
        .workloads
        .iter()
        .filter_map(|workload| {
            let left = left_out(ctx, workload, cluster);
            let why = left.or_else(|| endings_left_out(ctx, workload, cluster))?;
            Some(Reason::new(gate, Subject::Workload(stamp.clone(), workload.name.clone()), why))
        })
        .collect();
    // Whatever is above it: on a node that does not answer nothing ends by itself, a Job no more than others.
    let (silent, stale): (Vec<&PodView>, Vec<&PodView>) =
        old_pods(ctx, stamp, vault, cluster).partition(|pod| overdue(pod, ctx.cluster_seen_at(stamp)));
    reasons.extend(nodes_silent(stamp, &silent));
    let unheard = |pod: &&PodView| pod.node.as_ref().is_some_and(|node| cluster.silent.contains_key(node));
    let (unheard, stale): (Vec<&PodView>, Vec<&PodView>) = stale.into_iter().partition(unheard);
    reasons.extend(nodes_not_ready(stamp, &unheard, cluster));
    let job = |pod: &&PodView| pod.above.as_ref().is_some_and(ObjectName::is_job);
    let (of_jobs, stale): (Vec<&PodView>, Vec<&PodView>) = stale.into_iter().partition(job);
    reasons.extend(jobs_run(stamp, &of_jobs, ctx.cluster_seen_at(stamp)));
    let stays = |pod: &&PodView| stays(ctx, stamp, pod);
    let (staying, stale): (Vec<&PodView>, Vec<&PodView>) = stale.into_iter().partition(stays);
    if !staying.is_empty() {
        let pods = staying.iter().map(|pod| placed(pod)).collect();
        reasons.push(Reason::new(gate, subject.clone(), Why::OldPodsStay { pods }));
    }
    if !stale.is_empty() {
        let terminating = stale.iter().filter(|pod| pod.deleting.is_some()).count();
        let ends = stale.iter().filter_map(|pod| pod.deleting).max();
        let pods = stale.iter().map(|pod| placed(pod)).collect();
        reasons.push(Reason::new(gate, subject.clone(), Why::OldPods { pods, terminating, ends }));
    }
    // An old one is named by its age, and its mount may not have been asked for.
    let old = |pod: &&PodView| is_old(pod, vault, cluster, ctx.policy.vault_lag);
    let silent: Vec<&PodView> = unproven(cluster).filter(|pod| !old(pod)).collect();
    if !silent.is_empty() {
        let seen = ctx.cluster_seen_at(stamp);
        let mut untold = untold(Some(vault), cluster, ctx.policy.vault_lag);
        let lasting = untold.any(|pod| later(pod.created, SHOWS_BY) < seen);
        let pods = silent.iter().map(|pod| pod.name.clone()).collect();
        let of = silent.iter().flat_map(|pod| &pod.elsewhere).next().map(|other| other.stamp.clone());
        reasons.push(Reason::new(gate, subject, Why::PodsNotMounted { pods, of, lasting }));
    }
    reasons.extend(mounting_elsewhere(ctx, stamp, (vault, cluster), max));
    if ctx.leg == Leg::Out {
        reasons.extend(undated(stamp, cluster));
        reasons.extend(absent(stamp, cluster, ctx.cluster_seen_at(stamp)));
    }
    reasons
}

/// Pods that are young by their own stamp's vault, and mount from another stamp's vault besides: any of both is the key that
/// they may use.
fn mounting_elsewhere(
    ctx: &Context<'_>,
    stamp: &StampName,
    (vault, cluster): (&VaultView, &ClusterView),
    max: Duration,
) -> Vec<Reason> {
    let (gate, lag) = (Gate::OldPodsGone, ctx.policy.vault_lag);
    let stale: BTreeSet<&str> = stale_pods(vault, cluster, lag).map(|pod| pod.uid.as_str()).collect();
    let mut mounts: BTreeMap<&StampName, Vec<(&PodView, Option<&SecretVersion>)>> = BTreeMap::new();
    for pod in holders(cluster).filter(|pod| !stale.contains(pod.uid.as_str())) {
        for other in &pod.elsewhere {
            mounts.entry(&other.stamp).or_default().push((pod, other.version.as_ref()));
        }
    }
    let mut reasons = Vec::new();
    for (of, mounts) in mounts {
        let held = match ctx.live_vault(of, gate, max) {
            Ok(Some(held)) => held,
            Ok(None) => continue,
            Err(reason) => {
                reasons.push(*reason);
                continue;
            }
        };
        let young = later(held.created, lag);
        let old = |(pod, version): &(&PodView, Option<&SecretVersion>)| {
            pod.created <= young
                || version.is_some_and(|version| *version != held.version)
                || (version.is_none() && pod.phase == "Running")
        };
        let old: Vec<&PodView> = mounts.into_iter().filter(old).map(|(pod, _)| pod).collect();
        if !old.is_empty() {
            let stay = old.iter().any(|pod| pod.deleting.is_none());
            let pods = old.iter().map(|pod| placed(pod)).collect();
            let why = Why::OldMountOfOther { pods, of: of.clone(), stay };
            reasons.push(Reason::new(gate, Subject::Stamp(stamp.clone()), why));
        }
    }
    reasons
}

/// How exactly Kubernetes dates what it makes.
const SECOND: Duration = Duration::from_secs(1);

/// Secrets that running pods read and that are not there, or lack the key: what those pods got from them, nothing tells. Of a
/// pod that began after that look, as watches may have told, it tells nothing: the Secret is looked at once more, at the pace of
/// pods and no faster, for a server whose clock is ahead dates its pods after that look too.
fn absent(stamp: &StampName, cluster: &ClusterView, seen: Timestamp) -> Vec<Reason> {
    let there = |pod: &PodView, name: &String| {
        cluster.synced.iter().any(|it| it.namespace == pod.namespace && it.name == *name)
    };
    let (mut before, mut since) =
        (BTreeMap::<String, Vec<String>>::new(), BTreeMap::<String, Vec<String>>::new());
    for pod in holders(cluster).filter(|pod| pod.phase == "Running") {
        let Holding::Specified { reads, .. } = &pod.holding else { continue };
        // Pods are dated in whole seconds: one of the look's own second may have begun after it.
        let readers = if later(pod.created, SECOND) <= seen { &mut before } else { &mut since };
        for name in reads.iter().filter(|name| !there(pod, name)) {
            readers.entry(format!("{}/{name}", pod.namespace)).or_default().push(pod.name.clone());
        }
    }
    let reason = |gate, why| Reason::new(gate, Subject::Stamp(stamp.clone()), why);
    let absent = before.into_iter().map(|(secret, pods)| {
        let why = Why::SyncedSecretAbsent { secret, pods };
        reason(Gate::Synced, why)
    });
    let unlooked = since.into_iter().map(|(secret, pods)| {
        // Nobody accepts what a look is about to tell.
        reason(Gate::OldPodsGone, Why::SyncedSecretUnlooked { secret, pods })
    });
    absent.chain(unlooked).collect()
}

/// A synced Secret that does not tell since when it holds what it holds: of the pods that read it, nobody knows whether they
/// began before.
fn undated<'a>(stamp: &'a StampName, cluster: &'a ClusterView) -> impl Iterator<Item = Reason> + 'a {
    cluster.synced.iter().filter(|secret| secret.changed.is_none()).filter_map(move |secret| {
        let reading = cluster.pods.iter().filter(|pod| !pod.has_ended() && pod.is_dated_by(secret));
        let pods: Vec<String> = reading.map(|pod| pod.name.clone()).collect();
        let secret = format!("{}/{}", secret.namespace, secret.name);
        let why = || Why::SyncedSecretUndated { secret, pods: pods.clone() };
        (!pods.is_empty()).then(|| Reason::new(Gate::Synced, Subject::Stamp(stamp.clone()), why()))
    })
}
