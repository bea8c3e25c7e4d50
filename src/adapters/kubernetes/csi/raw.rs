//! A `SecretProviderClass` as it is written: its objects are YAML within YAML.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;

use super::super::managed::{ManagedFields, changed_at};
use super::class::{Class, SyncedKey};
use crate::model::SecretVersion;

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ClassMeta {
    pub name: String,
    pub namespace: String,
    pub(super) uid: String,
    pub(super) creation_timestamp: Option<Timestamp>,
    /// Counts changes of the specification.
    pub(super) generation: Option<i64>,
    pub(super) managed_fields: Vec<ManagedFields>,
}

impl ClassMeta {
    /// When the specification was last changed, at the latest; `None` where nobody says.
    pub(super) fn changed(&self) -> Option<Timestamp> {
        let created = self.creation_timestamp?;
        match self.generation {
            Some(1) => Some(created),
            Some(_) | None => changed_at(&self.managed_fields, &["f:spec"]).map(|at| at.max(created)),
        }
    }
}

/// A `SecretProviderClass` as the API gives it.
#[derive(Debug, Deserialize)]
pub struct RawClass {
    pub metadata: ClassMeta,
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

impl RawClass {
    /// As to `secret`. Where its YAML cannot be read, a mention of the name counts: a consumer too many holds a rotation
    /// and is seen, one too few is an outage.
    pub fn read_for(self, secret: &str) -> Class {
        let text = self.spec.parameters.get("objects").map_or("", String::as_str);
        let mut names = vec![secret.to_ascii_lowercase()];
        let (delivers, pinned) = match objects(text) {
            Some(objects) => {
                let found: Vec<&Object> = objects.iter().filter(|object| object.is(secret)).collect();
                names.extend(found.iter().map(|object| object.object_alias.to_ascii_lowercase()));
                (!found.is_empty(), found.iter().filter_map(|object| object.pinned()).collect())
            }
            None => (text.to_ascii_lowercase().contains(&names[0]), Vec::new()),
        };
        let filled = self.spec.secret_objects.iter().filter(|_| delivers);
        let synced = filled.flat_map(|object| {
            object
                .data
                .iter()
                .filter(|data| names.iter().any(|name| is_file_of(&data.object_name, name)))
                .map(|data| SyncedKey { secret: object.secret_name.clone(), key: data.key.clone() })
        });
        Class {
            synced: synced.collect(),
            pinned,
            delivers,
            elsewhere: false,
            changed: self.metadata.changed(),
            edited: self.metadata.generation != Some(1),
            fills: self.spec.secret_objects.iter().map(|object| object.secret_name.clone()).collect(),
            vault: self.spec.parameters.get("keyvaultName").cloned().unwrap_or_default(),
            edition: format!("{}/{}", self.metadata.uid, self.metadata.generation.unwrap_or_default()),
            namespace: self.metadata.namespace,
            name: self.metadata.name,
        }
    }
}

/// Files are called as their object or its alias is; with a history (`objectVersionHistory`), each version has its own, `NAME/0`
/// the newest. A Secret that is filled from an older one holds an older key: its bytes tell.
fn is_file_of(file: &str, name: &str) -> bool {
    let version = |rest: &str| rest.strip_prefix('/').is_some_and(|number| number.parse::<u32>().is_ok());
    let (head, rest) = file.split_at_checked(name.len()).unwrap_or((file, ""));
    !name.is_empty() && head.eq_ignore_ascii_case(name) && (rest.is_empty() || version(rest))
}

impl Object {
    fn is(&self, secret: &str) -> bool {
        let kind = self.object_type.trim();
        self.object_name.eq_ignore_ascii_case(secret)
            && (kind.is_empty() || kind.eq_ignore_ascii_case("secret"))
    }

