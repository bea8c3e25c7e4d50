//! A turn that is dropped in the middle of a record, because somebody wants the process to stop: what it has sent is written
//! down, and what it has not sent is known as that.

use futures::executor::block_on;
use keyslot::drive::TurnEnd;
use keyslot::rotation::{Event, Intent, Outcome, Step};
use keyslot::sim::memory::{CrashMoment, block_on_or_crash};

use crate::harm_scenarios::small;
use crate::in_memory::{Life, Theatre, approve_all};
use crate::journey::events;
use crate::lost_records::regenerations;

fn intends(event: &Event) -> bool {
    let ours = |intent: &Intent| matches!(intent.step, Step::Regenerate { .. });
    matches!(event, Event::Intended { intents } if intents.iter().any(ours))
}

/// The records of the intent to regenerate and of its end, in a rotation that nobody drops.
fn records() -> (u64, u64) {
    let mut scout = Theatre::new(small());
    assert_eq!(scout.live(), Life::Ended(TurnEnd::Done));
    let events: Vec<Event> = events(&scout).into_iter().map(|(_, event)| event).collect();
    let intent = events.iter().position(intends).unwrap();
    let after = events[intent..].iter().position(|event| matches!(event, Event::Ended { .. })).unwrap();
    (intent as u64 + 1, (intent + after) as u64 + 1)
}

/// A theatre whose driver was dropped at that record, settled, and gave its lease back.
fn dropped_at(seq: u64, moment: CrashMoment) -> Theatre {
    let theatre = Theatre::new(small());
    theatre.backstage.cut(seq, moment);
    let mut driver = block_on(theatre.driver_as("life-1", "life-1")).unwrap();
    block_on(driver.open(&theatre.request())).unwrap();
    block_on(approve_all(&mut driver)).unwrap();
    let flag = theatre.crashes.flag().clone();
    assert!(block_on_or_crash(driver.run(), &flag).is_none(), "it was not dropped at {seq}");
    flag.lower();
    block_on(driver.settle()).unwrap();
    assert!(driver.unanswered().is_empty());
    block_on(driver.release()).unwrap();
    assert!(matches!(events(&theatre).pop(), Some((_, Event::Released { .. }))));
    drop(driver);
    theatre
}

fn goes_on(theatre: &mut Theatre) {
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Done));
    assert_eq!(theatre.world.lock().outcome().regenerated.len(), 1);
    assert_eq!(theatre.backstage.shots().len(), 1);
}

#[test]
fn an_intent_that_was_dropped_is_known_as_never_sent() {
    let (intent, _) = records();
    let mut written = dropped_at(intent, CrashMoment::AfterApplying);
    let all = regenerations(&written);
    assert!(matches!(&all[..], [ends] if matches!(ends[..], [Outcome::NotSent { .. }])), "{all:?}");
    assert!(written.backstage.shots().is_empty());
    goes_on(&mut written);
    let mut unwritten = dropped_at(intent, CrashMoment::BeforeSending);
    assert!(regenerations(&unwritten).is_empty());
    goes_on(&mut unwritten);
}

#[test]
fn an_outcome_whose_record_was_dropped_is_written_once() {
    let (_, end) = records();
    for moment in [CrashMoment::BeforeSending, CrashMoment::AfterApplying] {
        let mut theatre = dropped_at(end, moment);
        let all = regenerations(&theatre);
        let once = matches!(&all[..], [ends] if matches!(ends[..], [Outcome::Applied { .. }]));
        assert!(once, "{moment:?}: {all:?}");
        goes_on(&mut theatre);
    }
}
