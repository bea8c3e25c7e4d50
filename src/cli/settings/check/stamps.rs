//! Stamps: each with a name, a vault and a cluster of its own; and what tells of others.

use std::collections::BTreeSet;

use super::{Checked, Problem, keys};
use crate::cli::settings::{AksSettings, Environment};

pub(super) fn stamps(environment: &Environment) -> Checked {
    let path = |index: usize, key: &str| vec!["stamp".into(), index.into(), key.into()];
    if environment.stamps.is_empty() && environment.units.is_empty() {
        let remedy = "add [[environment.NAME.stamp]] or [[environment.NAME.release_unit]]";
        return Err(Problem::new(keys(["stamp"]), "there is no stamp", remedy));
    }
    if environment.inventory.as_ref().is_some_and(|it| it.names.is_empty() && it.tags.is_empty()) {
        let what = "neither names nor tags say what a stamp looks like";
        return Err(Problem::new(keys(["inventory"]), what, "write `names = [\"…\"]` or `tags = { … }`"));
    }
    let plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
    if environment
        .logs
        .as_ref()
        .is_some_and(|logs| logs.workspace.is_empty() || !logs.workspace.chars().all(plain))
    {
        let remedy = "write the workspace's id, a GUID, and not its name or resource id";
        return Err(Problem::new(keys(["logs", "workspace"]), "no id of a workspace", remedy));
    }
    let mut units = BTreeSet::new();
    for (index, unit) in environment.units.iter().enumerate() {
        if unit.name.is_empty() || !units.insert(&unit.name) {
            let path = vec!["release_unit".into(), index.into(), "name".into()];
            return Err(Problem::new(
                path,
                "every release unit has a name of its own",
                "give it another name",
            ));
        }
    }
    let (mut names, mut vaults) = (BTreeSet::new(), BTreeSet::new());
    let (mut contexts, mut clusters) = (BTreeSet::new(), BTreeSet::new());
    for (index, stamp) in environment.stamps.iter().enumerate() {
        if stamp.name.is_empty() || !names.insert(&stamp.name) {
            let what = "every stamp has a name of its own";
            return Err(Problem::new(path(index, "name"), what, "give it another name"));
        }
        if stamp.unit.trim().is_empty() {
            let what = "every stamp says of which release unit it is";
            return Err(Problem::new(path(index, "unit"), what, "write the unit's name: `unit = \"…\"`"));
        }
        if stamp.key_vault.is_empty() || stamp.key_vault.contains('.') {
            let what = "the vault's name stands here, without a domain";
            return Err(Problem::new(
                path(index, "key_vault"),
                what,
                "write what stands before the first dot",
            ));
        }
        if stamp.kubeconfig.is_none() && stamp.aks.is_none() {
            let what = "a stamp has a kubeconfig, or the cluster's name in Azure, or both";
            let remedy = "write `kubeconfig = …`, or `aks = { resource_group = …, name = … }`";
            return Err(Problem::new(path(index, "kubeconfig"), what, remedy));
        }
        if !vaults.insert(stamp.key_vault.to_ascii_lowercase()) {
            let what = "another stamp has this Key Vault: each has its own";
            return Err(Problem::new(path(index, "key_vault"), what, "correct one of the two"));
        }
        let what = "another stamp has this cluster: each has its own";
        if let Some(kubeconfig) = &stamp.kubeconfig
            && !contexts.insert((kubeconfig, &stamp.context))
        {
            return Err(Problem::new(path(index, "kubeconfig"), what, "correct one of the two"));
        }
        if let Some(aks) = &stamp.aks
            && !clusters.insert(aks_id(environment, aks))
        {
            return Err(Problem::new(path(index, "aks"), what, "correct one of the two"));
        }
    }
    Ok(())
}

/// By which Azure tells one cluster from another; its names have no case.
fn aks_id(environment: &Environment, aks: &AksSettings) -> [String; 3] {
    let subscription = aks.subscription.as_ref().unwrap_or(&environment.account.subscription);
    [subscription, &aks.resource_group, &aks.name].map(|part| part.to_ascii_lowercase())
}
