//! `keyslot verify` for people: who differs, what could not be seen, what the code says.

use super::reason::slot_use;
use crate::rotation::{Difference, Standing};

/// How many pods are named.
const SHOWN: usize = 5;

/// What is said of a closed stamp.
pub const CLOSED: &str = "closed: Azure knows neither its cluster nor its vault, so nobody there uses a key";

/// The judgement in lines, after the matrix.
pub fn verdict(standing: &Standing) -> String {
    let mut lines: Vec<String> = standing.differences.iter().map(difference).collect();
    lines.extend(
        standing.unseen.iter().map(|unseen| format!("not seen: {}: {}", unseen.what, unseen.blind.why)),
    );
    lines.extend(standing.closed.iter().map(|stamp| format!("{stamp}: {CLOSED}")));
    for (branch, reads) in &standing.ahead {
        lines.push(format!(
            "note: the code on {branch} reads {}, which the vaults do not hold",
            slot_use(*reads)
        ));
    }
    lines.push(match (standing.agrees(), standing.seen_slot) {
        (true, Some(slot)) if standing.unseen.is_empty() => format!("everybody uses the {slot} key"),
        (true, Some(slot)) => format!("everybody who could be seen uses the {slot} key"),
        (true, None) if standing.unseen.is_empty() && !standing.closed.is_empty() => {
            "nobody uses a key: every stamp is closed".to_owned()
        }
        (true, None) => "nobody can say which key is used".to_owned(),
        (false, _) => "the stamps disagree".to_owned(),
    });
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// One difference, as a line.
pub fn difference(difference: &Difference) -> String {
    let stamp = difference.stamp();
    match difference {
        Difference::OtherSlot { holds, most, .. } => {
            let others = if *most { "most others" } else { "as many others" };
            format!("{stamp}: its vault holds the {holds} key, {others} the other")
        }
        Difference::OtherAccess { holds, .. } => format!(
            "{stamp}: its vault holds the {} {} key, and should hold the {} one",
            holds.access,
            holds.slot,
            holds.access.other()
        ),
        Difference::NoKey { .. } => {
            format!("{stamp}: its vault holds neither key of the account: set by hand, or regenerated away")
        }
        Difference::Disabled { .. } => format!(
            "{stamp}: the secret's current version is disabled: nobody gets it, and new pods do not start"
        ),
        Difference::OldPods { pods, .. } => {
            let named = pods.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
            let more = pods.len().saturating_sub(SHOWN);
            let rest = if more == 0 { String::new() } else { format!(" and {more} more") };
            format!("{stamp}: pods that may use an older key than its vault holds: {named}{rest}")
        }
        Difference::StaleSecret { secret, holds, .. } => match holds {
            Some(slot) => {
                format!("{stamp}: the Kubernetes Secret {secret} holds the {slot} key, its vault another")
            }
            None => format!("{stamp}: the Kubernetes Secret {secret} does not hold what its vault holds"),
        },
    }
}
