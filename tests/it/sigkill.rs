//! `rotate` is killed again and again, once per request that changes the world, and ends as if nothing had been.
//!
//! A process that was killed leaves an effect in the world and an intent without outcome in the journal. Whatever
//! comes next must find out what became of it, and must not do it twice.

use std::time::Duration;

use keyslot::sim::wire::{FaultHandle, Trouble, Which, WireFault};
use keyslot::sim::{Holds, World, WorldConfig};
use tokio::time::sleep;

use crate::live::{Live, Process};

const SPEED: f64 = 1000.0;

/// More lives than this, and it does not get anywhere.
const LIVES: usize = 40;

/// A wave has three restarts in it: as many answers can be outstanding at once.
const AT_ONCE: usize = 3;

/// When the process dies.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Death {
    /// The world has done what was asked; the answer has not been read.
    BeforeTheAnswer,
    /// The answer has been read; the outcome is not in the journal yet.
    BeforeTheOutcome,
}

/// What a process came to.
#[derive(Debug, PartialEq, Eq)]
enum Came {
    /// An answer is held back.
    Answer,
    /// A branch was pushed. git's pushes are no requests over HTTP here, so nothing holds them back.
    Push,
    End(i32),
}

/// Held answers, one for each request that changes the world.
struct Traps(Vec<FaultHandle>);

impl Traps {
    fn sprung(&self) -> bool {
        self.0.iter().any(|trap| trap.count() > 0)
    }

    /// Lets everything go that is held, and sets new ones in place of those that struck. Returns how many struck.
    fn reset(&mut self, live: &Live, death: Death) -> usize {
        let before = self.0.len();
        for trap in self.0.iter().filter(|trap| trap.count() > 0) {
            trap.release();
        }
        self.0.retain(|trap| trap.count() == 0);
        let struck = before - self.0.len();
        // Read answers one request at a time: the other restarts of its wave go their way.
        let wanted = if death == Death::BeforeTheAnswer { AT_ONCE } else { 1 };
        while self.0.len() < wanted {
            let which = Which { changed: true, ..Which::default() };
            let faults = live.stage.simulation.wire.faults();
            self.0.push(faults.add(WireFault::once(which, Trouble::HoldAnswer)));
        }
        struck
    }
}

/// Branches moved by others than the people who merge.
fn pushes(world: &World) -> u32 {
    let base = &world.config().repository.base;
    world.counters().pushes.iter().filter(|(branch, _)| *branch != base).map(|(_, count)| count).sum()
}

async fn follow(process: &mut Process, live: &Live, traps: &Traps, pushed: u32) -> Came {
    loop {
        if live.stage.simulation.world.with(|world| pushes(world)) > pushed {
            return Came::Push;
        }
        if traps.sprung() {
            return Came::Answer;
        }
        if let Some(code) = process.ended() {
            return Came::End(code);
        }
        sleep(Duration::from_millis(3)).await;
    }
}

/// Runs `rotate` until it ends by itself, killing it at every change. Returns how often it died at an answer and at
/// a push.
async fn rotate_and_die(live: &Live, death: Death) -> (usize, usize) {
    let (mut answers, mut at_pushes) = (0, 0);
    let mut traps = Traps(Vec::new());
    for _ in 0..LIVES {
        answers += traps.reset(live, death);
        let pushed = live.stage.simulation.world.with(|world| pushes(world));
        let mut process = live.keyslot(&["rotate", "--approve"]);
        let came = follow(&mut process, live, &traps, pushed).await;
        if let Came::End(code) = came {
            assert_eq!(code, 0, "{}", process.talk());
            return (answers, at_pushes);
        }
        if death == Death::BeforeTheOutcome {
            process.gag();
            traps.0.iter().filter(|trap| trap.count() > 0).for_each(FaultHandle::release);
            // It says that the step has ended before it writes so; saying it blocks.
            sleep(Duration::from_millis(500)).await;
        }
        process.kill();
        match came {
            Came::Answer => assert_eq!(live.newest_record(), "intended", "it died before the outcome"),
            Came::Push => at_pushes += 1,
            Came::End(_) => {}
        }
    }
    panic!("it does not get anywhere in {LIVES} lives; the last record is {:?}", live.newest_record());
}

