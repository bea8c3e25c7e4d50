//! Azure Resource Manager's face for clusters: what state they are in, how their CSI driver is set, and kubeconfigs.
//!
//! The user's kubeconfig is that of a cluster with Entra: it holds no credential and names `kubelogin`. Where the
//! API servers listen is known once the wire is up.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use http::{Method, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

use super::AKS_SERVER;
use super::arm::{nested, not_authorized};
use super::kubernetes::{Kubeconfig, User, base64};
use super::places::{self, Place};
use crate::model::{ClusterState, StampName};
use crate::sim::config::CsiConfig;
use crate::sim::{Stamp, World};

/// Where the API servers are, and who may do everything there.
#[derive(Clone, Default)]
pub(super) struct Servers(Arc<OnceLock<Known>>);

struct Known {
    by_stamp: BTreeMap<String, SocketAddr>,
    ca_pem: String,
    token: SecretString,
}

impl Servers {
    /// Once, when the wire is up.
    pub(super) fn are(&self, by_stamp: BTreeMap<String, SocketAddr>, ca_pem: &str, token: &SecretString) {
        let _ = self.0.set(Known { by_stamp, ca_pem: ca_pem.to_owned(), token: token.clone() });
    }

    fn kubeconfig(&self, stamp: &StampName, name: &str, admin: bool) -> Option<String> {
        let known = self.0.get()?;
        let address = known.by_stamp.get(stamp.as_str())?;
        let user = match admin {
            true => User::Token(known.token.expose_secret()),
            false => User::Kubelogin { server: AKS_SERVER },
        };
        let server = format!("https://{address}");
        let config = Kubeconfig { name, server: &server, ca_pem: &known.ca_pem, user, namespace: "default" };
        Some(config.render())
    }
}

/// What was asked of a cluster.
#[derive(Clone, Copy)]
pub(super) enum Asked {
    Get,
    UserCredential,
    AdminCredential,
}

/// The cluster that a path in lower case names, and what is asked of it.
pub(super) fn asked(method: &Method, path: &str) -> Option<(Place, Asked)> {
    let (place, action) = Place::of(path, "microsoft.containerservice/managedclusters")?;
    let asked = match (method, action) {
        (&Method::GET, "") => Asked::Get,
        (&Method::POST, "listclusterusercredential") => Asked::UserCredential,
        (&Method::POST, "listclusteradmincredential") => Asked::AdminCredential,
        _ => return None,
    };
    Some((place, asked))
}

/// The subscription of which a path in lower case asks for all clusters.
pub(super) fn list_asked<'p>(method: &Method, path: &'p str) -> Option<&'p str> {
    places::whole_asked(method, path, "microsoft.containerservice/managedclusters")
}

pub(super) fn list(world: &World, subscription: &str) -> Response {
    if !world.is_whole(subscription) {
        return not_authorized();
    }
    let there = world
        .stamps()
        .filter(|stamp| stamp.destroyed.is_none() && stamp.subscription.eq_ignore_ascii_case(subscription));
    let all: Vec<Value> = there.map(|stamp| body(world, stamp)).collect();
    Json(json!({ "value": all })).into_response()
}

/// The stamp whose cluster is there.
pub(super) fn stamp<'w>(world: &'w World, place: &Place) -> Option<&'w Stamp> {
    place.stamp(world, |stamp| &stamp.cluster.name)
}

pub(super) fn reply(world: &World, servers: &Servers, place: &Place, asked: Asked) -> Response {
    let Some(stamp) = stamp(world, place) else {
        return place.nothing(world, "Microsoft.ContainerService/managedClusters");
    };
    if !world.is_shown(stamp) {
        return not_authorized();
    }
    let admin = match asked {
        Asked::Get => return Json(body(world, stamp)).into_response(),
        Asked::UserCredential => false,
        Asked::AdminCredential => true,
    };
    match servers.kubeconfig(&stamp.name, &stamp.cluster.name, admin) {
        Some(text) => {
            let value = base64(text.as_bytes());
            let name = if admin { "clusterAdmin" } else { "clusterUser" };
            Json(json!({ "kubeconfigs": [{ "name": name, "value": value }] })).into_response()
        }
        None => {
            nested(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError", "The cluster has no server.")
        }
    }
}

fn body(world: &World, stamp: &Stamp) -> Value {
    let subscription = &stamp.subscription;
    let (state, power) = match &stamp.azure {
        ClusterState::Changing { state } => (state.as_str(), "Running"),
        ClusterState::Stopped => ("Succeeded", "Stopped"),
        ClusterState::Running | ClusterState::Gone => ("Succeeded", "Running"),
    };
    let CsiConfig { rotation, poll, .. } = world.config().kubernetes.csi;
    let poll = format!("{}s", poll.as_secs());
    let name = &stamp.cluster.name;
    json!({
        "id": format!(
            "/subscriptions/{subscription}/resourceGroups/{}/providers/Microsoft.ContainerService/managedClusters/{name}",
            stamp.resource_group
        ),
        "name": name,
        "location": stamp.location,
        "type": "Microsoft.ContainerService/ManagedClusters",
        "properties": {
            "provisioningState": state,
            "powerState": { "code": power },
            "aadProfile": { "managed": true, "enableAzureRBAC": true },
            "addonProfiles": {
                "azureKeyvaultSecretsProvider": {
                    "enabled": true,
                    "config": { "enableSecretRotation": rotation.to_string(), "rotationPollInterval": poll },
                },
            },
        },
    })
}
