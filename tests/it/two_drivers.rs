//! Two processes on one journal, turn by turn: the work is done once, and who has no lease waits. And a process
//! that slept between deciding and acting.

use std::time::Duration;

use futures::executor::block_on;
use keyslot::drive::{DriveError, Driver, OpenRequest, TurnEnd};
use keyslot::model::{KeyKind, RotationId, Slot, StampName, WorkloadName};
use keyslot::ports::{Effect, LeaseTerm, Permit, Recall, RestartMark};
use keyslot::rotation::{Acceptance, Gate, Phase, Why};
use keyslot::sim::memory::{self, MemoryOptions};
use keyslot::sim::{SharedWorld, Span, WorldConfig};

use crate::in_memory::{Life, Theatre};
use crate::journey::later;

fn turn(driver: &mut Driver) -> TurnEnd {
    block_on(driver.turn()).expect("a turn")
}

#[test]
fn two_drivers_turn_by_turn_do_everything_once_and_the_one_without_the_lease_waits() {
    let theatre = Theatre::new(WorldConfig::default());
    {
        let mut first = block_on(theatre.driver_as("first", "opens")).unwrap();
        block_on(first.open(&theatre.request())).unwrap();
        block_on(first.approve("approver", None)).unwrap();
    }
    let (mut waited_for_lease, mut done) = (0, false);
    for round in 0..2_000 {
        let order = if round % 2 == 0 { ["first", "second"] } else { ["second", "first"] };
        for name in order {
            let mut driver = block_on(theatre.driver_as(name, &format!("{name}-{round}"))).unwrap();
            match block_on(driver.turn()) {
                Ok(TurnEnd::Waiting { reasons, .. }) => {
                    waited_for_lease += usize::from(
                        reasons.iter().any(|reason| matches!(reason.why, Why::LeaseOfOther { .. })),
                    );
                }
                Ok(TurnEnd::Halted { reasons, .. }) => panic!("round {round}: {reasons:?}"),
                Ok(TurnEnd::Done) => done = true,
                Ok(TurnEnd::Enough) => panic!("round {round}: nothing bounds a whole rotation"),
                // The other has closed it.
                Err(error) => assert!(done, "round {round}: {error}"),
            }
        }
        if done {
            break;
        }
        let mut world = theatre.world.lock();
        let until = later(world.now(), Duration::from_secs(45));
        world.advance_to(until);
    }
    assert!(done, "it comes to its end");
    assert!(waited_for_lease > 0, "nobody ever waited for the other");
    let world = theatre.world.lock();
    let (outcome, counters) = (world.outcome(), world.counters());
    assert_eq!((outcome.outage.refused, outcome.regenerated.len()), (0, 1), "{outcome:?}");
    assert_eq!((counters.pulls_opened, counters.runs_started), (1, 1), "{counters:?}");
    assert!(counters.each_rolled_out(1), "{counters:?}");
}

#[test]
fn a_rotation_is_closed_under_the_lease_and_its_pull_request_has_one_comment() {
    let mut theatre = Theatre::new(WorldConfig::default());
    theatre.policy.pulls.board = true;
    let mut first = block_on(theatre.driver_as("first", "first")).unwrap();
    block_on(first.open(&theatre.request())).unwrap();
    assert!(matches!(turn(&mut first), TurnEnd::Waiting { phase: Phase::Merge, .. }));
    // The first is at work, and has told nothing of this yet.
    let mut second = block_on(theatre.driver_as("second", "second")).unwrap();
    let refused = block_on(second.close("another day")).unwrap_err();
    assert!(matches!(&refused, DriveError::AtWork { holder, .. } if holder == "first"), "{refused}");
    let records = || block_on(theatre.driver_as("looks", "looks")).unwrap().fold().closed.is_some();
    assert!(!records(), "nothing was closed");
    block_on(first.release()).unwrap();
    let mut second = block_on(theatre.driver_as("second", "again")).unwrap();
    block_on(second.close("another day")).unwrap();
    assert!(records());
    {
        let world = theatre.world.lock();
        let [said] = &world.pulls()[0].comments[..] else { panic!("{:#?}", world.pulls()[0].comments) };
        assert!(said.body.contains("another day"), "{said:#?}");
    }
    // Given back: whoever begins anew need not wait.
    let mut third = block_on(theatre.driver_as("third", "third")).unwrap();
    block_on(third.open(&OpenRequest { again: true, ..theatre.request() })).unwrap();
    assert!(!matches!(turn(&mut third), TurnEnd::Waiting { reasons, .. }
        if reasons.iter().any(|reason| matches!(reason.why, Why::LeaseOfOther { .. }))));
}

