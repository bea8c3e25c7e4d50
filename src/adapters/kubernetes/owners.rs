//! Which workload a pod belongs to, or what else is above it.

use std::collections::BTreeSet;

use k8s_openapi::api::apps::v1::ReplicaSet;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};

use crate::model::{ObjectName, WorkloadKind, WorkloadName};

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
