//! A store that writes a record and then does not answer, nor tells for a while what it holds: what was written counts, is
//! not written twice, and nothing is sent that nobody knows of.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::executor::block_on;
use jiff::Timestamp;
use keyslot::drive::{Notice, TurnEnd, Watcher};
use keyslot::rotation::{Acceptance, Event, Gate, Outcome, Step};

use crate::harm_scenarios::small;
use crate::in_memory::{Life, Theatre};
use crate::journey::{events, later};

/// The answer alone is lost; so is the look behind it; and what is asked when that has failed. Or the store is away for a while.
const SILENCES: [u32; 3] = [1, 2, 6];

const REGENERATES: &str = "\"key\":\"retire/";

/// Every intent to regenerate with what came of it.
pub fn regenerations(theatre: &Theatre) -> Vec<Vec<Outcome>> {
    let events: Vec<Event> = events(theatre).into_iter().map(|(_, event)| event).collect();
    let intents = events.iter().flat_map(|event| match event {
        Event::Intended { intents } => intents.clone(),
        _ => Vec::new(),
    });
    let ours = intents.filter(|intent| matches!(intent.step, Step::Regenerate { .. }));
    ours.map(|intent| {
        let ends = events.iter().flat_map(|event| match event {
            Event::Ended { ends } => ends.clone(),
            _ => Vec::new(),
        });
        let of_it = ends.filter(|end| end.key == intent.key && end.attempt == intent.attempt);
        of_it.map(|end| end.outcome).collect()
    })
    .collect()
}

#[test]
fn an_intent_that_arrived_without_an_answer_was_not_sent_and_is_intended_anew() {
    for silent in SILENCES {
        let mut theatre = Theatre::new(small());
        theatre.backstage.lose_answer(&["\"event\":\"intended\"", REGENERATES], silent);
        assert_eq!(theatre.live(), Life::Ended(TurnEnd::Done), "{silent}");
        assert!(theatre.backstage.has_lost());
        let all = regenerations(&theatre);
        let [first, second] = &all[..] else { panic!("{silent}: {all:?}") };
        assert!(matches!(&first[..], [Outcome::NotSent { .. }]), "{silent}: {first:?}");
        assert!(matches!(&second[..], [Outcome::Applied { .. }]), "{silent}: {second:?}");
        assert_eq!(theatre.backstage.shots().len(), 1, "{silent}");
    }
}

#[test]
fn an_outcome_that_arrived_without_an_answer_is_written_once() {
    for silent in SILENCES {
        let mut theatre = Theatre::new(small());
        theatre.backstage.lose_answer(&["\"event\":\"ended\"", REGENERATES], silent);
        assert_eq!(theatre.live(), Life::Ended(TurnEnd::Done), "{silent}");
        assert!(theatre.backstage.has_lost());
        let all = regenerations(&theatre);
        let [ends] = &all[..] else { panic!("{silent}: {all:?}") };
        assert!(matches!(&ends[..], [Outcome::Applied { .. }]), "{silent}: {ends:?}");
        assert_eq!(theatre.backstage.shots().len(), 1, "{silent}");
    }
}

#[test]
fn an_end_that_arrived_without_an_answer_is_the_end_and_the_lease_is_given_back() {
    for silent in SILENCES {
        let mut theatre = Theatre::new(small());
        theatre.backstage.lose_answer(&["\"event\":\"closed\""], silent);
        assert_eq!(theatre.live(), Life::Ended(TurnEnd::Done), "{silent}");
        assert!(theatre.backstage.has_lost());
        let events: Vec<Event> = events(&theatre).into_iter().map(|(_, event)| event).collect();
        let ends = events.iter().filter(|event| matches!(event, Event::Closed { done: true, .. })).count();
        assert_eq!(ends, 1, "{silent}");
        assert!(matches!(events.last(), Some(Event::Released { .. })), "{silent}: {:?}", events.last());
    }
}

#[test]
fn a_word_that_arrived_without_an_answer_is_said_once_and_told_as_said() {
    let theatre = Theatre::new(small());
    let mut person = block_on(theatre.driver_as("person", "person")).unwrap();
    block_on(person.open(&theatre.request())).unwrap();
    let acceptance = Acceptance {
        by: "ada".to_owned(),
        gate: Gate::Wave,
        subject: "eastus2".to_owned(),
        because: "agreed".to_owned(),
        until: later(theatre.world.lock().now(), Duration::from_secs(3600)),
        why: None,
    };
    theatre.backstage.lose_answer(&["\"event\":\"accepted\""], 1);
    block_on(person.accept(acceptance)).unwrap();
    theatre.backstage.lose_answer(&["\"event\":\"approved\""], 1);
    block_on(person.approve("ada", None)).unwrap();
    theatre.backstage.lose_answer(&["\"event\":\"paused\""], 1);
    block_on(person.pause("ada", "an incident is on")).unwrap();
    assert!(theatre.backstage.has_lost());
    let events: Vec<Event> = events(&theatre).into_iter().map(|(_, event)| event).collect();
    let said = |is: fn(&Event) -> bool| events.iter().filter(|event| is(event)).count();
    assert_eq!(said(|event| matches!(event, Event::Accepted(_))), 1);
    assert_eq!(said(|event| matches!(event, Event::Approved(_))), 1);
    assert_eq!(said(|event| matches!(event, Event::Paused { .. })), 1);
}

#[derive(Default)]
struct Ears(Mutex<Vec<String>>);

impl Watcher for Ears {
    fn notice(&self, _: Timestamp, notice: &Notice<'_>) {
        let said = match notice {
            Notice::Unwritten { step, outcome } => format!("unwritten: {step}: {outcome:?}"),
            Notice::StoreAway { .. } => "away".to_owned(),
            _ => return,
        };
        self.0.lock().unwrap().push(said);
    }
}

#[test]
fn an_outcome_that_a_store_never_takes_is_told_to_whoever_watches() {
    let mut theatre = Theatre::new(small());
    let ears = Arc::new(Ears::default());
    theatre.watcher = Arc::clone(&ears) as Arc<dyn Watcher>;
    theatre.backstage.lose_store(&["\"event\":\"ended\"", REGENERATES]);
    let life = theatre.live();
    assert!(matches!(life, Life::Failed(_)), "{life:?}");
    let said = ears.0.lock().unwrap().clone();
    let [away, unwritten] = &said[..] else { panic!("{said:?}") };
    assert!(away == "away" && unwritten.starts_with("unwritten: regenerate "), "{said:?}");
    assert_eq!(regenerations(&theatre), [Vec::new()], "nobody has written it");
    theatre.backstage.find_store();
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Done));
    assert_eq!(theatre.backstage.shots().len(), 1, "what became of it was found out");
}
