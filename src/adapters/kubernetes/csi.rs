//! The Secrets Store CSI driver's objects: which classes deliver the secret, and what each mount got.
//!
//! Facts of the driver (v1.6, provider azure 1.8): a class holds its objects as YAML in a string, each entry
//! again YAML in a string; a `SecretProviderClassPodStatus` is written after a successful mount only, names the
//! object as `secret/NAME` (with history, `secret/NAME/INDEX`, 0 the newest) and the vault not at all. Its
//! version is what the files hold. Vault object names have no case.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::model::SecretVersion;

#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Meta {
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub namespace: String,
}

/// A `SecretProviderClass` as the API gives it.
#[derive(Debug, Deserialize)]
pub(super) struct RawClass {
    pub metadata: Meta,
    #[serde(default)]
    spec: RawClassSpec,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawClassSpec {
    #[serde(default)]
    parameters: BTreeMap<String, String>,
    #[serde(default)]
    secret_objects: Vec<RawSecretObject>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawSecretObject {
    #[serde(default)]
    secret_name: String,
    #[serde(default)]
    data: Vec<RawSecretData>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawSecretData {
    #[serde(default)]
    key: String,
    #[serde(default)]
    object_name: String,
}

#[derive(Deserialize)]
struct Objects {
    #[serde(default)]
    array: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Object {
    #[serde(default)]
    object_name: String,
    #[serde(default)]
    object_alias: String,
    #[serde(default)]
    object_type: String,
    #[serde(default)]
    object_version: String,
}

/// A class that delivers the secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Class {
    pub namespace: String,
    pub name: String,
    /// The vault that it reads.
    pub vault: String,
    /// Kubernetes Secrets that it fills from the secret, with the key that gets the value.
    pub synced: Vec<SyncedKey>,
    /// The one version that it ever delivers, where its object names one.
    pub pinned: Option<SecretVersion>,
}

/// One place in a Kubernetes Secret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SyncedKey {
    pub secret: String,
    pub key: String,
}

impl RawClass {
    /// As a class that delivers `secret`, if it does. Where its YAML cannot be read, a mention of the name
    /// counts: a consumer too many holds a rotation and is seen, one too few is an outage.
    pub fn delivering(self, secret: &str) -> Option<Class> {
        let text = self.spec.parameters.get("objects").map_or("", String::as_str);
        let mut names = vec![secret.to_ascii_lowercase()];
        let mut pinned = None;
        match objects(text) {
            Some(objects) => {
                let found: Vec<&Object> = objects.iter().filter(|object| object.is(secret)).collect();
                if found.is_empty() {
                    return None;
                }
                names.extend(found.iter().map(|object| object.object_alias.to_ascii_lowercase()));
                pinned = found.iter().find_map(|object| object.pinned());
            }
            None if text.to_ascii_lowercase().contains(&names[0]) => {}
            None => return None,
        }
        let synced = self.spec.secret_objects.iter().flat_map(|object| {
            object
                .data
                .iter()
                .filter(|data| names.contains(&data.object_name.to_ascii_lowercase()))
                .map(|data| SyncedKey { secret: object.secret_name.clone(), key: data.key.clone() })
        });
        Some(Class {
            synced: synced.collect(),
            pinned,
            vault: self.spec.parameters.get("keyvaultName").cloned().unwrap_or_default(),
            namespace: self.metadata.namespace,
            name: self.metadata.name,
        })
    }
}

impl Object {
    fn is(&self, secret: &str) -> bool {
        let kind = self.object_type.trim();
        self.object_name.eq_ignore_ascii_case(secret)
            && (kind.is_empty() || kind.eq_ignore_ascii_case("secret"))
    }

    /// The provider takes both nothing and `latest` for the current version.
    fn pinned(&self) -> Option<SecretVersion> {
        let version = self.object_version.trim();
        let floats = version.is_empty() || version.eq_ignore_ascii_case("latest");
        (!floats).then(|| SecretVersion::new(version))
    }
}

fn objects(text: &str) -> Option<Vec<Object>> {
    let objects: Objects = serde_saphyr::from_str(text).ok()?;
    objects.array.iter().map(|entry| serde_saphyr::from_str(entry).ok()).collect()
}

/// A `SecretProviderClassPodStatus` as the API gives it.
#[derive(Debug, Deserialize)]
pub(super) struct PodStatus {
    pub metadata: Meta,
    #[serde(default)]
    status: PodStatusBody,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PodStatusBody {
    #[serde(default)]
    pod_name: String,
    #[serde(default)]
    secret_provider_class_name: String,
    #[serde(default)]
    target_path: String,
    #[serde(default)]
    objects: Vec<StatusObject>,
}

#[derive(Debug, Deserialize)]
struct StatusObject {
    #[serde(default)]
    id: String,
    #[serde(default)]
    version: String,
}

/// A pod, as far as its mounts go.
#[derive(Clone, Copy)]
pub(super) struct PodId<'a> {
    pub namespace: &'a str,
    pub name: &'a str,
    pub uid: &'a str,
}

/// The version that this pod's mount of `class` holds. A status of an earlier pod of the same name is not
/// this pod's.
pub(super) fn mounted(
    statuses: &[PodStatus],
    pod: PodId<'_>,
    class: &str,
    secret: &str,
) -> Option<SecretVersion> {
    let status = statuses.iter().find(|status| {
        status.metadata.namespace == pod.namespace
            && status.status.pod_name == pod.name
            && status.status.secret_provider_class_name == class
            && status.status.target_path.split(['/', '\\']).any(|part| part == pod.uid)
    })?;
    let object = status.status.objects.iter().find(|object| names(&object.id, secret))?;
    Some(SecretVersion::new(object.version.clone()))
}

fn names(id: &str, secret: &str) -> bool {
    let mut parts = id.split('/');
    parts.next() == Some("secret")
        && parts.next().is_some_and(|name| name.eq_ignore_ascii_case(secret))
        && matches!(parts.next(), None | Some("0"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn class(objects: &str) -> RawClass {
        serde_json::from_value(json!({
            "metadata": {"name": "azure-sync", "namespace": "workload"},
            "spec": {
                "provider": "azure",
                "parameters": {"keyvaultName": "kv-eastus", "objects": objects},
                "secretObjects": [{"secretName": "cosmos", "type": "Opaque", "data": [
                    {"objectName": "cosmoskey", "key": "api-key"},
                    {"objectName": "other", "key": "else"},
                ]}],
            },
        }))
        .unwrap()
    }

    const OBJECTS: &str = "array:\n  - |\n    objectName: cosmosdb-apikey\n    objectType: secret # or key, cert\n    \
                           objectAlias: cosmoskey\n  - |\n    objectName: tls\n    objectType: cert\n";

    #[test]
    fn a_class_names_its_objects_in_yaml_within_yaml_and_without_regard_to_case() {
        let found = class(OBJECTS).delivering("CosmosDb-ApiKey").unwrap();
        assert_eq!(found.vault, "kv-eastus");
        assert_eq!(found.synced, [SyncedKey { secret: "cosmos".into(), key: "api-key".into() }]);
        assert_eq!(class(OBJECTS).delivering("tls"), None, "a certificate is no secret");
        assert_eq!(class(OBJECTS).delivering("ApiKey"), None, "a part of a name is not the name");
        assert_eq!(class("").delivering("CosmosDb-ApiKey"), None);
    }

    #[test]
    fn an_object_with_a_version_of_its_own_is_pinned_and_one_that_asks_for_the_latest_is_not() {
        let pinned = |version: &str| {
            let objects =
                format!("array:\n  - |\n    objectName: CosmosDb-ApiKey\n    objectVersion: {version}\n");
            class(&objects).delivering("CosmosDb-ApiKey").unwrap().pinned
        };
        assert_eq!(pinned("c55925c29c6743dcb9bb4bf091be03b0").unwrap().as_str().len(), 32);
        assert_eq!(pinned("20240101000000").unwrap().as_str(), "20240101000000", "digits alone stay text");
        assert_eq!([pinned("\"\""), pinned("latest"), pinned("")], [None, None, None]);
    }

    #[test]
    fn yaml_that_cannot_be_read_counts_when_it_mentions_the_name() {
        let broken = "array:\n\t- objectName: CosmosDb-ApiKey";
        assert!(class(broken).delivering("cosmosdb-apikey").is_some());
        assert!(class("array:\n\t- objectName: x").delivering("cosmosdb-apikey").is_none());
    }

    #[test]
    fn a_version_counts_only_when_the_status_is_of_the_living_pod() {
        let status = |uid: &str, id: &str| -> PodStatus {
            serde_json::from_value(json!({
                "metadata": {"name": "p-workload-azure-sync", "namespace": "workload"},
                "status": {
                    "mounted": true, "podName": "p", "secretProviderClassName": "azure-sync",
                    "targetPath": format!("/var/lib/kubelet/pods/{uid}/volumes/kubernetes.io~csi/s/mount"),
                    "objects": [{"id": "secret/other", "version": "1"}, {"id": id, "version": "c55925c2"}],
                },
            }))
            .unwrap()
        };
        let pod = PodId { namespace: "workload", name: "p", uid: "live" };
        let version = |status: PodStatus| mounted(&[status], pod, "azure-sync", "CosmosDb-ApiKey");
        let right = Some(SecretVersion::new("c55925c2"));
        assert_eq!(version(status("live", "secret/CosmosDb-ApiKey")), right);
        assert_eq!(version(status("live", "secret/cosmosdb-apikey/0")), right);
        assert_eq!(version(status("live", "secret/cosmosdb-apikey/1")), None, "an older one of the history");
        assert_eq!(version(status("live", "key/CosmosDb-ApiKey")), None);
        assert_eq!(version(status("gone", "secret/CosmosDb-ApiKey")), None);
    }
}
