//! The names of concerns for machines: their kinds, which stay the same, and what each is about.

use super::Concern;
use crate::model::StampName;

impl Concern {
    /// The kind of concern, one word that stays the same.
    pub fn kind(&self) -> &'static str {
        match self {
            Concern::AgeUnknown => "age-unknown",
            Concern::LastUseUnknown => "last-use-unknown",
            Concern::NoInventory => "no-inventory",
            Concern::NoLogs { .. } => "no-logs",
            Concern::NoMetrics { .. } => "no-metrics",
            Concern::RegionUnknown { .. } => "region-unknown",
            Concern::AddressesUnknown { .. } => "addresses-unknown",
            Concern::NotLookedAt { .. } => "not-looked-at",
            Concern::SecretsUnseen { .. } => "secrets-unseen",
            Concern::NoRotation { .. } => "no-rotation",
            Concern::RotationUnknown { .. } => "rotation-unknown",
            Concern::SecretsUnread { .. } => "secrets-unread",
            Concern::HeldBeside { .. } => "held-beside",
            Concern::ClusterChanges { .. } => "cluster-changes",
            Concern::NotRunning { .. } => "not-running",
            Concern::NoCluster { .. } => "no-cluster",
            Concern::Closed { .. } => "closed",
            Concern::SecretExpires { .. } => "secret-expires",
            Concern::SecretNotYetValid { .. } => "secret-not-yet-valid",
            Concern::OneReplica { .. } => "one-replica",
            Concern::NoSurge { .. } => "no-surge",
            Concern::RollsOut { .. } => "rolls-out",
            Concern::Scaled { .. } => "scaled",
            Concern::NetworkRules { .. } => "network-rules",
            Concern::RoomUnknown { .. } => "room-unknown",
            Concern::LittleRoom { .. } => "little-room",
            Concern::AtMaximum { .. } => "at-maximum",
            Concern::PodsWait { .. } => "pods-wait",
            Concern::NodesFull { .. } => "nodes-full",
            Concern::NodesUnknown { .. } => "nodes-unknown",
            Concern::TightBudgets { .. } => "tight-budgets",
            Concern::BudgetsHold { .. } => "budgets-hold",
            Concern::BudgetsUnknown { .. } => "budgets-unknown",
            Concern::RightEnds { .. } => "right-ends",
            Concern::LogsBegin { .. } => "logs-begin",
            Concern::CensusBegins { .. } => "census-begins",
            Concern::AuditsBegin { .. } => "audits-begin",
            Concern::RuleMayRefuse { .. } => "rule-may-refuse",
            Concern::RulesUnread { .. } => "rules-unread",
            Concern::RulesUnseen { .. } => "rules-unseen",
            Concern::RestartUntold { .. } => "restart-untold",
            Concern::Managed { .. } => "managed",
            Concern::DoesNotConsume { .. } => "does-not-consume",
        }
    }

    /// What it is about, named as the subjects of gates are; a workload of several stamps by itself.
    pub fn subject(&self) -> String {
        match self {
            Concern::AgeUnknown
            | Concern::LastUseUnknown
            | Concern::NoLogs { .. }
            | Concern::NoMetrics { .. }
            | Concern::NetworkRules { .. }
            | Concern::RightEnds { .. }
            | Concern::LogsBegin { .. }
            | Concern::CensusBegins { .. } => "account".to_owned(),
            Concern::NoInventory | Concern::AuditsBegin { .. } => "rotation".to_owned(),
            Concern::RegionUnknown { stamp, .. }
            | Concern::AddressesUnknown { stamp }
            | Concern::NotLookedAt { stamp, .. }
            | Concern::SecretsUnseen { stamp, .. }
            | Concern::NoRotation { stamp, .. }
            | Concern::RotationUnknown { stamp, .. }
            | Concern::SecretsUnread { stamp, .. }
            | Concern::HeldBeside { stamp, .. }
            | Concern::ClusterChanges { stamp, .. }
            | Concern::NotRunning { stamp }
            | Concern::NoCluster { stamp }
            | Concern::Closed { stamp }
            | Concern::SecretExpires { stamp, .. }
            | Concern::SecretNotYetValid { stamp, .. }
            | Concern::RoomUnknown { stamp, .. }
            | Concern::PodsWait { stamp, .. }
            | Concern::NodesUnknown { stamp, .. }
            | Concern::TightBudgets { stamp, .. }
            | Concern::BudgetsUnknown { stamp, .. }
            | Concern::RestartUntold { stamp, .. } => stamp.to_string(),
            Concern::OneReplica { stamp, workload }
            | Concern::NoSurge { stamp, workload }
            | Concern::RollsOut { stamp, workload }
            | Concern::Scaled { stamp, workload }
            | Concern::LittleRoom { stamp, workload, .. }
            | Concern::AtMaximum { stamp, workload, .. }
            | Concern::NodesFull { stamp, workload, .. }
            | Concern::BudgetsHold { stamp, workload, .. }
            | Concern::DoesNotConsume { stamp, workload } => format!("{stamp}/{workload}"),
            Concern::Managed { workload, .. } => workload.to_string(),
            Concern::RuleMayRefuse { branch, .. }
            | Concern::RulesUnread { branch, .. }
            | Concern::RulesUnseen { branch, .. } => branch.to_string(),
        }
    }

    /// The stamps that it is about; none where it is about something that all have in common.
    pub fn stamps(&self) -> Vec<&StampName> {
        match self {
            Concern::AgeUnknown
            | Concern::LastUseUnknown
            | Concern::NoInventory
            | Concern::NoLogs { .. }
            | Concern::NoMetrics { .. }
            | Concern::NetworkRules { .. }
            | Concern::RightEnds { .. }
            | Concern::LogsBegin { .. }
            | Concern::CensusBegins { .. }
            | Concern::RuleMayRefuse { .. }
            | Concern::RulesUnread { .. }
            | Concern::RulesUnseen { .. } => Vec::new(),
            Concern::RegionUnknown { stamp, .. }
            | Concern::AddressesUnknown { stamp }
            | Concern::NotLookedAt { stamp, .. }
            | Concern::SecretsUnseen { stamp, .. }
            | Concern::NoRotation { stamp, .. }
            | Concern::RotationUnknown { stamp, .. }
            | Concern::SecretsUnread { stamp, .. }
            | Concern::HeldBeside { stamp, .. }
            | Concern::ClusterChanges { stamp, .. }
            | Concern::NotRunning { stamp }
            | Concern::NoCluster { stamp }
            | Concern::Closed { stamp }
            | Concern::SecretExpires { stamp, .. }
            | Concern::SecretNotYetValid { stamp, .. }
            | Concern::RoomUnknown { stamp, .. }
            | Concern::PodsWait { stamp, .. }
            | Concern::NodesUnknown { stamp, .. }
            | Concern::TightBudgets { stamp, .. }
            | Concern::BudgetsUnknown { stamp, .. }
            | Concern::RestartUntold { stamp, .. }
            | Concern::OneReplica { stamp, .. }
            | Concern::NoSurge { stamp, .. }
            | Concern::RollsOut { stamp, .. }
            | Concern::Scaled { stamp, .. }
            | Concern::LittleRoom { stamp, .. }
            | Concern::AtMaximum { stamp, .. }
            | Concern::NodesFull { stamp, .. }
            | Concern::BudgetsHold { stamp, .. }
            | Concern::DoesNotConsume { stamp, .. } => vec![stamp],
            Concern::AuditsBegin { vaults } => vaults.iter().map(|(stamp, _)| stamp).collect(),
            Concern::Managed { stamps, .. } => stamps.iter().collect(),
        }
    }
}
