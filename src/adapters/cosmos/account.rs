//! The account's JSON, read by ourselves.
//!
//! The SDK's model does not know when keys were last used, and its keys' type prints them. Unknown members are
//! ignored, unknown values kept as they are: the api-version decides what is there.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use zeroize::Zeroizing;

use crate::model::{AccountView, KeyKind, KeyMaterial, KeyView, NetworkRules, Region, Salt};

#[derive(Deserialize)]
pub(super) struct AccountBody {
    #[serde(default)]
    properties: Properties,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Properties {
    provisioning_state: Option<String>,
    disable_local_auth: Option<bool>,
    enable_multiple_write_locations: Option<bool>,
    write_locations: Vec<Location>,
    read_locations: Vec<Location>,
    keys_metadata: BTreeMap<String, KeyMetadata>,
    public_network_access: Option<String>,
    is_virtual_network_filter_enabled: Option<bool>,
    ip_rules: Option<Vec<IgnoredAny>>,
    virtual_network_rules: Option<Vec<IgnoredAny>>,
    private_endpoint_connections: Option<Vec<IgnoredAny>>,
}

#[derive(Deserialize, Clone)]
#[serde(rename_all = "camelCase")]
struct Location {
    location_name: String,
    document_endpoint: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct KeyMetadata {
    generation_time: Option<Timestamp>,
    approximate_last_usage_time: Option<Timestamp>,
}

impl AccountBody {
    /// The account without fingerprints. `tells_last_use` is what the api-version that answered can tell.
    pub(super) fn view(&self, tells_last_use: bool) -> AccountView {
        let properties = &self.properties;
        let keys = KeyKind::ALL.into_iter().map(|kind| {
            let metadata = properties.keys_metadata.get(kind.azure_member());
            let view = KeyView {
                generated: metadata.and_then(|metadata| metadata.generation_time),
                last_used: metadata.and_then(|metadata| metadata.approximate_last_usage_time),
                fingerprint: None,
            };
            (kind, view)
        });
        AccountView {
            // By the rules of ARM a resource without one counts as succeeded. Whether a key is being made anew hangs on
            // it here, and what nobody says is not known.
            provisioning: properties.provisioning_state.clone().unwrap_or_default(),
            local_auth_disabled: properties.disable_local_auth.unwrap_or(false),
            regions: properties.regions(),
            network: properties.network(),
            keys: keys.collect(),
            keys_hidden: None,
            tells_last_use,
        }
    }
}

impl Properties {
    /// `SecuredByPerimeter` lets in what the perimeter lets in: to whoever stands outside it is closed.
    fn network(&self) -> NetworkRules {
        let count = |list: &Option<Vec<IgnoredAny>>| list.as_ref().map_or(0, Vec::len);
        let open = self.public_network_access.as_ref().is_none_or(|it| it.eq_ignore_ascii_case("Enabled"));
        let filtered = self.is_virtual_network_filter_enabled.unwrap_or(false);
        NetworkRules {
            closed_to_public: !open,
            addresses: count(&self.ip_rules),
            virtual_networks: if filtered { count(&self.virtual_network_rules) } else { 0 },
            private_endpoints: count(&self.private_endpoint_connections),
        }
    }

    /// Every region that has an endpoint; writable where the account says that it writes.
    fn regions(&self) -> Vec<Region> {
        let multiple = self.enable_multiple_write_locations.unwrap_or(false);
        let writes = |name: &str| multiple || self.write_locations.iter().any(|it| it.location_name == name);
        let mut regions: BTreeMap<String, Region> = BTreeMap::new();
        for location in self.write_locations.iter().chain(&self.read_locations) {
            if let Some(endpoint) = location.document_endpoint.clone() {
                let name = location.location_name.clone();
                let writable = writes(&name);
                regions.entry(name.clone()).or_insert(Region { name, endpoint, writable });
            }
        }
        regions.into_values().collect()
    }
}

/// The answer of listKeys. Every key is wiped on drop.
pub(super) struct Keys(BTreeMap<String, KeyMaterial>);

impl<'de> Deserialize<'de> for Keys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let texts = BTreeMap::<String, String>::deserialize(deserializer)?;
        let keys = texts.into_iter().map(|(name, text)| (name, KeyMaterial::new(Zeroizing::new(text))));
        Ok(Keys(keys.collect()))
    }
}

