//! Every kind of step done twice, at every one of its places in a rotation: by a request that arrives twice, by a
//! process that dies and comes again, and by a second process that takes over while the first is away with an intent,
//! or with an answer, in its hands. Each time the world counts everything once.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::executor::block_on;
use jiff::Timestamp;
use keyslot::drive::{Driver, Notice, OpenRequest, Silent, TurnEnd, Watcher};
use keyslot::model::{FlipBack, Slot};
use keyslot::ports::Ports;
use keyslot::rotation::{Event, Gate, Step};
use keyslot::sim::fault::{Fault, Operation, Target, Trouble, When};
use keyslot::sim::memory::{CrashMoment, Crashes, block_on_or_crash};
use keyslot::sim::{Holds, WorldConfig};

use crate::echo::{self, Heard};
use crate::in_memory::{Life, Theatre};
use crate::journey::{events, later};
use crate::lottery::small_tree;

/// A rotation with every kind of step in it: the target's key is too old and made anew first, and everybody returns.
fn theatre(crashes: Crashes) -> Theatre {
    theatre_with(WorldConfig::default(), crashes)
}

fn theatre_with(config: WorldConfig, crashes: Crashes) -> Theatre {
    let mut config = config.with_stamps(2);
    config.repository.tree = small_tree(Slot::Primary);
    config.kubernetes.ring = 0;
    config.workloads.truncate(2);
    let mut theatre = Theatre::with_crashes(config, crashes);
    theatre.policy.max_target_age = Some(Duration::from_secs(30 * 24 * 3600));
    theatre.policy.flip_back = FlipBack::Deploy;
    theatre
}

const KINDS: [&str; 12] = [
    "deploy/back",
    "deploy/out",
    "open-pull/back",
    "open-pull/out",
    "prepare/secondary",
    "promote/back",
    "promote/out",
    "push-proposal/back",
    "push-proposal/out",
    "restart/back",
    "restart/out",
    "retire/primary",
];

fn kind(step: &Step) -> String {
    step.key().as_str().split('/').take(2).collect::<Vec<_>>().join("/")
}

/// What the world counted, and nobody was refused.
fn everything_was_done_once(theatre: &Theatre, what: &str) {
    let world = theatre.world.lock();
    let (outcome, counters) = (world.outcome(), world.counters());
    assert_eq!(outcome.outage.refused, 0, "{what}: {outcome:?}");
    let kinds: Vec<&str> = outcome.regenerated.iter().map(|regenerated| regenerated.kind).collect();
    assert_eq!(kinds, ["secondary", "primary"], "{what}: {outcome:?}");
    assert_eq!((counters.pulls_opened, counters.runs_started), (2, 2), "{what}: {counters:?}");
    assert_eq!(counters.pushes_to(&world.config().repository.release), 2, "{what}: {counters:?}");
    assert_eq!(counters.pushes.values().sum::<u32>(), 6, "{what}: {counters:?}");
    assert_eq!(counters.generations.len(), 4, "{what}: {counters:?}");
    assert!(counters.each_rolled_out(2), "{what}: {counters:?}");
    for stamp in &outcome.stamps {
        assert_eq!(
            (stamp.vault_slot, stamp.pods_slot),
            (Holds::Primary, Holds::Primary),
            "{what}: {stamp:?}"
        );
    }
    assert!(theatre.backstage.shots().iter().all(|shot| shot.holders.is_empty()), "{what}");
}

/// One process from opening to its end.
async fn whole(
    theatre: &Theatre,
    name: &str,
    around: impl FnOnce(Ports) -> Ports,
) -> Result<TurnEnd, String> {
    let watcher = Arc::clone(&theatre.watcher);
    let mut driver = theatre.driver_with(name, name, watcher, around).await?;
    driver.open(&theatre.request()).await.map_err(|error| error.to_string())?;
    crate::in_memory::approve_all(&mut driver).await?;
    driver.run().await.map_err(|error| error.to_string())
}

/// How often something is sent in a rotation without incidents.
fn effects() -> u32 {
    undisturbed().len() as u32
}

fn regenerates(all: &[Step], number: u32) -> bool {
    matches!(all[number as usize - 1], Step::Regenerate { .. })
}

