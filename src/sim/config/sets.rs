//! StatefulSets, DaemonSets and Rollouts of Argo. The default world has none.

use std::time::Duration;

use serde::Serialize;

use super::super::time::Span;
use super::WorkloadConfig;
use crate::model::{ReplicaNumber, WorkloadKind, WorkloadName};

/// A StatefulSet, a DaemonSet or a Rollout with all that belongs to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SetConfig {
    /// Its name tells the kind. The replicas of a DaemonSet are the nodes that it runs on; `flavour`, `max_surge` and
    /// `progress_deadline` mean nothing here.
    pub workload: WorkloadConfig,
    /// Pods are replaced when somebody deletes them, and only then.
    pub on_delete: bool,
    /// Of a StatefulSet: pods with a lower ordinal keep the revision that they have.
    pub partition: u32,
}

impl SetConfig {
    /// Three replicas in the namespace `workload`.
    pub fn stateful(name: &str) -> SetConfig {
        SetConfig::of_kind(WorkloadKind::StatefulSet, name, ReplicaNumber::Count(1))
    }

    /// A Rollout of Argo with three replicas, which goes by one canary and a pause.
    pub fn rollout(name: &str) -> SetConfig {
        SetConfig::of_kind(WorkloadKind::Rollout, name, ReplicaNumber::Count(1))
    }

    /// On three nodes, one of which may be without at a time.
    pub fn daemon(name: &str) -> SetConfig {
        let mut set = SetConfig::of_kind(WorkloadKind::DaemonSet, name, ReplicaNumber::Count(1));
        set.workload.ends_in = Span::exactly(Duration::from_secs(10));
        set
    }

    fn of_kind(kind: WorkloadKind, name: &str, max_unavailable: ReplicaNumber) -> SetConfig {
        let workload = WorkloadConfig {
            name: WorkloadName::of_kind(kind, "workload", name),
            max_unavailable,
            ..WorkloadConfig::named(name)
        };
        SetConfig { workload, on_delete: false, partition: 0 }
    }
}
