//! Whether a workload can be restarted now, and whether its rollout gets on.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;

use super::super::reason::later;
use super::super::rollout::{Rollout, rollout};
use super::super::stamps::under_way;
use super::super::{Context, Gate, Reason, Subject, Why};
use super::pods::{SKEW, overdue, placed};
use crate::model::{
    ClusterState, ClusterView, DeploymentCondition, PodTrouble, PodView, StampName, Strategy, Warning,
    WorkloadKind, WorkloadName, WorkloadView,
};

/// A cluster that Azure does not know belongs to a closed stamp. Beside a vault that is there, it may be one that is named
/// wrongly, with pods that nobody sees.
pub fn cluster_known(ctx: &Context<'_>, stamp: &StampName, max: Duration) -> Vec<Reason> {
    let gate = Gate::Preflight;
    match ctx.cluster(stamp, gate, max) {
        Err(reason) => vec![*reason],
        Ok(cluster) if cluster.state != ClusterState::Gone => clocks_agree(stamp, cluster),
        Ok(_) => match ctx.live_vault(stamp, gate, max) {
            Ok(None) => Vec::new(),
            Err(reason) => vec![*reason],
            Ok(Some(_)) => vec![Reason::new(gate, Subject::Stamp(stamp.clone()), Why::ClusterGone)],
        },
    }
}

/// The API server dates pods, the vault its versions, and this machine decides which came first. With clocks that are
/// apart, a pod that holds the old key may look young, or new ones old for ever.
pub fn clocks_agree(stamp: &StampName, cluster: &ClusterView) -> Vec<Reason> {
    let why = match cluster.ahead {
        // What does not run has no clock, and no pods.
        _ if !cluster.state.has_pods() => return Vec::new(),
        None => Why::ClockUnknown,
        Some(ahead) if ahead.unsigned_abs() > SKEW => Why::ClocksDiffer { ahead },
        Some(_) => return Vec::new(),
    };
    vec![Reason::new(Gate::Preflight, Subject::Stamp(stamp.clone()), why)]
}

/// No pod is in two clusters: where another stamp before this one shows one of its pods, one of the two has the other's
/// cluster by mistake, under whatever address.
pub fn cluster_of_other(ctx: &Context<'_>, stamp: &StampName, cluster: &ClusterView) -> Vec<Reason> {
    let own: BTreeSet<&str> = cluster.pods.iter().map(|pod| pod.uid.as_str()).collect();
    let shows = |other: &ClusterView| other.pods.iter().any(|pod| own.contains(pod.uid.as_str()));
    let mut before = ctx.policy.stamps.iter().map(|facts| &facts.name).take_while(|name| *name != stamp);
    let other = before.find(|name| {
        let seen = ctx.world.clusters.get(*name).and_then(|seen| seen.get());
        seen.is_some_and(shows)
    });
    let reason = |other: &StampName| {
        let why = Why::ClusterOfOther { other: other.clone() };
        Reason::new(Gate::Preflight, Subject::Stamp(stamp.clone()), why)
    };
    other.map(reason).into_iter().collect()
}

/// Azure is not at work on the cluster: an upgrade moves every pod by itself, and needs the room that a restart does.
pub fn cluster_steady(stamp: &StampName, cluster: &ClusterView) -> Vec<Reason> {
    match &cluster.state {
        ClusterState::Changing { state } => {
            let why = Why::ClusterChanging { state: state.clone() };
            vec![Reason::new(Gate::Preflight, Subject::Stamp(stamp.clone()), why)]
        }
        ClusterState::Running | ClusterState::Stopped | ClusterState::Gone => Vec::new(),
    }
}

