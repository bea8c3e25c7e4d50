//! Release units and their stamps.

use jiff::Timestamp;

use super::kubernetes::Cluster;
use super::seed::Seed;
use super::vault::Vault;
use crate::model::{BranchName, ClusterState, StampName};

/// A release unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// Tag `Prefix` of all its resources.
    pub name: String,
    /// Tag `Branch`.
    pub branch: BranchName,
    pub traffic: bool,
}

/// One stamp: a vault and a cluster in a region.
#[derive(Clone, Debug)]
pub struct Stamp {
    pub name: StampName,
    /// ARM location.
    pub location: String,
    pub subscription: String,
    pub resource_group: String,
    /// Place of its unit in [`World::units`](super::World::units).
    pub unit: usize,
    /// Place of the account's region that its pods talk to.
    pub region: usize,
    pub vault: Vault,
    pub cluster: Cluster,
    /// What Azure says of the cluster; saying it changes no pod.
    pub azure: ClusterState,
    /// When it was destroyed; from then on neither vault nor cluster exists.
    pub destroyed: Option<Timestamp>,
    pub(super) seed: Seed,
}
