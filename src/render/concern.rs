//! What there is to know before a rotation, in words: each concern, and what to do about it. Every match is exhaustive, so
//! that a new concern does not compile until both can be said.

use super::count::counted;
use super::{branch_rules, reason, span};
use crate::model::Extent;
use crate::rotation::Concern;

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
            "{by} manages {workload} ({}): it may take the mark of a restart away again, which rolls the pods once more",
            match stamps.as_slice() {
                [stamp] => stamp.to_string(),
                several => counted(several.len(), "stamp"),
            }
        ),
        Concern::DoesNotConsume { stamp, workload } => {
            format!("{stamp}: {workload} is configured and does not get the secret")
        }
    }
}

/// What to do about it; where nothing has to be done, what that comes down to.
pub fn to_do(concern: &Concern) -> String {
    let fixed = match concern {
        Concern::RuleMayRefuse { branch: _, deed, demand } => {
            return format!("if it does not: {}", branch_rules::remedy(*deed, demand));
        }
        Concern::DoesNotConsume { workload, .. } => {
            return format!(
                "take {workload} out of `workloads` in keyslot.toml, or see why it does not get the secret there (another class, \
                 another name of the secret)"
            );
        }
        Concern::OneReplica { workload, .. } => {
            return format!(
                "raise the replicas of {workload} to two, or restart it when a short gap does no harm"
            );
        }
        Concern::RestartUntold { what, .. } => {
            return format!(
                "see that a Role lets keyslot {what}, as that of `keyslot example cluster-role` does"
            );
        }
        Concern::AgeUnknown => {
            "nothing, if it is known otherwise to be young; or set `max_target_age` under the environment's policy, and it is made \
             anew first"
        }
        Concern::LastUseUnknown => {
            "add [environment.NAME.logs] to keyslot.toml: logs of requests tell who still uses a key; without them accept that \
             pods and vaults alone tell"
        }
        Concern::NoInventory => "add [environment.NAME.inventory] to keyslot.toml",
        Concern::NoLogs { .. } => "add [environment.NAME.logs] to keyslot.toml",
        Concern::NoMetrics { .. } => {
            "assign the role “Monitoring Reader” on the account to this identity, if it is refused; else run the plan again later"
        }
        Concern::RegionUnknown { said: None, .. } => "add `region` to the stamp in keyslot.toml",
        Concern::RegionUnknown { said: Some(_), .. } => {
            "correct `region` of the stamp in keyslot.toml, or leave it if the stamp is served from elsewhere"
        }
        Concern::AddressesUnknown { .. } => {
            "add `addresses` to the stamp in keyslot.toml or, of a release unit, `outbound_addresses` to its object in the \
             Terraform output"
        }
        Concern::NotLookedAt { .. } => {
            "bind the role of `keyslot example cluster-role` to this identity in all namespaces (ClusterRoleBinding) and name none in \
             keyslot.toml; or see for yourself that nobody gets the secret elsewhere"
        }
        Concern::SecretsUnseen { .. } => {
            "grant `get` on `secrets` by these names (only their metadata is asked for), or see by hand that they do not hold the key"
        }
        Concern::NoRotation { .. } => reason::FILLED,
        Concern::RotationUnknown { .. } => {
            "name the cluster by `aks` in the stamp, so that Azure tells of its add-on; or see that the driver runs with \
             `--enable-secret-rotation`"
        }
        Concern::SecretsUnread { .. } => {
            "find out who reads them (`kubectl get components,triggerauthentications -A`, the audit log of the API server) and \
             name what has to be restarted with them in `workloads`; or take them out of `secretObjects` where nobody does"
        }
        Concern::HeldBeside { .. } => "see that it ends by then, or restart it by other means after that",
        Concern::ClusterChanges { .. } => "nothing; or see that it comes to its end (`az aks show`)",
        Concern::NotRunning { .. } => {
            "when it starts again, see that those Secrets hold the new key (`keyslot verify`), or delete them before pods begin"
        }
        Concern::NoCluster { .. } => {
            "if it is gone for good, take its cluster out of keyslot.toml; if not, correct its name, resource group and subscription"
        }
        Concern::Closed { .. } => "take it out of keyslot.toml",
        Concern::SecretExpires { .. } => {
            "see that the code gives the next version a later end, or none (`expiration_date`), before whoever heeds it stops"
        }
        Concern::SecretNotYetValid { .. } => {
            "see which date the code gives the next version (`not_before_date`), or take it out there"
        }
        Concern::NoSurge { .. } => {
            "set `maxSurge` to 1 or more, so that a new pod serves before an old one goes"
        }
        Concern::RollsOut { .. } => {
            "wait until it is over, or see what keeps it from its end (`kubectl rollout status`)"
        }
        Concern::Scaled { .. } => {
            "nothing; its next pod begins with the new key. To see the new key work there, scale it up before"
        }
        Concern::NetworkRules { .. } => {
            "see that every machine that goes on with the rotation is let in, up to the end of confirm"
        }
        Concern::RoomUnknown { .. } => {
            "bind the role of `keyslot example cluster-role` to this identity, which lists quotas and autoscalers; or see by hand that there is room"
        }
        Concern::LittleRoom { .. } => "raise the quota, or let it take longer",
        Concern::AtMaximum { .. } => {
            "restart when there is less to do, raise `maxReplicas`, or set `maxUnavailable` to 0 so that no pod is missed"
        }
        Concern::PodsWait { .. } => "add nodes, or see that a node autoscaler does; or take away what waits",
        Concern::NodesFull { grows: true, .. } => "see that the autoscaler has not reached its limit",
        Concern::NodesFull { grows: false, .. } => "add a node, or free some room",
        Concern::NodesUnknown { .. } => {
            "bind the role of `keyslot example cluster-role` to this identity in all namespaces (ClusterRoleBinding), which lists nodes, and name \
             no namespaces in keyslot.toml; or see by hand that one more pod of each workload fits (`kubectl describe nodes`)"
        }
        Concern::TightBudgets { .. } => {
            "nothing for the rotation; drain no node and upgrade no cluster until budgets allow an eviction again"
        }
        Concern::BudgetsHold { .. } => {
            "raise the replicas, or let the budget allow one eviction, before it is restarted"
        }
        Concern::BudgetsUnknown { .. } => {
            "bind the role of `keyslot example cluster-role` to this identity, which lists them; or see by hand (`kubectl get pdb -A`)"
        }
        Concern::RightEnds { .. } => "have it extended in time",
        Concern::LogsBegin { .. } => "wait: the regeneration is held until then",
        Concern::CensusBegins { .. } => {
            "wait; or ask for less by a shorter `census_window` under the environment's policy; or accept it by name"
        }
        Concern::AuditsBegin { .. } => {
            "ask those who may read the secret there whether they hold the key; or begin when the audit is as old as the census \
             window"
        }
        Concern::RulesUnread { .. } => {
            "look at the branch's rules in the forge, or let this identity read them"
        }
        Concern::RulesUnseen { .. } => {
            "let this identity read the branch's rules, if it is refused; or look at them in the forge"
        }
        Concern::Managed { .. } => {
            "have it ignore the annotations of the pod template, or wait until it has settled"
        }
    };
    fixed.to_owned()
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
