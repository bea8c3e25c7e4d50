//! Whether a vault exists, by Azure Resource Manager.
//!
//! The name of a vault that was deleted is not resolved any more, and one behind a private endpoint is not resolved
//! elsewhere either: the vault's own address cannot tell the two apart. So where nobody answers there, or somebody says
//! that there is no such vault, Azure is asked for the resource. Only its own word makes a vault gone. A vault that has
//! answered anything else is there, wherever the configuration says that it is.

use azure_core::error::ErrorKind;
use http::StatusCode;
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
            Ok(false) => {
                let VaultPlace { resource_group, name, .. } = place;
                let why = format!("Azure Resource Manager knows no vault {name} in {resource_group}");
                Fault::new(Blindness::Gone, WHAT, fault.subject, why)
                    .remedy("check `key_vault` of the stamp and its resource group in keyslot.toml")
            }
            // Whatever keeps Azure from telling, the vault is not known to be gone.
            Err(_) => fault,
        }
    }

    async fn is_there(&self, place: &VaultPlace) -> Result<bool, Fault> {
        let VaultPlace { subscription, resource_group, name, .. } = place;
        let asking = Asking { access: &self.access, what: "ask Azure for the vault", subject: name };
        let path = format!(
            "subscriptions/{subscription}/resourceGroups/{resource_group}/providers/Microsoft.KeyVault/vaults/{name}"
        );
        let base = self.endpoint.as_str().trim_end_matches('/');
        let url = format!("{base}/{path}?api-version={VERSION}");
        let url: Url =
            url.parse().map_err(|error| asking.unclear(format!("{url} is no address: {error}")))?;
        Ok(asking.if_there(&url).await?.is_some())
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
