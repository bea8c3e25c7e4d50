//! What to do about each concern.

use super::super::{branch_rules, reason};
use super::managed::leaves_marks;
use crate::rotation::Concern;

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
        Concern::Managed { by, .. } if leaves_marks(by) => {
            "nothing; or have it apply nothing else to the workload until the restart is over"
        }
        Concern::Managed { .. } => {
            "have it ignore the annotations of the pod template, or wait until it has settled"
        }
    };
    fixed.to_owned()
}
