//! Half-done, mixed and already deployed worlds as beginnings: only what is left is done.

use std::time::Duration;

use futures::executor::block_on;
use keyslot::drive::TurnEnd;
use keyslot::model::{FlipBack, Slot};
use keyslot::rotation::{Acceptance, Gate, Reason, Why};
use keyslot::sim::{Command, Holds, WorldConfig};

use crate::backstage::Deed;
use crate::in_memory::{Life, Theatre};
use crate::journey::later;
use crate::lottery::small_tree;

fn theatre(from: Slot) -> Theatre {
    let mut config = WorldConfig::default().with_stamps(2);
    config.repository.tree = small_tree(from);
    config.kubernetes.ring = 0;
    config.workloads.truncate(1);
    Theatre::new(config)
}

fn minutes(count: u64) -> Duration {
    Duration::from_secs(count * 60)
}

/// What was done by hand before keyslot came, up to a point.
fn by_hand(theatre: &Theatre, steps: usize) {
    let (start, base, release) = {
        let world = theatre.world.lock();
        let names = &world.config().repository;
        (world.now(), names.base.clone(), names.release.clone())
    };
    let skip = theatre.policy.skip_stages.clone();
    let run = Command::StartRun { branch: release.clone(), commit: None, skip, by: "ada".to_owned() };
    let restart = |stamp: usize| {
        Deed::Restart(theatre.policy.stamps[stamp].name.clone(), theatre.policy.workloads[0].clone())
    };
    let deeds = [
        Deed::Flip(base, Slot::Secondary),
        Deed::Flip(release, Slot::Secondary),
        Deed::Do(run),
        restart(0),
        restart(1),
    ];
    let mut at = start;
    for deed in deeds.into_iter().take(steps) {
        theatre.backstage.at(at, deed);
        at = later(at, minutes(40));
    }
    theatre.backstage.pass(at);
}

/// What was pushed without a review goes on to the live release by a person's word alone.
fn accepted(theatre: &mut Theatre) {
    let Life::Ended(TurnEnd::Halted { reasons, .. }) = theatre.live() else { panic!("it is carried on") };
    let [Reason { subject, why: Why::ChangedByOtherHands { .. }, .. }] = &reasons[..] else {
        panic!("{reasons:?}")
    };
    let acceptance = Acceptance {
        by: "ada".to_owned(),
        gate: Gate::Validated,
        subject: subject.to_string(),
        because: "it is mine".to_owned(),
        until: later(theatre.world.lock().now(), minutes(600)),
        why: Some("changed-by-other-hands".to_owned()),
    };
    block_on(async { theatre.driver().await.unwrap().accept(acceptance).await.unwrap() });
}

#[test]
fn what_was_done_by_hand_is_not_done_again() {
    for steps in 0..=5 {
        let mut theatre = theatre(Slot::Primary);
        theatre.retire = Some(Slot::Primary);
        by_hand(&theatre, steps);
        if steps == 1 {
            accepted(&mut theatre);
        }
        assert_eq!(theatre.live(), Life::Ended(TurnEnd::Done), "after {steps} steps by hand");
        let world = theatre.world.lock();
        let (outcome, counters) = (world.outcome(), world.counters());
        assert_eq!((outcome.outage.refused, outcome.regenerated.len()), (0, 1), "{steps}: {outcome:?}");
        assert_eq!(counters.pulls_opened, u32::from(steps < 1), "{steps}: {counters:?}");
        assert_eq!(counters.pushes_to(&world.config().repository.release), 1, "{steps}: {counters:?}");
        assert_eq!(counters.runs_started, 1, "{steps}: {counters:?}");
        assert!(counters.each_rolled_out(1), "{steps}: {counters:?}");
        assert_eq!(outcome.regenerated[0].kind, "primary");
    }
}

#[test]
fn a_world_on_secondary_is_rotated_the_other_way_without_being_told() {
    let mut theatre = theatre(Slot::Secondary);
    theatre.policy.flip_back = FlipBack::No;
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Done));
    let outcome = theatre.world.lock().outcome();
    assert_eq!(outcome.outage.refused, 0);
    assert_eq!(outcome.regenerated[0].kind, "secondary");
    assert!(outcome.stamps.iter().all(|stamp| stamp.pods_slot == Holds::Primary), "{outcome:?}");
}

#[test]
fn a_mixed_world_says_what_disagrees_instead_of_guessing() {
    for steps in [1, 2] {
        let mut theatre = theatre(Slot::Primary);
        by_hand(&theatre, steps);
        let Life::Failed(why) = theatre.live() else { panic!("it guessed after {steps} steps") };
        assert!(why.contains("branch main is on secondary"), "{why}");
        assert!(why.contains("the vault of northeurope is on primary"), "{why}");
        assert!(theatre.store.is_empty(), "nothing was begun");
    }
}

#[test]
fn a_second_rotate_right_after_the_first_begins_nothing() {
    let mut theatre = theatre(Slot::Primary);
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Done));
    let records = theatre.store.len();
    theatre.retire = Some(Slot::Primary);
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Done));
    assert_eq!(theatre.store.len(), records);
    assert_eq!(theatre.world.lock().outcome().regenerated.len(), 1);
}