/// The workload can be restarted without a gap.
pub fn workload_ready(stamp: &StampName, name: &WorkloadName, cluster: &ClusterView) -> Vec<Reason> {
    let subject = Subject::Workload(stamp.clone(), name.clone());
    let Some(workload) = cluster.workload(name) else {
        return vec![Reason::new(Gate::Preflight, subject, Why::WorkloadMissing)];
    };
    let mut reasons = Vec::new();
    if workload.paused {
        reasons.push(Reason::new(Gate::Preflight, subject.clone(), Why::Paused));
    }
    if let Some(class) = workload.lacks.clone().filter(|_| workload.desired > 0) {
        reasons.push(Reason::new(Gate::Preflight, subject.clone(), Why::ClassMissing { class }));
    }
    let why = match workload.strategy {
        Strategy::Recreate => Some(Why::Recreate),
        Strategy::OnDelete => Some(Why::OnDelete),
        Strategy::Ordinals { partition: 0 } | Strategy::RollingUpdate { .. } => takes_all(workload),
        Strategy::Ordinals { partition } => Some(Why::Partitioned { partition, desired: workload.desired }),
    };
    if let Some(why) = why
        && workload.desired > 0
    {
        reasons.push(Reason::new(Gate::Preflight, subject, why));
    }
    reasons
}

/// Before another serves, all its pods may be away.
fn takes_all(workload: &WorkloadView) -> Option<Why> {
    let desired = workload.desired;
    let away = match workload.strategy {
        Strategy::RollingUpdate { max_surge, max_unavailable } => {
            match (max_surge.of(desired, true), max_unavailable.of(desired, false)) {
                // The controllers take one away where they may neither add nor take.
                (0, 0) => 1,
                (_, away) => away,
            }
        }
        // Its successor has the same name, and comes when it is gone.
        Strategy::Ordinals { .. } => 1,
        Strategy::Recreate | Strategy::OnDelete => return None,
    };
    (away >= desired).then_some(Why::TakesAll { desired })
}

/// How long a pod may take to become ready: what a Deployment's controller allows by default.
const DEADLINE: Duration = Duration::from_secs(600);

/// The same for pods of a Deployment, whose controller knows its deadline better: it may be set higher, and it says
/// nothing of pods that fail after a rollout was complete.
const LONG_DEADLINE: Duration = Duration::from_secs(1800);

/// What a person would look up first. More lines are of no help.
const SYMPTOMS: usize = 5;

/// Why a rollout that is not complete does not get on, as far as its pods tell: containers that fail again and again,
/// images that cannot be had, pods that may not be made, that should long be ready, or be so again, or, of a set, that do not end, because
/// their node does not answer or a finalizer holds them. A Deployment's controller says so itself, late; those of StatefulSets and
/// DaemonSets wait for ever, also for pods that they may not make: that is told by numbers and times, and why by the events.
pub fn stuck(workload: &WorkloadView, cluster: &ClusterView, now: Timestamp) -> Option<String> {
    let deadline = if workload.name.kind == WorkloadKind::Deployment { LONG_DEADLINE } else { DEADLINE };
    let waited_for = |pod: &&PodView| pod.deleting.is_none() && !pod.ready && !pod.has_ended();
    let pods: Vec<&PodView> = cluster.pods_of(&workload.name).filter(waited_for).collect();
    let hopeless = |pod: &&PodView| pod.trouble.as_ref().is_some_and(|trouble| trouble.hopeless);
    let names = |pods: &mut dyn Iterator<Item = &PodView>| {
        pods.map(|pod| pod.name.as_str()).collect::<Vec<_>>().join(", ")
    };
    let failing = names(&mut pods.iter().copied().filter(hopeless));
    if !failing.is_empty() {
        return Some(format!("{failing} cannot start"));
    }
    // The pods of the other kinds do not wait for those before them.
    let waits_its_turn = matches!(workload.name.kind, WorkloadKind::StatefulSet | WorkloadKind::DaemonSet);
    let unended: Vec<String> = cluster
        .pods_of(&workload.name)
        .filter(|pod| waits_its_turn && !pod.has_ended() && overdue(pod, now))
        .map(placed)
        .collect();
    if !unended.is_empty() {
        return Some(format!("{} should have ended long ago, and its successor waits", unended.join(", ")));
    }
    // No pod that is waited for tells of those that cannot even be made.
    let refused = |condition: &&DeploymentCondition| {
        let since = condition.updated.map(|since| later(since, deadline));
        is_refused(condition) && since.is_some_and(|since| since < now)
    };
    if workload.conditions.iter().any(|condition| refused(&condition)) {
        return Some(format!(
            "its controller has not been let make a pod for {} min",
            deadline.as_secs() / 60
        ));
    }
    // Nor does every kind's status tell of those that are refused.
    let shortage = cluster.shortage(workload).filter(|shortage| later(shortage.since, deadline) < now);
    if let Some(shortage) = shortage {
        return Some(format!(
            "its controller has not made {} of its {} pods for {} min, and none is coming",
            shortage.missing,
            workload.desired,
            deadline.as_secs() / 60
        ));
    }
    // One that served for days, and is not ready for a moment, is no rollout that fails.
    let since = |pod: &PodView| pod.unready_since.unwrap_or(pod.created);
    let late = pods.iter().filter(|pod| later(since(pod), deadline) < now);
    let late: Vec<String> = late.map(|pod| unheard(pod, cluster)).collect();
    (!late.is_empty()).then(|| format!("{} not ready for {} min", late.join(", "), deadline.as_secs() / 60))
}

