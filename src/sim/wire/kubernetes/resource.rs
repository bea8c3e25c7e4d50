//! The kinds of objects that the face serves, in one table: for paths, discovery and `Status` bodies.

use crate::model::WorkloadKind;

/// A kind in the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Resource {
    Namespaces,
    Nodes,
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
    pub kind: &'static str,
    pub short: &'static [&'static str],
    pub namespaced: bool,
    pub verbs: &'static [&'static str],
}

const READ: &[&str] = &["get", "list", "watch"];
const CSI: &str = "secrets-store.csi.x-k8s.io";

impl Resource {
    pub const ALL: [Resource; 17] = [
        Resource::Namespaces,
        Resource::Nodes,
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

    /// Whether its definition was added to the API.
    pub fn is_custom(self) -> bool {
        matches!(self, Resource::Rollouts | Resource::Classes | Resource::PodStatuses)
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
        let (group, version, plural, kind, short): (_, _, _, _, &'static [&'static str]) = match self {
            Resource::Namespaces => ("", "v1", "namespaces", "Namespace", &["ns"]),
            Resource::Nodes => ("", "v1", "nodes", "Node", &["no"]),
            Resource::Pods => ("", "v1", "pods", "Pod", &["po"]),
            Resource::Events => ("", "v1", "events", "Event", &["ev"]),
            Resource::Secrets => ("", "v1", "secrets", "Secret", &[]),
            Resource::Deployments => ("apps", "v1", "deployments", "Deployment", &["deploy"]),
            Resource::ReplicaSets => ("apps", "v1", "replicasets", "ReplicaSet", &["rs"]),
            Resource::StatefulSets => ("apps", "v1", "statefulsets", "StatefulSet", &["sts"]),
            Resource::DaemonSets => ("apps", "v1", "daemonsets", "DaemonSet", &["ds"]),
            Resource::Rollouts => ("argoproj.io", "v1alpha1", "rollouts", "Rollout", &["ro"]),
            Resource::CronJobs => ("batch", "v1", "cronjobs", "CronJob", &["cj"]),
            Resource::Jobs => ("batch", "v1", "jobs", "Job", &[]),
            Resource::Quotas => ("", "v1", "resourcequotas", "ResourceQuota", &["quota"]),
            Resource::Autoscalers => {
                ("autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler", &["hpa"])
            }
            Resource::Budgets => ("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget", &["pdb"]),
            Resource::Classes => (CSI, "v1", "secretproviderclasses", "SecretProviderClass", &[]),
            Resource::PodStatuses => {
                (CSI, "v1", "secretproviderclasspodstatuses", "SecretProviderClassPodStatus", &[])
            }
        };
        let verbs: &'static [&'static str] = match self {
            Resource::Pods | Resource::Jobs => &["create", "delete", "get", "list", "watch"],
            Resource::Deployments => &["delete", "get", "list", "patch", "watch"],
            Resource::CronJobs => &["create", "get", "list", "watch"],
            Resource::Classes => &["create", "delete", "get", "list", "watch"],
            Resource::Events => &["list"],
            Resource::Nodes => &["get", "list"],
            Resource::Quotas | Resource::Autoscalers | Resource::Budgets => &["get", "list"],
            _ if self.workload().is_some() => &["get", "list", "patch", "watch"],
            _ => READ,
        };
        let namespaced = !matches!(self, Resource::Namespaces | Resource::Nodes);
        Names { group, version, plural, kind, short, namespaced, verbs }
    }
}

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
