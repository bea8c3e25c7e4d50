//! Whether there is room for a restart.

use crate::render::count::counted;
use crate::rotation::{Reason, Why};

/// Why it does not happen yet.
pub(super) fn why(reason: &Reason) -> String {
    let subject = &reason.subject;
    match &reason.why {
        Why::TakesAll { desired: 1 } => {
            format!("a restart of {subject} takes its only pod away before another serves")
        }
        Why::TakesAll { desired } => {
            format!("a restart of {subject} may take all of its {desired} pods away before another serves")
        }
        Why::NoRoom { quota, resource, asks: Some(asks), hard, used, passing: _ } => format!(
            "{subject} has no room for one pod more: the quota {quota} has {used} of {hard} {resource} in use, and a \
             pod takes {asks}"
        ),
        Why::NoRoom { quota, resource, asks: None, hard: _, used: _, passing: _ } => format!(
            "the quota {quota} admits no new pod of {subject}: it counts {resource}, and the pods do not say how much \
             they take"
        ),
        Why::AtLimit { autoscaler, most } => format!(
            "the autoscaler {autoscaler} would give {subject} more than its {most} pods, and a restart takes some away \
             for a while"
        ),
        Why::NodesFull { waiting, pods, message } => format!(
            "no node has room for {} ({message}), and a restart of {subject} takes pods away before others serve: their \
             room may go to {}",
            waiting_pods(*waiting, pods),
            if *waiting == 1 { "that pod" } else { "those pods" }
        ),
        in_other_rooms!(room) => String::new(),
    }
}

/// What opens it.
pub(super) fn remedy(reason: &Reason) -> String {
    let text = match &reason.why {
        Why::TakesAll { .. } => {
            "raise the replicas, or `maxSurge` and lower `maxUnavailable`; or accept the gap by name"
        }
        Why::NoRoom { asks: None, .. } => {
            "name requests and limits in the pod template, or give the namespace a LimitRange with defaults"
        }
        Why::NoRoom { .. } => {
            "raise the quota, or free some of it; or accept by name that the rollout may stop"
        }
        Why::AtLimit { .. } => {
            "wait until there is less to do, or raise `maxReplicas`; or set `maxUnavailable` to 0 so that no pod is missed"
        }
        Why::NodesFull { .. } => {
            "wait until a node autoscaler has made room, add nodes or raise its limit, or take away what waits; or set \
             `maxUnavailable` to 0 so that no pod is missed; or accept by name that fewer may serve for a while"
        }
        in_other_rooms!(room) => "",
    };
    text.to_owned()
}

/// Pods that wait for a node; the first few are known by name.
pub(in crate::render) fn waiting_pods(count: usize, named: &[String]) -> String {
    let mut text = format!("{} ({}", counted(count, "pod"), named.join(", "));
    if count > named.len() {
        text.push_str(&format!(" and {} more", count - named.len()));
    }
    text + ")"
}
