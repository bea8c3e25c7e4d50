//! How many port calls a second the simulated world answers in memory: each port by itself, and all of them in turn.
//!
//! Figures are told against the budget of 100,000 calls a second and against a bare world that only lets time pass, in
//! the same run; by themselves they would say more of the machine than of the program.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use futures::executor::block_on;
use jiff::SignedDuration;
use keyslot::model::{KeyKind, PullEnds, Region, Salt, Slot, StampName};
use keyslot::ports::Ports;
use keyslot::sim::memory::{self, MemoryOptions};
use keyslot::sim::{SharedWorld, WorldConfig};

/// Calls a second.
const BUDGET: f64 = 100_000.0;

/// For how long each is measured.
const SPAN: Duration = Duration::from_secs(1);

/// How often `call` can be made in a second. The clock is read once in a hundred calls.
fn per_second(mut call: impl FnMut()) -> f64 {
    let started = Instant::now();
    let mut calls = 0_u32;
    while started.elapsed() < SPAN {
        (0..100).for_each(|_| call());
        calls += 100;
    }
    f64::from(calls) / started.elapsed().as_secs_f64()
}

/// A call and its name.
type Call<'a> = (&'static str, Box<dyn Fn() + 'a>);

struct Bench {
    ports: Ports,
    salt: Salt,
    stamp: StampName,
    ends: PullEnds,
    regions: Vec<Region>,
}

impl Bench {
    fn on(world: &SharedWorld) -> Bench {
        let ports = memory::ports(world, MemoryOptions::default());
        let salt = Salt::new("00");
        let regions = block_on(ports.accounts.look(&salt)).unwrap().regions;
        let stamp = world.lock().stamps().next().unwrap().name.clone();
        let base = world.lock().config().repository.base.clone();
        let ends = PullEnds { head: base.clone(), base };
        Bench { ports, salt, stamp, ends, regions }
    }

    fn calls(&self) -> Vec<Call<'_>> {
        let Bench { ports, salt, stamp, ends, regions } = self;
        vec![
            (
                "clock.now",
                Box::new(|| {
                    black_box(ports.clock.now());
                }),
            ),
            ("accounts.look", Box::new(|| drop(black_box(block_on(ports.accounts.look(salt)))))),
            (
                "accounts.prove",
                Box::new(|| {
                    drop(black_box(block_on(ports.accounts.prove(
                        KeyKind::read_write(Slot::Secondary),
                        regions,
                        salt,
                    ))))
                }),
            ),
            ("vaults.look", Box::new(|| drop(black_box(block_on(ports.vaults.look(stamp, salt)))))),
            ("clusters.look", Box::new(|| drop(black_box(block_on(ports.clusters.look(stamp, salt)))))),
            ("code.fetch", Box::new(|| drop(black_box(block_on(ports.code.fetch()))))),
            ("forge.pull_between", Box::new(|| drop(black_box(block_on(ports.forge.pull_between(ends)))))),
            ("pipeline.runs", Box::new(|| drop(black_box(block_on(ports.pipeline.runs()))))),
        ]
    }
}

fn main() {
    let world = SharedWorld::create(WorldConfig::default());
    let bare = per_second(|| {
        let mut world = world.lock();
        let until = world.now() + SignedDuration::from_secs(1);
        world.advance_to(black_box(until));
    });
    let bench = Bench::on(&world);
    println!("{:<18} {:>12} {:>12} {:>14}", "call", "a second", "of budget", "of bare world");
    let tell = |name: &str, rate: f64| {
        println!("{name:<18} {rate:>12.0} {:>11.1}x {:>13.3}x", rate / BUDGET, rate / bare);
    };
    tell("(bare world)", bare);
    let calls = bench.calls();
    for (name, call) in &calls {
        tell(name, per_second(call));
    }
    let mut next = calls.iter().cycle();
    tell("all in turn", per_second(|| next.next().unwrap().1()));
}
