//! StatefulSets and DaemonSets of the API as `model` values.
//!
//! Their statuses have words of their own. A StatefulSet rolls from one revision to another, and its status names the
//! one that it comes from until every pod is of the newer one; where pods are replaced only on deletion, that name is
//! never brought up to date, and tells nothing. A DaemonSet counts nodes, and has no number of replicas to ask for.

use k8s_openapi::api::apps::v1::{DaemonSet, StatefulSet};

use super::consumers::Gets;
use super::workload::{count, outline, replica_number, times};
use crate::model::{ReplicaNumber, Strategy, WorkloadKind, WorkloadView};

const ON_DELETE: &str = "OnDelete";

pub(super) fn stateful_set_view(set: &StatefulSet, gets: Gets) -> WorkloadView {
    let spec = set.spec.clone().unwrap_or_default();
    let status = set.status.clone().unwrap_or_default();
    let strategy = spec.update_strategy.unwrap_or_default();
    let on_delete = strategy.type_.as_deref() == Some(ON_DELETE);
    let rolling = strategy.rolling_update.unwrap_or_default();
    let desired = count(spec.replicas.or(Some(1)));
    // Before 1.22 only ready pods are counted. Where they need not be so for long, every version means the same by both.
    let available = match spec.min_ready_seconds {
        None | Some(0) => count(status.ready_replicas),
        Some(_) => count(status.available_replicas),
    };
    WorkloadView {
        observed_generation: status.observed_generation.unwrap_or_default(),
        strategy: match (on_delete, count(rolling.partition), rolling.max_unavailable) {
            (true, ..) => Strategy::OnDelete,
            (false, 0, Some(most)) => Strategy::RollingUpdate {
                max_surge: ReplicaNumber::Count(0),
                max_unavailable: ReplicaNumber::Count(
                    replica_number(Some(most), ReplicaNumber::Count(1)).of(desired, false).max(1),
                ),
            },
            (false, partition, _) => Strategy::Ordinals { partition },
        },
        desired,
        replicas: count(Some(status.replicas)),
        updated: count(status.updated_replicas),
        ready: count(status.ready_replicas),
        available,
        unavailable: desired.saturating_sub(available),
        between_revisions: !on_delete && status.current_revision != status.update_revision,
        times: times(&spec.template, spec.min_ready_seconds),
        ..outline(WorkloadKind::StatefulSet, &set.metadata, &spec.template, gets)
    }
}

pub(super) fn daemon_set_view(set: &DaemonSet, gets: Gets) -> WorkloadView {
    let spec = set.spec.clone().unwrap_or_default();
    let status = set.status.clone().unwrap_or_default();
    let strategy = spec.update_strategy.unwrap_or_default();
    let rolling = strategy.rolling_update.unwrap_or_default();
    let desired = count(Some(status.desired_number_scheduled));
    WorkloadView {
        observed_generation: status.observed_generation.unwrap_or_default(),
        strategy: match strategy.type_.as_deref() {
            Some(ON_DELETE) => Strategy::OnDelete,
            Some(_) | None => Strategy::RollingUpdate {
                max_surge: rounded_up(replica_number(rolling.max_surge, ReplicaNumber::Count(0)), desired),
                max_unavailable: rounded_up(
                    replica_number(rolling.max_unavailable, ReplicaNumber::Count(1)),
                    desired,
                ),
            },
        },
        desired,
        replicas: count(Some(status.current_number_scheduled)),
        updated: count(status.updated_number_scheduled),
        ready: count(Some(status.number_ready)),
        available: count(status.number_available),
        unavailable: count(status.number_unavailable),
        times: times(&spec.template, spec.min_ready_seconds),
        ..outline(WorkloadKind::DaemonSet, &set.metadata, &spec.template, gets)
    }
}

