//! Calls, and which of them a fault is about.

use serde::Serialize;

use crate::model::{Slot, StampName, WorkloadName};

/// What a call to a service wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Operation {
    Fetch,
    Push,
    ReadPull,
    OpenPull,
    /// Merging one, or having it merged.
    MergePull,
    /// Labels, requests, comments, statuses.
    MarkPull,
    ReadRuns,
    StartRun,
    /// Runs of the validation pipeline.
    ReadValidations,
    ReadDeployments,
    StartValidation,
    /// Which clusters and vaults there are.
    ReadInventory,
    /// Who asked the account.
    ReadLogs,
    /// Who read the secret from a vault.
    ReadAudit,
    /// How many requests the account refused, minute by minute.
    ReadMetrics,
    /// Who had the account's keys listed.
    ReadActivity,
    /// What Azure Resource Manager knows of a cluster.
    AskForCluster,
    /// The same of a vault.
    AskForVault,
    /// Of Azure, for all vaults of a subscription.
    ListVaults,
    /// The same for all clusters.
    ListClusters,
    /// Of Azure, whether a vault's name is taken, or is one of those that were deleted.
    CheckVaultName,
    ReadCluster,
    /// Quotas, autoscalers and budgets of a cluster.
    ReadRoom,
    Restart,
    Watch,
    ReadVault,
    WriteVault,
    ReadAccount,
    ListKeys,
    Probe,
    Regenerate,
    Poll,
}

/// One call as faults see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call<'a> {
    pub operation: Operation,
    /// The stamp, for calls to a cluster or a vault.
    pub stamp: Option<&'a StampName>,
    pub workload: Option<&'a WorkloadName>,
    /// The account's region, for calls on the data plane.
    pub region: Option<&'a str>,
}

impl<'a> Call<'a> {
    pub fn of(operation: Operation) -> Call<'a> {
        Call { operation, stamp: None, workload: None, region: None }
    }

    pub fn on(operation: Operation, stamp: &'a StampName) -> Call<'a> {
        Call { stamp: Some(stamp), ..Call::of(operation) }
    }

    pub fn about(self, workload: &'a WorkloadName) -> Call<'a> {
        Call { workload: Some(workload), ..self }
    }

    pub fn at(self, region: &'a str) -> Call<'a> {
        Call { region: Some(region), ..self }
    }
}

/// What a fault applies to; every member that is given must match. All absent: everything.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize)]
pub struct Target {
    pub operation: Option<Operation>,
    pub stamp: Option<StampName>,
    pub workload: Option<WorkloadName>,
    pub region: Option<String>,
    pub slot: Option<Slot>,
}

impl Target {
    pub fn any() -> Target {
        Target::default()
    }

    pub fn operation(operation: Operation) -> Target {
        Target { operation: Some(operation), ..Target::default() }
    }

    pub fn stamp(stamp: impl Into<StampName>) -> Target {
        Target { stamp: Some(stamp.into()), ..Target::default() }
    }

    pub fn workload(workload: WorkloadName) -> Target {
        Target { workload: Some(workload), ..Target::default() }
    }

    pub fn and_stamp(mut self, stamp: impl Into<StampName>) -> Target {
        self.stamp = Some(stamp.into());
        self
    }

    pub fn and_region(mut self, region: impl Into<String>) -> Target {
        self.region = Some(region.into());
        self
    }

    pub fn and_slot(mut self, slot: Slot) -> Target {
        self.slot = Some(slot);
        self
    }

    pub(super) fn matches(&self, call: &Call<'_>) -> bool {
        fn fits<T: PartialEq + ?Sized>(wanted: Option<&T>, given: Option<&T>) -> bool {
            wanted.is_none() || wanted == given
        }
        self.operation.is_none_or(|operation| operation == call.operation)
            && fits(self.stamp.as_ref(), call.stamp)
            && fits(self.workload.as_ref(), call.workload)
            && fits(self.region.as_deref(), call.region)
    }

    /// Whether it covers this stamp and workload.
    pub fn covers(&self, stamp: &StampName, workload: &WorkloadName) -> bool {
        self.stamp.as_ref().is_none_or(|wanted| wanted == stamp)
            && self.workload.as_ref().is_none_or(|wanted| wanted == workload)
    }
}
