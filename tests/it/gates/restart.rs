//! What holds a restart: each of its gates alone.

use super::*;

#[test]
fn restart_is_held_by_each_of_its_gates_alone() {
    let cases: &[(&str, Gate, End, Spoil)] = &[
        ("a key may be in the making", Gate::TargetProven, End::Waits, |s| {
            s.account_mut().provisioning = "Updating".to_owned();
        }),
        ("the workload is paused", Gate::Preflight, End::Halts, |s| {
            s.cluster_mut("east").workloads[0].paused = true;
        }),
        ("the workload is made anew all at once", Gate::Preflight, End::Halts, |s| {
            s.cluster_mut("east").workloads[0].strategy = Strategy::Recreate;
        }),
        ("a set is rolling out", Gate::RolloutSettled, End::Waits, |s| {
            become_stateful(s);
            s.cluster_mut("east").workloads[0].updated = 1;
            let pod = &mut s.cluster_mut("east").pods[2];
            (pod.ready, pod.created) = (false, at(100_000 - 500));
        }),
        (
            "a set does not get on, and has no deadline that would say so",
            Gate::RolloutSettled,
            End::Halts,
            |s| {
                become_stateful(s);
                s.cluster_mut("east").workloads[0].updated = 1;
                let pod = &mut s.cluster_mut("east").pods[2];
                (pod.ready, pod.created) = (false, at(100_000 - 700));
            },
        ),
        ("its pods are replaced on deletion only", Gate::Preflight, End::Halts, |s| {
            s.cluster_mut("east").workloads[0].strategy = Strategy::OnDelete;
        }),
        ("only some of its pods would be replaced", Gate::Preflight, End::Halts, |s| {
            s.cluster_mut("east").workloads[0].strategy = Strategy::Ordinals { partition: 1 };
        }),
        ("a workload that nobody listed", Gate::Consumers, End::Halts, |s| {
            s.cluster_mut("east").workloads.push(idle("orders-db"));
        }),
        ("a pod that belongs to nothing", Gate::Consumers, End::Halts, |s| {
            one_more(s, "east").workload = None;
        }),
        ("a workload is pinned to another version", Gate::Consumers, End::Halts, |s| {
            s.cluster_mut("east").workloads[0].pinned = Some("v1".into());
        }),
        ("the workload is not there", Gate::Preflight, End::Halts, |s| {
            s.cluster_mut("east").workloads.clear();
        }),
        ("a rollout is under way", Gate::RolloutSettled, End::Waits, |s| {
            s.cluster_mut("east").workloads[0].updated = 1;
        }),
        ("the status is older than the last change", Gate::RolloutSettled, End::Waits, |s| {
            s.cluster_mut("east").workloads[0].generation = 2;
        }),
        ("a synced secret keeps the old key", Gate::Synced, End::Halts, |s| {
            s.cluster_mut("east").synced.push(SyncedSecretView {
                namespace: "workload".to_owned(),
                name: "cosmos".to_owned(),
                fingerprint: key(Slot::Primary),
                changed: None,
                owners: Vec::new(),
                said_since: None,
                unread: false,
            });
        }),
        ("a synced secret is not refreshed yet", Gate::Synced, End::Waits, |s| {
            s.vault_mut("east").created = at(100_000 - 15 * 60);
            s.cluster_mut("east").synced.push(SyncedSecretView {
                namespace: "workload".to_owned(),
                name: "cosmos".to_owned(),
                fingerprint: key(Slot::Primary),
                changed: None,
                owners: Vec::new(),
                said_since: None,
                unread: false,
            });
        }),
        ("a pod with older files may write a synced secret back", Gate::Synced, End::Waits, |s| {
            let east = s.cluster_mut("east");
            let changed = Some(at(100_000 - 600));
            east.synced.push(SyncedSecretView { changed, ..synced(Slot::Secondary) });
            east.pods[0].mounted = Some("v1".into());
        }),
        ("the vault has held the key for too short a time", Gate::Propagated, End::Waits, |s| {
            s.vault_mut("east").created = at(100_000 - 34);
        }),
        ("a synced secret has changed just now", Gate::Propagated, End::Waits, |s| {
            s.cluster_mut("east").synced.push(SyncedSecretView {
                namespace: "workload".to_owned(),
                name: "cosmos".to_owned(),
                fingerprint: key(Slot::Secondary),
                changed: Some(at(100_000 - 34)),
                owners: Vec::new(),
                said_since: None,
                unread: false,
            });
        }),
        ("the other stamps are all unhealthy for now", Gate::Wave, End::Waits, |s| {
            s.cluster_mut("north").workloads[0].available = 2;
            let unavailable = &mut s.cluster_mut("north").workloads[0].unavailable;
            *unavailable = 1;
            // A rollout under way in the other stamp makes it busy; it must be unhealthy without one.
            s.cluster_mut("north").workloads[0].desired = 3;
            s.policy.wave_size = 2;
        }),
        ("the other stamps serve nobody, and nobody is about to change that", Gate::Wave, End::Halts, |s| {
            let north = s.cluster_mut("north");
            north.pods.clear();
            let workload = &mut north.workloads[0];
            (workload.desired, workload.replicas, workload.updated, workload.available) = (0, 0, 0, 0);
        }),
        ("a rollout has failed in another stamp", Gate::RolloutSettled, End::Halts, |s| {
            s.policy.wave_size = 2;
            let workload = &mut s.cluster_mut("north").workloads[0];
            workload.updated = 1;
            workload.conditions.push(out_of_time());
        }),
        ("all its pods may be away at once", Gate::Preflight, End::Halts, |s| {
            let none = ReplicaNumber::Count(0);
            let all = ReplicaNumber::Percent(100);
            s.cluster_mut("east").workloads[0].strategy =
                Strategy::RollingUpdate { max_surge: none, max_unavailable: all };
        }),
        ("its only pod goes before the next comes", Gate::Preflight, End::Halts, |s| {
            become_stateful(s);
            let east = s.cluster_mut("east");
            east.pods.truncate(1);
            let workload = &mut east.workloads[0];
            (workload.desired, workload.replicas, workload.updated, workload.available) = (1, 1, 1, 1);
        }),
        ("the cluster's clock is ahead", Gate::Preflight, End::Halts, |s| {
            s.cluster_mut("east").ahead = Some(SignedDuration::from_secs(31));
        }),
        ("it was restarted as often as policy allows", Gate::RestartBudget, End::Halts, |s| {
            for attempt in 1..=3 {
                restarted(s, "east", attempt);
            }
            s.cluster_mut("east").workloads[0].restarted_at = Some("2027-01-15T08:03:00Z".to_owned());
        }),
        ("somebody has paused the rotation", Gate::NotPaused, End::Halts, |s| {
            s.events.push((at(5), paused()));
        }),
        ("the key is no longer proven", Gate::TargetProven, End::Waits, |s| {
            s.world.proofs.clear();
        }),
    ];
    check(Stage::before_restart, cases);
}

pub fn out_of_time() -> DeploymentCondition {
    DeploymentCondition {
        kind: "Progressing".to_owned(),
        status: "False".to_owned(),
        reason: "ProgressDeadlineExceeded".to_owned(),
        message: "it has timed out progressing".to_owned(),
        updated: None,
    }
}
