//! The gate: no pod of a stamp holds an older key.

use std::time::Duration;

use super::super::super::{Context, Gate, Leg, Reason, Subject, Why};
use super::elsewhere::mounting_elsewhere;
use super::left_out::{endings_left_out, left_out};
use super::mounts::{lasts, unproven};
use super::nodes::{nodes_not_ready, nodes_silent, overdue, placed};
use super::stays::{jobs_run, stays};
use super::synced::{absent, undated};
use super::{is_old, old_pods};
use crate::model::{ObjectName, PodView, StampName};

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
        let lasting = lasts(vault, cluster, ctx.policy.vault_lag, ctx.cluster_seen_at(stamp));
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
