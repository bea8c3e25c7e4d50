//! Azure Resource Manager's face for vaults: whether there is one, and where it is reached.

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::arm::{nested, not_authorized};
use super::places::{self, Place};
use crate::sim::{Stamp, World};

/// The vault that a path in lower case names.
pub(super) fn asked(method: &Method, path: &str) -> Option<Place> {
    let (place, rest) = Place::of(path, "microsoft.keyvault/vaults")?;
    (method == Method::GET && rest.is_empty()).then_some(place)
}

/// The subscription of which a path in lower case asks for all vaults.
pub(super) fn list_asked<'p>(method: &Method, path: &'p str) -> Option<&'p str> {
    places::whole_asked(method, path, "microsoft.keyvault/vaults")
}

pub(super) fn list(world: &World, tenant: &str, subscription: &str) -> Response {
    if !world.is_whole(subscription) {
        return not_authorized();
    }
    let there = world
        .stamps()
        .filter(|stamp| stamp.destroyed.is_none() && stamp.subscription.eq_ignore_ascii_case(subscription));
    let all: Vec<Value> = there.map(|stamp| body(stamp, tenant)).collect();
    Json(json!({ "value": all })).into_response()
}

/// What is asked of a subscription about names of vaults, by a path in lower case.
pub(super) enum Names<'p> {
    /// Those of vaults that were deleted there.
    Deleted(&'p str),
    /// Whether anybody has the one that the body tells.
    Check,
}

pub(super) fn names_asked<'p>(method: &Method, path: &'p str) -> Option<Names<'p>> {
    let (subscription, what) =
        path.strip_prefix("/subscriptions/")?.split_once("/providers/microsoft.keyvault/")?;
    match (method, what) {
        _ if subscription.contains('/') => None,
        (&Method::GET, "deletedvaults") => Some(Names::Deleted(subscription)),
        (&Method::POST, "checknameavailability") => Some(Names::Check),
        _ => None,
    }
}

/// A vault of a stamp that was destroyed can be brought back as long as the world lasts, and keeps its name.
pub(super) fn names(world: &World, asked: &Names<'_>, body: &[u8]) -> Response {
    match asked {
        Names::Deleted(subscription) if !world.is_whole(subscription) => not_authorized(),
        Names::Deleted(subscription) => {
            let gone = world.stamps().filter(|stamp| {
                stamp.destroyed.is_some() && stamp.subscription.eq_ignore_ascii_case(subscription)
            });
            let all: Vec<Value> = gone.map(deleted).collect();
            Json(json!({ "value": all })).into_response()
        }
        Names::Check => {
            let body: Value = serde_json::from_slice(body).unwrap_or_default();
            let wanted = body["name"].as_str().unwrap_or_default();
            if body["type"].as_str() != Some("Microsoft.KeyVault/vaults") {
                return nested(StatusCode::BAD_REQUEST, "BadRequest", "The type of resource is missing.");
            }
            let taken = world.stamps().any(|stamp| stamp.vault.name.eq_ignore_ascii_case(wanted));
            Json(match taken {
                false => json!({ "nameAvailable": true }),
                true => json!({
                    "nameAvailable": false,
                    "reason": "AlreadyExists",
                    "message": format!("The vault name '{wanted}' is already in use."),
                }),
            })
            .into_response()
        }
    }
}

fn deleted(stamp: &Stamp) -> Value {
    let Stamp { subscription, resource_group: group, location, .. } = stamp;
    let name = &stamp.vault.name;
    json!({
        "id": format!(
            "/subscriptions/{subscription}/providers/Microsoft.KeyVault/locations/{location}/deletedVaults/{name}"
        ),
        "name": name,
        "type": "Microsoft.KeyVault/deletedVaults",
        "properties": {
            "vaultId": format!(
                "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.KeyVault/vaults/{name}"
            ),
            "location": location,
            "deletionDate": stamp.destroyed.map(|at| at.to_string()),
            "tags": {},
        },
    })
}

/// The stamp whose vault is there.
pub(super) fn stamp<'w>(world: &'w World, place: &Place) -> Option<&'w Stamp> {
    place.stamp(world, |stamp| &stamp.vault.name)
}

pub(super) fn reply(world: &World, tenant: &str, place: &Place) -> Response {
    let Some(stamp) = stamp(world, place) else {
        return place.nothing(world, "Microsoft.KeyVault/vaults");
    };
    match world.is_shown(stamp) {
        true => Json(body(stamp, tenant)).into_response(),
        false => not_authorized(),
    }
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
