//! Whether there is room for a restart: what quotas leave for the pods that come before others go, and whether an
//! autoscaler is at its limit while the restart takes pods away.
//!
//! A rolling update deletes pods and evicts none, so budgets of disruption are no part of this; Argo's restart of a
//! Rollout evicts, and is another matter. Where quotas may not be read, nobody knows, and the plan says so: a surge
//! that finds no room stops the rollout. Of its own pods the controller has taken away by then as many as may be
//! unavailable, whether or not a new one has found a node; so while pods wait for a node, no restart takes any away.

use std::time::Duration;

use super::super::{Context, Gate, Reason, Subject, Why};
use crate::model::{
    Amount, AutoscalerView, ClusterView, PodAsks, QuotaLine, QuotaView, RoomView, StampName, Takes, Unplaced,
    WorkloadKind, WorkloadName, WorkloadView,
};

/// How old the quotas may be that a restart rests on. What others take meanwhile shows as a rollout that stops; after a
/// restart of our own they are looked at again.
pub const ROOM_AGE: Duration = Duration::from_secs(900);

/// The workload has room to be restarted, by what its stamp's quotas and autoscalers say.
pub fn room(ctx: &Context<'_>, stamp: &StampName, name: &WorkloadName, cluster: &ClusterView) -> Vec<Reason> {
    let gate = Gate::Preflight;
    let Some(workload) = cluster.workload(name).filter(|workload| workload.desired > 0) else {
        return Vec::new();
    };
    let subject = Subject::Workload(stamp.clone(), name.clone());
    let room = match ctx.room(stamp, gate, ROOM_AGE) {
        Ok(room) => room,
        Err(reason) => return vec![*reason],
    };
    let limited = at_limit(workload, room);
    no_room(workload, cluster, room)
        .into_iter()
        .chain(limited)
        .map(|why| Reason::new(gate, subject.clone(), why))
        .collect()
}

/// Of a quota's line, how many more of the workload's pods fit; `None` where not even one is admitted by any amount.
pub struct Fits<'a> {
    pub quota: &'a QuotaView,
    pub line: &'a QuotaLine,
    pub each: Option<Amount>,
    pub count: u128,
}

/// Every line that counts the workload's pods.
pub fn fits<'a>(
    workload: &'a WorkloadView,
    cluster: &ClusterView,
    room: &'a RoomView,
) -> impl Iterator<Item = Fits<'a>> {
    let asks = asks(workload, cluster);
    let namespace = workload.name.namespace.as_str();
    let quotas = room.quotas.iter().flatten().filter(move |quota| quota.namespace == namespace);
    let counting = quotas.filter(move |quota| asks.is_some_and(|asks| quota.counts(&asks)));
    let lines = counting.flat_map(|quota| quota.lines.iter().map(move |line| (quota, line)));
    lines.filter_map(move |(quota, line)| {
        let free = line.hard.less(line.used);
        match takes(workload, asks?, &line.resource) {
            Takes::Nothing => None,
            Takes::Some(each) if each.is_zero() => None,
            Takes::Some(each) => Some(Fits { quota, line, each: Some(each), count: free.holds(each) }),
            Takes::Unnamed => Some(Fits { quota, line, each: None, count: 0 }),
        }
    })
}

/// A restart of a Deployment makes a ReplicaSet beside its pods.
fn takes(workload: &WorkloadView, asks: PodAsks, resource: &str) -> Takes {
    let makes_set = workload.name.kind == WorkloadKind::Deployment;
    match resource {
        "count/replicasets.apps" | "replicasets.apps" if makes_set => Takes::Some(Amount::whole(1)),
        other => asks.takes(other),
    }
}

/// What its youngest pod asks for: the next one asks for the same.
fn asks(workload: &WorkloadView, cluster: &ClusterView) -> Option<PodAsks> {
    cluster.pods_of(&workload.name).max_by_key(|pod| pod.created).map(|pod| pod.asks)
}

/// The first line in which not one more pod fits. Without a surge a pod's successor takes what the pod had, which only
/// a quota that was lowered below what is used refuses.
fn no_room(workload: &WorkloadView, cluster: &ClusterView, room: &RoomView) -> Option<Why> {
    let refuses = |fits: &Fits<'_>| match (workload.surge(), fits.each) {
        (_, None) => true,
        (0, Some(_)) => fits.line.used > fits.line.hard,
        (_, Some(_)) => fits.count == 0,
    };
    let found = fits(workload, cluster, room).find(refuses)?;
    let Fits { quota, line, each, count: _ } = found;
    Some(Why::NoRoom {
        quota: quota.name.clone(),
        resource: line.resource.clone(),
        asks: each,
        hard: line.hard,
        used: line.used,
        // What ends gives its room back.
        passing: each.is_some() && is_about_to_free(workload, cluster),
    })
}

fn is_about_to_free(workload: &WorkloadView, cluster: &ClusterView) -> bool {
    let namespace = workload.name.namespace.as_str();
    let ending = |pod: &crate::model::PodView| pod.namespace == namespace && pod.deleting.is_some();
    let surging = |other: &WorkloadView| other.name.namespace == namespace && other.replicas > other.desired;
    cluster.pods.iter().any(ending) || cluster.workloads.iter().any(surging)
}

/// The autoscaler of the workload.
pub fn autoscaler<'a>(name: &WorkloadName, room: &'a RoomView) -> Option<&'a AutoscalerView> {
    room.autoscalers.iter().flatten().find(|autoscaler| autoscaler.target == *name)
}

/// It would have more pods than it is allowed, and a restart would take some away.
fn at_limit(workload: &WorkloadView, room: &RoomView) -> Option<Why> {
    let autoscaler = autoscaler(&workload.name, room).filter(|autoscaler| autoscaler.limited)?;
    workload.loses_pods().then(|| Why::AtLimit { autoscaler: autoscaler.name.clone(), most: autoscaler.most })
}

/// No pod of anybody waits for a node, where a restart would take some away.
pub fn nodes_have_room(stamp: &StampName, name: &WorkloadName, cluster: &ClusterView) -> Option<Reason> {
    let workload = cluster.workload(name).filter(|workload| workload.desired > 0 && workload.loses_pods())?;
    let Unplaced { count, pods, message } = cluster.unplaced.clone()?;
    let why = Why::NodesFull { waiting: count, pods, message };
    Some(Reason::new(Gate::Preflight, Subject::Workload(stamp.clone(), workload.name.clone()), why))
}
