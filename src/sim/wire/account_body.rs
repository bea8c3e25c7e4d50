//! The account as Azure Resource Manager writes it, whole enough for other clients than ours.

use serde_json::{Map, Value, json};

use crate::model::{KeyKind, NetworkRules};
use crate::sim::World;

/// The answer of the account's GET. `preview` adds what only the preview api-version tells.
pub(super) fn account_body(world: &World, preview: bool) -> Value {
    let account = world.account();
    let config = account.config();
    let network = config.network.clone().unwrap_or_default();
    let (reads, writes) = (locations(world, false), locations(world, true));
    let policies: Vec<Value> = reads
        .iter()
        .map(|location| {
            json!({
                "id": location["id"],
                "locationName": location["locationName"],
                "failoverPriority": location["failoverPriority"],
            })
        })
        .collect();
    json!({
        "id": config.id.resource_id(),
        "name": config.id.name,
        "location": account.regions().first().map(|region| region.name.clone()),
        "type": "Microsoft.DocumentDB/databaseAccounts",
        "kind": "GlobalDocumentDB",
        "tags": {},
        "identity": { "type": "None" },
        "properties": {
            "provisioningState": account.provisioning(world.now()),
            "documentEndpoint": account.endpoint(),
            "publicNetworkAccess": if network.closed_to_public { "Disabled" } else { "Enabled" },
            "enableAutomaticFailover": true,
            "enableMultipleWriteLocations": writes.len() > 1,
            "isVirtualNetworkFilterEnabled": network.virtual_networks > 0,
            "virtualNetworkRules": networks(&network),
            "ipRules": addresses(&network),
            "disableKeyBasedMetadataWriteAccess": false,
            "disableLocalAuth": config.local_auth_disabled,
            "enableFreeTier": false,
            "enableAnalyticalStorage": false,
            "databaseAccountOfferType": "Standard",
            "minimalTlsVersion": "Tls12",
            "consistencyPolicy": {
                "defaultConsistencyLevel": "Session",
                "maxIntervalInSeconds": 5,
                "maxStalenessPrefix": 100,
            },
            "writeLocations": writes,
            "readLocations": reads,
            "locations": reads,
            "failoverPolicies": policies,
            "cors": [],
            "capabilities": [],
            "networkAclBypass": "None",
            "networkAclBypassResourceIds": [],
            "keysMetadata": keys_metadata(world, preview),
        },
    })
}

fn addresses(network: &NetworkRules) -> Vec<Value> {
    (1..=network.addresses).map(|last| json!({ "ipAddressOrRange": format!("203.0.113.{last}") })).collect()
}

fn networks(network: &NetworkRules) -> Vec<Value> {
    let id = |place| {
        format!(
            "/subscriptions/0/resourceGroups/net/providers/Microsoft.Network/virtualNetworks/net-{place}/subnets/pods"
        )
    };
    let rule = |place| json!({ "id": id(place), "ignoreMissingVNetServiceEndpoint": false });
    (1..=network.virtual_networks).map(rule).collect()
}

fn locations(world: &World, writing_only: bool) -> Vec<Value> {
    let account = world.account();
    let all = account.regions().iter().enumerate();
    all.filter(|(_, region)| region.writable || !writing_only)
        .map(|(place, region)| {
            let short = region.name.to_lowercase().replace(' ', "");
            json!({
                "id": format!("{}-{short}", account.config().id.name),
                "locationName": region.name,
                "documentEndpoint": region.endpoint,
                "provisioningState": "Succeeded",
                "failoverPriority": place,
                "isZoneRedundant": false,
            })
        })
        .collect()
}

fn keys_metadata(world: &World, preview: bool) -> Value {
    let mut members = Map::new();
    for kind in KeyKind::ALL {
        let mut metadata = Map::new();
        let account = world.account();
        let key = account.current(kind);
        if let Some(generated) = key.and_then(|key| key.generated) {
            metadata.insert("generationTime".to_owned(), json!(generated));
        }
        if let Some(used) = key.and_then(|key| world.last_use(key.id)).filter(|_| preview) {
            metadata.insert("approximateLastUsageTime".to_owned(), json!(account.grain(used)));
        }
        members.insert(kind.azure_member().to_owned(), Value::Object(metadata));
    }
    Value::Object(members)
}

/// The answer of listKeys.
pub(super) fn keys_body(world: &World) -> Value {
    let keys = KeyKind::ALL.into_iter().filter_map(|kind| {
        let key = world.account().current(kind)?;
        Some((kind.azure_member().to_owned(), json!(key.material.expose())))
    });
    Value::Object(keys.collect())
}
