//! A driver that writes a synced Secret from the files of every living pod in turn: while old and new pods live side by side,
//! what the Secret holds flips.

use std::time::Duration;

use jiff::Timestamp;
use keyslot::drive::TurnEnd;
use keyslot::model::{KeyKind, KeyMaterial, Slot, StampName, WorkloadName};
use keyslot::sim::config::{KeySource, WorkloadConfig};
use keyslot::sim::{Command, DeploymentPatch, Holds, Span, World, WorldConfig};

use crate::backstage::Deed;
use crate::harm_scenarios::small;
use crate::in_memory::{Life, Theatre};
use crate::journey::later;

const MINUTE: Duration = Duration::from_secs(60);
const NAMES: [&str; 2] = ["catalogservice-deploy", "healthservice-deploy"];

fn name(place: usize) -> WorkloadName {
    WorkloadName::new("workload", NAMES[place])
}

/// Two workloads that read one Secret. Their pods take a while from their mounts until they begin.
fn two(rotation: bool, rewrites: bool) -> WorldConfig {
    let mut config = small().with_stamps(1);
    config.kubernetes.csi.rotation = rotation;
    config.kubernetes.csi.rewrites = rewrites;
    let workload = |name: &&str| WorkloadConfig {
        key: KeySource::SyncedSecret("cosmos".to_owned()),
        starts_in: Span::secs(60, 150),
        ..WorkloadConfig::named(name)
    };
    config.workloads = NAMES.iter().map(workload).collect();
    config
}

fn stamp(world: &World) -> StampName {
    world.stamps().next().unwrap().name.clone()
}

fn restart(world: &mut World, place: usize) {
    let patch = DeploymentPatch::annotate("kubectl.kubernetes.io/restartedAt", &world.now().to_string());
    world.apply(Command::Patch { stamp: stamp(world), workload: name(place), patch }).unwrap();
}

/// What the Secret comes to hold until then, one after the other.
fn held(world: &mut World, until: Timestamp) -> Vec<Option<Slot>> {
    let mut held = Vec::new();
    while world.now() < until {
        world.advance_to(later(world.now(), Duration::from_secs(5)));
        let cluster = &world.stamp(&stamp(world)).unwrap().cluster;
        let key = cluster.secrets().next().unwrap().value.key();
        held.push(key.and_then(|key| world.slot_of(key)));
    }
    held.dedup();
    held
}

#[test]
fn an_older_pods_round_puts_the_old_key_back_until_the_last_of_them_is_gone() {
    for rewrites in [false, true] {
        let mut world = World::new(two(false, rewrites));
        let key = world.account().current(KeyKind::read_write(Slot::Secondary)).unwrap();
        let value = KeyMaterial::clone(&key.material);
        world.apply(Command::SetSecret { stamp: stamp(&world), value }).unwrap();
        let begin = world.now();
        assert_eq!(
            held(&mut world, later(begin, MINUTE * 20)),
            [Some(Slot::Primary)],
            "nobody mounts it anew"
        );
        restart(&mut world, 0);
        let flips = held(&mut world, later(begin, MINUTE * 40));
        restart(&mut world, 1);
        world.advance_to(later(begin, MINUTE * 80));
        let end = held(&mut world, later(begin, MINUTE * 100));
        if rewrites {
            assert!(flips.len() > 3, "{flips:?}");
            assert_eq!(end, [Some(Slot::Secondary)], "no file holds another");
        } else {
            assert_eq!((flips, end), (vec![Some(Slot::Primary)], vec![Some(Slot::Primary)]));
        }
    }
}

/// Processes, each after some time, until the rotation is done or the day is over.
fn played(theatre: &mut Theatre) -> Life {
    let end = later(theatre.world.lock().now(), MINUTE * 60 * 14);
    loop {
        theatre.backstage.until(later(theatre.world.lock().now(), MINUTE * 60 * 3));
        let life = theatre.live();
        let now = theatre.world.lock().now();
        if matches!(life, Life::Ended(TurnEnd::Done)) || now > end {
            return life;
        }
        theatre.backstage.in_time_again();
        theatre.backstage.pass(later(now, MINUTE * 10));
    }
}

fn nobody_was_refused(theatre: &Theatre) -> String {
    for shot in theatre.backstage.shots() {
        assert!(shot.holders.is_empty(), "{shot:?}");
    }
    // Whoever holds a dead key shows it now.
    let now = theatre.world.lock().now();
    theatre.backstage.pass(later(now, MINUTE * 180));
    let outcome = theatre.world.lock().outcome();
    assert_eq!(outcome.outage.refused, 0, "{outcome:#?}");
    format!("{outcome:#?}")
}

#[test]
fn with_rotation_on_a_rotation_goes_through_and_nobody_is_refused() {
    let mut theatre = Theatre::new(two(true, true));
    let life = played(&mut theatre);
    let outcome = nobody_was_refused(&theatre);
    assert_eq!(life, Life::Ended(TurnEnd::Done), "{outcome}");
    assert!(theatre.world.lock().outcome().stamps.iter().all(|stamp| stamp.pods_slot == Holds::Secondary));
}

/// Somebody restarts one workload, and some time later the other: while the Secret flips, pods of both begin with either key.
#[test]
fn with_rotation_off_no_regeneration_meets_a_pod_that_began_while_the_secret_flipped() {
    let mut done = 0;
    for (first, second) in [(100, 7), (120, 12), (140, 3), (160, 31), (180, 90)] {
        let mut theatre = Theatre::new(two(false, true));
        let (start, stamp) = {
            let world = theatre.world.lock();
            (world.now(), stamp(&world))
        };
        let at = |minutes: u32| later(start, MINUTE * minutes);
        theatre.backstage.at(at(first), Deed::Restart(stamp.clone(), name(0)));
        theatre.backstage.at(at(first + second), Deed::Restart(stamp, name(1)));
        let life = played(&mut theatre);
        nobody_was_refused(&theatre);
        done += usize::from(life == Life::Ended(TurnEnd::Done));
    }
    assert!(done > 0, "once no pod holds older files, what the Secret holds stands");
}