/// Whether a person has to say what became of a regeneration.
fn is_unsettled(life: &Life) -> bool {
    matches!(life, Life::Ended(TurnEnd::Halted { reasons, .. }) if reasons.iter().any(|one| one.gate == Gate::Settled))
}

/// What is sent in a rotation without incidents.
fn undisturbed() -> Vec<Step> {
    let theatre = theatre(Crashes::none());
    assert_eq!(block_on(whole(&theatre, "undisturbed", |ports| ports)), Ok(TurnEnd::Done));
    everything_was_done_once(&theatre, "undisturbed");
    let steps = steps(&theatre);
    let kinds: BTreeSet<String> = steps.iter().map(kind).collect();
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), KINDS);
    assert_eq!(theatre.crashes.effects() as usize, steps.len());
    steps
}

/// Everything that was intended, in order.
fn steps(theatre: &Theatre) -> Vec<Step> {
    let intended = events(theatre).into_iter().filter_map(|(_, event)| match event {
        Event::Intended { intents } => Some(intents),
        _ => None,
    });
    intended.flatten().map(|intent| intent.step).collect()
}

#[test]
fn a_request_that_arrives_twice_counts_once_whichever_answer_is_read() {
    for heard in [Heard::First, Heard::Second] {
        for number in 1..=effects() {
            let theatre = theatre(Crashes::none());
            let echoed = Arc::new(Mutex::new(None));
            let (note, what) = (Arc::clone(&echoed), format!("effect {number} twice, {heard:?} answer"));
            let end = block_on(whole(&theatre, "echo", |ports| echo::around(ports, number, heard, note)));
            assert_eq!(end, Ok(TurnEnd::Done), "{what}");
            // A pipeline has nothing by which it could know a request again: there, and only there, a second one
            // is a second run. Nothing sends a request twice; that the others bear it is for what lies between.
            if echoed.lock().unwrap().as_deref() != Some("start a run") {
                everything_was_done_once(&theatre, &what);
            }
        }
    }
}

#[test]
fn a_process_that_dies_at_any_effect_leaves_it_to_be_done_once() {
    let all = undisturbed();
    for number in 1..=all.len() as u32 {
        for moment in [CrashMoment::BeforeSending, CrashMoment::AfterApplying] {
            let mut theatre = theatre(Crashes::at([(number, moment)]));
            assert_eq!(theatre.live(), Life::Crashed, "effect {number}, {moment:?}");
            let life = theatre.live();
            let what = format!("effect {number}, {moment:?}");
            // Whether a regeneration left is known to nobody but a person.
            let asks = moment == CrashMoment::BeforeSending && regenerates(&all, number);
            assert_eq!(is_unsettled(&life), asks, "{what}: {life:?}");
            let life = if asks { theatre.live_with_person() } else { life };
            assert_eq!(life, Life::Ended(TurnEnd::Done), "{what}");
            everything_was_done_once(&theatre, &format!("death at effect {number}, {moment:?}"));
        }
    }
}

/// When the first process is away.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Away {
    /// The intent is in the journal, and nothing is sent yet.
    WithTheIntent,
    /// It is sent and answered, and the outcome is not in the journal yet.
    WithTheAnswer,
}

/// How far another process gets meanwhile.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Other {
    DoesTheRest,
    /// Up to the first thing that it intends itself.
    TakesOneStep,
    /// It closes the rotation, and opens one of the same name.
    BeginsAnew,
}

/// Falls asleep at one step. While it sleeps, its lease runs out and another process goes on.
struct Sleeper {
    theatre: Arc<Theatre>,
    away: Away,
    does: Other,
    /// At which of the steps.
    number: u32,
    seen: AtomicU32,
    other: Mutex<Option<Result<TurnEnd, String>>>,
}

