//! How pod specifications get the secret, by mount or by environment, and which workload a pod belongs to.

use std::collections::BTreeSet;

use k8s_openapi::api::apps::v1::ReplicaSet;
use k8s_openapi::api::core::v1::{Container, PodSpec, Volume};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};

use super::csi::{Class, SyncedKey};
use crate::model::{ObjectName, SecretVersion, WorkloadKind, WorkloadName};

/// The name under which the driver is registered.
const DRIVER: &str = "secrets-store.csi.k8s.io";

/// How pods of a specification get the secret.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Gets {
    /// Through a mounted class: each new pod reads the vault.
    pub mounts: bool,
    /// Through synced Secrets of these names: each new pod reads what they hold.
    pub reads: BTreeSet<String>,
    /// The version that a class on the way is pinned to.
    pub pinned: Option<SecretVersion>,
}

impl Gets {
    pub fn of(spec: &PodSpec, namespace: &str, classes: &[Class]) -> Gets {
        let mut gets = Gets::default();
        for class in mounted_classes(spec, namespace, classes) {
            gets.mounts = true;
            gets.pinned = gets.pinned.or_else(|| class.pinned.clone());
        }
        for class in classes.iter().filter(|class| class.namespace == namespace) {
            for synced in class.synced.iter().filter(|synced| reads(spec, synced)) {
                gets.reads.insert(synced.secret.clone());
                gets.pinned = gets.pinned.or_else(|| class.pinned.clone());
            }
        }
        gets
    }

    pub fn any(&self) -> bool {
        self.mounts || !self.reads.is_empty()
    }
}

/// Whether a specification reads this place of a synced Secret, as a volume or into its environment.
fn reads(spec: &PodSpec, synced: &SyncedKey) -> bool {
    let whole = volumes(spec).iter().any(|volume| volume_secrets(volume).any(|name| name == synced.secret));
    let here = |(secret, key): (&str, Option<&str>)| {
        secret == synced.secret && key.is_none_or(|key| key == synced.key)
    };
    whole || containers(spec).any(|container| environment(container).any(here))
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

/// The workloads of a cluster and, where they had to be asked for, the ReplicaSets between them and pods.
pub(super) struct Owners<'a> {
    pub workloads: &'a BTreeSet<WorkloadName>,
    /// `None` where they were not asked for.
    pub replica_sets: Option<&'a [ReplicaSet]>,
}

/// What is above a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Above {
    Workload(WorkloadName),
    /// Something that cannot be restarted from here.
    Other(ObjectName),
    /// A ReplicaSet whose own owner its name does not tell: the ReplicaSets must be listed.
    Unclear,
    Nothing,
}

impl Owners<'_> {
    /// StatefulSets and DaemonSets own their pods themselves. A Deployment names its ReplicaSets after itself and the
    /// hash that their pods carry as a label, so the list of ReplicaSets is needed only where that rule gives no
    /// Deployment that exists.
    pub fn above(&self, pod: &ObjectMeta) -> Above {
        let namespace = pod.namespace.as_deref().unwrap_or_default();
        let Some(owner) = controller(pod) else { return Above::Nothing };
        let built_in = owner.api_version.starts_with("apps/");
        match owner.kind.as_str() {
            "StatefulSet" if built_in => {
                Above::Workload(WorkloadName::of_kind(WorkloadKind::StatefulSet, namespace, &owner.name))
            }
            "DaemonSet" if built_in => {
                Above::Workload(WorkloadName::of_kind(WorkloadKind::DaemonSet, namespace, &owner.name))
            }
            "ReplicaSet" if built_in => self.above_replica_set(pod, namespace, owner),
            _ => Above::Other(ObjectName::new(&*owner.kind, namespace, &*owner.name)),
        }
    }

    fn above_replica_set(&self, pod: &ObjectMeta, namespace: &str, owner: &OwnerReference) -> Above {
        let hash = pod.labels.as_ref().and_then(|labels| labels.get("pod-template-hash"));
        if let Some(hash) = hash
            && let Some(stem) = owner.name.strip_suffix(hash.as_str()).and_then(|name| name.strip_suffix('-'))
        {
            let name = WorkloadName::new(namespace, stem);
            if self.workloads.contains(&name) {
                return Above::Workload(name);
            }
        }
        let Some(sets) = self.replica_sets else { return Above::Unclear };
        let set = sets.iter().find(|set| set.metadata.uid.as_deref() == Some(&owner.uid));
        match set.and_then(|set| controller(&set.metadata)) {
            Some(owner) if owner.kind == "Deployment" => {
                Above::Workload(WorkloadName::new(namespace, &owner.name))
            }
            Some(other) => Above::Other(ObjectName::new(&*other.kind, namespace, &*other.name)),
            None => Above::Other(ObjectName::new("ReplicaSet", namespace, &*owner.name)),
        }
    }
}

