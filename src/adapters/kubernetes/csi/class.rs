//! What a class delivers, and since when.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::model::{PinnedClass, SecretVersion, StampName};

/// A class, and what it delivers of the secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Class {
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
pub struct SyncedKey {
    pub secret: String,
    pub key: String,
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

#[cfg(test)]
mod tests {
    use super::super::raw::RawClass;
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