/// By a quota, an admission webhook, a service account that is not there: what its controller asks for is refused.
fn is_refused(condition: &DeploymentCondition) -> bool {
    condition.kind == "ReplicaFailure" && condition.status == "True"
}

/// Why nothing happens where nothing is wrong with any pod: no controller is at work, or, as Argo restarts a Rollout by
/// evictions, a PodDisruptionBudget refuses them. A Deployment's controller would know its deadline.
fn idle(workload: &WorkloadView, cluster: &ClusterView, now: Timestamp) -> Option<String> {
    let kind = workload.name.kind;
    let mark: Timestamp = workload.restarted_at.as_deref()?.parse().ok()?;
    let pods: Vec<&PodView> = cluster.pods_of(&workload.name).filter(|pod| !pod.has_ended()).collect();
    let at_work = pods.iter().any(|pod| pod.deleting.is_some() || !pod.ready);
    // A pod that became ready since may have to be so for a while.
    let newest = pods.iter().map(|pod| pod.ready_since.unwrap_or(pod.created).max(pod.created)).max();
    let since = newest.map_or(mark, |newest| newest.max(mark));
    // A Rollout that no restart is asked of may be at a step of its strategy that takes its time.
    let asked = match kind {
        WorkloadKind::Deployment => false,
        WorkloadKind::Rollout => workload.between_revisions,
        WorkloadKind::StatefulSet | WorkloadKind::DaemonSet => true,
    };
    // Where every pod is of after the restart, it is over, whatever a server says of it.
    let replaced = pods.iter().all(|pod| pod.created > mark);
    if !asked || at_work || replaced || later(since, LONG_DEADLINE) >= now {
        return None;
    }
    let cause = match kind {
        WorkloadKind::Rollout => {
            "does a PodDisruptionBudget refuse the evictions, or is Argo's controller away?"
        }
        WorkloadKind::Deployment | WorkloadKind::StatefulSet | WorkloadKind::DaemonSet => {
            "is its controller away?"
        }
    };
    Some(format!(
        "no pod was replaced for {} min, and none is about to be: {cause}",
        LONG_DEADLINE.as_secs() / 60
    ))
}

/// Its name, with its node where that does not answer.
fn unheard(pod: &PodView, cluster: &ClusterView) -> String {
    match pod.node.as_ref().filter(|node| cluster.silent.contains_key(*node)) {
        Some(node) => format!("{} (on node {node}, which is not ready)", pod.name),
        None => pod.name.clone(),
    }
}

