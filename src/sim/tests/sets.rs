//! The controllers of StatefulSets and DaemonSets: who goes first, how many at once, and what the status says.

use std::collections::BTreeMap;

use super::super::config::SetConfig;
use super::super::kubernetes::{Cluster, PodId, PodSet};
use super::*;
use crate::model::WorkloadKind;

const AT: &str = "2026-01-12T08:00:01Z";

fn world(mut set: SetConfig, change: impl FnOnce(&mut SetConfig)) -> World {
    set.workload.starts_in = Span::secs(3, 3);
    set.workload.ends_in = Span::exactly(secs(5));
    change(&mut set);
    recorded_with(20, |_| {}, |config| config.sets = vec![set])
}

fn cluster(world: &World) -> &Cluster {
    &world.stamp(&stamp()).unwrap().cluster
}

fn only(world: &World) -> &PodSet {
    &cluster(world).sets()[0]
}

fn deed(world: &mut World, patch: DeploymentPatch) -> Reply {
    let workload = only(world).workload.clone();
    world.apply(Command::Patch { stamp: stamp(), workload, patch }).unwrap()
}

fn roll(world: &mut World) -> Reply {
    deed(world, DeploymentPatch::annotate("kubectl.kubernetes.io/restartedAt", AT))
}

/// Generation/observed, the counts, and whether both revisions are one.
fn told(set: &PodSet) -> String {
    let status = &set.status;
    let one = if status.current_revision == status.update_revision { "one" } else { "two" };
    format!(
        "{}/{} r{} c{} u{} r{} a{} {one}",
        set.generation,
        status.observed_generation,
        status.replicas,
        status.current,
        status.updated,
        status.ready,
        status.available
    )
}

fn statuses(world: &World, since: u64) -> Vec<String> {
    let changes = cluster(world).changes_since(since).unwrap();
    let line = |object: &Object| match object {
        Object::Set(set) => Some(told(set)),
        _ => None,
    };
    changes.filter_map(|change| line(&change.object)).collect()
}

/// The set's pods by name, with whether they have been told to end.
fn pods(world: &World) -> BTreeMap<String, (PodId, bool)> {
    let ours = cluster(world).pods().filter(|pod| pod.workload == only(world).workload);
    ours.map(|pod| (pod.meta.name.to_string(), (pod.id, pod.deleting.is_some()))).collect()
}

#[test]
fn a_stateful_set_replaces_the_highest_ordinal_first_and_one_at_a_time_under_the_same_names() {
    let mut world = world(SetConfig::stateful("orders-db"), |_| {});
    let before = pods(&world);
    assert_eq!(before.keys().collect::<Vec<_>>(), ["orders-db-0", "orders-db-1", "orders-db-2"]);
    let since = world.resource_version();
    roll(&mut world);
    let mut order = Vec::new();
    for _ in 0..120 {
        pass(&mut world, Duration::from_millis(500));
        let now = pods(&world);
        assert!(now.len() >= 2 && now.values().filter(|(_, ending)| *ending).count() <= 1, "{now:?}");
        for (name, (_, ending)) in now {
            if ending && order.last() != Some(&name) {
                order.push(name);
            }
        }
    }
    assert_eq!(order, ["orders-db-2", "orders-db-1", "orders-db-0"]);
    let after = pods(&world);
    assert_eq!(after.keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>());
    assert!(after.iter().all(|(name, (id, _))| before[name].0 != *id), "{after:?}");
    let told = statuses(&world, since);
    assert_eq!(told[0], "2/1 r3 c3 u3 r3 a3 one", "the old numbers under the new generation");
    assert_eq!(told[1], "2/2 r3 c2 u0 r3 a3 two", "it counts what it deletes itself");
    assert_eq!(told.last().unwrap(), "2/2 r3 c3 u3 r3 a3 one");
    let unfinished = told.iter().skip(1).filter(|line| line.ends_with("one")).count();
    assert_eq!(unfinished, 1, "both revisions are one at the very end only: {told:#?}");
}

