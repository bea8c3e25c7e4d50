//! Azure Resource Manager's face for vaults: whether there is one, and where it is reached.

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use http::{Method, StatusCode};
use serde_json::json;

use super::arm::nested;
use crate::sim::{Stamp, World};

/// The vault that a path in lower case names: its resource group and its name.
pub(super) fn asked(method: &Method, path: &str) -> Option<(String, String)> {
    let (scope, name) = path.split_once("/providers/microsoft.keyvault/vaults/")?;
    let (_, group) = scope.split_once("/resourcegroups/")?;
    let plain = method == Method::GET && !name.contains('/') && !group.contains('/');
    plain.then(|| (group.to_owned(), name.to_owned()))
}

/// The stamp whose vault is called so.
pub(super) fn stamp<'w>(world: &'w World, (group, name): &(String, String)) -> Option<&'w Stamp> {
    world.stamps().filter(|stamp| stamp.destroyed.is_none()).find(|stamp| {
        stamp.vault.name.eq_ignore_ascii_case(name) && stamp.resource_group.eq_ignore_ascii_case(group)
    })
}

pub(super) fn reply(world: &World, tenant: &str, asked: &(String, String)) -> Response {
    let Some(stamp) = stamp(world, asked) else {
        let (group, name) = asked;
        let message = format!(
            "The Resource 'Microsoft.KeyVault/vaults/{name}' under resource group '{group}' was not found."
        );
        return nested(StatusCode::NOT_FOUND, "ResourceNotFound", &message);
    };
    let subscription = &world.account().config().id.subscription;
    let (group, name) = (&stamp.resource_group, &stamp.vault.name);
    Json(json!({
        "id": format!(
            "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.KeyVault/vaults/{name}"
        ),
        "name": name,
        "type": "Microsoft.KeyVault/vaults",
        "location": stamp.location,
        "tags": {},
        "properties": {
            "tenantId": tenant,
            "sku": { "family": "A", "name": "standard" },
            "vaultUri": format!("https://{}.vault.azure.net", name.to_lowercase()),
            "enableRbacAuthorization": true,
            "provisioningState": "Succeeded",
        },
    }))
    .into_response()
}