#[test]
fn what_people_say_is_written_behind_what_a_process_at_work_writes_and_of_no_other_rotation() {
    let theatre = Theatre::new(WorldConfig::default());
    let mut first = block_on(theatre.driver_as("first", "first")).unwrap();
    block_on(first.open(&theatre.request())).unwrap();
    let beside = |name: &str| block_on(theatre.driver_as(name, name)).unwrap();
    let (mut ada, mut bob, mut late) = (beside("ada"), beside("bob"), beside("late"));
    assert!(matches!(turn(&mut first), TurnEnd::Waiting { phase: Phase::Merge, .. }));
    block_on(ada.approve("ada", None)).unwrap();
    let acceptance = Acceptance {
        by: "bob".to_owned(),
        gate: Gate::Wave,
        subject: "eastus2".to_owned(),
        because: "agreed".to_owned(),
        until: later(theatre.world.lock().now(), Duration::from_secs(3600)),
        why: None,
    };
    block_on(bob.accept(acceptance)).unwrap();
    turn(&mut first);
    assert_eq!((first.fold().approvals.len(), first.fold().acceptances.len()), (1, 1));
    let taken = block_on(ada.withdraw("ada", Gate::Wave, "eastus2")).unwrap();
    assert_eq!(taken.len(), 1, "she had not read it when she said so");
    turn(&mut first);
    assert!(first.fold().acceptances.is_empty());

    block_on(first.close("another day")).unwrap();
    block_on(first.open(&OpenRequest { again: true, ..theatre.request() })).unwrap();
    assert!(block_on(late.approve("late", None)).is_err(), "it was said of what is closed");
    turn(&mut first);
    assert!(first.fold().approvals.is_empty());
}

#[test]
fn whoever_has_no_lease_tells_nothing_on_the_pull_request() {
    let mut theatre = Theatre::new(WorldConfig::default());
    theatre.policy.pulls.board = false;
    let mut first = block_on(theatre.driver_as("first", "first")).unwrap();
    block_on(first.open(&theatre.request())).unwrap();
    assert!(matches!(turn(&mut first), TurnEnd::Waiting { phase: Phase::Merge, .. }));
    // The first is at work, and has told nothing of this yet.
    theatre.policy.pulls.board = true;
    let comments = || theatre.world.lock().pulls()[0].comments.len();
    let mut second = block_on(theatre.driver_as("second", "second")).unwrap();
    turn(&mut second);
    assert_eq!(comments(), 0, "both may have told it at once");
    block_on(first.release()).unwrap();
    let mut third = block_on(theatre.driver_as("third", "third")).unwrap();
    turn(&mut third);
    assert_eq!(comments(), 1);
}

#[test]
fn a_driver_whose_clock_jumps_between_deciding_and_acting_does_not_fire() {
    let world = SharedWorld::create(WorldConfig::default());
    let ports = memory::ports(&world, MemoryOptions::default());
    let now = ports.clock.now();
    let minutes = |count: u64| Duration::from_secs(count * 60);
    let permit = |wall: u64, monotonic: u64, lease: u64| Permit {
        subject: "regenerate the primary key".to_owned(),
        evidence: "e".to_owned(),
        wall_deadline: later(now, minutes(wall)),
        monotonic_deadline: ports.clock.monotonic() + minutes(monotonic),
        lease: Some(LeaseTerm { holder: "me".to_owned(), until: later(now, minutes(lease)) }),
        recall: Recall::default(),
    };
    let (wall, monotonic, lease) = (permit(2, 60, 60), permit(60, 2, 60), permit(60, 60, 2));
    let mark =
        RestartMark { restarted_at: "2026-01-12T08:00:00Z".to_owned(), rotation: RotationId::new("r") };
    let fired = |permit: &Permit| {
        let kind = KeyKind::read_write(Slot::Primary);
        let regenerated = block_on(ports.accounts.regenerate(kind, "id", permit));
        let workload = WorkloadName::new("workload", "healthservice-deploy");
        let restarted =
            block_on(ports.clusters.restart(&StampName::new("northeurope"), &workload, &mark, permit));
        !matches!((regenerated, restarted), (Effect::NotSent(_), Effect::NotSent(_)))
    };
    // The laptop sleeps.
    let until = later(now, minutes(3));
    world.lock().advance_to(until);
    for (which, permit) in [("wall", &wall), ("monotonic", &monotonic), ("lease", &lease)] {
        assert!(!fired(permit), "the {which} deadline has passed");
    }
    let recalled = permit(60, 60, 60);
    recalled.recall.call();
    assert!(!fired(&recalled), "somebody wants it to stop");
    assert!(world.lock().account().operations().is_empty());
    assert_eq!(world.lock().counters().patches, 0);
    assert!(fired(&permit(60, 60, 60)), "a permit that lasts lets it through");
}

