//! What the account's diagnostic logs would tell: a row a request, which is only made when somebody asks, and then
//! in one with all that are alike.
//!
//! Requests of pods are counted by arithmetic, as the outage meter counts them. A row can be found some time after
//! its request. A refused request names no key: nobody was let in with one.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::account::{Account, KeyId};
use super::config::{LogsConfig, WorldConfig};
use super::kubernetes::{PodId, Process};
use super::meter::parts;
use super::time::{after, before, elapsed};
use super::world::World;
use crate::model::KeyKind;

/// Requests that are alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogRow {
    /// `None` for a request that was refused.
    pub kind: Option<KeyKind>,
    /// By display name.
    pub region: String,
    pub address: String,
    pub agent: String,
    pub count: u64,
    pub first: Timestamp,
    pub last: Timestamp,
}

/// Somebody outside of all stamps who uses a key.
#[derive(Clone, Debug)]
pub struct Outsider {
    pub address: String,
    pub agent: String,
    /// Place of the account's region.
    pub region: usize,
    pub(super) process: Process,
    /// What it was with the keys that it had before.
    pub(super) past: Vec<Process>,
}

impl Outsider {
    pub(super) fn processes(&self) -> impl Iterator<Item = &Process> {
        self.past.iter().chain([&self.process])
    }
}

/// One signed request that came over the wire.
#[derive(Clone, Debug)]
struct Visit {
    at: Timestamp,
    region: String,
    agent: String,
    kind: Option<KeyKind>,
}

/// What cannot be counted afterwards.
#[derive(Clone, Debug, Default)]
pub(super) struct LogBook {
    visits: Vec<Visit>,
    /// Processes that are over, with the place of their stamp.
    pub ended: Vec<(usize, Process)>,
}

/// Where requests over the wire come from.
pub(super) const VISITORS: &str = "203.0.113.7";

/// Rows by everything that they are told apart by.
type Rows = BTreeMap<(Option<KeyKind>, String, String, String), (u64, Timestamp, Timestamp)>;

impl LogBook {
    pub fn visited(&mut self, at: Timestamp, region: &str, agent: &str, kind: Option<KeyKind>) {
        let (region, agent) = (region.to_owned(), agent.to_owned());
        self.visits.push(Visit { at, region, agent, kind });
    }

    /// When and where requests came over the wire.
    pub fn visits(&self) -> impl Iterator<Item = (Timestamp, &str)> {
        self.visits.iter().map(|visit| (visit.at, visit.region.as_str()))
    }

    /// When and where a request over the wire was refused.
    pub fn refused_visits(&self) -> impl Iterator<Item = (Timestamp, &str)> {
        let refused = self.visits.iter().filter(|visit| visit.kind.is_none());
        refused.map(|visit| (visit.at, visit.region.as_str()))
    }
}

/// Those who are there from the beginning, each with the key that its slot holds then.
pub(super) fn outsiders(config: &WorldConfig, account: &Account, start: Timestamp) -> Vec<Outsider> {
    let outsider = |outsider: &super::config::OutsiderConfig| {
        let from = after(start, outsider.from);
        let process = Process {
            pod: PodId(0),
            place: usize::MAX,
            key: account.current(outsider.kind).map(|key| key.id),
            since: from,
            first_request: from,
            period: outsider.period.max(Duration::from_millis(1)),
            until: after(start, outsider.until),
        };
        Outsider {
            address: outsider.address.clone(),
            agent: outsider.agent.clone(),
            region: account.region(&outsider.region).unwrap_or(0),
            process,
            past: Vec::new(),
        }
    };
    config.outsiders.iter().map(outsider).collect()
}

impl World {
    /// From where the pods of a stamp are seen to come, by the stamp's place.
    pub fn egress(place: usize) -> String {
        format!("20.50.{}.{}", place / 250, place % 250 + 1)
    }

    /// What can be found now of the requests since then. Empty where nothing is logged.
    pub fn log_rows(&self, since: Timestamp) -> Vec<LogRow> {
        let Some(logs) = &self.config.logs else { return Vec::new() };
        let (since, until) = self.logged(logs, since);
        let mut rows = Rows::new();
        for (place, stamp) in self.stamps.iter().enumerate() {
            for process in stamp.cluster.processes() {
                self.log_pod(&mut rows, place, process, since, until);
            }
        }
        for (place, process) in &self.logs.ended {
            self.log_pod(&mut rows, *place, process, since, until);
        }
        for outsider in &self.outsiders {
            let caller = (outsider.address.as_str(), outsider.agent.as_str());
            for process in outsider.processes() {
                self.log_process(&mut rows, outsider.region, caller, process, since, until);
            }
        }
        for visit in self.logs.visits.iter().filter(|visit| since <= visit.at && visit.at < until) {
            if visit.at >= self.logged_in(&visit.region, until) {
                continue;
            }
            let caller = (VISITORS, visit.agent.as_str());
            note(&mut rows, visit.kind, &visit.region, caller, (1, visit.at, visit.at));
        }
        rows.into_iter()
            .map(|((kind, region, address, agent), (count, first, last))| LogRow {
                kind,
                region,
                address,
                agent,
                count,
                first,
                last,
            })
            .collect()
    }

