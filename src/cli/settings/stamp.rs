//! Stamps: one by one, or as `terraform output -json` of their release unit lists them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::Network;
use crate::model::{StampFacts, StampName};
use crate::terraform::outputs::{STAMP_PROPERTIES, StampProperties};

/// `[[environment.NAME.stamp]]`: one region of one release unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StampSettings {
    pub name: String,
    /// The release unit.
    pub unit: String,
    /// The name of its Key Vault, without a domain.
    pub key_vault: String,
    /// Where that is in Azure, in the cluster's subscription. Azure is asked whether a vault that does not answer exists;
    /// without this, and without `aks` and the subscription there, nothing closes the stamp.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_vault_resource_group: Option<String>,
    /// Relative to this file; `~/` is the home folder. Absent where `aks` says how to get one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kubeconfig: Option<PathBuf>,
    /// Without it, the kubeconfig's current context.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
    /// Where to look for consumers; empty for every namespace that may be listed.
    #[serde(default)]
    pub namespaces: Vec<String>,
    /// Whether it takes traffic.
    #[serde(default = "yes")]
    pub traffic: bool,
    /// The account's region that serves its pods. Without it, a request that any region refuses counts as one of the
    /// stamp's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// From where its pods are seen to come: addresses, or networks as `10.1.0.0/16`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<Network>,
    /// As whom its pods and its driver sign in to the vault: names or ids, as the vault's audit tells them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub identities: Vec<String>,
    /// The cluster in Azure, which is asked for a kubeconfig where none is given. Beside one, it tells which of Azure's
    /// clusters is the stamp's, and lets Azure say that it is being upgraded, and that it was stopped or is gone when it does
    /// not answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aks: Option<AksSettings>,
}

fn yes() -> bool {
    true
}

/// A cluster of Azure Kubernetes Service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AksSettings {
    /// Without it, the account's is asked; but what is not found there is not gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subscription: Option<String>,
    pub resource_group: String,
    pub name: String,
    /// Whether to ask for the administrator's kubeconfig, which Entra's roles do not bind.
    #[serde(default)]
    pub admin: bool,
}

impl StampSettings {
    pub fn stamp_name(&self) -> StampName {
        StampName::new(self.name.as_str())
    }

    pub fn facts(&self) -> StampFacts {
        StampFacts {
            name: self.stamp_name(),
            unit: self.unit.clone(),
            live_traffic: self.traffic,
            region: self.region.clone(),
            addresses: self.addresses.clone(),
            identities: self.identities.clone(),
        }
    }
}

/// `[[environment.NAME.release_unit]]`: the stamps of one release unit, from its Terraform outputs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnitSettings {
    pub name: String,
    /// What `terraform output -json` printed, relative to this file. One output of it is taken.
    pub outputs: PathBuf,
    #[serde(default = "stamp_properties", skip_serializing_if = "is_usual")]
    pub output: String,
    /// A kubeconfig whose contexts are called as the clusters. Without it, Azure is asked for one each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kubeconfig: Option<PathBuf>,
    /// Whether to ask Azure for the administrator's kubeconfig.
    #[serde(default)]
    pub admin: bool,
    #[serde(default)]
    pub namespaces: Vec<String>,
    /// Whether its stamps take traffic.
    #[serde(default = "yes")]
    pub traffic: bool,
}

/// `[environment.NAME.inventory]`: what clusters and vaults of this environment look like in Azure.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InventorySettings {
    /// Without any, the account's subscription and those of the stamps.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subscriptions: Vec<String>,
    /// Patterns of names; one that fits is enough. `*` stands for any text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// Patterns of tags' values; all of them must fit.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// The tag of vaults and clusters that names the branch which their unit was built from; without it, `Branch`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch_tag: Option<String>,
}

fn stamp_properties() -> String {
    STAMP_PROPERTIES.to_owned()
}

fn is_usual(output: &String) -> bool {
    output == STAMP_PROPERTIES
}

impl UnitSettings {
    /// A stamp of the unit. Its name is the unit's and its region's: two units may share a region.
    pub(super) fn stamp(&self, stamp: StampProperties) -> StampSettings {
        let aks = AksSettings {
            subscription: stamp.aks_cluster_id.as_deref().and_then(subscription_of).map(str::to_owned),
            // The cluster may lie in another group than the rest.
            resource_group: stamp
                .aks_cluster_id
                .as_deref()
                .and_then(resource_group_of)
                .map_or_else(|| stamp.resource_group_name.clone(), str::to_owned),
            name: stamp.aks_cluster_name.clone(),
            admin: self.admin,
        };
        StampSettings {
            name: format!("{}-{}", self.name, stamp.location),
            unit: self.name.clone(),
            key_vault: stamp.key_vault_name,
            key_vault_resource_group: Some(stamp.resource_group_name),
            context: self.kubeconfig.is_some().then_some(stamp.aks_cluster_name),
            aks: Some(aks),
            kubeconfig: self.kubeconfig.clone(),
            namespaces: self.namespaces.clone(),
            traffic: self.traffic,
            // The account may have no region there; whether it has is looked at where it matters.
            region: Some(stamp.location),
            addresses: stamp.outbound_addresses,
            identities: stamp.aks_kubelet_client_id.into_iter().collect(),
        }
    }
}

/// The subscription in a resource's id.
fn subscription_of(id: &str) -> Option<&str> {
    part_of(id, 0, "subscriptions")
}

/// The resource group in a resource's id.
fn resource_group_of(id: &str) -> Option<&str> {
    part_of(id, 2, "resourceGroups")
}

/// What follows the word at this place.
fn part_of<'a>(id: &'a str, place: usize, word: &str) -> Option<&'a str> {
    let mut parts = id.split('/').filter(|part| !part.is_empty()).skip(place);
    parts.next().filter(|part| part.eq_ignore_ascii_case(word))?;
    parts.next()
}
