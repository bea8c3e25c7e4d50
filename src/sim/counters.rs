//! What a test or a report wants to have counted by the world, and by nobody else.

use std::collections::BTreeMap;

use crate::model::{BranchName, StampName, WorkloadName};

/// Deeds counted since the beginning.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Counters {
    pub pulls_opened: u32,
    pub runs_started: u32,
    /// Runs of the validation pipeline that somebody asked for, not those of people who start the check.
    pub validations_started: u32,
    /// Moves of a branch, merges included.
    pub pushes: BTreeMap<BranchName, u32>,
    /// How often a Deployment's generation was raised.
    pub generations: BTreeMap<(StampName, WorkloadName), u32>,
    /// Patches of Deployments that arrived, those that changed nothing included.
    pub patches: u32,
    /// Versions written into vaults, by whomever.
    pub vault_writes: u32,
    /// Signed requests on the data plane from outside of the pods: accepted and refused.
    pub probes_accepted: u32,
    pub probes_refused: u32,
    /// regenerateKey requests that were refused because another operation was running.
    pub regenerations_refused: u32,
}

impl Counters {
    pub(super) fn pushed(&mut self, branch: &BranchName) {
        *self.pushes.entry(branch.clone()).or_default() += 1;
    }

    /// Pushes to one branch.
    pub fn pushes_to(&self, branch: &BranchName) -> u32 {
        self.pushes.get(branch).copied().unwrap_or_default()
    }

    /// Whether workloads were rolled out at all, and each of those so many times.
    pub fn each_rolled_out(&self, times: u32) -> bool {
        !self.generations.is_empty() && self.generations.values().all(|raised| *raised == times)
    }

    pub(super) fn raised(&mut self, stamp: &StampName, workload: &WorkloadName) {
        *self.generations.entry((stamp.clone(), workload.clone())).or_default() += 1;
    }
}