impl Watcher for Sleeper {
    fn notice(&self, _at: Timestamp, notice: &Notice<'_>) {
        let away = match notice {
            Notice::Intended { .. } => Away::WithTheIntent,
            Notice::Ended { .. } => Away::WithTheAnswer,
            _ => return,
        };
        if away != self.away || self.seen.fetch_add(1, Ordering::SeqCst) + 1 != self.number {
            return;
        }
        let until = later(self.theatre.world.lock().now(), Duration::from_secs(11 * 60));
        self.theatre.backstage.pass(until);
        let flag = self.theatre.crashes.flag();
        let end = match self.does {
            Other::DoesTheRest => block_on_or_crash(whole(&self.theatre, "other", |ports| ports), flag),
            Other::TakesOneStep => block_on_or_crash(one_step(&self.theatre), flag),
            Other::BeginsAnew => block_on_or_crash(anew(&self.theatre), flag),
        };
        *self.other.lock().unwrap() = end;
    }
}

/// A process that goes on until it has intended something, or the rotation is over, and gives the lease back.
async fn one_step(theatre: &Theatre) -> Result<TurnEnd, String> {
    let mut driver = theatre.driver_as("other", "other").await?;
    let before = steps(theatre).len();
    loop {
        let end = driver.turn().await.map_err(|error| error.to_string())?;
        if steps(theatre).len() > before || matches!(end, TurnEnd::Done | TurnEnd::Halted { .. }) {
            driver.release().await.map_err(|error| error.to_string())?;
            return Ok(end);
        }
        let until = later(theatre.world.lock().now(), Duration::from_secs(60));
        theatre.backstage.pass(until);
    }
}

/// A person closes the rotation and opens another at once: neither asks for the lease.
async fn anew(theatre: &Theatre) -> Result<TurnEnd, String> {
    let mut driver = theatre.driver_as("other", "other").await?;
    driver.close("over").await.map_err(|error| error.to_string())?;
    let request = OpenRequest { retire: Some(Slot::Primary), ..theatre.request() };
    driver.open(&request).await.map_err(|error| error.to_string())?;
    Ok(TurnEnd::Enough)
}

/// The first process, from opening to its end, and how the other one ended.
fn away(
    theatre: &Arc<Theatre>,
    away: Away,
    does: Other,
    number: u32,
) -> (Result<TurnEnd, String>, Result<TurnEnd, String>) {
    let sleeper = Arc::new(Sleeper {
        theatre: Arc::clone(theatre),
        away,
        does,
        number,
        seen: AtomicU32::new(0),
        other: Mutex::default(),
    });
    let watcher = Arc::clone(&sleeper) as Arc<dyn Watcher>;
    let mut first = block_on(theatre.driver_with("first", "first", watcher, |ports| ports)).unwrap();
    block_on(first.open(&theatre.request())).unwrap();
    block_on(crate::in_memory::approve_all(&mut first)).unwrap();
    let end = block_on_or_crash(first.run(), theatre.crashes.flag()).expect("it comes back");
    let other = sleeper.other.lock().unwrap().take().expect("another went on");
    (end.map_err(|error| error.to_string()), other)
}

#[test]
fn a_process_that_is_away_while_another_does_the_rest_does_nothing_more_when_it_is_back() {
    let all = undisturbed();
    for moment in [Away::WithTheIntent, Away::WithTheAnswer] {
        for number in 1..=all.len() as u32 {
            let what = format!("step {number}, away {moment:?}");
            let theatre = Arc::new(theatre(Crashes::none()));
            let (end, other) = away(&theatre, moment, Other::DoesTheRest, number);
            if moment == Away::WithTheIntent && regenerates(&all, number) {
                // It may have been sent: that is never done by another one. The first one knows that it was not.
                assert!(other.clone().is_ok_and(|end| is_unsettled(&Life::Ended(end))), "{what}: {other:?}");
                assert_eq!(end, Ok(TurnEnd::Done), "{what}");
                everything_was_done_once(&theatre, &what);
                continue;
            }
            assert_eq!(other, Ok(TurnEnd::Done), "{what}");
            assert_eq!(end, Err("no rotation is open".to_owned()), "{what}");
            everything_was_done_once(&theatre, &what);
            // The journal is whole: the late outcome has none to ask for it, and was not written.
            assert!(block_on(theatre.driver_as("reader", "reader")).is_ok(), "{what}");
        }
    }
}