fn everything_was_done_once(live: &Live) {
    live.stage.simulation.world.with(|world| {
        let release = &world.config().repository.release;
        let counters = world.counters();
        assert_eq!(counters.pulls_opened, 1, "pull requests");
        assert_eq!(world.pulls().len(), 1, "pull requests");
        assert_eq!(counters.runs_started, 1, "runs");
        assert_eq!(counters.pushes_to(release), 1, "pushes to the release branch");
        let head = world.repository().head(release).and_then(|head| world.repository().get(head)).unwrap();
        assert!(head.message().contains("(cherry picked from commit "), "{}", head.message());
        assert_eq!(counters.generations.len(), 9, "Deployments");
        for ((stamp, workload), generations) in &counters.generations {
            assert_eq!(*generations, 1, "generations of {workload} in {stamp}");
        }
        let outcome = world.outcome();
        assert_eq!(outcome.regenerated.len(), 1, "regenerations");
        assert_eq!(outcome.outage.refused, 0, "refused requests");
        assert!(outcome.outage.served > 10_000, "{:?}", outcome.outage);
        for stamp in &outcome.stamps {
            assert_eq!((stamp.vault_slot, stamp.pods_slot), (Holds::Secondary, Holds::Secondary));
            assert!(stamp.restarted, "{}", stamp.name);
        }
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_after_each_change_and_before_its_answer_it_ends_done_and_does_nothing_twice() {
    let live = Live::set(WorldConfig::seeded(1), SPEED);
    // What is only told has a test of its own.
    live.configure("board = true", "board = false");
    let (answers, at_pushes) = rotate_and_die(&live, Death::BeforeTheAnswer).await;
    everything_was_done_once(&live);
    let changes = live.stage.simulation.wire.transcript().changes();
    // Pull request, run, nine restarts, regeneration: not one of their answers was ever read.
    assert_eq!(changes.len(), 12, "{changes:#?}");
    assert_eq!((answers, at_pushes), (12, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_between_each_answer_and_its_outcome_it_ends_done_and_does_nothing_twice() {
    let live = Live::set(WorldConfig::seeded(2), SPEED);
    // What is only told has a test of its own.
    live.configure("board = true", "board = false");
    let (answers, at_pushes) = rotate_and_die(&live, Death::BeforeTheOutcome).await;
    everything_was_done_once(&live);
    assert!(
        (6..=12).contains(&answers),
        "pull request, run, a wave a stamp at least, regeneration: {answers}"
    );
    assert_eq!(at_pushes, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_it_tells_the_pull_request_there_is_one_comment_in_the_end() {
    let live = Live::set(WorldConfig::seeded(3), SPEED);
    let mut died = 0;
    for _ in 0..4 {
        let which = Which { changed: true, path: "/comments".to_owned(), ..Which::default() };
        let faults = live.stage.simulation.wire.faults();
        let traps = Traps(vec![faults.add(WireFault::once(which, Trouble::HoldAnswer))]);
        let mut process = live.keyslot(&["rotate", "--approve"]);
        match follow(&mut process, &live, &traps, u32::MAX).await {
            Came::Answer => died += 1,
            Came::End(code) => assert_eq!(code, 0, "{}", process.talk()),
            Came::Push => {}
        }
        process.kill();
        traps.0.iter().for_each(FaultHandle::release);
    }
    assert!(died >= 2, "{died}");
    let mut process = live.keyslot(&["rotate", "--approve"]);
    let came = follow(&mut process, &live, &Traps(Vec::new()), u32::MAX).await;
    assert_eq!(came, Came::End(0), "{}", process.talk());
    everything_was_done_once(&live);
    live.stage.simulation.world.with(|world| {
        let comments = &world.pulls()[0].comments;
        assert_eq!(comments.len(), 1, "{comments:#?}");
        assert!(comments[0].body.contains("**done at "), "{}", comments[0].body);
    });
}
