//! What a restart did, stamp by stamp, what it left as it was, and why.

use super::{matrix::columns, reason, span};
use crate::rotation::{StampRestart, WorkloadRestart};

/// One line a workload.
pub fn restarts(stamps: &[StampRestart]) -> String {
    let lines: Vec<[String; 3]> = stamps
        .iter()
        .flat_map(|stamp| stamp.workloads.iter().map(move |(workload, told)| (stamp, workload, told)))
        .map(|(stamp, workload, told)| [stamp.stamp.to_string(), workload.to_string(), of(stamp, told)])
        .collect();
    columns(&lines)
}

fn of(stamp: &StampRestart, told: &WorkloadRestart) -> String {
    match told {
        WorkloadRestart::Restarted(at) => format!("restarted at {}", span::time(*at)),
        WorkloadRestart::Young => "left as it is: its pods are younger than what the vault holds".to_owned(),
        WorkloadRestart::NoPods => "left as it is: its cluster does not run".to_owned(),
        WorkloadRestart::Due | WorkloadRestart::Held(_) if !stamp.asked => {
            "left as it is: its stamp was not named".to_owned()
        }
        WorkloadRestart::Sent { at, answered, overtaken, why } => {
            let silence = if *answered { "" } else { " and not answered" };
            let why = why.as_ref().map(|why| format!(": {}", reason::why(why))).unwrap_or_default();
            let overtaken = if *overtaken { " and changed by somebody since" } else { "" };
            format!(
                "restart sent at {}{silence}{overtaken}, pods from before it are still there{why}",
                span::time(*at)
            )
        }
        WorkloadRestart::Due => "not restarted yet".to_owned(),
        WorkloadRestart::Held(held) => format!("held: {}", reason::why(held)),
    }
}