#[test]
fn a_turn_that_sleeps_after_it_looked_looks_again_before_it_acts() {
    let theatre = Theatre::new(WorldConfig::default());
    let mut driver = block_on(theatre.driver_as("sleeper", "sleeper")).unwrap();
    block_on(driver.open(&theatre.request())).unwrap();
    block_on(driver.approve("approver", None)).unwrap();
    // Up to the restart; then the machine sleeps for an hour between two turns, evidence in memory.
    while theatre.world.lock().counters().patches == 0 {
        turn(&mut driver);
        let mut world = theatre.world.lock();
        let until = later(world.now(), Duration::from_secs(3600));
        world.advance_to(until);
    }
    let world = theatre.world.lock();
    assert_eq!(world.outage().refused, 0);
    assert!(world.counters().each_rolled_out(1));
}

#[test]
fn a_clock_that_is_set_back_makes_no_old_evidence_young() {
    let theatre = Theatre::new(WorldConfig::default());
    let mut driver = block_on(theatre.driver_as("laptop", "laptop")).unwrap();
    block_on(driver.open(&theatre.request())).unwrap();
    let waits_for_merge = |end: &TurnEnd| matches!(end, TurnEnd::Waiting { phase: Phase::Merge, .. });
    assert!(waits_for_merge(&turn(&mut driver)));
    // Two hours later it is merged, and the laptop's clock says that no time has passed.
    let two_hours = Duration::from_secs(2 * 3600);
    let until = later(theatre.world.lock().now(), two_hours);
    theatre.backstage.pass(until);
    theatre.backstage.set_back(two_hours.try_into().unwrap());
    assert!(!waits_for_merge(&turn(&mut driver)), "it looked again");
}

/// A rotation in a world where looking takes its time, with a machine that sleeps between intent and sending.
fn regenerated_after_a_nap(nap: Duration) -> (Theatre, Life) {
    let mut config = WorldConfig::default().with_stamps(2);
    config.latency.read = Span::exactly(Duration::from_secs(2));
    let mut theatre = Theatre::new(config);
    theatre.backstage.nap_before_regenerate(nap);
    let life = theatre.live();
    (theatre, life)
}

#[test]
fn a_permit_ends_with_the_oldest_evidence_behind_it_and_is_ample() {
    let (theatre, life) = regenerated_after_a_nap(Duration::ZERO);
    assert_eq!(life, Life::Ended(TurnEnd::Done));
    let shots = theatre.backstage.shots();
    assert_eq!(shots.len(), 1, "nothing was put off: {shots:?}");
    let left = shots[0].permitted_until.duration_since(shots[0].at).unsigned_abs();
    let whole = theatre.policy.ages.regenerate;
    // A dozen looks of two seconds each lie between the first of them and the decision.
    assert!(left < whole - Duration::from_secs(10), "{left:?} of {whole:?}");
    assert!(left > whole / 2, "{left:?} of {whole:?}");
}

#[test]
fn a_nap_that_outlasts_the_evidence_sends_nothing_and_everything_is_looked_at_again() {
    let whole = Theatre::new(WorldConfig::default()).policy.ages.regenerate;
    let (theatre, life) = regenerated_after_a_nap(whole - Duration::from_secs(5));
    assert_eq!(life, Life::Ended(TurnEnd::Done));
    let taken: Vec<bool> = theatre.backstage.shots().iter().map(|shot| shot.taken).collect();
    assert_eq!(taken, [false, true]);
    let outcome = theatre.world.lock().outcome();
    assert_eq!((outcome.outage.refused, outcome.regenerated.len()), (0, 1));
}
