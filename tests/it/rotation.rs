//! Whole rotations in memory.

use keyslot::drive::TurnEnd;
use keyslot::model::FlipBack;
use keyslot::sim::{Holds, WorldConfig};

use crate::in_memory::{Life, Theatre};

#[test]
fn a_rotation_in_the_default_world_ends_done_and_nobody_is_refused() {
    let mut theatre = Theatre::new(WorldConfig::default());
    let life = theatre.live();
    let world = theatre.world.lock();
    let outcome = world.outcome();
    assert_eq!(life, Life::Ended(TurnEnd::Done), "{outcome:#?}");
    assert_eq!(outcome.outage.refused, 0);
    assert!(outcome.outage.served > 10_000, "{outcome:#?}");
    assert!(outcome.outage.served_after_regeneration > 1_000);
    assert_eq!(outcome.regenerated.len(), 1);
    assert!(outcome.stamps.iter().all(|stamp| stamp.restarted && stamp.pods_slot == Holds::Secondary));
    let counters = world.counters();
    assert_eq!((counters.pulls_opened, counters.runs_started), (1, 1));
    assert!(counters.each_rolled_out(1), "{counters:?}");
}

#[test]
fn the_way_back_ends_with_everybody_on_primary_and_nothing_else_regenerated() {
    let mut theatre = Theatre::new(WorldConfig::default());
    theatre.policy.flip_back = FlipBack::Deploy;
    let life = theatre.live();
    let outcome = theatre.world.lock().outcome();
    assert_eq!(life, Life::Ended(TurnEnd::Done), "{outcome:#?}");
    assert_eq!((outcome.outage.refused, outcome.regenerated.len()), (0, 1));
    assert!(outcome.stamps.iter().all(|stamp| stamp.vault_slot == Holds::Primary));
    assert!(outcome.stamps.iter().all(|stamp| stamp.pods_slot == Holds::Primary));
}
