//! What is asked of Azure: the account, the vaults, logs, and which stamps there are.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::credential::tokens;
use super::{Variables, clock, https};
use crate::adapters::account_logs::AccountLogs;
use crate::adapters::activity_log::ActivityLog;
use crate::adapters::arm::ArmAccess;
use crate::adapters::cosmos::{Cosmos, CosmosSettings, ProbeTarget};
use crate::adapters::http::Http;
use crate::adapters::key_vault::{KeyVaultSettings, KeyVaults, VaultResources};
use crate::adapters::log_analytics::{self, LogAnalytics};
use crate::adapters::metrics::Metrics;
use crate::adapters::resource_graph::{self, NoInventory, ResourceGraph};
use crate::cli::settings::{Chosen, StampSettings};
use crate::cli::{CliError, azure};
use crate::model::Access;
use crate::ports::{Accounts, Clock, Inventory, Logs, Vaults};

pub(super) fn arm(
    chosen: &Chosen<'_>,
    http: &Http,
    clock: &Arc<dyn Clock>,
    variables: Variables<'_>,
) -> Result<ArmAccess, CliError> {
    let tokens = tokens(chosen, http, variables)?;
    let scope = arm_scope(chosen.endpoints.arm.host());
    Ok(ArmAccess { http: http.clone(), tokens, clock: Arc::clone(clock), scope })
}

/// What a token for Azure Resource Manager must be for. Each cloud has a name of its own for it.
fn arm_scope(host: &str) -> String {
    let audience = match host.to_ascii_lowercase().as_str() {
        "management.usgovcloudapi.net" => "https://management.core.usgovcloudapi.net".to_owned(),
        "management.chinacloudapi.cn" => "https://management.core.chinacloudapi.cn".to_owned(),
        host => format!("https://{host}"),
    };
    format!("{audience}/.default")
}

pub(super) fn account(chosen: &Chosen<'_>, access: &ArmAccess) -> Result<Cosmos, CliError> {
    let environment = chosen.environment;
    let settings = CosmosSettings {
        account: environment.account.id(),
        endpoint: chosen.endpoints.arm.url()?,
        operation_suffixes: vec![chosen.endpoints.arm.host().to_owned()],
        ask_last_use: environment.account.ask_last_use,
        probe: environment.account.probe.as_ref().map(|probe| ProbeTarget {
            database: probe.database.clone(),
            container: probe.container.clone(),
        }),
    };
    Ok(Cosmos::new(access.clone(), settings))
}

pub(super) fn vaults(chosen: &Chosen<'_>, access: &ArmAccess) -> Result<KeyVaults, CliError> {
    let vault = |stamp: &StampSettings| {
        let host = chosen.endpoints.vault_host(&stamp.key_vault);
        (stamp.stamp_name(), format!("https://{host}"))
    };
    let settings = KeyVaultSettings {
        vaults: chosen.environment.stamps.iter().map(vault).collect(),
        secret: chosen.secret()?.to_owned(),
    };
    let vaults = KeyVaults::new(&access.http, &access.tokens, Arc::clone(&access.clock), &settings)?;
    Ok(vaults.asking(VaultResources {
        access: access.clone(),
        endpoint: chosen.endpoints.arm.url()?,
        places: azure::vaults(chosen.environment),
    }))
}

/// The account and the vaults alone, the latter by the access of the key that their secret carries: for whoever has
/// rights on Azure and needs no forge, no pipeline and no cluster.
pub(in crate::cli) struct Keys {
    pub accounts: Arc<dyn Accounts>,
    pub vaults: Vec<(Access, Arc<dyn Vaults>)>,
    pub clock: Arc<dyn Clock>,
}

/// # Errors
/// As [`driver`](super::driver).
pub(in crate::cli) fn keys_of(chosen: &Chosen<'_>, variables: Variables<'_>) -> Result<Keys, CliError> {
    let clock = clock(chosen);
    let access = arm(chosen, &https(chosen)?, &clock, variables)?;
    let accesses = Access::ALL.into_iter().filter(|access| chosen.about(*access).secret().is_ok());
    let vaults = accesses
        .map(|of| Ok((of, Arc::new(vaults(&chosen.about(of), &access)?) as Arc<dyn Vaults>)))
        .collect::<Result<_, CliError>>()?;
    Ok(Keys { accounts: Arc::new(account(chosen, &access)?), vaults, clock })
}

/// Where nothing says what stamps look like in Azure, nobody asks.
pub(super) fn inventory(chosen: &Chosen<'_>, access: &ArmAccess) -> Result<Arc<dyn Inventory>, CliError> {
    let environment = chosen.environment;
    let Some(settings) = &environment.inventory else { return Ok(Arc::new(NoInventory)) };
    let account = &environment.account.subscription;
    let aks = || environment.stamps.iter().filter_map(|stamp| stamp.aks.as_ref());
    let mut subscriptions: BTreeSet<String> = settings.subscriptions.iter().cloned().collect();
    if subscriptions.is_empty() {
        subscriptions.extend(aks().filter_map(|aks| aks.subscription.clone()));
        subscriptions.insert(account.clone());
    }
    let stamps = environment.stamps.iter();
    Ok(Arc::new(ResourceGraph::new(
        access.clone(),
        resource_graph::InventorySettings {
            endpoint: chosen.endpoints.arm.url()?,
            subscriptions: subscriptions.into_iter().collect(),
            names: settings.names.clone(),
            tags: settings.tags.clone(),
            branch_tag: settings.branch_tag.clone().unwrap_or_else(|| "Branch".to_owned()),
            stamps: stamps.map(|stamp| azure::listed(&environment.account, stamp)).collect(),
        },
    )))
}

/// Where nobody says where requests are logged, the activity log and the account's metrics alone can be asked.
pub(super) fn logs(chosen: &Chosen<'_>, access: &ArmAccess) -> Result<Arc<dyn Logs>, CliError> {
    let environment = chosen.environment;
    let activity = ActivityLog::new(access.clone(), chosen.endpoints.arm.url()?, environment.account.id());
    let metrics = Metrics::new(access.clone(), chosen.endpoints.arm.url()?, environment.account.id());
    let Some(logs) = &environment.logs else {
        return Ok(Arc::new(AccountLogs { workspace: None, activity, metrics }));
    };
    let vault = |stamp: &StampSettings| (stamp.stamp_name(), stamp.key_vault.clone());
    let settings = log_analytics::LogSettings {
        endpoint: chosen.endpoints.logs.url()?,
        workspace: logs.workspace.clone(),
        account: environment.account.name.clone(),
        vaults: environment.stamps.iter().map(vault).collect(),
        secret: environment.secret.name.clone(),
    };
    let access = ArmAccess { scope: settings.scope(), ..access.clone() };
    let workspace = Some(LogAnalytics::new(access, settings));
    Ok(Arc::new(AccountLogs { workspace, activity, metrics }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cloud_has_a_name_of_its_own_for_its_resource_manager() {
        for (host, scope) in [
            ("management.azure.com", "https://management.azure.com/.default"),
            ("management.usgovcloudapi.net", "https://management.core.usgovcloudapi.net/.default"),
            ("Management.chinacloudapi.cn", "https://management.core.chinacloudapi.cn/.default"),
        ] {
            assert_eq!(arm_scope(host), scope);
        }
    }
}
