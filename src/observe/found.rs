//! What one look has found, and where it belongs in the world.

use crate::model::{
    AccountRights, AccountView, BranchName, BranchRules, CensusView, ClusterView, DeploymentView,
    InventoryView, KeyProof, MetricsView, OperationState, OriginView, PullEnds, PullHead, PullView,
    ReleaseView, RightView, RoomView, RunView, Seen, Slot, StampName, TracesView, UsageView, VaultView,
    World,
};

pub(super) enum Found {
    Account(Seen<AccountView>),
    Proof(Slot, Seen<KeyProof>),
    Code(Box<Seen<ReleaseView>>),
    Pull(PullEnds, Seen<Option<PullView>>),
    Validation(PullHead, Seen<Vec<RunView>>),
    Rules(BranchName, Seen<BranchRules>),
    Origin(Box<Seen<OriginView>>),
    Runs(Seen<Vec<RunView>>),
    Deployments(Seen<Vec<DeploymentView>>),
    Operation(Option<Seen<OperationState>>),
    Traces(Option<Seen<TracesView>>),
    Vault(StampName, Seen<VaultView>),
    Cluster(StampName, Seen<ClusterView>),
    Room(StampName, Seen<RoomView>),
    RightsIn(StampName, Seen<Vec<RightView>>),
    Inventory(Seen<InventoryView>),
    Usage(Seen<UsageView>),
    Metrics(Seen<MetricsView>),
    Census(Seen<CensusView>),
    Rights(Seen<AccountRights>),
}

impl Found {
    pub(super) fn put(self, world: &mut World) {
        match self {
            Found::Account(seen) => world.account = Some(seen),
            Found::Proof(slot, seen) => {
                world.proofs.insert(slot, seen);
            }
            Found::Code(seen) => world.code = Some(*seen),
            Found::Pull(ends, seen) => {
                world.pulls.insert(ends, seen);
            }
            Found::Validation(head, seen) => {
                world.validations.insert(head, seen);
            }
            Found::Rules(branch, seen) => {
                world.rules.insert(branch, seen);
            }
            Found::Origin(seen) => world.origin = Some(*seen),
            Found::Runs(seen) => world.runs = Some(seen),
            Found::Deployments(seen) => world.deployments = Some(seen),
            Found::Operation(seen) => world.operation = seen,
            Found::Traces(seen) => world.traces = seen,
            Found::Vault(stamp, seen) => {
                world.vaults.insert(stamp, seen);
            }
            Found::Cluster(stamp, seen) => {
                world.clusters.insert(stamp, seen);
            }
            Found::Room(stamp, seen) => {
                world.rooms.insert(stamp, seen);
            }
            Found::RightsIn(stamp, seen) => {
                world.rights_in.insert(stamp, seen);
            }
            Found::Inventory(seen) => world.inventory = Some(seen),
            Found::Usage(seen) => world.usage = Some(seen),
            Found::Metrics(seen) => world.metrics = Some(seen),
            Found::Census(seen) => world.census = Some(seen),
            Found::Rights(seen) => world.rights = Some(seen),
        }
    }
}
