//! A node that is drained while pods run and roll on it, and a Deployment that is scaled in the middle of a rollout.

use std::collections::BTreeSet;

use super::super::config::SetConfig;
use super::super::fault::{Fault, Target, Trouble, When};
use super::super::kubernetes::{Cluster, Pod};
use super::*;
use crate::model::ReplicaNumber;

const AT: &str = "2026-01-12T08:00:01Z";
const NODE: &str = "aks-workload-00000000";

fn cluster(world: &World) -> &Cluster {
    &world.stamp(&stamp()).unwrap().cluster
}

fn on_node(pod: &Pod) -> bool {
    pod.node.as_deref() == Some(NODE)
}

fn drain(from: u64, until: u64) -> Fault {
    let at = When::Window { from: secs(from), until: secs(until) };
    Fault::new(at, Target::any(), Trouble::Drain { node: 0 })
}

/// Nine pods on three nodes, of which one is drained from the tenth second on; and a pod a node of a DaemonSet.
fn drained(least: u32) -> World {
    recorded_with(
        5,
        |catalog| {
            catalog.replicas = 9;
            catalog.disruption_budget = Some(ReplicaNumber::Count(least));
        },
        |config| {
            config.sets = vec![SetConfig::daemon("relay-agent")];
            config.faults = vec![drain(10, 600)];
        },
    )
}

#[test]
fn a_drained_node_loses_its_pods_one_after_the_other_as_the_budget_lets_them_go() {
    let mut world = drained(8);
    let before = cluster(&world).pods().filter(|pod| on_node(pod)).count();
    assert!(before > 2, "{before}");
    let mut fewest = u32::MAX;
    for _ in 0..900 {
        pass(&mut world, Duration::from_millis(100));
        let serving =
            cluster(&world).pods().filter(|pod| pod.place == 0 && pod.ready && pod.deleting.is_none());
        fewest = fewest.min(serving.count() as u32);
    }
    assert_eq!(fewest, 8, "one at a time");
    let left: Vec<&str> =
        cluster(&world).pods().filter(|pod| on_node(pod)).map(|pod| &*pod.workload.name).collect();
    assert_eq!(left, ["relay-agent"], "the DaemonSet's pod stays");
    assert!(cluster(&world).is_cordoned(NODE));
    pass(&mut world, secs(600));
    assert!(!cluster(&world).is_cordoned(NODE), "it is taken back");
    restart(&mut world, CATALOG, AT);
    pass(&mut world, secs(120));
    assert!(cluster(&world).pods().any(|pod| pod.place == 0 && on_node(pod)), "and is scheduled on again");
}

#[test]
fn a_budget_that_lets_nothing_go_keeps_the_pods_where_they_are() {
    let mut world = drained(9);
    let names = |world: &World| -> BTreeSet<String> {
        cluster(world).pods().map(|pod| pod.meta.name.to_string()).collect()
    };
    let before = names(&world);
    pass(&mut world, secs(300));
    assert_eq!(names(&world), before);
}

#[test]
fn a_rollout_goes_round_a_drained_node_and_ends() {
    let mut world = drained(5);
    pass(&mut world, secs(8));
    restart(&mut world, CATALOG, AT);
    pass(&mut world, secs(240));
    let deployment = cluster(&world).deployment(&workload(CATALOG)).unwrap();
    assert_eq!((deployment.status.updated, deployment.status.available), (9, 9));
    assert!(cluster(&world).pods().all(|pod| pod.place != 0 || !on_node(pod)));
    assert_eq!(world.outage().dark, Duration::ZERO);
}

/// The example of the Kubernetes documentation: ten replicas, a rollout that hangs with eight old and five new ones, and then
/// fifteen are wanted.
#[test]
fn a_deployment_that_is_scaled_while_it_rolls_out_shares_what_comes_by_size() {
    let hangs = Fault::new(When::Always, Target::any(), Trouble::NeverReady);
    let mut world = recorded_with(
        5,
        |catalog| {
            catalog.replicas = 10;
            catalog.max_surge = ReplicaNumber::Count(3);
            catalog.max_unavailable = ReplicaNumber::Count(2);
        },
        |config| config.faults = vec![hangs],
    );
    restart(&mut world, CATALOG, AT);
    pass(&mut world, secs(30));
    let sizes =
        |world: &World| -> Vec<u32> { cluster(world).replica_sets().map(|set| set.replicas).collect() };
    assert_eq!(sizes(&world), [8, 5]);
    patch(&mut world, CATALOG, DeploymentPatch::scale(15));
    pass(&mut world, secs(30));
    assert_eq!(sizes(&world), [11, 7]);
    patch(&mut world, CATALOG, DeploymentPatch::scale(10));
    pass(&mut world, Duration::from_millis(100));
    assert_eq!(sizes(&world).iter().sum::<u32>(), 13, "down in proportion, too: {:?}", sizes(&world));
}