impl Keys {
    pub(super) fn get(&self, kind: KeyKind) -> Option<&KeyMaterial> {
        self.0.get(kind.azure_member()).filter(|key| !key.expose().is_empty())
    }

    /// Puts the fingerprints into a view.
    pub(super) fn mark(&self, view: &mut AccountView, salt: &Salt) {
        for (kind, key) in &mut view.keys {
            key.fingerprint = self.get(*kind).map(|material| material.fingerprint(salt));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Slot;

    #[test]
    fn an_account_is_read_leniently() {
        let body: AccountBody = serde_json::from_str(
            r#"{"id":"x","properties":{
                "provisioningState":"Succeeded","disableLocalAuth":false,"new":{"member":1},
                "writeLocations":[{"locationName":"North Europe","documentEndpoint":"https://a-northeurope.documents.azure.com:443/","failoverPriority":0}],
                "readLocations":[{"locationName":"North Europe","documentEndpoint":"https://a-northeurope.documents.azure.com:443/"},
                                 {"locationName":"East US","documentEndpoint":"https://a-eastus.documents.azure.com:443/"},
                                 {"locationName":"Coming Soon"}],
                "keysMetadata":{"primaryMasterKey":{"generationTime":"2022-02-25T20:30:11.3749962Z"},"secondaryMasterKey":{}}}}"#,
        )
        .unwrap();
        let view = body.view(false);
        assert!(view.idle());
        let regions: Vec<_> = view.regions.iter().map(|it| (it.name.as_str(), it.writable)).collect();
        assert_eq!(regions, [("East US", false), ("North Europe", true)]);
        let generated = view.key(KeyKind::read_write(Slot::Primary)).generated.unwrap();
        assert_eq!(generated.as_second(), 1_645_821_011);
        assert_eq!(view.key(KeyKind::read_write(Slot::Secondary)).generated, None);
        assert!(!view.network.restrict(), "{:?}", view.network);
    }

    #[test]
    fn an_account_that_does_not_say_whether_an_operation_runs_is_not_idle() {
        for state in ["", r#""provisioningState":null"#] {
            let body: AccountBody =
                serde_json::from_str(&format!(r#"{{"properties":{{{state}}}}}"#)).unwrap();
            assert!(!body.view(true).idle(), "{state}");
        }
    }

    #[test]
    fn the_rules_of_the_network_are_counted_and_a_private_endpoint_alone_closes_nothing() {
        let network = |properties: &str| {
            let body: AccountBody =
                serde_json::from_str(&format!(r#"{{"properties":{{{properties}}}}}"#)).unwrap();
            body.view(false).network
        };
        let endpoint = network(
            r#""publicNetworkAccess":"Enabled","ipRules":null,"virtualNetworkRules":[{"id":"v"}],
               "isVirtualNetworkFilterEnabled":false,"privateEndpointConnections":[{"id":"p"}]"#,
        );
        assert_eq!((endpoint.restrict(), endpoint.private_endpoints), (false, 1));
        let addresses =
            network(r#""publicNetworkAccess":"Enabled","ipRules":[{"ipAddressOrRange":"192.0.2.0/24"},{}]"#);
        assert_eq!((addresses.restrict(), addresses.addresses), (true, 2));
        let networks = network(r#""isVirtualNetworkFilterEnabled":true,"virtualNetworkRules":[{"id":"v"}]"#);
        assert_eq!((networks.restrict(), networks.virtual_networks), (true, 1));
        for closed in ["Disabled", "SecuredByPerimeter"] {
            let network = network(&format!(r#""publicNetworkAccess":"{closed}""#));
            assert!(network.closed_to_public && network.restrict(), "{closed}");
        }
    }
}