fn controller(meta: &ObjectMeta) -> Option<&OwnerReference> {
    meta.owner_references.iter().flatten().find(|owner| owner.controller == Some(true))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn classes() -> Vec<Class> {
        let synced = vec![SyncedKey { secret: "cosmos".into(), key: "api-key".into() }];
        let pinned = None;
        vec![Class { namespace: "workload".into(), name: "kv".into(), vault: "v".into(), synced, pinned }]
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
            assert!(Gets::of(spec, "workload", &classes()).any(), "{spec:?}");
            let elsewhere = Gets::of(spec, "elsewhere", &classes());
            assert!(!elsewhere.any(), "classes and Secrets belong to a namespace");
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
            assert!(!Gets::of(spec, "workload", &classes()).any(), "{spec:?}");
        }
    }

    #[test]
    fn how_the_secret_comes_is_told_and_what_it_is_pinned_to() {
        let mut pinned = classes();
        pinned[0].pinned = Some("v1".into());
        let mounting = Gets::of(&spec(json!({}), csi("kv", DRIVER)), "workload", &pinned);
        assert_eq!((mounting.mounts, mounting.reads.len(), mounting.pinned), (true, 0, Some("v1".into())));
        let from = spec(json!({"envFrom": [{"secretRef": {"name": "cosmos"}}]}), json!([]));
        let reading = Gets::of(&from, "workload", &pinned);
        assert_eq!((reading.mounts, reading.reads), (false, ["cosmos".to_owned()].into()));
        assert_eq!(reading.pinned, Some("v1".into()), "the Secret is filled from the pinned class");
    }

    fn owned(api: &str, kind: &str, name: &str, hash: &str) -> ObjectMeta {
        serde_json::from_value(json!({
            "name": "p", "namespace": "workload", "labels": {"pod-template-hash": hash},
            "ownerReferences": [{"apiVersion": api, "kind": kind, "name": name, "uid": format!("uid-{name}"),
                "controller": true}],
        }))
        .unwrap()
    }

    #[test]
    fn a_pod_is_traced_to_its_deployment_by_name_and_hash_or_by_the_replica_sets() {
        let meta = |set: &str, hash: &str| owned("apps/v1", "ReplicaSet", set, hash);
        let name = WorkloadName::new("workload", "health-deploy");
        let workloads = BTreeSet::from([name.clone()]);
        let owners = Owners { workloads: &workloads, replica_sets: None };
        let found = Above::Workload(name.clone());
        assert_eq!(owners.above(&meta("health-deploy-65c8864b6d", "65c8864b6d")), found);
        assert_eq!(owners.above(&meta("odd-name", "65c8864b6d")), Above::Unclear);

        let set = |name: &str, owner: Option<Value>| -> ReplicaSet {
            serde_json::from_value(json!({"metadata": {
                "name": name, "uid": format!("uid-{name}"), "ownerReferences": owner.into_iter().collect::<Vec<_>>(),
            }}))
            .unwrap()
        };
        let owner = |api: &str, kind: &str, name: &str| json!({"apiVersion": api, "kind": kind, "name": name, "uid": "d", "controller": true});
        let sets = [
            set("odd-name", Some(owner("apps/v1", "Deployment", "health-deploy"))),
            set("canary-1", Some(owner("argoproj.io/v1alpha1", "Rollout", "canary"))),
            set("alone", None),
        ];
        let owners = Owners { replica_sets: Some(&sets), ..owners };
        assert_eq!(owners.above(&meta("odd-name", "65c8864b6d")), found);
        let other = |kind: &str, name: &str| Above::Other(ObjectName::new(kind, "workload", name));
        assert_eq!(owners.above(&meta("canary-1", "x")), other("Rollout", "canary"));
        assert_eq!(owners.above(&meta("alone", "x")), other("ReplicaSet", "alone"));
        assert_eq!(owners.above(&meta("gone", "x")), other("ReplicaSet", "gone"));
    }

    #[test]
    fn sets_own_their_pods_themselves_and_jobs_are_told_by_name() {
        let workloads = BTreeSet::new();
        let owners = Owners { workloads: &workloads, replica_sets: None };
        for (kind, word) in
            [(WorkloadKind::StatefulSet, "StatefulSet"), (WorkloadKind::DaemonSet, "DaemonSet")]
        {
            let expected = Above::Workload(WorkloadName::of_kind(kind, "workload", "orders"));
            assert_eq!(owners.above(&owned("apps/v1", word, "orders", "")), expected);
        }
        let other = |kind: &str| Above::Other(ObjectName::new(kind, "workload", "orders"));
        assert_eq!(owners.above(&owned("batch/v1", "Job", "orders", "")), other("Job"));
        assert_eq!(
            owners.above(&owned("apps.kruise.io/v1", "StatefulSet", "orders", "")),
            other("StatefulSet")
        );
        assert_eq!(owners.above(&ObjectMeta::default()), Above::Nothing);
    }
}
