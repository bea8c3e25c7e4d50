//! Kubernetes Secrets that the CSI driver fills: what they hold, by their own bytes.
//!
//! The driver's status objects say nothing of these (with rotation off they keep an old value under a new
//! status), so the bytes are read, fingerprinted, and wiped. Each Secret is asked for by name: listing them
//! would read every other Secret too.

use std::collections::BTreeSet;

use jiff::Timestamp;
use k8s_openapi::ByteString;
use serde::de::value::StrDeserializer;
use serde::{Deserialize, Deserializer};
use zeroize::Zeroizing;

use super::api::{Api, SECRETS};
use super::csi::Class;
use super::failure::Failure;
use super::managed::{ManagedFields, changed_at};
use super::unfilled::SecretName;
use crate::model::{CronJobView, Fingerprint, PodView, Salt, SyncedSecretView};

#[derive(Deserialize)]
struct Secret {
    metadata: SecretMeta,
    #[serde(default)]
    data: std::collections::BTreeMap<String, Base64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SecretMeta {
    #[serde(default)]
    creation_timestamp: Option<Timestamp>,
    #[serde(default)]
    managed_fields: Vec<ManagedFields>,
    #[serde(default)]
    owner_references: Vec<Owner>,
}

#[derive(Deserialize)]
struct Owner {
    #[serde(default)]
    uid: String,
}

/// A value of `data`, wiped on drop.
struct Base64(Zeroizing<String>);

impl<'de> Deserialize<'de> for Base64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Base64(Zeroizing::new(text)))
    }
}

/// The bytes of base64 text; `None` where it is none.
pub(super) fn base64(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let text = StrDeserializer::<serde::de::value::Error>::new(text.trim());
    ByteString::deserialize(text).ok().map(|bytes| Zeroizing::new(bytes.0))
}

/// The synced Secrets of the classes. One that does not exist yet holds nothing and is left out.
pub(super) async fn look(
    api: &Api,
    classes: &[Class],
    salt: &Salt,
) -> Result<Vec<SyncedSecretView>, Failure> {
    let wanted: BTreeSet<_> = classes
        .iter()
        .flat_map(|class| {
            class.synced.iter().map(move |synced| (&class.namespace, &synced.secret, &synced.key))
        })
        .collect();
    let mut found = Vec::new();
    for (namespace, name, key) in wanted {
        let path = format!("{}/{name}", SECRETS.path(Some(namespace)));
        match api.get::<Secret>(&path).await {
            Ok(secret) => {
                let seen = view(&secret, namespace, name, key, salt)?;
                let said_since = said_since(&secret, classes, namespace, name);
                found.extend(seen.map(|seen| SyncedSecretView { said_since, ..seen }));
            }
            Err(failure) if failure.refusal().is_some_and(|refusal| refusal.status == 404) => {}
            Err(failure) => return Err(failure),
        }
    }
    Ok(found)
}

/// Notes those of which no specification reads the key: of these pods, and of these templates.
pub(super) fn note_unread(
    synced: &mut [SyncedSecretView],
    pods: &[PodView],
    cron_jobs: &[CronJobView],
    templates: &BTreeSet<SecretName>,
) {
    for secret in synced {
        let named = templates.iter().any(|(space, name)| *space == secret.namespace && *name == secret.name);
        let read = named
            || pods.iter().any(|pod| pod.reads(secret))
            || cron_jobs.iter().any(|job| job.reads(secret));
        secret.unread = !read;
    }
}

fn view(
    secret: &Secret,
    namespace: &str,
    name: &str,
    key: &str,
    salt: &Salt,
) -> Result<Option<SyncedSecretView>, Failure> {
    let Some(Base64(text)) = secret.data.get(key) else { return Ok(None) };
    let bytes = base64(text)
        .ok_or_else(|| Failure::Garbled(format!("the Secret {namespace}/{name} holds no base64 at {key}")))?;
    Ok(Some(SyncedSecretView {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        fingerprint: Fingerprint::of_key_in(&bytes, salt),
        changed: changed_at(&secret.metadata.managed_fields, &["f:data", &format!("f:{key}")]),
        owners: secret.metadata.owner_references.iter().map(|owner| owner.uid.clone()).collect(),
        said_since: None,
        unread: false,
    }))
}

/// Since when it is there, and all classes that fill it say what they say. Nothing that was seen of one before is true of one
/// that was deleted and made again.
fn said_since(secret: &Secret, classes: &[Class], namespace: &str, name: &str) -> Option<Timestamp> {
    let made = secret.metadata.creation_timestamp.unwrap_or(Timestamp::MIN);
    let filling = classes.iter().filter(|class| class.namespace == namespace);
    let mut filling = filling.filter(|class| class.fills.iter().any(|secret| secret == name));
    filling.try_fold(made, |latest, class| Some(latest.max(class.changed?)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_secret_is_known_by_its_bytes_and_dated_by_the_manager_of_its_key() {
        let secret: Secret = serde_json::from_value(json!({
            "metadata": {"name": "cosmos", "ownerReferences": [{"kind": "ReplicaSet", "uid": "r-1"}], "managedFields": [
                {"manager": "driver", "time": "2026-11-22T19:00:00Z", "fieldsV1": {"f:data": {".": {}, "f:k": {}}}},
                {"manager": "labels", "time": "2026-11-22T20:00:00Z", "fieldsV1": {"f:metadata": {}}},
            ]},
            "data": {"k": "a2V5LW9uZQ==", "other": "eA=="},
        }))
        .unwrap();
        let salt = Salt::new("00ff");
        let seen = view(&secret, "workload", "cosmos", "k", &salt).unwrap().unwrap();
        assert_eq!(seen.fingerprint, Fingerprint::of(b"key-one", &salt));
        assert_eq!(seen.changed, Some("2026-11-22T19:00:00Z".parse().unwrap()));
        assert_eq!(seen.owners, ["r-1"]);
        assert_eq!(view(&secret, "workload", "cosmos", "absent", &salt).unwrap(), None);
    }

    #[test]
    fn a_secret_that_was_made_again_is_no_older_than_that() {
        let at = |hour: u32| format!("2026-11-22T{hour}:00:00Z");
        let class = Class {
            namespace: "workload".to_owned(),
            name: "kv".to_owned(),
            edition: String::new(),
            vault: "v".to_owned(),
            delivers: true,
            elsewhere: false,
            changed: Some(at(12).parse().unwrap()),
            edited: false,
            fills: vec!["cosmos".to_owned()],
            synced: Vec::new(),
            pinned: Vec::new(),
        };
        let since = |made: Option<String>, class: Class| {
            let secret = serde_json::from_value(json!({"metadata": {"creationTimestamp": made}})).unwrap();
            said_since(&secret, &[class], "workload", "cosmos").map(|at| at.to_string())
        };
        assert_eq!(since(Some(at(10)), class.clone()), Some(at(12)));
        assert_eq!(since(Some(at(19)), class.clone()), Some(at(19)));
        assert_eq!(since(None, class.clone()), Some(at(12)));
        assert_eq!(since(Some(at(19)), Class { changed: None, ..class }), None);
    }
}