#[test]
fn a_process_that_is_away_while_another_takes_a_step_goes_on_from_there() {
    for moment in [Away::WithTheIntent, Away::WithTheAnswer] {
        for number in 1..=effects() {
            let what = format!("step {number}, away {moment:?}");
            let theatre = Arc::new(theatre(Crashes::none()));
            let (end, other) = away(&theatre, moment, Other::TakesOneStep, number);
            assert!(other.is_ok(), "{what}: {other:?}");
            let over = other == Ok(TurnEnd::Done);
            let expected = if over { Err("no rotation is open".to_owned()) } else { Ok(TurnEnd::Done) };
            assert_eq!(end, expected, "{what}");
            everything_was_done_once(&theatre, &what);
        }
    }
}

/// The late outcome is of the rotation that was closed: the one of the same name knows of no such step.
#[test]
fn what_lands_after_the_rotation_was_begun_anew_is_not_booked_on_the_new_one() {
    // Up to the regeneration: what is begun after it has another name.
    let all = undisturbed();
    let retired = all.iter().position(|step| kind(step) == "retire/primary").unwrap();
    for moment in [Away::WithTheIntent, Away::WithTheAnswer] {
        for number in 1..=retired as u32 {
            let what = format!("step {number}, away {moment:?}");
            let theatre = Arc::new(theatre(Crashes::none()));
            let (_, other) = away(&theatre, moment, Other::BeginsAnew, number);
            assert_eq!(other, Ok(TurnEnd::Enough), "{what}");
            let reader = block_on(theatre.driver_as("reader", "reader"));
            assert!(reader.is_ok(), "{what}: {:?}", reader.err());
            let all = events(&theatre);
            let second = all.iter().rposition(|(_, event)| matches!(event, Event::Opened(_))).unwrap();
            let intended =
                all[second..].iter().filter(|(_, event)| matches!(event, Event::Intended { .. })).count();
            let ended =
                all[second..].iter().filter(|(_, event)| matches!(event, Event::Ended { .. })).count();
            assert!(ended <= intended, "{what}: {:?}", &all[second..]);
        }
    }
}

/// Two processes take turns, give the lease back after each, and keep what they have seen: the one decides on what it
/// saw before the other acted.
#[test]
fn what_was_seen_before_another_process_acted_is_not_acted_on() {
    use Operation::{OpenPull, Push, Regenerate, Restart, StartRun};
    for operation in [Push, OpenPull, StartRun, Restart, Regenerate] {
        for pause in [20, 45, 70, 150] {
            // Now and then a step cannot be sent, and whoever has its turn next sends it.
            let target = Target::operation(operation);
            let fault = Fault::new(When::Chance { per_mille: 600 }, target, Trouble::Unreachable);
            let mut theatre = theatre_with(WorldConfig::default().with_fault(fault), Crashes::none());
            theatre.policy.settle = Duration::from_secs(5 * 60);
            theatre.policy.ages.ordinary = Duration::from_secs(10 * 60);
            let process =
                |name: &str| block_on(theatre.driver_with(name, name, Arc::new(Silent), |ports| ports));
            let mut processes = [process("first").unwrap(), process("second").unwrap()];
            block_on(processes[0].open(&theatre.request())).unwrap();
            block_on(crate::in_memory::approve_all(&mut processes[0])).unwrap();
            take_turns(&theatre, &mut processes, Duration::from_secs(pause));
            everything_was_done_once(&theatre, &format!("{operation:?} fails, turns {pause} s apart"));
        }
    }
}

fn take_turns(theatre: &Theatre, processes: &mut [Driver; 2], pause: Duration) {
    for round in 0..100_000 {
        let driver = &mut processes[round % 2];
        match block_on(driver.turn()) {
            Ok(TurnEnd::Done | TurnEnd::Enough) => return,
            // What it has seen, it keeps: only its age makes it look again.
            Ok(TurnEnd::Waiting { .. }) => {}
            Ok(TurnEnd::Halted { reasons, .. }) => panic!("round {round}: {reasons:?}"),
            Err(error) => panic!("round {round}: {error}"),
        }
        block_on(driver.release()).unwrap();
        let until = later(theatre.world.lock().now(), pause);
        theatre.backstage.pass(until);
    }
    panic!("it does not get anywhere");
}