/// Why the rollout has failed, with what is to be seen of it; `None` where it gets on, or is over.
pub fn rollout_failed(workload: &WorkloadView, cluster: &ClusterView, now: Timestamp) -> Option<Why> {
    let message = match rollout(workload, workload.generation) {
        Rollout::Complete | Rollout::Paused(_) => None,
        Rollout::DeadlineExceeded { message, .. } => Some(message),
        Rollout::NotYetObserved { .. } | Rollout::Progressing(_) => {
            stuck(workload, cluster, now).or_else(|| idle(workload, cluster, now))
        }
        Rollout::Scaling(_) => {
            let told = |stuck| format!("it was over, and since then {stuck}");
            stuck(workload, cluster, now).map(told)
        }
    };
    message.map(|message| Why::RolloutFailed { message, symptoms: symptoms(workload, cluster) })
}

/// States of its containers, what its controller cannot do, and what the cluster's components warn of; the same line
/// of several pods once. Where there is none of that, the pods that are waited for.
fn symptoms(workload: &WorkloadView, cluster: &ClusterView) -> Vec<String> {
    let unready = |pod: &&PodView| !pod.ready && !pod.has_ended();
    let pods = || cluster.pods_of(&workload.name).filter(unready);
    let states = pods().filter_map(|pod| Some(format!("{}: {}", pod.name, pod.trouble.as_ref()?.text)));
    let conditions = workload.conditions.iter().filter(|condition| is_refused(condition)).map(|condition| {
        PodTrouble::new(false, &format!("{}: {}", condition.reason, condition.message)).text
    });
    let warnings = cluster.warnings.iter().filter(|warning| is_about(warning, workload, cluster)).map(told);
    let mut lines: Vec<String> = Vec::new();
    let mut known: Vec<String> = Vec::new();
    for line in states.take(SYMPTOMS - 2).chain(conditions).chain(warnings) {
        let what = line.split_once(": ").map_or(line.as_str(), |(_, what)| what).to_owned();
        if lines.len() < SYMPTOMS && !known.contains(&what) {
            known.push(what);
            lines.push(line);
        }
    }
    if lines.is_empty() {
        // A probe that fails says so in events, which may be gone, or not to be read.
        let waited_for = pods().filter(|pod| pod.deleting.is_none()).take(SYMPTOMS);
        lines.extend(waited_for.map(unready_of));
    }
    lines
}

fn unready_of(pod: &PodView) -> String {
    let node = pod.node.as_ref().map(|node| format!(" (on node {node})")).unwrap_or_default();
    format!("{}{node}: {}, and not ready", pod.name, pod.phase)
}

/// Of itself, of a pod of its own, or of a ReplicaSet that is named after it.
fn is_about(warning: &Warning, workload: &WorkloadView, cluster: &ClusterView) -> bool {
    let name = warning.object.rsplit(' ').next().unwrap_or_default();
    name == workload.name.name
        || cluster.pods_of(&workload.name).any(|pod| pod.name == name)
        || (warning.object.starts_with("ReplicaSet ")
            && name.strip_prefix(workload.name.name.as_str()).is_some_and(|rest| rest.starts_with('-')))
}

fn told(warning: &Warning) -> String {
    let Warning { object, reason, message, count, last: _ } = warning;
    let times = if *count > 1 { format!(" ({count} times)") } else { String::new() };
    format!("{object}: {reason}{times}: {message}")
}

/// No rollout of the workload is in flight, and it is healthy.
pub fn rollout_settled(
    ctx: &Context<'_>,
    stamp: &StampName,
    workload: &WorkloadView,
    cluster: &ClusterView,
) -> Vec<Reason> {
    let subject = Subject::Workload(stamp.clone(), workload.name.clone());
    let why = match (
        rollout(workload, workload.generation),
        rollout_failed(workload, cluster, ctx.cluster_seen_at(stamp)),
    ) {
        (Rollout::Complete | Rollout::Paused(_), _) => return Vec::new(),
        (_, Some(failed)) => failed,
        (
            Rollout::NotYetObserved { .. }
            | Rollout::Progressing(_)
            | Rollout::Scaling(_)
            | Rollout::DeadlineExceeded { .. },
            None,
        ) => under_way(workload, cluster),
    };
    vec![Reason::new(Gate::RolloutSettled, subject, why)]
}