/// Of DaemonSets both shares are rounded up, of Deployments only the surge; of StatefulSets down, whatever the API's
/// description says.
fn rounded_up(number: ReplicaNumber, desired: u32) -> ReplicaNumber {
    ReplicaNumber::Count(number.of(desired, true))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn stateful(strategy: Value, status: Value) -> WorkloadView {
        let set = json!({"metadata": {"name": "orders-db", "namespace": "shop", "uid": "s", "generation": 4},
            "spec": {"replicas": 3, "selector": {}, "serviceName": "orders", "template": {},
                "updateStrategy": strategy},
            "status": status});
        stateful_set_view(&serde_json::from_value(set).unwrap(), Gets::default())
    }

    #[test]
    fn a_stateful_set_is_between_revisions_until_its_status_says_that_both_are_one() {
        let status = |current: &str, updated: u32| {
            json!({"observedGeneration": 4, "replicas": 3, "readyReplicas": 3, "availableReplicas": 3,
                "updatedReplicas": updated, "currentRevision": current, "updateRevision": "orders-db-2"})
        };
        let rolling = json!({"type": "RollingUpdate", "rollingUpdate": {"partition": 2}});
        let view = stateful(rolling.clone(), status("orders-db-1", 1));
        assert_eq!(view.strategy, Strategy::Ordinals { partition: 2 });
        assert!(view.between_revisions);
        assert_eq!((view.desired, view.updated, view.available, view.unavailable), (3, 1, 3, 0));
        assert!(!stateful(rolling, status("orders-db-2", 3)).between_revisions);
        let on_delete = stateful(json!({"type": "OnDelete"}), status("orders-db-1", 3));
        assert_eq!((on_delete.strategy, on_delete.between_revisions), (Strategy::OnDelete, false));
        assert_eq!(on_delete.name.to_string(), "shop/statefulset/orders-db");
        let unobserved = stateful(json!({}), json!({"replicas": 0}));
        assert_eq!(unobserved.strategy, Strategy::Ordinals { partition: 0 });
        assert_eq!((unobserved.observed_generation, unobserved.unavailable), (0, 3));
    }

    #[test]
    fn a_stateful_set_that_may_lose_several_pods_at_once_says_how_many() {
        let may_lose = |most: Value, partition: u32| {
            let rolling = json!({"type": "RollingUpdate",
                "rollingUpdate": {"partition": partition, "maxUnavailable": most}});
            stateful(rolling, json!({"replicas": 3})).strategy
        };
        let most = |count: u32| Strategy::RollingUpdate {
            max_surge: ReplicaNumber::Count(0),
            max_unavailable: ReplicaNumber::Count(count),
        };
        assert_eq!(may_lose(json!(3), 0), most(3));
        assert_eq!(may_lose(json!("70%"), 0), most(2), "rounded down");
        assert_eq!(may_lose(json!("1%"), 0), most(1));
        assert_eq!(may_lose(json!(3), 1), Strategy::Ordinals { partition: 1 });
    }

    #[test]
    fn ready_pods_of_a_stateful_set_are_available_where_they_need_not_be_ready_for_long() {
        let status =
            json!({"observedGeneration": 4, "replicas": 3, "readyReplicas": 2, "updatedReplicas": 3});
        let of = |seconds: Value| {
            let set = json!({"metadata": {"name": "orders-db", "namespace": "shop", "generation": 4},
                "spec": {"replicas": 3, "selector": {}, "serviceName": "orders", "template": {},
                    "minReadySeconds": seconds},
                "status": status});
            let view = stateful_set_view(&serde_json::from_value(set).unwrap(), Gets::default());
            (view.available, view.unavailable)
        };
        assert_eq!((of(Value::Null), of(json!(0))), ((2, 1), (2, 1)), "as an API server before 1.22 tells");
        assert_eq!(of(json!(10)), (0, 3), "for how long, nobody tells");
    }

    #[test]
    fn a_daemon_set_counts_the_nodes_that_shall_run_it() {
        let set = |strategy: Value| {
            let set = json!({"metadata": {"name": "agent", "namespace": "shop", "generation": 2},
                "spec": {"selector": {}, "template": {"metadata": {"annotations": {"keyslot.dev/rotation": "r-1"}}},
                    "updateStrategy": strategy},
                "status": {"observedGeneration": 2, "desiredNumberScheduled": 5, "currentNumberScheduled": 5,
                    "numberMisscheduled": 1, "numberReady": 4, "updatedNumberScheduled": 3, "numberAvailable": 4,
                    "numberUnavailable": 1}});
            daemon_set_view(&serde_json::from_value(set).unwrap(), Gets::default())
        };
        let view = set(json!({}));
        assert_eq!(
            (view.desired, view.replicas, view.updated, view.available, view.unavailable),
            (5, 5, 3, 4, 1)
        );
        let one = ReplicaNumber::Count(1);
        let default = Strategy::RollingUpdate { max_surge: ReplicaNumber::Count(0), max_unavailable: one };
        assert_eq!(view.strategy, default);
        assert_eq!(view.rotation.as_deref(), Some("r-1"));
        assert_eq!(view.name.to_string(), "shop/daemonset/agent");
        assert_eq!(set(json!({"type": "OnDelete"})).strategy, Strategy::OnDelete);
        let shares = json!({"rollingUpdate": {"maxUnavailable": "90%", "maxSurge": "1%"}});
        let (max_surge, max_unavailable) = (one, ReplicaNumber::Count(5));
        assert_eq!(
            set(shares).strategy,
            Strategy::RollingUpdate { max_surge, max_unavailable },
            "rounded up"
        );
    }
}
