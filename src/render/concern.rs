//! What there is to know before a rotation, in words: each concern, and what to do about it. Every match is exhaustive, so
//! that a new concern does not compile until both can be said.

mod managed;
mod remedy;

use super::count::counted;
use super::{branch_rules, reason, span};
use crate::model::Extent;
use crate::rotation::Concern;

use managed::leaves_marks;
pub(super) use managed::on_mark;
pub use remedy::to_do;

/// What there is to know, as one sentence without a full stop.
pub fn what(concern: &Concern) -> String {
    match concern {
        Concern::AgeUnknown => "the target key's age is not known: it was not regenerated since 2022-06-18".to_owned(),
        Concern::LastUseUnknown => {
            "Azure does not tell when keys were last used: only pods and vaults can show that nobody uses the old one"
                .to_owned()
        }
        Concern::NoInventory => {
            "nobody looks for stamps that are not listed".to_owned()
        }
        Concern::NoLogs { counted } => {
            let refused = match counted {
                true => "is not looked up, and of a restarted stamp that is refused its metrics alone tell",
                false => "and whether a restarted stamp is refused, is not looked up",
            };
            format!(
                "nobody says where requests to the account are logged, so who else uses the key{}{refused}",
                if *counted { " " } else { ", " }
            )
        }
        Concern::NoMetrics { why } => format!(
            "whether a restarted stamp is refused, the account's metrics do not tell, for they cannot be read: {why}"
        ),
        Concern::AddressesUnknown { stamp } => format!(
            "{stamp}: nobody says from where its pods are seen to come, so that an address of theirs that is not \
             seen again with the new key holds like a stranger's"
        ),
        Concern::RegionUnknown { stamp, said: None } => format!(
            "{stamp}: nobody says which of the account's regions serves it, so that what any of them refuses counts as \
             its own"
        ),
        Concern::RegionUnknown { stamp, said: Some(region) } => format!(
            "{stamp}: the account is not in {region}, so that what any of its regions refuses counts as the stamp's own"
        ),
        Concern::SecretsUnseen { stamp, secrets, why } => format!(
            "{stamp}: whether a SecretProviderClass filled {} before, which pods read and none fills now, nobody may see: {why}; a \
             Secret that lost its class keeps the old key",
            secrets.join(", ")
        ),
        Concern::NoRotation { stamp, secrets } => format!(
            "{stamp}: its CSI driver has rotation off: the old key stays in {} when the vault holds the new one, which holds the \
             rotation then",
            all_named("Kubernetes Secret", secrets)
        ),
        Concern::RotationUnknown { stamp, secrets } => format!(
            "{stamp}: nobody says whether its CSI driver has rotation on; where it is off, the old key stays in {} when the vault holds the new one, which holds the rotation \
             then",
            all_named("Kubernetes Secret", secrets)
        ),
        Concern::SecretsUnread { stamp, secrets } => format!(
            "{stamp}: no specification reads {}, which {} filled with the key: who reads {} from the API server (a Dapr component, a \
             KEDA trigger, a copy elsewhere), keyslot does not see",
            all_named("Kubernetes Secret", secrets),
            if secrets.len() == 1 { "is" } else { "are" },
            if secrets.len() == 1 { "it" } else { "them" },
        ),
        Concern::HeldBeside { stamp, objects } => format!(
            "{stamp}: {} {} the key now, and {} nothing that keyslot restarts: what is left of it when the vault holds the new key \
             holds the rotation",
            objects.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
            if objects.len() == 1 { "holds" } else { "hold" },
            if objects.len() == 1 { "is" } else { "are" },
        ),
        Concern::ClusterChanges { stamp, state } => format!(
            "{stamp}: Azure is at work on its cluster ({state}): its restart waits until that is over"
        ),
        Concern::NotLookedAt { stamp, extent: Extent { namespaces, refused, whole: _ } } => {
            let refused = match refused.as_slice() {
                [] => String::new(),
                refused => format!("; {} may not be listed", refused.join(", ")),
            };
            format!(
                "{stamp}: of its cluster only {} {} looked at{refused}: whoever gets the secret elsewhere is not seen",
                all_named("namespace", namespaces),
                if namespaces.len() == 1 { "is" } else { "are" }
            )
        }
        Concern::NotRunning { stamp } => {
            format!("{stamp}: its cluster does not run: its vault has to hold the new key, and {}", reason::STOPPED)
        }
        Concern::NoCluster { stamp } => {
            format!("{stamp}: there is no such cluster; only its vault has to hold the new key")
        }
        Concern::Closed { stamp } => {
            format!("{stamp}: {}", super::verify::CLOSED)
        }
        Concern::SecretExpires { stamp, at } => format!(
            "{stamp}: the secret's current version expires at {}, by what stands beside it: Key Vault goes on handing it out, \
             others may not take it; the next version has the end that the code gives it",
            span::rfc3339(*at)
        ),
        Concern::SecretNotYetValid { stamp, at } => format!(
            "{stamp}: the secret's current version is not valid before {}, by what stands beside it: Key Vault hands it out all \
             the same, others may not take it; the next version has the date that the code gives it",
            span::rfc3339(*at)
        ),
        Concern::OneReplica { stamp, workload } => {
            format!("{stamp}: {workload} has one replica: it depends on a second one starting first")
        }
        Concern::NoSurge { stamp, workload } => {
            format!("{stamp}: {workload} takes a replica away before it adds one (maxSurge 0)")
        }
        Concern::RollsOut { stamp, workload } => {
            format!("{stamp}: {workload} is rolling out: its restart waits until that is over")
        }
        Concern::Scaled { stamp, workload } => format!("{stamp}: {workload} is scaled to zero"),
        Concern::NetworkRules { rules } => format!(
            "the account does not let everybody in ({}), and this machine is let in: one that goes on with the rotation and \
             is not halts there",
            reason::network_rules(rules)
        ),
        Concern::RoomUnknown { stamp, why } => format!(
            "{stamp}: whether there is room for a restart is not known: {why}; where there is none, the rollout stops, and \
             the pods that serve stay"
        ),
        Concern::LittleRoom { stamp, workload, quota, fit, surge } => format!(
            "{stamp}: the quota {quota} has room for {fit} of the {surge} pods that a restart of {workload} may add: it \
             takes longer"
        ),
        Concern::AtMaximum { stamp, workload, most } => format!(
            "{stamp}: {workload} has all the {most} pods that its autoscaler may give it, and a restart takes some away for \
             a while (`maxUnavailable`)"
        ),
        Concern::PodsWait { stamp, unplaced, workloads } => format!(
            "{stamp}: no node has room for {} ({}): the new pods of {} may wait as well, and the rollout with them; \
             a restart that takes pods away waits until none does",
            reason::waiting_pods(unplaced.count, &unplaced.pods),
            unplaced.message,
            workloads.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
        ),
        Concern::NodesFull { stamp, workload, takers, grows, loses } => format!(
            "{stamp}: {} has room for one pod more of {workload}, by what pods request of cpu, memory and places: {}{}",
            match takers {
                0 => "no node takes its pods now, and none".to_owned(),
                1 => "not even the one node that takes its pods".to_owned(),
                many => format!("none of the {many} nodes that take its pods"),
            },
            match loses {
                true => "its restart takes pods away all the same, and they are missed until there is room",
                false => "its rollout stops, and the pods that serve stay, until there is room",
            },
            match grows {
                true => "; a node autoscaler seems to be there, and may make some",
                false => "",
            }
        ),
        Concern::NodesUnknown { stamp, why } => {
            format!("{stamp}: whether a node has room for the pods that a restart adds is not known: {why}")
        }
        Concern::TightBudgets { stamp, budgets } => format!(
            "{stamp}: {} now: a rolling update does not ask PodDisruptionBudgets, for it evicts nothing, but a drain of a \
             node or an upgrade of the cluster would wait",
            no_eviction(budgets)
        ),
        Concern::BudgetsHold { stamp, workload, budgets } => format!(
            "{stamp}: {} now: Argo restarts {workload} by evictions, and waits where such a budget counts its pods",
            no_eviction(budgets)
        ),
        Concern::BudgetsUnknown { stamp, why } => {
            format!("{stamp}: PodDisruptionBudgets, which would hold a drain and no restart, cannot be seen: {why}")
        }
        Concern::RightEnds { until } => format!(
            "the role that lets keyslot regenerate ends at {}, before the prescribed waits alone are over",
            span::rfc3339(*until)
        ),
        Concern::LogsBegin { begins, from } => format!(
            "the first row of the account's logs is of {}: that a key is unused they can tell from {} on",
            span::rfc3339(*begins),
            span::rfc3339(*from)
        ),
        Concern::CensusBegins { begins, from } => format!(
            "the first row of the account's logs is of {}: who comes by now and then they can tell from {} on, and until then \
             that holds the regeneration",
            span::rfc3339(*begins),
            span::rfc3339(*from)
        ),
        Concern::AuditsBegin { vaults } => {
            let vault = |(stamp, begins): &(crate::model::StampName, jiff::Timestamp)| {
                format!("{stamp} ({})", span::rfc3339(*begins))
            };
            format!(
                "the audit of these vaults begins within the census window: {}; who read the secret there before, nobody \
                 knows, and nothing holds for it",
                vaults.iter().map(vault).collect::<Vec<_>>().join(", ")
            )
        }
        Concern::RuleMayRefuse { branch, deed, demand } => format!(
            "it is not known whether the forge lets keyslot {}",
            branch_rules::refused(branch, *deed, demand)
        ),
        Concern::RulesUnread { branch, what } => format!("{branch}: {}", branch_rules::unread(*what)),
        Concern::RulesUnseen { branch, why } => {
            format!("{branch}: what the forge's rules say of it cannot be seen: {why}")
        }
        Concern::RestartUntold { stamp, what, why } => {
            format!("{stamp}: whether keyslot may {what}, its cluster does not say: {why}")
        }
        Concern::Managed { workload, by, stamps } => format!(
            "{by} manages {workload} ({}): it {}{}",
            match stamps.as_slice() {
                [stamp] => stamp.to_string(),
                several => counted(several.len(), "stamp"),
            },
            on_mark(by),
            match leaves_marks(by) {
                true => ", and rolls the pods once more only where it applies a change",
                false => "",
            }
        ),
        Concern::DoesNotConsume { stamp, workload } => {
            format!("{stamp}: {workload} is configured and does not get the secret")
        }
    }
}

/// With what to do about it below.
pub(super) fn lines(concern: &Concern) -> [String; 2] {
    [what(concern), format!("    to do: {}", to_do(concern))]
}

/// All in one line.
pub fn line(concern: &Concern) -> String {
    format!("{}; to do: {}", what(concern), to_do(concern))
}

fn all_named(noun: &str, names: &[String]) -> String {
    let plural = if names.len() == 1 { "" } else { "s" };
    format!("the {noun}{plural} {}", names.join(", "))
}

fn no_eviction(budgets: &[String]) -> String {
    let (plural, allow) = if budgets.len() == 1 { ("", "allows") } else { ("s", "allow") };
    format!("the PodDisruptionBudget{plural} {} {allow} no eviction", budgets.join(", "))
}
