//! What the stamps' clusters and vaults are called in Azure, as far as the settings tell.

use std::collections::BTreeMap;

use super::settings::{AccountSettings, Environment, StampSettings};
use crate::adapters::key_vault::VaultPlace;
use crate::adapters::kubernetes::AksCluster;
use crate::adapters::resource_graph::{ListedCluster, ListedStamp};
use crate::model::StampName;

/// The stamp's cluster, however it is reached.
pub(super) fn cluster(account: &AccountSettings, stamp: &StampSettings) -> Option<AksCluster> {
    let aks = stamp.aks.as_ref()?;
    Some(AksCluster {
        subscription: aks.subscription.clone().unwrap_or_else(|| account.subscription.clone()),
        is_told: aks.subscription.is_some(),
        resource_group: aks.resource_group.clone(),
        name: aks.name.clone(),
        admin: aks.admin,
    })
}

/// The stamp as Azure's list of resources shows it.
pub(super) fn listed(account: &AccountSettings, stamp: &StampSettings) -> ListedStamp {
    let place = |cluster: AksCluster| {
        let AksCluster { subscription, resource_group, name, .. } = cluster;
        ListedCluster { subscription, resource_group, name }
    };
    ListedStamp {
        name: stamp.stamp_name(),
        vault: stamp.key_vault.clone(),
        cluster: cluster(account, stamp).map(place),
        context: stamp.context.clone(),
    }
}

/// Those of all stamps that tell theirs.
pub(super) fn clusters(environment: &Environment) -> BTreeMap<StampName, AksCluster> {
    let stamps = environment.stamps.iter();
    stamps.filter_map(|stamp| Some((stamp.stamp_name(), cluster(&environment.account, stamp)?))).collect()
}

/// The vaults whose resource group is told: at a place that is guessed, Azure would find nothing although there is one.
pub(super) fn vaults(environment: &Environment) -> BTreeMap<StampName, VaultPlace> {
    let stamps = environment.stamps.iter();
    stamps.filter_map(|stamp| Some((stamp.stamp_name(), vault(&environment.account, stamp)?))).collect()
}

fn vault(account: &AccountSettings, stamp: &StampSettings) -> Option<VaultPlace> {
    let resource_group = stamp.key_vault_resource_group.clone()?;
    let cluster = cluster(account, stamp);
    let is_told = cluster.as_ref().is_some_and(|cluster| cluster.is_told);
    Some(VaultPlace {
        subscription: cluster.map_or_else(|| account.subscription.clone(), |cluster| cluster.subscription),
        is_told,
        resource_group,
        name: stamp.key_vault.clone(),
    })
}
