//! What the account's metrics would tell: in which minutes it was asked, and in which it refused requests, by region.
//!
//! Counted by arithmetic, as the logs are, whether these are kept or not. A minute is told whole, some time after its end.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::kubernetes::Process;
use super::meter::parts;
use super::time::{after, before};
use super::world::World;

/// From a minute's end until it is told.
const DELAY: Duration = Duration::from_secs(2 * 60);

const MINUTE: Duration = Duration::from_secs(60);

/// By region and beginning of the minute.
pub type Minutes = BTreeMap<(String, Timestamp), u64>;

impl World {
    /// What can be found now of the minutes since then in which requests were refused.
    pub fn refused_minutes(&self, since: Timestamp) -> Minutes {
        self.minutes(since, |open| !open, self.logs.refused_visits())
    }

    /// The same of all requests.
    pub fn asked_minutes(&self, since: Timestamp) -> Minutes {
        self.minutes(since, |_| true, self.logs.visits())
    }

    /// By region, the newest minute since then in which anybody asked anything, as far as it can be found now.
    pub fn last_minutes(&self, since: Timestamp) -> BTreeMap<String, Timestamp> {
        let until = self.told_until();
        let mut newest: BTreeMap<String, Timestamp> = BTreeMap::new();
        self.each_process(|region, process| {
            let name = self.account.regions().get(region).map_or("", |region| region.name.as_str());
            let known = newest.get(name).copied();
            let parts = parts(
                process,
                &self.account,
                &self.faults,
                region,
                known.unwrap_or(since).max(since),
                until.min(process.until),
            );
            if let Some(last) = parts.into_iter().filter_map(|(_, part)| part.last).max() {
                newest.insert(name.to_owned(), known.map_or(minute(last), |known| known.max(minute(last))));
            }
        });
        for (at, region) in self.logs.visits().filter(|(at, _)| since <= *at && *at < until) {
            let known = newest.entry(region.to_owned()).or_insert_with(|| minute(at));
            *known = (*known).max(minute(at));
        }
        newest
    }

    fn told_until(&self) -> Timestamp {
        let usual = minute(before(self.now, DELAY));
        self.faults.metrics_stalled_since(self.now).map_or(usual, |stalled| usual.min(minute(stalled)))
    }

    fn minutes<'a>(
        &'a self,
        since: Timestamp,
        wanted: impl Fn(bool) -> bool,
        visits: impl Iterator<Item = (Timestamp, &'a str)>,
    ) -> Minutes {
        let until = self.told_until();
        let mut minutes = Minutes::new();
        self.each_process(|region, process| {
            self.count(&mut minutes, region, process, (since, until), &wanted);
        });
        for (at, region) in visits.filter(|(at, _)| since <= *at && *at < until) {
            *minutes.entry((region.to_owned(), minute(at))).or_default() += 1;
        }
        minutes
    }

    /// With the region's place in which it asks.
    fn each_process(&self, mut see: impl FnMut(usize, &Process)) {
        for (place, stamp) in self.stamps.iter().enumerate() {
            let over = self.logs.ended.iter().filter(|(of, _)| *of == place).map(|(_, process)| process);
            for process in stamp.cluster.processes().chain(over) {
                for (region, process) in self.asks(stamp.region, process) {
                    see(region, &process);
                }
            }
        }
        for outsider in &self.outsiders {
            for process in outsider.processes() {
                see(outsider.region, process);
            }
        }
    }

    fn count(
        &self,
        minutes: &mut Minutes,
        region: usize,
        process: &Process,
        (since, until): (Timestamp, Timestamp),
        wanted: &impl Fn(bool) -> bool,
    ) {
        let name = self.account.regions().get(region).map_or("", |region| region.name.as_str());
        let all = |from, until: Timestamp| {
            let parts = parts(process, &self.account, &self.faults, region, from, until.min(process.until));
            parts.into_iter().filter(|(open, part)| wanted(*open) && part.count > 0).map(|(_, part)| part)
        };
        for part in all(since, until) {
            let (Some(first), Some(last)) = (part.first, part.last) else { continue };
            let mut begin = minute(first);
            while begin <= last {
                let end = after(begin, MINUTE);
                // Within this part: the next one is counted by itself.
                let until = end.min(after(last, Duration::from_millis(1)));
                let count: u64 = all(begin.max(first), until).map(|part| part.count).sum();
                if count > 0 {
                    *minutes.entry((name.to_owned(), begin)).or_default() += count;
                }
                begin = end;
            }
        }
    }
}

fn minute(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second().div_euclid(60) * 60).unwrap_or(at)
}
