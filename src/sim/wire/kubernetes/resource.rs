//! The kinds of objects that the face serves, in one table: for paths, discovery and `Status` bodies.

use crate::model::WorkloadKind;

/// A kind in the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Resource {
    Namespaces,
    Pods,
    Events,
    Secrets,
    Deployments,
    ReplicaSets,
    StatefulSets,
    DaemonSets,
    Rollouts,
    CronJobs,
    Jobs,
    Quotas,
    Autoscalers,
    Budgets,
    Classes,
    PodStatuses,
}

/// How the API calls a kind.
#[derive(Clone, Copy, Debug)]
pub(super) struct Names {
    /// Empty for the core group.
    pub group: &'static str,
    pub version: &'static str,
    pub plural: &'static str,
    pub singular: &'static str,
    pub kind: &'static str,
    pub short: &'static [&'static str],
    pub namespaced: bool,
    pub verbs: &'static [&'static str],
}

const READ: &[&str] = &["get", "list", "watch"];
const CSI: &str = "secrets-store.csi.x-k8s.io";

impl Resource {
    pub const ALL: [Resource; 16] = [
        Resource::Namespaces,
        Resource::Pods,
        Resource::Events,
        Resource::Secrets,
        Resource::Deployments,
        Resource::ReplicaSets,
        Resource::StatefulSets,
        Resource::DaemonSets,
        Resource::Rollouts,
        Resource::CronJobs,
        Resource::Jobs,
        Resource::Quotas,
        Resource::Autoscalers,
        Resource::Budgets,
        Resource::Classes,
        Resource::PodStatuses,
    ];

    pub fn find(group: &str, version: &str, plural: &str) -> Option<Resource> {
        Resource::ALL.into_iter().find(|resource| {
            let names = resource.names();
            (names.group, names.version, names.plural) == (group, version, plural)
        })
    }

    /// In whatever version the group has.
    pub fn find_in(group: &str, plural: &str) -> Option<Resource> {
        Resource::ALL.into_iter().find(|resource| {
            let names = resource.names();
            (names.group, names.plural) == (group, plural)
        })
    }

    /// Whether it tells of room and not of pods: few may read it.
    pub fn tells_of_room(self) -> bool {
        matches!(self, Resource::Quotas | Resource::Autoscalers | Resource::Budgets)
    }

    /// The kind of workload that it is, if it is one.
    pub fn workload(self) -> Option<WorkloadKind> {
        match self {
            Resource::Deployments => Some(WorkloadKind::Deployment),
            Resource::StatefulSets => Some(WorkloadKind::StatefulSet),
            Resource::DaemonSets => Some(WorkloadKind::DaemonSet),
            Resource::Rollouts => Some(WorkloadKind::Rollout),
            _ => None,
        }
    }

    pub fn of(kind: WorkloadKind) -> Resource {
        match kind {
            WorkloadKind::Deployment => Resource::Deployments,
            WorkloadKind::StatefulSet => Resource::StatefulSets,
            WorkloadKind::DaemonSet => Resource::DaemonSets,
            WorkloadKind::Rollout => Resource::Rollouts,
        }
    }

    pub fn names(self) -> Names {
        match self {
            Resource::Namespaces => Names {
                plural: "namespaces",
                singular: "namespace",
                kind: "Namespace",
                short: &["ns"],
                namespaced: false,
                ..CORE
            },
            Resource::Pods => Names {
                plural: "pods",
                singular: "pod",
                kind: "Pod",
                short: &["po"],
                verbs: &["create", "delete", "get", "list", "watch"],
                ..CORE
            },
            Resource::Events => Names {
                plural: "events",
                singular: "event",
                kind: "Event",
                short: &["ev"],
                verbs: &["list"],
                ..CORE
            },
            Resource::Secrets => Names { plural: "secrets", singular: "secret", kind: "Secret", ..CORE },
            Resource::Deployments => Names {
                plural: "deployments",
                singular: "deployment",
                kind: "Deployment",
                short: &["deploy"],
                verbs: &["get", "list", "patch", "watch"],
                ..APPS
            },
            Resource::ReplicaSets => Names {
                plural: "replicasets",
                singular: "replicaset",
                kind: "ReplicaSet",
                short: &["rs"],
                ..APPS
            },
            Resource::StatefulSets => Names {
                plural: "statefulsets",
                singular: "statefulset",
                kind: "StatefulSet",
                short: &["sts"],
                verbs: &["get", "list", "patch", "watch"],
                ..APPS
            },
            Resource::DaemonSets => Names {
                plural: "daemonsets",
                singular: "daemonset",
                kind: "DaemonSet",
                short: &["ds"],
                verbs: &["get", "list", "patch", "watch"],
                ..APPS
            },
            Resource::Rollouts => Names {
                group: "argoproj.io",
                version: "v1alpha1",
                plural: "rollouts",
                singular: "rollout",
                kind: "Rollout",
                short: &["ro"],
                verbs: &["get", "list", "patch", "watch"],
                ..CORE
            },
            Resource::CronJobs => Names {
                group: "batch",
                plural: "cronjobs",
                singular: "cronjob",
                kind: "CronJob",
                short: &["cj"],
                verbs: &["create", "get", "list", "watch"],
                ..CORE
            },
            Resource::Jobs => Names {
                group: "batch",
                plural: "jobs",
                singular: "job",
                kind: "Job",
                verbs: &["create", "delete", "get", "list", "watch"],
                ..CORE
            },
            Resource::Quotas => Names {
                plural: "resourcequotas",
                singular: "resourcequota",
                kind: "ResourceQuota",
                short: &["quota"],
                verbs: &["get", "list"],
                ..CORE
            },
            Resource::Autoscalers => Names {
                group: "autoscaling",
                version: "v2",
                plural: "horizontalpodautoscalers",
                singular: "horizontalpodautoscaler",
                kind: "HorizontalPodAutoscaler",
                short: &["hpa"],
                verbs: &["get", "list"],
                ..CORE
            },
            Resource::Budgets => Names {
                group: "policy",
                plural: "poddisruptionbudgets",
                singular: "poddisruptionbudget",
                kind: "PodDisruptionBudget",
                short: &["pdb"],
                verbs: &["get", "list"],
                ..CORE
            },
            Resource::Classes => Names {
                plural: "secretproviderclasses",
                singular: "secretproviderclass",
                kind: "SecretProviderClass",
                verbs: &["delete", "get", "list", "watch"],
                ..DRIVER
            },
            Resource::PodStatuses => Names {
                plural: "secretproviderclasspodstatuses",
                singular: "secretproviderclasspodstatus",
                kind: "SecretProviderClassPodStatus",
                ..DRIVER
            },
        }
    }
}

const CORE: Names = Names {
    group: "",
    version: "v1",
    plural: "",
    singular: "",
    kind: "",
    short: &[],
    namespaced: true,
    verbs: READ,
};
const APPS: Names = Names { group: "apps", ..CORE };
const DRIVER: Names = Names { group: CSI, ..CORE };

impl Names {
    /// `apiVersion` of its objects.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.to_owned()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }

    /// As messages name it: `deployments.apps`.
    pub fn qualified(&self) -> String {
        if self.group.is_empty() { self.plural.to_owned() } else { format!("{}.{}", self.plural, self.group) }
    }
}
