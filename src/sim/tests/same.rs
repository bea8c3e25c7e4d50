//! The same seed and the same deeds make the same world.

use super::code::flip;
use super::*;
use crate::model::{BranchName, KeyKind, Slot};

fn drive(world: &mut World, step: u64) {
    let start = world.config().start;
    flip(world, &BranchName::from("release/2026.1.0"), "release/2026.1.0");
    let skip = ["build-images", "deploy-workload", "switch-traffic", "destroy-previous"];
    let run = Command::StartRun {
        branch: BranchName::from("release/2026.1.0"),
        commit: None,
        skip: skip.map(str::to_owned).to_vec(),
        by: "x".to_owned(),
    };
    world.apply(run).unwrap();
    let until = |world: &mut World, minutes: u64| {
        let end = super::super::time::after(start, secs(minutes * 60));
        while world.now() < end {
            let next = super::super::time::after(world.now(), secs(step));
            world.advance_to(next.min(end));
        }
    };
    until(world, 45);
    for stamp in stamps(world) {
        let patch = DeploymentPatch::annotate("restart", "1");
        world.apply(Command::Patch { stamp, workload: workload(CATALOG), patch }).unwrap();
    }
    until(world, 50);
    let kind = KeyKind::read_write(Slot::Primary);
    world.apply(Command::Regenerate { kind, request_id: "r".to_owned(), by: "app".to_owned() }).unwrap();
    until(world, 90);
}

#[test]
fn the_same_seed_gives_the_same_beginning_and_another_seed_another() {
    let world = World::new(WorldConfig::seeded(3));
    assert_eq!(world.digest(), World::new(WorldConfig::seeded(3)).digest());
    assert_ne!(world.digest(), World::new(WorldConfig::seeded(4)).digest());
    assert_ne!(world.digest(), World::new(WorldConfig::seeded(3).with_stamps(2)).digest());
    assert_eq!(world.digest().len(), 64);
}

#[test]
fn the_same_deeds_give_the_same_end_however_time_was_cut() {
    let mut first = World::new(WorldConfig::seeded(3));
    let mut second = World::new(WorldConfig::seeded(3));
    let digest = first.digest().to_owned();
    drive(&mut first, 7);
    drive(&mut second, 601);
    assert_eq!(first.state_digest(), second.state_digest());
    assert_eq!(first.outcome(), second.outcome());
    assert_eq!(first.digest(), digest, "the digest is of the beginning");
    let mut other = World::new(WorldConfig::seeded(4));
    drive(&mut other, 601);
    assert_ne!(first.state_digest(), other.state_digest());
}

#[test]
fn a_clone_goes_its_own_way() {
    let mut world = World::new(WorldConfig::default());
    let fork = world.clone();
    drive(&mut world, 601);
    assert_ne!(world.state_digest(), fork.state_digest());
    assert_eq!(fork.state_digest(), World::new(WorldConfig::default()).state_digest());
}

#[test]
fn next_event_tells_when_something_will_happen() {
    let mut world = World::new(WorldConfig::default());
    assert_eq!(world.next_event(), None, "a world at rest is at rest");
    let kind = KeyKind::read_write(Slot::Primary);
    world.apply(Command::Regenerate { kind, request_id: "r".to_owned(), by: "app".to_owned() }).unwrap();
    let next = world.next_event().unwrap();
    let key = world.account().current(kind).unwrap().id;
    world.advance_to(next);
    assert_ne!(world.account().current(kind).unwrap().id, key);
}

#[test]
fn watching_or_not_changes_nothing() {
    let mut forgetful = WorldConfig::seeded(3);
    forgetful.kubernetes.ring = 0;
    let mut first = World::new(forgetful);
    let mut second = World::new(WorldConfig::seeded(3));
    drive(&mut first, 601);
    drive(&mut second, 601);
    assert_eq!(first.outcome(), second.outcome());
    assert_eq!(first.resource_version(), second.resource_version());
}
