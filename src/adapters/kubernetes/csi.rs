//! The Secrets Store CSI driver's objects: which classes deliver the secret, and what each mount got.
//!
//! Facts of the driver (v1.6, provider azure 1.8): a class holds its objects as YAML in a string, each entry
//! again YAML in a string; a `SecretProviderClassPodStatus` is written after a successful mount only, names the
//! object as `secret/NAME` (with history, `secret/NAME/INDEX`, 0 the newest) and the vault not at all. Its
//! version is what the files hold. Vault object names have no case.

mod class;
mod raw;

use serde::Deserialize;

pub(super) use self::class::{Class, SyncedKey};
pub(super) use self::raw::RawClass;
use crate::model::SecretVersion;

#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Meta {
    #[serde(default)]
    pub namespace: String,
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
    use super::*;
    use serde_json::json;

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
