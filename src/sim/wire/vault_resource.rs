//! Azure Resource Manager's face for vaults: whether there is one, and where it is reached.

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use http::Method;
use serde_json::{Value, json};

use super::places::Place;
use crate::sim::{Stamp, World};

/// The vault that a path in lower case names.
pub(super) fn asked(method: &Method, path: &str) -> Option<Place> {
    let (place, rest) = Place::of(path, "microsoft.keyvault/vaults")?;
    (method == Method::GET && rest.is_empty()).then_some(place)
}

/// The subscription of which a path in lower case asks for all vaults.
pub(super) fn list_asked<'p>(method: &Method, path: &'p str) -> Option<&'p str> {
    let subscription =
        path.strip_prefix("/subscriptions/")?.strip_suffix("/providers/microsoft.keyvault/vaults")?;
    (method == Method::GET && !subscription.contains('/')).then_some(subscription)
}

pub(super) fn list(world: &World, tenant: &str, subscription: &str) -> Response {
    let there = world.stamps().filter(|stamp| stamp.subscription.eq_ignore_ascii_case(subscription));
    let all: Vec<Value> = there.map(|stamp| body(stamp, tenant)).collect();
    Json(json!({ "value": all })).into_response()
}

/// The stamp whose vault is there.
pub(super) fn stamp<'w>(world: &'w World, place: &Place) -> Option<&'w Stamp> {
    place.stamp(world, |stamp| &stamp.vault.name)
}

pub(super) fn reply(world: &World, tenant: &str, place: &Place) -> Response {
    let Some(stamp) = stamp(world, place) else {
        return place.nothing(world, "Microsoft.KeyVault/vaults");
    };
    Json(body(stamp, tenant)).into_response()
}

fn body(stamp: &Stamp, tenant: &str) -> Value {
    let Stamp { subscription, resource_group: group, .. } = stamp;
    let name = &stamp.vault.name;
    json!({
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
    })
}
