//! What Azure's resource provider says of a managed cluster, and what that comes to.

use serde::Deserialize;
use serde_json::Value;

use super::super::super::http::Answer;
use super::{DRIVER, ROTATION, Said};
use crate::model::{Blindness, ClusterState};
use crate::ports::Fault;

#[derive(Deserialize)]
pub(super) struct ManagedCluster {
    pub(super) properties: Properties,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Properties {
    #[serde(default)]
    provisioning_state: String,
    power_state: Option<PowerState>,
    /// By their names. Read leniently: it is for a note, and an answer that is otherwise understood tells the state.
    #[serde(default)]
    addon_profiles: Value,
    pub(super) agent_pool_profiles: Option<Vec<NodePool>>,
}

/// An upgrade of one pool, or of its node image, is an operation on the pool: the cluster need not tell of it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NodePool {
    #[serde(default)]
    name: String,
    provisioning_state: Option<String>,
    pub(super) enable_auto_scaling: Option<bool>,
}

#[derive(Deserialize)]
struct PowerState {
    #[serde(default)]
    code: String,
}

/// Its own text is not quoted: kubeconfigs hold credentials.
pub(super) fn parse<T: for<'de> Deserialize<'de>>(
    answer: &Answer,
    what: &str,
    subject: &str,
) -> Result<T, Fault> {
    serde_json::from_slice(&answer.body).map_err(|error| {
        let why = format!("the answer is not understood (line {}, column {})", error.line(), error.column());
        Fault::new(Blindness::Unintelligible, what, subject, why)
    })
}

/// Whether nothing is under way any more, as Azure's words for it go.
fn is_over(state: &str) -> bool {
    matches!(state, "Succeeded" | "Failed" | "Canceled" | "")
}

pub(super) fn state(properties: Properties) -> ClusterState {
    let power = properties.power_state.map(|power| power.code).unwrap_or_default();
    match (properties.provisioning_state.as_str(), power.as_str()) {
        ("Succeeded" | "", "Stopped") => ClusterState::Stopped,
        // Of one whose stop failed nobody knows what still runs: its API server is asked.
        (state, _) if is_over(state) => {
            let mut pools = properties.agent_pool_profiles.unwrap_or_default().into_iter();
            let at_work = pools.find_map(|NodePool { name, provisioning_state, .. }| {
                let state = provisioning_state.filter(|state| !is_over(state))?;
                Some(ClusterState::Changing { state: format!("{state}: node pool {name}") })
            });
            at_work.unwrap_or(ClusterState::Running)
        }
        _ => ClusterState::Changing { state: properties.provisioning_state },
    }
}

/// What explains that nobody answers there.
pub(super) fn said(properties: &Properties) -> Option<Said> {
    let state = properties.provisioning_state.as_str();
    let power = properties.power_state.as_ref().map(|power| power.code.as_str()).unwrap_or_default();
    match (state, power) {
        ("Failed" | "Canceled", "Stopped") => Some(Said {
            why: format!("its last operation ended as {state}, and that it was to be Stopped"),
            remedy: "start the cluster, or stop it anew (`az aks stop`): only an operation that succeeds tells whether pods \
                     are left",
        }),
        ("Failed" | "Canceled", _) => Some(Said {
            why: format!("its last operation ended as {state}"),
            remedy: "look into the cluster in the portal, and have the operation repeated (`az aks update`)",
        }),
        (state, _) if !is_over(state) => Some(Said {
            why: format!("the cluster is {state}"),
            remedy: "wait until Azure is done; of a cluster that it has deleted or stopped it says so by itself",
        }),
        _ => None,
    }
}

