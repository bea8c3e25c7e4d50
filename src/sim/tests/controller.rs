//! The deployment controller against sequences as a real control plane sends them.
//!
//! A line is: generation/observed generation, then replicas, updated, ready, available, unavailable and
//! terminating, then the reason of the condition `Progressing`.

use super::super::config::Flavour;
use super::super::fault::{Fault, Target, Trouble, When};
use super::*;

const FIRST: &str = "2026-01-12T08:00:01Z";
const SECOND: &str = "2026-01-12T08:00:05Z";

fn expect(world: &World, since: u64, expected: &[&str]) {
    let found = history(world, since);
    assert_eq!(found, expected, "found\n{found:#?}");
}

#[test]
fn a_restart_first_shows_the_old_numbers_and_ends_while_old_pods_still_run() {
    let mut world = recorded(20, |_| {});
    let since = world.resource_version();
    restart(&mut world, CATALOG, FIRST);
    pass(&mut world, secs(60));
    expect(
        &world,
        since,
        &[
            "2/1 r3 u3 r3 a3 n0 t0 NewReplicaSetAvailable",
            "2/1 r3 u3 r3 a3 n0 t0 NewReplicaSetCreated",
            "2/2 r3 u0 r3 a3 n1 t0 NewReplicaSetCreated",
            "2/2 r4 u1 r3 a3 n1 t0 ReplicaSetUpdated",
            "2/2 r4 u1 r4 a4 n0 t0 ReplicaSetUpdated",
            "2/2 r3 u1 r3 a3 n1 t1 ReplicaSetUpdated",
            "2/2 r4 u2 r3 a3 n1 t1 ReplicaSetUpdated",
            "2/2 r4 u2 r4 a4 n0 t1 ReplicaSetUpdated",
            "2/2 r3 u2 r3 a3 n1 t2 ReplicaSetUpdated",
            "2/2 r4 u3 r3 a3 n1 t2 ReplicaSetUpdated",
            "2/2 r4 u3 r4 a4 n0 t2 ReplicaSetUpdated",
            "2/2 r3 u3 r3 a3 n0 t3 NewReplicaSetAvailable",
            "2/2 r3 u3 r3 a3 n0 t2 NewReplicaSetAvailable",
            "2/2 r3 u3 r3 a3 n0 t1 NewReplicaSetAvailable",
            "2/2 r3 u3 r3 a3 n0 t0 NewReplicaSetAvailable",
        ],
    );
}

#[test]
fn the_new_generation_is_observed_after_some_65_milliseconds() {
    let mut world = recorded(20, |_| {});
    let observed = |world: &World| {
        let stamp = world.stamp(&stamp()).unwrap();
        stamp.cluster.deployment(&workload(CATALOG)).unwrap().status.observed_generation
    };
    restart(&mut world, CATALOG, FIRST);
    pass(&mut world, Duration::from_millis(64));
    assert_eq!(observed(&world), 1);
    pass(&mut world, Duration::from_millis(2));
    assert_eq!(observed(&world), 2);
}

#[test]
fn terminating_pods_stay_ready_and_hold_their_key_until_they_are_gone() {
    let mut world = recorded(20, |_| {});
    restart(&mut world, CATALOG, FIRST);
    pass(&mut world, secs(15));
    let cluster = &world.stamp(&stamp()).unwrap().cluster;
    let ending: Vec<_> = cluster.pods().filter(|pod| pod.deleting.is_some()).collect();
    assert_eq!(ending.len(), 3);
    assert!(ending.iter().all(|pod| pod.ready));
    assert!(ending.iter().all(|pod| cluster.processes().any(|process| process.pod == pod.id)));
    pass(&mut world, secs(20));
    assert_eq!(world.stamp(&stamp()).unwrap().cluster.pods().count(), 3);
}

#[test]
fn a_patch_that_says_what_is_there_changes_nothing() {
    let mut world = recorded(20, |_| {});
    let first = restart(&mut world, CATALOG, FIRST);
    pass(&mut world, secs(60));
    let since = world.resource_version();
    let again = restart(&mut world, CATALOG, FIRST);
    pass(&mut world, secs(60));
    assert!(matches!(first, Reply::Patched { generation: 2, changed: true, .. }));
    assert!(matches!(again, Reply::Patched { generation: 2, changed: false, .. }));
    expect(&world, since, &[]);
    assert_eq!(world.resource_version(), since);
}

