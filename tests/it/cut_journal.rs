//! The journal cut at every record, before and after it was written, and every step done twice: the same end each
//! time, as counted by the world.

use futures::executor::block_on;
use keyslot::drive::TurnEnd;
use keyslot::journal::{MemoryFault, Seq};
use keyslot::model::Slot;
use keyslot::rotation::{Event, Outcome, Step};
use keyslot::sim::memory::{CrashMoment, block_on_or_crash};
use keyslot::sim::{Holds, WorldConfig};

use crate::in_memory::{Life, Theatre};
use crate::journey::events;
use crate::lottery::small_tree;

fn config() -> WorldConfig {
    let mut config = WorldConfig::default().with_stamps(2);
    config.repository.tree = small_tree(Slot::Primary);
    config.kubernetes.ring = 0;
    config.workloads.truncate(2);
    config
}

/// Lives until it is over, and asks the world whether everything was done once and nobody was refused.
fn ends_well(mut theatre: Theatre, what: &str) -> Theatre {
    loop {
        match theatre.live_with_person() {
            Life::Ended(TurnEnd::Done) => break,
            Life::Crashed | Life::Failed(_) if theatre.lives() < 60 => {}
            other => panic!("{what}: {other:?} in life {}", theatre.lives()),
        }
    }
    let world = theatre.world.lock();
    let (outcome, counters) = (world.outcome(), world.counters());
    assert_eq!((outcome.outage.refused, outcome.regenerated.len()), (0, 1), "{what}: {outcome:?}");
    assert_eq!((counters.pulls_opened, counters.runs_started), (1, 1), "{what}: {counters:?}");
    assert_eq!(counters.pushes_to(&world.config().repository.release), 1, "{what}: {counters:?}");
    assert!(counters.each_rolled_out(1), "{what}: {counters:?}");
    assert!(outcome.stamps.iter().all(|stamp| stamp.pods_slot == Holds::Secondary), "{what}: {outcome:?}");
    drop(world);
    theatre
}

#[test]
fn a_journal_cut_at_any_record_leads_to_the_same_end() {
    let records = ends_well(Theatre::new(config()), "uncut").store.len() as u64;
    assert!(records > 20, "{records} records");
    for seq in 1..=records {
        for moment in [CrashMoment::BeforeSending, CrashMoment::AfterApplying] {
            let theatre = Theatre::new(config());
            theatre.backstage.cut(seq, moment);
            let theatre = ends_well(theatre, &format!("cut at {seq}, {moment:?}"));
            assert!(theatre.lives() > 1 || seq == records, "cut at {seq}: nobody died");
        }
    }
}

/// A store that cannot be reached for a moment, just when the regeneration was answered, or between two phases.
#[test]
fn what_came_of_a_step_is_written_when_the_store_is_back() {
    let uncut = events(&ends_well(Theatre::new(config()), "uncut"));
    let regenerates = |event: &Event| match event {
        Event::Intended { intents } => intents.iter().any(|it| matches!(it.step, Step::Regenerate { .. })),
        _ => false,
    };
    let intended = uncut.iter().position(|(_, event)| regenerates(event)).unwrap();
    let ended =
        intended + uncut[intended..].iter().position(|(_, it)| matches!(it, Event::Ended { .. })).unwrap();
    let reached = uncut.iter().rposition(|(_, event)| matches!(event, Event::Reached { .. })).unwrap();
    for index in [ended, reached, intended] {
        let theatre = Theatre::new(config());
        theatre.store.fail_at(Seq(index as u64 + 1), MemoryFault::NotSent);
        let theatre = ends_well(theatre, &format!("{:?}", uncut[index].1));
        assert_eq!(theatre.lives(), 1, "{:?}", uncut[index].1);
        let told = events(&theatre);
        let answered =
            told.iter().skip_while(|(_, event)| !regenerates(event)).find_map(|(_, event)| match event {
                Event::Ended { ends } => Some(ends[0].outcome.clone()),
                _ => None,
            });
        assert!(matches!(answered, Some(Outcome::Applied { .. })), "{answered:?}");
    }
}

/// A process that dies between the effect and its outcome leaves the step to be done again by the next one.
#[test]
fn every_step_done_twice_leads_to_the_same_end() {
    let whole = ends_well(Theatre::new(config()), "uncut");
    let outcomes: Vec<u64> = events(&whole)
        .iter()
        .zip(1..)
        .filter(|((_, event), _)| matches!(event, Event::Ended { .. }))
        .map(|(_, seq)| seq)
        .collect();
    assert!(outcomes.len() >= 9, "{outcomes:?}");
    let theatre = Theatre::new(config());
    // Each death moves the records behind it; so every one is cut in a rotation of its own, and here as many as
    // still meet a record.
    for seq in &outcomes {
        theatre.backstage.cut(*seq, CrashMoment::BeforeSending);
    }
    let theatre = ends_well(theatre, "without outcomes");
    assert!(theatre.lives() > 2, "{} lives", theatre.lives());
}

/// A stopped process may stand between a record that was written and the answer that says so.
#[test]
fn a_turn_that_is_stopped_at_any_record_gives_its_lease_back() {
    let records = ends_well(Theatre::new(config()), "uncut").store.len() as u64;
    for seq in 4..records {
        for moment in [CrashMoment::BeforeSending, CrashMoment::AfterApplying] {
            let theatre = Theatre::new(config());
            theatre.backstage.cut(seq, moment);
            let mut driver = block_on(theatre.driver()).unwrap();
            block_on(driver.open(&theatre.request())).unwrap();
            block_on(driver.approve("approver", None)).unwrap();
            let stopped = block_on_or_crash(driver.run(), theatre.crashes.flag());
            theatre.crashes.flag().lower();
            block_on(driver.release()).unwrap();
            let newest = events(&theatre).pop().map(|(_, event)| event);
            assert!(
                matches!(newest, Some(Event::Released { .. })),
                "stopped at {seq}, {moment:?}: {stopped:?}, {newest:?}"
            );
        }
    }
}

/// A stamp that another process's newer version tells of in an event, or a gate in one, that this version does not have.
#[test]
fn what_only_a_newer_version_knows_is_told_as_that_and_not_as_damage() {
    let mut theatre = Theatre::new(config());
    theatre.approves = false;
    theatre.live();
    let next = theatre.store.len() as u64 + 1;
    for kind in [
        "{\"event\":\"reconsidered\",\"by\":\"ada\"}",
        "{\"event\":\"reached\",\"leg\":\"out\",\"phase\":\"sing\"}",
        "{\"event\":\"withdrawn\",\"by\":\"ada\",\"gate\":\"tides\",\"subject\":\"eastus2\"}",
    ] {
        let text = format!(
            "{{\"format\":{{\"major\":1,\"minor\":0}},\"seq\":{next},\"writer_nonce\":\"z-1\",\"version\":\"7.0.0\",\
             \"at\":\"2027-01-15T08:00:00Z\",\"kind\":{kind}}}"
        );
        theatre.store.overwrite(Seq(next), text);
        let error = block_on(theatre.driver_as("looks", "looks")).err().unwrap();
        assert!(error.contains("by a newer keyslot (version 7.0.0)"), "{kind}: {error}");
        assert!(!error.contains("damaged"), "{kind}: {error}");
    }
}
