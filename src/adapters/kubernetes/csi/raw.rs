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
    pub(super) spec: RawClassSpec,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RawClassSpec {
    #[serde(default)]
    pub(super) parameters: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) secret_objects: Vec<RawSecretObject>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RawSecretObject {
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