#[test]
fn recreate_leaves_a_time_without_any_ready_pod_and_the_old_condition_stands() {
    let mut world = recorded(10, |catalog| catalog.flavour = Flavour::Recreate);
    let since = world.resource_version();
    restart(&mut world, CATALOG, FIRST);
    pass(&mut world, secs(60));
    expect(
        &world,
        since,
        &[
            "2/1 r3 u3 r3 a3 n0 t0 NewReplicaSetAvailable",
            "2/2 r3 u0 r3 a3 n0 t0 NewReplicaSetAvailable",
            "2/2 r0 u0 r0 a0 n0 t3 NewReplicaSetAvailable",
            "2/2 r0 u0 r0 a0 n0 t3 NewReplicaSetCreated",
            "2/2 r0 u0 r0 a0 n3 t0 NewReplicaSetCreated",
            "2/2 r3 u3 r0 a0 n3 t0 ReplicaSetUpdated",
            "2/2 r3 u3 r3 a3 n0 t0 NewReplicaSetAvailable",
        ],
    );
    let dark = world.outage().dark;
    assert!(dark > secs(10) && dark < secs(16), "{dark:?}");
}

#[test]
fn a_stuck_rollout_says_so_after_its_deadline_and_keeps_the_old_pods() {
    let catalog = |catalog: &mut WorkloadConfig| catalog.progress_deadline = secs(15);
    let mut world = recorded_with(20, catalog, |config| {
        let fault = Fault::new(When::Always, Target::workload(workload(CATALOG)), Trouble::NeverReady);
        config.faults.push(fault);
    });
    let since = world.resource_version();
    restart(&mut world, CATALOG, FIRST);
    pass(&mut world, secs(60));
    expect(
        &world,
        since,
        &[
            "2/1 r3 u3 r3 a3 n0 t0 NewReplicaSetAvailable",
            "2/1 r3 u3 r3 a3 n0 t0 NewReplicaSetCreated",
            "2/2 r3 u0 r3 a3 n1 t0 NewReplicaSetCreated",
            "2/2 r4 u1 r3 a3 n1 t0 ReplicaSetUpdated",
            "2/2 r4 u1 r3 a3 n1 t0 ProgressDeadlineExceeded",
        ],
    );
}

#[test]
fn after_a_stuck_rollout_the_next_one_first_shows_the_old_failure() {
    let catalog = |catalog: &mut WorkloadConfig| catalog.progress_deadline = secs(15);
    let mut world = recorded_with(5, catalog, |config| {
        let fault = Fault::new(When::Nth(1), Target::workload(workload(CATALOG)), Trouble::NeverReady);
        config.faults.push(fault);
    });
    restart(&mut world, CATALOG, FIRST);
    pass(&mut world, secs(30));
    let since = world.resource_version();
    restart(&mut world, CATALOG, SECOND);
    pass(&mut world, secs(1));
    expect(
        &world,
        since,
        &[
            "3/2 r4 u1 r3 a3 n1 t0 ProgressDeadlineExceeded",
            "3/2 r4 u1 r3 a3 n1 t0 NewReplicaSetCreated",
            "3/3 r4 u0 r3 a3 n0 t0 NewReplicaSetCreated",
            "3/3 r4 u0 r3 a3 n1 t0 NewReplicaSetCreated",
            "3/3 r3 u0 r3 a3 n1 t1 ReplicaSetUpdated",
            "3/3 r4 u1 r3 a3 n1 t1 ReplicaSetUpdated",
        ],
    );
    pass(&mut world, secs(60));
    assert_eq!(history(&world, since).last().unwrap(), "3/3 r3 u3 r3 a3 n0 t0 NewReplicaSetAvailable");
}

#[test]
fn a_paused_deployment_takes_a_restart_and_rolls_only_when_resumed() {
    let mut world = recorded(5, |_| {});
    let since = world.resource_version();
    patch(&mut world, CATALOG, DeploymentPatch::pause(true));
    pass(&mut world, secs(1));
    restart(&mut world, CATALOG, FIRST);
    pass(&mut world, secs(8));
    expect(
        &world,
        since,
        &[
            "2/1 r3 u3 r3 a3 n0 t0 NewReplicaSetAvailable",
            "2/1 r3 u3 r3 a3 n0 t0 DeploymentPaused",
            "2/2 r3 u3 r3 a3 n0 t0 DeploymentPaused",
            "3/2 r3 u3 r3 a3 n0 t0 DeploymentPaused",
            "3/3 r3 u0 r3 a3 n0 t0 DeploymentPaused",
        ],
    );
    let since = world.resource_version();
    patch(&mut world, CATALOG, DeploymentPatch::pause(false));
    pass(&mut world, secs(1));
    expect(
        &world,
        since,
        &[
            "4/3 r3 u0 r3 a3 n0 t0 DeploymentPaused",
            "4/3 r3 u0 r3 a3 n0 t0 DeploymentResumed",
            "4/3 r3 u0 r3 a3 n0 t0 DeploymentResumed",
            "4/4 r3 u0 r3 a3 n1 t0 DeploymentResumed",
            "4/4 r4 u1 r3 a3 n1 t0 ReplicaSetUpdated",
        ],
    );
    pass(&mut world, secs(60));
    assert_eq!(history(&world, since).last().unwrap(), "4/4 r3 u3 r3 a3 n0 t0 NewReplicaSetAvailable");
}

