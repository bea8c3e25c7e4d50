//! Workloads and their rollouts.

use crate::render::count::counted;
use crate::rotation::{Reason, Subject, Why};

/// Why it does not happen yet.
pub(super) fn why(reason: &Reason) -> String {
    let subject = &reason.subject;
    match &reason.why {
        Why::Paused => format!("{subject} is paused: a restart would roll nothing"),
        Why::Recreate => format!("{subject} has strategy Recreate: a restart ends all its pods at once"),
        Why::OnDelete => {
            format!("{subject} replaces a pod only when somebody deletes it: a restart would replace nothing")
        }
        Why::Partitioned { partition, desired } if partition >= desired => format!(
            "{subject} has partition {partition} with {desired} replicas: a restart would replace nothing"
        ),
        Why::Partitioned { partition, desired } => format!(
            "{subject} has partition {partition} with {desired} replicas: a restart would replace only {} of them",
            desired - partition
        ),
        Why::RolloutUnderWay { updated, available, desired } => {
            format!("{subject} is rolling out: {updated} of {desired} updated, {available} available")
        }
        Why::Unhealthy { available, desired, silent } if silent.is_empty() => {
            format!("{subject} has {available} of {desired} pods available")
        }
        Why::RolloutFailed { message, symptoms } => {
            let lines: String = symptoms.iter().map(|line| format!("\n        {line}")).collect();
            format!("the rollout of {subject} failed: {message}{lines}")
        }
        Why::Scaling { available, desired, silent } if silent.is_empty() => {
            format!("{subject} is being scaled: {available} of {desired} pods available")
        }
        Why::Unhealthy { available, desired, silent } | Why::Scaling { available, desired, silent } => {
            format!(
                "{} not ready and {} pods of {subject}: {available} of {desired} pods available",
                match silent.as_slice() {
                    [node] => format!("node {node} is"),
                    nodes => format!("nodes {} are", nodes.join(" and ")),
                },
                if silent.len() == 1 { "has" } else { "have" }
            )
        }
        Why::PodsLeftOut { missing, listed } => format!(
            "the API server's list of {subject} shows {}, and its controller counts {missing} more: which of both is \
             right is not known",
            counted(*listed, "pod")
        ),
        Why::FailedRestartUndone { restarted_at } => {
            format!(
                "the rollout of {subject} that was begun at {restarted_at} failed, and somebody has taken it back"
            )
        }
        Why::BudgetSpent { restarts } => {
            format!("{subject} was restarted {}, and has pods of an older key all the same", times(*restarts))
        }
        in_other_rooms!(rollouts) => String::new(),
    }
}

/// What opens it.
pub(super) fn remedy(reason: &Reason) -> String {
    let text = match &reason.why {
        Why::RolloutFailed { .. } => return failed(&reason.subject),
        Why::OnDelete => {
            "change `updateStrategy` to RollingUpdate; or delete its pods one by one once the vault holds the new key, \
             and run this again"
        }
        Why::Partitioned { .. } => "set `updateStrategy.rollingUpdate.partition` to 0",
        Why::Paused => {
            "kubectl rollout resume (an Argo Rollout: kubectl argo rollouts promote), then run this again"
        }
        Why::Recreate => "change the strategy to RollingUpdate, or accept it by name",
        Why::BudgetSpent { .. } => {
            "see what brings old pods back (a clock, a controller, somebody who writes the vault); then raise \
             `restart_budget`, or accept it by name"
        }
        Why::FailedRestartUndone { .. } => {
            "see that it is mended what it failed for, then accept it by name, and it is restarted once more; or restart it \
             by hand: new pods count, whoever made them"
        }
        Why::RolloutUnderWay { .. }
        | Why::Scaling { .. }
        | Why::PodsLeftOut { .. }
        | Why::Unhealthy { .. } => "",
        in_other_rooms!(rollouts) => "",
    };
    text.to_owned()
}

fn times(count: usize) -> String {
    match count {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        more => format!("{more} times"),
    }
}

/// Where to look first, as it is typed.
fn failed(subject: &Subject) -> String {
    let look = match subject {
        Subject::Workload(stamp, workload) => {
            let namespace = &workload.namespace;
            format!(
                " (with the context of {stamp}: `kubectl -n {namespace} get pods --sort-by .metadata.creationTimestamp`, the new \
                 ones last, then `kubectl -n {namespace} describe pod POD` and `kubectl -n {namespace} logs POD --all-containers`)"
            )
        }
        _ => String::new(),
    };
    format!("look at the new pods' events and logs{look}; roll back or mend, then run again")
}