    /// Of what is asked for since then, the time of which the workspace has rows now.
    pub(super) fn logged(&self, logs: &LogsConfig, since: Timestamp) -> (Timestamp, Timestamp) {
        let until = before(self.now, logs.delay);
        let stalled = self.faults.logs_stalled_since(None, self.now);
        let connected = logs.connected.map(|connected| after(self.config.start, connected));
        (
            connected.map_or(since, |connected| connected.max(since)),
            stalled.map_or(until, |from| from.min(until)),
        )
    }

    /// The same end, of one region.
    fn logged_in(&self, region: &str, until: Timestamp) -> Timestamp {
        self.faults.logs_stalled_since(Some(region), self.now).map_or(until, |from| from.min(until))
    }

    /// An outsider reads the secret again and goes on with what it gets.
    pub(super) fn outsider_reads(&mut self, place: usize) {
        let config = self.config_arc();
        let Some(outsider) = config.outsiders.get(place) else { return };
        let Some(reads) = &outsider.reads else { return };
        let now = self.now;
        let got = self.stamps.get(reads.stamp).and_then(|stamp| stamp.vault.read(now));
        if got.is_some_and(|version| !version.beside.enabled) {
            return;
        }
        let key = got.and_then(|version| version.value.key());
        let identity = super::audit::application(&reads.identity);
        self.read_secret(reads.stamp, &identity, &outsider.address, &reads.agent);
        let Some(outsider) = self.outsiders.get_mut(place) else { return };
        let before = Process { until: outsider.process.until.min(now), ..outsider.process };
        outsider.process.key = key;
        outsider.process.since = now;
        outsider.process.first_request = now;
        outsider.past.push(before);
    }

    fn log_pod(&self, rows: &mut Rows, place: usize, process: &Process, since: Timestamp, until: Timestamp) {
        let Some(stamp) = self.stamps.get(place) else { return };
        let workload = self.config.workload_at(process.place);
        let name = workload.map_or("unknown", |workload| workload.name.name.as_str());
        let agent = format!("cosmos-netstandard-sdk/3.31.0 {name}");
        let address = World::egress(place);
        for (region, process) in self.asks(stamp.region, process) {
            self.log_process(rows, region, (&address, &agent), &process, since, until);
        }
    }

    fn log_process(
        &self,
        rows: &mut Rows,
        region: usize,
        caller: (&str, &str),
        process: &Process,
        since: Timestamp,
        until: Timestamp,
    ) {
        let name = self.account.regions().get(region).map_or("", |region| region.name.as_str());
        let until = self.logged_in(name, until.min(process.until));
        let kind = |key: KeyId| self.account.key(key).map(|key| key.kind);
        if let Some(row) = self.before_the_beginning(process, since, until) {
            note(rows, process.key.and_then(kind), name, caller, row);
        }
        for (open, part) in parts(process, &self.account, &self.faults, region, since, until) {
            if let (Some(first), Some(last)) = (part.first, part.last) {
                let kind = process.key.and_then(kind).filter(|_| open);
                note(rows, kind, name, caller, (part.count, first, last));
            }
        }
    }
}

impl World {
    /// Who was there when the world began had been there for long, and asked as often as afterwards.
    fn before_the_beginning(
        &self,
        process: &Process,
        since: Timestamp,
        until: Timestamp,
    ) -> Option<(u64, Timestamp, Timestamp)> {
        let until = until.min(self.config.start);
        if process.since > self.config.start || since >= until {
            return None;
        }
        let count = elapsed(since, until).as_millis() / process.period.as_millis().max(1);
        let count = u64::try_from(count).ok().filter(|count| *count > 0)?;
        Some((count, since, before(until, Duration::from_millis(1))))
    }
}

fn note(
    rows: &mut Rows,
    kind: Option<KeyKind>,
    region: &str,
    (address, agent): (&str, &str),
    (count, first, last): (u64, Timestamp, Timestamp),
) {
    let key = (kind, region.to_owned(), address.to_owned(), agent.to_owned());
    let row = rows.entry(key).or_insert((0, first, last));
    *row = (row.0 + count, row.1.min(first), row.2.max(last));
}
