//! What there is to know before a rotation, as data.

use jiff::Timestamp;

use super::super::predicate::Deed;
use crate::model::{
    BranchName, Demand, Extent, Manager, NetworkRules, ObjectName, StampName, Unplaced, UnreadRules,
    WorkloadName,
};

/// Something to know before beginning. Nothing of it is a gate: gates are told by their reasons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Concern {
    /// The key was never regenerated since Azure keeps note of it, so nobody knows how old it is.
    AgeUnknown,
    /// Azure does not tell when keys were last used: the quiet window proves nothing.
    LastUseUnknown,
    /// Nobody looks for stamps that are not listed.
    NoInventory,
    /// Nobody says where requests are logged: a reader that is not listed is only seen by what else tells, and a stamp that
    /// is refused by the account's metrics alone.
    NoLogs {
        /// Whether the metrics are asked.
        counted: bool,
    },
    /// The account's metrics cannot be read: whether a restarted stamp is refused, they do not tell.
    NoMetrics { why: String },
    /// Which of the account's regions serves it is not known: what any of them refuses counts as its own. With what the
    /// configuration says, where the account is not there.
    RegionUnknown { stamp: StampName, said: Option<String> },
    /// Nobody says from where its pods are seen to come: their requests look like a stranger's.
    AddressesUnknown { stamp: StampName },
    /// Only a part of the cluster is looked at.
    NotLookedAt { stamp: StampName, extent: Extent },
    /// Kubernetes Secrets that pods read, and of which nobody may see whether a class once filled them; and which right is
    /// missing.
    SecretsUnseen { stamp: StampName, secrets: Vec<String>, why: String },
    /// Kubernetes Secrets that its CSI driver fills from the vault and will not fill anew, for its rotation is off.
    NoRotation { stamp: StampName, secrets: Vec<String> },
    /// The same where nobody says whether it is on.
    RotationUnknown { stamp: StampName, secrets: Vec<String> },
    /// Kubernetes Secrets that its CSI driver fills from the vault, and that no specification reads: who does reads them from
    /// the API server, and nobody sees who that is.
    SecretsUnread { stamp: StampName, secrets: Vec<String> },
    /// What holds the key now and nothing restarts: Jobs that run, pods under nothing that can be restarted. What is left of
    /// them once the vault holds the new key holds.
    HeldBeside { stamp: StampName, objects: Vec<ObjectName> },
    /// Azure is at work on its cluster: its restart waits until that is over.
    ClusterChanges { stamp: StampName, state: String },
    /// A cluster that does not run: its pods are made anew when it starts, and begin with what Kubernetes Secrets there hold,
    /// which nobody sees until then.
    NotRunning { stamp: StampName },
    /// Azure knows no such cluster.
    NoCluster { stamp: StampName },
    /// Azure knows neither its cluster nor its vault.
    Closed { stamp: StampName },
    /// The version that its vault holds has an end, which the service does not heed, and others may.
    SecretExpires { stamp: StampName, at: Timestamp },
    /// It is not to be taken before then, which the service does not heed either.
    SecretNotYetValid { stamp: StampName, at: Timestamp },
    /// A single replica: while it is replaced, the second one is only there if there is room to surge.
    OneReplica { stamp: StampName, workload: WorkloadName },
    /// No replica may be added before one is taken away.
    NoSurge { stamp: StampName, workload: WorkloadName },
    /// A rollout of it is under way: a restart waits for its end.
    RollsOut { stamp: StampName, workload: WorkloadName },
    /// It is scaled to zero: there is nothing to restart, and nothing to see the new key work on.
    Scaled { stamp: StampName, workload: WorkloadName },
    /// The account's data plane lets some networks in and this machine is there, now: whoever goes on has to be.
    NetworkRules { rules: NetworkRules },
    /// Nobody may read what quotas leave, or what autoscalers want: whether there is room shows when it is needed.
    RoomUnknown { stamp: StampName, why: String },
    /// Not all the pods that it may surge by fit into a quota: its rollout takes longer.
    LittleRoom { stamp: StampName, workload: WorkloadName, quota: String, fit: u128, surge: u32 },
    /// Its autoscaler has given it all the pods that it may have, and a restart takes some away for a while.
    AtMaximum { stamp: StampName, workload: WorkloadName, most: u32 },
    /// Pods of anybody wait for a node: the new pods of these may have to wait as well, or their restart.
    PodsWait { stamp: StampName, unplaced: Unplaced, workloads: Vec<WorkloadName> },
    /// No node has room for one pod more of it, by what pods request.
    NodesFull {
        stamp: StampName,
        workload: WorkloadName,
        /// How many nodes would take one.
        takers: usize,
        /// Whether something seems to be there that adds nodes.
        grows: bool,
        /// Whether its restart takes pods away before others serve.
        loses: bool,
    },
    /// What nodes have left, nobody knows.
    NodesUnknown { stamp: StampName, why: String },
    /// Budgets that allow no eviction now: a rolling update asks none of them, drains of nodes do.
    TightBudgets { stamp: StampName, budgets: Vec<String> },
    /// The same where Argo restarts a Rollout, which evicts.
    BudgetsHold { stamp: StampName, workload: WorkloadName, budgets: Vec<String> },
    /// Nobody may read budgets of disruption.
    BudgetsUnknown { stamp: StampName, why: String },
    /// The role that lets keyslot regenerate ends before the waits alone are over.
    RightEnds { until: Timestamp },
    /// The account's logs begin so late that whether the old key is unused can be told from then on.
    LogsBegin { begins: Timestamp, from: Timestamp },
    /// They begin so late that who comes by now and then can be told from then on.
    CensusBegins { begins: Timestamp, from: Timestamp },
    /// The audit of these vaults begins only after the census window: who read the secret before, nobody knows.
    AuditsBegin { vaults: Vec<(StampName, Timestamp)> },
    /// A rule of the forge may refuse this; nobody here can tell.
    RuleMayRefuse { branch: BranchName, deed: Deed, demand: Demand },
    /// Some of a branch's rules may not be read.
    RulesUnread { branch: BranchName, what: UnreadRules },
    /// A branch's rules cannot be seen.
    RulesUnseen { branch: BranchName, why: String },
    /// Whether keyslot may do this, which restarts take, its cluster does not say.
    RestartUntold { stamp: StampName, what: String, why: String },
    /// A GitOps tool writes its specification: what a restart puts there it may take away again, which rolls the pods once
    /// more.
    Managed { workload: WorkloadName, by: Manager, stamps: Vec<StampName> },
    /// The named workload does not get the secret.
    DoesNotConsume { stamp: StampName, workload: WorkloadName },
}
