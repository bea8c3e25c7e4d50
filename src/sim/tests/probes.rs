//! Readiness probes that ask the account: who is refused is not ready.

use super::super::fault::{Fault, Target, Trouble, When};
use super::*;
use crate::model::{KeyKind, Slot};

const AT: &str = "2026-01-12T08:00:01Z";

fn world(probes: bool, faults: Vec<Fault>) -> World {
    recorded_with(5, |catalog| catalog.probes = probes, |config| config.faults = faults)
}

fn status(world: &World) -> (u32, u32, u32) {
    let stamp = world.stamp(&stamp()).unwrap();
    let status = &stamp.cluster.deployment(&workload(CATALOG)).unwrap().status;
    (status.updated, status.ready, status.available)
}

#[test]
fn pods_that_read_no_key_of_the_account_stop_a_rollout_only_where_they_are_probed() {
    let misread = || vec![Fault::new(When::Always, Target::any(), Trouble::MisreadKey)];
    // Those that are there from the beginning have read it well.
    let from = When::from(secs(5));
    let later = || vec![Fault { at: from, ..misread().remove(0) }];
    for (probes, wanted) in [(false, (3, 3, 3)), (true, (1, 3, 3))] {
        let mut world = world(probes, later());
        pass(&mut world, secs(10));
        restart(&mut world, CATALOG, AT);
        pass(&mut world, secs(300));
        assert_eq!(status(&world), wanted, "probes: {probes}");
        assert_eq!(world.outage().dark, Duration::ZERO);
        assert!(world.outage().refused > 0, "the process asks all the same");
    }
}

#[test]
fn a_rollout_with_probes_ends_as_one_without_them() {
    let mut world = world(true, Vec::new());
    restart(&mut world, CATALOG, AT);
    pass(&mut world, secs(120));
    assert_eq!((status(&world), world.outage().refused), ((3, 3, 3), 0));
}

#[test]
fn a_key_that_dies_takes_readiness_from_pods_that_are_probed_and_from_no_others() {
    for (probes, ready) in [(false, 3), (true, 0)] {
        let mut world = world(probes, Vec::new());
        let (request_id, by) = (String::new(), String::new());
        let kind = KeyKind::read_write(Slot::Primary);
        world.apply(Command::Regenerate { kind, request_id, by }).unwrap();
        pass(&mut world, secs(3600));
        assert_eq!(status(&world).1, ready, "probes: {probes}");
        assert_eq!(world.outage().dark > Duration::ZERO, probes);
    }
}
