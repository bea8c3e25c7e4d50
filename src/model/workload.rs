//! The names of workloads and of other objects in a cluster, with their kinds, as people and journals write them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What kind of workload, among those that replace their pods when their template changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WorkloadKind {
    #[default]
    Deployment,
    StatefulSet,
    DaemonSet,
    /// Of Argo Rollouts.
    Rollout,
}

impl WorkloadKind {
    pub const ALL: [WorkloadKind; 4] =
        [WorkloadKind::Deployment, WorkloadKind::StatefulSet, WorkloadKind::DaemonSet, WorkloadKind::Rollout];

    /// As the API writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            WorkloadKind::Deployment => "Deployment",
            WorkloadKind::StatefulSet => "StatefulSet",
            WorkloadKind::DaemonSet => "DaemonSet",
            WorkloadKind::Rollout => "Rollout",
        }
    }

    /// As kubectl takes it, in any of its spellings.
    fn from_word(word: &str) -> Option<WorkloadKind> {
        let word = word.to_ascii_lowercase();
        let group = [".apps", ".argoproj.io"].iter().find_map(|group| word.strip_suffix(group));
        match group.unwrap_or(&word) {
            "deployment" | "deployments" | "deploy" => Some(WorkloadKind::Deployment),
            "statefulset" | "statefulsets" | "sts" => Some(WorkloadKind::StatefulSet),
            "daemonset" | "daemonsets" | "ds" => Some(WorkloadKind::DaemonSet),
            "rollout" | "rollouts" | "ro" => Some(WorkloadKind::Rollout),
            _ => None,
        }
    }

    fn is_deployment(&self) -> bool {
        *self == WorkloadKind::Deployment
    }
}

impl fmt::Display for WorkloadKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A workload in its namespace (RFC 1123 names: lower case).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct WorkloadName {
    pub namespace: String,
    pub name: String,
    /// Not written for Deployments: journals know them without.
    #[serde(default, skip_serializing_if = "WorkloadKind::is_deployment")]
    pub kind: WorkloadKind,
}

/// How workloads are written, for messages.
pub const WORKLOAD_GRAMMAR: &str = "write NAME or NAMESPACE/NAME for a Deployment, KIND/NAME or NAMESPACE/KIND/NAME for \
                                    another kind, where KIND is statefulset, daemonset or rollout";

impl WorkloadName {
    /// A Deployment.
    pub fn new(namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self { namespace: namespace.into(), name: name.into(), kind: WorkloadKind::Deployment }
    }

    pub fn of_kind(kind: WorkloadKind, namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self { namespace: namespace.into(), name: name.into(), kind }
    }

    /// What `[NAMESPACE/][KIND/]NAME` names. The word before a lone slash is a kind where kubectl knows it as one,
    /// else a namespace; a namespace that is called like a kind is written with the kind behind it. `None` for a
    /// namespace that is not written. The whole is `None` where a part is empty, or no kind stands in a kind's place.
    pub fn split(text: &str) -> Option<(Option<&str>, WorkloadKind, &str)> {
        let parts: Vec<&str> = text.split('/').collect();
        if parts.iter().any(|part| part.is_empty()) {
            return None;
        }
        match parts.as_slice() {
            [name] => Some((None, WorkloadKind::Deployment, name)),
            [before, name] => Some(match WorkloadKind::from_word(before) {
                Some(kind) => (None, kind, name),
                None => (Some(before), WorkloadKind::Deployment, name),
            }),
            [namespace, kind, name] => Some((Some(namespace), WorkloadKind::from_word(kind)?, name)),
            _ => None,
        }
    }
}

/// `NAMESPACE/NAME`, and `NAMESPACE/statefulset/NAME` for other kinds than Deployments.
impl fmt::Display for WorkloadName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let WorkloadName { namespace, name, kind } = self;
        match kind {
            // Otherwise the namespace would be read as a kind.
            WorkloadKind::Deployment if WorkloadKind::from_word(namespace).is_some() => {
                write!(f, "{namespace}/deployment/{name}")
            }
            WorkloadKind::Deployment => write!(f, "{namespace}/{name}"),
            WorkloadKind::StatefulSet | WorkloadKind::DaemonSet | WorkloadKind::Rollout => {
                write!(f, "{namespace}/{}/{name}", kind.as_str().to_ascii_lowercase())
            }
        }
    }
}

/// Anything else in a cluster that can be a consumer, or stand above one: a pod, a Job, a CronJob, a controller that
/// is not known here.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectName {
    /// As the API writes it.
    pub kind: String,
    pub namespace: String,
    pub name: String,
}

impl ObjectName {
    pub fn new(kind: impl Into<String>, namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self { kind: kind.into(), namespace: namespace.into(), name: name.into() }
    }

    pub fn is_job(&self) -> bool {
        self.kind == "Job"
    }
}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Nodes are in no namespace.
        if !self.namespace.is_empty() {
            write!(f, "{}/", self.namespace)?;
        }
        write!(f, "{}/{}", self.kind.to_ascii_lowercase(), self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deployment_is_written_as_it_was_before_there_were_kinds() {
        let deployment = WorkloadName::new("workload", "catalogservice-deploy");
        let before = r#"{"namespace":"workload","name":"catalogservice-deploy"}"#;
        assert_eq!(serde_json::to_string(&deployment).unwrap(), before);
        assert_eq!(serde_json::from_str::<WorkloadName>(before).unwrap(), deployment);
        let set = WorkloadName::of_kind(WorkloadKind::StatefulSet, "workload", "orders-db");
        let text = serde_json::to_string(&set).unwrap();
        assert!(text.contains(r#""kind":"statefulset""#), "{text}");
        assert_eq!(serde_json::from_str::<WorkloadName>(&text).unwrap(), set);
    }

    #[test]
    fn kinds_are_written_as_kubectl_takes_them_and_every_name_reads_back_as_itself() {
        use WorkloadKind::{DaemonSet, Deployment, StatefulSet};
        let cases = [
            ("orders", Some((None, Deployment, "orders"))),
            ("shop/orders", Some((Some("shop"), Deployment, "orders"))),
            ("statefulset/orders", Some((None, StatefulSet, "orders"))),
            ("StatefulSet.apps/orders", Some((None, StatefulSet, "orders"))),
            ("ro/checkout", Some((None, WorkloadKind::Rollout, "checkout"))),
            ("shop/ds/agent", Some((Some("shop"), DaemonSet, "agent"))),
            ("ds/deploy/agent", Some((Some("ds"), Deployment, "agent"))),
            ("shop/cronjob/nightly", None),
            ("shop/", None),
            ("/orders", None),
            ("a/b/c/d", None),
        ];
        for (text, expected) in cases {
            assert_eq!(WorkloadName::split(text), expected, "{text}");
        }
        for kind in WorkloadKind::ALL {
            for namespace in ["shop", "ds", "deployments"] {
                let name = WorkloadName::of_kind(kind, namespace, "orders");
                let text = name.to_string();
                let (read, kind, rest) = WorkloadName::split(&text).unwrap();
                assert_eq!(WorkloadName::of_kind(kind, read.unwrap(), rest), name, "{text}");
            }
        }
    }
}
