//! Which pod specifications get the secret, by mount or by environment, and which Deployment a pod belongs to.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::ReplicaSet;
use k8s_openapi::api::core::v1::{Container, PodSpec, Volume};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};

use super::csi::Class;
use crate::model::WorkloadName;

/// The name under which the driver is registered.
const DRIVER: &str = "secrets-store.csi.k8s.io";

/// Whether pods of this specification get the secret.
pub(super) fn consumes(spec: &PodSpec, namespace: &str, classes: &[Class]) -> bool {
    if mounted_classes(spec, namespace, classes).next().is_some() {
        return true;
    }
    let reads = |secret: &str, key: Option<&str>| {
        classes
            .iter()
            .filter(|class| class.namespace == namespace)
            .flat_map(|class| &class.synced)
            .any(|synced| synced.secret == secret && key.is_none_or(|key| key == synced.key))
    };
    volumes(spec).iter().any(|volume| volume_secrets(volume).any(|secret| reads(secret, None)))
        || containers(spec).any(|container| environment(container).any(|(secret, key)| reads(secret, key)))
}

/// The delivering classes that a specification mounts.
pub(super) fn mounted_classes<'a>(
    spec: &'a PodSpec,
    namespace: &'a str,
    classes: &'a [Class],
) -> impl Iterator<Item = &'a Class> {
    let named = volumes(spec).iter().filter_map(class_of).collect::<Vec<_>>();
    classes.iter().filter(move |class| class.namespace == namespace && named.contains(&class.name.as_str()))
}

fn volumes(spec: &PodSpec) -> &[Volume] {
    spec.volumes.as_deref().unwrap_or_default()
}

fn class_of(volume: &Volume) -> Option<&str> {
    let csi = volume.csi.as_ref().filter(|csi| csi.driver == DRIVER)?;
    csi.volume_attributes.as_ref()?.get("secretProviderClass").map(String::as_str)
}

fn volume_secrets(volume: &Volume) -> impl Iterator<Item = &str> {
    let direct = volume.secret.as_ref().and_then(|source| source.secret_name.as_deref());
    let sources = volume.projected.as_ref().and_then(|projected| projected.sources.as_deref());
    let projected = sources.unwrap_or_default().iter().filter_map(|source| source.secret.as_ref());
    direct.into_iter().chain(projected.map(|secret| secret.name.as_str()))
}

fn containers(spec: &PodSpec) -> impl Iterator<Item = &Container> {
    spec.containers.iter().chain(spec.init_containers.iter().flatten())
}

/// Secrets, and the key where only one is read, that a container's environment is made from.
fn environment(container: &Container) -> impl Iterator<Item = (&str, Option<&str>)> {
    let whole = container.env_from.iter().flatten().filter_map(|from| from.secret_ref.as_ref());
    let single = container
        .env
        .iter()
        .flatten()
        .filter_map(|variable| variable.value_from.as_ref()?.secret_key_ref.as_ref());
    whole
        .map(|secret| (secret.name.as_str(), None))
        .chain(single.map(|secret| (secret.name.as_str(), Some(secret.key.as_str()))))
}

/// The Deployments of a cluster and, where they had to be asked for, the ReplicaSets between them and pods.
pub(super) struct Owners<'a> {
    pub deployments: &'a BTreeMap<WorkloadName, String>,
    pub replica_sets: &'a [ReplicaSet],
}

/// What is above a pod.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Above {
    Deployment(WorkloadName),
    /// A ReplicaSet whose own owner its name does not tell: the ReplicaSets must be listed.
    Unclear,
    Nothing,
}

impl Owners<'_> {
    /// A Deployment names its ReplicaSets after itself and the hash that their pods carry as a label, so the
    /// list of ReplicaSets is needed only where that rule gives no Deployment that exists.
    pub fn above(&self, pod: &ObjectMeta) -> Above {
        let namespace = pod.namespace.as_deref().unwrap_or_default();
        let Some(owner) = controller(pod).filter(|owner| owner.kind == "ReplicaSet") else {
            return Above::Nothing;
        };
        let hash = pod.labels.as_ref().and_then(|labels| labels.get("pod-template-hash"));
        if let Some(hash) = hash
            && let Some(stem) = owner.name.strip_suffix(hash.as_str()).and_then(|name| name.strip_suffix('-'))
        {
            let name = WorkloadName::new(namespace, stem);
            if self.deployments.contains_key(&name) {
                return Above::Deployment(name);
            }
        }
        let set = self.replica_sets.iter().find(|set| set.metadata.uid.as_deref() == Some(&owner.uid));
        match set.map(|set| controller(&set.metadata)) {
            Some(Some(owner)) if owner.kind == "Deployment" => {
                Above::Deployment(WorkloadName::new(namespace, &owner.name))
            }
            Some(_) => Above::Nothing,
            None => Above::Unclear,
        }
    }
}

