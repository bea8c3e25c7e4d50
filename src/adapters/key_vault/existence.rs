//! Whether a vault exists, by Azure Resource Manager.
//!
//! The name of a vault that was deleted is not resolved any more, and one behind a private endpoint is not resolved
//! elsewhere either: the vault's own address cannot tell the two apart. So where nobody answers there, or somebody says
//! that there is no such vault, Azure is asked for the resource. Only its own word makes a vault gone, and not its word on
//! one resource group or one subscription, which may be another stamp's: no vault of the subscription may have the name,
//! and nobody elsewhere. A vault that has answered anything else is there, wherever the configuration says that it is; and
//! one whose name leads into a private network is there unless Azure has it among those that were deleted.

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
    pub(super) async fn settle(&self, stamp: &StampName, open: Open, fault: Fault) -> Fault {
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
            Ok(false) => self.settle_elsewhere(place, open, fault).await,
            // Whatever keeps Azure from telling, the vault is not known to be gone.
            Err(_) => fault,
        }
    }

    /// The same of a vault that is not in its resource group.
    async fn settle_elsewhere(&self, place: &VaultPlace, open: Open, fault: Fault) -> Fault {
        let VaultPlace { resource_group, .. } = place;
        match self.in_subscription(place).await {
            Ok(None) => self.settle_abroad(place, open, fault).await,
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

    /// The same of a vault that is not in its subscription.
    async fn settle_abroad(&self, place: &VaultPlace, open: Open, fault: Fault) -> Fault {
        let name = match self.was_deleted(place).await {
            Ok(true) => Ok(Name::Deleted),
            Ok(false) => self.is_free(place).await.map(|free| if free { Name::Free } else { Name::Taken }),
            Err(unseen) => Err(unseen),
        };
        match name {
            Ok(name) => judged(place, open, name, fault),
            Err(unseen) => fault.remedy(format!(
                "Azure knows no such vault in the subscription {}, and whether there is one elsewhere cannot be asked ({}): \
                 assign Reader on the subscription, or correct `subscription` in the stamp's `aks`",
                place.subscription, unseen.why
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

    pub(super) fn address(&self, path: &str, asking: Asking<'_>) -> Result<Url, Fault> {
        let base = self.endpoint.as_str().trim_end_matches('/');
        let url = format!("{base}/{path}?api-version={VERSION}");
        url.parse().map_err(|error| asking.unclear(format!("{url} is no address: {error}")))
    }
}

/// What is known of a name that no vault of the subscription has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Name {
    /// A vault of the subscription had it, and was deleted. It keeps its name, so that no other vault has that.
    Deleted,
    Free,
    Taken,
}

/// What is to be said of a vault that is not in its subscription, by what is known of its name.
fn judged(place: &VaultPlace, open: Open, name: Name, fault: Fault) -> Fault {
    let VaultPlace { subscription, resource_group, name: vault, .. } = place;
    match (name, open) {
        (Name::Deleted, _) | (Name::Free, Open::Unanswered) => {
            let why = format!(
                "Azure Resource Manager knows no vault {vault} in {resource_group}, nor anywhere in the subscription \
                 {subscription}, and nobody elsewhere has the name"
            );
            Fault::new(Blindness::Gone, WHAT, fault.subject, why)
                .remedy("check `key_vault` of the stamp and its resource group in keyslot.toml")
        }
        (Name::Free, Open::Private) => fault.remedy(format!(
            "Azure knows no vault {vault}, and yet its name leads into a private network: see whether the record there is a \
             left-over, and otherwise correct `subscription` in the stamp's `aks`"
        )),
        (Name::Taken, _) => fault.remedy(format!(
            "Azure has a vault {vault}, and not in the subscription {subscription}: correct `subscription` in the stamp's \
             `aks`, or take the stamp out of keyslot.toml if it was taken down and the name is somebody else's"
        )),
    }
}

/// How an error leaves open that there is no vault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Open {
    /// Nobody could be connected to, or somebody said that there is none.
    Unanswered,
    /// The name leads into a private network, which this machine is not in.
    Private,
}

/// Whether it does.
pub(super) fn open(error: &azure_core::Error) -> Option<Open> {
    if let ErrorKind::HttpResponse { status, raw_response, .. } = error.kind() {
        let body = raw_response.as_ref().map(|response| response.body().as_ref()).unwrap_or_default();
        let told = serde_json::from_slice::<ErrorBody>(body).unwrap_or_default().error;
        let is_told = u16::from(*status) == StatusCode::NOT_FOUND.as_u16() && told.code == "VaultNotFound";
        return is_told.then_some(Open::Unanswered);
    }
    match error.downcast_ref::<SendError>()? {
        SendError::NoConnection(_) => Some(Open::Unanswered),
        SendError::PrivateEndpoint(_) => Some(Open::Private),
        SendError::NotPermitted(_) | SendError::Forbidden(_) | SendError::NoAnswer(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vault_whose_name_leads_into_a_private_network_is_gone_only_by_the_list_of_those_that_were_deleted() {
        let open = |error: SendError| open(&azure_core::Error::new(ErrorKind::Connection, error));
        assert_eq!(open(SendError::PrivateEndpoint(String::new())), Some(Open::Private));
        assert_eq!(open(SendError::NoConnection(String::new())), Some(Open::Unanswered));
        assert_eq!(open(SendError::NoAnswer(String::new())), None);
        let place = VaultPlace {
            subscription: "s".to_owned(),
            is_told: true,
            resource_group: "g".to_owned(),
            name: "kv".to_owned(),
        };
        let kind =
            |open, name| judged(&place, open, name, Fault::new(Blindness::Unreachable, WHAT, "kv", "")).kind;
        for (name, unanswered, private) in [
            (Name::Deleted, Blindness::Gone, Blindness::Gone),
            (Name::Free, Blindness::Gone, Blindness::Unreachable),
            (Name::Taken, Blindness::Unreachable, Blindness::Unreachable),
        ] {
            assert_eq!((kind(Open::Unanswered, name), kind(Open::Private, name)), (unanswered, private));
        }
    }
}
