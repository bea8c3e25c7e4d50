//! The Secrets Store CSI driver's objects: which classes deliver the secret, and what each mount got.
//!
//! Facts of the driver (v1.6, provider azure 1.8): a class holds its objects as YAML in a string, each entry
//! again YAML in a string; a `SecretProviderClassPodStatus` is written after a successful mount only, names the
//! object as `secret/NAME` (with history, `secret/NAME/INDEX`, 0 the newest) and the vault not at all. Its
//! version is what the files hold. Vault object names have no case.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;

use super::managed::{ManagedFields, changed_at};
use crate::model::{PinnedClass, SecretVersion, StampName};

#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Meta {
    #[serde(default)]
    pub namespace: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ClassMeta {
    pub name: String,
    pub namespace: String,
    uid: String,
    creation_timestamp: Option<Timestamp>,
    /// Counts changes of the specification.
    generation: Option<i64>,
    managed_fields: Vec<ManagedFields>,
}

impl ClassMeta {
    /// When the specification was last changed, at the latest; `None` where nobody says.
    fn changed(&self) -> Option<Timestamp> {
        let created = self.creation_timestamp?;
        match self.generation {
            Some(1) => Some(created),
            Some(_) | None => changed_at(&self.managed_fields, &["f:spec"]).map(|at| at.max(created)),
        }
    }
}

/// A `SecretProviderClass` as the API gives it.
#[derive(Debug, Deserialize)]
pub(super) struct RawClass {
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

/// A class, and what it delivers of the secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Class {
    pub namespace: String,
    pub name: String,
    /// The object's own name and the count of its changes: another text where it says anything else, or is made anew.
    pub edition: String,
    /// The vault that it reads.
    pub vault: String,
    /// Whether it delivers the secret, by what it says today.
    pub delivers: bool,
    /// Whether it delivers one of that name, from a vault that is no stamp's.
    pub elsewhere: bool,
    /// When it last began to say something else, at the latest; `None` where that is not known.
    pub changed: Option<Timestamp>,
    /// Whether it may ever have said something else.
    pub edited: bool,
    /// Every Kubernetes Secret that it fills, from whatever.
    pub fills: Vec<String>,
    /// Kubernetes Secrets that it fills from the secret, with the key that gets the value.
    pub synced: Vec<SyncedKey>,
    /// The versions that it delivers for ever, where its objects name some.
    pub pinned: Vec<SecretVersion>,
}

/// One place in a Kubernetes Secret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SyncedKey {
    pub secret: String,
    pub key: String,
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

impl Class {
    /// By each version that it delivers for ever.
    pub fn pins(&self) -> impl Iterator<Item = PinnedClass> {
        let (namespace, name) = (&self.namespace, &self.name);
        self.pinned.iter().map(move |version| PinnedClass {
            namespace: namespace.clone(),
            name: name.clone(),
            version: version.clone(),
        })
    }

    /// The same where these are all the vaults that any stamp has, in small letters; where they are not known, none is another.
    pub fn among(mut self, vaults: &BTreeMap<String, StampName>) -> Class {
        let known = !vaults.is_empty() && !self.vault.is_empty();
        if self.delivers && known && !vaults.contains_key(&self.vault.to_ascii_lowercase()) {
            (self.delivers, self.elsewhere) = (false, true);
            (self.synced, self.pinned) = (Vec::new(), Vec::new());
        }
        self
    }

    /// Whether it may have said something else when a pod began.
    pub fn is_younger(&self, began: Option<Timestamp>) -> bool {
        self.changed.zip(began).is_none_or(|(changed, began)| changed >= began)
    }

    /// Whether a pod that began then may have got the secret from it, which it does not deliver today.
    pub fn may_have_delivered(&self, began: Option<Timestamp>, vault: Option<&str>) -> bool {
        let since = self.changed.zip(began).is_none_or(|(changed, began)| changed >= began);
        since && self.is_no_more(vault)
    }

    pub fn is(&self, namespace: &str, name: &str) -> bool {
        self.namespace == namespace && self.name == name
    }

    /// Whether a Kubernetes Secret that it fills may hold the secret from an earlier time.
    pub fn may_have_filled(&self, vault: Option<&str>) -> bool {
        self.edited && self.is_no_more(vault)
    }

    fn is_no_more(&self, vault: Option<&str>) -> bool {
        let same = self.vault.is_empty() || vault.is_none_or(|vault| self.vault.eq_ignore_ascii_case(vault));
        same && !self.delivers
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

/// The versions that this pod's mounts of `class` hold: more than one where it names the object more than once.
pub(super) fn mounted<'a>(
    statuses: &'a [PodStatus],
    pod: PodId<'a>,
    class: &'a str,
    secret: &'a str,
) -> impl Iterator<Item = SecretVersion> + 'a {
    let newest = move |object: &&StatusObject| matches!(place_of(&object.id, secret), Some(None | Some("0")));
    let objects = statuses_of(statuses, pod, class).flat_map(|status| &status.status.objects);
    objects.filter(newest).map(|object| SecretVersion::new(object.version.clone()))
}

/// Whether this pod's mount of `class` holds any version of the secret.
pub(super) fn is_mounted(statuses: &[PodStatus], pod: PodId<'_>, class: &str, secret: &str) -> bool {
    let mut objects = statuses_of(statuses, pod, class).flat_map(|status| &status.status.objects);
    objects.any(|object| place_of(&object.id, secret).is_some())
}

/// A status of an earlier pod of the same name is not this pod's.
fn statuses_of<'a>(
    statuses: &'a [PodStatus],
    pod: PodId<'a>,
    class: &'a str,
) -> impl Iterator<Item = &'a PodStatus> {
    statuses.iter().filter(move |status| {
        status.metadata.namespace == pod.namespace
            && status.status.pod_name == pod.name
            && status.status.secret_provider_class_name == class
            && status.status.target_path.split(['/', '\\']).any(|part| part == pod.uid)
    })
}

/// Where the id is one of the secret: its place in the history, where there is one.
fn place_of<'a>(id: &'a str, secret: &str) -> Option<Option<&'a str>> {
    let mut parts = id.split('/');
    let is_secret = parts.next() == Some("secret");
    let is_named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(secret));
    (is_secret && is_named).then(|| parts.next())
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
        let version = |status: PodStatus| mounted(&[status], pod, "azure-sync", "CosmosDb-ApiKey").next();
        let right = Some(SecretVersion::new("c55925c2"));
        assert_eq!(version(status("live", "secret/CosmosDb-ApiKey")), right);
        assert_eq!(version(status("live", "secret/cosmosdb-apikey/0")), right);
        assert_eq!(version(status("live", "secret/cosmosdb-apikey/1")), None, "an older one of the history");
        assert_eq!(version(status("live", "key/CosmosDb-ApiKey")), None);
        assert_eq!(version(status("gone", "secret/CosmosDb-ApiKey")), None);
    }
}
