//! The controller of Argo Rollouts: a restart in place, and a canary that waits.

use super::super::config::SetConfig;
use super::super::kubernetes::{Cluster, Pod, PodSet};
use super::*;

const AT: &str = "2026-01-12T08:00:01Z";

fn world(change: impl FnOnce(&mut SetConfig)) -> World {
    let mut set = SetConfig::rollout("checkout");
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

fn restart_at(world: &mut World, at: &str) -> Reply {
    deed(world, DeploymentPatch { restart_at: Some(at.to_owned()), ..DeploymentPatch::default() })
}

fn pods(world: &World) -> Vec<&Pod> {
    let ours = cluster(world).pods().filter(|pod| pod.workload == only(world).workload);
    ours.map(|pod| &**pod).collect()
}

#[test]
fn pods_older_than_the_restart_are_replaced_in_place_and_as_many_at_once_as_may_be_missing() {
    let count = crate::model::ReplicaNumber::Count;
    for (unavailable, budget, expected) in [(1, None, 2), (2, None, 1), (2, Some(count(2)), 2)] {
        let mut world = world(|set| {
            set.workload.max_unavailable = count(unavailable);
            set.workload.disruption_budget = budget;
        });
        pass(&mut world, secs(2));
        let before: Vec<_> = pods(&world).iter().map(|pod| pod.id).collect();
        let revision = only(&world).status.update_revision.clone();
        assert!(matches!(restart_at(&mut world, AT), Reply::Patched { generation: 2, changed: true, .. }));
        assert!(matches!(restart_at(&mut world, AT), Reply::Patched { generation: 2, changed: false, .. }));
        let (mut least, mut done_with_old) = (3, false);
        for _ in 0..600 {
            pass(&mut world, Duration::from_millis(100));
            let ready = pods(&world).iter().filter(|pod| pod.ready && pod.deleting.is_none()).count();
            least = least.min(ready);
            let living = |pod: &&&Pod| before.contains(&pod.id) && pod.deleting.is_none();
            let done = only(&world).restarting.done.is_some();
            done_with_old |= done && pods(&world).iter().filter(living).count() > 0;
        }
        assert_eq!(least, expected);
        assert!(!done_with_old, "it is over when none of the old ones lives");
        assert_eq!(only(&world).restarting.done.as_deref(), Some(AT));
        assert!(pods(&world).iter().all(|pod| !before.contains(&pod.id) && pod.ready));
        assert!(pods(&world).iter().all(|pod| pod.hash == revision), "of the same template");
        let status = &only(&world).status;
        assert_eq!((status.observed_generation, status.replicas, status.available), (2, 3, 3));
    }
}

#[test]
fn a_new_template_makes_one_canary_and_waits_until_somebody_promotes_it() {
    let mut world = world(|_| {});
    let image = DeploymentPatch { image: Some("checkout:2".to_owned()), ..DeploymentPatch::default() };
    deed(&mut world, image);
    pass(&mut world, secs(120));
    let new = |world: &World| {
        let update = only(world).status.update_revision.clone();
        pods(world).iter().filter(|pod| pod.hash == update).count()
    };
    assert!(only(&world).restarting.waits);
    assert_eq!((pods(&world).len(), new(&world)), (3, 1));
    let before = only(&world).generation;
    deed(&mut world, DeploymentPatch::pause(false));
    assert_eq!(only(&world).generation, before, "promoting is a matter of the status");
    pass(&mut world, secs(120));
    assert_eq!((pods(&world).len(), new(&world)), (3, 3));
    assert_eq!(only(&world).status.current_revision, only(&world).status.update_revision);
}

#[test]
fn a_waiting_rollout_is_restarted_too_as_the_real_one_is() {
    let mut world = world(|_| {});
    pass(&mut world, secs(2));
    deed(&mut world, DeploymentPatch::pause(true));
    restart_at(&mut world, AT);
    pass(&mut world, secs(120));
    assert_eq!(only(&world).restarting.done.as_deref(), Some(AT));
}