    /// The provider takes both nothing and `latest` for the current version.
    pub(super) fn pinned(&self) -> Option<SecretVersion> {
        let version = self.object_version.trim();
        let floats = version.is_empty() || version.eq_ignore_ascii_case("latest");
        (!floats).then(|| SecretVersion::new(version))
    }
}

fn objects(text: &str) -> Option<Vec<Object>> {
    let objects: Objects = serde_saphyr::from_str(text).ok()?;
    objects.array.iter().map(|entry| serde_saphyr::from_str(entry).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

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
        let found = class(OBJECTS).read_for("CosmosDb-ApiKey");
        assert!(found.delivers);
        assert_eq!(found.vault, "kv-eastus");
        assert_eq!(found.synced, [SyncedKey { secret: "cosmos".into(), key: "api-key".into() }]);
        let synced = |file: &str| {
            let mut class = class(OBJECTS);
            class.spec.secret_objects[0].data[0].object_name = file.to_owned();
            class.read_for("CosmosDb-ApiKey").synced.len()
        };
        let files =
            ["CosmosKey/0", "cosmosdb-apikey", "cosmoskey/1", "cosmoskey/", "cosmoskey/x", "cosmoskeys"];
        assert_eq!(
            files.map(synced),
            [1, 1, 1, 0, 0, 0],
            "with a history, each version has a file of its own"
        );
        assert!(!class(OBJECTS).read_for("tls").delivers, "a certificate is no secret");
        assert!(!class(OBJECTS).read_for("ApiKey").delivers, "a part of a name is not the name");
        let nothing = class("").read_for("CosmosDb-ApiKey");
        assert!(!nothing.delivers && nothing.synced.is_empty());
    }

    #[test]
    fn an_object_with_a_version_of_its_own_is_pinned_and_one_that_asks_for_the_latest_is_not() {
        let pinned = |version: &str| {
            let objects =
                format!("array:\n  - |\n    objectName: CosmosDb-ApiKey\n    objectVersion: {version}\n");
            class(&objects).read_for("CosmosDb-ApiKey").pinned.first().cloned()
        };
        assert_eq!(pinned("c55925c29c6743dcb9bb4bf091be03b0").unwrap().as_str().len(), 32);
        assert_eq!(pinned("20240101000000").unwrap().as_str(), "20240101000000", "digits alone stay text");
        assert_eq!([pinned("\"\""), pinned("latest"), pinned("")], [None, None, None]);
    }

    #[test]
    fn yaml_that_cannot_be_read_counts_when_it_mentions_the_name() {
        let broken = "array:\n\t- objectName: CosmosDb-ApiKey";
        assert!(class(broken).read_for("cosmosdb-apikey").delivers);
        assert!(!class("array:\n\t- objectName: x").read_for("cosmosdb-apikey").delivers);
    }

    #[test]
    fn what_a_class_said_before_is_not_known_of_pods_that_began_before_it_was_changed() {
        let at = |text: &str| -> Timestamp { text.parse().unwrap() };
        let edited = |meta: serde_json::Value| -> Class {
            let mut json = json!({"metadata": {"name": "c", "namespace": "n"}, "spec": {"parameters":
                {"keyvaultName": "kv-eastus", "objects": "array:\n  - |\n    objectName: other\n"}}});
            json["metadata"].as_object_mut().unwrap().extend(meta.as_object().unwrap().clone());
            serde_json::from_value::<RawClass>(json).unwrap().read_for("CosmosDb-ApiKey")
        };
        let fields = json!([{"time": "2026-11-22T19:00:00Z", "fieldsV1": {"f:spec": {"f:parameters": {}}}},
            {"time": "2026-11-22T23:00:00Z", "fieldsV1": {"f:metadata": {"f:labels": {}}}}]);
        let created = "2026-11-01T00:00:00Z";
        let twice = edited(json!({"creationTimestamp": created, "generation": 2, "managedFields": fields}));
        let may = |class: &Class, began: &str| class.may_have_delivered(Some(at(began)), Some("KV-eastus"));
        assert!(may(&twice, "2026-11-22T19:00:00Z"), "times are whole seconds");
        assert!(!may(&twice, "2026-11-22T19:00:01Z"), "it began with what the class says now");
        let never = edited(json!({"creationTimestamp": created, "generation": 1, "managedFields": fields}));
        assert!(!may(&never, "2026-11-20T00:00:00Z"), "only its labels were changed");
        assert!(may(&never, "2026-10-31T00:00:00Z"), "there was another class of that name before");
        assert!(may(&edited(json!({"creationTimestamp": created, "generation": 2})), "2026-11-30T00:00:00Z"));
        assert!(!twice.may_have_delivered(Some(at("2026-11-22T18:00:00Z")), Some("kv-other")));
    }
}
