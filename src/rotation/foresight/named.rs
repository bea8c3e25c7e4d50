//! The names of concerns for machines: their kinds, which stay the same, and what each is about.

use jiff::Timestamp;

use super::Concern;
use crate::model::{BranchName, StampName, WorkloadName};

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
        match self.about() {
            About::Account => "account".to_owned(),
            About::Rotation | About::Vaults(_) => "rotation".to_owned(),
            About::Stamp(stamp) => stamp.to_string(),
            About::Workload(stamp, workload) => format!("{stamp}/{workload}"),
            About::WorkloadOf(_, workload) => workload.to_string(),
            About::Branch(branch) => branch.to_string(),
        }
    }

    /// The stamps that it is about; none where it is about something that all have in common.
    pub fn stamps(&self) -> Vec<&StampName> {
        match self.about() {
            About::Account | About::Rotation | About::Branch(_) => Vec::new(),
            About::Stamp(stamp) | About::Workload(stamp, _) => vec![stamp],
            About::WorkloadOf(stamps, _) => stamps.iter().collect(),
            About::Vaults(vaults) => vaults.iter().map(|(stamp, _)| stamp).collect(),
        }
    }

    fn about(&self) -> About<'_> {
        match self {
            Concern::AgeUnknown
            | Concern::LastUseUnknown
            | Concern::NoLogs { .. }
            | Concern::NoMetrics { .. }
            | Concern::NetworkRules { .. }
            | Concern::RightEnds { .. }
            | Concern::LogsBegin { .. }
            | Concern::CensusBegins { .. } => About::Account,
            Concern::NoInventory => About::Rotation,
            Concern::AuditsBegin { vaults } => About::Vaults(vaults),
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
            | Concern::RestartUntold { stamp, .. } => About::Stamp(stamp),
            Concern::OneReplica { stamp, workload }
            | Concern::NoSurge { stamp, workload }
            | Concern::RollsOut { stamp, workload }
            | Concern::Scaled { stamp, workload }
            | Concern::LittleRoom { stamp, workload, .. }
            | Concern::AtMaximum { stamp, workload, .. }
            | Concern::NodesFull { stamp, workload, .. }
            | Concern::BudgetsHold { stamp, workload, .. }
            | Concern::DoesNotConsume { stamp, workload } => About::Workload(stamp, workload),
            Concern::Managed { stamps, workload, .. } => About::WorkloadOf(stamps, workload),
            Concern::RuleMayRefuse { branch, .. }
            | Concern::RulesUnread { branch, .. }
            | Concern::RulesUnseen { branch, .. } => About::Branch(branch),
        }
    }
}

/// What concerns are about.
enum About<'a> {
    Account,
    Rotation,
    Vaults(&'a [(StampName, Timestamp)]),
    Stamp(&'a StampName),
    Workload(&'a StampName, &'a WorkloadName),
    WorkloadOf(&'a [StampName], &'a WorkloadName),
    Branch(&'a BranchName),
}
