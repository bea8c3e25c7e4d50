//! One drawn case from its beginning to its end: processes that die and come again, people who look after a halt,
//! and what the world and the journal say of it afterwards.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use keyslot::drive::{Notice, TurnEnd, Watcher};
use keyslot::journal::{Journal, RecordStore, Seq};
use keyslot::rotation::{Event, Reason};
use keyslot::sim::memory::Crashes;
use keyslot::sim::{KeyId, Outcome, Stamp, World};

use crate::backstage::Shot;
use crate::in_memory::{Life, Theatre};
use crate::lottery::Case;

/// World time after which nobody waits any more.
const PATIENCE: SignedDuration = SignedDuration::from_hours(24);
const LIVES: u32 = 24;
const HALTS: u32 = 8;

/// How a case came to its end.
#[derive(Clone, Debug)]
pub enum End {
    Done,
    /// It halted, was looked at again and again, and still halted.
    Halted(Vec<Reason>),
    /// It waited until nobody waited any more.
    Waiting(Vec<Reason>),
    /// A process ended with an error that did not heal.
    Failed(String),
}

/// One case, played.
pub struct Journey {
    pub case: Case,
    pub theatre: Theatre,
    pub end: End,
    /// The world's own account when the last process ended.
    pub at_end: Outcome,
    /// What the processes of each stamp held then, and since when they ran.
    pub held_at_end: BTreeMap<String, Vec<(Timestamp, Option<KeyId>)>>,
    pub shots: Vec<Shot>,
    pub events: Vec<(Timestamp, Event)>,
    /// Whether some process died between an intent and its outcome, by the journal.
    pub torn: bool,
    pub crashed: u32,
}

/// Remembers what was last waited for.
#[derive(Default)]
struct Listener(Mutex<Vec<Reason>>);

impl Watcher for Listener {
    fn notice(&self, _at: Timestamp, notice: &Notice<'_>) {
        if let Notice::Waiting { reasons, .. } = notice {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = reasons.to_vec();
        }
    }
}

pub fn play(case: &Case) -> Journey {
    let mut theatre = Theatre::with_crashes(case.config.clone(), Crashes::at(case.crashes.iter().copied()));
    theatre.policy = case.policy.clone();
    for (seq, fault) in &case.store_faults {
        theatre.store.fail_at(Seq(*seq), *fault);
    }
    for (seq, moment) in &case.cuts {
        theatre.backstage.cut(*seq, *moment);
    }
    for (offset, deed) in &case.deeds {
        theatre.backstage.at(later(case.config.start, *offset), deed.clone());
    }
    theatre.backstage.until(case.config.start.saturating_add(PATIENCE).unwrap());
    let listener = Arc::new(Listener::default());
    theatre.watcher = Arc::clone(&listener) as Arc<dyn Watcher>;
    let (mut torn, mut crashed) = (false, 0);
    let mut halts = 0;
    let end = loop {
        let life = theatre.live();
        torn = torn || matches!(life, Life::Crashed | Life::Failed(_)) && is_torn(&events(&theatre));
        match life {
            Life::Ended(TurnEnd::Done) => break End::Done,
            Life::Ended(TurnEnd::Halted { reasons, .. }) => {
                halts += 1;
                if halts > HALTS {
                    break End::Halted(reasons);
                }
                // Somebody comes and looks.
                pass(&theatre, Duration::from_secs(20 * 60));
                theatre.settles(&reasons);
            }
            Life::Ended(TurnEnd::Waiting { reasons, .. }) => break End::Waiting(reasons),
            Life::Ended(TurnEnd::Enough) => break End::Failed("nothing bounds a whole rotation".to_owned()),
            Life::Crashed if theatre.backstage.out_of_time() => {
                break End::Waiting(listener.0.lock().unwrap().clone());
            }
            Life::Crashed => crashed += 1,
            Life::Failed(why) if theatre.lives() >= LIVES => break End::Failed(why),
            Life::Failed(why) => {
                // Somebody was ahead of the beginning: then whoever rotates has to say what to retire.
                if why.contains("which slot is in use is not clear") {
                    theatre.retire = Some(case.from);
                }
                pass(&theatre, Duration::from_secs(60));
            }
        }
        assert!(theatre.lives() < 3 * LIVES, "seed {}: it dies for ever", case.seed);
    };
    let (at_end, held_at_end) = {
        let world = theatre.world.lock();
        (world.outcome(), held(&world))
    };
    // Whoever still holds a dead key shows it now.
    pass(&theatre, Duration::from_secs(3 * 3600));
    let events = events(&theatre);
    Journey {
        case: case.clone(),
        at_end,
        held_at_end,
        shots: theatre.backstage.shots(),
        end,
        events,
        torn,
        crashed,
        theatre,
    }
}

fn held(world: &World) -> BTreeMap<String, Vec<(Timestamp, Option<KeyId>)>> {
    let keys =
        |stamp: &Stamp| stamp.cluster.processes().map(|process| (process.since, process.key)).collect();
    world.stamps().map(|stamp| (stamp.name.as_str().to_owned(), keys(stamp))).collect()
}

fn pass(theatre: &Theatre, by: Duration) {
    let until = later(theatre.world.lock().now(), by);
    theatre.backstage.pass(until);
}

pub fn later(at: Timestamp, by: Duration) -> Timestamp {
    at.saturating_add(SignedDuration::try_from(by).unwrap()).unwrap()
}

/// The journal as it stands.
pub fn events(theatre: &Theatre) -> Vec<(Timestamp, Event)> {
    let store: Arc<dyn RecordStore> = Arc::new(theatre.store.clone());
    let journal: Journal<Event> =
        futures::executor::block_on(Journal::open_as(store, "reader")).expect("a journal that can be read");
    journal.records().iter().map(|record| (record.at, record.kind.clone())).collect()
}

/// Whether an intent stands without an outcome.
fn is_torn(events: &[(Timestamp, Event)]) -> bool {
    let mut open: Vec<(&str, u32)> = Vec::new();
    for (_, event) in events {
        match event {
            Event::Intended { intents } => {
                for intent in intents {
                    open.retain(|(key, _)| *key != intent.key.as_str());
                    open.push((intent.key.as_str(), intent.attempt));
                }
            }
            Event::Ended { ends } => {
                for end in ends {
                    open.retain(|(key, attempt)| (*key, *attempt) != (end.key.as_str(), end.attempt));
                }
            }
            _ => {}
        }
    }
    !open.is_empty()
}

impl Journey {
    pub fn is_done(&self) -> bool {
        matches!(self.end, End::Done)
    }
}