#[test]
fn a_second_restart_overtakes_the_first() {
    let mut world = recorded(20, |_| {});
    restart(&mut world, CATALOG, FIRST);
    pass(&mut world, Duration::from_millis(4600));
    let since = world.resource_version();
    restart(&mut world, CATALOG, SECOND);
    pass(&mut world, Duration::from_millis(1000));
    expect(
        &world,
        since,
        &[
            "3/2 r4 u2 r3 a3 n1 t1 ReplicaSetUpdated",
            "3/2 r4 u2 r3 a3 n1 t1 NewReplicaSetCreated",
            "3/3 r4 u0 r3 a3 n0 t1 NewReplicaSetCreated",
            "3/3 r4 u0 r3 a3 n1 t1 NewReplicaSetCreated",
            "3/3 r3 u0 r3 a3 n1 t2 ReplicaSetUpdated",
            "3/3 r4 u1 r3 a3 n1 t2 ReplicaSetUpdated",
        ],
    );
    pass(&mut world, secs(60));
    assert_eq!(history(&world, since).last().unwrap(), "3/3 r3 u3 r3 a3 n0 t0 NewReplicaSetAvailable");
    let cluster = &world.stamp(&stamp()).unwrap().cluster;
    assert_eq!(cluster.replica_sets().count(), 3, "revisions stay as records");
}

#[test]
fn min_ready_seconds_hold_a_rollout_back() {
    let mut world = recorded(5, |catalog| catalog.min_ready = secs(5));
    let since = world.resource_version();
    restart(&mut world, CATALOG, FIRST);
    pass(&mut world, secs(5));
    let lines = history(&world, since);
    assert_eq!(lines.last().unwrap(), "2/2 r4 u1 r4 a3 n1 t0 ReplicaSetUpdated");
    pass(&mut world, secs(60));
    assert_eq!(history(&world, since).last().unwrap(), "2/2 r3 u3 r3 a3 n0 t0 NewReplicaSetAvailable");
}

#[test]
fn scaling_to_zero_and_back_is_no_rollout() {
    let mut world = recorded(5, |_| {});
    let since = world.resource_version();
    patch(&mut world, CATALOG, DeploymentPatch::scale(0));
    pass(&mut world, secs(20));
    expect(
        &world,
        since,
        &[
            "2/1 r3 u3 r3 a3 n0 t0 NewReplicaSetAvailable",
            "2/2 r3 u3 r3 a3 n0 t0 NewReplicaSetAvailable",
            "2/2 r0 u0 r0 a0 n0 t3 NewReplicaSetAvailable",
            "2/2 r0 u0 r0 a0 n0 t0 NewReplicaSetAvailable",
        ],
    );
    patch(&mut world, CATALOG, DeploymentPatch::scale(3));
    pass(&mut world, secs(20));
    assert_eq!(history(&world, since).last().unwrap(), "3/3 r3 u3 r3 a3 n0 t0 NewReplicaSetAvailable");
    assert_eq!(world.stamp(&stamp()).unwrap().cluster.replica_sets().count(), 1);
}

#[test]
fn a_watch_that_is_too_old_is_told_so() {
    let mut world = recorded_with(5, |_| {}, |config| config.kubernetes.ring = 8);
    let since = world.resource_version();
    restart(&mut world, CATALOG, FIRST);
    pass(&mut world, secs(60));
    let cluster = &world.stamp(&stamp()).unwrap().cluster;
    assert!(matches!(cluster.changes_since(since).err(), Some(crate::sim::Refusal::Gone { .. })));
    assert_eq!(cluster.changes_since(world.resource_version()).unwrap().count(), 0);
}

#[test]
fn the_recorded_restart_is_reproduced_line_for_line() {
    let path =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/recordings/a-healthy-term20.jsonl");
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("skipped: there are no recordings beside this repository");
        return;
    };
    let mut world = recorded(20, |_| {});
    let since = world.resource_version();
    restart(&mut world, CATALOG, FIRST);
    pass(&mut world, secs(60));
    let recorded: Vec<String> = text.lines().filter_map(recorded_line).collect();
    assert_eq!(recorded.len(), 15);
    assert_eq!(history(&world, since), recorded);
}

/// A recorded watch event of a Deployment as one line.
fn recorded_line(line: &str) -> Option<String> {
    let entry: serde_json::Value = serde_json::from_str(line).unwrap();
    let object = entry.get("event")?.get("object")?;
    if object["kind"] != "Deployment" {
        return None;
    }
    let status = &object["status"];
    let count = |name: &str| status[name].as_u64().unwrap_or(0);
    let conditions = status["conditions"].as_array()?;
    let progressing = conditions.iter().find(|condition| condition["type"] == "Progressing")?;
    Some(format!(
        "{}/{} r{} u{} r{} a{} n{} t{} {}",
        object["metadata"]["generation"],
        count("observedGeneration"),
        count("replicas"),
        count("updatedReplicas"),
        count("readyReplicas"),
        count("availableReplicas"),
        count("unavailableReplicas"),
        count("terminatingReplicas"),
        progressing["reason"].as_str()?
    ))
}
