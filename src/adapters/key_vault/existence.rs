//! Whether a vault exists, by Azure Resource Manager.
//!
//! The name of a vault that was deleted is not resolved any more, and one behind a private endpoint is not resolved
//! elsewhere either: the vault's own address cannot tell the two apart. So where nobody answers there, or somebody says
//! that there is no such vault, Azure is asked for the resource. Only its own word makes a vault gone, and not its word on
//! one resource group, which may be another stamp's: no vault of the subscription may have the name. A vault that has
//! answered anything else is there, wherever the configuration says that it is.

use azure_core::error::ErrorKind;
use http::StatusCode;
use serde::Deserialize;
use std::collections::BTreeMap;
use url::Url;

use super::super::arm::ArmAccess;
use super::super::arm_pages::Asking;
use super::super::http::SendError;
use super::{ErrorBody, WHAT};
use crate::model::{Blindness, StampName};
use crate::ports::Fault;

const VERSION: &str = "2023-07-01";

/// A vault's place in Azure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VaultPlace {
    pub subscription: String,
    /// Whether somebody said so. In one that is guessed Azure finds nothing, although there is a vault.
    pub is_told: bool,
    pub resource_group: String,
    pub name: String,
}

#[derive(Deserialize)]
struct Vault {
    id: String,
    name: String,
}

/// Azure Resource Manager, as far as vaults go.
pub struct VaultResources {
    pub access: ArmAccess,
    /// As `https://management.azure.com`.
    pub endpoint: Url,
    /// Those whose places are known.
    pub places: BTreeMap<StampName, VaultPlace>,
}

impl VaultResources {
    /// What is to be said instead of a fault that leaves open whether there is a vault.
    pub(super) async fn settle(&self, stamp: &StampName, fault: Fault) -> Fault {
        let Some(place) = self.places.get(stamp) else { return fault };
        match self.is_there(place).await {
            Ok(true) => fault.remedy(
                "Azure knows the vault, and it cannot be reached from here: check name resolution, firewall and private \
                 endpoints, or run keyslot where it can be reached",
            ),
            Ok(false) if !place.is_told => {
                let VaultPlace { subscription, resource_group, .. } = place;
                fault.remedy(format!(
                    "Azure knows no such vault in {resource_group} of the account's subscription {subscription}, and \
                     keyslot.toml does not say which one it is in: write `subscription` in the stamp's `aks`"
                ))
            }
            Ok(false) => self.settle_elsewhere(place, fault).await,
            // Whatever keeps Azure from telling, the vault is not known to be gone.
            Err(_) => fault,
        }
    }

    /// The same of a vault that is not in its resource group.
    async fn settle_elsewhere(&self, place: &VaultPlace, fault: Fault) -> Fault {
        let VaultPlace { subscription, resource_group, name, .. } = place;
        match self.in_subscription(place).await {
            Ok(None) => {
                let why = format!(
                    "Azure Resource Manager knows no vault {name} in {resource_group}, nor anywhere in the subscription \
                     {subscription}"
                );
                Fault::new(Blindness::Gone, WHAT, fault.subject, why)
                    .remedy("check `key_vault` of the stamp and its resource group in keyslot.toml")
            }
            Ok(Some(id)) => fault.remedy(format!(
                "Azure knows the vault as {id}, and keyslot.toml says that it is in {resource_group}: correct \
                 `key_vault_resource_group` of the stamp, and see whether its `aks` is right"
            )),
            Err(unseen) => fault.remedy(format!(
                "Azure knows no such vault in {resource_group}, and whether it is elsewhere in the subscription cannot be \
                 asked ({}): assign Reader on the subscription, or take the stamp out of keyslot.toml if it was taken down",
                unseen.why
            )),
        }
    }

    /// The id of the vault of that name, in whichever resource group.
    async fn in_subscription(&self, place: &VaultPlace) -> Result<Option<String>, Fault> {
        let VaultPlace { subscription, name, .. } = place;
        let asking = Asking { access: &self.access, what: "ask Azure for all vaults", subject: name };
        // Whoever may not see all of them gets no list: that of all resources would leave out what one may not see.
        let path = format!("subscriptions/{subscription}/providers/Microsoft.KeyVault/vaults");
        let vaults: Vec<Vault> = asking.all(self.address(&path, asking)?).await?;
        Ok(vaults.into_iter().find(|vault| vault.name.eq_ignore_ascii_case(name)).map(|vault| vault.id))
    }

    async fn is_there(&self, place: &VaultPlace) -> Result<bool, Fault> {
        let VaultPlace { subscription, resource_group, name, .. } = place;
        let asking = Asking { access: &self.access, what: "ask Azure for the vault", subject: name };
        let path = format!(
            "subscriptions/{subscription}/resourceGroups/{resource_group}/providers/Microsoft.KeyVault/vaults/{name}"
        );
        Ok(asking.if_there(&self.address(&path, asking)?).await?.is_some())
    }

    fn address(&self, path: &str, asking: Asking<'_>) -> Result<Url, Fault> {
        let base = self.endpoint.as_str().trim_end_matches('/');
        let url = format!("{base}/{path}?api-version={VERSION}");
        url.parse().map_err(|error| asking.unclear(format!("{url} is no address: {error}")))
    }
}

/// Whether the error leaves open that there is no vault: nobody could be connected to, or said that there is none.
pub(super) fn is_open(error: &azure_core::Error) -> bool {
    if let ErrorKind::HttpResponse { status, raw_response, .. } = error.kind() {
        let body = raw_response.as_ref().map(|response| response.body().as_ref()).unwrap_or_default();
        let told = serde_json::from_slice::<ErrorBody>(body).unwrap_or_default().error;
        return u16::from(*status) == StatusCode::NOT_FOUND.as_u16() && told.code == "VaultNotFound";
    }
    matches!(
        error.downcast_ref::<SendError>(),
        Some(SendError::NoConnection(_) | SendError::PrivateEndpoint(_))
    )
}
