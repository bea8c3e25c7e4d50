//! The outage meter: how many requests of pods were served and how many refused, without an event for each.
//!
//! A process sends one request a period from its first one on until it ends. Whether one is served follows
//! from the lives of its key in the stamp's region, which are known for all time; so requests are counted by
//! arithmetic, when a process ends or when somebody asks.
//!
//! As an SDK does, the process of a pod asks the account's global name first, which a region that writes serves, and is done
//! with it if it is refused there: it never comes to its own region.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use super::account::Account;
use super::fault::FaultBook;
use super::kubernetes::Process;
use super::time::{after, elapsed};
use super::world::World;

/// What the meter says.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize)]
pub struct Outage {
    pub served: u64,
    pub refused: u64,
    pub first_refused_at: Option<Timestamp>,
    /// Served after the newest regeneration came to its end; zero where none has.
    pub served_after_regeneration: u64,
    /// World time in which a workload of a stamp that takes traffic had no ready pod but terminating ones,
    /// added up over stamps and workloads.
    #[serde(skip)]
    pub dark: Duration,
}

/// Requests of one stamp or one process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Tally {
    pub served: u64,
    pub refused: u64,
    pub first_refused: Option<Timestamp>,
    /// The last request that was served.
    pub last_served: Option<Timestamp>,
}

impl Tally {
    pub(super) fn add(&mut self, other: &Tally) {
        self.served += other.served;
        self.refused += other.refused;
        self.first_refused = match (self.first_refused, other.first_refused) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        self.last_served = self.last_served.max(other.last_served);
    }
}

/// What has been settled, by the stamps' places.
#[derive(Clone, Debug, Default)]
pub(super) struct Meter {
    pub stamps: Vec<Tally>,
    /// Served until the newest regeneration ended.
    pub mark: Option<u64>,
    dark: Vec<Dark>,
    dark_total: Duration,
}

#[derive(Clone, Copy, Debug)]
struct Dark {
    stamp: usize,
    workload: usize,
    since: Timestamp,
}

impl Meter {
    pub fn new(stamps: usize) -> Meter {
        Meter { stamps: vec![Tally::default(); stamps], ..Meter::default() }
    }

    /// Notes whether the workload is dark from now on.
    pub fn set_dark(&mut self, stamp: usize, workload: usize, dark: bool, now: Timestamp) {
        let known = self.dark.iter().position(|entry| entry.stamp == stamp && entry.workload == workload);
        match (known, dark) {
            (None, true) => self.dark.push(Dark { stamp, workload, since: now }),
            (Some(place), false) => {
                let entry = self.dark.swap_remove(place);
                self.dark_total += elapsed(entry.since, now);
            }
            (None, false) | (Some(_), true) => {}
        }
    }

    pub fn dark(&self, now: Timestamp) -> Duration {
        self.dark.iter().fold(self.dark_total, |sum, entry| sum + elapsed(entry.since, now))
    }
}

impl World {
    /// Counts the requests of a pod's process up to (not including) `until`, wherever it asks.
    pub(super) fn tally_pod(&self, region: usize, process: &Process, until: Timestamp) -> Tally {
        let mut sum = Tally::default();
        for (region, process) in self.asks(region, process) {
            sum.add(&tally(&process, &self.account, &self.faults, region, until.min(process.until)));
        }
        sum
    }

    /// Where the process of a pod asks, and when: its first request goes to the account's global name, and the others to its
    /// own region; all of them to the global name where the first was refused. Who was there when the world began had asked
    /// for it long before.
    pub(super) fn asks(&self, region: usize, process: &Process) -> Vec<(usize, Process)> {
        let global = self.account.regions().iter().position(|region| region.writable).unwrap_or(region);
        if global == region || process.since <= self.config.start {
            return vec![(region, *process)];
        }
        let (begin, end) = (process.first_request, after(process.first_request, TICK).min(process.until));
        let parts = parts(process, &self.account, &self.faults, global, begin, end);
        if parts.iter().any(|(open, part)| !open && part.count > 0) {
            return vec![(global, *process)];
        }
        let first_request = after(begin, process.period);
        let rest = Process { since: end, first_request, ..*process };
        vec![(global, Process { until: end, ..*process }), (region, rest)]
    }
}

/// Shorter than the time between two requests.
const TICK: Duration = Duration::from_millis(1);

/// Counts the requests of a process up to (not including) `until`.
pub(super) fn tally(
    process: &Process,
    account: &Account,
    faults: &FaultBook,
    region: usize,
    until: Timestamp,
) -> Tally {
    let mut sum = Tally::default();
    for (open, part) in parts(process, account, faults, region, process.since, until) {
        sum.add(&if open {
            Tally { served: part.count, last_served: part.last, ..Tally::default() }
        } else {
            Tally { refused: part.count, first_refused: part.first, ..Tally::default() }
        });
    }
    sum
}

/// The requests of a process in `[from, until)`, in parts that were all served or all refused.
pub(super) fn parts(
    process: &Process,
    account: &Account,
    faults: &FaultBook,
    region: usize,
    from: Timestamp,
    until: Timestamp,
) -> Vec<(bool, Ticks)> {
    let from = from.max(process.since);
    let key = process.key.and_then(|key| account.key(key));
    let Some((key, life)) = key.and_then(|key| Some((key, *key.lives.get(region)?))) else {
        return vec![(false, ticks(process, from, until))];
    };
    let name = account.regions().get(region).map_or("", |region| region.name.as_str());
    let windows: Vec<(Timestamp, Timestamp)> = faults.refusals(key.kind.slot, name).collect();
    let disabled = account.config().local_auth_disabled;
    let open = |at: Timestamp| {
        !disabled && life.covers(at) && !windows.iter().any(|(begin, end)| *begin <= at && at < *end)
    };
    let mut edges = vec![from, life.from, life.until];
    edges.extend(windows.iter().flat_map(|(begin, end)| [*begin, *end]));
    edges.retain(|edge| from <= *edge && *edge < until);
    edges.sort_unstable();
    edges.dedup();
    let end = |place: usize| edges.get(place + 1).copied().unwrap_or(until);
    edges
        .iter()
        .enumerate()
        .map(|(place, begin)| (open(*begin), ticks(process, *begin, end(place))))
        .collect()
}

/// Requests in a row.
pub(super) struct Ticks {
    pub count: u64,
    pub first: Option<Timestamp>,
    pub last: Option<Timestamp>,
}

/// The requests of a process in `[from, until)`.
fn ticks(process: &Process, from: Timestamp, until: Timestamp) -> Ticks {
    let period = i64::try_from(process.period.as_millis()).unwrap_or(i64::MAX).max(1);
    let first = process.first_request.as_millisecond();
    // Rounded up: a request belongs to the part that begins at or before it.
    let place = |at: Timestamp| {
        let ahead = at.as_millisecond() - first;
        if ahead <= 0 { 0 } else { (ahead + period - 1) / period }
    };
    let (begin, end) = (place(from), place(until));
    let at = |number: i64| Timestamp::from_millisecond(first + number * period).ok();
    let count = (end - begin).max(0);
    Ticks {
        count: count.unsigned_abs(),
        first: (count > 0).then(|| at(begin)).flatten(),
        last: (count > 0).then(|| at(end - 1)).flatten(),
    }
}
