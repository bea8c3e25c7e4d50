//! A process that is asked to stop while a request of its own is being answered.

use std::time::Duration;

use keyslot::journal::{Journal, StorePlace, open_store};
use keyslot::rotation::{Event, Outcome, Step};
use keyslot::sim::WorldConfig;
use keyslot::sim::wire::{FaultHandle, Trouble, Which, WireFault};
use tokio::time::sleep;

use crate::live::{Live, Process};

const SPEED: f64 = 1000.0;

fn set() -> Live {
    Live::set(WorldConfig::default().with_stamps(1), SPEED)
}

/// The process, when the service has taken its regeneration and the answer is on its way.
async fn until_it_is_sent(live: &Live, arguments: &[&str]) -> (Process, FaultHandle) {
    let which = Which { method: "POST".to_owned(), path: "/regenerateKey".to_owned(), ..Which::default() };
    let held = live.stage.simulation.wire.faults().add(WireFault::once(which, Trouble::HoldAnswer));
    let mut process = live.keyslot(arguments);
    let mut jobs = 1;
    while held.count() == 0 {
        match process.ended() {
            None => {}
            // A job whose evidence is too old by then comes again.
            Some(3) if arguments[0] == "advance" && jobs < 20 => {
                process = live.keyslot(arguments);
                jobs += 1;
            }
            Some(code) => panic!("{code}: {}", process.talk()),
        }
        sleep(Duration::from_millis(5)).await;
    }
    (process, held)
}

/// What the journal has of the regeneration: its intents, and their ends.
async fn regeneration(live: &Live) -> (usize, Vec<Outcome>) {
    let place = StorePlace::parse("state", &live.stage.folder).unwrap().join("prod").join("journal");
    let journal: Journal<Event> = Journal::open(open_store(&place, None).unwrap()).await.unwrap();
    let (mut keys, mut ends) = (Vec::new(), Vec::new());
    for record in journal.records() {
        match &record.kind {
            Event::Intended { intents } => {
                let ours = intents.iter().filter(|one| matches!(one.step, Step::Regenerate { .. }));
                keys.extend(ours.map(|one| one.key.clone()));
            }
            Event::Ended { ends: some } => {
                let ours = some.iter().filter(|end| keys.contains(&end.key));
                ends.extend(ours.map(|end| end.outcome.clone()));
            }
            _ => {}
        }
    }
    (keys.len(), ends)
}

async fn goes_on_to_its_end(live: &Live) {
    let mut again = live.keyslot(&["rotate", "--approve"]);
    assert_eq!(again.end().await, 0, "{}", again.talk());
    assert_eq!(live.stage.simulation.wire.transcript().count("POST", "/regenerateKey"), 1);
    assert_eq!(live.stage.simulation.world.with(|world| world.outage().refused), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn asked_to_stop_it_waits_for_the_answer_to_what_it_sent_and_writes_it_down() {
    for (command, signal) in [("rotate", "INT"), ("advance", "TERM")] {
        let live = set();
        if command == "advance" {
            // As far as it goes without an approval.
            let mut first = live.keyslot(&["rotate"]);
            assert_eq!(first.end().await, 4, "{}", first.talk());
        }
        let (mut process, held) = until_it_is_sent(&live, &[command, "--approve"]).await;
        process.signal(signal);
        process.says("stopping when what was sent is answered").await;
        sleep(Duration::from_millis(300)).await;
        assert_eq!(process.ended(), None, "{command}: {}", process.talk());
        assert_eq!(regeneration(&live).await, (1, Vec::new()), "{command}");
        held.release();
        let code = process.end().await;
        let said = process.talk();
        assert_eq!(code, 3, "{command}: {said}");
        let waits = "stopping when what was sent is answered and written down: “regenerate ";
        assert!(said.contains(waits) && said.contains("stopped; nothing is lost"), "{command}: {said}");
        let (sent, ends) = regeneration(&live).await;
        assert!(sent == 1 && matches!(ends[..], [Outcome::Applied { .. }]), "{command}: {ends:?}");
        assert_eq!(live.newest_record(), "released", "{command}");
        match command {
            "rotate" => goes_on_to_its_end(&live).await,
            _ => advances_to_its_end(&live).await,
        }
    }
}

/// The lease of whoever ends it is given back, too.
async fn advances_to_its_end(live: &Live) {
    for _ in 0..200 {
        let mut again = live.keyslot(&["advance"]);
        match again.end().await {
            0 => {
                assert_eq!(live.newest_record(), "released");
                return;
            }
            code => assert_eq!(code, 3, "{}", again.talk()),
        }
    }
    panic!("it does not come to its end");
}

#[tokio::test(flavor = "multi_thread")]
async fn asked_twice_it_ends_at_once_and_whoever_comes_next_finds_out() {
    let live = set();
    let (mut process, held) = until_it_is_sent(&live, &["rotate", "--approve"]).await;
    process.signal("INT");
    process.says("stopping when what was sent is answered").await;
    sleep(Duration::from_millis(300)).await;
    assert_eq!(process.ended(), None, "{}", process.talk());
    process.signal("INT");
    let code = process.end().await;
    let said = process.talk();
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("its answer is not waited for"), "{said}");
    assert_eq!(regeneration(&live).await, (1, Vec::new()));
    held.release();
    goes_on_to_its_end(&live).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_not_have_left_is_dropped_and_whoever_comes_next_does_it() {
    let live = set();
    let which = Which { method: "POST".to_owned(), path: "/pulls".to_owned(), ..Which::default() };
    let held = live.stage.simulation.wire.faults().add(WireFault::once(which, Trouble::HoldRequest));
    let mut process = live.keyslot(&["rotate", "--approve"]);
    while held.count() == 0 {
        assert_eq!(process.ended(), None, "{}", process.talk());
        sleep(Duration::from_millis(5)).await;
    }
    process.signal("INT");
    let code = process.end().await;
    let said = process.talk();
    assert_eq!(code, 3, "{said}");
    assert!(!said.contains("stopping when"), "{said}");
    // The server hears of its end.
    sleep(Duration::from_millis(500)).await;
    held.release();
    assert!(live.stage.simulation.world.with(|world| world.pulls().is_empty()), "it never left");
    goes_on_to_its_end(&live).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_is_sent_it_ends_at_once() {
    let live = Live::set(WorldConfig::default().with_stamps(1), 60.0);
    let mut process = live.keyslot(&["rotate"]);
    while live.stage.simulation.world.with(|world| world.pulls().is_empty()) {
        assert_eq!(process.ended(), None, "{}", process.talk());
        sleep(Duration::from_millis(20)).await;
    }
    sleep(Duration::from_millis(500)).await;
    process.signal("INT");
    let code = process.end().await;
    let said = process.talk();
    assert_eq!(code, 3, "{said}");
    assert!(!said.contains("stopping when"), "{said}");
}