/// Settings of add-ons are texts.
pub(super) fn rotates(properties: &Properties) -> Option<bool> {
    let addons = properties.addon_profiles.as_object()?;
    let (_, driver) = addons.iter().find(|(name, _)| name.eq_ignore_ascii_case(DRIVER))?;
    let is_on = driver.get("enabled").and_then(Value::as_bool) == Some(true);
    let said = driver.get("config").filter(|_| is_on)?.get(ROTATION)?.as_str()?;
    match said.to_ascii_lowercase().as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn whether_the_driver_rotates_only_its_add_on_tells() {
        let said = |addons: &str| {
            let text = format!(r#"{{"properties": {{"addonProfiles": {addons}}}}}"#);
            rotates(&serde_json::from_str::<ManagedCluster>(&text).unwrap().properties)
        };
        let driver = |name: &str, enabled: bool, config: &str| {
            said(&format!(r#"{{"{name}": {{"enabled": {enabled}, "config": {config}}}}}"#))
        };
        let on = r#"{"enableSecretRotation": "true", "rotationPollInterval": "2m"}"#;
        let off = r#"{"enableSecretRotation": "false", "rotationPollInterval": "2m"}"#;
        assert_eq!(driver("azureKeyvaultSecretsProvider", true, on), Some(true));
        assert_eq!(driver("azureKeyvaultSecretsProvider", true, off), Some(false));
        assert_eq!(
            driver("azurekeyvaultsecretsprovider", true, r#"{"enableSecretRotation": "False"}"#),
            Some(false)
        );
        // Whoever switched the add-on off may have installed the driver otherwise.
        assert_eq!(driver("azureKeyvaultSecretsProvider", false, off), None);
        for config in
            ["{}", "null", "1", r#"{"enableSecretRotation": null}"#, r#"{"enableSecretRotation": "?"}"#]
        {
            assert_eq!(driver("azureKeyvaultSecretsProvider", true, config), None, "{config}");
        }
        assert_eq!(driver("azurepolicy", true, off), None);
        for addons in ["{}", "null", r#"{"azureKeyvaultSecretsProvider": null}"#] {
            assert_eq!(said(addons), None, "{addons}");
        }
    }

    #[test]
    fn what_azure_is_doing_with_a_cluster_outranks_its_power() {
        let state = |text: &str| {
            let cluster: ManagedCluster = serde_json::from_str(text).unwrap();
            state(cluster.properties)
        };
        let properties = |provisioning: &str, power: &str| {
            format!(
                r#"{{"properties": {{"provisioningState": "{provisioning}", "powerState": {{"code": "{power}"}}}}}}"#
            )
        };
        assert_eq!(state(&properties("Succeeded", "Running")), ClusterState::Running);
        assert_eq!(state(&properties("Succeeded", "Stopped")), ClusterState::Stopped);
        let upgrading = ClusterState::Changing { state: "Upgrading".to_owned() };
        assert_eq!(state(&properties("Upgrading", "Running")), upgrading);
        // Pods run on after an upgrade that failed.
        assert_eq!(state(&properties("Failed", "Running")), ClusterState::Running);
        // So may those of a cluster whose stop failed: its power is what it was to be.
        for ended in ["Failed", "Canceled"] {
            assert_eq!(state(&properties(ended, "Stopped")), ClusterState::Running);
        }
        assert_eq!(state(r#"{"properties": {}}"#), ClusterState::Running);
        assert_eq!(state(r#"{"properties": {"agentPoolProfiles": null}}"#), ClusterState::Running);
    }

    #[test]
    fn an_upgrade_of_one_node_pool_is_one_of_the_cluster() {
        let state = |first: &str, power: &str| {
            let pools = json!([{"name": "system", "provisioningState": "Succeeded"}, {"name": "apps",
                "provisioningState": first}, {"name": "new"}]);
            let properties = json!({"provisioningState": "Succeeded", "powerState": {"code": power},
                "agentPoolProfiles": pools});
            state(
                serde_json::from_value::<ManagedCluster>(json!({"properties": properties}))
                    .unwrap()
                    .properties,
            )
        };
        for word in ["Upgrading", "UpgradingNodeImageVersion"] {
            let changing = ClusterState::Changing { state: format!("{word}: node pool apps") };
            assert_eq!(state(word, "Running"), changing);
        }
        for word in ["Succeeded", "Failed", "Canceled", ""] {
            assert_eq!(state(word, "Running"), ClusterState::Running, "{word}");
        }
        assert_eq!(state("Upgrading", "Stopped"), ClusterState::Stopped);
    }
}