#[test]
fn a_daemon_set_leaves_one_node_without_a_pod_at_a_time() {
    let mut world = world(SetConfig::daemon("relay-agent"), |_| {});
    let nodes = |world: &World| {
        let ours = cluster(world).pods().filter(|pod| pod.workload == only(world).workload);
        ours.map(|pod| pod.node.clone().unwrap()).collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(nodes(&world).len(), 3, "one on each node");
    let before = pods(&world);
    roll(&mut world);
    let mut least = 3;
    for _ in 0..120 {
        pass(&mut world, Duration::from_millis(500));
        least = least.min(only(&world).status.available);
        assert!(pods(&world).values().filter(|(_, ending)| *ending).count() <= 1);
    }
    assert_eq!(least, 2);
    let after = pods(&world);
    assert!(after.keys().all(|name| !before.contains_key(name)), "{after:?}");
    assert_eq!(nodes(&world).len(), 3);
    assert_eq!(told(only(&world)), "2/2 r3 c3 u3 r3 a3 one");
}

#[test]
fn on_deletion_only_what_somebody_deletes_is_replaced() {
    for set in [SetConfig::stateful("orders-db"), SetConfig::daemon("relay-agent")] {
        let daemon = set.workload.name.kind == WorkloadKind::DaemonSet;
        let mut world = world(set, |set| set.on_delete = true);
        let before = pods(&world);
        roll(&mut world);
        pass(&mut world, secs(60));
        assert_eq!(pods(&world), before);
        let counts = if daemon { "c0 u0 r3 a3 one" } else { "c3 u0 r3 a3 two" };
        assert_eq!(told(only(&world)), format!("2/2 r3 {counts}"));
        let (name, (id, _)) = before.iter().next().unwrap();
        let namespace = "workload".to_owned();
        world.apply(Command::DeletePod { stamp: stamp(), namespace, name: name.clone() }).unwrap();
        pass(&mut world, secs(60));
        let after = pods(&world);
        assert!(after.values().all(|(pod, _)| pod != id), "{after:?}");
        assert_eq!((after.len(), after.contains_key(name)), (3, !daemon));
        assert_eq!(only(&world).status.updated, 1);
    }
}

#[test]
fn below_the_partition_pods_keep_their_revision_even_when_they_are_made_anew() {
    let mut world = world(SetConfig::stateful("orders-db"), |set| set.partition = 2);
    roll(&mut world);
    pass(&mut world, secs(60));
    assert_eq!(told(only(&world)), "2/2 r3 c2 u1 r3 a3 two");
    let (namespace, name) = ("workload".to_owned(), "orders-db-0".to_owned());
    world.apply(Command::DeletePod { stamp: stamp(), namespace, name }).unwrap();
    pass(&mut world, secs(60));
    assert_eq!(told(only(&world)), "2/2 r3 c2 u1 r3 a3 two");
    deed(&mut world, DeploymentPatch { partition: Some(0), ..DeploymentPatch::default() });
    pass(&mut world, secs(60));
    assert_eq!(told(only(&world)), "3/3 r3 c3 u3 r3 a3 one");
}

#[test]
fn scaling_comes_and_goes_at_the_highest_ordinal_and_the_same_mark_changes_nothing() {
    let mut world = world(SetConfig::stateful("orders-db"), |_| {});
    deed(&mut world, DeploymentPatch::scale(4));
    pass(&mut world, secs(30));
    assert!(pods(&world).contains_key("orders-db-3"));
    deed(&mut world, DeploymentPatch::scale(2));
    pass(&mut world, secs(60));
    assert_eq!(pods(&world).keys().collect::<Vec<_>>(), ["orders-db-0", "orders-db-1"]);
    assert!(matches!(roll(&mut world), Reply::Patched { generation: 4, changed: true, .. }));
    assert!(matches!(roll(&mut world), Reply::Patched { generation: 4, changed: false, .. }));
    let workload = only(&world).workload.clone();
    let pause = Command::Patch { stamp: stamp(), workload, patch: DeploymentPatch::pause(true) };
    assert!(world.apply(pause).is_err(), "there is no such member");
}

#[test]
fn a_world_without_sets_is_the_same_world_as_before_there_were_any() {
    let plain = World::new(WorldConfig::default());
    assert!(!serde_json::to_string(plain.config()).unwrap().contains("\"sets\""));
    let with = World::new(WorldConfig::default().with_sets());
    assert_ne!(plain.digest(), with.digest());
    let names = |world: &World| {
        let deployments = cluster(world).pods().filter(|pod| pod.workload.kind == WorkloadKind::Deployment);
        deployments.map(|pod| pod.meta.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(&plain), names(&with));
}