fn controller(meta: &ObjectMeta) -> Option<&OwnerReference> {
    meta.owner_references.iter().flatten().find(|owner| owner.controller == Some(true))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::csi::SyncedKey;
    use super::*;

    fn classes() -> Vec<Class> {
        let synced = vec![SyncedKey { secret: "cosmos".into(), key: "api-key".into() }];
        vec![Class { namespace: "workload".into(), name: "kv".into(), vault: "v".into(), synced }]
    }

    fn spec(container: Value, volumes: Value) -> PodSpec {
        let mut container = container;
        container["name"] = json!("c");
        serde_json::from_value(json!({"containers": [container], "volumes": volumes})).unwrap()
    }

    fn csi(class: &str, driver: &str) -> Value {
        json!([{"name": "s", "csi": {"driver": driver, "volumeAttributes": {"secretProviderClass": class}}}])
    }

    #[test]
    fn mounts_environment_and_volumes_all_make_a_consumer() {
        let yes = [
            spec(json!({}), csi("kv", DRIVER)),
            spec(json!({}), json!([{"name": "v", "secret": {"secretName": "cosmos"}}])),
            spec(
                json!({}),
                json!([{"name": "v", "projected": {"sources": [{"secret": {"name": "cosmos"}}]}}]),
            ),
            spec(json!({"envFrom": [{"secretRef": {"name": "cosmos"}}]}), json!([])),
            spec(
                json!({"env": [{"name": "K", "valueFrom": {"secretKeyRef": {"name": "cosmos", "key": "api-key"}}}]}),
                json!([]),
            ),
        ];
        for spec in &yes {
            assert!(consumes(spec, "workload", &classes()), "{spec:?}");
            assert!(!consumes(spec, "elsewhere", &classes()), "classes and Secrets belong to a namespace");
        }
        let no = [
            spec(json!({}), csi("other", DRIVER)),
            spec(json!({}), csi("kv", "file.csi.azure.com")),
            spec(
                json!({"env": [{"name": "K", "valueFrom": {"secretKeyRef": {"name": "cosmos", "key": "else"}}}]}),
                json!([]),
            ),
        ];
        for spec in &no {
            assert!(!consumes(spec, "workload", &classes()), "{spec:?}");
        }
    }

    #[test]
    fn a_pod_is_traced_to_its_deployment_by_name_and_hash_or_by_the_replica_sets() {
        let meta = |set: &str, hash: &str| -> ObjectMeta {
            serde_json::from_value(json!({
                "name": "p", "namespace": "workload", "labels": {"pod-template-hash": hash},
                "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": set,
                    "uid": format!("uid-{set}"), "controller": true}],
            }))
            .unwrap()
        };
        let name = WorkloadName::new("workload", "health-deploy");
        let deployments = BTreeMap::from([(name.clone(), "d".to_owned())]);
        let owners = Owners { deployments: &deployments, replica_sets: &[] };
        let found = Above::Deployment(name.clone());
        assert_eq!(owners.above(&meta("health-deploy-65c8864b6d", "65c8864b6d")), found);
        assert_eq!(owners.above(&meta("odd-name", "65c8864b6d")), Above::Unclear);

        let set = |name: &str, owner: Option<Value>| -> ReplicaSet {
            serde_json::from_value(json!({"metadata": {
                "name": name, "uid": format!("uid-{name}"), "ownerReferences": owner.into_iter().collect::<Vec<_>>(),
            }}))
            .unwrap()
        };
        let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": "health-deploy", "uid": "d",
            "controller": true});
        let sets = [set("odd-name", Some(deployment)), set("alone", None)];
        let owners = Owners { replica_sets: &sets, ..owners };
        assert_eq!(owners.above(&meta("odd-name", "65c8864b6d")), found);
        assert_eq!(owners.above(&meta("alone", "x")), Above::Nothing);
    }
}
