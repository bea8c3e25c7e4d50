//! Whether a vault has a name, in whichever subscription.
//!
//! A vault's name is the only one in Azure, and stays taken while the vault can still be brought back. So the
//! subscription's list of vaults that were deleted says of a name that no living vault has it, and the check that Azure
//! offers to whoever wants to make a vault says whether anybody has it at all. The second one is known from its public
//! documentation only (“Vaults - Check Name Availability”): nothing rests on it alone.

use serde::Deserialize;
use serde_json::json;

use super::super::arm_pages::Asking;
use super::existence::{VaultPlace, VaultResources};
use crate::ports::Fault;

#[derive(Deserialize)]
struct Deleted {
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Availability {
    name_available: bool,
}

impl VaultResources {
    /// Whether the subscription has a vault of that name which was deleted and may be brought back.
    pub(super) async fn was_deleted(&self, place: &VaultPlace) -> Result<bool, Fault> {
        let VaultPlace { subscription, name, .. } = place;
        let asking = Asking { access: &self.access, what: "ask Azure for deleted vaults", subject: name };
        let path = format!("subscriptions/{subscription}/providers/Microsoft.KeyVault/deletedVaults");
        let deleted: Vec<Deleted> = asking.all(self.address(&path, asking)?).await?;
        Ok(deleted.iter().any(|vault| vault.name.eq_ignore_ascii_case(name)))
    }

    /// Whether no vault of any subscription has that name. It changes nothing, though it is asked for with POST.
    pub(super) async fn is_free(&self, place: &VaultPlace) -> Result<bool, Fault> {
        let VaultPlace { subscription, name, .. } = place;
        let asking = Asking {
            access: &self.access,
            what: "ask Azure whether the vault's name is taken",
            subject: name,
        };
        let path = format!("subscriptions/{subscription}/providers/Microsoft.KeyVault/checkNameAvailability");
        let url = self.address(&path, asking)?;
        let body = json!({ "name": name, "type": "Microsoft.KeyVault/vaults" });
        let said: Availability = asking.posted(&url, &body).await?;
        Ok(said.name_available)
    }
}
